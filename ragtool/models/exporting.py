"""The ONNX export of an embedder, in a process of its own, once after a pull.

It needs torch and sentence-transformers, which nothing else does. Where they
are not installed they are borrowed: put into a folder beside the models, used,
and deleted.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragtool.errors import ModelError
from ragtool.models import hub
from ragtool.models.aside import Unavailable, require_space
from ragtool.models.progress import Meter, Report
from ragtool.models.registry import last_word, run_pip, workplace

_TORCH = "torch==2.13.0"
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# What torch and the rest take while they are borrowed, wheels and unpacked.
_BORROWED_BYTES = 2_000_000_000
_GRAPHICS = ("nvidia", "cuda", "triton", "pytorch-triton")
# Said before the hub's libraries load, because they read it then.
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def export(folder: Path, target: Path, *, report: Report) -> None:
    """Writes the ONNX graph of the embedder in `folder` into `target`.

    Raises ModelError when it fails or when what it needs can't be had.
    """
    if importlib.util.find_spec("sentence_transformers") is not None:
        _run(folder, target, borrowed=None, report=report)
        return
    require_space(folder, _BORROWED_BYTES)
    with workplace(folder.parent / f".{folder.name}.borrowed") as room:
        try:
            borrowed = _borrow(room, Meter(report, step="borrow", total=0))
        except Unavailable as error:
            raise ModelError(
                f"{folder.name} can't be exported: {error.message}.",
                hint="Run: pip install 'ragtool[export]', then the same command again.",
            ) from error
        _run(folder, target, borrowed=borrowed, report=report)


def _run(folder: Path, target: Path, *, borrowed: Path | None, report: Report) -> None:
    report("export", 0, 0)
    command = [sys.executable, "-m", "ragtool.embedding", str(folder.resolve())]
    done = subprocess.run(
        [*command, str(target.resolve())],
        cwd=folder.parent,  # python -m looks for modules here first, so not among documents
        env=os.environ | _OFFLINE | {"PYTHONPATH": _search_path(borrowed)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        reason = last_word(done.stderr) or f"it ended with {done.returncode}"
        raise ModelError(
            f"{folder.name} could not be exported: {reason}",
            hint=f"Run: ragtool models pull {folder.name}",
        )
    written = sum(path.stat().st_size for path in target.iterdir())
    report("export", written, written)


def _search_path(borrowed: Path | None) -> str:
    """Where the child finds its modules: what is borrowed, ragtool itself, and what we have."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ours = Path(__file__).resolve().parents[2]
    places = [borrowed, ours, *(Path(place) for place in inherited if place)]
    return os.pathsep.join(str(place.resolve()) for place in places if place is not None)


def _borrow(room: Path, meter: Meter) -> Path:
    """A folder with torch, sentence-transformers and what they need.

    Raises Unavailable when a part of it can't be had.
    """
    target = room / "packages"
    install = ["install", "--target", str(target), "--no-deps", "--no-compile"]
    run_pip([*install, *_torch(room, meter)], folder=room, watch=meter.reach)
    with _lock_file() as pinned:
        hashed = ["--require-hashes", "--only-binary", ":all:", "-r", str(pinned)]
        # --upgrade, because pip otherwise leaves a folder that is already in the target.
        run_pip([*install, "--upgrade", *hashed], folder=room, watch=meter.reach)
    return target


@contextlib.contextmanager
def _lock_file() -> Iterator[Path]:
    packaged = importlib.resources.files("ragtool") / "export-requirements.txt"
    with importlib.resources.as_file(packaged) as path:
        if not path.is_file():
            raise Unavailable("this installation lacks export-requirements.txt")
        yield path


def _torch(room: Path, meter: Meter) -> list[str]:
    """What to tell pip so that a CPU build of torch comes, and never a CUDA one."""
    if sys.platform != "linux":
        return [_TORCH]
    if hub.reachable(f"{_CPU_INDEX}/torch/"):
        return [_TORCH, "--index-url", _CPU_INDEX, "--retries", "0", "--timeout", "15"]
    heavy = _graphics_packages(room, meter)
    if heavy:
        raise Unavailable(f"only a torch for graphics cards can be had, with {heavy[0]}")
    return [_TORCH]


def _graphics_packages(room: Path, meter: Meter) -> list[str]:
    """Packages for graphics cards that torch would bring along."""
    report = room / "report.json"
    trial = ["install", "--dry-run", "--ignore-installed", "--report", str(report), _TORCH]
    run_pip(trial, folder=room, watch=meter.reach)
    plan: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    names = [item["metadata"]["name"].lower() for item in plan["install"]]
    return [name for name in names if name.startswith(_GRAPHICS)]
