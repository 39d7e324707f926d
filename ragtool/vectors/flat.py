"""Vectors searched one and all, by FAISS's flat inner product: exact, for up to some 100,000.

The file is written aside, renamed, and stamped with the generation of the
store and its own SHA-256, so that a stale, half-written or damaged one is
noticed before FAISS reads it. What to do then, build it anew, is left to the
caller.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragtool.vectors import files
from ragtool.vectors.library import faiss, foreign, translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Flat:
    """Vectors that can be searched. Made by `build`, `in_memory` or `open`."""

    def __init__(self, index: Any, *, threads: int) -> None:  # noqa: ANN401 - FAISS is untyped
        self._index = index
        self._threads = threads

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """The length of a vector; 0 when there are none."""
        return int(self._index.d) if len(self) else 0

    def add(self, rows: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """More unit vectors, shape (len(rows), dimensions)."""
        import numpy as np

        if len(rows):
            with translated("build"):
                self._index.add_with_ids(
                    np.ascontiguousarray(vectors, dtype=np.float32),
                    np.ascontiguousarray(rows, dtype=np.int64),
                )

    def search(
        self,
        query: NDArray[np.float32],
        *,
        limit: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> tuple[tuple[int, float], ...]:
        """(row, cosine, higher is better) of at most `limit` rows, best first, ties by row.

        query: a unit vector, shape (dimensions,). allowed: the rows to choose
        from, None for all. Raises StoreError when the dimensions differ.
        """
        if not len(self) or limit < 1 or (allowed is not None and not len(allowed)):
            return ()
        if query.shape != (self.dimensions,):
            raise foreign(self.dimensions, asked=query.size)
        with translated("search"):
            found = self._nearest(query, limit=limit, allowed=allowed)
        return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit])

    def _nearest(
        self, query: NDArray[np.float32], *, limit: int, allowed: NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        """At least the best `limit`, and with them all that tie with the last."""
        import numpy as np

        library = faiss(self._threads)
        query = np.ascontiguousarray(query[np.newaxis], dtype=np.float32)
        selector = None if allowed is None else library.IDSelectorBatch(allowed)
        settings = None if selector is None else library.SearchParameters(sel=selector)
        wanted = limit + 1
        while True:
            wanted = min(wanted, len(self))
            scores, rows = self._index.search(query, wanted, params=settings)
            tied = rows[0, -1] >= 0 and scores[0, -1] == scores[0, min(limit, wanted) - 1]
            if wanted == len(self) or not tied:
                pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
                return [pair for pair in pairs if pair[0] >= 0]
            wanted *= 2


def in_memory(rows: NDArray[np.int64], vectors: NDArray[np.float32], *, threads: int = 1) -> Flat:
    """Unit vectors, shape (len(rows), dimensions), without a file."""
    if vectors.ndim != 2 or len(vectors) != len(rows):
        raise ValueError(f"{len(rows)} rows with vectors of shape {vectors.shape}")
    library = faiss(threads)
    with translated("build"):
        index = library.IndexIDMap2(library.IndexFlatIP(max(1, vectors.shape[1])))
    found = Flat(index, threads=threads)
    found.add(rows, vectors)
    return found


def build(
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    folder: Path,
    generation: int,
    threads: int = 1,
) -> Flat:
    """As `in_memory`, and kept in `folder` for `open`. Raises StoreError when it can't be written.

    generation: of the store at the moment when rows and vectors were read.
    """
    neighbours = in_memory(rows, vectors, threads=threads)
    with translated("build"):
        content = faiss(threads).serialize_index(neighbours._index).tobytes()
    with files.writing(folder / files.NAME):
        files.clear(folder)
        with files.replacing(folder / files.NAME) as file:
            file.write(content)
        files.stamped(folder, _stamp(neighbours, content, generation=generation))
        files.clear(folder, keep=files.NAME)
    return neighbours


def open(folder: Path, *, generation: int, threads: int = 1) -> Flat | None:
    """What `build` kept for this generation of the store; None if missing, stale or damaged."""
    import numpy as np

    try:
        stamp = files.stamp(folder)
        if stamp.get("generation") != generation:
            return None
        if (folder / files.NAME).stat().st_size != stamp.get("bytes"):
            return None
        content = (folder / files.NAME).read_bytes()
    except (OSError, ValueError):
        return None
    if sha256(content).hexdigest() != stamp.get("sha256"):
        return None
    try:
        index = faiss(threads).deserialize_index(np.frombuffer(content, dtype=np.uint8))
    except RuntimeError:  # intact, but of a FAISS that writes another form
        return None
    neighbours = Flat(index, threads=threads)
    sizes = {"count": len(neighbours), "dimensions": neighbours.dimensions}
    return neighbours if sizes.items() <= stamp.items() else None


def _stamp(neighbours: Flat, content: bytes, *, generation: int) -> dict[str, object]:
    return {
        "generation": generation,
        "count": len(neighbours),
        "dimensions": neighbours.dimensions,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
