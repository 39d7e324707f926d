"""Word documents (.docx, .docm), read from their XML.

As it would be printed with all changes accepted: deleted and hidden text,
comments, headers and footers are left out. python-docx isn't used: it leaves
out insertions, text boxes, content controls and notes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ragtool.readers.content import Content, iso_date
from ragtool.readers.zipped import (
    Archive,
    Element,
    Flow,
    named,
    opened,
    stated_author,
    stated_title,
    stored,
    walk,
)

# The namespaces of the usual form and of the strict one.
_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
}
_LEFT_OUT = frozenset(
    "w:del w:moveFrom w:pPr w:rPr w:sdtPr w:sectPr w:tblPr w:trPr w:tcPr w:rt w:instrText".split()
)
_SPACES = frozenset({"w:tab", "w:ptab", "w:br", "w:cr"})
_NOTES = {"w:footnoteReference": "footnotes", "w:endnoteReference": "endnotes"}
_PRIVATE_USE = range(0xE000, 0xF900)
_DEEPEST_STYLE = 20
# The heading of a table of contents is based on that of a chapter.
_HEADING, _CONTENTS = re.compile(r"heading ?\d"), re.compile(r"toc ?heading")
# When python-docx's template was made, which stands in what is made from it.
_TEMPLATE_CREATED = "2013-12-23T23:15:00Z"


def parse(data: bytes) -> Content:
    """The document's text, a paragraph or table row a line, notes after their paragraph.

    Raises ReadError when it is damaged, protected, or no Word document.
    """
    with opened(data, what="a Word document") as archive:
        package = _related(archive, "")
        main = package.get("officeDocument", "word/document.xml")
        related = _related(archive, main)
        body = _Body(_styles(archive, related), _notes(archive, related))
        walk(archive.xml(main), body)
        about = _properties(archive, package.get("core-properties", "docProps/core.xml"))
        return Content(
            stored(body.lines()),
            title=stated_title(about.get("dc:title")) or body.title or body.heading,
            author=stated_author(about.get("dc:creator")),
            date=_date(about),
        )


def _related(archive: Archive, source: str) -> dict[str, str]:
    """The parts that a part refers to, by the last word of the kind of relation."""
    folder, name = posixpath.split(source)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in archive:
        return {}
    return {
        (each.get("Type") or "").rpartition("/")[2]: posixpath.join(
            "/", folder, each.get("Target") or ""
        )
        for each in archive.xml(relations).iter("{*}Relationship")
    }


def _properties(archive: Archive, name: str) -> dict[str, str]:
    """What the document says about itself."""
    if name not in archive:
        return {}
    return {named(each, _PREFIXES): each.text or "" for each in archive.xml(name)}


def _date(about: Mapping[str, str]) -> str | None:
    """The day the document was begun, the nearest to its publication that it states: the
    day of its last change may be that of a copy or a conversion."""
    created = about.get("dcterms:created")
    return None if created == _TEMPLATE_CREATED else iso_date(created)


@dataclass(frozen=True, slots=True)
class _Style:
    """A style's name as Word itself calls it in every language, and what it does to text."""

    name: str = ""
    hidden: bool | None = None
    parent: str = ""


def _styles(archive: Archive, related: Mapping[str, str]) -> dict[str, _Style]:
    """The styles by the identifier that paragraphs and runs give."""
    if (name := related.get("styles", "")) not in archive:
        return {}
    return {
        _value(each, "styleId"): _Style(
            name=_value(_child(each, "w:name")).lower(),
            hidden=_vanishes(_child(each, "w:rPr")),
            parent=_value(_child(each, "w:basedOn")),
        )
        for each in archive.xml(name)
        if named(each, _PREFIXES) == "w:style"
    }


def _notes(archive: Archive, related: Mapping[str, str]) -> dict[tuple[str, str], Element]:
    """The foot- and endnotes by kind and number."""
    return {
        (kind, _value(note, "id")): note
        for kind in _NOTES.values()
        if (name := related.get(kind, "")) in archive
        for note in archive.xml(name)
    }


def _child(element: Element, name: str) -> Element | None:
    if element is None:
        return None
    return next((each for each in element if named(each, _PREFIXES) == name), None)


def _value(element: Element | None, attribute: str = "val") -> str:
    """An attribute in whichever namespace; "" if there is none."""
    pairs = () if element is None else element.items()
    return next((str(value) for key, value in pairs if key.rpartition("}")[2] == attribute), "")


def _vanishes(properties: Element | None) -> bool | None:
    """Whether run properties hide text; None if they don't say."""
    vanish = _child(properties, "w:vanish")
    return None if vanish is None else _value(vanish) not in {"0", "false", "off"}


