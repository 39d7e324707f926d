"""The options that several commands share, and the checks of what they are given."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ragtool.config import LARGEST_K
from ragtool.errors import UsageError
from ragtool.records import Filters

# Folders and files come as text: Path("") would mean the current folder.
Paths = Annotated[list[str], typer.Argument(metavar="PATH")]
IndexDir = Annotated[
    str | None,
    typer.Option("--index", metavar="DIR", help="The folder of the index."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object per answer, one per line.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="No progress, hints or timings; errors are still told.")
]

K = Annotated[
    int | None,
    typer.Option("-k", metavar="N", min=1, max=LARGEST_K, help="How many chunks to retrieve."),
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|FILE.gguf", help="The language model to answer with."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only documents of that day, month or year on."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Only documents up to that day, month or year."),
]
Source = Annotated[
    str | None,
    typer.Option("--source", metavar="TEXT", help="Only documents whose source holds TEXT."),
]
PathGlob = Annotated[
    str | None,
    typer.Option("--path", metavar="GLOB", help="Only documents whose path matches GLOB."),
]
Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="Only documents in that language, as en."),
]

HtmlFile = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", help="Write it to FILE too, as a page for a browser."),
]
NoWarm = Annotated[
    bool,
    typer.Option("--no-warm", help="Answer in this process; keep none with the models loaded."),
]
AsMarkdown = Annotated[
    bool, typer.Option("--markdown", help="Print Markdown with footnotes, to be pasted.")
]

# A question that is longer leaves the model no room for what it is to read.
LONGEST = 4_000

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


def filters(
    *,
    since: str | None,
    until: str | None,
    source: str | None,
    path: str | None,
    language: str | None,
) -> Filters:
    """The filters, checked. Raises UsageError."""
    chosen = Filters(
        since=None if since is None else date(since, option="--since"),
        until=None if until is None else date(until, option="--until"),
        source=None if source is None else words(source, what="--source"),
        path=words(path, what="--path") if path else None,
        language=None if language is None else words(language, what="--language").lower(),
    )
    if chosen.since and chosen.until and _later(chosen.since, chosen.until):
        raise UsageError(f"--since {chosen.since} is later than --until {chosen.until}.")
    return chosen


def paths_given(texts: Sequence[str]) -> tuple[Path, ...]:
    """The paths of an argument list, none of them empty. Raises UsageError."""
    if not all(texts):
        raise UsageError("A path is empty.", hint="Give . for the current folder.")
    return tuple(map(Path, texts))


def date(text: str, *, option: str) -> str:
    """`text` when it is a date as YYYY, YYYY-MM or YYYY-MM-DD. Raises UsageError."""
    with contextlib.suppress(ValueError):
        if _DATE.fullmatch(text):
            datetime.date.fromisoformat(text + "0001-01-01"[len(text) :])
            return text
    raise UsageError(f"{option} {text!r} is not a date as YYYY, YYYY-MM or YYYY-MM-DD.")


def words(text: str, *, what: str) -> str:
    """`text` trimmed, bytes that were no text replaced.

    Raises UsageError when it is empty or has more than LONGEST characters.
    """
    trimmed = text.encode("utf-8", "replace").decode("utf-8").strip()
    if not trimmed:
        raise UsageError(f"{what} is empty.")
    if len(trimmed) > LONGEST:
        raise UsageError(
            f"{what} has {len(trimmed):,} characters, and at most {LONGEST:,} are taken."
        )
    return trimmed


def _later(since: str, until: str) -> bool:
    shared = min(len(since), len(until))
    return since[:shared] > until[:shared]
