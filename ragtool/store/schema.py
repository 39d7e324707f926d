"""The SQLite file of an index: its tables, and how it is made, checked and opened.

What the rows stand for is left to `rows` and `index`.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ragtool.errors import StoreError
from ragtool.folders import make_private
from ragtool.store import faults

NAME = "ragtool.sqlite3"

# Grows with every change of the tables, of chunking.embedded_text, or of the tokenizer.
VERSION = 3
# Bytes of a page, as SQLite makes them unless told otherwise.
PAGE = 4096
APPLICATION = 0x72616774  # "ragt", so that another program's SQLite file is not taken for ours

# path and reason are UTF-8 blobs, because a file name need not be valid Unicode. Rows of
# chunks are the ids in the vectors file, so AUTOINCREMENT: a row is never given out twice.
# The full text is contentless: the text itself is stored once, in documents. text stands
# last in its row so that reading the columns before it does not walk its overflow pages.
FULLTEXT = """CREATE VIRTUAL TABLE fulltext USING fts5(
    title, text, content='', tokenize='porter unicode61 remove_diacritics 2')"""
SETTINGS = (
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "cell_size_check = ON",
    "trusted_schema = OFF",
)
_TABLES = (
    """CREATE TABLE meta (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        generation INTEGER NOT NULL,
        embedder TEXT,
        dimensions INTEGER NOT NULL)""",
    # Random, so that the vectors file of a deleted index is never taken for this one's.
    "INSERT INTO meta VALUES (1, random() & 0xFFFFFFFFFF, NULL, 0)",
    # What the index went through, the newest last: a vectors file that was built at one of
    # these is of this index's own past, and `last` is the newest chunk that it may hold.
    """CREATE TABLE generations (
        number INTEGER PRIMARY KEY,
        generation INTEGER NOT NULL UNIQUE,
        last INTEGER NOT NULL)""",
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        sha256 TEXT NOT NULL)""",
    # A file that can't be read, or a part of one.
    """CREATE TABLE failures (
        file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
        path BLOB NOT NULL,
        reason BLOB NOT NULL,
        skipped INTEGER NOT NULL)""",
    "CREATE INDEX failures_by_file ON failures(file)",
    """CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
        path BLOB NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        title TEXT,
        author TEXT,
        date TEXT,
        source TEXT,
        language TEXT,
        pages TEXT NOT NULL,
        checksum TEXT NOT NULL,
        signature BLOB NOT NULL,
        text TEXT NOT NULL)""",
    # By which documents that are copies of each other are found, see `copies`.
    """CREATE TABLE bands (
        band INTEGER NOT NULL,
        document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        PRIMARY KEY (band, document)) WITHOUT ROWID""",
    "CREATE INDEX bands_by_document ON bands(document)",
    """CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        chunk_id TEXT NOT NULL UNIQUE,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        key TEXT NOT NULL,
        checksum TEXT NOT NULL)""",
    "CREATE INDEX documents_by_file ON documents(file)",
    "CREATE INDEX chunks_by_document ON chunks(document)",
    "CREATE INDEX chunks_by_key ON chunks(key)",
    """CREATE TABLE sentences (
        chunk INTEGER NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        paragraph INTEGER NOT NULL,
        PRIMARY KEY (chunk, position)) WITHOUT ROWID""",
    "CREATE TABLE embeddings (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, vector BLOB)",
    FULLTEXT,
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)


def connect(file: Path, *, create: bool, wait: float) -> sqlite3.Connection:
    """An open, checked connection in autocommit mode.

    create: make the folder (0700) and the file (0600) where they are missing.
    wait: seconds to wait for another writer. Raises StoreError. In a folder
    that can't be written to, it reads what is there and makes no file.
    """
    while True:
        _find(file, create=create)
        known = _identity(file)
        db = _opened(file, create=create, wait=wait)
        try:
            # Its first read locked the file, so from here on no repair exchanges it.
            if _identity(file) == known:
                _configure(db, file)
                return db
        except BaseException:
            db.close()
            raise
        db.close()


def _opened(file: Path, *, create: bool, wait: float) -> sqlite3.Connection:
    with faults.translated(file):
        frozen = _is_frozen(file)
        where = f"{file.as_uri()}?immutable=1" if frozen else str(file)
        db = sqlite3.connect(where, uri=frozen, timeout=wait, isolation_level=None)
        try:
            if create and _is_empty(db):
                _create(db)
            _check(db, file)
        except BaseException:
            db.close()
            raise
    return db


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def drawn(db: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """The names of what the file holds and the SQL that made each, FTS5's own tables left out."""
    found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return frozenset((name, sql) for name, sql in found if not name.startswith("fulltext_"))


def fresh() -> sqlite3.Connection:
    """An empty index in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    _create(db)
    return db


def is_ours(db: sqlite3.Connection) -> bool:
    """Whether the tables are those of an index of this version, whatever the header says.

    Raises sqlite3.DatabaseError when they can't be read.
    """
    model = fresh()
    try:
        return drawn(db) == drawn(model)
    finally:
        model.close()


def _find(file: Path, *, create: bool) -> None:
    try:
        if create:
            make_private(file.parent)
            if not file.exists():
                file.touch(mode=0o600)
        elif not file.exists():
            raise faults.missing(file)
    except OSError as error:
        raise faults.unusable(file, reason=error.strerror or str(error)) from error


def _is_frozen(file: Path) -> bool:
    """Nothing can be written here, and nothing of an unfinished run waits to be recovered."""
    log = file.with_name(file.name + "-wal")
    return not os.access(file.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def _check(db: sqlite3.Connection, file: Path) -> None:
    """Reads the header alone; damage further in shows when it is met."""
    if _is_empty(db):  # what a kill during the very first moments leaves
        raise faults.missing(file)
    if _pragma(db, "application_id") != APPLICATION:
        raise of_another_program(file)
    version = _pragma(db, "user_version")
    if version != VERSION:
        raise of_another_version(file, version)


def of_another_program(file: Path) -> StoreError:
    """The file was not written by ragtool."""
    return StoreError(
        f"{file} is not an index of ragtool.", hint="Choose another folder with --index DIR."
    )


def of_another_version(file: Path, version: int) -> StoreError:
    """The index was written by an older or a newer ragtool."""
    return StoreError(
        f"The index in {file.parent} has version {version}, this ragtool reads {VERSION}.",
        hint=faults.start_over(file),
    )


def header_complaints(db: sqlite3.Connection) -> tuple[str, ...]:
    """What of the file's header is not that of an index of this version."""
    wanted = {"application_id": APPLICATION, "user_version": VERSION}
    return tuple(
        f"the header tells another {name.replace('_', ' ')}"
        for name, value in wanted.items()
        if _pragma(db, name) != value
    )


def _is_empty(db: sqlite3.Connection) -> bool:
    """Whether there are no tables yet. Where the header is an index's they were lost."""
    empty = db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    if empty and _pragma(db, "application_id") == APPLICATION:
        raise sqlite3.DatabaseError("the tables are gone")
    return empty


def _pragma(db: sqlite3.Connection, name: str) -> int:
    (value,) = db.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(db):  # or another process was quicker
            for statement in _TABLES:
                db.execute(statement)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _configure(db: sqlite3.Connection, file: Path) -> None:
    with faults.translated(file):
        if not _is_frozen(file):
            db.execute("PRAGMA journal_mode = WAL")
        for setting in SETTINGS:
            db.execute(f"PRAGMA {setting}")
