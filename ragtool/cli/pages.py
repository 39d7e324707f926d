"""The forms an answer is asked for in, and the page of --html: where it may go, its writing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ragtool import __version__
from ragtool.cli.invocation import Invocation
from ragtool.errors import RagtoolError, UsageError
from ragtool.placing import place
from ragtool.records import Answer, Document, Filters, Summary


def page_file(text: str | None) -> Path | None:
    """The file that a page may be written to, None where none is wanted. Raises UsageError.

    What is there and is no plain file, as /dev/null, would be replaced by one.
    """
    if text is None:
        return None
    file = Path(text)
    if text in ("", "-") or (file.exists() and not file.is_file()):
        raise UsageError(f"--html {text!r} is not a file.", hint="Name one, as answer.html.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent} for --html.")
    return file


def settings_told(**named: object) -> tuple[tuple[str, str], ...]:
    """Names and values for the foot of a page, those that are None or False left out."""
    given = ((name.replace("_", " ").capitalize(), value) for name, value in named.items())
    return (
        ("Version of ragtool", __version__),
        *((name, str(value)) for name, value in given if value not in (None, False)),
    )


def filters_told(chosen: Filters, *, k: int) -> tuple[tuple[str, str], ...]:
    """The settings of a question, as `settings_told` gives them."""
    return settings_told(
        passages_retrieved=k,
        since=chosen.since,
        until=chosen.until,
        source=chosen.source,
        path=chosen.path,
        language=chosen.language,
    )


def write_page(file: Path, html: str, *, told: Iterable[Answer | Summary]) -> None:
    """Writes the page, for the user's eyes alone, over a page that is there.

    The reader of the file sees the old page or the new one, whole. Raises
    UsageError when it would replace a source of what is `told`, and
    RagtoolError when it can't be written.
    """
    target = file.resolve()
    for document in _sources(told):
        source = Path(document.path)
        if target in (source, *source.parents):
            raise UsageError(f"--html would replace {file}, which is a source of the answer.")
    try:
        _replace(target, html)
    except OSError as error:
        raise RagtoolError(f"{file} can't be written: {error.strerror or error}.") from error


def _sources(told: Iterable[Answer | Summary]) -> Iterable[Document]:
    for each in told:
        if isinstance(each, Summary):
            yield from each.documents
        else:
            yield from (citation.document for citation in (*each.citations, *each.nearest))


def _replace(target: Path, html: str) -> None:
    # mkstemp's file is the user's alone and was not there before.
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(html)
        place(aside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


def one_form(invocation: Invocation, *, as_markdown: bool) -> None:
    """Raises UsageError where both machine-readable forms were asked for."""
    if as_markdown and invocation.json:
        raise UsageError("Give --json or --markdown, not both.")
