"""Dates with slashes, 3/4/2024: what a column of them tells about their order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Order = Literal["day first", "month first"]

_SLASHED = re.compile(r"\s*(\d{1,2})/(\d{1,2})/((?:1[5-9]|20)\d\d)(?!\d)")


def day_order(values: Iterable[str]) -> Order | None:
    """Which of the first two numbers is the day in all of the values; None where
    none of them tells, or where they disagree."""
    found: set[Order] = set()
    for value in values:
        if slashed := _SLASHED.match(value):
            first, second = int(slashed[1]), int(slashed[2])
            if first > 12 >= second:
                found.add("day first")
            elif second > 12 >= first:
                found.add("month first")
    return found.pop() if len(found) == 1 else None


def reordered(value: str, order: Order | None) -> str:
    """The value with a date with slashes at its beginning as year-month-day; as it
    is where there is none or no order."""
    slashed = _SLASHED.match(value) if order else None
    if not slashed:
        return value
    first, second, year = slashed.groups()
    day, month = (first, second) if order == "day first" else (second, first)
    return f"{year}-{month:0>2}-{day:0>2}{value[slashed.end() :]}"
