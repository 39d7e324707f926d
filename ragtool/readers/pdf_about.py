"""What a PDF says about itself: title, author, date.

From the document information, else from the metadata packet (XMP) of the
document. Programs fill both in with what they have at hand, so a title that is
a file's name, or a program's, is none.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragtool.readers.content import iso_date, one_line
from ragtool.readers.pdf_paragraphs import Paragraph

_PACKET_BEGIN, _PACKET_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_LONGEST_PACKET = 200_000  # bytes
_MOST_PACKETS = 20
# lxml ships no types.
_Element = Any
_XML = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
_FILE = re.compile(
    r"\S*\.(?:docx?|odt|rtf|txt|tex|dvi|p(?:df|s|ptx?|m\d|ub)|xlsx?|html?|indd|qxp?d?|fm|wpd|cdr|ai"
    r"|eps|jpe?g|png|tiff?|md|csv|pages|key)$",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"(?:Microsoft\s+(?:Office\s+)?(?:Word|PowerPoint|Excel|Publisher|Outlook)|PowerPoint|Word)"
    r"\s*[-–:]|(?:https?|file)://|[A-Z]:\\|/\w+/",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:untitled|unknown|no title|none|null|title|document|presentation|slide|new document"
    r"|(?:microsoft )?word(?: document)?|print|scan|scanned (?:document|image)|blank"
    r"|layout|template|anonymous|default|unspecified|user|admin|administrator|author|owner"
    r"|microsoft(?: office)?(?: user)?|\W|\d)*",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:D:)?\s*(\d{4})(\d\d)?(\d\d)?")
# Headings of a part that often comes first.
_PART = re.compile(
    r"(?:table of )?contents|abstract|summary|introduction|preface|foreword|index"
    r"|inhalt(?:s(?:verzeichnis|übersicht))?|zusammenfassung|einleitung|vorwort"
    r"|sommaire|table des matières|résumé|introducción|índice|resumen|indice|sommario"
    r"|inhoud(?:sopgave)?|sumário|resumo|содержание|оглавление",
    re.IGNORECASE,
)
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class About:
    """What the document's records state, None for what isn't plausible."""

    title: str | None = None
    author: str | None = None
    date: str | None = None


def about(information: Mapping[str, str], data: bytes) -> About:
    """What the document information says, else the metadata packets in the file.

    The date is that of creation, which the program that made the document states
    in it: nearest to when it was written. The date of modification may be that of
    a stamp or a download.
    """
    packet = _packet(data)
    program = {information.get(name, "").strip("\0 ") for name in ("Creator", "Producer")}
    titles = (information.get("Title"), packet.title)
    authors = (information.get("Author"), packet.author)
    return About(
        title=next((t for each in titles if (t := _plausible(each, program))), None),
        author=next((a for each in authors if (a := _plausible(each, program))), None),
        date=_day(information.get("CreationDate")) or packet.date,
    )


def _plausible(stated: str | None, program: set[str]) -> str | None:
    """A title or a name, unless it is what a program puts in its place."""
    line = one_line((stated or "").replace("\ufffd", ""), limit=300)
    if not line or line in program or not any(map(str.isalpha, line)):
        return None
    file_like = _FILE.fullmatch(line) or (_FILE.search(line) and len(line.split()) <= 6)
    if file_like or _PROGRAM.match(line) or _NOTHING.fullmatch(line):
        return None
    # A name with its words glued is a file's that has lost its ending.
    return None if " " not in line and re.search(r"[_\d]|\w-\w+-\w", line) else line


def _day(stated: str | None) -> str | None:
    """The date of "D:20240603101500+02'00'", the day as it was where it was written."""
    found = _DATE.match(stated or "")
    if not found:
        return iso_date(stated)
    day = iso_date("-".join(part for part in found.groups() if part))
    # What clocks that were never set say.
    return None if day in {"1970-01-01", "1980-01-01", "1904-01-01", "1900-01-01"} else day


def _packet(data: bytes) -> About:
    """The last packet about the document itself: pictures in it bring their own."""
    found = About()
    for each in deque(_packets(data), maxlen=_MOST_PACKETS):
        stated = _stated(each)
        if stated is not None:
            found = stated
    return found


def _packets(data: bytes) -> Iterator[bytes]:
    start = end = 0
    while (end := data.find(_PACKET_END, end)) >= 0:
        begin = data.rfind(_PACKET_BEGIN, max(start, end - _LONGEST_PACKET), end)
        start = end = end + len(_PACKET_END)
        if begin >= 0:
            yield data[begin:end]


def _stated(packet: bytes) -> About | None:
    from lxml import etree  # ships no types

    # No entities, no network: the packet is as hostile as the rest.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    kind = _said(root, ".//dc:format")
    if kind and "pdf" not in kind.lower():
        return None
    created = _said(root, ".//xmp:CreateDate") or _attribute(root, "CreateDate")
    return About(
        title=_said(root, ".//dc:title//rdf:li"),
        author=_said(root, ".//dc:creator//rdf:li", all_of_them=True),
        date=_day((created or "").replace("-", "")),
    )


def _said(root: _Element, path: str, *, all_of_them: bool = False) -> str | None:
    texts = [text for each in root.iterfind(path, _XML) if (text := (each.text or "").strip())]
    return ", ".join(texts if all_of_them else texts[:1]) or None


def _attribute(root: _Element, name: str) -> str | None:
    """A property that is written short, as an attribute of its description."""
    full = f"{{{_XML['xmp']}}}{name}"
    stated = (each.get(full) for each in root.iterfind(".//rdf:Description", _XML))
    return next(filter(None, stated), None)


def heading(pages: Sequence[Sequence[Paragraph]]) -> str | None:
    """The title that the first page shows: its first paragraphs in letters plainly
    larger than those of the text, and than all others of the page."""
    first = next((page for page in pages if page), ())
    top = first[:8]
    sizes = Counter[float]()
    for page in pages[:20]:
        for each in page:
            sizes[each.size] += len(each.text)
    if not top or len(sizes) < 2:
        return None
    largest = max(each.size for each in first)
    start = next((n for n, each in enumerate(top) if each.size == largest), None)
    if start is None or largest < 1.15 * sizes.most_common(1)[0][0]:
        return None
    lines = [top[start].text]
    for each in top[start + 1 : start + 3]:
        if each.size != largest:
            break
        lines.append(each.text)
    title = one_line(" ".join(lines), limit=1000)
    wordy = title and sum(map(str.isalpha, title)) >= 4 and len(title) <= _LONGEST_TITLE
    return title if title and wordy and not _PART.fullmatch(title) else None
