"""The commands about the index itself: index, documents, status, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from ragtool import pipeline
from ragtool.cli.invocation import Everywhere, begin
from ragtool.cli.options import AsJson, IndexDir, ModelName, Paths, Quiet, paths_given
from ragtool.errors import UsageError
from ragtool.rendering import figures, forms, listings


def index(
    ctx: typer.Context,
    paths: Paths,
    ocr: Annotated[
        bool,
        typer.Option("--ocr", help="Read pictures and scanned PDFs too, with Tesseract."),
    ] = False,
    folder: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add or refresh files and folders.

    Run again, it does only what changed.
    """
    invocation = begin(ctx, Everywhere(folder, as_json, quiet))
    terminal = invocation.terminal
    report = pipeline.index(
        paths_given(paths), invocation.settings, report=terminal.progress, ocr=ocr
    )
    for failure in report.failures:
        if not failure.skipped:  # a folder may hold thousands of pictures
            terminal.warn(f"ragtool: {listings.failure_text(failure, terminal.look)}")
    invocation.tell(
        form=lambda: forms.index_form(report), text=lambda _: listings.report_text(report)
    )


def documents(
    ctx: typer.Context,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="List what could not be read or was skipped, and why."),
    ] = False,
    folder: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List what is indexed, or forget some of it."""
    invocation = begin(ctx, Everywhere(folder, as_json, quiet))
    if ctx.invoked_subcommand is not None:
        return
    if failed:
        failures = pipeline.failures(invocation.settings)
        invocation.tell(
            form=lambda: forms.failures_form(failures),
            text=lambda look: listings.failures_text(failures, look),
        )
        return
    held = pipeline.documents(invocation.settings)
    invocation.tell(
        form=lambda: forms.documents_form(held),
        text=lambda look: listings.documents_text(held, look),
    )


def remove(
    ctx: typer.Context,
    paths: Paths,
    folder: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Forget files or whole folders; the files themselves stay."""
    invocation = begin(ctx, Everywhere(folder, as_json, quiet))
    removed = pipeline.remove(paths_given(paths), invocation.settings)
    if not removed:
        raise UsageError("Nothing of that is indexed.", hint="See: ragtool documents")
    invocation.tell(
        form=lambda: {"schema": "ragtool.removed/1", "removed": removed},
        text=lambda _: f"{removed} removed",
    )


def status(
    ctx: typer.Context,
    folder: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what the index holds."""
    invocation = begin(ctx, Everywhere(folder, as_json, quiet))
    held = pipeline.status(invocation.settings)
    failures = pipeline.failures(invocation.settings)
    invocation.tell(
        form=lambda: forms.status_form(held, failures),
        text=lambda look: listings.status_text(held, failures, look),
    )


def doctor(
    ctx: typer.Context,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend what is damaged in the index."),
    ] = False,
    tune: Annotated[
        bool,
        typer.Option("--tune", help="Measure how the model runs best here, and remember it."),
    ] = False,
    model: ModelName = None,
    folder: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check this installation and the index.

    Names what is wrong, and the command that mends it. Exit code 1: something is wrong.
    """
    invocation = begin(ctx, Everywhere(folder, as_json, quiet), generator=model)
    settings = invocation.settings
    if tune:
        tuning = pipeline.tune(settings, report=invocation.terminal.progress)
        invocation.tell(
            form=lambda: figures.tuning_form(tuning), text=lambda _: listings.tuning_text(tuning)
        )
        return
    repairs = pipeline.repair(settings, report=invocation.terminal.progress) if repair else ()
    findings = pipeline.doctor(settings)
    invocation.tell(
        form=lambda: forms.doctor_form(findings, repairs),
        text=lambda look: listings.findings_text(findings, look, repairs=repairs),
    )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
