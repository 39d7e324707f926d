"""What can still be read of a damaged index, put into a new one.

A document is taken over if its checksum holds, with its chunks if they are all
there, else cut anew. What is not, is named as lost, so that the next run over
its file reads it again. Full text, copies and rows are made anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ragtool import chunking
from ragtool.records import Chunk, Document
from ragtool.reports import Failure
from ragtool.store import rows
from ragtool.store.database import Database
from ragtool.store.examining import UNREADABLE, dimensions_of, vector_of

# Said of a file whose text is gone from the index.
LOST = "its text was damaged in the index; run ragtool index on it again"
# Rows that a page may hold at most, and rows that are looked for one by one at most,
# where a page between them can't be read.
_IN_A_PAGE = 64
_GAP = 1_000_000


@dataclass(slots=True)
class _Found:
    """What came of the files, by their rows. alone: those that are one document.
    damaged: those with a document that is lost. stale: those that are not the file
    that their document was read from. unnamed: documents lost whose file is not known."""

    paths: dict[int, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    documents: Counter[int] = field(default_factory=Counter)
    alone: set[int] = field(default_factory=set)
    damaged: set[int] = field(default_factory=set)
    stale: set[int] = field(default_factory=set)
    unnamed: int = 0


def salvage(source: Database, target: Database) -> tuple[int, tuple[str, ...], int]:
    """Fills `target`, an empty index, with what is sound in `source`.

    Gives how many documents were taken over, the paths of files whose text is
    lost, and how many documents were lost whose file can't be told.
    """
    found = _Found()
    with target.writing():
        _files(source, target, found)
        _documents(source, target, found)
        lost = _settled(source, target, found)
        _vectors(source, target)
        return sum(found.documents.values()), lost, found.unnamed


def _files(source: Database, target: Database, found: _Found) -> None:
    for row, path, *state in _rows(source, "files", "id, path, size, mtime_ns, sha256"):
        name = _name(path)
        if name is None or name in found.paths.values():
            continue
        if tuple(map(type, state)) != (int, int, str):
            state = [0, 0, ""]
        target.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", row, path, *state)
        found.paths[row], found.digests[row] = name, state[-1]


def _documents(source: Database, target: Database, found: _Found) -> None:
    taken: set[str] = set()
    for row in _numbers(source, "documents"):
        file = _file_of(source, row)
        try:
            document, chunks = _document(source, row)
        except UNREADABLE:
            if file in found.paths:
                found.damaged.add(file)
            else:
                found.unnamed += 1
            continue
        if document.path in taken:  # a page that was there twice
            continue
        taken.add(document.path)
        if file is None or not document.path.startswith(found.paths.get(file, "\0")):
            file = _adopted(target, document.path, found)
        rows.add_document(target, document, chunks, file=file)
        found.documents[file] += 1
        if document.path == found.paths[file]:
            found.alone.add(file)
            if document.sha256 != found.digests[file]:
                found.stale.add(file)


def _file_of(source: Database, row: int) -> int | None:
    with suppress(*UNREADABLE):
        ((file,),) = source.execute("SELECT file FROM documents WHERE id = ?", row).fetchall()
        return file if isinstance(file, int) else None
    return None


def _document(source: Database, row: int) -> tuple[Document, list[Chunk]]:
    """A sound document with its chunks. Raises what reading raises."""
    (document,) = rows.documents(source, "WHERE id = ?", row)
    with suppress(*UNREADABLE):
        query = "SELECT digest FROM documents WHERE id = ?"
        ((digest,),) = source.execute(query, row).fetchall()
        where = "WHERE document = ? ORDER BY id"
        chunks = [chunk for _, _, chunk in rows.chunks(source, where, row)]
        if rows.digest(document, chunks) == digest:
            return document, chunks
    return document, list(chunking.chunks(document))


def _adopted(target: Database, path: str, found: _Found) -> int:
    """A file for a document whose own is not known; the next run looks at it anew."""
    packed = rows.packed(path)
    known = target.execute("SELECT id FROM files WHERE path = ?", packed).fetchone()
    if known is not None:
        return int(known[0])
    row = target.insert(
        "INSERT INTO files (path, size, mtime_ns, sha256) VALUES (?, 0, 0, '')", packed
    )
    found.paths[row], found.digests[row] = path, ""
    return row


def _settled(source: Database, target: Database, found: _Found) -> tuple[str, ...]:
    """Takes the failures over, and marks the files that are to be read again."""
    known = _failures(source)
    missing = bool(found.damaged or found.unnamed or _gaps(source))
    lost = []
    for row, path in found.paths.items():
        failures = known.get(row, [])
        for failure in failures:
            rows.add_failure(target, failure, file=row)
        gone = row in found.damaged or (not found.documents[row] and not failures)
        # A file of several documents doesn't tell how many there were.
        whole = not gone and row not in found.stale and (not missing or row in found.alone)
        if not whole:
            again = "UPDATE files SET size = 0, mtime_ns = 0, sha256 = '' WHERE id = ?"
            target.execute(again, row)
        if gone:
            rows.add_failure(target, Failure(path, LOST), file=row)
            lost.append(path)
    return tuple(sorted(lost))


def _failures(source: Database) -> dict[int, list[Failure]]:
    known: dict[int, list[Failure]] = {}
    for file, path, reason, skipped in _rows(source, "failures", "file, path, reason, skipped"):
        name, why = _name(path), _name(reason)
        if name is not None and why not in (None, LOST):
            known.setdefault(file, []).append(Failure(name, str(why), skipped=bool(skipped)))
    return known


def _gaps(source: Database) -> bool:
    """Whether a row of the documents may be missing without a trace."""
    try:
        return source.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]
    except UNREADABLE:
        return True


def _vectors(source: Database, target: Database) -> None:
    try:
        dimensions = dimensions_of(source)
        (embedder,) = source.execute("SELECT embedder FROM meta").fetchone()
    except UNREADABLE:  # whose vectors they are isn't known: all are made anew
        return
    if embedder is None:
        return
    target.execute("UPDATE meta SET embedder = ?, dimensions = ?", embedder, dimensions)
    for key, blob in _rows(source, "embeddings", "key, vector"):
        if isinstance(key, str) and vector_of(blob, dimensions=dimensions) is not None:
            target.execute(_KEEP, key, blob)


_KEEP = """INSERT OR IGNORE INTO embeddings (key, vector)
    SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM chunks WHERE key = ?1)"""


def _name(blob: object) -> str | None:
    try:
        return rows.unpacked(blob) if isinstance(blob, bytes) else None
    except ValueError:
        return None


def _rows(source: Database, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """What can be read of a table, row by row."""
    for number in _numbers(source, table):
        try:
            row = source.execute(f"SELECT {columns} FROM {table} WHERE rowid = ?", number)
            found = row.fetchone()
        except UNREADABLE:
            continue
        if found is not None:
            yield found


def _numbers(source: Database, table: str) -> list[int]:
    """The rows of a table that are there, or may be: read from both ends, and
    where the two don't meet, every number between them."""
    ends = [_run(source, table, order=order) for order in ("ASC", "DESC")]
    found = {number for end in ends for number in end}
    if ends[0] and ends[1] and ends[0][-1] < ends[1][-1]:
        first, last = ends[0][-1], ends[1][-1]
        # A damaged number may be as large as any.
        most = min(_GAP, _IN_A_PAGE * source.number("PRAGMA page_count"))
        found.update(range(first, min(last, first + most)))
    return sorted(found)


def _run(source: Database, table: str, *, order: str) -> list[int]:
    found: list[int] = []
    query = f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid {order}"
    with suppress(*UNREADABLE):
        for (number,) in source.execute(query):
            found.append(number)
    return found
