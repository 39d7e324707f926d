"""A question to ranked hits: full text and vectors, fused.

Both halves rank every chunk that the filters let through. The scores are
fused by a convex combination of normalised scores (Bruch, Gai, Ingber 2022,
arXiv 2210.11934), which needs no ranks and keeps how far apart two hits are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ragtool.copies import ALIKE, overlap
from ragtool.protocols import Vectors
from ragtool.records import Chunk, Filters, Hit
from ragtool.store import Store
from ragtool.vectors import Neighbours
from ragtool.words import content_words, words

# How many of the best of each half are fused.
POOL = 64
# The share of the vectors' score; the rest is the full text's.
DENSE_SHARE = 0.5
# How many times as many hits are looked at as are wanted, for the copies among them.
COPIES = 3


def retrieve(
    question: str,
    *,
    question_vector: Vectors,
    store: Store,
    neighbours: Neighbours,
    k: int,
    filters: Filters,
) -> tuple[Hit, ...]:
    """The k best chunks, best first.

    question_vector: float32 (dimensions,), of unit length. Equal scores are
    ordered by chunk row, so that the order never changes between two runs.
    """
    allowed = store.allowed(filters)
    if allowed is not None and len(allowed) == 0:
        return ()
    lexical = dict(store.match(terms(question), limit=POOL, filters=filters))
    dense = dict(neighbours.search(question_vector, limit=POOL, allowed=allowed))
    ranked = fuse(lexical, dense)[: k * COPIES]
    return _without_copies(_read(ranked, store, k=k), store, k=k)


def _read(
    ranked: Sequence[tuple[int, float]], store: Store, *, k: int
) -> Iterator[tuple[float, Chunk]]:
    """The ranked chunks with their scores; k are read at a time, for most often that is all."""
    for at in range(0, len(ranked), k):
        some = ranked[at : at + k]
        chunks = store.chunks([row for row, _ in some])
        yield from zip((score for _, score in some), chunks, strict=True)


def _without_copies(
    scored: Iterable[tuple[float, Chunk]], store: Store, *, k: int
) -> tuple[Hit, ...]:
    """The first k hits of which none says what one before it says in a copy of its document."""
    hits: list[Hit] = []
    for score, chunk in scored:
        if len(hits) == k:
            break
        path = chunk.document.path
        if not any(path in hit.copies and _same(hit.chunk, chunk) for hit in hits):
            hits.append(Hit(len(hits) + 1, score, chunk, store.copies_of(path)))
    return tuple(hits)


def _same(one: Chunk, other: Chunk) -> bool:
    return overlap(one.text, other.text) >= ALIKE


def terms(question: str) -> tuple[str, ...]:
    """The words to look for, each once; all words when none carries meaning."""
    return tuple(dict.fromkeys(content_words(question) or words(question)))


def fuse(lexical: Mapping[int, float], dense: Mapping[int, float]) -> list[tuple[int, float]]:
    """Rows with their fused score in [0, 1], best first.

    lexical: BM25, higher is better, at least 0. dense: cosine. A row that one
    half did not find gets the lowest score that this half gave.
    """
    lexical_unit = _scaled(lexical, lowest=0.0)
    dense_unit = _scaled(dense, lowest=-1.0)
    lexical_floor = min(lexical_unit.values(), default=0.0) if len(lexical) >= POOL else 0.0
    dense_floor = min(dense_unit.values(), default=0.0)
    fused = {
        row: DENSE_SHARE * dense_unit.get(row, dense_floor)
        + (1 - DENSE_SHARE) * lexical_unit.get(row, lexical_floor)
        for row in lexical.keys() | dense.keys()
    }
    return sorted(fused.items(), key=lambda pair: (-pair[1], pair[0]))


def _scaled(scores: Mapping[int, float], *, lowest: float) -> dict[int, float]:
    """Scores scaled so that the lowest possible is 0 and the best seen is 1."""
    best = max(scores.values(), default=lowest)
    if best <= lowest:
        return dict.fromkeys(scores, 0.0)
    return {row: max(0.0, score - lowest) / (best - lowest) for row, score in scores.items()}
