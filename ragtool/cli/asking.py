"""The command that answers, and how an answer is told while it comes."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import typer

from ragtool import pipeline, warm
from ragtool.cli.invocation import Everywhere, Invocation, begin
from ragtool.cli.options import (
    AsJson,
    AsMarkdown,
    HtmlFile,
    IndexDir,
    K,
    Language,
    ModelName,
    NoWarm,
    PathGlob,
    Quiet,
    Since,
    Source,
    Until,
    filters,
    words,
)
from ragtool.cli.pages import filters_told, one_form, page_file, write_page
from ragtool.cli.questions import Question, read_questions
from ragtool.cli.repeating import RepeatFile, repeat_saved
from ragtool.errors import UsageError
from ragtool.records import Answer, AnswerSentence, Citation, Filters, Hit
from ragtool.rendering import answers, forms, markdown, page, passages
from ragtool.rendering.harmless import harmless, json_line
from ragtool.rendering.look import bold, flowed

NOT_FOUND = 3


def ask(
    ctx: typer.Context,
    question: Annotated[str | None, typer.Argument(metavar="QUESTION")] = None,
    questions: Annotated[
        str | None,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="Ask every question of FILE, a line each or JSONL with id and question; -: stdin.",
        ),
    ] = None,
    repeat: RepeatFile = None,
    k: K = None,
    model: ModelName = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    path: PathGlob = None,
    language: Language = None,
    html: HtmlFile = None,
    as_markdown: AsMarkdown = False,
    no_warm: NoWarm = False,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer QUESTION, each sentence with its source.

    Exit code 3: the sources hold no supported answer.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model, k=k)
    if repeat is not None:
        repeat_saved(ctx, invocation, repeat, model=model)
        return
    one_form(invocation, as_markdown=as_markdown)
    asked, file = _asked(question, questions), page_file(html)
    kept, notes = [], 0
    chosen = filters(since=since, until=until, source=source, path=path, language=language)
    with (
        pipeline.Session(invocation.settings)
        if no_warm or os.environ.get("RAGTOOL_WARM") == "0"
        else warm.Session(invocation.settings)
    ) as session:
        if session.unread:
            invocation.terminal.note(
                f"ragtool: {session.unread} of the files could not be read"
                " and are not searched: ragtool documents --failed"
            )
        for number, item in enumerate(asked):
            if questions is not None:
                _tell_question(invocation, item, first=number == 0, as_markdown=as_markdown)
            asking = Asking(invocation, as_markdown=as_markdown, notes=notes)
            answer = asking.ask(session, item, filters=chosen)
            notes += len(answer.citations)
            if file is not None:  # the texts of all that was retrieved would fill the memory
                kept.append(replace(answer, retrieved=()))
    if file is not None:
        settings = filters_told(chosen, k=invocation.settings.k)
        write_page(file, page.answers_page(kept, settings=settings), told=kept)
    if questions is None and answer.status == "not_found":
        raise typer.Exit(NOT_FOUND)


class Asking:
    """One question on its way: what is told while the answer comes, and after.

    as_markdown: the answer is told as Markdown. notes: footnotes told before it.
    """

    def __init__(
        self, invocation: Invocation, *, as_markdown: bool = False, notes: int = 0
    ) -> None:
        self._terminal = invocation.terminal
        self._json = invocation.json
        self._markdown = as_markdown
        self._notes = notes
        self._k = invocation.settings.k
        self._told: list[AnswerSentence] = []
        self._column = 0

    def ask(
        self, session: pipeline.Session | warm.Session, question: Question, *, filters: Filters
    ) -> Answer:
        """Ask, and tell the answer."""
        answer = session.ask(
            question.text,
            id=question.id,
            k=self._k,
            filters=filters,
            on_hits=self._name_sources,
            on_sentence=self._tell_sentence,
        )
        if self._json:
            self._terminal.answer(json_line(forms.answer_form(answer)))
        else:
            self._tell_rest(answer)
        self._note_costs(answer)
        return answer

    def _name_sources(self, hits: tuple[Hit, ...]) -> None:
        if self._terminal.live and hits:
            titles = passages.sources_text(hits, self._terminal.look)
            self._terminal.note(flowed(f"reading: {titles}", self._terminal.look))

    def _tell_sentence(self, sentence: AnswerSentence, _: tuple[Citation, ...]) -> None:
        if self._json or self._markdown or not self._terminal.streams:
            return
        piece = flowed(answers.sentence_text(sentence), self._terminal.look, column=self._column)
        self._column = len(piece.rpartition("\n")[2]) + (0 if "\n" in piece else self._column)
        self._told.append(sentence)
        self._terminal.piece(piece)

    def _tell_rest(self, answer: Answer) -> None:
        look = self._terminal.look
        if self._markdown:
            text = markdown.answer_markdown(answer, look, before=self._notes)
            self._terminal.answer(text)
            return
        if self._told:
            self._terminal.piece("\n\n")
        if self._told and tuple(self._told) == answer.sentences:
            text = answers.citations_text(answer.sentences, answer.citations, look)
        else:
            text = answers.answer_text(answer, look)
        self._terminal.answer(text)

    def _note_costs(self, answer: Answer) -> None:
        if not self._terminal.live:
            return
        if answer.citations and not self._json:
            first = answer.citations[0]
            place = f"{first.chunk_id}:{first.span.start}-{first.span.end}"
            self._terminal.note(f"See [{first.number}] in its surroundings: ragtool show {place}")
        if "total_ms" in answer.timings:
            seconds = answer.timings["total_ms"] / 1000
            self._terminal.note(f"{seconds:.1f} s · {harmless(answer.model.name)}")


def _tell_question(
    invocation: Invocation, question: Question, *, first: bool, as_markdown: bool
) -> None:
    """Head an answer in text with its question; in JSON it is a field."""
    if not invocation.json:
        heading = (
            markdown.question_markdown(question.text) + "\n"
            if as_markdown
            else bold(harmless(question.text), invocation.terminal.look)
        )
        invocation.terminal.answer(("" if first else "\n") + heading)


def _asked(question: str | None, file: str | None) -> tuple[Question, ...]:
    """The questions of the command line. Raises UsageError unless one way was taken."""
    if file is not None and question is not None:
        raise UsageError("Give a QUESTION or --questions FILE, not both.")
    if file is not None:
        return read_questions(file)
    if question is None:
        raise UsageError("There is no question.", hint='Ask one: ragtool ask "who said that?"')
    return (Question(words(question, what="The question")),)
