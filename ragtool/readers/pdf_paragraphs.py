"""Lines to paragraphs, by what printers do: a wider gap, an indent, a line that ends
early, another size of letters. Words parted at a line's end are put together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ragtool.readers.pdf_layout import Line

_ITEM = re.compile(r"[•‣◦▪■●○–—*·➢✓-]\s|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]\s")
_BULLET = re.compile(r"[•‣◦▪■●○➢✓]")
_ENDED = re.compile(r"[.!?:…。！？؟۔][^\w\s]*$")  # noqa: RUF001 (Chinese and Arabic)
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PARTED = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)[-\u2010]$")
# In letters' sizes, about two letters each.
_NARROWEST = 12
_HYPHENS = ("-", "\u2010")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """size: of its letters, in points."""

    text: str
    size: float


@dataclass(frozen=True, slots=True)
class _Column:
    """What is usual in a column. left, right: its edges; leading: from one line to the
    next; size: of its letters; all in points."""

    left: float
    right: float
    leading: float
    size: float

    @property
    def wraps(self) -> bool:
        """Whether it is wide enough for lines that go on in the next."""
        return self.right - self.left > _NARROWEST * self.size

    def is_heading(self, line: Line) -> bool:
        """Whether a line is in plainly larger letters."""
        return line.size > 1.15 * self.size


def vocabulary(columns: Iterable[Sequence[Line]]) -> Counter[str]:
    """How often each word stands unbroken in the lines, in small letters."""
    counts: Counter[str] = Counter()
    for lines in columns:
        for line in lines:
            found = _WORDS.findall(line.text.casefold())
            parted = line.text.rstrip().endswith(_HYPHENS)
            counts.update(found[:-1] if parted else found)
    return counts


def paragraphs(lines: Sequence[Line], known: Counter[str]) -> list[Paragraph]:
    """The paragraphs of a column. known: the document's `vocabulary`."""
    column = _usual(lines)
    groups: list[list[Line]] = []
    for line in lines:
        if groups and not _begins(groups[-1], line, column=column):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [Paragraph(_joined(group, known), group[0].size) for group in groups]


def _usual(lines: Sequence[Line]) -> _Column:
    steps = [above.base - line.base for above, line in pairwise(lines) if _alike(above, line)]
    steps = [step for step in steps if step > 0]
    return _Column(
        left=min((line.left for line in lines), default=0.0),
        right=max((line.right for line in lines if not line.celled), default=0.0),
        leading=median(steps) if len(steps) >= 3 else 0.0,
        size=median(line.size for line in lines),
    )


def _alike(first: Line, second: Line) -> bool:
    return abs(first.size - second.size) <= 0.08 * max(first.size, second.size)


def _begins(group: Sequence[Line], line: Line, *, column: _Column) -> bool:
    """Whether a line begins a paragraph, after those of the one before."""
    last = group[-1]
    if last.celled or line.celled or not _alike(last, line) or _BULLET.match(line.text):
        return True
    step = last.base - line.base
    usual = group[0].base - group[1].base if len(group) > 1 else column.leading or 1.5 * line.size
    # A heading of two lines may be set wider than the text below it.
    usual = max(min(usual, 2.5 * line.size), 0.8 * line.size)
    if step > 1.25 * max(usual, column.leading if len(group) == 1 else 0.0) or step < 0:
        return True
    if _centred(last, line, column=column):
        free = (column.right - column.left) - (last.right - last.left)
        return not column.is_heading(line) and free > line.first_word + 1.2 * line.size
    return _begins_by_edges(group, line, column=column)


def _begins_by_edges(group: Sequence[Line], line: Line, *, column: _Column) -> bool:
    """By where the lines begin and end, gaps and letters being alike."""
    last, indent = group[-1], 0.8 * line.size
    ended, small = bool(_ENDED.search(last.text)), line.text[:1].islower()
    room = column.right - last.right
    early = room > line.first_word + 1.2 * line.size
    if _ITEM.match(line.text) and (ended or early or _ITEM.match(group[0].text)):
        return True
    if not column.wraps and not small and not column.is_heading(line):
        return True
    if small or last.text.endswith(_HYPHENS):
        return early and room > 0.5 * (column.right - column.left)
    if line.left > last.left + indent:
        return early or (ended and not _ITEM.match(last.text))
    if line.left < last.left - indent:
        # The first line of a paragraph may be indented, a little, and is full.
        deep = line.left < last.left - 1.8 * line.size
        return early or len(group) > 1 or (deep and ended)
    return early and (ended or room > 0.25 * (column.right - column.left))


def _centred(last: Line, line: Line, *, column: _Column) -> bool:
    """Whether both lines are set around the same middle, neither filling the column."""
    middles = (last.left + last.right) / 2, (line.left + line.right) / 2
    slack = min(last.left, line.left) - column.left
    return abs(middles[0] - middles[1]) < 0.3 * line.size and slack > line.size


def _joined(lines: Sequence[Line], known: Counter[str]) -> str:
    text = ""
    for line in lines:
        text = _with(text, line.text, known)
    return text.replace("\u00ad", "")


def _with(text: str, line: str, known: Counter[str]) -> str:
    """The text so far and the line below it as one."""
    if text.endswith("\u00ad"):
        return text + line
    parted = _PARTED.search(text)
    following = _WORDS.match(line)
    if parted and following and line[0].islower():
        return text + line if _compound(parted[1], following[0], known) else text[:-1] + line
    if text.endswith(_HYPHENS) and line[:1].isalnum() and text[-2:-1].isalnum():
        return text + line
    if not text or (_unspaced(text[-1]) and _unspaced(line[:1] or " ")):
        return text + line
    return f"{text} {line}"


def _compound(first: str, second: str, known: Counter[str]) -> bool:
    """Whether a hyphen at a line's end is the word's own: the document writes it so
    elsewhere, or writes both halves as words and never the two as one."""
    first, second = first.casefold(), second.casefold()
    whole, hyphened = known[first + second], known[f"{first}-{second}"]
    if whole or hyphened:
        return hyphened > whole
    return bool(known[first] and known[second])


def _unspaced(letter: str) -> bool:
    """Whether a script without spaces: Chinese, Japanese, their punctuation, Thai."""
    return (
        "\u3000" <= letter <= "\u9fff"
        or "\u0e00" <= letter <= "\u0e7f"
        or "\uff00" <= letter <= "\uffef"
    )
