"""What a format's reader hands over, and the forms of its fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ragtool.errors import ReadError
from ragtool.records import Document
from ragtool.reports import Failure

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ],
        start=1,
    )
    for name in names
}
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})\b\.?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)(?!\d)"
_DAY = r"(?<!\d)(?P<day>\d{1,2})"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        # 2024-06-03T10:00Z, 2024/6/3; 20240603
        rf"^{_YEAR}(?P<gap>[-/.])(?P<month>\d\d?)(?:(?P=gap)(?P<day>\d\d?))?(?!\d)",
        r"^(?P<year>(?:1[5-9]|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)",
        # 3 June 2024, Mon, 3rd of June, 2024; June 3, 2024; Jun 3 2024; June 2024
        rf"{_DAY}(?:st|nd|rd|th)?[\s-]+(?:of\s+)?{_MONTH},?[\s-]+{_YEAR}",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}",
        rf"\b(?<!\d\s){_MONTH},?\s+{_YEAR}",
        # 3.6.2024 is day first wherever it is written; with slashes it depends
        rf"{_DAY}\.\s?(?P<month>\d\d?)\.\s?{_YEAR}",
        rf"{_DAY}/(?P<month>\d\d?)/{_YEAR}",
        rf"^{_YEAR}$",
    )
]


@dataclass(frozen=True, slots=True)
class Content:
    """A file's text as it is stored, and what the file says about itself.

    date: ISO 8601, possibly partial. pages: the code point offset at which each
    page begins, ascending from 0, empty where the format has no pages. The other
    fields may still hold line ends or control characters.
    """

    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None
    source: str | None = None
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A document inside a file: an attachment, a message of a mailbox, a row of a table.

    name: as the file gives it, not to be trusted as a path. held: its bytes, to
    be read by what they are; its content where the file's reader knows it; or why
    this part alone can't be read, while the file's others can.
    """

    name: str
    held: bytes | Content | ReadError


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: its documents, and the parts of it that could not be read.

    sha256: hex digest of the file's bytes.
    """

    sha256: str
    documents: tuple[Document, ...] = ()
    failures: tuple[Failure, ...] = ()


def one_line(value: str | None, *, limit: int) -> str | None:
    """The value without control and invisible characters, white space as single
    spaces, cut at `limit` characters; None if nothing is left."""
    if not value:
        return None
    visible = "".join(
        " " if char.isspace() else char
        for char in value
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
    line = " ".join(visible.split())
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line or None


def iso_date(value: str | None) -> str | None:
    """The one date that the value names, as ISO 8601: "2024-06-03", "2024-06" or "2024".

    None when it names none, several, an impossible one, or one that could be
    read in two ways, as 3/4/2024.
    """
    found = set(_dates((value or "").strip()))
    whole = {day for day in found if len(day) == 10} or found
    return whole.pop() if len(whole) == 1 else None


def _dates(value: str) -> Iterator[str]:
    for form in _FORMS:
        for match in form.finditer(value[:200]):
            named = match.groupdict()
            if "/" in match[0] and not named.get("gap"):
                named = _day_first(named)
            if iso := _iso(named):
                yield iso


def _day_first(named: dict[str, str | None]) -> dict[str, str | None]:
    """A date with slashes, put right where one number can only be the day."""
    first, second = int(named["day"] or 0), int(named["month"] or 0)
    if first == second or first > 12:
        return named
    if second > 12:
        return {**named, "day": str(second), "month": str(first)}
    return {}


def _iso(named: dict[str, str | None]) -> str | None:
    year, month, day = named.get("year"), named.get("month"), named.get("day")
    if not year or not month:
        return year
    number = _MONTHS.get(month.lower()) or (int(month) if month.isdigit() else 0)
    try:
        full = date(int(year), number, int(day or 1)).isoformat()
    except ValueError:
        return None
    return full if day else full[:7]
