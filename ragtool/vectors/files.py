"""The files of the vectors: written aside and put in place whole, and what was left cleared."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ragtool.errors import StoreError
from ragtool.placing import place

NAME = "vectors.faiss"
CLUSTERS = "vectors-*.clusters"
STAMP = "vectors.json"

# Writing takes seconds, of a million vectors minutes; what is older was left by a run
# that was killed.
_ABANDONED_SECONDS = 3600
_STAMP_BYTES = 2000


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """A file written aside, for the owner's eyes only, and put in place whole at the end."""
    aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        aside.touch(mode=0o600)
        with aside.open("wb") as file:
            yield file
        place(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def stamped(folder: Path, stamp: dict[str, object]) -> None:
    """Puts the stamp in place: from here on its file counts. Raises OSError."""
    with replacing(folder / STAMP) as file:
        file.write(json.dumps(stamp, indent=1).encode("ascii"))


def stamp(folder: Path) -> dict[str, object]:
    """What the stamp says. Raises OSError, ValueError."""
    with (folder / STAMP).open("rb") as file:
        try:
            found = json.loads(file.read(_STAMP_BYTES))
        except RecursionError as error:
            raise ValueError("not a stamp") from error
    if not isinstance(found, dict):
        raise ValueError("not a stamp")
    return found


def clear(folder: Path, *, keep: str | None = None) -> None:
    """Removes what killed runs left; with keep, also every file of vectors but that one."""
    for aside in folder.glob("vectors*.tmp"):
        with suppress(FileNotFoundError):  # another process clears too
            if time.time() - aside.stat().st_mtime > _ABANDONED_SECONDS:
                aside.unlink()
    if keep is not None:
        for old in [folder / NAME, *folder.glob(CLUSTERS)]:
            if old.name != keep:
                with suppress(OSError):  # Windows keeps what another process has open
                    old.unlink()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """What goes wrong with the disk inside is a StoreError that names the target."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{target} can't be written: {error.strerror or error}.",
            hint="Free some space, or check the folder's permissions, and try again.",
        ) from error
