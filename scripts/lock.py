"""Writes the locks anew with uv: exact versions and hashes, for every platform.

    python scripts/lock.py              keeps what is locked, adds what is missing
    python scripts/lock.py --upgrade    takes the newest releases

A developer's tool: it needs uv, and tomli before Python 3.11. The locks agree
with each other, since all come from one resolution of everything. torch and
the CUDA packages it names are left out: torch_build.py says which torch is
installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from setup_env import COMPILED, EXPORT_LOCK, ROOT
from torch_build import TORCH, is_heavy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REQUIREMENTS = ROOT / "requirements"
EXPORT = ROOT / EXPORT_LOCK

_HEADER = "# Written by scripts/lock.py: exact versions for every platform and Python >= 3.10.\n"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def main(arguments: Sequence[str]) -> int:
    """Write every lock. Returns the exit code."""
    if shutil.which("uv") is None:
        print("uv is missing: pip install uv")
        return 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = project["project"]["dependencies"]
    export = project["project"]["optional-dependencies"]["export"]
    groups = project["dependency-groups"]
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        everything = [*run, *export, *groups["dev"], *groups["build"], f"torch=={TORCH}"]
        _resolve_all(everything, pins, upgrade="--upgrade" in arguments)
        locks = {
            name: _blocks(_compiled(wanted, pins))
            for name, wanted in (("run", run), ("export", export), ("dev", groups["dev"]))
        }
        build = _blocks(_compiled(groups["build"], pins))
    _write(REQUIREMENTS / "build.txt", build)
    _write(REQUIREMENTS / "run.txt", [block for block in locks["run"] if not _is_compiled(block)])
    _write(REQUIREMENTS / "compiled.txt", [block for block in locks["run"] if _is_compiled(block)])
    _write(EXPORT, locks["export"])
    there = {*locks["run"], *locks["export"], *build}
    _write(REQUIREMENTS / "dev.txt", [block for block in locks["dev"] if block not in there])
    return 0


def _resolve_all(wanted: Iterable[str], pins: Path, *, upgrade: bool) -> None:
    """Resolve everything together into `pins`, from what is locked so far unless `upgrade`."""
    if not upgrade:
        locked = [block for path in lock_files() if path.exists() for block in _blocks(_text(path))]
        pins.write_text(
            "".join(sorted({_requirement(block) for block in locked})), encoding="utf-8"
        )
    _uv(wanted, "--output-file", str(pins))


def _compiled(wanted: Iterable[str], pins: Path) -> str:
    """The lock of `wanted`, with the versions of `pins`."""
    return _uv(wanted, "--generate-hashes", "--constraint", str(pins))


def _uv(wanted: Iterable[str], *options: str) -> str:
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.10"]
    command += ["--quiet", "--no-header", "--no-annotate", "--no-config"]
    done = subprocess.run(
        [*command, *options],
        input="\n".join(wanted),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def lock_files() -> tuple[Path, ...]:
    """Every lock of the project."""
    names = ("build.txt", "run.txt", "compiled.txt", "dev.txt")
    return (*(REQUIREMENTS / name for name in names), EXPORT)


def _blocks(text: str) -> list[str]:
    """The requirements of a lock, each with its hashes, without torch and what it names."""
    blocks: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(" ") and blocks:
            blocks[-1] += line
        elif _NAME.match(line):
            blocks.append(line)
    return [block for block in blocks if not is_heavy(_name(block))]


def _name(block: str) -> str:
    match = _NAME.match(block)
    return match.group() if match else ""


def _requirement(block: str) -> str:
    """The block without its hashes."""
    return block.split("\\", 1)[0].rstrip() + "\n"


def _is_compiled(block: str) -> bool:
    return _name(block) == COMPILED


def _write(path: Path, blocks: Iterable[str]) -> None:
    text = _HEADER + "".join(blocks)
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path.relative_to(ROOT)}: {text.count('==')} requirements")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
