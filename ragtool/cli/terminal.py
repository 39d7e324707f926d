"""The two streams: answers go to stdout, everything else to stderr.

Progress is one rewritten line on a terminal, and elsewhere a line now and
then once a run takes long.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import typer

from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import Look, size_text
from ragtool.reports import Progress

_WIDEST = 100  # longer lines are hard to read
_REDRAWN_EVERY = 0.1
_FIRST_LINE_AFTER, _NEXT_LINE_AFTER = 10.0, 30.0


class Terminal:
    """What a command may say, and where. quiet: no progress, hints or timings."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._drawn = 0  # columns of the progress line that stands on stderr
        self._step = ""
        self._begun = self._next = 0.0
        # Answers grow before the reader's eyes only where a reader is.
        self.streams = sys.stdout.isatty()
        # Whether somebody looks at stderr and wants to be told.
        self.live = sys.stderr.isatty() and not quiet
        self.look = Look(
            width=_columns() if self.streams else None,
            base=Path.cwd(),
            colour=self.streams and _knows_colour(os.environ),
        )

    def answer(self, text: str) -> None:
        """Write `text` and a line end to stdout; nothing for no text."""
        if text:
            self.piece(text + "\n")

    def piece(self, text: str) -> None:
        """Write `text` to stdout at once. A reader who has gone ends the run, quietly."""
        self.clear()
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            _abandon(sys.stdout)
            if _reader_gone(error):
                raise typer.Exit(0) from error
            raise

    def note(self, text: str) -> None:
        """Say `text` on stderr, unless quiet."""
        if not self._quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Say `text` on stderr, quiet or not."""
        self.clear()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, progress: Progress) -> None:
        """Show how far a step is, unless quiet."""
        if self._quiet:
            return
        now = time.monotonic()
        if progress.step != self._step:
            self._step, self._begun = progress.step, now
            self._next = now if self.live else now + _FIRST_LINE_AFTER
        if now < self._next:
            return
        line = progress_text(progress, seconds=now - self._begun)
        if self.live:
            self._draw(line)
            self._next = now + _REDRAWN_EVERY
        else:
            self.warn(line)
            self._next = now + _NEXT_LINE_AFTER

    def clear(self) -> None:
        """Take the progress line away."""
        if self._drawn:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _draw(self, line: str) -> None:
        # Blanks, not an escape sequence: every console understands them.
        line = line[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write("\r" + line.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(line)


def progress_text(progress: Progress, *, seconds: float) -> str:
    """ "reading  120 of 2000 files · 35 files/s · 54 s left", `seconds` into the step."""

    def amount(count: float) -> str:
        if progress.unit == "bytes":
            return size_text(int(count))
        return f"{count:.1f}" if 0 < count < 10 and count % 1 else f"{count:.0f}"

    unit = "" if progress.unit == "bytes" else f" {progress.unit}"
    whole = f" of {amount(progress.total)}" if progress.total else ""
    line = f"{harmless(progress.step)}  {amount(progress.done)}{whole}{unit}"
    if seconds < 1 or not progress.done:
        return line
    rate = progress.done / seconds
    line += f" · {amount(rate)}{unit}/s"
    if progress.total > progress.done:
        line += f" · {time_text((progress.total - progress.done) / rate)} left"
    return line


def time_text(seconds: float) -> str:
    """ "54 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def ready(stream: TextIO | None) -> TextIO:
    """`stream`, able to take any character: UTF-8 to files and pipes, "?" for
    what a console can't show. PYTHONIOENCODING, when set, keeps its say. A
    stream that was closed before the start (None) leads nowhere."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is None:
        return stream
    keeps = stream.isatty() or os.environ.get("PYTHONIOENCODING")
    reconfigure(encoding=None if keeps else "utf-8", errors="replace")
    return stream


def there(stream: TextIO | None) -> TextIO:
    """`stream` to read from; one that was closed before the start (None) is empty."""
    if stream is None:
        return Path(os.devnull).open(encoding="utf-8")
    return stream


def _columns() -> int:
    return max(20, min(_WIDEST, shutil.get_terminal_size().columns))


def _knows_colour(environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    # The old Windows console prints escape sequences as they are.
    return os.name != "nt" or bool(environ.get("WT_SESSION") or environ.get("TERM"))


def _reader_gone(error: OSError) -> bool:
    # Windows reports a closed pipe as EINVAL.
    return error.errno == errno.EPIPE or (os.name == "nt" and error.errno == errno.EINVAL)


def _abandon(stream: TextIO) -> None:
    """Send the rest nowhere, or the interpreter complains when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
