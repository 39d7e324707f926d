"""The index's content: documents, chunks, full text and embeddings in one SQLite file.

A change is one transaction: a reader, or the next run after a kill, sees all
of it or nothing. Nearest neighbours among the vectors are left to `vectors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ragtool.errors import StoreError
from ragtool.records import Chunk, Document, Filters
from ragtool.reports import Failure
from ragtool.store import embeddings, matching, rows, schema
from ragtool.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Vectors that are read at a time: some 12 MB of MiniLM's.
BATCH = 8192
# So many changes back the index knows its past.
PAST = 10_000


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as last seen. sha256: hex digest of its bytes, "" if they could not be read."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an index holds."""

    documents: int
    chunks: int


class Store:
    """An open index, for one thread.

    Any method raises StoreError when the file turns out damaged, the disk is
    full, or another process writes for longer than the store waits.
    """

    def __init__(self, db: Database, *, file: Path) -> None:
        self._db = db
        self._file = file
        self._crossed_out = False  # words that full text still holds of what was replaced

    @classmethod
    def open(cls, folder: Path, *, create: bool = False, wait: float = 5.0) -> Store:
        """The index in `folder`; create makes one where there is none.

        wait: seconds to wait for another process that writes. Raises
        StoreError when there is none, or it is damaged or of another version.
        """
        file = folder.absolute() / schema.NAME
        return cls(Database(schema.connect(file, create=create, wait=wait), file=file), file=file)

    def close(self) -> None:
        """Closes the file; the last process to do so folds the log into it."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read inside comes from one state of the index. It nests; no writing inside."""
        with self._db.reading():
            yield

    # What the index is

    @property
    def generation(self) -> int:
        """Grows with every committed change of chunks or embeddings.

        By a random step, so that changes which a power cut undid are not
        taken for the ones made after it.
        """
        with self._db.reading():
            return self._db.number("SELECT generation FROM meta")

    def last_at(self, generation: int) -> int | None:
        """The newest chunk row that this index had at a generation of its past or now.

        None for a generation that it never went through, or too long ago.
        """
        with self._db.decoding():
            return embeddings.last_at(self._db, generation)

    @property
    def embedder(self) -> str | None:
        """The fingerprint of the embedder whose vectors are held; None before the first."""
        with self._db.reading():
            return embeddings.embedder(self._db)

    def counts(self) -> Counts:
        """How many documents and chunks there are."""
        with self._db.reading():
            documents = self._db.number("SELECT count(*) FROM documents")
            return Counts(documents, self._db.number("SELECT count(*) FROM chunks"))

    def fingerprint(self) -> str:
        """A hex digest over documents, chunks, and whose vectors there are how many.

        Equal content gives equal digests, whatever the order of indexing.
        """
        with self._db.reading():
            digests = self._db.execute("SELECT digest FROM documents ORDER BY path")
            parts = [str(self.embedder), *(str(digest) for (digest,) in digests)]
            parts.append(str(self._db.number("SELECT count(*) FROM embeddings")))
            return sha256("\n".join(parts).encode()).hexdigest()

    # Files

    def states(self) -> dict[str, FileState]:
        """Every known file by absolute path, in path order, failed ones too."""
        with self._db.decoding():
            found = self._db.execute("SELECT path, size, mtime_ns, sha256 FROM files ORDER BY path")
            return {rows.unpacked(path): FileState(*state) for path, *state in found}

    def failures(self) -> tuple[Failure, ...]:
        """The files, and parts of files, that could not be read, in path order."""
        query = "SELECT path, reason, skipped FROM failures ORDER BY path"
        with self._db.decoding():
            return tuple(
                Failure(rows.unpacked(path), rows.unpacked(reason), bool(skipped))
                for path, reason, skipped in self._db.execute(query)
            )

    def put(
        self,
        path: str,
        contents: Sequence[tuple[Document, Sequence[Chunk]]],
        *,
        state: FileState,
        failures: Sequence[Failure] = (),
    ) -> None:
        """Takes what was read from a file, in place of all that was known of it.

        contents: its documents with their chunks; none for a file that can't be
        read. failures: of the file or of parts of it. Embeddings stay where the
        embedded text stays; those of a file that moved too, if its new path is
        put before the old one is removed.
        """
        with self._db.writing():
            stale = self._forget(path)
            self._crossed_out = self._crossed_out or bool(stale)
            file = self._add_file(path, state=state)
            for document, chunks in contents:
                rows.add_document(self._db, document, chunks, file=file)
            for failure in failures:
                rows.add_failure(self._db, failure, file=file)
            self._settle(stale, changed=bool(stale) or any(chunks for _, chunks in contents))

    def touch(self, path: str, *, state: FileState) -> None:
        """Notes a new state for a known file whose content is as it was."""
        with self._db.writing():
            self._db.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, sha256 = ? WHERE path = ?",
                state.size,
                state.mtime_ns,
                state.sha256,
                rows.packed(path),
            )

    def remove(self, paths: Iterable[str]) -> int:
        """Forgets files in one transaction. Returns how many of them were known.

        Their words leave the file's pages too, once the log is folded in, and so
        do those of what `put` replaced before.
        """
        with self._db.writing():
            before = self._db.number("SELECT count(*) FROM files")
            stale = [key for path in paths for key in self._forget(path)]
            self._settle(stale, changed=bool(stale))
            if stale or self._crossed_out:
                rows.purge(self._db)
                self._crossed_out = False
            return before - self._db.number("SELECT count(*) FROM files")

    def _forget(self, path: str) -> list[str]:
        with self._db.decoding():
            return rows.forget(self._db, path)

    def _add_file(self, path: str, *, state: FileState) -> int:
        return self._db.insert(
            "INSERT INTO files (path, size, mtime_ns, sha256) VALUES (?, ?, ?, ?)",
            rows.packed(path),
            state.size,
            state.mtime_ns,
            state.sha256,
        )

    def _settle(self, stale: Sequence[str], *, changed: bool) -> None:
        embeddings.drop_unused(self._db, stale)
        if changed:
            self._db.execute("UPDATE meta SET generation = generation + 1 + (random() & 0xFFFFF)")
            rows.note_generation(self._db, keep=PAST)

    # Documents and chunks

    def documents(self) -> tuple[Document, ...]:
        """All documents, in path order."""
        with self._db.decoding():
            return tuple(rows.documents(self._db, "ORDER BY path"))

    def document(self, path: str) -> Document:
        """The document of that path. Raises StoreError when there is none."""
        with self._db.decoding():
            for document in rows.documents(self._db, "WHERE path = ?", rows.packed(path)):
                return document
        raise StoreError(f"{path} is not in the index.", hint="See: ragtool documents")

    def copies_of(self, path: str) -> tuple[str, ...]:
        """Paths of the other documents that are the same article, in path order; see `copies`."""
        with self._db.decoding():
            return tuple(rows.copies_of(self._db, path))

    def chunks_of(self, path: str) -> tuple[Chunk, ...]:
        """The chunks of one document, in the order of its text; () when there are none."""
        where = "WHERE document = (SELECT id FROM documents WHERE path = ?) ORDER BY id"
        return tuple(chunk for _, _, chunk in self._chunks(where, rows.packed(path)))

    def chunk(self, chunk_id: str) -> Chunk:
        """The chunk of that name. Raises StoreError when there is none."""
        for _, _, chunk in self._chunks("WHERE chunk_id = ?", chunk_id):
            return chunk
        raise StoreError(
            f"There is no chunk {chunk_id} in the index.", hint="See: ragtool search QUERY"
        )

    def chunks(self, numbers: Sequence[int]) -> tuple[Chunk, ...]:
        """The chunks of these rows, in the order given. Raises StoreError for a row not there."""
        marks = ",".join(str(int(number)) for number in numbers)
        where = f"WHERE id IN ({marks}) ORDER BY document, id"
        found = {row: chunk for _, row, chunk in self._chunks(where)}
        missing = sorted(set(numbers) - found.keys())
        if missing:
            raise StoreError(
                f"The index in {self._file.parent} holds no chunk {missing[0]} any more.",
                hint="Run the command again.",
            )
        return tuple(found[number] for number in numbers)

    def _chunks(self, where: str, *values: object) -> list[tuple[str, int, Chunk]]:
        with self._db.decoding():
            return list(rows.chunks(self._db, where, *values))

    # Search

    def match(
        self, terms: Sequence[str], *, limit: int, filters: Filters, scored: int = matching.SCORED
    ) -> tuple[tuple[int, float], ...]:
        """Full-text search: (chunk row, BM25, higher is better), best first, ties by row.

        A chunk matches that holds any of the terms in its text or title, by
        stem and without accents. A term of several words is a phrase; nothing
        in a term is syntax. BM25 as FTS5 has it: sqlite.org/fts5.html. Where
        all terms match more than `scored` chunks, one of the rarer must be held.
        """
        with self._db.decoding():
            return matching.match(self._db, terms, limit=limit, filters=filters, scored=scored)

    def allowed(self, filters: Filters) -> NDArray[np.int64] | None:
        """The chunk rows that pass, ascending; None when nothing is filtered."""
        with self._db.decoding():
            return matching.allowed(self._db, filters)

    # Embeddings

    def unembedded(
        self, fingerprint: str, *, limit: int | None = None
    ) -> tuple[tuple[str, str], ...]:
        """(key, embedded text) of what has no vector of this embedder, at most `limit`.

        Equal texts share a key and come once.
        """
        with self._db.decoding():
            return embeddings.unembedded(self._db, fingerprint, limit=limit)

    def embed(self, fingerprint: str, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keeps the vectors of these keys, shape (len(keys), dimensions), in one transaction.

        Vectors of another embedder are dropped first; keys that no chunk uses
        any more are passed over. Raises ValueError when the shape is wrong.
        """
        with self._db.writing():
            embeddings.embed(self._db, fingerprint, keys=keys, vectors=vectors)
            self._settle((), changed=True)

    def vectors(
        self, *, after: int = 0, size: int = BATCH
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Chunk rows above `after`, ascending, and their vectors, shape (rows, dimensions).

        Chunks without one are left out. In batches of at most `size`, one at
        least; inside `reading` all come from one state of the index.
        """
        return embeddings.vectors(self._db, after=after, size=size)

    def vectors_of(self, numbers: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As `vectors`, of those of these rows that are there and have one."""
        return embeddings.vectors_of(self._db, numbers)
