"""Files put in place so that a power cut leaves the old or the new, whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def place(aside: Path, target: Path) -> None:
    """Gives the finished file `aside` the name `target`, whatever stood there.

    What is in it is on the disk before its name is. Both lie in one folder.
    Raises OSError; then `target` is as it was.
    """
    settle(aside)
    aside.replace(target)
    # Windows opens no folders, and some network disks can't: their own journal must do.
    with suppress(OSError):
        _sync(target.parent, os.O_RDONLY)


def settle(file: Path) -> None:
    """Puts the content of a file on the disk for certain. Raises OSError."""
    _sync(file, os.O_RDWR)


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
