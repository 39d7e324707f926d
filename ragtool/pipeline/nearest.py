"""The vectors of an index, opened for search or built: exact while few, in clusters when many.

Clusters are built rarely. As long as little was added or removed since, they
are searched together with what is new, see `vectors.layered`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragtool import vectors
from ragtool.errors import StoreError
from ragtool.store import Store
from ragtool.vectors import building, clusters
from ragtool.vectors.layered import Layered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Limits:
    """flat: up to so many chunks all are searched. recent: so many more than the clusters
    hold are searched beside them. gone: the share of the clusters that may be removed."""

    flat: int = 100_000
    recent: int = 20_000
    gone: float = 0.1


USUAL = Limits()


def neighbours(
    store: Store, folder: Path, *, threads: int, limits: Limits = USUAL
) -> vectors.Neighbours:
    """The vectors of the state that is being read; built anew where the files don't fit it."""
    found = _opened(store, folder, threads=threads, limits=limits)
    if found is not None:
        return found
    try:
        return _built(store, folder, threads=threads, limits=limits)
    except StoreError:  # a folder that can't be written is still one to ask
        return _in_memory(store.vectors(), threads=threads)


def fits(store: Store, folder: Path, *, threads: int, limits: Limits = USUAL) -> bool:
    """Whether the files are of the state that is being read, and whole."""
    return _opened(store, folder, threads=threads, limits=limits) is not None


def refresh(store: Store, folder: Path, *, threads: int, limits: Limits = USUAL) -> None:
    """Builds what a search would have to build. Raises StoreError when it can't be written."""
    with store.reading():
        if not fits(store, folder, threads=threads, limits=limits):
            _built(store, folder, threads=threads, limits=limits)


def _opened(
    store: Store, folder: Path, *, threads: int, limits: Limits
) -> vectors.Neighbours | None:
    embedder = _embedder_of_many(store, limits)
    if embedder is None:
        return vectors.open(folder, generation=store.generation, threads=threads)
    found = clusters.open(folder, embedder=embedder, threads=threads)
    return None if found is None else _layered(store, found, threads=threads, limits=limits)


def _embedder_of_many(store: Store, limits: Limits) -> str | None:
    """Whose vectors are to be in clusters; None where they are few."""
    if store.counts().chunks <= limits.flat:
        return None
    (rows, _) = next(store.vectors(size=1))
    return store.embedder if len(rows) else None


def _layered(
    store: Store, found: clusters.Clusters, *, threads: int, limits: Limits
) -> Layered | None:
    """The clusters with what is new; None where they are not of this index, or too old."""
    stamp = found.stamp
    last = store.last_at(stamp.generation)
    if last is None or not (stamp.complete or stamp.generation == store.generation):
        return None
    # One more than may be, so that too many show without all being read.
    recent = next(store.vectors(after=last, size=limits.recent + 1))
    gone = len(found) + len(recent[0]) - store.counts().chunks
    if len(recent[0]) > limits.recent or gone > limits.gone * len(found):
        return None
    beside = vectors.in_memory(*recent, threads=threads)
    return Layered(found, beside, fetch=store.vectors_of)


def _built(store: Store, folder: Path, *, threads: int, limits: Limits) -> vectors.Neighbours:
    generation = store.generation
    embedder = _embedder_of_many(store, limits)
    if embedder is None:
        rows, matrix = _all(store)
        return vectors.build(rows, matrix, folder=folder, generation=generation, threads=threads)
    building.build(
        store.vectors,
        chunks=store.counts().chunks,
        folder=folder,
        generation=generation,
        embedder=embedder,
        threads=threads,
    )
    found = _opened(store, folder, threads=threads, limits=limits)
    if found is None:
        raise StoreError(
            f"The vectors in {folder} can't be read back.", hint="Check the disk, and try again."
        )
    return found


def _all(store: Store) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    import numpy as np

    rows, parts = zip(*store.vectors(), strict=True)
    return np.concatenate(rows), np.concatenate(parts)


def _in_memory(
    batches: Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]], *, threads: int
) -> vectors.Neighbours:
    found = vectors.in_memory(*next(batches), threads=threads)
    for rows, matrix in batches:
        found.add(rows, matrix)
    return found
