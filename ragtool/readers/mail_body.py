"""A mail's body, plain or HTML, to text as it is stored: a paragraph a line.

Mails are no articles: nothing is chosen or left out, all that their reader
saw is kept. Lines of earlier mails begin with ">" for each level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from ragtool.errors import ReadError
from ragtool.paragraphs import paragraphs

_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u180e\\u200b\\u200e\\u200f"
    "\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff]"
    # Joiners stay inside words of the scripts that are spelt with them, and in emoji.
    "|(?<![^\\x00-\\u02ff\\s\\u200c\\u200d])[\\u200c\\u200d]"
    "|[\\u200c\\u200d](?![^\\x00-\\u02ff\\s\\u200c\\u200d])"
)
_QUOTED = re.compile(r"(?:[ ]?>){1,50}[ ]?")
_SIGNATURE = re.compile(r"^--[ ]?$", re.MULTILINE)
_LONELY_MARK = re.compile(r"^[ \t]*(-)\s*\n\s*", re.MULTILINE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre "
    "section summary table tbody tfoot thead tr ul".split()
)
_NO_TEXT = ("head", "script", "style", "template", "title", "object", "select", "textarea")


def from_plain(text: str, *, flowed: bool = False, delsp: bool = False) -> str:
    """Plain text with its wrapped lines joined. flowed, delsp: as the format and
    delsp parameters of its Content-Type say (RFC 3676)."""
    text = visible(text)
    lines = _unflowed(text, delsp=delsp) if flowed else map(_depth_and_rest, text.split("\n"))
    runs = groupby(lines, key=lambda line: line[0])
    return "\n".join(
        line for depth, run in runs for line in _joined([rest for _, rest in run], depth)
    ).strip("\n")


def from_html(markup: str) -> str:
    """HTML with a line for each of its blocks and row of a table, cells set off by "|".

    Raises ReadError when it can't be parsed.
    """
    # The markup steers what lxml walks through: whatever error comes out of its code,
    # it is this mail that can't be read.
    try:
        pieces = list(_pieces(markup)) if markup.strip() else []
    except Exception as error:
        raise ReadError(f"HTML that can't be read ({type(error).__name__})") from error
    blocks = ((depth, "".join(p for _, p in run)) for depth, run in groupby(pieces, lambda p: p[0]))
    return "\n".join(line for depth, block in blocks for line in _lines(visible(block), depth))


def visible(text: str) -> str:
    """The text without invisible and control characters, every line ended by "\\n"."""
    return _UNSEEN.sub("", "\n".join(text.splitlines()))


def _depth_and_rest(line: str) -> tuple[int, str]:
    """How many mails ago a line was written, and the line without the marks of that."""
    marks = _QUOTED.match(line)
    return (marks[0].count(">"), line[marks.end() :]) if marks else (0, line)


def _unflowed(text: str, *, delsp: bool) -> Iterator[tuple[int, str]]:
    """Depths and lines, those joined that end with a space and go on in the next."""
    held: list[str] = []
    held_depth = 0
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")  # put there to keep "From" and ">" apart
        if held and (depth != held_depth or rest == "-- "):
            yield held_depth, "".join(held)
            held = []
        held_depth = depth
        goes_on = rest.endswith(" ") and rest != "-- "
        held.append(rest[:-1] if goes_on and delsp else rest)
        if not goes_on:
            yield depth, "".join(held)
            held = []
    if held:
        yield held_depth, "".join(held)


def _joined(lines: list[str], depth: int) -> Iterator[str]:
    """Lines of one depth, those of a paragraph as one. Blank lines stay, one for
    several, outside quotations, where every line is marked anyway."""
    # What stands on either side of a signature's mark is no one paragraph.
    text = _SIGNATURE.sub("\n--\n", "\n".join(lines))
    end = 0
    for span in paragraphs(text):
        if not depth and text.count("\n", end, span.start) > 1:
            yield ""
        paragraph = " ".join(map(str.strip, span.of(text).split("\n")))
        yield f"{'>' * depth} {paragraph}".lstrip(" ")
        end = span.end
    if not depth and not lines[-1].strip():
        yield ""


def _pieces(markup: str) -> Iterator[tuple[int, str]]:
    """The texts in order, line ends where blocks begin and end, each with the number
    of quotations that it stands in."""
    from lxml import etree  # ships no types

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = etree.fromstring(f"<html><body>{markup}</body></html>".encode(), parser)
    depth = unseen = verbatim = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        step = {"start": 1, "end": -1}.get(event, 0)
        depth += step * (name == "blockquote")
        verbatim += step * (name == "pre")
        unseen += step * (name in _NO_TEXT or bool(_HIDDEN.search(element.get("style") or "")))
        yield depth, _break(name, begins=step == 1)
        shown = element.text if step == 1 else element.tail
        if shown and not unseen:
            yield depth, shown if verbatim else re.sub(r"\s+", " ", shown)


def _break(name: str, *, begins: bool) -> str:
    """What an element's beginning or end means for the lines of the text."""
    if name == "li" and begins:
        return "\n- "
    if name in _BLOCKS:
        return "\n"
    return "\t" if name in {"td", "th"} else ""


def _lines(block: str, depth: int) -> Iterator[str]:
    """The lines of a block's text that say something."""
    for line in _LONELY_MARK.sub(r"\1 ", block).split("\n"):
        cells = (" ".join(cell.split()) for cell in line.split("\t"))
        if (shown := " | ".join(filter(None, cells))).strip("-"):
            yield f"{'>' * depth} {shown}".strip()
