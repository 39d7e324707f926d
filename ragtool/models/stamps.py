"""What a file was when it was last hashed, so that it need not be hashed each time.

A stamp maps a file's name to its hash, size and time of change. While size
and time agree the hash is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ragtool.errors import ModelError
from ragtool.folders import make_private
from ragtool.models.aside import BLOCK, write_json


@dataclass(frozen=True, slots=True)
class Seen:
    """A file when it was hashed. mtime_ns: time of change, as stat gives it."""

    sha256: str
    bytes: int
    mtime_ns: int

    def stands(self, path: Path) -> bool:
        """Whether `path` still has this size and time of change."""
        if not path.is_file():
            return False
        status = path.stat()
        return (self.bytes, self.mtime_ns) == (status.st_size, status.st_mtime_ns)


Stamp = dict[str, Seen]
Tick = Callable[[int], None]


def look(path: Path, known: Seen | None, *, tick: Tick | None = None) -> Seen:
    """The file as it is; hashed only when `known` no longer stands.

    tick gets the bytes hashed so far. Raises ModelError when it can't be read.
    """
    if known is not None and known.stands(path):
        return known
    try:
        # The status first: a file that changes while it is hashed is hashed again next time.
        status = path.stat()
        return Seen(_sha256(path, tick), status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}.") from error


def read_stamp(path: Path) -> Stamp:
    """The stamp kept in `path`; empty when there is none or it is no stamp."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Seen(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Keeps `stamp` in `path`. Without it the next use hashes again, so failing is no error."""
    with contextlib.suppress(OSError):  # a models folder may be shared and read-only
        make_private(path.parent)
        write_json(path, {name: asdict(seen) for name, seen in stamp.items()})


def _sha256(path: Path, tick: Tick | None) -> str:
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            if tick is not None:
                tick(done)
    return digest.hexdigest()
