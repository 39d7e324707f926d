"""A saved answer or summary: what it cites, as far as that can be checked later.

Only the form of the JSON is checked here; holding it against the files is left
to the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ragtool.errors import UsageError
from ragtool.records import Span

SCHEMAS = ("ragtool.answer/1", "ragtool.summary/1")


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words that a saved answer says stand in a file.

    name: "[1]" for a citation, "[1] management" for a speaker in it. path,
    sha256: of the cited document, see `records.Document`. span, quote: where
    the words stand in its text, and the words.
    """

    name: str
    path: str
    sha256: str
    span: Span
    quote: str


def quoted(text: str, *, where: str) -> tuple[Quoted, ...]:
    """All that the answers in `text` quote, in their order, speakers after their citation.

    text: JSON, or JSON Lines with an answer a line. where: the file, for
    messages. Raises UsageError where that is no saved answer, or where a
    sentence cites what is not there.
    """
    found: list[Quoted] = []
    for form, place in _forms(text, where):
        try:
            found += _quoted(form)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{place} is not an answer as ragtool saves it ({error!r})."
            ) from error
    return tuple(found)


def _forms(text: str, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    try:
        whole = [(json.loads(text), where)]
    except ValueError:
        whole = []
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                whole.append((_parsed(line, f"{where}, line {number}"), f"{where}, line {number}"))
    except RecursionError:
        whole = [(None, where)]
    if not whole:
        raise UsageError(f"{where} is empty.")
    for form, place in whole:
        if not isinstance(form, dict) or form.get("schema") not in SCHEMAS:
            raise UsageError(
                f"{place} is not an answer as ragtool saves it.",
                hint="Save one: ragtool ask QUESTION --json > answer.json",
            )
        yield form, place


def _parsed(line: str, place: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON: {error}.") from error


def _quoted(form: Mapping[str, Any]) -> Iterator[Quoted]:
    citations = {each["number"]: each for each in [*form["citations"], *form.get("nearest", ())]}
    for each in [*form["citations"], *form.get("nearest", ())]:
        yield _of(each, f"[{each['number']}]", each["span"], each["quote"])
    for sentence in form["sentences"]:
        missing = [number for number in sentence["citations"] if number not in citations]
        if missing or not sentence["citations"]:
            raise ValueError("a sentence without its citation")
        for link in sentence["attribution"]:
            cited = citations[link["citation"]]
            yield _of(
                cited, f"[{link['citation']}] {link['speaker']}", link["span"], link["speaker"]
            )


def _of(citation: Mapping[str, Any], name: str, span: list[int], quote: object) -> Quoted:
    document = citation["document"]
    path, sha256 = document["path"], document["sha256"]
    if not (isinstance(path, str) and isinstance(sha256, str) and isinstance(quote, str)):
        raise TypeError("not a text")
    return Quoted(name, path, sha256, Span(int(span[0]), int(span[1])), quote)
