"""The process that reads files: a request a line on stdin, an answer a line on stdout.

It has what a hostile file needs least: no network, no other programs, no file
to write to, and a limit on its memory. `python -m ragtool.readers.worker BYTES PROGRAM`:
PROGRAM is Tesseract, the one that may be run, "" for none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TextIO

from ragtool.errors import ReadError, SkipError
from ragtool.readers.reading import read
from ragtool.readers.wire import NO_MEMORY, packed

# What no reader needs. The audit hook can't be taken out again (PEP 578); it
# sees what Python does, not what a library does in C.
_DENIED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.fork",
)
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink")


def main() -> None:
    """Serves until stdin ends."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    _redirect()
    memory, program = int(sys.argv[1]), sys.argv[2] or None
    _limit_memory(memory)
    sys.addaudithook(partial(_deny, program))
    for line in requests:
        _answer(line, answers, ocr=program)


def _answer(line: str, answers: TextIO, *, ocr: str | None) -> None:
    request = json.loads(line)
    try:
        answer = json.dumps(_read(Path(request["path"]), request["known"], ocr))
    except MemoryError:
        sys.exit(NO_MEMORY)
    answers.write(answer + "\n")
    answers.flush()


def _read(path: Path, known: str | None, ocr: str | None) -> Mapping[str, object]:
    try:
        reading = read(path, known=known, ocr=ocr)
    except ReadError as error:
        reason = error.message.removeprefix(f"{path}: ")
        return {"error": reason, "skipped": isinstance(error, SkipError)}
    return {"same": True} if reading is None else packed(reading)


def _redirect() -> None:
    """What a library prints must not stand among the answers."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _limit_memory(most: int) -> None:
    """Bytes of address space; not on Windows, and macOS takes little notice."""
    try:
        import resource
    except ImportError:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ValueError, OSError):  # a limit of the system's own is lower
        return


def _deny(program: str | None, event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and program is not None and arguments[0] == program:
        return
    if event.startswith(_DENIED) or event in _CHANGES or _opens_to_write(event, arguments):
        raise PermissionError(f"a reader may not: {event}")


def _opens_to_write(event: str, arguments: tuple[object, ...]) -> bool:
    if event != "open" or isinstance(arguments[0], int):  # what is open already, such as a pipe
        return False
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(mark in mode for mark in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    main()
