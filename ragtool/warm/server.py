"""The warm process: answers one question after another, and ends when none comes.

Started by `reaching`, as `python -m ragtool.warm.server CODE MINUTES`. One
thread waits for callers, one for each caller talks to it, and the first thread
answers, so that nobody who calls can keep another from being answered.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ragtool import __version__, guard, pipeline
from ragtool.errors import RagtoolError
from ragtool.warm import identity
from ragtool.warm.place import find, locked
from ragtool.warm.talking import GREETING_SECONDS, Caller, Ear, Line, Lost, listening
from ragtool.warm.wire import LONGEST_REQUEST, NONSENSE, Asked, Receiver, Sender, State

# How long the process that is to be replaced may take to end.
_PLACE_SECONDS = 20.0
# How long it waits at least for the question that it was started for.
_FIRST_SECONDS = 30.0
# A caller who waits is told as often that it does, and looked at whether it is still there.
_TOLD_EVERY, _LOOK = 2.0, 0.05


class _Gone(Exception):
    """Nobody waits for the answer any more."""


class _Question:
    """A question that waits or is being answered, and what is to be said to who asked it."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.said: queue.Queue[bytes] = queue.Queue()
        self.over = threading.Event()
        self.gone = threading.Event()
        self._sender = Sender()

    def say(self, event: str, **values: object) -> None:
        """To be sent by the thread that talks to the caller, who may be slow."""
        self.said.put(self._sender.message(event, **values))

    def end(self, event: str, **values: object) -> None:
        """The last that is said."""
        self.say(event, **values)
        self.over.set()


class Server:
    """Answers at the place of its ear, until it was idle for so many minutes, or is stopped.

    code: what `identity` says of the code that runs here.
    """

    def __init__(self, ear: Ear, *, code: str, minutes: float) -> None:
        self._ear = ear
        self._code = code
        self._minutes = minutes
        self._questions: queue.Queue[_Question | None] = queue.Queue()
        self._current: _Question | None = None
        self._last: Asked | None = None
        self._answered = 0
        self._stopping = False
        self._kept = pipeline.Kept(look=self._look)

    def serve(self) -> None:
        """Until the end."""
        self._in_background(self._take_calls)
        try:
            while (question := self._next()) is not None:
                self._current = question
                self._answer(question)
                self._current = None
        finally:
            self._kept.close()

    def _next(self) -> _Question | None:
        with suppress(queue.Empty):
            idle = 60 * self._minutes
            if self._last is None:
                idle = max(idle, _FIRST_SECONDS)
            question = self._questions.get(timeout=idle)
            return None if self._stopping else question
        return None

    def _answer(self, question: _Question) -> None:
        asked = question.asked
        self._minutes, self._last = asked.settings.warm_minutes, asked
        question.say("begun")
        try:
            self._look()
            with pipeline.Session(asked.settings, kept=self._kept) as session:
                answer = session.ask(
                    asked.question,
                    k=asked.k,
                    filters=asked.filters,
                    id=asked.id,
                    on_hits=lambda hits: question.say("hits", hits=hits),
                    on_sentence=lambda sentence, citations: question.say(
                        "sentence", sentence=sentence, citations=citations
                    ),
                )
            question.end("answer", answer=answer)
            self._answered += 1
        except _Gone:
            question.end("failed")
        except RagtoolError:  # whoever asked meets it again, and says it in its own words
            question.end("failed")
        except Exception:  # a bug, or no memory: what is kept may not be as it should
            question.end("failed")
            self._stop()

    def _look(self) -> None:
        """Called often while an answer is made; what it raises ends that."""
        if self._stopping or (self._current is not None and self._current.gone.is_set()):
            raise _Gone

    def _stop(self) -> None:
        self._stopping = True
        self._questions.put(None)

    # The callers

    def _take_calls(self) -> None:
        while True:
            try:
                caller = self._ear.call()
            except OSError:  # one that hung up at once, or no more files: not ours to end for
                time.sleep(_LOOK)
                continue
            if self._stopping:
                caller.close()
            else:
                self._in_background(self._talk, caller)

    def _talk(self, caller: Caller) -> None:
        with suppress(Lost):
            line = self._ear.greet(caller)
            try:
                self._take_request(line)
            finally:
                line.close()

    def _take_request(self, line: Line) -> None:
        message = line.receive(seconds=GREETING_SECONDS, longest=LONGEST_REQUEST)
        try:
            event, told = Receiver().event(message)
        except NONSENSE:
            return
        if event == "ask" and told[0].code != self._code:
            self._stop()  # first, so that who asks again finds the next process
            line.send(Sender().message("other"))
        elif event == "ask":
            self._attend(line, _Question(told[0]))
        elif event in ("status", "stop"):
            line.send(Sender().message("state", state=self._state()))
            if event == "stop":
                self._stop()

    def _attend(self, line: Line, question: _Question) -> None:
        """Sends what is said to the caller, and notices when it has gone."""
        self._questions.put(question)
        told = time.monotonic()
        try:
            while not (question.over.is_set() and question.said.empty()):
                try:
                    line.send(question.said.get(timeout=_LOOK))
                except queue.Empty:
                    if line.speaks():
                        raise Lost("It has hung up.") from None
                    if time.monotonic() - told < _TOLD_EVERY:
                        continue
                    line.send(Sender().message("waiting"))
                told = time.monotonic()
        finally:
            question.gone.set()

    def _state(self) -> State:
        asked = self._last
        return State(
            pid=os.getpid(),
            version=__version__,
            minutes=self._minutes,
            answered=self._answered,
            waiting=self._questions.qsize() + (self._current is not None),
            index="" if asked is None else str(asked.settings.index),
            generator="" if asked is None else asked.settings.generator,
        )

    def _in_background(self, task: Callable[..., None], *given: object) -> None:
        threading.Thread(target=task, args=given, daemon=True).start()


def main() -> None:
    """Serves, unless the code changed since the start, or another one serves already."""
    guard.deny_network()
    code, minutes = sys.argv[1], float(sys.argv[2])
    if identity.code() != code:
        return
    place = find()
    until = time.monotonic() + _PLACE_SECONDS
    while True:
        with locked(place.serving) as mine:
            if mine:
                with listening(place) as ear:
                    Server(ear, code=code, minutes=minutes).serve()
                return
        if time.monotonic() > until:
            return
        time.sleep(_LOOK)


if __name__ == "__main__":
    main()
