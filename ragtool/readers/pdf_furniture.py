"""Running heads, running feet and page numbers: what a page has for being a page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ragtool.readers.pdf_layout import rows
from ragtool.readers.pdf_words import Word

_EDGE_ROWS = 2
_OUTERMOST = frozenset({0, -1})
_MOST_WORDS = 16
_FEW_ROWS = 3  # a page of no more says nothing but these
_NEAR = 6.0  # points by which a running head may stand higher or lower
_NUMBER = re.compile(r"\d{1,4}")
_DIGITS = re.compile(r"[0-9]+")
_ROMAN = re.compile(r"[ivxlc]{1,7}")

# Rows, with their distance from the top edge, or from the bottom below 0.
_Edges = list[tuple[int, list[Word]]]


def without_furniture(pages: Sequence[Sequence[Word]]) -> list[list[Word]]:
    """Each page's words without the rows at its edges that repeat from page to page
    or carry its number."""
    edges = [list(_edges(page)) for page in pages]
    gone = _repeated(edges) | _numbered(edges)
    return [[word for word in page if id(word) not in gone] for page in pages]


def _edges(page: Sequence[Word]) -> Iterator[tuple[int, list[Word]]]:
    """The first and last rows of a page, with their distance from its edge."""
    level = rows([word for word in page if not word.angle])
    if len(level) > _FEW_ROWS:
        yield from enumerate(level[:_EDGE_ROWS])
        yield from ((-1 - n, row) for n, row in enumerate(level[: -1 - _EDGE_ROWS : -1]))


def _repeated(edges: Sequence[_Edges]) -> set[int]:
    """The words of rows that say the same, numbers aside, at the same height of three
    pages, or of both where there are two."""
    places: defaultdict[tuple[str, int], dict[int, list[Word]]] = defaultdict(dict)
    for number, page in enumerate(edges):
        for _, row in page:
            for shelf in _shelves(row):
                places[_DIGITS.sub("#", _said(row)), shelf][number] = row
    running = (found for found in places.values() if len(found) >= _least(edges))
    return {id(word) for found in running if _runs(found) for row in found.values() for word in row}


def _said(row: Sequence[Word]) -> str:
    return " ".join(word.text for word in row).casefold()


def _runs(found: Mapping[int, Sequence[Word]]) -> bool:
    """Whether each number in the rows, by page, mostly stays or rises with the pages, as
    those of headings don't."""
    counted = [
        [(int(digits[:9]), page) for digits in _DIGITS.findall(_said(row))]
        for page, row in found.items()
    ]
    for column in zip(*counted, strict=True):
        same = Counter(value for value, _ in column).most_common(1)[0][1]
        rising = Counter(value - page for value, page in column).most_common(1)[0][1]
        if max(same, rising) * 2 <= len(column):
            return False
    return True


def _numbered(edges: Sequence[_Edges]) -> set[int]:
    """The words of the outermost rows, at one height, that begin or end with a number
    that rises with the pages; of Roman numbers alone there, and of "1" under page 1."""
    counted: Counter[tuple[int, int]] = Counter()
    found: list[tuple[set[tuple[int, int]], list[Word]]] = []
    for index, page in enumerate(edges):
        for depth, row in page:
            if depth in _OUTERMOST:
                places = {(n - index, shelf) for n in _numbers(row) for shelf in _shelves(row)}
                counted.update(places)
                found.append((places, row))
    least = max(_least(edges), len(edges) // 4)
    usual = {place for place, times in counted.items() if times >= least}
    heights = {shelf for _, shelf in usual}
    gone = [row for places, row in found if places & usual]
    gone += [row for _, row in found if _is_roman(row) and heights & set(_shelves(row))]
    gone += [row for depth, row in (edges[0] if edges else []) if depth == -1 and _says_one(row)]
    return {id(word) for row in gone for word in row}


def _shelves(row: Sequence[Word]) -> range:
    """The heights at which a row stands, give or take a little."""
    shelf = round(row[0].base / _NEAR)
    return range(shelf - 1, shelf + 2)


def _least(edges: Sequence[_Edges]) -> int:
    """On how many pages a row must stand to be a running head."""
    return min(3, max(2, len(edges)))


def _numbers(row: Sequence[Word]) -> set[int]:
    ends = {row[0].text, row[-1].text} if len(row) <= _MOST_WORDS else set()
    stripped = (each.strip("-–—|.[]()") for each in ends)
    return {int(each) for each in stripped if _NUMBER.fullmatch(each)}


def _says_one(row: Sequence[Word]) -> bool:
    return len(row) == 1 and _numbers(row) == {1}


def _is_roman(row: Sequence[Word]) -> bool:
    return len(row) == 1 and bool(_ROMAN.fullmatch(row[0].text.casefold()))
