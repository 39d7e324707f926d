"""The nouns of ragtool: what one stage hands to the next.

Every record is frozen: a stage makes new records and changes none. Spans are
half-open `[start, end)` and count Unicode code points of the stored text of
one document, so that `document.text[start:end]` is the quoted text to the
letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Verdict = Literal["supported", "partly_supported", "unsupported"]
Status = Literal["answered", "not_found"]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range `[start, end)` of code points in a document's text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start

    def holds(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    def of(self, text: str) -> str:
        """The slice of `text` that the span names."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Document:
    """One file, or one part of a file, as read: its text, and what it says about itself.

    path: absolute, in the platform's own form; of a part, such as a mail's
    attachment, the file's path with the part's name below it. sha256: hex
    digest of the bytes of the file on the disk. date: publication date as the
    file states it, ISO 8601, possibly only "2024" or "2024-06". source: the outlet or sender.
    pages: code point offset at which each page begins, empty where the format
    has no pages. language: ISO 639-1 code, as detected when it is
    indexed; None where not sure.
    """

    path: str
    sha256: str
    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None
    source: str | None = None
    pages: tuple[int, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document. paragraph counts from 1."""

    span: Span
    paragraph: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences of one document, the unit of retrieval.

    chunk_id: stable name, the same for the same text at the same path.
    sentences: the chunk's sentences in order; the first begins where the
    chunk begins and the last ends where it ends.
    """

    chunk_id: str
    document: Document
    span: Span
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """The chunk's own words."""
        return self.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search may see; None lets everything through.

    since, until: ISO 8601 dates, both inclusive; a document without a date
    passes neither. source: a part of the outlet's name, case ignored.
    path: a glob over the path. language: ISO 639-1 code.
    """

    since: str | None = None
    until: str | None = None
    source: str | None = None
    path: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk. rank counts from 1; score is in [0, 1], higher is better.

    copies: paths of the documents that are the same article, see `copies`.
    """

    rank: int
    score: float
    chunk: Chunk
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that an answer may rest on.

    score: how well it fits the question, higher is better. chunk: the
    retrieved chunk that it was found through.
    """

    chunk: Chunk
    sentence: Sentence
    score: float

    @property
    def document(self) -> Document:
        """The document that the sentence stands in."""
        return self.chunk.document

    @property
    def text(self) -> str:
        """The sentence's own words."""
        return self.sentence.span.of(self.chunk.document.text)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked: a system text and one user turn in parts.

    The parts are one text to the model. Where a part ends, the generator may
    keep what it has read for the next prompt that begins alike.
    """

    system: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator wrote, unchecked, and what it cost."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a generator thinks of a question of yes or no, without a word written.

    odds: log P(the reply's first token begins a word of yes) - log P(... of no),
    natural logarithm; above 0 yes is likelier.
    """

    odds: float


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a generator read a question after the passages that may answer it.

    mass, peak: how much its attention heads, while they read the question, look at
    each of some places of the passages; float32 (layers, heads, places). mass: the
    sum over the place's tokens, mean over the question's; peak: the highest of one
    token to another; both in [0, 1]. states: what each layer hands on of the
    question's tokens, float32 (layers, tokens, n). All are empty where the generator
    does not tell.
    """

    mass: NDArray[np.float32]
    peak: NDArray[np.float32]
    states: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attribution:
    """One link of the chain from the words to the page.

    span: where the speaker's name stands in the document of the citation.
    """

    speaker: str
    cue: str
    citation: int
    span: Span


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words that an answer rests on. number counts from 1.

    page and paragraph count from 1; page is None where the format has none.
    """

    number: int
    chunk_id: str
    document: Document
    span: Span
    paragraph: int
    page: int | None

    @property
    def quote(self) -> str:
        """The cited words to the letter."""
        return self.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer: the numbers of its citations, the verdict of
    the check, and who said it, innermost speaker first."""

    text: str
    citations: tuple[int, ...]
    verdict: Verdict
    attribution: tuple[Attribution, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which model answered, or chose the sentences of a summary, and how it was set.

    sha256: of its file; for a model of several, of the list of their hashes.
    """

    name: str
    sha256: str
    seed: int = 0
    temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexCard:
    """Which index was asked. fingerprint: hex digest over its whole content."""

    fingerprint: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How a question was asked: what has to be the same to get the same answer again.

    k: how many chunks were to be retrieved. ragtool: the version that answered.
    """

    k: int
    filters: Filters
    ragtool: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer. With status "not_found", text, sentences and citations
    are empty and nearest holds up to three citations that came closest."""

    question: str
    status: Status
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...]
    retrieved: tuple[Hit, ...]
    model: ModelCard
    index: IndexCard
    settings: AnswerSettings
    timings: Mapping[str, int] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A checked paragraph over one or more documents."""

    documents: tuple[Document, ...]
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    model: ModelCard
    timings: Mapping[str, int] = field(default_factory=dict)
