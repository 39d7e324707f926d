"""A saved answer asked for again: the same question, model and settings; and what differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace

from ragtool import __version__, models
from ragtool.config import LARGEST_K, Settings
from ragtool.errors import ModelError, UsageError
from ragtool.pipeline.asking import Session
from ragtool.pipeline.verifying import held
from ragtool.records import Answer, AnswerSettings, Filters
from ragtool.reports import Checked, Difference, Repetition
from ragtool.saved import SavedAnswer, saved_answers
from ragtool.store import Store

# These tell how an answer came about; they are compared by themselves.
_APART = {"timings", "settings"}

Form = Callable[[Answer], Mapping[str, object]]


def repeat(
    text: str, settings: Settings, *, where: str, form: Form, model: str | None = None
) -> Iterator[Repetition]:
    """Each answer saved in `text`, asked for again, and what differs.

    It is asked with the model of the recorded SHA-256, or with `model` where one
    is given. form: an answer as the JSON object that is saved. where: the file
    that the text is of. Raises UsageError when the text is no saved answer, and
    what `Session` raises.
    """
    saved = saved_answers(text, where=where)
    for one in saved:
        _check(one)
    checks = iter(held([quote for one in saved for quote in one.quotes]))
    with ExitStack() as opened:
        loaded: str | ModelError | None = None
        for one in saved:
            checked = [next(checks) for _ in one.quotes]
            found = _model(one, settings) if model is None else model
            if isinstance(found, ModelError):
                yield _unasked(one, found, checked, settings)
                continue
            if found != loaded:
                opened.close()
                session = opened.enter_context(Session(replace(settings, generator=found)))
                loaded = found
            yield _repeated(one, session, checked, form=form, k=settings.k)


def _check(one: SavedAnswer) -> None:
    if one.settings is not None and not 1 <= one.settings.k <= LARGEST_K:
        raise UsageError(f"{one.place}: k must be from 1 to {LARGEST_K}, not {one.settings.k}.")


def _model(one: SavedAnswer, settings: Settings) -> str | ModelError:
    """What the recorded model is found by, or why it can't be asked."""
    name = models.of_sha256(one.model.sha256, settings.models)
    lacking = ModelError(
        f"{one.model.name} with the SHA-256 {one.model.sha256} is not known here.",
        hint="Give it: --model FILE.gguf",
    )
    if name is None:
        return lacking
    try:
        located = models.located(name, settings.models)
    except ModelError as error:
        return error
    return name if located.sha256 == one.model.sha256 else lacking


def _unasked(
    one: SavedAnswer, lacking: ModelError, checked: Sequence[Checked], settings: Settings
) -> Repetition:
    with Store.open(settings.index) as store, store.reading():
        fingerprint = store.fingerprint()
    differences = (
        *_version(one),
        Difference("model", str(lacking)),
        *_index(one, fingerprint),
        *_sources(checked),
    )
    return Repetition(
        one.question, one.id, _saved_text(one), None, one.settings is None, differences
    )


def _repeated(
    one: SavedAnswer, session: Session, checked: Sequence[Checked], *, form: Form, k: int
) -> Repetition:
    """k: where the answer doesn't say how many chunks were to be retrieved."""
    asked = one.settings or AnswerSettings(k, Filters(), __version__)
    again = session.ask(one.question, k=asked.k, filters=asked.filters, id=one.id)
    now = form(again)
    changed = tuple(
        name for name in now if name not in _APART and _plain(now[name]) != _plain(one, name)
    )
    reasons = (
        *_version(one),
        *_other_model(one, again),
        *_index(one, again.index.fingerprint),
        *_sources(checked),
    )
    differences = (*reasons, *_answer(changed, told={each.what for each in reasons}))
    return Repetition(
        one.question, one.id, _saved_text(one), again, one.settings is None, differences, changed
    )


def _plain(value: object, name: str = "") -> str:
    """`value`, or that field of a saved answer, as JSON; the order of its keys doesn't matter."""
    if isinstance(value, SavedAnswer):
        value = value.form.get(name)
    return json.dumps(value, sort_keys=True)


def _saved_text(one: SavedAnswer) -> str:
    text = one.form.get("answer")
    return text if isinstance(text, str) else ""


def _version(one: SavedAnswer) -> Iterator[Difference]:
    if one.settings is not None and one.settings.ragtool != __version__:
        yield Difference("ragtool", f"version {one.settings.ragtool} then, {__version__} now")


def _other_model(one: SavedAnswer, again: Answer) -> Iterator[Difference]:
    if again.model.sha256 != one.model.sha256:
        yield Difference(
            "model",
            f"{one.model.name} with the SHA-256 {one.model.sha256} then, "
            f"{again.model.name} with {again.model.sha256} now",
        )


def _index(one: SavedAnswer, fingerprint: str) -> Iterator[Difference]:
    if one.fingerprint != fingerprint:
        yield Difference(
            "index", f"other content: fingerprint {one.fingerprint} then, {fingerprint} now"
        )


def _sources(checked: Sequence[Checked]) -> Iterator[Difference]:
    """Each cited file that is no longer as it was, and each quote that isn't, once."""
    yield from dict.fromkeys(
        Difference("source", each.found, each.path) for each in checked if not each.ok
    )


def _answer(changed: Sequence[str], *, told: Set[str]) -> Iterator[Difference]:
    """told: what differs for reasons of its own, and need not be named again."""
    fields = [name for name in changed if name not in told]
    if fields:
        yield Difference("answer", f"no longer the same: {', '.join(fields)}")
