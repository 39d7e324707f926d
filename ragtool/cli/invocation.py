"""What every command starts from: the settings, the streams, text or JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import typer

from ragtool.cli.terminal import Terminal
from ragtool.config import Settings, Value, resolve
from ragtool.rendering.harmless import json_line
from ragtool.rendering.look import Look


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The options that stand before or after any command; the later one wins."""

    index: str | None = None
    json: bool = False
    quiet: bool = False

    def over(self, outer: object) -> Everywhere:
        """These options, completed by those given further left."""
        if not isinstance(outer, Everywhere):
            return self
        return Everywhere(
            index=outer.index if self.index is None else self.index,
            json=self.json or outer.json,
            quiet=self.quiet or outer.quiet,
        )


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command at work."""

    settings: Settings
    terminal: Terminal
    json: bool

    def tell(self, *, form: Callable[[], dict[str, object]], text: Callable[[Look], str]) -> None:
        """The answer on stdout: as one line of JSON, or as text."""
        if self.json:
            self.terminal.answer(json_line(form()))
        else:
            self.terminal.answer(text(self.terminal.look))


def begin(
    ctx: typer.Context,
    everywhere: Everywhere,
    *,
    generator: str | None = None,
    k: int | None = None,
) -> Invocation:
    """The invocation of the command that `ctx` belongs to. Raises UsageError."""
    given = everywhere.over(ctx.obj)
    ctx.obj = given
    flags: dict[str, Value | None] = {"index": given.index, "generator": generator, "k": k}
    terminal = Terminal(quiet=given.quiet)
    ctx.call_on_close(terminal.clear)
    return Invocation(settings=resolve(flags), terminal=terminal, json=given.json)
