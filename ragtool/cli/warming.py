"""The commands about the warm process: status, stop."""

from __future__ import annotations

import typer

from ragtool import warm
from ragtool.cli.invocation import Everywhere, begin
from ragtool.cli.options import AsJson, IndexDir, Quiet
from ragtool.rendering.look import Look, path_text


def everywhere(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The process that keeps the models loaded between two questions."""
    begin(ctx, Everywhere(index, as_json, quiet))


def status(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tell whether a process is kept warm, and what for."""
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    state = warm.status()
    invocation.tell(
        form=lambda: _form(state),
        text=lambda look: "not running" if state is None else _text(state, look),
    )


def stop(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """End the process that is kept warm, and give its memory back.

    A command that waits for its answer goes on by itself.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    stopped = warm.stop()
    invocation.tell(
        form=lambda: {"schema": "ragtool.warm-stopped/1", "stopped": stopped},
        text=lambda _: "stopped" if stopped else "not running",
    )


def _form(state: warm.State | None) -> dict[str, object]:
    running: dict[str, object] = {"schema": "ragtool.warm/1", "running": state is not None}
    if state is None:
        return running
    return {
        **running,
        "pid": state.pid,
        "version": state.version,
        "minutes": state.minutes,
        "answered": state.answered,
        "waiting": state.waiting,
        "index": state.index or None,
        "generator": state.generator or None,
    }


def _text(state: warm.State, look: Look) -> str:
    lines = [
        f"running as process {state.pid}, ragtool {state.version}: "
        f"{state.answered} answered, {state.waiting} waiting; "
        f"ends after {state.minutes:g} idle minutes"
    ]
    if state.index:
        lines.append(f"index  {path_text(state.index, look)}")
        lines.append(f"model  {path_text(state.generator, look)}")
    return "\n".join(lines)
