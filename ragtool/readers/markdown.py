"""Markdown files.

The text is stored as it is, markup and front matter with it, so that quotes
are found in the file to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ragtool.readers.content import Content, iso_date
from ragtool.readers.encoding import decode

_LONGEST_FRONT_MATTER = 100
_KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "author": ("author", "authors", "byline"),
    "date": ("date", "published", "publish_date", "publishdate", "pubdate", "date_published"),
    "source": ("source", "publisher", "publication", "outlet", "site"),
}
_ENTRY = re.compile(r"([A-Za-z_-]+)\s*:\s*(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(\S.*?)(?:\s+#+)?\s*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})\s*")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")


def parse(data: bytes) -> Content:
    """The decoded file. Raises ReadError when it isn't text."""
    text = decode(data)
    lines = text.split("\n")
    matter, body = _front_matter(lines)
    return Content(
        text,
        title=_first(matter, "title") or _heading(lines[body:]),
        author=_first(matter, "author"),
        date=iso_date(_first(matter, "date")),
        source=_first(matter, "source"),
    )


def _front_matter(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The `key: value` lines between two lines of dashes at the very top, and the
    number of the line after them. Lists of one line or of "- " lines are joined."""
    if lines[0].rstrip() != "---":
        return {}, 0
    head = [line.rstrip() for line in lines[: _LONGEST_FRONT_MATTER + 1]]
    end = next((place for place, line in enumerate(head) if place and line in {"---", "..."}), 0)
    matter: dict[str, str] = {}
    key = ""
    for line in head[1:end]:
        if entry := _ENTRY.fullmatch(line):
            key = entry[1].lower()
            matter[key] = _plain(entry[2])
        elif key and line.lstrip().startswith("- "):
            item = _plain(line.lstrip()[2:])
            matter[key] = f"{matter[key]}, {item}" if matter[key] else item
    return matter, end + 1 if end else 0


def _plain(value: str) -> str:
    """A value without quotes and brackets: `["A", 'B']` is "A, B"."""
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(_plain(item) for item in value[1:-1].split(",") if item.strip())
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _first(matter: Mapping[str, str], field: str) -> str | None:
    """The value under the first of the field's keys that has one."""
    return next((matter[key] for key in _KEYS[field] if matter.get(key)), None)


def _heading(lines: Sequence[str]) -> str | None:
    """The first heading outside code, without its markup."""
    fenced = False
    for line, below in pairwise([*lines, ""]):
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced or not line.strip():
            continue
        elif heading := _HEADING.fullmatch(line):
            return _unmarked(heading[1])
        elif _UNDERLINE.fullmatch(below) and not _UNDERLINE.fullmatch(line):
            return _unmarked(line.strip())
    return None


def _unmarked(heading: str) -> str:
    """The heading as it is read: links' words only, no emphasis."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", heading)).strip()
