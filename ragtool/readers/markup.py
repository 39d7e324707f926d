"""A field's text, which may be HTML or plain, to text as it is stored.

Nothing is chosen or left out as in a page: all that a reader would see is kept.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from ragtool.errors import ReadError

_BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary "
    "table tbody tfoot thead tr ul".split()
)
_INLINE = frozenset(
    "a abbr acronym audio b big cite code del em embed font i iframe img ins label mark noscript "
    "object q s script small span strike strong style sub sup td th time title u video".split()
)
_UNSEEN = frozenset({"script", "style", "template", "noscript", "title", "iframe", "object"})
# Only known names count: "<jane@example.org>" and "a < b" are no tags.
_TAG = re.compile(
    rf"</?(?P<name>{'|'.join(sorted(_BLOCKS | _INLINE))})(?:\s[^<>]{{0,4000}})?/?>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}\d?|#\d{2,6}|#x[\da-f]{2,5});", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
# Separators of lines, of old systems and of Unicode.
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def as_text(value: str) -> str:
    """The value as it reads: tags and entities of HTML resolved, no invisible
    characters, no lone surrogates, no white space at the ends of lines.

    HTML comes back with a line for each of its blocks; the lines and blank
    lines of plain text stay, one blank line for several. Raises ReadError when
    the HTML can't be parsed.
    """
    if value.isascii() and value.isprintable() and "<" not in value and "&" not in value:
        return " ".join(value.split())
    value = _visible(_LINE_END.sub("\n", value))
    tags = {tag["name"].lower() for tag in _TAG.finditer(value)}
    if tags:
        value = _visible(_without_tags(value, blocks=bool(tags & _BLOCKS)))
    elif _ENTITY.search(value):
        value = _visible(html.unescape(value))
    lines = [_BLANKS.sub(" ", line).strip() for line in value.split("\n")]
    kept = [line for line, above in zip(lines, ["", *lines], strict=False) if line or above]
    return "\n".join(kept).strip("\n")


def _visible(value: str) -> str:
    """Without control, format and lone surrogate characters."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        char
        for char in value
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )


def _without_tags(value: str, *, blocks: bool) -> str:
    """The text of HTML. Single line ends mean nothing there, unless no tag breaks
    a line. Blank lines do: text typed into a publishing system has its paragraphs
    apart by them."""
    page = "<br>".join(_PARAGRAPH.split(value)).replace("\n", " ") if blocks else value
    try:
        text = "".join(_pieces(f"<html><body>{page}</body></html>"))
    # The markup steers what lxml walks through: whatever error comes out of it, it
    # is this text that can't be read.
    except Exception as error:
        raise ReadError(f"HTML that can't be read ({type(error).__name__})") from error
    return "\n".join(line for line in text.split("\n") if line.strip()) if blocks else text


def _pieces(page: str) -> Iterator[str]:
    """The texts of a page in order, line ends where blocks begin and end."""
    from lxml import etree  # ships no types

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = etree.fromstring(page.encode(), parser)
    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        begins = event == "start"
        hidden += (name in _UNSEEN) * (1 if begins else -1)
        if name in _BLOCKS:
            yield "\n"
        elif name in {"td", "th"}:
            yield " "
        shown = element.text if begins else element.tail
        if shown and not hidden:
            yield shown
