"""Nearest neighbours among the chunks' vectors, by FAISS, in a file derived from the store.

Exact: a flat inner product over unit vectors. The file is written aside,
renamed, and stamped with the generation of the store and its own SHA-256, so
that a stale, half-written or damaged one is noticed before FAISS reads it.
What to do then, build it anew, is left to the caller.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ragtool.errors import SetupError, StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "vectors.faiss"
STAMP = "vectors.json"

# Writing takes seconds; what is older was left by a run that was killed.
_ABANDONED_SECONDS = 600
_STAMP_BYTES = 1000


class Neighbours:
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
            raise StoreError(
                f"The index holds vectors of {self.dimensions} dimensions, "
                f"the question has {query.size}: another embedding model.",
                hint="Run ragtool index again with the model you want.",
            )
        with _translated("search"):
            found = self._nearest(query, limit=limit, allowed=allowed)
        return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit])

    def _nearest(
        self, query: NDArray[np.float32], *, limit: int, allowed: NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        """At least the best `limit`, and with them all that tie with the last."""
        import numpy as np

        faiss = _faiss(self._threads)
        query = np.ascontiguousarray(query[np.newaxis], dtype=np.float32)
        selector = None if allowed is None else faiss.IDSelectorBatch(allowed)
        settings = None if selector is None else faiss.SearchParameters(sel=selector)
        wanted = limit + 1
        while True:
            wanted = min(wanted, len(self))
            scores, rows = self._index.search(query, wanted, params=settings)
            tied = rows[0, -1] >= 0 and scores[0, -1] == scores[0, min(limit, wanted) - 1]
            if wanted == len(self) or not tied:
                pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
                return [pair for pair in pairs if pair[0] >= 0]
            wanted *= 2


def in_memory(
    rows: NDArray[np.int64], vectors: NDArray[np.float32], *, threads: int = 1
) -> Neighbours:
    """Neighbours over unit vectors, shape (len(rows), dimensions), without a file."""
    import numpy as np

    if vectors.ndim != 2 or len(vectors) != len(rows):
        raise ValueError(f"{len(rows)} rows with vectors of shape {vectors.shape}")
    faiss = _faiss(threads)
    with _translated("build"):
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(max(1, vectors.shape[1])))
        if len(rows):
            index.add_with_ids(
                np.ascontiguousarray(vectors, dtype=np.float32),
                np.ascontiguousarray(rows, dtype=np.int64),
            )
    return Neighbours(index, threads=threads)


def build(
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    folder: Path,
    generation: int,
    threads: int = 1,
) -> Neighbours:
    """As `in_memory`, and kept in `folder` for `open`. Raises StoreError when it can't be written.

    generation: of the store at the moment when rows and vectors were read.
    """
    neighbours = in_memory(rows, vectors, threads=threads)
    with _translated("build"):
        content = _faiss(threads).serialize_index(neighbours._index).tobytes()
    stamp = _stamp(neighbours, content, generation=generation)
    try:
        _clear(folder)
        _replace(folder / NAME, content)
        _replace(folder / STAMP, json.dumps(stamp, indent=1).encode("ascii"))
    except OSError as error:
        raise StoreError(
            f"{folder / NAME} can't be written: {error.strerror or error}.",
            hint="Free some space, or check the folder's permissions, and try again.",
        ) from error
    return neighbours


def open(folder: Path, *, generation: int, threads: int = 1) -> Neighbours | None:
    """What `build` kept for this generation of the store; None if missing, stale or damaged."""
    import numpy as np

    try:
        with (folder / STAMP).open("rb") as file:
            stamp = json.loads(file.read(_STAMP_BYTES))
        if not isinstance(stamp, dict) or stamp.get("generation") != generation:
            return None
        if (folder / NAME).stat().st_size != stamp.get("bytes"):
            return None
        content = (folder / NAME).read_bytes()
    except (OSError, ValueError, RecursionError):
        return None
    if sha256(content).hexdigest() != stamp.get("sha256"):
        return None
    try:
        index = _faiss(threads).deserialize_index(np.frombuffer(content, dtype=np.uint8))
    except RuntimeError:  # intact, but of a FAISS that writes another form
        return None
    neighbours = Neighbours(index, threads=threads)
    sizes = {"count": len(neighbours), "dimensions": neighbours.dimensions}
    return neighbours if sizes.items() <= stamp.items() else None


def _stamp(neighbours: Neighbours, content: bytes, *, generation: int) -> dict[str, object]:
    return {
        "generation": generation,
        "count": len(neighbours),
        "dimensions": neighbours.dimensions,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }


def _replace(target: Path, content: bytes) -> None:
    """Writes aside, for the owner's eyes only, and puts the whole in place at once."""
    aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        aside.touch(mode=0o600)
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    for aside in [*folder.glob(f"{NAME}.*.tmp"), *folder.glob(f"{STAMP}.*.tmp")]:
        with suppress(FileNotFoundError):  # another process clears too
            if time.time() - aside.stat().st_mtime > _ABANDONED_SECONDS:
                aside.unlink()


def _faiss(threads: int) -> ModuleType:
    try:
        import faiss
    except ImportError as error:
        raise SetupError(
            f"FAISS can't be loaded: {error}.", hint="Install it: pip install faiss-cpu"
        ) from error
    faiss.omp_set_num_threads(threads)
    module: ModuleType = faiss
    return module


@contextmanager
def _translated(task: str) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise StoreError(
            f"FAISS failed to {task} the vectors: {error}.", hint="Run ragtool index again."
        ) from error
