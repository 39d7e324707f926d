"""A page's words in reading order: rows, columns, lines.

Columns are found as Breuel's whitespace search does in its simplest case: an
upright strip that no word of several rows crosses, with prose on both sides.
Where the sides are short, as in tables and forms, a row is read across.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median

from ragtool.readers.pdf_words import Word

# In letters' sizes. A gutter is wider than the space between words; a cell's gap is
# wider than any that justified lines need.
_GUTTER = 0.8
_CELL_GAP = 2.0
_WORD_GAP = 0.22
# Columns of prose: so many rows in the longest, so many letters in a row of each.
_COLUMN_ROWS = 3
_COLUMN_LETTERS = 15
# An index or a list of names has shorter rows, and many.
_INDEX_ROWS = 20
_INDEX_LETTERS = 9
_DEEPEST = 6
_FURTHEST_BACK = 40  # rows

_LEADERS = re.compile(r" ?(?:\.[ .]{0,3}){4,}(?: |$)")

_Strip = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a column. left, right, base, size: in points. celled: it has gaps
    as a table's row has, or the dots of a list of contents."""

    text: str
    left: float
    right: float
    base: float
    size: float
    first_word: float
    celled: bool


def rows(words: Sequence[Word]) -> list[list[Word]]:
    """The words of one angle, those that stand side by side together, from the top
    down; raised and lowered letters go with the line that they belong to."""
    found: list[list[Word]] = []
    height = median(word.size for word in words) if words else 1.0
    # By height on the page, so that a word meets only the rows around it.
    shelves: defaultdict[int, list[list[Word]]] = defaultdict(list)
    for word in sorted(words, key=_foremost):
        near = (
            row
            for shelf in _shelves(word, height)
            for row in shelves[shelf]
            if _beside(row[0], word)
        )
        row = max(near, key=lambda each: _shared(each[0], word), default=None)
        if row is not None:
            row.append(word)
            continue
        found.append([word])
        for shelf in _shelves(word, height):
            shelves[shelf].append(found[-1])
    found.sort(key=lambda row: -row[0].base)
    return [sorted(row, key=lambda word: word.left) for row in found]


