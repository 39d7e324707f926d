"""Questions asked of the warm process, and of this one where that fails.

Whatever goes wrong with the warm process, an error that it meets included,
the question is asked again here: so an error says what it always says, and
the user sees of the warm process only that the answer comes sooner. Nothing
heavy is loaded unless that happens.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any

from ragtool import models, pipeline
from ragtool.config import Settings
from ragtool.errors import RagtoolError
from ragtool.pipeline.asking import OnHits, OnSentence
from ragtool.records import Answer, AnswerSentence, Citation, Filters, Hit
from ragtool.store import Store
from ragtool.warm import identity
from ragtool.warm.place import Place, find
from ragtool.warm.reaching import reach
from ragtool.warm.talking import Line, Lost
from ragtool.warm.wire import LONGEST_ANSWER, NONSENSE, Asked, Receiver, Sender

# The warm process says every other second that it is there, if nothing else.
SILENCE_SECONDS = 30.0
# One that ends, the one after it that is just ending too, and a last one.
_TRIES = 3


class Session:
    """As `pipeline.Session`; each question sees the index as it is then."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = ExitStack()
        self._own: pipeline.Session | None = None
        self._warm: tuple[Place, Settings] | None = None
        # Light, and raises what any session raises where there is no index.
        with Store.open(settings.index) as store:
            self._unread = sum(not failure.skipped for failure in store.failures())
            found = _place(settings) if store.counts().documents else None
        told = _anywhere(settings)
        if found is None or told is None:
            self._answer_here()
        else:
            self._warm = (found, told)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    @property
    def unread(self) -> int:
        """How many files, and parts of files, could not be read into the index."""
        return self._unread

    def ask(
        self,
        question: str,
        *,
        k: int,
        filters: Filters,
        id: str | None = None,
        on_hits: OnHits | None = None,
        on_sentence: OnSentence | None = None,
    ) -> Answer:
        """As `pipeline.Session.ask`; what was told once is not told again."""
        once = _Once(on_hits, on_sentence)
        if self._warm is not None:
            place, settings = self._warm
            asked = Asked(identity.code(), settings, question, id, k, filters)
            with suppress(Lost):
                return _answered(place, asked, once)
        return self._answer_here().ask(
            question,
            k=k,
            filters=filters,
            id=id,
            on_hits=once.hits,
            on_sentence=once.sentence,
        )

    def _answer_here(self) -> pipeline.Session:
        """The session of this process, from now on. Raises what any session raises."""
        self._warm = None
        if self._own is None:
            self._own = self._opened.enter_context(pipeline.Session(self._settings))
        return self._own


class _Once:
    """What is told while an answer comes, each thing once though it may come twice."""

    def __init__(self, on_hits: OnHits | None, on_sentence: OnSentence | None) -> None:
        self._on_hits = on_hits
        self._on_sentence = on_sentence
        self._sentences: list[AnswerSentence] = []

    def hits(self, hits: tuple[Hit, ...]) -> None:
        if self._on_hits is not None:
            on_hits, self._on_hits = self._on_hits, None
            on_hits(hits)

    def sentence(self, sentence: AnswerSentence, citations: tuple[Citation, ...]) -> None:
        if self._on_sentence is not None and sentence not in self._sentences:
            self._sentences.append(sentence)
            self._on_sentence(sentence, citations)


class _NotBegun(Lost):
    """The process ended before it began with the question: another one may be asked."""


def _answered(place: Place, asked: Asked, once: _Once) -> Answer:
    """The warm process's answer. Raises Lost where it gives none."""
    for _ in range(_TRIES - 1):
        with suppress(_NotBegun):
            return _conversation(place, asked, once)
    return _conversation(place, asked, once)


def _conversation(place: Place, asked: Asked, once: _Once) -> Answer:
    line, receiver = reach(place, asked.settings), Receiver()
    begun = False
    try:
        line.send(Sender().message("ask", asked=asked))
        while True:
            try:
                event, told = _heard(line, receiver)
            except Lost as error:
                raise error if begun else _NotBegun(error.message) from error
            begun = begun or event == "begun"
            if event == "hits":
                once.hits(*told)
            elif event == "sentence":
                once.sentence(*told)
            elif event == "answer":
                return _fitting(told[0], asked)
            elif event == "failed":
                raise Lost("It can't answer.")
            elif event == "other":
                raise _NotBegun("It runs other code, and ends.")
    finally:
        line.close()


def _heard(line: Line, receiver: Receiver) -> tuple[str, tuple[Any, ...]]:
    """The next event and what it tells. Raises Lost, for what can't be understood too."""
    message = line.receive(seconds=SILENCE_SECONDS, longest=LONGEST_ANSWER)
    try:
        return receiver.event(message)
    except NONSENSE as error:
        raise Lost("It can't be understood.") from error


def _fitting(answer: Answer, asked: Asked) -> Answer:
    if (answer.question, answer.id) != (asked.question, asked.id):
        raise Lost("It answers another question.")
    return answer


def _place(settings: Settings) -> Place | None:
    """Where the warm process is to be found; None where there shall be none."""
    if not settings.warm_minutes:
        return None
    try:
        return find()
    except RagtoolError:
        return None


def _anywhere(settings: Settings) -> Settings | None:
    """The settings as they hold in any folder; None where a model is missing or damaged."""
    try:
        models.located(settings.embedder, settings.models)
        found = models.located(settings.generator, settings.models)
    except RagtoolError:
        return None
    pinned = settings.generator in {model.name for model in models.catalogue()}
    return replace(
        settings,
        index=settings.index.absolute(),
        models=settings.models.absolute(),
        generator=settings.generator if pinned else str(found.path),
    )
