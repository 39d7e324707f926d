"""Folders for the user's eyes alone."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes `folder` and the parents that it lacks, mode 0700 where the platform has modes.

    What is there stays as it is. Raises OSError.
    """
    # mkdir(parents=True) would give the parents the mode of the umask.
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)
