"""Hits to the sentences worth reading.

Prefill dominates the time of an answer, so the model reads sentences, not
chunks: those that fit the question, by meaning and by words, each with its
neighbours, because the speaker often stands in the sentence before or after.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ragtool.protocols import Embedder, Vectors
from ragtool.records import Chunk, Evidence, Hit, Sentence
from ragtool.words import stems

# Shares of the three signals in a sentence's score.
MEANING, WORDS, CHUNK = 0.4, 0.4, 0.2
# What a word of the question counts that stands only in a neighbouring sentence.
NEAR = 0.4
# How many documents are read, and how far behind the best one another may be in
# score: what other documents say of like matters misleads a small model.
DOCUMENTS, BEHIND = 2, 0.15


@dataclass(frozen=True, slots=True)
class _Candidate:
    chunk: Chunk
    at: int
    hit_score: float

    @property
    def sentence(self) -> Sentence:
        return self.chunk.sentences[self.at]

    @property
    def text(self) -> str:
        return self.sentence.span.of(self.chunk.document.text)

    @property
    def key(self) -> tuple[str, int]:
        return self.chunk.document.path, self.sentence.span.start


def rank(
    question: str, hits: Sequence[Hit], *, question_vector: Vectors, embedder: Embedder
) -> tuple[Evidence, ...]:
    """Every sentence of the hits with its score in [0, 1], best first.

    question_vector: float32 (dimensions,), of unit length.
    """
    candidates = [
        _Candidate(hit.chunk, at, hit.score)
        for hit in hits
        for at in range(len(hit.chunk.sentences))
    ]
    if not candidates:
        return ()
    vectors = embedder.embed([candidate.text for candidate in candidates])
    meaning = vectors @ question_vector
    overlap = _overlaps(question, candidates)
    scored = [
        Evidence(
            candidate.chunk,
            candidate.sentence,
            float(MEANING * max(0.0, float(near)) + WORDS * words + CHUNK * candidate.hit_score),
        )
        for candidate, near, words in zip(candidates, meaning, overlap, strict=True)
    ]
    return tuple(sorted(scored, key=lambda e: (-e.score, e.document.path, e.sentence.span.start)))


def focused(ranked: Sequence[Evidence], hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The sentences of the documents that fit best, in the order given.

    hits: in the order of their rank.
    """
    near = [hit for hit in hits if hit.score >= hits[0].score - BEHIND]
    paths = list(dict.fromkeys(hit.chunk.document.path for hit in near))[:DOCUMENTS]
    return tuple(one for one in ranked if one.document.path in paths)


def select(
    ranked: Sequence[Evidence], *, budget: int, cost: Callable[[str], int]
) -> tuple[Evidence, ...]:
    """The best sentences with their neighbours, in reading order.

    budget: what all of them together may cost; cost: of a text, in tokens. The
    best sentence is always taken. Documents come in the order of their best
    sentence. A headline is none of them where there is anything else: it stands
    above what is read, and says it shorter than the article, without who said so.
    """
    ranked = [one for one in ranked if one.text != one.document.title] or ranked
    scores = {_key(evidence): evidence for evidence in ranked}
    chosen: dict[tuple[str, int], Evidence] = {}
    spent = 0
    for evidence in ranked:
        group = [scores[key] for key in _around(evidence) if key in scores and key not in chosen]
        price = sum(cost(one.text) for one in group)
        if spent + price > budget:
            group = [evidence] if _key(evidence) not in chosen else []
            price = sum(cost(one.text) for one in group)
            if chosen and spent + price > budget:
                break
        spent += price
        chosen.update((_key(one), one) for one in group)
    return _in_reading_order(chosen.values())


def _around(evidence: Evidence) -> list[tuple[str, int]]:
    """Keys of the sentence before, the sentence itself and the one behind it."""
    sentences = evidence.chunk.sentences
    at = sentences.index(evidence.sentence)
    near = sentences[max(0, at - 1) : at + 2]
    return [(evidence.document.path, sentence.span.start) for sentence in near]


def _key(evidence: Evidence) -> tuple[str, int]:
    return evidence.document.path, evidence.sentence.span.start


def _in_reading_order(evidence: Collection[Evidence]) -> tuple[Evidence, ...]:
    best: dict[str, float] = {}
    for one in evidence:
        best[one.document.path] = max(best.get(one.document.path, -math.inf), one.score)
    return tuple(
        sorted(
            evidence, key=lambda e: (-best[e.document.path], e.document.path, e.sentence.span.start)
        )
    )


def _overlaps(question: str, candidates: Sequence[_Candidate]) -> list[float]:
    """The share of the question's words, by weight, that each sentence holds."""
    wanted = list(dict.fromkeys(stems(question)))
    held = {candidate.key: frozenset(stems(candidate.text)) for candidate in candidates}
    spread = Counter(stem for words in held.values() for stem in words)
    weight = {stem: math.log(1 + len(held) / (1 + spread[stem])) for stem in wanted}
    whole = sum(weight.values())
    if whole == 0:
        return [0.0] * len(candidates)
    return [_overlap(candidate, wanted, weight, held) / whole for candidate in candidates]


def _overlap(
    candidate: _Candidate,
    wanted: Sequence[str],
    weight: dict[str, float],
    held: dict[tuple[str, int], frozenset[str]],
) -> float:
    own = held[candidate.key]
    near: set[str] = set()
    for sentence in candidate.chunk.sentences[max(0, candidate.at - 1) : candidate.at + 2]:
        near |= held.get((candidate.chunk.document.path, sentence.span.start), frozenset())
    title = frozenset(stems(candidate.chunk.document.title or ""))
    return sum(
        weight[stem] * (1.0 if stem in own else NEAR if stem in near or stem in title else 0.0)
        for stem in wanted
    )
