"""Records as JSON and back, and messages made of them.

What the other process sends is data, whatever it says: JSON and never pickle,
each value held against the type that the record names. The text of a document
travels once in a conversation, however often it is cited.
"""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ragtool.config import Settings
from ragtool.records import Answer, AnswerSentence, Citation, Document, Filters, Hit

# How many bytes a request may have, and an answer with the texts that it cites.
LONGEST_REQUEST, LONGEST_ANSWER = 1 << 20, 1 << 29
_PLAIN = (str, bool, int, float, type(None))
# What a message that can't be understood raises.
NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way to the warm process. code: see `identity`."""

    code: str
    settings: Settings
    question: str
    id: str | None
    k: int
    filters: Filters


@dataclass(frozen=True, slots=True)
class State:
    """What a warm process is at.

    minutes: how long it waits for the next question. answered: questions so
    far. waiting: questions now. index, generator: asked last, "" before.
    """

    pid: int
    version: str
    minutes: float
    answered: int
    waiting: int
    index: str
    generator: str


# What can be said, by either side, and the types of what goes with it.
KINDS: Mapping[str, Mapping[str, Any]] = {
    "ask": {"asked": Asked},
    "status": {},
    "stop": {},
    "waiting": {},
    "begun": {},
    "hits": {"hits": tuple[Hit, ...]},
    "sentence": {"sentence": AnswerSentence, "citations": tuple[Citation, ...]},
    "answer": {"answer": Answer},
    "failed": {},
    "other": {},
    "state": {"state": State},
}


class Sender:
    """Records to messages, one conversation's."""

    def __init__(self) -> None:
        self._sent: dict[Document, int] = {}

    def message(self, event: str, **values: object) -> bytes:
        """The event with its values, as `Receiver` takes it."""
        documents: list[object] = []
        packed = {name: self._packed(value, documents) for name, value in values.items()}
        whole = {"event": event, "documents": documents, "values": packed}
        return json.dumps(whole, separators=(",", ":")).encode("ascii")

    def _packed(self, value: Any, documents: list[object]) -> Any:
        if isinstance(value, Document):
            if value not in self._sent:
                self._sent[value] = len(self._sent)
                documents.append(self._fields(value, documents))
            return self._sent[value]
        if is_dataclass(value):
            return self._fields(value, documents)
        if isinstance(value, tuple):
            return [self._packed(each, documents) for each in value]
        if isinstance(value, Mapping):
            return {name: self._packed(each, documents) for name, each in value.items()}
        return _plain(value)

    def _fields(self, record: Any, documents: list[object]) -> list[Any]:
        return [self._packed(getattr(record, each.name), documents) for each in fields(record)]


class Receiver:
    """Messages to records again, one conversation's.

    Raises one of NONSENSE for what no `Sender` has made.
    """

    def __init__(self) -> None:
        self._documents: list[Document] = []

    def event(self, message: bytes) -> tuple[str, tuple[Any, ...]]:
        """What happened, and its values as `KINDS` has them."""
        whole = json.loads(message)
        for form in whole["documents"]:
            self._documents.append(self._of_fields(Document, form))
        event, values = whole["event"], whole["values"]
        kinds = KINDS[event]
        if values.keys() != kinds.keys():
            raise ValueError("other values")
        return event, tuple(self._record(kind, values[name]) for name, kind in kinds.items())

    def _record(self, kind: Any, form: Any) -> Any:
        """A value of the type `kind`."""
        if kind is Document:
            if isinstance(form, bool) or not isinstance(form, int) or form < 0:
                raise TypeError("not the number of a document")
            return self._documents[form]
        if is_dataclass(kind):
            return self._of_fields(kind, form)
        origin, inner = get_origin(kind), get_args(kind)
        if origin is tuple:
            return tuple(self._record(inner[0], each) for each in _of_type(list, form))
        if origin in (Union, types.UnionType):
            (other,) = (each for each in inner if each is not type(None))
            return None if form is None else self._record(other, form)
        if origin is Literal:
            if form not in inner:
                raise ValueError(f"not one of {inner}")
            return form
        if origin is not None:  # a mapping
            return {
                name: self._record(inner[1], each) for name, each in _of_type(dict, form).items()
            }
        if kind is float and type(form) is int:
            return float(form)
        return Path(_of_type(str, form)) if kind is Path else _of_type(kind, form)

    def _of_fields(self, kind: Any, form: Any) -> Any:
        hints = _hints(kind)
        values = zip(hints.values(), _of_type(list, form), strict=True)
        return kind(*(self._record(hint, value) for hint, value in values))


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _plain(value: Any) -> Any:
    """The value itself; a path as text, NumPy's numbers as Python's."""
    if isinstance(value, Path):
        return str(value)
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} does not travel")


def _of_type(kind: type, form: Any) -> Any:
    if type(form) is not kind:
        raise TypeError(f"{type(form).__name__} instead of {kind.__name__}")
    return form
