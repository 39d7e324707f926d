"""Tables as text: CSV, TSV and their kin.

The csv module's Sniffer is not used: it guesses from a few lines' letters and
fails on prose. Here every likely form is tried, and the one under which most
rows are as wide as each other wins.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

from ragtool.errors import ReadError
from ragtool.readers.content import Content, Part
from ragtool.readers.encoding import decode
from ragtool.readers.fields import document, is_date_name, is_text_name, names_text
from ragtool.readers.markup import as_text
from ragtool.readers.slashes import day_order, reordered

_LONGEST_FIELD = 10_000_000
_MOST_ROWS, _MOST_COLUMNS = 1_000_000, 2_000
# A table stored as one document.
_MOST_CHARACTERS = 20_000_000
_DELIMITERS = ",;\t|"
# How much of the table tells its form, in characters.
_SAMPLE = 200_000
# The lines above the header may name the table.
_MOST_PREAMBLE = 20
_LONGEST_NAME = 100
_FEWEST_ALIKE = 0.5
# A character that no table has, for those of one column.
_NO_DELIMITER = "\x1f"
_SEP_LINE = re.compile(r"sep=([^\w\s\"]|\t)\n", re.IGNORECASE)
_NUMBER = re.compile(r"[\W\d]*\d[\W\d]*")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Form:
    """How the cells of a table are written. quoted: a cell may stand in quotation
    marks. escaped: those within it are escaped with a backslash, not doubled."""

    delimiter: str
    quoted: bool = True
    escaped: bool = False

    def rows(self, text: str) -> Iterator[tuple[int, Row]]:
        """The rows and their numbers, blank ones counted but left out.
        Raises ReadError for a cell or a number of rows beyond the limits."""
        # It holds for the whole process, where no one else reads CSV.
        csv.field_size_limit(_LONGEST_FIELD)
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            doublequote=not self.escaped,
            escapechar="\\" if self.escaped else None,
        )
        try:
            for number, cells in enumerate(reader, start=1):
                if number > _MOST_ROWS:
                    raise ReadError(f"a table of more than {_MOST_ROWS:,} rows.")
                if any(map(str.strip, cells)):
                    yield number, cells
        except csv.Error as error:
            raise ReadError(f"not a table that can be read ({error}).") from error


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a table looks in one form. width: the usual number of cells in a row.
    alike: the share of rows with it. All are 0 where the form doesn't fit at all."""

    width: int
    alike: float
    rows: int


@dataclass(frozen=True, slots=True)
class _Table:
    """A table with its header found. preamble: the lines above. names: of the columns,
    none without a header. first: the number of the first row with values."""

    text: str
    form: _Form
    preamble: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    first: int = 1

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows below the header."""
        return (row for row in self.form.rows(self.text) if row[0] >= self.first)


def parts(data: bytes) -> Iterator[Part]:
    """A document for each row, "row 12", where a column holds articles or messages;
    the header is row 1 unless lines stand above it.

    A row without text there, or with more cells than the header, is a part that
    holds a ReadError. A table of another kind, such as one of names and
    amounts, is one document "table": what stands above the header, then a row
    a line, as "column: value; column: value".
    Dates such as 3/4/2024 are read as the column's other dates tell.
    Raises ReadError when the bytes aren't text, there are no rows, or the table
    is beyond the limits on rows, columns, cells or text.
    """
    table = _table(decode(data))
    if not _holds_articles(table):
        yield Part("table", _whole(table))
        return
    orders = {
        place: order
        for place, name in enumerate(table.names)
        if is_date_name(name) and (order := day_order(_column(table, place)))
    }
    for number, cells in table.rows():
        dated = [reordered(cell, orders.get(at)) for at, cell in enumerate(cells)]
        yield Part(f"row {number}", _article(table, dated))


def _table(text: str) -> _Table:
    form, text = _stated(text)
    form = _quoting(text, form or _delimited(text))
    width = _shape(text[:_SAMPLE], form).width
    if width > _MOST_COLUMNS:
        raise ReadError(f"a table of more than {_MOST_COLUMNS:,} columns.")
    preamble: list[str] = []
    for number, cells in islice(form.rows(text), _MOST_PREAMBLE):
        filled = [cell for cell in map(_plain, cells) if cell]
        if len(filled) * 2 < width or (width > 1 and len(filled) < 2):
            preamble.append("; ".join(filled))
        elif _is_header(filled, width):
            return _Table(text, form, tuple(preamble), tuple(map(_plain, cells)), number + 1)
        else:
            return _Table(text, form, tuple(preamble), first=number)
    return _Table(text, form)


def _stated(text: str) -> tuple[_Form | None, str]:
    """The form that Excel's "sep=;" above the table states, and the text below it."""
    if stated := _SEP_LINE.match(text):
        return _Form(stated[1]), text[stated.end() :]
    return None, text


