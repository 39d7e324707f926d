"""What is wrong with the content of an index: everything in it held against everything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from ragtool.errors import StoreError
from ragtool.records import Chunk
from ragtool.store import rows, schema
from ragtool.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What reading a damaged file raises: SQLite's own errors, and those of values that are none.
UNREADABLE = (
    *(sqlite3.Error, StoreError, ValueError, TypeError, AttributeError),
    *(LookupError, OverflowError, RecursionError, MemoryError),
)

# In the order of the terms. Two tables of the same words give the same lines.
_WORDS = """SELECT term, count(*), sum(col = 'title'), total(doc), total(doc * (offset + 1))
    FROM words GROUP BY term ORDER BY term"""
_LENGTHS = "SELECT id, sz FROM fulltext_docsize ORDER BY id"


def complaints(connection: sqlite3.Connection, db: Database) -> tuple[str, ...]:
    """What is damaged, in a few words each; () for a sound index.

    connection: the one of `db`, inside a transaction. Reads everything: the
    pages, every text, chunk and vector, and compares the full text with one
    that it makes anew in memory.
    """
    checks: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
        ("tables", lambda: _tables(connection)),
        ("pages", lambda: _pages(db)),
        ("rows", lambda: _strays(db)),
        ("files", lambda: _files(db)),
        ("vectors", lambda: _vectors(db)),
        ("texts", lambda: _texts(db)),
        ("words", lambda: _words(db)),
    )
    found: list[str] = []
    for name, check in checks:
        try:
            found += check()
        except UNREADABLE as error:
            found.append(f"the {name} can't be read ({error})")
    return tuple(dict.fromkeys(found))


def vector_of(blob: object, *, dimensions: int) -> NDArray[np.float32] | None:
    """The vector that the blob holds, float32 (dimensions,); None where it is damaged."""
    import numpy as np

    if not isinstance(blob, bytes) or len(blob) != 4 * dimensions:
        return None
    vector = np.frombuffer(blob, dtype="<f4")
    with np.errstate(over="ignore", invalid="ignore"):  # damage may be as large as any number
        square = float(vector @ vector)
    return vector if abs(square - 1) < 0.01 else None  # every embedder's vectors are of length 1


def dimensions_of(db: Database) -> int:
    """How long the vectors are. Raises ValueError when that is no length."""
    ((dimensions, embedder),) = db.execute("SELECT dimensions, embedder FROM meta").fetchall()
    if not isinstance(dimensions, int) or not 0 <= dimensions <= 1 << 16:
        raise ValueError("no number of dimensions")
    if embedder is not None and not isinstance(embedder, str):
        raise ValueError("no name of an embedder")
    return dimensions


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    if not schema.is_ours(connection):
        yield "the tables are not those of an index"


def _pages(db: Database) -> Iterator[str]:
    lines = [str(line) for (line,) in db.execute("PRAGMA integrity_check(100)")]
    if lines != ["ok"]:
        yield f"pages of the file are damaged ({lines[0].splitlines()[-1]})"


def _strays(db: Database) -> Iterator[str]:
    strays = len(db.execute("PRAGMA foreign_key_check").fetchall())
    if strays:
        yield f"{strays} rows belong to nothing"
    db.number("SELECT generation FROM meta")


def _files(db: Database) -> Iterator[str]:
    for path, size, changed, sha in db.execute("SELECT path, size, mtime_ns, sha256 FROM files"):
        rows.unpacked(path)
        if not (isinstance(size, int) and isinstance(changed, int) and isinstance(sha, str)):
            yield "what is known of a file is damaged"
    for path, reason in db.execute("SELECT path, reason FROM failures"):
        rows.unpacked(path)
        rows.unpacked(reason)


def _vectors(db: Database) -> Iterator[str]:
    dimensions = dimensions_of(db)
    damaged = sum(
        vector_of(blob, dimensions=dimensions) is None
        for (blob,) in db.execute("SELECT vector FROM embeddings")
    )
    if damaged:
        yield f"{damaged} vectors are damaged"
    unused = db.number("SELECT count(*) FROM embeddings WHERE key NOT IN (SELECT key FROM chunks)")
    if unused:
        yield f"{unused} vectors belong to no chunk"


def _texts(db: Database) -> Iterator[str]:
    damaged = [number for number in _numbers(db) if _sound(db, number) is None]
    if damaged:
        yield f"{len(damaged)} documents are not what was stored"


def _words(db: Database) -> Iterator[str]:
    model = schema.fresh()
    try:
        model.execute("BEGIN")
        for number in _numbers(db):
            model.executemany(
                "INSERT INTO fulltext (rowid, title, text) VALUES (?, ?, ?)",
                (
                    (row, chunk.document.title, chunk.text)
                    for row, chunk in _sound(db, number) or ()
                ),
            )
        if not _same_words(db, model):
            yield "the full text is not that of the documents"
    finally:
        model.close()


def _same_words(db: Database, model: sqlite3.Connection) -> bool:
    db.execute("DROP TABLE IF EXISTS temp.words")
    db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, instance)")
    model.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, instance)")
    return all(
        here == there
        for query in (_LENGTHS, _WORDS)
        for here, there in zip_longest(db.execute(query), model.execute(query))
    )


def _numbers(db: Database) -> list[int]:
    return [int(number) for (number,) in db.execute("SELECT id FROM documents ORDER BY id")]


def _sound(db: Database, number: int) -> list[tuple[int, Chunk]] | None:
    """The chunks of a document, by row; None where it is not what was stored."""
    try:
        ((digest,),) = db.execute("SELECT digest FROM documents WHERE id = ?", number).fetchall()
        (document,) = rows.documents(db, "WHERE id = ?", number)
        found = list(rows.chunks(db, "WHERE document = ? ORDER BY id", number))
    except UNREADABLE:
        return None
    if rows.digest(document, [chunk for _, _, chunk in found]) != digest:
        return None
    return [(row, chunk) for _, row, chunk in found]
