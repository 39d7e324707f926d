"""`chat`: questions one after another, follow-ups understood."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from ragtool import pipeline
from ragtool.cli.asking import Asking
from ragtool.cli.invocation import Everywhere, Invocation, begin
from ragtool.cli.options import (
    AsJson,
    IndexDir,
    K,
    Language,
    ModelName,
    PathGlob,
    Quiet,
    Since,
    Source,
    Until,
    filters,
    words,
)
from ragtool.cli.questions import Question
from ragtool.conversation import Turn
from ragtool.errors import RagtoolError, UsageError
from ragtool.records import Answer, Filters
from ragtool.rendering import answers, forms, passages
from ragtool.rendering.harmless import harmless, json_line
from ragtool.rendering.look import bold

_HELP = """\
Ask in whole sentences or follow up: "and when?", "who denied it?"
/sources      the sources of the last answer
/show N       source N of the last answer in its surroundings
/save FILE    all answers so far as JSON, a line each, for `ragtool verify`
/help         this
/quit         ends; so does Ctrl-D
Ctrl-C stops an answer."""


def chat(
    ctx: typer.Context,
    k: K = None,
    model: ModelName = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    path: PathGlob = None,
    language: Language = None,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Ask one question after another, follow-ups too.

    What is typed is not kept on the disk, unless with /save.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model, k=k)
    chosen = filters(since=since, until=until, source=source, path=path, language=language)
    with pipeline.Session(invocation.settings) as session:
        _Chat(invocation, session, chosen).run(_lines())


class _Chat:
    """A conversation, and what can be done with it."""

    def __init__(self, invocation: Invocation, session: pipeline.Session, filters: Filters) -> None:
        self._invocation = invocation
        self._terminal = invocation.terminal
        self._session = session
        self._filters = filters
        self._answers: list[Answer] = []

    def run(self, read: Callable[[], str]) -> None:
        """Until the input ends or somebody quits."""
        if self._terminal.live:
            self._terminal.note("Ask. /help tells what else can be done, Ctrl-D ends.")
        while True:
            try:
                line = read().strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line == "/quit":
                return
            try:
                self._take(line)
            except KeyboardInterrupt:
                self._terminal.warn("\nragtool: stopped.")
            except RagtoolError as error:
                self._terminal.warn(f"ragtool: {harmless(str(error))}")

    def _take(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        if not line:
            return
        if not line.startswith("/"):
            self._ask(words(line, what="The question"))
        elif command == "/help":
            self._terminal.answer(_HELP)
        elif command == "/sources":
            last = self._last()
            look = self._terminal.look
            shown = last.citations or last.nearest
            self._terminal.answer(answers.citations_text(last.sentences, shown, look))
        elif command == "/show":
            self._show(rest.strip())
        elif command == "/save":
            self._save(rest.strip())
        else:
            raise UsageError(f"There is no {command}.", hint="See: /help")

    def _ask(self, question: str) -> None:
        turns = [_turn(each) for each in self._answers]
        whole = self._session.whole(question, turns)
        if whole != question and not self._invocation.json:
            self._terminal.answer(bold(f"» {harmless(whole)}", self._terminal.look))
        asking = Asking(self._invocation)
        self._answers.append(asking.ask(self._session, Question(whole), filters=self._filters))

    def _last(self) -> Answer:
        if not self._answers:
            raise UsageError("Nothing was asked yet.")
        return self._answers[-1]

    def _show(self, number: str) -> None:
        last = self._last()
        for citation in last.citations or last.nearest:
            if str(citation.number) == number.strip("[]"):
                place = f"{citation.chunk_id}:{citation.span.start}-{citation.span.end}"
                chunk, span = pipeline.show(place, self._invocation.settings)
                text = passages.passage_text(chunk, span, self._terminal.look)
                self._terminal.answer(text)
                return
        raise UsageError(f"The last answer has no source {number or '...'}.", hint="See: /sources")

    def _save(self, name: str) -> None:
        self._last()
        file = Path(words(name, what="The file's name")).expanduser()
        try:
            # The user's alone, and never over something that is there.
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
                out.writelines(json_line(forms.answer_form(each)) + "\n" for each in self._answers)
        except OSError as error:
            raise UsageError(f"{file} can't be written: {error.strerror}.") from error
        self._terminal.note(f"{len(self._answers)} saved to {file}")


def _turn(answer: Answer) -> Turn:
    return Turn(answer.question, " ".join(each.text for each in answer.sentences))


def _lines() -> Callable[[], str]:
    """Reads a line: with history and editing at a terminal, plainly from a pipe."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _plain
    from prompt_toolkit import PromptSession

    # Its history stays in memory: what a journalist asks is nobody's business.
    session: PromptSession[str] = PromptSession("ask> ", enable_history_search=True)
    return session.prompt


def _plain() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise UsageError("stdin is not UTF-8 text.") from error
    if not line:
        raise EOFError
    return line
