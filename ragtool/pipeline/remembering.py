"""The vectors of texts that were asked for lately: the same texts again need no work.

For a process that stays, as for what the language model replied: a question is
often asked once more. Only the same texts in the same order count, since
vectors of a text that was read beside others differ in the eighth digit, and
an answer is the same to the byte whatever was asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from ragtool.protocols import Embedder, Vectors

# A question makes some four calls, of 80 texts or so, 0.1 MB of vectors. Calls of many more
# are of summaries of long texts, which would fill the memory.
CALLS, TEXTS = 16, 512


class RememberingEmbedder:
    """An Embedder that gives the vectors of its last CALLS calls, of at most TEXTS texts, again."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[tuple[str, ...], Vectors] = OrderedDict()

    @property
    def fingerprint(self) -> str:
        """See `Embedder`."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`; the array can't be written to."""
        key = tuple(texts)
        vectors = self._known.get(key)
        if vectors is None:
            vectors = self._embedder.embed(key)
            vectors.flags.writeable = False
        if len(key) <= TEXTS:
            self._known[key] = vectors
            self._known.move_to_end(key)
        if len(self._known) > CALLS:
            self._known.popitem(last=False)
        return vectors
