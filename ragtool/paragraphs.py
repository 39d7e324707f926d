"""Text to paragraphs, as spans.

A paragraph is a line that isn't blank; lines that were wrapped at a fixed
width, as mail and old text files have them, are joined to the paragraphs that
they were wrapped from. Only "\\n" ends a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragtool.records import Span

NARROWEST, WIDEST = 40, 120
"""Width in characters between which a block of lines may have been wrapped."""

_ITEM = re.compile(r"[-*+\u2022\u00b7\u2013\u2014#>|]|(?:\d{1,3}|[a-zA-Z])[.)]\s")
_PUNCTUATED = re.compile(r"[.!?:\u2026\u3002\uff01\uff1f][^\w\s]*$")


def paragraphs(text: str) -> tuple[Span, ...]:
    """The paragraphs in order, trimmed of white space.

    Every character that isn't white space lies in exactly one of them.
    """
    found: list[Span] = []
    block: list[Span] = []
    start = 0
    for line in text.split("\n"):
        span = trimmed(text, start, start + len(line))
        if span:
            block.append(span)
        else:
            found.extend(_unwrapped(text, block))
            block = []
        start += len(line) + 1
    found.extend(_unwrapped(text, block))
    return tuple(found)


def trimmed(text: str, start: int, end: int) -> Span | None:
    """`[start, end)` without the white space at its ends, None if that is all there is."""
    piece = text[start:end]
    kept = piece.strip()
    if not kept:
        return None
    start += len(piece) - len(piece.lstrip())
    return Span(start, start + len(kept))


def _unwrapped(text: str, block: Sequence[Span]) -> Iterator[Span]:
    """The paragraphs of a run of non-blank lines."""
    if not block:
        return
    begun = block[0].start
    for (line, below), joined in zip(pairwise(block), _joins(text, block), strict=True):
        if not joined:
            yield Span(begun, line.end)
            begun = below.start
    yield Span(begun, block[-1].end)


def _joins(text: str, block: Sequence[Span]) -> list[bool]:
    """For each break between two lines of the block whether wrapping made it."""
    lines = [span.of(text) for span in block]
    width = max(map(len, lines))
    if not NARROWEST <= width <= WIDEST:
        return [False] * (len(lines) - 1)
    breaks = [_Break.between(*pair, width=width) for pair in pairwise(lines)]
    wrapped = _looks_wrapped(breaks)
    return [wrapped and not each.at_item and (each.full or each.onward) for each in breaks]


@dataclass(frozen=True, slots=True)
class _Break:
    """The end of a line in a block. full: the next line's first word had no room
    left, give or take a few letters. onward: the next line begins with no
    capital. ended: a sentence ends here. at_item: the next line is a list's item."""

    full: bool
    onward: bool
    ended: bool
    at_item: bool

    @classmethod
    def between(cls, line: str, below: str, *, width: int) -> _Break:
        at_item = bool(_ITEM.match(below))
        return cls(
            full=len(line) + 1 + len(below.split(maxsplit=1)[0]) >= width - 4,
            onward=not below[0].isupper() and not at_item,
            ended=bool(_PUNCTUATED.search(line[-8:])),
            at_item=at_item,
        )


def _looks_wrapped(breaks: Sequence[_Break]) -> bool:
    """Most lines are full, and most breaks fall inside sentences."""
    inside = [each for each in breaks if not each.at_item]
    full = sum(each.full for each in inside)
    onward = sum(each.onward for each in inside)
    ended = sum(each.ended for each in inside)
    return (
        full >= 0.6 * len(inside) and onward >= max(1, len(inside) / 4) and 2 * ended <= len(inside)
    )
