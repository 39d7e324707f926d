"""How text is set: lines, colour, paths and sizes."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import PurePath

from ragtool.rendering.harmless import harmless

INDENT = "    "


@dataclass(frozen=True, slots=True)
class Look:
    """How text is set. width: in columns, None: lines are not broken. base:
    the folder that paths are shown relative to. colour: escape sequences for
    a terminal that knows them."""

    width: int | None = None
    base: PurePath | None = None
    colour: bool = False


def flowed(text: str, look: Look, *, column: int = 0) -> str:
    """`text` broken into lines, to be written where a line stands at `column`.

    The result begins with what parts it from the words before: a blank or a
    line end. Text written piece by piece looks as if written at once.
    """
    before = "x" * column  # a word that takes the room of what stands there
    return fill(f"{before} {text}" if column else text, look.width)[column:]


def fill(text: str, width: int | None, *, indent: str = "") -> str:
    """`text` in lines of at most `width` columns; a longer word, as a path, stays whole."""
    if width is None:
        return text
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def dotted(*parts: str | None) -> str:
    """The parts that are there, harmless, with dots between them."""
    return " · ".join(harmless(part) for part in parts if part)


def joined(*blocks: str) -> str:
    """The blocks that hold something, a blank line between them."""
    return "\n\n".join(block for block in blocks if block)


def bold(text: str, look: Look) -> str:
    """`text` in bold where the look has colour."""
    return f"\x1b[1m{text}\x1b[22m" if look.colour else text


def dim(text: str, look: Look) -> str:
    """`text` in a fainter tone where the look has colour."""
    return f"\x1b[2m{text}\x1b[22m" if look.colour else text


def path_text(path: str, look: Look) -> str:
    """`path` relative to the look's base when it lies inside, else as it is."""
    pure = PurePath(path)
    if look.base is not None and pure.is_relative_to(look.base):
        pure = pure.relative_to(look.base)
    return harmless(str(pure))


def size_text(size: int) -> str:
    """Bytes in decimal units: "1.1 GB"."""
    amount, units = float(size), iter(("bytes", "kB", "MB", "GB"))
    unit = next(units)
    while amount >= 999.5 and (larger := next(units, "")):
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
