"""A saved answer or summary: what it cites, and how it was asked.

Only the form of the JSON is checked here; holding it against the files, and
asking again, are left to the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ragtool.errors import UsageError
from ragtool.records import AnswerSettings, Filters, ModelCard, Span

ANSWER = "ragtool.answer/1"
SCHEMAS = (ANSWER, "ragtool.summary/1")
FILTERS = ("since", "until", "source", "path", "language")

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """A saved answer, with all that is needed to ask for it again.

    place: where it was read, for messages. fingerprint: of the index that was
    asked. settings: None where the answer was saved before they were kept.
    form: the JSON object, whole.
    """

    place: str
    question: str
    id: str | None
    model: ModelCard
    fingerprint: str
    settings: AnswerSettings | None
    quotes: tuple[Quoted, ...]
    form: Mapping[str, Any]


def saved_answers(text: str, *, where: str) -> tuple[SavedAnswer, ...]:
    """The answers in `text`, as `quoted` takes it, in their order.

    Raises UsageError where that is no saved answer; a summary is none.
    """
    return tuple(_in_form(_saved, form, place) for form, place in _forms(text, where))


def quoted(text: str, *, where: str) -> tuple[Quoted, ...]:
    """All that the answers in `text` quote, in their order, speakers after their citation.

    text: JSON, or JSON Lines with an answer a line. where: the file, for
    messages. Raises UsageError where that is no saved answer, or where a
    sentence cites what is not there.
    """
    return tuple(
        one
        for form, place in _forms(text, where)
        for one in _in_form(lambda form, _: tuple(_quoted(form)), form, place)
    )


def _in_form(read: Callable[[Mapping[str, Any], str], T], form: Mapping[str, Any], place: str) -> T:
    try:
        return read(form, place)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"{place} is not an answer as ragtool saves it ({error!r}).") from error


def _saved(form: Mapping[str, Any], place: str) -> SavedAnswer:
    if form["schema"] != ANSWER:
        raise UsageError(
            f"{place} is a summary.", hint="Only the answer to a question can be repeated."
        )
    model = form["model"]
    return SavedAnswer(
        place,
        _text(form["question"]),
        None if form["id"] is None else _text(form["id"]),
        ModelCard(_text(model["name"]), _text(model["sha256"])),
        _text(form["index"]["fingerprint"]),
        _settings(form["settings"]) if "settings" in form else None,
        tuple(_quoted(form)),
        form,
    )


def _settings(settings: Mapping[str, Any]) -> AnswerSettings:
    k = settings["k"]
    if isinstance(k, bool) or not isinstance(k, int):
        raise TypeError("k is not a whole number")
    chosen = {name: settings[name] for name in FILTERS}
    filters = Filters(**{name: None if one is None else _text(one) for name, one in chosen.items()})
    return AnswerSettings(k, filters, _text(settings["ragtool"]))


def _text(value: object) -> str:
    """`value`, a text that can be written as UTF-8 and is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise TypeError("not a text")
    value.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return value


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
