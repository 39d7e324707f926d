"""Clusters with what came after them, every hit scored by its whole vector.

The clusters stay as they were built while the store goes on. What was added
since is searched exactly; what was removed has no vector any more and drops
out when the candidates are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ragtool.vectors.clusters import Clusters
from ragtool.vectors.flat import Flat
from ragtool.vectors.library import foreign

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Fetch: TypeAlias = Callable[[Sequence[int]], tuple[NDArray[np.int64], NDArray[np.float32]]]

# How many candidates are scored, at least and for each hit that is wanted.
CANDIDATES = 256
_EACH = 4


class Layered:
    """fetch: the rows among those given that still have a vector, with it."""

    def __init__(self, clusters: Clusters, recent: Flat, *, fetch: Fetch) -> None:
        self._clusters = clusters
        self._recent = recent
        self._fetch = fetch

    def search(
        self,
        query: NDArray[np.float32],
        *,
        limit: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> tuple[tuple[int, float], ...]:
        """As Flat.search; the scores are exact, and a near row may be missed."""
        dimensions = self._clusters.stamp.dimensions
        if limit < 1 or (allowed is not None and not len(allowed)):
            return ()
        if query.shape != (dimensions,):
            raise foreign(dimensions, asked=query.size)
        recent = [row for row, _ in self._recent.search(query, limit=limit, allowed=allowed)]
        wanted = max(CANDIDATES, _EACH * limit)
        while True:
            found = self._clusters.candidates(query, wanted=wanted, allowed=allowed)
            rows, vectors = self._fetch([*found.tolist(), *recent])
            if len(rows) - len(recent) >= limit or len(found) < wanted:
                break
            wanted *= 4  # most of them were removed since
        # Not by BLAS: there a row's last digits hang on the place where it stands.
        scores = (vectors * query).sum(axis=1)
        pairs = zip(rows.tolist(), scores.tolist(), strict=True)
        return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit])
