"""Text from outside in a page: escaped, in paragraphs, with the cited words marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from ragtool.records import Span
from ragtool.rendering.harmless import harmless

WHOLE = 6000
"""Characters up to which a document is shown whole."""
AROUND = 400
"""Of a longer one, the paragraphs that come this near to the cited words are shown."""
_WRAPPED = 120  # characters; a longer line was not wrapped, so it is a paragraph

_LINE = re.compile(r"[^\n]*\S[^\n]*")


def lines_shown(text: str) -> str:
    """`text` harmless and escaped line by line, its line ends kept."""
    return "\n".join(map(shown, text.split("\n")))


def shown(text: str) -> str:
    """`text` as one harmless line, escaped for an element or an attribute in quotes."""
    return escape(harmless(text))


def shown_paragraphs(text: str, spans: Sequence[Span]) -> Iterator[Span | int]:
    """The paragraphs of `text` to be shown around `spans`, and for each gap how many it leaves out.

    All of a text of at most WHOLE characters.
    """
    left_out = 0
    for paragraph in _paragraphs(text):
        if len(text) <= WHOLE or any(
            paragraph.start < span.end + AROUND and span.start - AROUND < paragraph.end
            for span in spans
        ):
            if left_out:
                yield left_out
            left_out = 0
            yield paragraph
        else:
            left_out += 1
    if left_out:
        yield left_out


def _paragraphs(text: str) -> Iterator[Span]:
    """Lines with words; those that stand together and may have been wrapped are one."""
    begun = ended = 0
    joins = False
    for line in _LINE.finditer(text):
        short = len(line[0]) <= _WRAPPED
        if not (joins and short and line.start() == ended + 1):
            if ended:
                yield Span(begun, ended)
            begun = line.start()
        ended, joins = line.end(), short
    if ended:
        yield Span(begun, ended)


def marked(
    text: str, within: Span, marks: Mapping[int, Span], speakers: Sequence[Span], key: str
) -> str:
    """`within` with the cited words in `<mark>`, an anchor where each begins, and
    a way back where it ends."""
    told = []
    for piece in _pieces(within, marks.values()):
        begin = [number for number, span in marks.items() if span.start == piece.start]
        end = [number for number, span in marks.items() if span.end == piece.end]
        inner = "".join(
            f"<b>{words}</b>" if _held(part, speakers) else words
            for part in _pieces(piece, speakers)
            if (words := lines_shown(part.of(text)))
        )
        told += [
            f'<span class="begin" id="{key}-m{number}">'
            f'<span class="away">Quote [{number}] begins: </span></span>'
            for number in begin
        ]
        told.append(f"<mark>{inner}</mark>" if _held(piece, marks.values()) else inner)
        told += [
            f' <a class="ref" href="#{key}-c{number}"'
            f' aria-label="[{number}] ends, back to the quote">[{number}]</a>'
            for number in end
        ]
    return "".join(told)


def _pieces(within: Span, spans: Iterable[Span]) -> Iterator[Span]:
    """`within` cut wherever one of the spans begins or ends."""
    edges = {edge for span in spans for edge in (span.start, span.end)}
    inside = {edge for edge in edges if within.start < edge < within.end}
    for start, end in pairwise(sorted({within.start, within.end, *inside})):
        yield Span(start, end)


def _held(piece: Span, spans: Iterable[Span]) -> bool:
    return any(span.holds(piece) for span in spans)


def inked(text: str, span: Span) -> Span | None:
    """The span without white space at its ends, which no paragraph begins or ends with."""
    words = span.of(text)
    start = span.end - len(words.lstrip())
    return Span(start, start + len(words.strip())) if words.strip() else None