def _delimited(text: str) -> _Form:
    """The form with the delimiter that makes the rows most alike; among equals, the
    wider rows."""
    sample = text[:_SAMPLE]
    shapes = [(_shape(sample, form), form) for form in map(_Form, _DELIMITERS)]
    wide = [each for each in shapes if each[0].width > 1 and each[0].alike >= _FEWEST_ALIKE]
    if not wide:
        return _Form(_NO_DELIMITER)
    return max(wide, key=lambda each: (each[0].alike, each[0].width))[1]


def _quoting(text: str, form: _Form) -> _Form:
    """The form, told to read quotation marks as plain or escaped ones where that
    makes the rows more alike, or more of them: a mark that stands alone swallows
    rows up to the next."""
    found = _shape(text, form)
    escaped, plain = replace(form, escaped=True), replace(form, quoted=False)
    if '\\"' in text and '""' not in text and _shape(text, escaped).alike >= found.alike:
        return escaped
    if '"' not in text:
        return form
    without = _shape(text, plain)
    swallowed = (without.alike, without.rows) > (found.alike, found.rows)
    return plain if swallowed else form


def _shape(text: str, form: _Form) -> _Shape:
    widths: Counter[int] = Counter()
    try:
        widths.update(len(cells) for _, cells in form.rows(text))
    except ReadError:
        return _Shape(0, 0.0, 0)
    width, times = max(widths.items(), key=lambda each: each[1], default=(0, 0))
    rows = widths.total()
    return _Shape(width, times / max(1, rows), rows)


def _is_header(cells: Sequence[str], width: int) -> bool:
    """Whether a row has names, not values. A year may be the name of a column, and
    of a single column only a known name is one."""
    if names_text(cells):
        return True
    named = all(len(cell) <= _LONGEST_NAME and not _NUMBER.fullmatch(cell) for cell in cells)
    years = [bool(_YEAR.fullmatch(cell)) for cell in cells]
    return width > 1 and (named or (any(years) and not years[0]))


def _holds_articles(table: _Table) -> bool:
    """Whether a column of text has text: somewhere more than a number, code or file name."""
    articles = (_article(table, cells) for _, cells in table.rows())
    return names_text(table.names) and any(map(_is_prose, articles))


def _is_prose(article: Content | ReadError) -> bool:
    if isinstance(article, ReadError):
        return False
    text = article.text.removeprefix(article.title or "")
    return len(text.split()) > 1 or not text.isascii()


def _column(table: _Table, place: int) -> Iterator[str]:
    return (cells[place] for _, cells in table.rows() if len(cells) > place)


def _article(table: _Table, cells: Row) -> Content | ReadError:
    """A row as a document. What is too much is the end of the last cell where that
    one holds text: its delimiters were not quoted."""
    names, most = table.names, len(table.names)
    if any(map(str.strip, cells[most:])):
        if not is_text_name(names[-1]):
            return ReadError("more cells than the header has.")
        cells = [*cells[: most - 1], table.form.delimiter.join(cells[most - 1 :])]
    filled = [(name, cell) for name, cell in zip(names, cells, strict=False) if cell.strip()]
    try:
        return document(dict(reversed(filled))) or ReadError("no text in it.")
    except ReadError as error:
        return error


def _whole(table: _Table) -> Content:
    """The table as one document. A blank line keeps rows of like length from being
    taken for wrapped prose."""
    lines: list[str] = [*table.preamble]
    size = 0
    for _, cells in table.rows():
        lines.append(_line(table.names, cells))
        size += len(lines[-1])
        if size > _MOST_CHARACTERS:
            raise ReadError(f"a table of more than {_MOST_CHARACTERS:,} characters.")
    if not any(char.isalnum() for line in lines for char in line):
        raise ReadError("a table without rows.")
    return Content("\n\n".join(lines), title=next(iter(table.preamble), None))


def _line(names: Sequence[str], cells: Row) -> str:
    """A row as "column: value; column: value", empty cells left out."""
    named = zip_longest(names, map(_plain, cells), fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)


def _plain(cell: str) -> str:
    """A cell as one line."""
    return " ".join(as_text(cell).split())
