"""Text that comes from outside, made unable to act on a terminal.

What a document, a file name or a language model says may hold escape
sequences that move the cursor or set the clipboard, and characters that show
words in another order than they stand in, or hide them. Nothing else is
changed: JSON keeps every character, and only writes some as escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping


def _replacements() -> Iterator[tuple[int, str]]:
    """Each code point that may not reach a terminal, and what stands for it."""
    for code in range(0x20):
        yield code, chr(0x2400 + code)  # the control picture, so that the reader sees it
    yield 0x7F, "\u2421"
    for code in (*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF):
        yield code, "\ufffd"
    for code in (*range(0x09, 0x0E), 0x85, 0x2028, 0x2029):
        yield code, " "
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)):
        yield code, ""  # bidirectional embeddings, overrides and isolates
    for code in (0xAD, 0x034F, 0x180E, 0x200B, *range(0x2060, 0x2066), *range(0x206A, 0x2070)):
        yield code, ""  # no width, no ink
    for code in (
        0xFEFF,
        0xFFF9,
        0xFFFA,
        0xFFFB,
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE1000),
    ):
        yield code, ""


_REPLACED = dict(_replacements())

# Joiners and direction marks belong to the spelling of Persian, Hindi, Hebrew
# or an emoji, so they stay after such a character and go everywhere else.
_STRAY_JOINERS = re.compile(
    "(?<![\u0590-\u1cff\ua000-\ud7ff\uf900-\ufaff\ufb1d-\ufdff\ufe0f\ufe70-\ufefc"
    "\U00010000-\U0001ffff])[\u061c\u200c-\u200f]"
)

# No script puts more marks on one letter; a tower of them covers the lines around.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKS_TOO_MANY = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")

# Legal in a JSON string, and yet able to act where the JSON is printed.
_ESCAPED_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """`text` as one line that only shows.

    Control characters become their pictures, or U+FFFD where there is none;
    tabs, line ends and page breaks become blanks; lone surrogates become
    U+FFFD; bidirectional controls and characters without width are dropped, and
    what stands on one letter beyond four marks.
    Harmless text comes back as it is.
    """
    plain = _STRAY_JOINERS.sub("", text.translate(_REPLACED))
    return _MARKS_TOO_MANY.sub(r"\1", plain)


def json_line(form: Mapping[str, object]) -> str:
    """`form` as JSON on one line, keys in the order given, without the line end.

    Reading it gives every character of `form` back; controls, bidirectional
    controls and lone surrogates are written as escapes.
    """
    line = json.dumps(form, ensure_ascii=False, allow_nan=False)
    return _ESCAPED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
