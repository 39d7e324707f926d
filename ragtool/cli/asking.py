"""The commands that answer, and what is done with an answer: ask, search, summarize,
show, verify."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Everywhere, Invocation, begin
from ragtool.cli.options import (
    AsJson,
    AsMarkdown,
    HtmlFile,
    IndexDir,
    K,
    Language,
    ModelName,
    PathGlob,
    Paths,
    Quiet,
    Since,
    Source,
    Until,
    filters,
    paths_given,
    words,
)
from ragtool.cli.pages import filters_told, page_file, settings_told, write_page
from ragtool.cli.questions import Question, read_questions, text_of
from ragtool.errors import UsageError
from ragtool.records import Answer, AnswerSentence, Citation, Filters, Hit, Summary
from ragtool.rendering import answers, forms, listings, markdown, page, passages
from ragtool.rendering.harmless import harmless, json_line
from ragtool.rendering.look import bold, flowed

NOT_FOUND = CHANGED = 3


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
    k: K = None,
    model: ModelName = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    path: PathGlob = None,
    language: Language = None,
    html: HtmlFile = None,
    as_markdown: AsMarkdown = False,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer QUESTION, each sentence with its source.

    Exit code 3: the sources hold no supported answer.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model, k=k)
    _one_form(invocation, as_markdown=as_markdown)
    asked, file = _asked(question, questions), page_file(html)
    kept, notes = [], 0
    chosen = filters(since=since, until=until, source=source, path=path, language=language)
    with pipeline.Session(invocation.settings) as session:
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


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY")],
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
    """List the chunks that fit QUERY best. No language model is loaded."""
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model, k=k)
    wanted = words(query, what="The query")
    chosen = filters(since=since, until=until, source=source, path=path, language=language)
    hits = pipeline.search(wanted, invocation.settings, k=invocation.settings.k, filters=chosen)
    if not hits:
        invocation.terminal.note("ragtool: nothing found.")
    invocation.tell(
        form=lambda: forms.search_form(wanted, hits),
        text=lambda look: passages.hits_text(hits, look),
    )


def summarize(
    ctx: typer.Context,
    paths: Paths,
    together: Annotated[
        bool, typer.Option("--together", help="One paragraph over all documents.")
    ] = False,
    about: Annotated[
        str | None, typer.Option("--about", metavar="TOPIC", help="What to dwell on.")
    ] = None,
    length: Annotated[
        int,
        typer.Option(
            "--words", metavar="N", min=20, max=400, help="About how long a paragraph is."
        ),
    ] = 100,
    model: ModelName = None,
    html: HtmlFile = None,
    as_markdown: AsMarkdown = False,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a cited paragraph per document.

    Every sentence carries its source, as in an answer.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model)
    _one_form(invocation, as_markdown=as_markdown)
    topic, file = None if about is None else words(about, what="--about"), page_file(html)
    written = notes = 0

    def tell(summary: Summary) -> None:
        nonlocal written, notes
        if written and not invocation.json:
            invocation.terminal.piece("\n")
        invocation.tell(
            form=lambda: forms.summary_form(summary),
            text=lambda look: (
                markdown.summary_markdown(summary, look, before=notes)
                if as_markdown
                else answers.summary_text(summary, look)
            ),
        )
        written, notes = written + 1, notes + len(summary.citations)

    summaries = pipeline.summarize(
        paths_given(paths),
        invocation.settings,
        together=together,
        about=topic,
        words=length,
        on_summary=tell,
    )
    if file is not None:
        settings = settings_told(together=together, about=topic, words_a_paragraph=length)
        write_page(file, page.summaries_page(summaries, settings=settings), told=summaries)


def show(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A chunk's id, or ID:START-END for a citation.")
    ],
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show a citation or chunk in its surroundings.

    The quoted span is marked.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    chunk, span = pipeline.show(words(name, what="The id"), invocation.settings)
    invocation.tell(
        form=lambda: forms.passage_form(chunk, span),
        text=lambda look: passages.passage_text(chunk, span, look),
    )


def verify(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="ANSWER.json", help="-: stdin.")],
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check a saved answer against the files as they are now.

    Hashes, places and quotes. Exit code 3: something is no longer as it was.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    checked = pipeline.verify(text_of(file), where="stdin" if file == "-" else file)
    invocation.tell(
        form=lambda: forms.verification_form(checked),
        text=lambda look: listings.verification_text(checked, look),
    )
    if not all(each.ok for each in checked):
        raise typer.Exit(CHANGED)


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

    def ask(self, session: pipeline.Session, question: Question, *, filters: Filters) -> Answer:
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


def _one_form(invocation: Invocation, *, as_markdown: bool) -> None:
    if as_markdown and invocation.json:
        raise UsageError("Give --json or --markdown, not both.")


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
