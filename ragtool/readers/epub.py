"""E-books (.epub): the chapters in reading order, and what the book says about itself.

The table of contents is left out. What is wrapped in digital rights management
is refused, not opened.
"""

from __future__ import annotations

import posixpath
import re
from html.entities import html5
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from ragtool.errors import ReadError
from ragtool.readers.content import Content, iso_date
from ragtool.readers.encoding import decode
from ragtool.readers.zipped import (
    Archive,
    Element,
    Flow,
    named,
    opened,
    parsed,
    stated_author,
    stated_title,
    stored,
    walk,
)

_OPF = "http://www.idpf.org/2007/opf"
_OPS = "http://www.idpf.org/2007/ops"
_PREFIXES = {
    # Pages that are no well-formed XML are read as HTML, which has no namespaces.
    "": "x",
    "http://www.w3.org/1999/xhtml": "x",
    "http://www.w3.org/2000/svg": "svg",
    "http://www.w3.org/1998/Math/MathML": "math",
    "http://purl.org/dc/elements/1.1/": "dc",
    _OPF: "opf",
}
# Ways of garbling a font, which hide no text.
_FONT_GARBLING = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_PROLOG = re.compile(r"""\s*<\?xml\s(?:[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)["'])?[^>]*>""")
_ENTITY = re.compile(r"&([A-Za-z]\w{0,31};)")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})

_LEFT_OUT = frozenset(
    "x:head x:script x:style x:nav x:template x:rt x:rp x:audio x:video x:object x:iframe"
    " x:select x:textarea svg:svg math:annotation math:annotation-xml".split()
)
_BLOCKS = frozenset(
    "x:address x:article x:aside x:blockquote x:body x:caption x:center x:dd x:details x:div x:dl"
    " x:dt x:fieldset x:figcaption x:figure x:footer x:form x:h1 x:h2 x:h3 x:h4 x:h5 x:h6"
    " x:header x:hr x:legend x:li x:main x:ol x:p x:pre x:section x:summary x:table x:tbody"
    " x:td x:tfoot x:th x:thead x:tr x:ul".split()
)
_CELLS = frozenset({"x:td", "x:th"})
_HEADINGS = frozenset({"x:h1", "x:h2"})
_NOT_DISPLAYED = re.compile(r"\bdisplay\s*:\s*none\b", re.IGNORECASE)
_MARKS = frozenset("noteref doc-noteref pagebreak doc-pagebreak".split())
_NOTE_NUMBER = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§]{1,4}|[a-z])[\])]?")


def parse(data: bytes) -> Content:
    """The chapters' text in reading order, a paragraph or table row a line.

    Raises ReadError when it is damaged, protected (DRM), or no e-book.
    """
    with opened(data, what="an e-book") as archive:
        path = _package_path(archive)
        package = archive.xml(path)
        chapters = _chapters(package, posixpath.dirname(path))
        _check_protection(archive, {path, *chapters})
        # Converters leave behind chapters that are listed and don't exist.
        present = [chapter for chapter in chapters if chapter in archive]
        if not present:
            raise ReadError("an e-book that names no chapters.")
        book = _Book()
        for chapter in present:
            walk(_page(archive.read(chapter)), book)
            book.break_paragraph()
        return Content(
            stored(book.flow.lines()),
            title=_title(package) or book.heading,
            author=_authors(package),
            date=_date(package),
            source=next((entry.text for entry in _entries(package, "dc:publisher")), None),
        )


def _package_path(archive: Archive) -> str:
    """The book's description, which lists all else."""
    for each in archive.xml("META-INF/container.xml").iter("{*}rootfile"):
        if each.get("media-type", "application/oebps-package+xml").endswith("oebps-package+xml"):
            return _inside("", each.get("full-path") or "")
    raise ReadError("not an e-book.")


