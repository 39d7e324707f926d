"""An index's file for one process alone, and another put in its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragtool.errors import StoreError
from ragtool.placing import place, settle
from ragtool.store import faults

LOG = ("-wal", "-shm", "-journal")


@contextmanager
def alone(file: Path, *, wait: float) -> Iterator[sqlite3.Connection]:
    """The file, in a transaction that no other process can read or write beside.

    Its log is folded in. Where the file is too damaged for that there is no
    transaction, nor can another process use it. Raises StoreError while another
    process has the index open for longer than `wait` seconds.
    """
    with faults.translated(file):
        db = sqlite3.connect(str(file), timeout=wait, isolation_level=None)
    try:
        _lock(db, file)
        yield db
    finally:
        db.close()


def _lock(db: sqlite3.Connection, file: Path) -> None:
    try:
        # A reader holds its share of the lock as long as it has the index open.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = DELETE").fetchone()
        db.execute("BEGIN EXCLUSIVE")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except UnicodeDecodeError:  # SQLite's own message quoted the damage
        _unlock(db)
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise StoreError(
                f"Another ragtool is using {file.parent}.",
                hint="Wait until it is done, or end it, and try again.",
            ) from error
        _unlock(db)
        if any(each in str(error) for each in ("is full", "readonly", "unable to open")):
            raise faults.store_error(error, file=file) from error


def _unlock(db: sqlite3.Connection) -> None:
    with suppress(sqlite3.DatabaseError):
        if db.in_transaction:
            db.execute("ROLLBACK")


def exchange(held: sqlite3.Connection, file: Path, new: Path, *, kept: Path | None) -> None:
    """Puts the closed file `new` in the place of `file`, which `alone` holds.

    kept: a second name for what was there; None to be rid of it. Whoever opens
    the index sees the old file or the new one, whole. Raises StoreError when
    that can't be done; then all is as before.
    """
    if os.name == "nt" or not held.in_transaction:  # Windows exchanges no file that is open
        held.close()
    try:
        settle(new)  # first, so that the next steps follow each other at once
        # By now it is folded in, or can't be; it would be taken for the new file's.
        for suffix in LOG:
            beside(file, suffix).unlink(missing_ok=True)
        if kept is not None:
            kept.unlink(missing_ok=True)
            _name_too(file, kept)
        place(new, file)
    except OSError as error:
        raise StoreError(
            f"{file} can't be exchanged for the mended one ({error.strerror or error}).",
            hint="End every other ragtool that uses it, check the free space, and try again.",
        ) from error


def beside(file: Path, suffix: str) -> Path:
    """The name with something after it."""
    return file.with_name(file.name + suffix)


def _name_too(file: Path, kept: Path) -> None:
    try:
        kept.hardlink_to(file)
    except OSError:  # FAT has no second names
        file.replace(kept)
