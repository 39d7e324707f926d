"""Plain text files.

The text is stored as it is. A title, author or date is taken only from where
the file plainly says so: nothing is guessed from the prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ragtool.readers.content import Content, iso_date
from ragtool.readers.encoding import decode

_HEAD_LINES = 8
_FIELDS: Mapping[str, str] = {
    "title": "title",
    "headline": "title",
    "author": "author",
    "byline": "author",
    "date": "date",
    "published": "date",
    "publication date": "date",
    "source": "source",
    "publisher": "source",
    "publication": "source",
}
_LABELLED = re.compile(rf"({'|'.join(_FIELDS)})\s*:\s*(\S.*)", re.IGNORECASE)
# "By Jane Doe and John Q. Public", alone on its line.
_BYLINE = re.compile(
    r"(?:By|BY)\s+((?:[^\W\d_a-z][\w.'’-]*(?:,|\s+and|\s+de|\s+van|\s+von)?\s*){2,8})"
)
_LONGEST_TITLE = 150
_CLOSING = "\"'”’»)]"


def parse(data: bytes) -> Content:
    """The decoded file. Raises ReadError when it isn't text."""
    text = decode(data)
    lines = text.split("\n", maxsplit=200)[:200]
    stated = _stated(lines)
    return Content(
        text,
        title=stated.get("title") or _title(lines),
        author=stated.get("author"),
        date=iso_date(stated.get("date")),
        source=stated.get("source"),
    )


def _stated(lines: Sequence[str]) -> dict[str, str]:
    """What the first lines say about the file, the first statement of each kind."""
    stated: dict[str, str] = {}
    for line in _head(lines):
        if labelled := _LABELLED.fullmatch(line):
            stated.setdefault(_FIELDS[labelled[1].lower()], labelled[2])
        elif byline := _BYLINE.fullmatch(line):
            stated.setdefault("author", byline[1])
    return stated


def _head(lines: Sequence[str]) -> list[str]:
    """The short lines before the prose begins."""
    head: list[str] = []
    for line in filter(None, map(str.strip, lines)):
        if len(line) > _LONGEST_TITLE or len(head) == _HEAD_LINES:
            break
        head.append(line)
    return head


def _title(lines: Sequence[str]) -> str | None:
    """The first line that states nothing else, if it reads like a title."""
    numbered = ((place, line.strip()) for place, line in enumerate(lines) if line.strip())
    for place, line in numbered:
        if _LABELLED.fullmatch(line) or _BYLINE.fullmatch(line):
            continue
        rest = [below.strip() for below in lines[place + 1 :]]
        return line if _is_title(line, rest) else None
    return None


def _is_title(line: str, rest: Sequence[str]) -> bool:
    """Short, not ending as a sentence does, and with text below that it doesn't run into."""
    ended = line.rstrip(_CLOSING)[-1:] in set(".,;:…-")
    lettered = any(map(str.isalpha, line)) and line[0] not in "-*•|>"
    return lettered and not ended and len(line) <= _LONGEST_TITLE and any(rest) and not _wraps(rest)


def _wraps(rest: Sequence[str]) -> bool:
    """Whether the lines right below go on in small letters, as wrapped prose does."""
    block = rest[: rest.index("")] if "" in rest else rest
    onward = sum(line[:1].islower() for line in block)
    return bool(block) and (block[0][:1].islower() or onward * 4 > len(block))
