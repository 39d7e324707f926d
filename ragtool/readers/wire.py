"""A reading as JSON and back, between the process that reads files and ours.

JSON and not pickle: what comes from a process that a hostile file may have
taken over must be data and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
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
    facts = {name: None if form[name] is None else _text(form[name]) for name in _FACTS}
    pages = tuple(int(page) for page in form["pages"])
    return Document(_text(form["path"]), sha256, _text(form["text"]), pages=pages, **facts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
