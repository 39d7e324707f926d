"""The commands that look into what is indexed or saved, without a language model."""

from __future__ import annotations

from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Everywhere, begin
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
from ragtool.cli.questions import text_of
from ragtool.rendering import forms, listings, passages

CHANGED = 3


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