@dataclass(slots=True)
class _Body:
    """Gathers the text of a document's body, or of a note in it."""

    styles: Mapping[str, _Style]
    notes: dict[tuple[str, str], Element]
    title: str | None = None
    heading: str | None = None
    _flow: Flow = field(default_factory=Flow)
    # For each open field whether its result, rather than its code, is being read.
    _fields: list[bool] = field(default_factory=list)
    # Of each thing given in several forms, the first that has text.
    _chosen: list[Element | None] = field(default_factory=list)
    # The text of a paragraph whose end was deleted: it goes on in the next.
    _carried: str = ""

    def lines(self) -> list[str]:
        """What was read, a paragraph or table row each."""
        return [*self._flow.lines(), self._carried]

    def start(self, element: Element) -> bool:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name in _LEFT_OUT or self._is_out(name, element):
            return False
        if name in {"w:t", "m:t"}:
            self._text(element.text or "")
        elif name in _SPACES:
            self._text(" ")
        elif name == "w:p":
            self._flow.begin()
            self._flow.text(self._carried)
            self._carried = ""
        elif name == "w:tr":
            self._flow.begin_row()
        elif name == "w:tc":
            self._flow.gather()
        else:
            self._special(name, element)
        return True

    def _special(self, name: str, element: Element) -> None:
        if name == "w:fldChar":
            self._field(_value(element, "fldCharType"))
        elif name == "w:noBreakHyphen":
            self._text("-")
        elif name == "w:sym":
            self._text(_symbol(_value(element, "char")))
        elif name == "mc:AlternateContent":
            self._chosen.append(next(filter(_has_text, element), None))
        elif name in _NOTES:
            self._note(_NOTES[name], _value(element, "id"))

    def end(self, element: Element) -> None:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name == "w:p":
            self._end_paragraph(_child(element, "w:pPr"))
        elif name == "w:tc":
            self._flow.end_cell()
        elif name == "w:tr":
            self._flow.end_row()
        elif name == "mc:AlternateContent":
            self._chosen.pop()

    def tail(self, text: str) -> None:
        """See Handler. In Word's XML only white space stands between elements."""

    def _is_out(self, name: str, element: Element) -> bool:
        """Whether an element is hidden, deleted, a prompt, or the second form of a thing."""
        if name == "w:r":
            return self._is_hidden(_child(element, "w:rPr"), "w:rStyle")
        if name == "w:p":
            return self._is_hidden(_child(element, "w:pPr"), "w:pStyle")
        if name == "w:tr":
            return _child(_child(element, "w:trPr"), "w:del") is not None
        if name == "w:sdt":
            return _child(_child(element, "w:sdtPr"), "w:showingPlcHdr") is not None
        if name in {"mc:Choice", "mc:Fallback"} and self._chosen:
            return element is not self._chosen[-1]
        return False

    def _is_hidden(self, properties: Element | None, style: str) -> bool:
        said = (_vanishes(properties), *(s.hidden for s in self._chain(properties, style)))
        return next((hidden for hidden in said if hidden is not None), False)

    def _chain(self, properties: Element | None, style: str) -> list[_Style]:
        """The style that properties name, and those it is based on."""
        chain: list[_Style] = []
        identifier = _value(_child(properties, style))
        while identifier and len(chain) < _DEEPEST_STYLE:
            chain.append(self.styles.get(identifier, _Style(name=identifier.lower())))
            identifier = chain[-1].parent
        return chain

    def _text(self, piece: str) -> None:
        if all(self._fields):
            self._flow.text(piece)

    def _field(self, event: str) -> None:
        if event == "begin":
            self._fields.append(False)
        elif event == "separate" and self._fields:
            self._fields[-1] = True
        elif event == "end" and self._fields:
            self._fields.pop()

    def _note(self, kind: str, number: str) -> None:
        note = self.notes.pop((kind, number), None)  # each is read once
        if note is not None:
            body = _Body(self.styles, {})
            walk(note, body)
            self._flow.note(body.lines())

    def _end_paragraph(self, properties: Element | None) -> None:
        self._fields.clear()  # one left open must not swallow the rest
        mark = _child(properties, "w:rPr")
        if any(_child(mark, change) is not None for change in ("w:del", "w:moveFrom")):
            self._carried = self._flow.break_off()
            return
        text = stored([self._flow.end()])
        names = [style.name for style in self._chain(properties, "w:pStyle")]
        if "title" in names:
            self.title = self.title or text
        elif any(map(_HEADING.match, names)) and not any(map(_CONTENTS.match, names)):
            self.heading = self.heading or text


def _has_text(element: Element) -> bool:
    return any(named(each, _PREFIXES) == "w:t" for each in element.iter("{*}t"))


def _symbol(code: str) -> str:
    """A character given by its number; fonts' private ones say nothing outside of them."""
    number = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{1,4}", code) else 0
    return "" if number in _PRIVATE_USE else chr(number)
