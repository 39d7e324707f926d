"""A damaged index found, and put right: what is kept of it in a new file that takes its place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ragtool.store import examining, faults, schema
from ragtool.store.alone import LOG, alone, beside, exchange
from ragtool.store.database import Database
from ragtool.store.salvaging import salvage

# What a repair leaves when it is killed, and what it keeps of an index that lost texts.
_NEW = ".new"
_COPY = ".copy"
_KEPT = ".damaged"
# By some of these an index is told from another program's file.
_TELLING = {"meta", "files", "documents", "chunks", "embeddings"}


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did to an index. complaints: what was damaged. documents: how
    many were taken over. lost: files whose text is gone, to be read again.
    unnamed: documents that were lost and whose file can't be told. kept: the
    damaged file, where something was lost. removed: names of left-over files."""

    complaints: tuple[str, ...] = ()
    documents: int = 0
    lost: tuple[str, ...] = ()
    unnamed: int = 0
    kept: Path | None = None
    removed: tuple[str, ...] = ()


def examine(folder: Path, *, wait: float = 5.0) -> tuple[str, ...]:
    """What is damaged in the index of `folder`, in words; () for a sound one.

    Raises StoreError where there is none or it can't be opened at all.
    """
    file = folder.absolute() / schema.NAME
    connection = schema.connect(file, create=False, wait=wait)
    db = Database(connection, file=file)
    try:
        with db.reading():
            return examining.complaints(connection, db)
    finally:
        db.close()


def leftovers(folder: Path) -> tuple[Path, ...]:
    """Files in the folder of an index that no part of it needs, in order of their names."""
    if not folder.is_dir():
        return ()
    patterns = ("vectors*.tmp", *(f"{schema.NAME}{end}*" for end in (_NEW, _COPY, _KEPT)))
    return tuple(sorted({path for pattern in patterns for path in folder.glob(pattern)}))


def forget_kept(folder: Path) -> None:
    """Deletes what a repair kept of a damaged index: there is text in it."""
    (folder / (schema.NAME + _KEPT)).unlink(missing_ok=True)


def mend(folder: Path, *, wait: float = 5.0) -> Mended:
    """Looks for damage, puts right what can be, and deletes what was left over.

    No other process may have the index open. Raises StoreError when one has,
    for longer than `wait` seconds, when there is no index, or another program's
    file, and when there is no room; then all is as before.
    """
    file = folder.absolute() / schema.NAME
    if not file.exists():
        raise faults.missing(file)
    _refuse_foreign(file, wait=wait)
    with alone(file, wait=wait) as held:
        old = leftovers(folder)
        for path in old:
            path.unlink(missing_ok=True)
        removed = tuple(path.name for path in old)
        found = _complaints(held, file)
        if not found:
            return Mended(removed=removed)
        return _rebuilt(held, file, complaints=found, removed=removed)


def _refuse_foreign(file: Path, *, wait: float) -> None:
    """Raises StoreError where the file is sound and not an index of this version."""
    with faults.translated(file):
        db = sqlite3.connect(str(file), timeout=wait, isolation_level=None)
    try:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (program,) = db.execute("PRAGMA application_id").fetchone()
        ours = schema.is_ours(db)
    except examining.UNREADABLE:  # damage, which is what is looked for
        return
    finally:
        db.close()
    if not names and not program:
        raise faults.missing(file)
    if program != schema.APPLICATION and len(names & _TELLING) < 3:
        raise schema.of_another_program(file)
    if not ours and version in range(1, 100) and version != schema.VERSION:
        raise schema.of_another_version(file, version)


def _complaints(held: sqlite3.Connection, file: Path) -> tuple[str, ...]:
    try:
        header = schema.header_complaints(held)
    except examining.UNREADABLE as error:
        return (f"the file can't be opened ({error})",)
    return header or examining.complaints(held, Database(held, file=file))


def _rebuilt(
    held: sqlite3.Connection, file: Path, *, complaints: tuple[str, ...], removed: tuple[str, ...]
) -> Mended:
    new = beside(file, _NEW)
    try:
        with faults.translated(new):
            documents, lost, unnamed = _filled(held, file, new)
        whole = documents > 0 and not lost and not unnamed
        kept = None if whole else beside(file, _KEPT)
        exchange(held, file, new, kept=kept)
    except BaseException:
        for suffix in ("", *LOG):
            beside(new, suffix).unlink(missing_ok=True)
        raise
    return Mended(complaints, documents, lost, unnamed, kept, removed)


def _filled(held: sqlite3.Connection, file: Path, new: Path) -> tuple[int, tuple[str, ...], int]:
    connection = schema.connect(new, create=True, wait=0)
    try:
        # A file aside needs no journal: where it isn't finished, it is deleted.
        connection.execute("PRAGMA journal_mode = OFF").fetchone()
        with _readable(held, file, new) as source:
            return salvage(source, Database(connection, file=new))
    finally:
        connection.close()


@contextmanager
def _readable(held: sqlite3.Connection, file: Path, new: Path) -> Iterator[Database]:
    """The damaged file, or where its first page is, a copy with that of a new index.

    The tables of every index begin at the same pages, since they are made at
    once and never moved.
    """
    if _is_legible(held):
        yield Database(held, file=file)
        return
    copy = beside(file, _COPY)
    try:
        _copied(file, copy)
        _grafted(copy, new)
        connection = sqlite3.connect(str(copy), isolation_level=None)
        try:
            yield Database(connection, file=copy)
        finally:
            connection.close()
    except OSError as error:
        raise faults.unusable(file, reason=error.strerror or str(error)) from error
    finally:
        for suffix in ("", *LOG):
            beside(copy, suffix).unlink(missing_ok=True)


def _is_legible(held: sqlite3.Connection) -> bool:
    try:
        return held.in_transaction and schema.is_ours(held)
    except examining.UNREADABLE:
        return False


def _copied(file: Path, copy: Path) -> None:
    for suffix in ("", "-wal"):
        if beside(file, suffix).exists():
            beside(copy, suffix).touch(mode=0o600)
            shutil.copyfile(beside(file, suffix), beside(copy, suffix))


def _grafted(copy: Path, new: Path) -> None:
    with new.open("rb") as model:
        first = bytearray(model.read(schema.PAGE))
    pages = copy.stat().st_size // schema.PAGE
    first[28:32] = pages.to_bytes(4, "big")
    first[32:40] = bytes(8)  # the free pages: none that could be told
    with copy.open("r+b") as damaged:
        damaged.write(first)
