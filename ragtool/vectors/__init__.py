"""Nearest neighbours among the chunks' vectors, by FAISS, in files derived from the store.

flat.py       exact, all vectors in memory: for up to some 100,000
clusters.py   compressed and mapped: finds candidates among millions
building.py   makes those clusters
layered.py    clusters with what came after them, scored exactly
files.py      writing aside, stamps, what is left over
library.py    FAISS itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ragtool.vectors.files import NAME, STAMP
from ragtool.vectors.flat import build, in_memory, open

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NAME", "STAMP", "Neighbours", "build", "in_memory", "open"]


class Neighbours(Protocol):
    """Vectors that can be searched, in whatever form."""

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
