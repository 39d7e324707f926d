"""Which documents a search may see: `Filters` as a predicate over one document.

Pure; reading the documents and applying the predicate is left to `store`.
"""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable
from datetime import date

from ragtool.errors import UsageError
from ragtool.records import Filters

Predicate = Callable[[str, str | None, str | None, str | None], bool]

_ISO = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)


def predicate(filters: Filters) -> Predicate | None:
    """A function of (path, date, source, language) that says whether a document passes.

    None when nothing is filtered. Dates: "2024" and "2024-06" stand for the
    whole year or month, in a filter and in a document alike; a document passes
    when any day that its date may mean lies within [since, until]. source:
    part of the name, Unicode case folded. path: fnmatch's glob with "/" as the
    separator on every platform, over the absolute path or any trailing part of
    it that begins at a folder or file name; as in fnmatch "*" crosses "/".
    Raises UsageError when since or until is not an ISO 8601 date.
    """
    if filters == Filters():
        return None
    since = _first_day(_checked(filters.since, flag="--since"))
    until = _last_day(_checked(filters.until, flag="--until"))
    source = _folded(filters.source)
    glob = _glob(filters.path)

    def passes(path: str, day: str | None, outlet: str | None, language: str | None) -> bool:
        return (
            _overlaps(day, since=since, until=until)
            and (source is None or source in (_folded(outlet) or ""))
            and (filters.language is None or language == filters.language)
            and (glob is None or glob.match(_slashed(path)) is not None)
        )

    return passes


def _checked(day: str | None, *, flag: str) -> str | None:
    if day is None or _is_date(day):
        return day
    raise UsageError(f"{flag} {day}: not a date.", hint="Write 2024, 2024-06 or 2024-06-03.")


def _is_date(day: str) -> bool:
    if not _ISO.fullmatch(day):
        return False
    try:
        date.fromisoformat(day + "0001-01-01"[len(day) :])
    except ValueError:
        return False
    return True


def _overlaps(day: str | None, *, since: str | None, until: str | None) -> bool:
    """Compares as strings: ISO dates of one length sort as their days do."""
    if since is None and until is None:
        return True
    day = None if day is None else day[:10]
    if day is None or not _is_date(day):
        return False
    return (since is None or (_last_day(day) or "") >= since) and (
        until is None or (_first_day(day) or "") <= until
    )


def _first_day(day: str | None) -> str | None:
    return None if day is None else day + "0000-01-01"[len(day) :]


def _last_day(day: str | None) -> str | None:
    """Day 31 for every month: no later day of that month exists, so it sorts right."""
    return None if day is None else day + "9999-12-31"[len(day) :]


def _folded(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text).casefold()


def _glob(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    flags = re.IGNORECASE if os.name == "nt" else 0
    return re.compile(r"(?s:.*/)?" + fnmatch.translate(_slashed(pattern)), flags)


def _slashed(path: str) -> str:
    """NFC because macOS hands out file names decomposed and people type them composed."""
    return unicodedata.normalize("NFC", path.replace(os.sep, "/"))
