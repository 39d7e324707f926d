"""`ask --repeat`: saved answers asked for again, and whether they are the same."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Invocation
from ragtool.cli.questions import text_of
from ragtool.errors import UsageError
from ragtool.rendering import forms, repetitions

DIFFERS = 3

RepeatFile = Annotated[
    str | None,
    typer.Option(
        "--repeat",
        metavar="ANSWER.json",
        help="Ask again as a saved answer was, and say what differs; -: stdin.",
    ),
]

# What stands beside --repeat; all else is taken from the saved answer.
_BESIDE = {"repeat", "model", "no_warm", "index", "as_json", "quiet"}


def repeat_saved(
    ctx: typer.Context, invocation: Invocation, file: str, *, model: str | None
) -> None:
    """Tells each repetition. Raises typer.Exit(DIFFERS) when one differs, and UsageError
    where the command line says how to ask."""
    more = [name for name, value in ctx.params.items() if value not in (None, False)]
    if not _BESIDE.issuperset(more):
        raise UsageError(
            "--repeat takes question and options from the saved answer.",
            hint="Give only --model beside it.",
        )
    same = True
    where = "stdin" if file == "-" else file
    for repetition in pipeline.repeat(
        text_of(file), invocation.settings, where=where, form=forms.answer_form, model=model
    ):
        invocation.tell(
            form=partial(repetitions.repetition_form, repetition),
            text=partial(repetitions.repetition_text, repetition),
        )
        same = same and repetition.same
    if not same:
        raise typer.Exit(DIFFERS)
