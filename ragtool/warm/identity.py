"""Whether two processes run the same code: this package's files, by size and time of change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from ragtool import __version__

PACKAGE = Path(__file__).resolve().parent.parent
_KINDS = (".py", ".toml")


def code() -> str:
    """A hex digest that changes when ragtool, or any package beside it, was changed or replaced."""
    parts = [__version__, sys.version, sys.executable, *_files(), *_libraries()]
    return _digest("\n".join(parts))


def installation() -> str:
    """Names this installation of ragtool, whatever its version, in 12 characters."""
    return _digest(f"{sys.executable}\n{PACKAGE}")[:12]


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _files() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in _KINDS:
            state = path.stat()
            yield f"{path.relative_to(PACKAGE)} {state.st_size} {state.st_mtime_ns}"


def _libraries() -> Iterator[str]:
    """The folders that packages are installed into; each changes with whatever is installed."""
    for folder in map(Path, sys.path):
        if folder.name in ("site-packages", "dist-packages") and folder.is_dir():
            yield f"{folder} {folder.stat().st_mtime_ns}"
