"""`chat`: questions one after another, follow-ups understood."""

from __future__ import annotations

import difflib
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
from ragtool.cli.pages import filters_told
from ragtool.cli.questions import Question
from ragtool.cli.saving import save
from ragtool.conversation import Turn
from ragtool.errors import RagtoolError, UsageError
from ragtool.records import Answer, Filters
from ragtool.rendering import answers, passages
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import bold

_HELP = """\
Ask in whole sentences or follow up: "and when?", "who denied it?"
/sources      the sources of the last answer
/show N       source N of the last answer in its surroundings
/save FILE    all answers so far: FILE.html as a page, FILE.md as Markdown, any other
              name as JSON, a line each, for `ragtool verify`
/help         this
/quit         ends; so does Ctrl-D
Ctrl-C stops an answer. The arrow keys and Ctrl-R find what was typed before."""
_COMMANDS = ("/sources", "/show", "/save", "/help", "/quit")


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
        _Chat(invocation, session, chosen).run()


class _Chat:
    """A conversation, and what can be done with it."""

    def __init__(self, invocation: Invocation, session: pipeline.Session, filters: Filters) -> None:
        self._invocation = invocation
        self._terminal = invocation.terminal
        self._session = session
        self._filters = filters
        self._answers: list[Answer] = []

    def run(self) -> None:
        """Until the input ends or somebody quits.

        Somebody at a terminal stops an answer with Ctrl-C; in a pipe it ends the run.
        """
        typed = sys.stdin.isatty() and sys.stdout.isatty()
        read = _prompt() if typed else _plain
        if self._terminal.live and typed:
            self._terminal.note("Ask. /help tells what else can be done, Ctrl-D ends.")
        answering = False
        while True:
            try:
                if answering:  # told here, where another Ctrl-C does no harm
                    answering = False
                    self._terminal.warn("\nragtool: stopped.")
                line = read().strip()
                if line == "/quit":
                    return
                answering = True
                self._respond(line)
                answering = False
            except EOFError:
                return
            except KeyboardInterrupt:
                if not typed:
                    raise

    def _respond(self, line: str) -> None:
        """Do what the line says; what goes wrong with it is told, and the next may be typed."""
        try:
            self._take(line)
        except RagtoolError as error:
            self._terminal.warn(f"ragtool: {harmless(str(error))}")

    def _take(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        if not line:
            return
        if not line.startswith("/"):
            self._ask(words(line, what="The question"))
        elif command == "/help":
            self._tell(_HELP)
        elif command == "/sources":
            last = self._last()
            look = self._terminal.look
            shown = last.citations or last.nearest
            self._tell(answers.citations_text(last.sentences, shown, look))
        elif command == "/show":
            self._show(rest.strip())
        elif command == "/save":
            self._save(rest.strip())
        else:
            near = difflib.get_close_matches(command, _COMMANDS, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no {command}.", hint=f"{meant}See: /help")

    def _tell(self, text: str) -> None:
        """What was asked for beside the answers; in JSON stdout holds these alone."""
        if self._invocation.json:
            self._terminal.warn(text)
        else:
            self._terminal.answer(text)

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
                self._tell(passages.passage_text(chunk, span, self._terminal.look))
                return
        raise UsageError(f"The last answer has no source {number or '...'}.", hint="See: /sources")

    def _save(self, name: str) -> None:
        self._last()
        file = Path(words(name, what="The file's name")).expanduser()
        settings = filters_told(self._filters, k=self._invocation.settings.k)
        save(file, self._answers, look=self._terminal.look, settings=settings)
        self._terminal.note(f"{len(self._answers)} saved to {harmless(str(file))}")


def _turn(answer: Answer) -> Turn:
    return Turn(answer.question, " ".join(each.text for each in answer.sentences))


def _prompt() -> Callable[[], str]:
    """Reads a line at a terminal, with history and editing."""
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
