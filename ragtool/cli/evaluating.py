"""The command that measures: eval."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Everywhere, begin
from ragtool.cli.options import AsJson, IndexDir, K, ModelName, Quiet, paths_given
from ragtool.errors import UsageError
from ragtool.records import Answer, Span
from ragtool.rendering import evaluations, figures, forms, listings
from ragtool.rendering.harmless import json_line
from ragtool.reports import IndexReport


def evaluate(
    ctx: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="FOLDER")],
    sample: Annotated[
        int | None,
        typer.Option("-n", metavar="N", min=1, help="Ask only N questions, the same every time."),
    ] = None,
    failures: Annotated[
        str | None,
        typer.Option("--failures", metavar="FILE", help="Write what went wrong there, as text."),
    ] = None,
    k: K = None,
    model: ModelName = None,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score the whole pipeline on a question set.

    FOLDER holds articles/ and questions.jsonl. They are indexed apart, and for
    the next run too where --index is given.
    """
    everywhere = Everywhere(index, as_json, quiet).over(ctx.obj)
    invocation = begin(ctx, everywhere, generator=model, k=k)
    terminal = invocation.terminal
    (place,) = paths_given([folder])
    file = None if failures is None else _writable(failures)

    def tell_unread(report: IndexReport) -> None:
        for failure in report.failures:
            terminal.warn(f"ragtool: {listings.failure_text(failure, terminal.look)}")

    evaluation = pipeline.evaluate(
        place,
        invocation.settings,
        keep=everywhere.index is not None,
        quotes=_printed_quotes,
        report=terminal.progress,
        sample=sample,
        on_indexed=tell_unread,
    )
    invocation.tell(
        form=lambda: figures.evaluation_form(evaluation),
        text=lambda look: evaluations.evaluation_text(evaluation, look),
    )
    if file is not None:
        file.touch(mode=0o600)
        file.write_text(evaluations.misses_text(evaluation), encoding="utf-8")


def _printed_quotes(answer: Answer) -> Iterable[tuple[str, Span, str]]:
    """Path, span and words of every quote as `ask --json` prints it."""
    form = json.loads(json_line(forms.answer_form(answer)))
    for one in form["citations"] + form["nearest"]:
        yield one["document"]["path"], Span(*one["span"]), one["quote"]


def _writable(name: str) -> Path:
    """The file, when it may be one. Raises UsageError: after the run it would be too late."""
    file = Path(name)
    if not name or file.is_dir() or not file.parent.is_dir():
        raise UsageError(
            f"{name!r} can't be written to.", hint="Name a file in a folder that is there."
        )
    return file
