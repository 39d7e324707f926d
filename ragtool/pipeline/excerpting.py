"""Documents to the sentences that may stand in a summary, each in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ragtool import chunking, salience
from ragtool.attribution import Link
from ragtool.citations import Cited
from ragtool.protocols import Embedder, Vectors
from ragtool.quoting import chain_of, in_own_words, naming, shown_names
from ragtool.records import Chunk, Document, Evidence
from ragtool.reports import Progress
from ragtool.salience import (
    ADDRESSED,
    HEARSAY,
    LEANS,
    LOOSE,
    NEARNESS,
    OPENING,
    PIECES,
    POINTS_BACK,
    SLIGHT,
    Statement,
    is_hearsay,
)
from ragtool.sentences import sentences
from ragtool.shortening import opened, shortened
from ragtool.standing import (
    is_addressed,
    is_known_speaker,
    is_loose,
    is_loosely_attributed,
    is_slight,
    is_statement,
    is_told_by_writer,
    is_unattributed,
    leans,
    points_back,
)
from ragtool.words import stems

# Chunks of a document whose sentences are looked at one by one; a longer one is
# gone through chunk by chunk first. BATCH: how many are embedded at a time.
CHUNKS, BATCH = 24, 64
# Sentences of a document that are held against each other.
SENTENCES = 80
# Words of sentences that a summary of a document can be made of.
ENOUGH = 100
# Words of a sentence that is not shortened.
SHORT = 26
# A sentence bears on the topic when it is as near to it as this share of the nearest; where
# none is as near as NEAREST, nothing does.
BEARS, NEAREST = 0.6, 0.25

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence of a document as a summary may have it: what it cites, and what it brings."""

    cited: Cited
    statement: Statement


class Excerpts:
    """The sentences of some documents that may stand in one summary.

    vectors: float32 (n, d), those of the excerpts in their order.
    """

    def __init__(self, found: Sequence[Excerpt], vectors: Vectors, *, headline: str) -> None:
        self.all = list(found)
        self.vectors = vectors
        self._headline = headline

    def chosen(self, *, least: int, most: int, without: frozenset[int] = frozenset()) -> list[int]:
        """Which of them make the best paragraph of so many words, in the order of the sources."""
        kept = [at for at in range(len(self.all)) if at not in without]
        statements = [self.all[at].statement for at in kept]
        weight = salience.weights(statements, headline=self._headline)
        return [kept[at] for at in salience.choose(statements, weight, least=least, most=most)]


def excerpts(
    documents: Sequence[Sequence[Chunk]],
    embedder: Embedder,
    *,
    about: str | None,
    report: Report,
) -> Excerpts:
    """What may stand in a summary of the documents, each given by its chunks.

    about: a topic; what does not bear on it is left out.
    """
    found: list[Excerpt] = []
    rows: list[Vectors] = []
    for number, chunks in enumerate(documents):
        for excerpt, row in _of_document(number, chunks, embedder, about=about, report=report):
            found.append(excerpt)
            rows.append(row)
    if about is not None:
        scores = [one.cited.evidence[0].score for one in found]
        kept = [at for at, score in enumerate(scores) if score >= max(NEAREST, BEARS * max(scores))]
        found, rows = [found[at] for at in kept], [rows[at] for at in kept]
    titles = [chunks[0].document.title or "" for chunks in documents if chunks]
    headline = " ".join([*titles, about or ""])
    return Excerpts(found, _stacked(rows, embedder.dimensions), headline=headline)


def _of_document(
    number: int, chunks: Sequence[Chunk], embedder: Embedder, *, about: str | None, report: Report
) -> list[tuple[Excerpt, Vectors]]:
    """The document's excerpts with their vectors; where it has hardly any sentences that
    state something, its other lines too."""
    if not chunks:
        return []
    vector = embedder.embed([about or _topic(chunks[0].document)])[0]
    read = _read(chunks, vector, embedder, topic=about, report=report)
    found: list[tuple[Excerpt, Vectors]] = []
    for fits in (is_statement, is_loose):
        whole = _Whole(number, chunks[0].document, read, length=chunks[-1].span.end)
        found = list(whole.excerpts(fits, vector, embedder, about=about))
        if sum(one.statement.words for one, _ in found) >= ENOUGH:
            break
    return found


def _topic(document: Document) -> str:
    """What a document is about, as news says it: in the headline and the first sentences."""
    opening = sentences(document.text[:4000])[:3]
    return " ".join([document.title or "", *(one.span.of(document.text) for one in opening)])


def _bearing(evidence: Sequence[Evidence], meaning: Vectors, topic: str) -> list[float]:
    """How much each sentence bears on the topic, by meaning and by words, in about [0, 1]."""
    return [
        0.5 * max(0.0, float(near)) + 0.5 * _held(topic, one.text)
        for one, near in zip(evidence, meaning, strict=True)
    ]


