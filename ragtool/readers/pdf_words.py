"""A PDF page's words and where they stand, as PDFium finds them.

What is read here: letters, places, sizes and directions. What order the words
are read in is `pdf_layout`'s to say. Every word is given in a frame turned so
that its line runs from left to right, y upwards, which makes text at right
angles and turned pages like any other.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ragtool.errors import ReadError

MAX_CHARACTERS_PER_PAGE = 200_000
MAX_OBJECTS_PER_PAGE = 200_000
_SMALLEST = 0.5  # points; a page of smaller letters would have rows without number
UNKNOWN = "\ufffd"

_HYPHENS_AT_LINE_END = {0x02, 0xFFFE}  # PDFium's own marks for it
# Latin, Armenian, Hebrew and Arabic letters as printers' forms.
_FORMS = (*range(0xFB00, 0xFD3E), *range(0xFD50, 0xFE00), *range(0xFE70, 0xFEFF))

# pypdfium2's pages and PDFium's own objects, which have no types.
Handle = Any


@dataclass(frozen=True, slots=True)
class Word:
    """Letters set together, in logical order. left, right, base: in points, in the
    frame of `angle`, degrees anticlockwise. spaced: a space stands before it."""

    text: str
    left: float
    right: float
    base: float
    size: float
    angle: int = 0
    spaced: bool = True

    @property
    def top(self) -> float:
        """About the height of a small letter with a stem."""
        return self.base + 0.7 * self.size

    @property
    def leftward(self) -> bool:
        """Whether its script runs from right to left."""
        return any(map(_is_leftward, self.text))


@dataclass(frozen=True, slots=True)
class _Glyph:
    text: str
    left: float
    right: float
    base: float
    size: float
    angle: int
    mapped: bool


def words(page: Handle) -> list[Word]:
    """The words of a pypdfium2 page in the order of its content.

    Raises ReadError when the page holds more than the limits of this module.
    """
    from pypdfium2 import raw

    if raw.FPDFPage_CountObjects(page.raw) > MAX_OBJECTS_PER_PAGE:
        raise ReadError(f"a page has more than {MAX_OBJECTS_PER_PAGE:,} objects")
    textpage = page.get_textpage()
    try:
        if textpage.count_chars() > MAX_CHARACTERS_PER_PAGE:
            raise ReadError(f"a page has more than {MAX_CHARACTERS_PER_PAGE:,} characters")
        glyphs = _legible(list(_glyphs(textpage.raw, textpage.count_chars())))
    finally:
        textpage.close()
    sheet = page.get_bbox()
    found = [word for group, spaced in _grouped(glyphs) if (word := _word(group, spaced=spaced))]
    return [word for word in _once(found) if _inside(word, sheet)]


def _glyphs(textpage: Handle, count: int) -> Iterator[_Glyph]:
    """Every character with its place. A space, drawn or found by PDFium, has the text
    " "; the line ends that PDFium finds are left out, since columns aren't lines."""
    from ctypes import c_double

    from pypdfium2 import raw

    x, y, box, matrix = c_double(), c_double(), raw.FS_RECTF(), raw.FS_MATRIX()
    pending = 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(textpage, index)
        if code in {0x0D, 0x0A}:
            continue
        if 0xD800 <= code < 0xDC00:  # on Windows, characters come in halves
            pending = code
            continue
        if 0xDC00 <= code < 0xE000 and pending:
            code = 0x10000 + ((pending - 0xD800) << 10) + (code - 0xDC00)
        pending = 0
        raw.FPDFText_GetCharOrigin(textpage, index, x, y)
        raw.FPDFText_GetLooseCharBox(textpage, index, box)
        raw.FPDFText_GetMatrix(textpage, index, matrix)
        size = raw.FPDFText_GetFontSize(textpage, index) * math.hypot(matrix.c, matrix.d)
        angle = _angle(matrix.a, matrix.b)
        yield _placed(
            letter(code),
            (x.value, y.value),
            corners=(box.left, box.bottom, box.right, box.top),
            size=size,
            angle=angle,
            mapped=not raw.FPDFText_HasUnicodeMapError(textpage, index),
        )


def letter(code: int) -> str:
    """A character as it is stored: printers' forms as letters, "" for what can't be seen."""
    if code in _HYPHENS_AT_LINE_END:
        return "-"
    char = chr(code)
    if char.isspace():
        return " "
    if code == 0xAD:
        return char  # a soft hyphen that ends a line joins it to the next
    category = unicodedata.category(char)
    if category in {"Cc", "Cs", "Co", "Cn"}:
        return UNKNOWN
    if category == "Cf":
        # Persian and the scripts of India spell with the two that join and part.
        return char if char in "\u200c\u200d" else ""
    return unicodedata.normalize("NFKC", char) if code in _forms() else char


@cache
def _forms() -> frozenset[int]:
    return frozenset(_FORMS)


@cache
def _spelt() -> frozenset[str]:
    """What the forms of more than one letter stand for."""
    return frozenset(unicodedata.normalize("NFKC", chr(form)) for form in _FORMS)


def _angle(along: float, up: float) -> int:
    """Degrees, to the nearest right angle within ten of it: scans stand a little askew."""
    if not (math.isfinite(along) and math.isfinite(up)):
        return 0
    degrees = math.degrees(math.atan2(up, along))
    right = round(degrees / 90) * 90
    return (right if abs(degrees - right) <= 10 else round(degrees / 15) * 15) % 360