def _inside(folder: str, address: str) -> str:
    """The member that an address in a file of that folder refers to."""
    path = unquote(address.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def _chapters(package: Element, folder: str) -> list[str]:
    """The members that the reading order names, without the table of contents."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    tables = {
        _inside(folder, each.get("href") or "")
        for each in package.iter("{*}reference")
        # With a place in it, it is a chapter that has the table at that place.
        if each.get("type") == "toc" and "#" not in (each.get("href") or "#")
    }
    listed = [
        items[ref] for each in package.iter("{*}itemref") if (ref := each.get("idref")) in items
    ]
    chapters = [_inside(folder, item.get("href") or "") for item in listed if _is_page(item)]
    return list(dict.fromkeys(each for each in chapters if each not in tables)) or chapters[:1]


def _is_page(item: Element) -> bool:
    if "nav" in (item.get("properties") or "").split():
        return False
    return not (item.get("media-type") or "").startswith(("image/", "audio/", "video/"))


def _check_protection(archive: Archive, needed: set[str]) -> None:
    """Raises ReadError when a member that is to be read is encrypted."""
    if "META-INF/encryption.xml" not in archive:
        return
    for each in archive.xml("META-INF/encryption.xml").iter("{*}EncryptedData"):
        ways = {way.get("Algorithm") for way in each.iterfind("{*}EncryptionMethod")}
        members = {_inside("", ref.get("URI") or "") for ref in each.iter("{*}CipherReference")}
        if members & needed and not (ways and ways <= _FONT_GARBLING):
            raise ReadError("protected against reading (DRM).")


class _Entry(NamedTuple):
    """A statement about the book: its text, and in which sense it is meant."""

    text: str
    role: str
    event: str


def _entries(package: Element, name: str) -> list[_Entry]:
    """The book's statements of that name. Their sense is an attribute in EPUB 2 and an
    entry of its own in EPUB 3."""
    refined = {
        (meta.get("refines"), meta.get("property")): (meta.text or "").strip()
        for meta in package.iter("{*}meta")
    }

    def sense(element: Element, quality: str) -> str:
        stated = element.get(f"{{{_OPF}}}{quality}") or element.get(quality)
        return (stated or refined.get((f"#{element.get('id')}", quality), "")).lower()

    return [
        _Entry(each.text or "", sense(each, "role"), sense(each, "event"))
        for each in package.iter()
        if named(each, _PREFIXES) == name
    ]


def _title(package: Element) -> str | None:
    titles = (stated_title(entry.text) for entry in _entries(package, "dc:title"))
    return next(filter(None, titles), None)


def _authors(package: Element) -> str | None:
    """Those whose role is that of the author, else those of no stated role, else all."""
    entries = _entries(package, "dc:creator")
    for wanted in ({"aut"}, {""}, {entry.role for entry in entries}):
        names = (stated_author(entry.text) for entry in entries if entry.role in wanted)
        if known := list(dict.fromkeys(filter(None, names))):
            return ", ".join(known)
    return None


def _date(package: Element) -> str | None:
    """The day of publication. A date of no stated kind is meant as that; one of
    conversion or modification is the file's."""
    entries = _entries(package, "dc:date")
    for wanted in ("original-publication", "publication", "issued", "", "creation"):
        days = (iso_date(entry.text) for entry in entries if entry.event == wanted)
        if day := next(filter(None, days), None):
            return day
    return None


def _page(data: bytes) -> Element:
    """A chapter's root element, of XML where it is well-formed, as it should be."""
    from lxml import etree  # ships no types

    prolog = _PROLOG.match(data[:300].decode("latin-1").removeprefix("\xef\xbb\xbf"))
    page = decode(data, declared=prolog and prolog[1])
    page = _ENTITY.sub(_character, _PROLOG.sub("", page, count=1))
    encoded = page.encode()
    try:
        return parsed(encoded)
    except etree.XMLSyntaxError:
        if "<!ENTITY" in page:
            raise ReadError("its pages declare entities, which no e-book needs.") from None
        lenient = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
        return etree.fromstring(encoded if page.strip() else b"<p/>", lenient)


def _character(entity: re.Match[str]) -> str:
    """A character for its name, which XML alone doesn't know."""
    return entity[0] if entity[1] in _XML_ENTITIES else html5.get(entity[1], entity[0])


class _Book:
    """Gathers the text of the chapters."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.heading: str | None = None
        self._in_paragraph = False

    def start(self, element: Element) -> bool:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name in _LEFT_OUT or _is_mark(element) or _is_hidden(element):
            return False
        if name in _BLOCKS:
            self.break_paragraph()
        if name == "x:tr":
            self.flow.begin_row()
        elif name in _CELLS:
            self.flow.gather()
        elif name == "x:br":
            self.tail(" ")
        self.tail(element.text or "")
        return True

    def end(self, element: Element) -> None:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name in _BLOCKS:
            text = self.break_paragraph()
            if name in _HEADINGS and text:
                self.heading = self.heading or text
        if name == "x:tr":
            self.flow.end_row()
        elif name in _CELLS:
            self.flow.end_cell()

    def tail(self, text: str) -> None:
        """Text anywhere in the page: outside of a paragraph it begins one."""
        if text.strip() and not self._in_paragraph:
            self.flow.begin()
            self._in_paragraph = True
        if self._in_paragraph:
            self.flow.text(text)

    def break_paragraph(self) -> str:
        """Ends the paragraph, if one is open. Returns its text."""
        if not self._in_paragraph:
            return ""
        self._in_paragraph = False
        return stored([self.flow.end()])


def _is_hidden(element: Element) -> bool:
    return "hidden" in element.attrib or bool(_NOT_DISPLAYED.search(element.get("style") or ""))


def _is_mark(element: Element) -> bool:
    """Whether it is the mark of a note or of a printed page, which is no part of the words."""
    types = (element.get(f"{{{_OPS}}}type") or element.get("epub:type") or "").split()
    if _MARKS & {*types, *(element.get("role") or "").split()}:
        return True
    if {named(each, _PREFIXES) for each in (element, *element[:2])} != {"x:a", "x:sup"}:
        return False
    text = "".join(islice(element.itertext(), 8))
    return bool(_NOTE_NUMBER.fullmatch(text.strip()))
