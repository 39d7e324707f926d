"""The nouns of an evaluation: shares, means, and the figures that are made of them.

Every record is frozen. A figure that a question set has no gold for is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ragtool.records import IndexCard, ModelCard

Verdict = Literal["right", "wrong", "refused", "unjudged"]
"""right: the answer holds a gold answer. wrong: it holds none, or there is none.
refused: no answer was given, rightly or not. unjudged: there are only gold
answers in full sentences, and it repeats none of them to the letter."""


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, which is at least 1. interval: 95 %, by Wilson's formula, in [0, 1]."""

    count: int
    of: int
    interval: tuple[float, float]

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.count / self.of


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over `of` values. interval: 95 %, by the normal approximation; None for one value."""

    value: float
    of: int
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """Of the answerable questions with a gold document.

    documents, texts: by rank, the share for which a gold document, or the gold
    text, is among the hits up to it. mrr: of the first hit in a gold document,
    0 where none is.
    """

    documents: Mapping[int, Share]
    texts: Mapping[int, Share] | None
    mrr: Mean


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Of the answerable questions with gold answers; a refused one holds none.

    right: the answer holds a gold answer. f1: token F1, in [0, 1].
    """

    right: Share
    f1: Mean


@dataclass(frozen=True, slots=True)
class RefusalFigures:
    """How many were refused, of the unanswerable and, needlessly, of the answerable."""

    unanswerable: Share | None
    answerable: Share | None


@dataclass(frozen=True, slots=True)
class CitationFigures:
    """How well answers are cited.

    supporting: of the answered answerable questions, those with a cited span
    that holds a gold answer or overlaps the gold evidence; supporting_right:
    the same of the right answers. gold_documents: of their citations, those of
    a gold document. cited_sentences: of the sentences of all answers, those
    with a citation. altered: of all quotes, those that are not the stored text
    of their span to the letter.
    """

    supporting: Share | None
    supporting_right: Share | None
    gold_documents: Share | None
    cited_sentences: Share | None
    altered: Share | None


@dataclass(frozen=True, slots=True)
class WrongFigures:
    """Wrong answers that were shown, of the answerable questions with short gold
    answers, of the unanswerable, and, where there are short ones, of the answers to both."""

    answerable: Share | None
    unanswerable: Share | None
    answers: Share | None


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """Of the answerable questions with a gold chain of speakers: right, wrong, refused.

    innermost, chain: of the answered ones, those whose first sentence names
    the innermost speaker, or the whole chain, rightly.
    """

    right: Share
    wrong: Share
    refused: Share
    innermost: Share | None
    chain: Share | None


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of one kind or file, by verdict. What is none of the three is unjudged."""

    name: str
    questions: int
    answerable: int
    right: Share
    wrong: Share
    refused: Share


@dataclass(frozen=True, slots=True)
class SecondsFigures:
    """Seconds a question took, from asking to the checked answer."""

    mean: Mean
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that were cited, or came nearest. document: the file's name below `articles/`."""

    document: str
    paragraph: int
    quote: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that went wrong. verdict: "refused" needlessly, or "wrong".

    gold: its gold answers. answer, passages: what was said and cited, or the
    passages that came nearest.
    """

    question: str
    id: str | None
    file: str
    answerable: bool
    verdict: Verdict
    gold: tuple[str, ...]
    answer: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a question set.

    folder: absolute path of the set. total: questions in it; asked: of these,
    all or a sample; answerable: of the asked. k: hits a question.
    """

    folder: str
    total: int
    asked: int
    answerable: int
    k: int
    retrieval: RetrievalFigures | None
    answers: AnswerFigures | None
    refusals: RefusalFigures
    citations: CitationFigures
    wrong: WrongFigures
    speakers: SpeakerFigures | None
    kinds: tuple[Group, ...] | None
    files: tuple[Group, ...] | None
    seconds: SecondsFigures
    model: ModelCard
    index: IndexCard
    misses: tuple[Miss, ...]
