"""Paths of the command line to the files they mean."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def files_of(roots: Iterable[Path]) -> Iterator[Path]:
    """Files that are named, and those below folders.

    In order of their names, each once; hidden ones below folders are left out.
    """
    seen: set[Path] = set()
    for root in roots:
        for path in _below(root) if root.is_dir() else (root,):
            if path not in seen and path.exists():
                seen.add(path)
                yield path


def absolute(path: Path) -> Path:
    """Absolute and without "..", links left as they are: the name the user knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def is_below(path: Path, root: Path) -> bool:
    """Whether the path is the root itself or lies below it."""
    return path == root or root in path.parents


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)
