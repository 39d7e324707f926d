"""A file on its way in: written as NAME.part, hashed, checked, then renamed.

Beside it lies NAME.part.json, the mark: how many of its bytes are surely on
the disk. What a kill or a power cut left beyond the mark is cut off when the
work is taken up again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO

from ragtool.errors import ModelError
from ragtool.folders import make_private
from ragtool.models.catalogue import ModelFile
from ragtool.placing import place

BLOCK = 1 << 20
# How much may be lost by a kill, against how often the disk is made to wait.
_MARK_EVERY = 64 << 20


class Unavailable(ModelError):
    """One source can't give the model; the next one still may."""


class Aside:
    """The coming file. Use it as a context manager: `begin`, `write`, `finish`.

    lasting: left without `finish`, it stays where it is, to be taken up again;
    otherwise it is deleted. Disk errors become ModelError.
    """

    def __init__(self, target: Path, expected: ModelFile, *, lasting: bool = True) -> None:
        self._target = target
        self._expected = expected
        self._lasting = lasting
        self._part = target.with_name(target.name + ".part")
        self._mark = target.with_name(target.name + ".part.json")
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self._marked = 0

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        if not self._lasting:
            self._discard()
            return
        with contextlib.suppress(ModelError):  # the first error is the one to tell
            self.keep()
        self._close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def kept(self) -> int:
        """How many bytes an earlier, interrupted run has surely left behind."""
        try:
            mark = json.loads(self._mark.read_text(encoding="utf-8"))
            if mark["sha256"] != self._expected.sha256:
                return 0
            return min(int(mark["bytes"]), self._part.stat().st_size, self._expected.bytes)
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def begin(self, size: int = 0) -> None:
        """Starts after the first `size` bytes of what is there; 0 starts afresh."""
        try:
            make_private(self._part.parent)
            self._part.touch(mode=0o600)
            self._file = self._part.open("r+b")
            self._digest = hashlib.sha256()
            self._take_in(self._file, size)
            self._file.truncate(size)
            self._file.seek(size)
        except OSError as error:
            raise _disk_error(error, self._part, self._expected.bytes) from error
        self._size = self._marked = size

    def write(self, block: bytes) -> None:
        """Adds `block`. Raises Unavailable when that is more than the file may have."""
        if self._file is None:
            raise ValueError("write before begin")
        if self._size + len(block) > self._expected.bytes:
            raise self._refused(f"more than the {self._expected.bytes} bytes it should have")
        try:
            self._file.write(block)
        except OSError as error:
            raise _disk_error(error, self._part, self._expected.bytes) from error
        self._digest.update(block)
        self._size += len(block)
        if self._size - self._marked >= _MARK_EVERY:
            self.keep()

    def keep(self) -> None:
        """Puts what was written on the disk for certain, and marks it so."""
        if self._file is None:
            raise ValueError("keep before begin")
        mark = {"bytes": self._size, "sha256": self._expected.sha256}
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            write_json(self._mark, mark)
        except OSError as error:
            raise _disk_error(error, self._part, self._expected.bytes) from error
        self._marked = self._size

    def finish(self) -> None:
        """Checks size and hash and gives the file its name.

        Raises Unavailable, and deletes what came, when it is not the file.
        """
        if self._size != self._expected.bytes:
            raise self._refused(f"{self._size} bytes instead of {self._expected.bytes}")
        if self._digest.hexdigest() != self._expected.sha256:
            raise self._refused("the right size but another SHA-256")
        self.keep()
        self._close()
        try:
            place(self._part, self._target)
        except OSError as error:
            raise _disk_error(error, self._target, 0) from error
        self._mark.unlink(missing_ok=True)

    def _refused(self, what: str) -> Unavailable:
        self._discard()
        return Unavailable(f"{self._target.name} came with {what}")

    def _discard(self) -> None:
        self._close()
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk says so once more
                self._file.close()
            self._file = None

    def _take_in(self, file: IO[bytes], size: int) -> None:
        while size > 0 and (block := file.read(min(BLOCK, size))):
            self._digest.update(block)
            size -= len(block)


def require_space(folder: Path, needed: int) -> None:
    """Raises ModelError unless `needed` bytes are free on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} has {free:,} bytes free and {needed:,} are needed.",
            hint="Free some space, or set RAGTOOL_MODELS to a folder on another disk.",
        )


def write_json(path: Path, value: object) -> None:
    """Writes `value` aside and renames, so that a reader sees the old or the new."""
    aside = path.with_name(path.name + ".new")
    aside.touch(mode=0o600)
    try:
        aside.write_text(json.dumps(value, indent=1), encoding="utf-8")
        place(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _disk_error(error: OSError, path: Path, needed: int) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            f"The disk is full: {path.parent} must hold {needed:,} bytes for {path.name}.",
            hint="Free some space and run the same command; it goes on where it stopped.",
        )
    return ModelError(
        f"{path} can't be written: {error.strerror or error}.",
        hint="Check the folder's permissions, or set RAGTOOL_MODELS to another folder.",
    )
