"""JSON: a record a line, or a list of records, or a single one.

Which of them a file is, its content tells, not its name.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping

from ragtool.errors import ReadError
from ragtool.readers.content import Content, Part
from ragtool.readers.encoding import decode
from ragtool.readers.fields import document, is_article

# How many records without a text may come before the first that has one.
_MOST_MISSES = 10_000
# How deep in a single value the list of its records may lie.
_DEEPEST = 3
_BLANKS = re.compile(r"\s*")
# Numbers stay as written: one of a million digits costs nothing, and moments keep theirs.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


def parts(data: bytes) -> Iterator[Part]:
    """The records as documents, in order: "line 12" or "item 12", from 1.

    A record that is broken or has no text is a part that holds a ReadError.
    Raises ReadError, before any part, when the bytes aren't text or no record
    among the first 10,000 has one.
    """
    missed: list[Part] = []
    found = False
    for part in _parts(decode(data)):
        found = found or isinstance(part.held, Content)
        if not found:
            missed.append(part)
            if len(missed) >= _MOST_MISSES:
                break
            continue
        yield from missed
        missed = []
        yield part
    if not found:
        raise ReadError(_reason(missed))


def _reason(missed: list[Part]) -> str:
    """Why there is no document: what the first record lacks."""
    reasons = [part.held.message for part in missed if isinstance(part.held, ReadError)]
    return f"no record that can be read: {reasons[0]}" if reasons else "no records in it."


def _parts(text: str) -> Iterator[Part]:
    start = _after_blanks(text, 0)
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        yield from _lines(text)
        return
    if _after_blanks(text, end) == len(text):
        yield from _records("", value)
    elif "\n" in text[start:end]:
        yield from _sequence(text)
    else:
        yield from _lines(text)


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _lines(text: str) -> Iterator[Part]:
    """A value a line. Where a list was cut, its lines still have its brackets and commas."""
    for number, line in enumerate(io.StringIO(text), start=1):
        bare = line.strip(" \t\r\n[],")
        if bare:
            yield from _line(f"line {number}", line.strip(), bare=bare)


def _line(place: str, line: str, *, bare: str) -> Iterator[Part]:
    for written in (line, bare):
        try:
            value = _DECODER.decode(written)
        except (ValueError, RecursionError) as error:
            broken = Part(place, _broken(error))
        else:
            yield from _records(place, value)
            return
    yield broken


def _sequence(text: str) -> Iterator[Part]:
    """Values one after another, each over several lines, up to the first broken one."""
    end, number = 0, 1
    while (start := _after_blanks(text, end)) < len(text):
        number += text.count("\n", end, start)
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            yield Part(f"line {number} and on", _broken(error))
            return
        yield from _records(f"line {number}", value)
        number += text.count("\n", start, end)


def _broken(error: Exception) -> ReadError:
    """The library's message without its place, which the part's name tells."""
    if isinstance(error, json.JSONDecodeError):
        return ReadError(f"broken JSON: {error.msg}.")
    return ReadError("JSON nested too deeply.")


def _records(place: str, value: object) -> Iterator[Part]:
    """The records in a value: a list's, those in the lists of what is no article
    itself, else the value as one."""
    records = value if isinstance(value, list) else _listed(value)
    if not records:
        yield Part(place or "item 1", _held(value))
        return
    before = f"{place}, " if place else ""
    for number, record in enumerate(records, start=1):
        yield Part(f"{before}item {number}", _held(record))


def _listed(value: object) -> list[object]:
    """The lists of documents in a record that is none itself, such as the answer of
    a search, from the level nearest to the top that has any."""
    level = [value] if isinstance(value, dict) and not is_article(value) else []
    for _ in range(_DEEPEST):
        groups = [group for each in level for group in _groups(each)]
        if found := [
            record for group in groups if any(map(_is_document, group)) for record in group
        ]:
            return found
        level = [inner for each in level for inner in each.values() if isinstance(inner, dict)]
    return []


def _groups(record: Mapping[str, object]) -> Iterator[list[object]]:
    """The lists in a record, and the records in it where it may be a list by name or number."""
    yield from (each for each in record.values() if isinstance(each, list))
    named = [each for each in record.values() if _is_document(each)]
    if len(named) > 1:
        yield named


def _is_document(value: object) -> bool:
    return isinstance(_held(value), Content)


def _held(value: object) -> Content | ReadError:
    if not isinstance(value, dict):
        return ReadError("not a record with named fields.")
    try:
        return document(value) or ReadError("no text in it.")
    except ReadError as error:
        return error
