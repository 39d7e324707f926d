"""Which torch is installed: a CPU build, never one that brings CUDA packages.

torch stands in no lock, since its CPU builds for Linux come from an index of
their own, where the wheels have other hashes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from running import ProgramFailed, Stopped

TORCH = "2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

_PROBE_SECONDS = 5
_HEAVY = re.compile(r"(pytorch[-_.])?(torch|triton)|(nvidia|cuda)[-_.].*", re.IGNORECASE)
# In the environment's own Python, whose packaging knows what a marker means there.
_READ_REPORT = """
import json, sys
from packaging.requirements import Requirement
with open(sys.argv[1], encoding="utf-8") as file:
    for item in json.load(file)["install"]:
        for text in item["metadata"].get("requires_dist", ()):
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                print(wanted.name)
"""

Pip = Callable[[Sequence[str]], None]


def is_heavy(name: str) -> bool:
    """Whether a package is torch or one of the CUDA packages that it names."""
    return _HEAVY.fullmatch(name) is not None


def install(pip: Pip, *, site: Path, python: Path) -> None:
    """Put torch into `site`, a site-packages folder, unless the same version is there.

    pip runs `pip install` with the given arguments and raises ProgramFailed.
    python: an interpreter of that environment, which has packaging.
    Raises Stopped where only a build with CUDA is to be had.
    """
    if any(site.glob(f"torch-{TORCH}*.dist-info")):
        return
    if not sys.platform.startswith("linux"):
        pip([f"torch=={TORCH}", "--no-deps"])
        return
    if not (_answers(CPU_INDEX) and _installed_from_cpu_index(pip)):
        _install_from_registry(pip, python)


def _answers(address: str) -> bool:
    """Whether the host answers at all, asked once."""
    request = urllib.request.Request(f"{address}/torch/", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_PROBE_SECONDS):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _installed_from_cpu_index(pip: Pip) -> bool:
    once = ["--index-url", CPU_INDEX, "--retries", "0", "--timeout", "10"]
    try:
        pip([f"torch=={TORCH}", "--no-deps", *once])
    except ProgramFailed:
        return False
    return True


def _install_from_registry(pip: Pip, python: Path) -> None:
    """Install torch from where pip looks by itself, if nothing heavy comes with it."""
    companions = [name for name in _requirements(pip, python) if is_heavy(name)]
    if companions:
        raise Stopped(
            f"torch {TORCH} would bring {len(companions)} CUDA packages of several GB here, and "
            f"its CPU builds can't be reached: allow {CPU_INDEX}, or install a CPU build of torch "
            f"{TORCH} into .venv by hand, and run this again."
        )
    pip([f"torch=={TORCH}", "--no-deps"])


def _requirements(pip: Pip, python: Path) -> list[str]:
    """The packages that the torch which pip finds wants on this platform."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        # Without the dependencies, since pip fetches those that it can't ask what they need.
        pip([f"torch=={TORCH}", "--no-deps", "--dry-run", "--report", str(report)])
        command = [str(python), "-c", _READ_REPORT, str(report)]
        done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return done.stdout.split()
