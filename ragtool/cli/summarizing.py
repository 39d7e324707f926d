"""The command that writes summaries."""

from __future__ import annotations

from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Everywhere, begin
from ragtool.cli.options import (
    AsJson,
    AsMarkdown,
    HtmlFile,
    IndexDir,
    ModelName,
    Quiet,
    paths_given,
    words,
)
from ragtool.cli.pages import one_form, page_file, settings_told, write_page
from ragtool.records import Summary
from ragtool.rendering import answers, forms, markdown, page


def summarize(
    ctx: typer.Context,
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH")] = None,
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

    Every sentence carries its source, as in an answer; no language model is
    loaded. Without PATH, with --about: one paragraph over the whole index.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet), generator=model)
    one_form(invocation, as_markdown=as_markdown)
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
        paths_given(paths or ()),
        invocation.settings,
        together=together,
        about=topic,
        words=length,
        report=invocation.terminal.progress,
        on_summary=tell,
    )
    if file is not None:
        settings = settings_told(together=together, about=topic, words_a_paragraph=length)
        write_page(file, page.summaries_page(summaries, settings=settings), told=summaries)
