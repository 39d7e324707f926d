"""A conversation in a file: JSON for `ragtool verify`, a page, or Markdown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ragtool.errors import UsageError
from ragtool.placing import settle
from ragtool.records import Answer
from ragtool.rendering import forms, markdown, page
from ragtool.rendering.harmless import json_line
from ragtool.rendering.look import Look, joined


def save(
    file: Path, answers: Sequence[Answer], *, look: Look, settings: tuple[tuple[str, str], ...]
) -> None:
    """Writes the answers to `file`, in the form that its name ends with.

    .html and .htm are a page with the settings at its foot, .md and .markdown
    are Markdown, all else is JSON, a line each. The file is the user's alone.
    Raises UsageError where it can't be written, and where there is one already.
    """
    ending = file.suffix.lower()
    if ending in (".html", ".htm"):
        text = page.answers_page(answers, settings=settings)
    elif ending in (".md", ".markdown"):
        text = _as_markdown(answers, look)
    else:
        text = "".join(json_line(forms.answer_form(each)) + "\n" for each in answers)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
                out.write(text)
            settle(file)
        except OSError:
            file.unlink(missing_ok=True)  # half of it would be taken for the whole
            raise
    except OSError as error:
        raise UsageError(f"{file} can't be written: {error.strerror}.") from error


def _as_markdown(answers: Sequence[Answer], look: Look) -> str:
    blocks, notes = [], 0
    for answer in answers:
        blocks.append(markdown.question_markdown(answer.question))
        blocks.append(markdown.answer_markdown(answer, look, before=notes))
        notes += len(answer.citations)
    return joined(*blocks) + "\n"
