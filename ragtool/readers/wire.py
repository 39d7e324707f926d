"""A reading as JSON and back, between the process that reads files and ours.

JSON and not pickle: what comes from a process that a hostile file may have
taken over must be data and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from ragtool.readers.content import Reading
from ragtool.records import Document
from ragtool.reports import Failure

# The exit code of a process that reached the limit on its memory.
NO_MEMORY = 86
_FACTS = ("title", "author", "date", "source")


def packed(reading: Reading) -> dict[str, Any]:
    """The reading in lists, dictionaries, strings and numbers."""
    return asdict(reading)


def unpacked(answer: Mapping[str, Any]) -> Reading:
    """The reading again. Raises ValueError, KeyError or TypeError for anything else."""
    sha256 = _text(answer["sha256"])
    return Reading(
        sha256,
        tuple(_document(each, sha256) for each in answer["documents"]),
        tuple(
            Failure(_text(each["path"]), _text(each["reason"]), bool(each["skipped"]))
            for each in answer["failures"]
        ),
    )


def _document(form: Mapping[str, Any], sha256: str) -> Document:
    facts = {name: None if form[name] is None else _storable(form[name]) for name in _FACTS}
    text = _storable(form["text"])
    pages = tuple(int(page) for page in form["pages"])
    if pages and not all(a <= b for a, b in pairwise((0, *pages, len(text)))):
        raise ValueError("pages that are not in the text")
    return Document(_text(form["path"]), sha256, text, pages=pages, **facts)


def _storable(value: object) -> str:
    """A text as the index takes it: no NUL, and nothing that UTF-8 can't say."""
    text = _text(value)
    text.encode("utf-8")
    if "\0" in text:
        raise ValueError("a NUL in a text")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
