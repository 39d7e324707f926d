"""The commands put together, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from pathlib import PurePath
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import ragtool
from ragtool import guard
from ragtool.cli import (
    asking,
    chatting,
    evaluating,
    indexing,
    looking,
    modelling,
    summarizing,
    warming,
)
from ragtool.cli.invocation import Everywhere
from ragtool.cli.options import AsJson, IndexDir, Quiet
from ragtool.cli.terminal import ready, there
from ragtool.errors import RagtoolError
from ragtool.rendering.harmless import harmless

INTERRUPTED = 130


class Commands(TyperGroup):
    """The group of all commands: what goes wrong in one is said in one line."""

    # The class of ctx has no public name since typer carries its own click.
    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Run the command. RagtoolError, OSError and Ctrl-C become typer.Exit."""
        try:
            return super().invoke(ctx)
        except RagtoolError as error:
            _say(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            _say("interrupted")
            raise typer.Exit(INTERRUPTED) from error
        except OSError as error:
            _say(": ".join(str(part) for part in (error.strerror or error, error.filename) if part))
            raise typer.Exit(1) from error
        except MemoryError as error:
            _say("There is not enough memory. Try a smaller model: ragtool models list")
            raise typer.Exit(1) from error


def main() -> None:
    """Run the command line, without a network, and end the process with its exit code."""
    guard.deny_network()
    sys.stdin = there(sys.stdin)
    sys.stdout = ready(sys.stdout)
    sys.stderr = ready(sys.stderr)
    if not _debugging():
        warnings.simplefilter("ignore")  # libraries' asides to developers
    run(app)


def run(commands: typer.Typer) -> None:
    """Run `commands` with the process's arguments. Ends with SystemExit, always."""
    try:
        commands(prog_name="ragtool")
    except Exception as error:  # the last resort: whatever arrives here is a bug
        _say_bug(error)
        sys.exit(1)


def _everywhere(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            is_eager=True,
            callback=lambda wanted: _tell_version(wanted),
        ),
    ] = False,
) -> None:
    """Answers from a folder of documents, each sentence cited to the letter."""
    ctx.obj = Everywhere(index, as_json, quiet)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ragtool {ragtool.__version__}")
        raise typer.Exit


def _say(message: str) -> None:
    sys.stderr.write(f"ragtool: {harmless(message)}\n")


def _say_bug(error: Exception) -> None:
    if _debugging():
        traceback.print_exception(error)
        return
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({PurePath(frame.filename).name}, line {frame.lineno})" for frame in last)
    _say(
        f"This is a bug in ragtool: {type(error).__name__}: {error}{where}. "
        "Run it again with RAGTOOL_DEBUG=1 to see the whole of it."
    )


def _debugging() -> bool:
    return os.environ.get("RAGTOOL_DEBUG", "") not in ("", "0")


def _group(*, cls: type[TyperGroup] = TyperGroup, bare: bool = False) -> typer.Typer:
    """A group of commands. bare: it does something of its own without one."""
    # Without rich: plain help, and a quick start.
    return typer.Typer(
        cls=cls,
        no_args_is_help=not bare,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def _assembled() -> typer.Typer:
    whole = _group(cls=Commands)
    whole.callback()(_everywhere)
    for command in (
        indexing.index,
        asking.ask,
        summarizing.summarize,
        looking.search,
        looking.show,
        looking.verify,
        chatting.chat,
    ):
        whole.command()(command)
    whole.command("eval")(evaluating.evaluate)
    documents = _group(bare=True)
    documents.callback(invoke_without_command=True)(indexing.documents)
    documents.command()(indexing.remove)
    whole.add_typer(documents, name="documents")
    whole.command()(indexing.status)
    whole.command()(indexing.doctor)
    pinned = _group()
    pinned.callback()(modelling.everywhere)
    pinned.command("list")(modelling.listed)
    for model_command in (modelling.pull, modelling.verify, modelling.path):
        pinned.command()(model_command)
    whole.add_typer(pinned, name="models")
    kept = _group()
    kept.callback()(warming.everywhere)
    kept.command()(warming.status)
    kept.command()(warming.stop)
    whole.add_typer(kept, name="warm")
    return whole


app = _assembled()
