"""Questions from a file: a line each, or JSON Lines with `id` and `question`."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from ragtool.cli.options import words
from ragtool.errors import UsageError

# Far more than any file of questions or answers has; /dev/zero has no end.
LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. id: the asker's own name for it, given back with the answer."""

    text: str
    id: str | None = None


def read_questions(file: str) -> tuple[Question, ...]:
    """The questions of `file`, "-" for stdin, in order. Blank lines are skipped.

    Raises UsageError, naming the line, when one can't be understood, and when
    there is none.
    """
    name = "stdin" if file == "-" else file
    lines = text_of(file).split("\n")
    questions = tuple(
        _question(line.strip(), where=f"{name}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not questions:
        raise UsageError(f"{name} holds no question.")
    return questions


def text_of(file: str) -> str:
    """The UTF-8 text of `file`, "-" for stdin. Raises UsageError."""
    name = "stdin" if file == "-" else file
    try:
        with contextlib.ExitStack() as opened:
            source = (
                sys.stdin.buffer if file == "-" else opened.enter_context(Path(file).open("rb"))
            )
            content = source.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{name} can't be read: {reason}.") from error
    if len(content) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST >> 20} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text.") from error


def _question(line: str, *, where: str) -> Question:
    if not line.startswith("{"):
        return Question(words(line, what=where))
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} begins like JSON and is none: {error}.") from error
    text, name = entry.get("question"), entry.get("id")
    if not isinstance(text, str):
        raise UsageError(f'{where} has no "question".')
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise UsageError(f'{where}: "id" must be text or a whole number.')
    return Question(words(text, what=f"{where}: the question"), None if name is None else str(name))