def _placed(
    text: str,
    origin: tuple[float, float],
    *,
    corners: tuple[float, float, float, float],
    size: float,
    angle: int,
    mapped: bool,
) -> _Glyph:
    """A glyph in the frame of its angle."""
    x0, y0, x1, y1 = corners
    left, right = x0, x1
    base = origin[1]
    if angle:
        xs = [_turned(x, y, angle)[0] for x in (x0, x1) for y in (y0, y1)]
        left, right = min(xs), max(xs)
        base = _turned(*origin, angle)[1]
    if not all(map(math.isfinite, (left, right, base, size))):
        return _Glyph("", 0, 0, 0, 1, angle, mapped)
    return _Glyph(text, left, right, base, max(size, _SMALLEST), angle, mapped)


def _turned(x: float, y: float, angle: int) -> tuple[float, float]:
    """A point in the frame that stands at `angle` degrees."""
    turn = math.radians(angle)
    return x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)


def _legible(glyphs: list[_Glyph]) -> list[_Glyph]:
    """Without a map to Unicode PDFium gives the character's number in its font. That is
    the letter in fonts that keep to ASCII and noise in others; prose tells: it is
    mostly small letters."""
    guessed = [g.text for g in glyphs if not g.mapped and g.text not in {"", " "}]
    small = sum("a" <= text <= "z" for text in guessed)
    if small * 2 > len(guessed):
        return [g if g.mapped or g.text.isascii() else replace(g, text=UNKNOWN) for g in glyphs]
    return [g if g.mapped or g.text == " " else replace(g, text=UNKNOWN) for g in glyphs]


def _grouped(glyphs: Sequence[_Glyph]) -> Iterator[tuple[list[_Glyph], bool]]:
    """The glyphs of each word, and whether a space stands before it."""
    group: list[_Glyph] = []
    spaced = space = True
    for glyph in glyphs:
        if glyph.text == " ":
            space = True
        elif glyph.text:
            if group and (space or _parted(group, glyph)):
                yield group, spaced
                group = []
            if not group:
                spaced = space
            group.append(glyph)
            space = False
    if group:
        yield group, spaced


def _parted(group: Sequence[_Glyph], glyph: _Glyph) -> bool:
    """Whether a glyph can't belong to the word of the glyphs before it."""
    last = group[-1]
    size = min(last.size, glyph.size)
    if glyph.angle != last.angle or abs(glyph.base - last.base) > 0.1 * size:
        return True
    if max(last.size, glyph.size) > 1.3 * size:
        return True
    if _direction(glyph.text) * _direction(_strong(group)) < 0:
        return True
    gap = max(glyph.left - last.right, last.left - glyph.right)
    return gap > 0.3 * size


def _strong(group: Sequence[_Glyph]) -> str:
    return next((g.text for g in reversed(group) if _direction(g.text)), "")


def _direction(text: str) -> int:
    """-1 for letters that run leftward, 1 for other letters and digits, 0 for the rest."""
    if any(map(_is_leftward, text)):
        return -1
    return 1 if any(map(str.isalnum, text)) else 0


def _is_leftward(letter: str) -> bool:
    return letter > "\u0590" and unicodedata.bidirectional(letter) in {"R", "AL"}


def _word(group: Sequence[_Glyph], *, spaced: bool) -> Word | None:
    text = "".join(_in_order(group))
    while UNKNOWN * 2 in text:
        text = text.replace(UNKNOWN * 2, UNKNOWN)
    if not text:
        return None
    left, right = min(g.left for g in group), max(g.right for g in group)
    size = max(g.size for g in group)
    return Word(text, left, right, group[0].base, size, group[0].angle, spaced)


def _in_order(group: Sequence[_Glyph]) -> list[str]:
    """The letters in logical order. PDFium turns round what runs leftward, the letters
    of one glyph too, which are in order unless it has spelt them out itself; where a
    program drew the text from right to left, that undoes the order."""
    if not any(_is_leftward(letter) for glyph in group for letter in glyph.text):
        return [glyph.text for glyph in group]
    drawn: list[list[_Glyph]] = []
    for glyph in group:
        if drawn and (drawn[-1][0].left, drawn[-1][0].right) == (glyph.left, glyph.right):
            drawn[-1].append(glyph)
        else:
            drawn.append([glyph])
    letters = ["".join(g.text for g in one) for one in drawn]
    letters = [s if len(s) == 1 or s in _spelt() else s[::-1] for s in letters]
    return letters[::-1] if drawn[0][0].left < drawn[-1][0].left else letters


def _once(found: Sequence[Word]) -> Iterator[Word]:
    """Each word once: some programs draw text twice, a hair apart, to make it bold."""
    seen: dict[tuple[str, int], list[Word]] = {}
    for word in found:
        near = word.size / 4
        twins = seen.setdefault((word.text, word.angle), [])
        if any(
            abs(t.left - word.left) < near and abs(t.base - word.base) < near for t in twins[-4:]
        ):
            continue
        twins.append(word)
        yield word


def _inside(word: Word, sheet: tuple[float, float, float, float]) -> bool:
    """Whether any of it stands on the page that is shown."""
    x, y = _turned((word.left + word.right) / 2, word.base, -word.angle % 360)
    left, bottom, right, top = sheet
    return left - word.size <= x <= right + word.size and bottom - word.size <= y <= top + word.size