def _held(topic: str, text: str) -> float:
    wanted = frozenset(stems(topic))
    return len(wanted & frozenset(stems(text))) / max(1, len(wanted))


def _read(
    chunks: Sequence[Chunk],
    vector: Vectors,
    embedder: Embedder,
    *,
    topic: str | None,
    report: Report,
) -> list[Chunk]:
    """The chunks to be read sentence by sentence, in order: all of a short document, of
    a long one those nearest to the topic, or else the nearest of each of its pieces."""
    if len(chunks) <= CHUNKS:
        return list(chunks)
    near: list[float] = []
    for at in range(0, len(chunks), BATCH):
        part = chunks[at : at + BATCH]
        texts = [chunking.embedded_text(one) for one in part]
        near += [float(one) for one in embedder.embed(texts) @ vector]
        report(Progress("reading", len(near), len(chunks), "chunks"))
    if topic is not None:
        near = [0.5 * one + 0.5 * _held(topic, c.text) for one, c in zip(near, chunks, strict=True)]
        pieces = [range(len(chunks))]
    else:
        size = -(-len(chunks) // PIECES)
        pieces = [range(at, min(at + size, len(chunks))) for at in range(0, len(chunks), size)]
    kept = [
        at
        for piece in pieces
        for at in sorted(piece, key=lambda at: (-near[at], at))[: CHUNKS // len(pieces)]
    ]
    return [chunks[at] for at in sorted(kept)]


class _Whole:
    """A document that excerpts are taken from."""

    def __init__(
        self, number: int, document: Document, read: Sequence[Chunk], *, length: int
    ) -> None:
        self._number = number
        self._document = document
        self._read = read
        self._length = max(1, length)
        self._usual = 0.0
        self._first = 0
        self._writer = document.author or document.source or "The author"

    def excerpts(
        self,
        fits: Callable[[str], bool],
        topic: Vectors,
        embedder: Embedder,
        *,
        about: str | None,
    ) -> Iterator[tuple[Excerpt, Vectors]]:
        """Those nearest to the topic of the sentences that fit, in order, with their vectors."""
        evidence = [
            Evidence(chunk, sentence, 0.0)
            for chunk in self._read
            for sentence in chunk.sentences
            if fits(" ".join(sentence.span.of(self._document.text).split()))
        ]
        vectors = embedder.embed([one.text for one in evidence])
        near = (
            salience.nearness(vectors, topic)
            if about is None
            else _bearing(evidence, vectors @ topic, about)
        )
        order = sorted(range(len(evidence)), key=lambda at: (-near[at], at))[:SENTENCES]
        self._usual = sum(near) / max(1, len(near))
        for at in sorted(order):
            excerpt = self._excerpt(replace(evidence[at], score=near[at]))
            if excerpt is not None:
                yield excerpt, vectors[at]

    def _excerpt(self, evidence: Evidence) -> Excerpt | None:
        """The sentence as it may stand alone; None where it would lose its speaker."""
        text = self._document.text
        chain = chain_of(evidence, "")
        own = in_own_words(evidence, chain)
        if is_unattributed(own, chain) or is_loosely_attributed(chain, text):
            return None
        shown = shortened(opened(own), most=SHORT)
        if not chain and is_told_by_writer(shown):
            shown = f"{self._writer} writes: {shown}"
        cited = naming((evidence,), shown_names(evidence, chain), chunks=self._read)
        return Excerpt(
            Cited(shown, cited, "supported", tuple(chain), mended=True),
            self._statement(shown, own, chain, evidence),
        )

    def _statement(
        self, shown: str, own: str, chain: Sequence[Link], evidence: Evidence
    ) -> Statement:
        text, start = self._document.text, evidence.sentence.span.start
        worth = NEARNESS * (evidence.score - self._usual)
        worth += OPENING * (self._first == 0)
        self._first += 1
        worth -= LEANS * leans(shown)
        worth -= LOOSE * (not is_statement(own))
        known = any(is_known_speaker(link.speaker.of(text)) for link in chain)
        worth -= POINTS_BACK * (points_back(shown) or known)
        worth -= ADDRESSED * (is_addressed(shown) and own[:1] == text[start : start + 1])
        worth -= SLIGHT * is_slight(shown)
        worth -= HEARSAY * (bool(chain) and is_hearsay(chain[-1].speaker.of(text)))
        return Statement(
            shown,
            salience.brought(
                shown,
                speakers=[link.speaker.of(text) for link in chain],
                place=(self._number, start),
                piece=PIECES * start // self._length,
            ),
            worth,
            (self._number, start),
        )


def _stacked(rows: Sequence[Vectors], dimensions: int) -> Vectors:
    import numpy as np

    return np.stack(rows) if rows else np.zeros((0, dimensions), dtype=np.float32)
