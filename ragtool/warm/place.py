"""Where a command and the warm process find each other: a folder of the user's alone.

In it lie, for each installation of ragtool: the socket (Windows has pipes
instead), the key that both must know, and two locks. The system lets go of a
lock when its process ends, however it ends; so whoever holds the first lock is
the warm process, and what lies there without it was left over.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from ragtool.errors import RagtoolError
from ragtool.folders import make_private
from ragtool.warm.identity import installation

# sockaddr_un holds 104 bytes on macOS, 108 on Linux, the closing NUL included.
LONGEST_SOCKET = 100
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Place:
    """The folder, checked, and the first part of our names in it."""

    folder: Path
    name: str

    @property
    def socket(self) -> Path:
        """The socket of the warm process."""
        return self.folder / f"{self.name}.sock"

    @property
    def serving(self) -> Path:
        """Locked for as long as a warm process lives."""
        return self.folder / f"{self.name}.lock"

    @property
    def starting(self) -> Path:
        """Locked by the command that starts one."""
        return self.folder / f"{self.name}.start"

    def family(self) -> str:
        """The kind of connection, as multiprocessing.connection names it."""
        return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"

    def address(self, key: bytes) -> str:
        """What to connect to. A pipe has a name that only who has the key can know."""
        if sys.platform == "win32":
            return rf"\\.\pipe\ragtool-{sha256(b'pipe' + key).hexdigest()[:32]}"
        return str(self.socket)

    def key(self) -> bytes:
        """The key of the process that serves here. Raises OSError where none ever did."""
        return self._key_file.read_bytes()

    def new_key(self) -> bytes:
        """Another key, for the process that holds the lock `serving`. Raises OSError."""
        key = os.urandom(_KEY_BYTES)
        aside = self._key_file.with_suffix(".new")
        aside.unlink(missing_ok=True)
        # Not there before, and the user's alone from the beginning.
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
        aside.replace(self._key_file)
        return key

    def clear(self) -> None:
        """Takes the socket away, and the key; only for who holds the lock `serving`."""
        for path in (self.socket, self._key_file):
            with suppress(OSError):
                path.unlink()

    @property
    def _key_file(self) -> Path:
        return self.folder / f"{self.name}.key"


def find() -> Place:
    """The place for this user and installation; its folder is made where it is missing.

    Raises RagtoolError where the folder is not, or not only, the user's.
    """
    place = Place(_folder(), installation())
    if len(os.fsencode(place.socket)) > LONGEST_SOCKET:
        place = Place(_short_folder(), installation())
    try:
        make_private(place.folder)
        state = place.folder.lstat()
    except OSError as error:
        raise RagtoolError(
            f"{place.folder} can't be used for the warm process: {error.strerror or error}."
        ) from error
    if not _is_ours_alone(state):
        raise RagtoolError(
            f"{place.folder} is not a folder of the user's alone.",
            hint="Remove it, and the warm process can be used again.",
        )
    return place


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Whether the lock could be had; if so it is held within."""
    with path.open("ab") as file:
        path.chmod(0o600)
        yield _lock(file)


def _folder() -> Path:
    """The folder for sockets of the user's session, where there is one; else a cache folder."""
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if session and Path(session).is_absolute():
        with suppress(OSError):
            if _is_ours_alone(Path(session).stat()):
                return Path(session, "ragtool")
    from platformdirs import user_cache_path

    return user_cache_path("ragtool", appauthor=False) / "warm"


def _short_folder() -> Path:
    owner = os.getuid() if sys.platform != "win32" else 0
    return Path(tempfile.gettempdir(), f"ragtool-{owner}")


def _is_ours_alone(state: os.stat_result) -> bool:
    """Whether it is a folder, no link to one, that nobody else may look into or change."""
    if not stat.S_ISDIR(state.st_mode):
        return False
    # Windows' own rights keep the user's cache folder to the user.
    return sys.platform == "win32" or (
        state.st_uid == os.getuid() and not stat.S_IMODE(state.st_mode) & 0o077
    )


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True
