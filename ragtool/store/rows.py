"""Records to rows and back: the steps inside the transactions of `index`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

from ragtool import copies
from ragtool.chunking import embedded_text
from ragtool.records import Chunk, Document, Sentence, Span
from ragtool.reports import Failure
from ragtool.store.database import Database

_DOCUMENT = """SELECT path, sha256, text, title, author, date, source, language, pages, checksum
    FROM documents"""
_OF_FILE = "SELECT id FROM documents WHERE file = (SELECT id FROM files WHERE path = ?)"
_CHUNK = "SELECT key, id, document, chunk_id, start, stop, checksum FROM chunks"
_SENTENCE = "SELECT start, stop, paragraph FROM sentences WHERE chunk = ? ORDER BY position"


def packed(text: str) -> bytes:
    """UTF-8 that also takes the lone surrogates of an undecodable file name."""
    return text.encode("utf-8", "surrogatepass")


def unpacked(blob: bytes) -> str:
    """What `packed` was given."""
    return blob.decode("utf-8", "surrogatepass")


# Reading


def documents(db: Database, where: str, *values: object) -> Iterator[Document]:
    """The documents that the SQL after FROM picks, in its order."""
    for path, digest, text, *facts, pages, checksum in db.execute(f"{_DOCUMENT} {where}", *values):
        starts = tuple(int(start) for start in json.loads(pages))
        title, author, date, source, language = facts
        document = Document(
            unpacked(path), digest, text, title, author, date, source, starts, language
        )
        if _checksum(document) != checksum:  # a quote must never come from a flipped bit
            raise ValueError("a text is not what was stored")
        yield document


def chunks(db: Database, where: str, *values: object) -> Iterator[tuple[str, int, Chunk]]:
    """(key of the embedded text, row, chunk) of the chunks that the SQL after FROM
    picks, in its order. Chunks of one document that follow each other share it."""
    found = db.execute(f"{_CHUNK} {where}", *values).fetchall()
    for number, rows in groupby(found, key=lambda row: row[2]):
        (document,) = documents(db, "WHERE id = ?", number)
        for key, row, _, chunk_id, start, stop, checksum in rows:
            sentences = tuple(
                Sentence(Span(first, last), paragraph)
                for first, last, paragraph in db.execute(_SENTENCE, row)
            )
            chunk = Chunk(chunk_id, document, Span(start, stop), sentences)
            if _chunk_checksum(chunk, key=key) != checksum:
                raise ValueError("a chunk is not what was stored")
            yield key, row, chunk


def copies_of(db: Database, path: str) -> list[str]:
    """Paths of the other documents that are the same article, in path order."""
    here = "SELECT id, signature FROM documents WHERE path = ?"
    found = db.execute(here, packed(path)).fetchone()
    if found is None:
        return []
    near = """SELECT DISTINCT path, signature FROM bands JOIN documents ON id = document
        WHERE band IN (SELECT band FROM bands WHERE document = ?) AND id <> ? ORDER BY path"""
    return [
        unpacked(other)
        for other, sketch in db.execute(near, found[0], found[0])
        if copies.likeness(found[1], sketch) >= copies.ALIKE
    ]


# Writing


def add_document(db: Database, document: Document, chunks: Sequence[Chunk], *, file: int) -> None:
    """Adds a document under the row of its file, with its chunks and their full text."""
    sketch = copies.signature(document.text)
    number = db.insert(
        "INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        file,
        packed(document.path),
        digest(document, chunks),
        document.sha256,
        document.title,
        document.author,
        document.date,
        document.source,
        document.language,
        json.dumps(document.pages),
        _checksum(document),
        sketch,
        document.text,
    )
    db.repeat(
        "INSERT OR IGNORE INTO bands VALUES (?, ?)",
        ((band, number) for band in copies.bands(sketch)),
    )
    for chunk in chunks:
        _add_chunk(db, chunk, document=document, number=number)


def _add_chunk(db: Database, chunk: Chunk, *, document: Document, number: int) -> None:
    span = chunk.span
    key = sha256(embedded_text(chunk).encode("utf-8")).hexdigest()
    row = db.insert(
        """INSERT INTO chunks (document, chunk_id, start, stop, key, checksum)
        VALUES (?, ?, ?, ?, ?, ?)""",
        number,
        chunk.chunk_id,
        span.start,
        span.end,
        key,
        _chunk_checksum(chunk, key=key),
    )
    db.repeat(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?)",
        (
            (row, position, sentence.span.start, sentence.span.end, sentence.paragraph)
            for position, sentence in enumerate(chunk.sentences)
        ),
    )
    db.execute(
        "INSERT INTO fulltext (rowid, title, text) VALUES (?, ?, ?)",
        row,
        document.title,
        span.of(document.text),
    )


def add_failure(db: Database, failure: Failure, *, file: int) -> None:
    """Notes what could not be read, under the row of its file."""
    db.execute(
        "INSERT INTO failures VALUES (?, ?, ?, ?)",
        file,
        packed(failure.path),
        packed(failure.reason),
        failure.skipped,
    )


def forget(db: Database, path: str) -> list[str]:
    """Removes a file and all that was read from it, if it is known.

    Returns the embedding keys that its chunks used, which may be unused now.
    """
    keys = []
    for key, row, chunk in chunks(db, f"WHERE document IN ({_OF_FILE})", packed(path)):
        # A contentless table forgets a row only when it is told the words once more.
        db.execute(
            "INSERT INTO fulltext (fulltext, rowid, title, text) VALUES ('delete', ?, ?, ?)",
            row,
            chunk.document.title,
            chunk.text,
        )
        keys.append(key)
    db.execute("DELETE FROM files WHERE path = ?", packed(path))
    return keys


def note_generation(db: Database, *, keep: int) -> None:
    """Adds the generation to the index's past, of which the last `keep` are kept."""
    number = db.insert(
        """INSERT INTO generations (generation, last) SELECT generation,
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0) FROM meta"""
    )
    db.execute("DELETE FROM generations WHERE number <= ?", number - keep)


def purge(db: Database) -> None:
    """Merges the full text into one piece: until then FTS5 keeps forgotten words, crossed out."""
    db.execute("INSERT INTO fulltext (fulltext) VALUES ('optimize')")


def _checksum(document: Document) -> str:
    """Over all that is told of a document. JSON keeps the parts apart, and its
    escapes take any string."""
    head = [
        *(document.path, document.sha256, document.title, document.author),
        *(document.date, document.source, document.language, document.pages),
    ]
    return sha256(json.dumps(head).encode("ascii") + packed(document.text)).hexdigest()


def _chunk_checksum(chunk: Chunk, *, key: str) -> str:
    """Over a chunk's places, and in which text they are."""
    content = [
        *(chunk.document.path, chunk.document.sha256, key, chunk.chunk_id),
        *(chunk.span.start, chunk.span.end),
        [[s.span.start, s.span.end, s.paragraph] for s in chunk.sentences],
    ]
    return sha256(json.dumps(content).encode("ascii")).hexdigest()


def digest(document: Document, chunks: Sequence[Chunk]) -> str:
    """Equal for equal content, wherever and whenever it was indexed."""
    content: list[Any] = [_checksum(document)]
    for chunk in chunks:
        sentences = [[s.span.start, s.span.end, s.paragraph] for s in chunk.sentences]
        content.append([chunk.chunk_id, chunk.span.start, chunk.span.end, sentences])
    return sha256(json.dumps(content).encode("ascii")).hexdigest()
