"""Documents to chunks: runs of whole sentences, the unit of retrieval.

What a sentence is, `ragtool.sentences` says. A chunk is a span of the stored
text; the title and date that help an embedder are added by `embedded_text`
and are never part of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ragtool.paragraphs import paragraphs
from ragtool.records import Chunk, Document, Sentence, Span
from ragtool.sentences import count_words, sentences

__all__ = ["chunks", "embedded_text", "paragraphs", "sentences"]

_HEADING_WORDS = 16
_HEADING_ROW = 3
_SENTENCE_END = re.compile(r"[.!?…。！？,;][^\w\s]*$")  # noqa: RUF001 (Chinese full stops)
_LIST_ITEM = re.compile(r"[-*+•·–—|]|\d{1,3}[.)]\s")
_MARKUP = " \t\n#*_=-"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence as packing sees it. heading: it must not end a chunk.
    closes: it ends its paragraph."""

    sentence: Sentence
    words: int
    heading: bool
    closes: bool


def chunks(document: Document, *, words: int = 180) -> tuple[Chunk, ...]:
    """The document's sentences, each in exactly one chunk, in order.

    A chunk has at most about `words` words and ends at a paragraph's end where
    one lies in its second half. A heading goes with what follows it; a tail of
    less than a sixth of `words` goes with the chunk before. Only then, or when
    one sentence alone is longer, is a chunk longer than `words`.
    """
    packed = list(_packed(_pieces(document.text), words))
    if len(packed) > 1 and _length(packed[-1]) < words / 6:
        packed[-2:] = [packed[-2] + packed[-1]]
    return tuple(_chunk(document, pieces) for pieces in packed)


def embedded_text(chunk: Chunk) -> str:
    """What the embedder reads: the chunk under its document's title and date,
    or the chunk alone where it begins with the title."""
    title, date = chunk.document.title, chunk.document.date
    if title and chunk.text.lstrip(_MARKUP).startswith(title):
        return chunk.text
    head = f"{title} ({date})" if title and date else title or date
    return f"{head}\n{chunk.text}" if head else chunk.text


def _pieces(text: str) -> list[_Piece]:
    """The sentences of the text, measured."""
    by_paragraph = [
        list(group) for _, group in groupby(sentences(text), key=lambda each: each.paragraph)
    ]
    headings = _headings([_looks_like_heading(text, group) for group in by_paragraph])
    return [
        _Piece(sentence, count_words(sentence.span.of(text)), heading, sentence is group[-1])
        for group, heading in zip(by_paragraph, headings, strict=True)
        for sentence in group
    ]


def _headings(candidates: Sequence[bool]) -> list[bool]:
    """Which of the paragraphs that look like headings are some: those right above
    prose. A longer row of them is a list, and only its last may be a heading."""
    headings = [False] * len(candidates)
    row = 0
    for place, candidate in enumerate(candidates):
        if not candidate and row:
            first = place - (row if row <= _HEADING_ROW else 1)
            headings[first:place] = [True] * (place - first)
        row = row + 1 if candidate else 0
    return headings


def _looks_like_heading(text: str, paragraph: Sequence[Sentence]) -> bool:
    """Whether a paragraph is short, without an end, and no item of a list."""
    line = text[paragraph[0].span.start : paragraph[-1].span.end]
    if len(paragraph) > 1 or len(line) > 240 or _LIST_ITEM.match(line):
        return False
    return not _SENTENCE_END.search(line[-8:]) and count_words(line) <= _HEADING_WORDS


def _packed(pieces: Sequence[_Piece], words: int) -> Iterator[list[_Piece]]:
    """Greedy packing; what a cut leaves over begins the next chunk."""
    held: list[_Piece] = []
    length = 0
    for piece in pieces:
        while length + piece.words > words and (cut := _cut(held, length, words=words)):
            yield held[:cut]
            held = held[cut:]
            length = _length(held)
        held.append(piece)
        length += piece.words
    if held:
        yield held


def _cut(held: Sequence[_Piece], length: int, *, words: int) -> int:
    """After how many pieces to close a chunk: at the last paragraph's end in its
    second half, else after all; never after a heading. 0 where there is no place."""
    for count in range(len(held), 0, -1):
        if length < words / 2:
            break
        if held[count - 1].closes and not held[count - 1].heading:
            return count
        length -= held[count - 1].words
    return next((n for n in range(len(held), 0, -1) if not held[n - 1].heading), 0)


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(piece.words for piece in pieces)


def _chunk(document: Document, pieces: Sequence[_Piece]) -> Chunk:
    """The pieces as a chunk of the document."""
    span = Span(pieces[0].sentence.span.start, pieces[-1].sentence.span.end)
    return Chunk(
        chunk_id=_chunk_id(document, span),
        document=document,
        span=span,
        sentences=tuple(piece.sentence for piece in pieces),
    )


def _chunk_id(document: Document, span: Span) -> str:
    """16 hex digits, the same for the same words at the same place of the same file."""
    name = f"{document.path}\0{document.sha256}\0{span.start}\0{span.end}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
