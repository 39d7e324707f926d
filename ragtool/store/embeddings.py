"""The vectors of embedded texts, kept by the text's key, all of one embedder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ragtool.chunking import embedded_text
from ragtool.store import rows
from ragtool.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def embedder(db: Database) -> str | None:
    """As Store.embedder."""
    found = db.execute("SELECT embedder FROM meta WHERE embedder IS NOT NULL")
    return next((str(name) for (name,) in found), None)


def last_at(db: Database, generation: int) -> int | None:
    """As Store.last_at."""
    query = "SELECT last FROM generations WHERE generation = ?"
    found = db.execute(query, generation).fetchone()
    return None if found is None else int(found[0])


def unembedded(db: Database, fingerprint: str, *, limit: int | None) -> tuple[tuple[str, str], ...]:
    """As Store.unembedded."""
    where = """WHERE id IN (
        SELECT min(id) FROM chunks WHERE ? OR key NOT IN (SELECT key FROM embeddings)
        GROUP BY key ORDER BY 1 LIMIT ?) ORDER BY id"""
    foreign = fingerprint != embedder(db)
    found = rows.chunks(db, where, foreign, -1 if limit is None else limit)
    return tuple((key, embedded_text(chunk)) for key, _, chunk in found)


def embed(
    db: Database, fingerprint: str, *, keys: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    """As Store.embed, inside a transaction."""
    if vectors.ndim != 2 or len(vectors) != len(keys):
        raise ValueError(f"{len(keys)} keys with vectors of shape {vectors.shape}")
    _adopt(db, fingerprint, dimensions=vectors.shape[1])
    db.repeat(
        """INSERT OR REPLACE INTO embeddings (key, vector)
        SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM chunks WHERE key = ?1)""",
        zip(keys, (vector.astype("<f4").tobytes() for vector in vectors), strict=True),
    )


def _adopt(db: Database, fingerprint: str, *, dimensions: int) -> None:
    if fingerprint == embedder(db):
        known = db.number("SELECT dimensions FROM meta")
        if dimensions != known:
            raise ValueError(f"vectors of {dimensions} dimensions among those of {known}")
        return
    db.execute("DELETE FROM embeddings")
    db.execute("UPDATE meta SET embedder = ?, dimensions = ?", fingerprint, dimensions)


def drop_unused(db: Database, keys: Sequence[str]) -> None:
    """Removes the vectors of those keys that no chunk uses any more."""
    db.repeat(
        """DELETE FROM embeddings WHERE key = ?1
        AND NOT EXISTS (SELECT 1 FROM chunks WHERE key = ?1)""",
        ((key,) for key in keys),
    )


def vectors(
    db: Database, *, after: int, size: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """As Store.vectors, each batch read by itself."""
    while True:
        with db.decoding():
            found = _vectors(db, "chunks.id > ? ORDER BY chunks.id LIMIT ?", after, size)
        yield found
        if len(found[0]) < size:
            return
        after = int(found[0][-1])


def vectors_of(
    db: Database, numbers: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As Store.vectors_of."""
    marks = ",".join(str(int(number)) for number in numbers)
    with db.decoding():
        return _vectors(db, f"chunks.id IN ({marks}) ORDER BY chunks.id")


def _vectors(
    db: Database, where: str, *values: object
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    import numpy as np

    # CROSS: the chunks are walked, and the vector of each looked up.
    found = db.execute(
        f"""SELECT chunks.id, vector FROM chunks CROSS JOIN embeddings USING (key)
        WHERE {where}""",
        *values,
    ).fetchall()
    numbers = np.array([number for number, _ in found], dtype=np.int64)
    flat = np.frombuffer(b"".join(blob for _, blob in found), dtype="<f4")
    dimensions = db.number("SELECT dimensions FROM meta")
    return numbers, flat.reshape(len(found), dimensions).astype(np.float32, copy=False)
