"""Clusters made of the store's vectors, which pass by in batches and are never all in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from ragtool.vectors import files
from ragtool.vectors.clusters import Stamp, codec, sealed
from ragtool.vectors.library import faiss, translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Batch: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

# How many vectors a cluster's centre is learnt from, and in how many rounds.
_SAMPLE = 48
_ROUNDS = 10
_SEED = 20
# Codes that are put in order at a time.
_PIECE = 16_384


def build(
    batches: Callable[[], Iterator[Batch]],
    *,
    chunks: int,
    folder: Path,
    generation: int,
    embedder: str,
    threads: int = 1,
) -> None:
    """Keeps vectors in `folder` for `clusters.open`. Raises StoreError when it can't be written.

    batches: rows and their unit vectors, the same at each call, not none.
    generation: of the store that they are from. chunks: how many it has, with
    and without a vector.
    """
    learnt = _Learnt(batches, about=chunks, threads=threads)
    with files.writing(folder / files.STAMP), tempfile.TemporaryFile(dir=folder) as unordered:
        files.clear(folder)
        rows, owners = learnt.encode(batches(), into=unordered)
        head = learnt.head(rows, owners)
        stamp = Stamp(
            generation=generation,
            embedder=embedder,
            complete=len(rows) == chunks,
            count=len(rows),
            dimensions=learnt.dimensions,
            clusters=learnt.clusters,
            mtime_ns=0,
            head=sha256(head).hexdigest(),
            whole="",
        )
        _keep(folder, stamp, head, codes=_ordered(unordered, owners, learnt.dimensions))


class _Learnt:
    """Centres and the codes' ranges, learnt from a sample, the same each time."""

    def __init__(self, batches: Callable[[], Iterator[Batch]], *, about: int, threads: int) -> None:
        import numpy as np

        # As many as the square root: a search then looks at as many centres as a cluster holds.
        wanted = max(1, round(about**0.5))
        stride = max(1, about // (wanted * _SAMPLE))
        sample = np.concatenate(list(_every(stride, batches())))
        self.dimensions = sample.shape[1]
        self.clusters = min(wanted, len(sample))
        library = faiss(threads)
        with translated("build"):
            self._codec: Any = codec(self.dimensions, threads=threads)
            self._codec.train(sample)
            means = library.Kmeans(
                self.dimensions,
                self.clusters,
                niter=_ROUNDS,
                seed=_SEED,
                spherical=True,
                min_points_per_centroid=1,
            )
            means.train(sample)
            self._centres = means.centroids
            self._nearest = library.IndexFlatIP(self.dimensions)
            self._nearest.add(self._centres)
        self._ranges = library.vector_to_array(self._codec.sq.trained)

    def encode(
        self, batches: Iterator[Batch], *, into: IO[bytes]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Writes the codes as they come; every vector's row and its cluster."""
        import numpy as np

        rows, owners = [], []
        for numbers, vectors in batches:
            with translated("build"):
                _, nearest = self._nearest.search(vectors, 1)
                codes = self._codec.sa_encode(vectors)
            into.write(codes.tobytes())
            rows.append(numbers)
            owners.append(nearest[:, 0].astype(np.int32))
        return np.concatenate(rows), np.concatenate(owners)

    def head(self, rows: NDArray[np.int64], owners: NDArray[np.int32]) -> bytes:
        """The file's head, see `clusters`; inside a cluster the rows keep their order."""
        import numpy as np

        sizes = np.bincount(owners, minlength=self.clusters)
        ordered = rows[np.argsort(owners, kind="stable")]
        floats = (self._centres, self._ranges)
        return b"".join(
            [
                *(np.ascontiguousarray(part, "<f4").tobytes() for part in floats),
                *(part.astype("<i8").tobytes() for part in (sizes, ordered)),
            ]
        )


def _every(stride: int, batches: Iterator[Batch]) -> Iterator[NDArray[np.float32]]:
    """Every so manieth vector, whatever the batches."""
    passed = 0
    for _, vectors in batches:
        yield vectors[-passed % stride :: stride].copy()  # or each keeps its whole batch
        passed += len(vectors)


def _ordered(
    unordered: IO[bytes], owners: NDArray[np.int32], dimensions: int
) -> Iterator[NDArray[np.uint8]]:
    """The codes, cluster by cluster, a piece at a time."""
    import numpy as np

    unordered.flush()
    codes = np.memmap(unordered, np.uint8, "r", shape=(len(owners), dimensions))
    order = np.argsort(owners, kind="stable")
    for at in range(0, len(order), _PIECE):
        yield codes[order[at : at + _PIECE]]


def _keep(folder: Path, stamp: Stamp, head: bytes, *, codes: Iterator[NDArray[np.uint8]]) -> None:
    """Puts the file in place and then its stamp, and removes what they replace."""
    path = folder / stamp.name
    digest = sha256(head)
    with files.replacing(path) as file:
        file.write(head)
        for piece in codes:
            content = piece.tobytes()
            digest.update(content)
            file.write(content)
    changed = path.stat().st_mtime_ns
    files.stamped(folder, sealed(replace(stamp, mtime_ns=changed, whole=digest.hexdigest())))
    files.clear(folder, keep=stamp.name)