def _shelves(word: Word, height: float) -> range:
    first = int(word.base // height)
    return range(first, min(int(word.top // height), first + 100) + 1)


def _with_initials(words: Sequence[Word]) -> list[Word]:
    """The words, with an initial several lines high set down as a letter of the first."""
    usual = median(word.size for word in words) if words else 0.0
    large = [word for word in words if word.size > 1.8 * usual]
    alone = {id(row[0]) for row in rows(large) if len(row) == 1 and len(row[0].text) <= 2}
    return [
        replace(word, base=word.base + 0.7 * (word.size - usual), size=usual)
        if id(word) in alone
        else word
        for word in words
    ]


def _foremost(word: Word) -> tuple[float, int, float]:
    """Large words first, then long ones: these say best where a row is."""
    return -round(word.size), -len(word.text), -word.base


def _shared(first: Word, second: Word) -> float:
    return min(first.top, second.top) - max(first.base, second.base)


def _beside(first: Word, second: Word) -> bool:
    low, high = sorted((first.size, second.size))
    return _shared(first, second) > 0.3 * 0.7 * low and high < 2.2 * low


def columns(words: Sequence[Word]) -> list[list[Line]]:
    """The lines of the words, all of one angle, column by column in reading order."""
    words = _with_initials(words)
    least = _GUTTER * median(word.size for word in words)
    parts = _parts(words, least=least, turned=_mostly_leftward(words), depth=0)
    return [_lines(part) for part in parts]


def _parts(
    words: Sequence[Word], *, least: float, turned: bool, depth: int
) -> Iterator[list[Word]]:
    """The words of each stretch that is read straight down."""
    for band, strips in _bands(rows(words), least):
        sides = _sides(band, strips)
        if len(sides) < 2 or depth == _DEEPEST:
            yield band
            continue
        for side in sides[::-1] if turned else sides:
            yield from _parts(side, least=least, turned=turned, depth=depth + 1)


def _bands(page: Sequence[list[Word]], least: float) -> list[tuple[list[Word], list[_Strip]]]:
    """Runs of rows that leave the same strips free, and the strips; none where
    the rows go all the way across."""
    bands: list[tuple[list[Word], list[_Strip]]] = []
    free = [_free(row, least) for row in page]
    start = 0
    while start < len(page):
        end, strips = _run(free, start, least)
        words, strips = _closed(page[start:end], strips)
        if strips and end - start <= _FURTHEST_BACK and len(_sides(words, strips)) < 2:
            # A title's margin may have met the first row's gutter: try without it.
            words, strips, end = list(page[start]), [], start + 1
        bands.append((words, strips))
        start = end
    return _merged(bands)


def _run(free: Sequence[list[_Strip]], start: int, least: float) -> tuple[int, list[_Strip]]:
    """Where the rows end that share a strip with the one at `start`, and what they share."""
    strips = free[start]
    for end in range(start + 1, len(free)):
        both = _common(strips, free[end], least)
        if not both:
            return end, strips
        strips = both
    return len(free), strips


def _closed(held: Sequence[list[Word]], strips: list[_Strip]) -> tuple[list[Word], list[_Strip]]:
    words = [word for row in held for word in row]
    return words, _inner(strips, held)


def _inner(strips: Sequence[_Strip], held: Sequence[list[Word]]) -> list[_Strip]:
    """The strips with words on both sides."""
    left = min(word.left for row in held for word in row)
    right = max(word.right for row in held for word in row)
    return [strip for strip in strips if left < strip[0] and strip[1] < right]


def _merged(
    bands: Sequence[tuple[list[Word], list[_Strip]]],
) -> list[tuple[list[Word], list[_Strip]]]:
    """Neighbours that are read straight down become one."""
    merged: list[tuple[list[Word], list[_Strip]]] = []
    for words, strips in bands:
        strips = strips if len(_sides(words, strips)) > 1 else []
        if merged and not strips and not merged[-1][1]:
            merged[-1] = (merged[-1][0] + words, [])
        else:
            merged.append((words, strips))
    return merged


def _free(row: Sequence[Word], least: float) -> list[_Strip]:
    """The gaps of a row that are wide enough to be a gutter, with both margins."""
    gaps: list[_Strip] = []
    edge = float("-inf")
    for word in row:
        if word.left - edge >= least:
            gaps.append((edge, word.left))
        edge = max(edge, word.right)
    return [*gaps, (edge, float("inf"))]


def _common(first: Sequence[_Strip], second: Sequence[_Strip], least: float) -> list[_Strip]:
    """What both leave free, between the margins or as one of them."""
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second)
    strips = [strip for strip in both if strip[1] - strip[0] >= least]
    bounded = [s for s in strips if s[0] > float("-inf") and s[1] < float("inf")]
    return strips if bounded else []


def _sides(words: Sequence[Word], strips: Sequence[_Strip]) -> list[list[Word]]:
    """The words between the strips, as columns; one that is no column of prose goes
    with its neighbour."""
    cuts = sorted((left + right) / 2 for left, right in strips)
    sides: list[list[Word]] = []
    for _, group in groupby(
        sorted(words, key=lambda word: word.left),
        key=lambda word: sum(word.left >= cut for cut in cuts),
    ):
        side = list(group)
        if sides and not (_is_column(sides[-1]) and _is_column(side)):
            sides[-1] += side
        else:
            sides.append(side)
    return sides if max(len(rows(side)) for side in sides) >= _COLUMN_ROWS else [list(words)]


def _is_column(words: Sequence[Word]) -> bool:
    count = len(rows(words))
    least = _COLUMN_LETTERS if count < _INDEX_ROWS else _INDEX_LETTERS
    return sum(len(word.text) for word in words) >= least * count


def _lines(words: Sequence[Word]) -> list[Line]:
    leftward = _mostly_leftward(words)
    return [_line(row, leftward=leftward) for row in rows(words)]


def _line(row: Sequence[Word], *, leftward: bool) -> Line:
    ordered = _logical(row, leftward=leftward)
    texts = [ordered[0].text]
    for before, word in pairwise(ordered):
        texts += [" " * _apart(before, word), word.text]
    sizes: Counter[float] = Counter()
    for word in row:
        sizes[round(word.size, 1)] += len(word.text)
    size = sizes.most_common(1)[0][0]
    gaps = (b.left - a.right for a, b in pairwise(row))
    first = next((n for n, (a, b) in enumerate(pairwise(ordered)) if _apart(a, b)), len(row) - 1)
    opening = ordered[: first + 1]
    left, right = row[0].left, max(word.right for word in row)
    # Right to left, the frame is mirrored: what begins a line is at its left again.
    if leftward:
        left, right = -right, -left
    text, led = _LEADERS.subn(" … ", "".join(texts))
    return Line(
        text,
        left,
        right,
        base=row[0].base if len(row) == 1 else max(row, key=lambda word: word.size).base,
        size=size,
        first_word=max(w.right for w in opening) - min(w.left for w in opening),
        celled=led > 0 or any(gap > _CELL_GAP * size for gap in gaps),
    )


def _apart(before: Word, word: Word) -> bool:
    """Whether a space belongs between two neighbours."""
    gap = max(word.left - before.right, before.left - word.right)
    size = min(before.size, word.size)
    return gap > _WORD_GAP * size or word.spaced


def _logical(row: Sequence[Word], *, leftward: bool) -> list[Word]:
    """From the order on paper to that in which it is spoken: runs of words of the other
    direction stand the other way round (UAX 9, by words)."""
    ordered = list(row[::-1] if leftward else row)
    result: list[Word] = []
    for against, run in groupby(ordered, key=lambda word: _against(word, leftward=leftward)):
        words = list(run)
        result += words[::-1] if against else words
    return result


def _against(word: Word, *, leftward: bool) -> bool:
    return word.leftward != leftward and any(map(str.isalnum, word.text))


def _mostly_leftward(words: Sequence[Word]) -> bool:
    leftward = sum(len(word.text) for word in words if word.leftward)
    return leftward * 2 > sum(len(word.text) for word in words if any(map(str.isalpha, word.text)))
