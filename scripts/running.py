"""Numbered steps on the screen, and the programs that do the work behind them.

A step's program writes to a log; the screen shows how long it has taken and
how far it is. What ends a set-up is a Stopped with one plain sentence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

# How often the screen hears of a running step: often on a terminal, seldom in a log.
_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 30.0
_GRACE_SECONDS = 5.0
_WIDTH = 79
# What would steer pip or Python away from .venv, or switch off the build for this processor.
_UNWANTED = (
    "PIP_PREFIX",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "SOURCE_DATE_EPOCH",
)

Tick = Callable[[str], None]


class Stopped(Exception):
    """The script can't go on; its text says in a sentence why, and what helps."""


class ProgramFailed(Exception):
    """A program ended with an error; its text is what the program printed."""


class Board:
    """Prints numbered steps with the time that each takes.

    total: how many steps there will be. stream: where they are printed.
    """

    def __init__(self, total: int, *, stream: TextIO) -> None:
        self._total = total
        self._stream = stream
        self._live = stream.isatty()
        self._number = 0
        self._title = ""
        self._began = 0.0
        self._told = 0.0

    def begin(self, title: str) -> None:
        """Start the next step."""
        self._number += 1
        self._title = title
        self._began = self._told = time.monotonic()
        self._write(self._line(" ..."), last=not self._live)

    def tick(self, note: str) -> None:
        """Say how far the step is: at once on a terminal, now and then in a log."""
        now = time.monotonic()
        if now - self._told < (_TERMINAL_SECONDS if self._live else _LOG_SECONDS):
            return
        self._told = now
        parts = [self._elapsed(), note] if note else [self._elapsed()]
        self._write(self._line(f" ... {', '.join(parts)}"), last=not self._live)

    def hand_over(self) -> None:
        """Leave the screen to the step's own program."""
        if self._live:
            self._write(self._line(""), last=True)

    def end(self, outcome: str = "done") -> None:
        """Close the step."""
        self._write(self._line(f": {outcome}, {self._elapsed()}"), last=True)

    def skip(self, title: str) -> None:
        """Count a step that has nothing to do."""
        self._number += 1
        self._title = title
        self._write(self._line(": there already"), last=True)

    def _elapsed(self) -> str:
        return clock(time.monotonic() - self._began)

    def _line(self, rest: str) -> str:
        return f"[{self._number}/{self._total}] {self._title}{rest}"

    def _write(self, line: str, *, last: bool) -> None:
        if self._live:
            self._stream.write("\r" + line[:_WIDTH].ljust(_WIDTH))
        else:
            self._stream.write(line)
        if last:
            self._stream.write("\n")
        self._stream.flush()


def ended_plainly(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a script's main; what stops it becomes a sentence and an exit code."""
    try:
        return main(arguments)
    except Stopped as stopped:
        print(f"\n{stopped}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; what is done is kept, and the next run goes on.", file=sys.stderr)
        return 130


def clock(seconds: float) -> str:
    """Seconds as people read them: `4.2 s` up to ten, then `37 s`, then `4:05 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02d} min"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every program that is started here."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    kept.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if sys.platform == "win32":
        kept["PYTHONUTF8"] = "1"
    return {**kept, **(extra or {})}


def run_logged(
    command: Sequence[str], *, log: Path, tick: Tick, extra: Mapping[str, str] | None = None
) -> None:
    """Run a program with its output in `log`, telling `tick` how far it is.

    extra: what is added to its environment.

    Raises ProgramFailed with the output when it ends with an error.
    """
    with log.open("ab") as sink:
        sink.write(f"\n$ {' '.join(command)}\n".encode())
        sink.flush()
        start = sink.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment(extra),
        )
        code = _wait(child, lambda: tick(how_far(_read(log, start))))
    if code:
        raise ProgramFailed(_read(log, start))


def run_shown(command: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> int:
    """Run a program with the screen as its own. Returns its exit code."""
    sys.stdout.flush()
    return _wait(subprocess.Popen(command, cwd=folder, env=env), lambda: None)


def how_far(output: str) -> str:
    """Where a build or an installation stands, from what it has printed so far."""
    built = re.findall(r"^\s*\[\s*(\d+/\d+|\d+%)\]", output, re.MULTILINE)
    if built:
        return f"{built[-1].replace('/', ' of ')} compiled"
    if "Installing collected packages" in output:
        return "writing the packages"
    fetched = len(
        re.findall(r"^(?:Collecting|Requirement already satisfied:) ", output, re.MULTILINE)
    )
    return f"{fetched} packages so far" if fetched > 1 else ""


def _wait(child: subprocess.Popen[bytes], look: Callable[[], None]) -> int:
    """Wait for a program, looking in on it twice a second; it doesn't outlive us."""
    try:
        while True:
            try:
                return child.wait(timeout=_TERMINAL_SECONDS)
            except subprocess.TimeoutExpired:
                look()
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program: Ctrl-C has reached it too, so it gets a moment to tidy up."""
    try:
        child.wait(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.terminate()
        child.wait()


def _read(log: Path, start: int) -> str:
    with log.open("rb") as source:
        source.seek(start)
        return source.read().decode("utf-8", errors="replace")
