"""What goes wrong with the index's file, said to the user: SQLite's errors as StoreErrors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ragtool.errors import StoreError


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """SQLite's errors inside become StoreErrors that name the folder of `file`."""
    try:
        yield
    except sqlite3.ProgrammingError:  # our own mistake, not the state of the index
        raise
    except sqlite3.DatabaseError as error:
        raise store_error(error, file=file) from error
    except UnicodeDecodeError as error:  # SQLite's message itself quoted the damage
        raise damaged(file, reason="unreadable names") from error


@contextmanager
def decoding(file: Path) -> Iterator[None]:
    """Values read from `file` that we can't have written become StoreErrors."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise damaged(file, reason=str(error)) from error


def store_error(error: sqlite3.DatabaseError, *, file: Path) -> StoreError:
    """What an error of SQLite means to the user.

    By its text: Python 3.10 does not tell SQLite's error code.
    """
    text = str(error)
    if text.startswith("Could not decode"):  # and quotes what it could not, whatever that says
        return damaged(file, reason="unreadable text")
    if "locked" in text or "busy" in text:
        return StoreError(
            f"Another ragtool is writing to {file.parent}.",
            hint="Wait until it is done and try again.",
        )
    if "is full" in text or "disk I/O error" in text:
        return StoreError(
            f"The disk that holds {file.parent} is full or failing ({text}).",
            hint="Free some space and run the command again.",
        )
    if "unable to open" in text or "readonly" in text or "denied" in text:
        return unusable(file, reason=text)
    if "no such module: fts5" in text:
        return StoreError(
            "The SQLite of this Python has no full-text search (FTS5).",
            hint="Use a Python from python.org, conda, or your system's packages.",
        )
    return damaged(file, reason=text)


def damaged(file: Path, *, reason: str) -> StoreError:
    """The content of the index can't be trusted any more."""
    plain = "".join(char if char.isprintable() else " " for char in reason)  # may quote the damage
    return StoreError(
        f"The index in {file.parent} is damaged ({plain[:80]}).",
        hint="Mend it: ragtool doctor --repair",
    )


def unusable(file: Path, *, reason: str) -> StoreError:
    """The index can't be opened or written to, whatever it holds."""
    return StoreError(
        f"The index folder {file.parent} can't be used ({reason}).",
        hint="Check its permissions, or choose another with --index DIR.",
    )


def missing(file: Path) -> StoreError:
    """Nothing was indexed there yet."""
    return StoreError(f"There is no index in {file.parent}.", hint="Make one: ragtool index PATH")


def start_over(file: Path) -> str:
    """The hint names the file: the folder may be one of the user's own, with more in it."""
    return f"Delete {file} and run ragtool index again."
