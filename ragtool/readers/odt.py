"""OpenDocument texts (.odt), read from their XML: there is no small, well-kept library.

As it would be printed with all changes accepted: deleted and hidden text,
comments, headers and footers are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ragtool.errors import ReadError
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

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    f"{_OASIS}office:1.0": "office",
    f"{_OASIS}text:1.0": "text",
    f"{_OASIS}table:1.0": "table",
    f"{_OASIS}drawing:1.0": "draw",
    f"{_OASIS}style:1.0": "style",
    f"{_OASIS}svg-compatible:1.0": "svg",
    f"{_OASIS}meta:1.0": "meta",
    f"{_OASIS}manifest:1.0": "manifest",
    "http://purl.org/dc/elements/1.1/": "dc",
}
_NAMESPACES = {prefix: namespace for namespace, prefix in _PREFIXES.items()}
_LEFT_OUT = frozenset(
    "text:tracked-changes office:annotation office:forms office:binary-data office:event-listeners"
    " office:scripts text:note-citation text:index-title-template text:table-of-content-source"
    " text:ruby-text text:placeholder text:number table:covered-table-cell svg:title svg:desc"
    " text:variable-decls text:user-field-decls text:sequence-decls".split()
)
_SPACES = frozenset({"text:s", "text:tab", "text:line-break"})
_DEEPEST_STYLE = 20
_PARAGRAPHS = frozenset({"text:p", "text:h"})


def parse(data: bytes) -> Content:
    """The document's text, a paragraph or table row a line, notes after their paragraph.

    Raises ReadError when it is damaged, protected, or no OpenDocument text.
    """
    with opened(data, what="an OpenDocument text") as archive:
        _check_protection(archive)
        root = archive.xml("content.xml")
        roots = [root, archive.xml("styles.xml")] if "styles.xml" in archive else [root]
        body = _Body(styles=dict(style for each in roots for style in _styles(each)))
        walk(_text_of(root), body)
        about = _properties(archive)
        return Content(
            stored(body.flow.lines()),
            title=stated_title(about.get("dc:title")) or body.title or body.heading,
            # dc:creator names who changed it last.
            author=stated_author(about.get("meta:initial-creator") or about.get("dc:creator")),
            # The day it was begun is the nearest to its publication that it states:
            # dc:date, that of its last change, may be that of a copy or a conversion.
            date=iso_date(about.get("meta:creation-date")),
        )


def _check_protection(archive: Archive) -> None:
    """Raises ReadError when the text is encrypted, as it is where there is a password."""
    if "META-INF/manifest.xml" not in archive:
        return
    manifest = archive.xml("META-INF/manifest.xml")
    if any(named(each, _PREFIXES) == "manifest:encryption-data" for each in manifest.iter()):
        raise ReadError("protected with a password.")


def _text_of(root: Element) -> Element:
    texts = (each for each in root.iter() if named(each, _PREFIXES) == "office:text")
    if (text := next(texts, None)) is None:
        raise ReadError("not an OpenDocument text.")
    return text


def _properties(archive: Archive) -> dict[str, str]:
    """What the document says about itself."""
    if "meta.xml" not in archive:
        return {}
    return {named(each, _PREFIXES): each.text or "" for each in archive.xml("meta.xml").iter()}


@dataclass(frozen=True, slots=True)
class _Style:
    """What a style is called, what it is based on, and whether it hides text."""

    name: str
    parent: str = ""
    hidden: bool = False


def _styles(root: Element) -> Iterator[tuple[str, _Style]]:
    """The styles that a part declares, by the name that paragraphs and spans give."""
    for style in root.iter():
        if named(style, _PREFIXES) == "style:style":
            name = _value(style, "style:name")
            hidden = any(_value(each, "text:display") == "none" for each in style)
            parent = _value(style, "style:parent-style-name")
            yield name, _Style(name, parent, hidden)


def _value(element: Element, name: str) -> str:
    """An attribute by its prefixed name; "" if there is none."""
    if not isinstance(element.tag, str):
        return ""
    prefix, _, local = name.partition(":")
    found = element.get(f"{{{_NAMESPACES[prefix]}}}{local}")
    return str(found or "")


@dataclass(slots=True)
class _Body:
    """Gathers the text of a document's body."""

    styles: Mapping[str, _Style]
    title: str | None = None
    heading: str | None = None
    flow: Flow = field(default_factory=Flow)

    def start(self, element: Element) -> bool:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name in _LEFT_OUT or self._is_hidden(element):
            return False
        if name in _PARAGRAPHS:
            self.flow.begin()
        elif name in _SPACES:
            self.flow.text(" ")
        elif name == "table:table-row":
            self.flow.begin_row()
        elif name in {"table:table-cell", "text:note-body"}:
            self.flow.gather()
        self.flow.text(element.text or "")
        return True

    def end(self, element: Element) -> None:
        """See Handler."""
        name = named(element, _PREFIXES)
        if name in _PARAGRAPHS:
            self._end_paragraph(element)
        elif name == "table:table-row":
            self.flow.end_row()
        elif name == "table:table-cell":
            self.flow.end_cell()
        elif name == "text:note-body":
            self.flow.end_note()

    def tail(self, text: str) -> None:
        """See Handler."""
        self.flow.text(text)

    def _chain(self, element: Element) -> list[_Style]:
        """The style that an element names, and those it is based on: one made for a
        single paragraph is based on the one that a person chose."""
        chain: list[_Style] = []
        name = _value(element, "text:style-name")
        while name and len(chain) < _DEEPEST_STYLE:
            chain.append(self.styles.get(name, _Style(name)))
            name = chain[-1].parent
        return chain

    def _is_hidden(self, element: Element) -> bool:
        return (
            _value(element, "text:is-hidden") == "true"
            or _value(element, "text:display") == "none"
            or any(style.hidden for style in self._chain(element))
        )

    def _end_paragraph(self, element: Element) -> None:
        text = stored([self.flow.end()])
        if any(style.name == "Title" for style in self._chain(element)):
            self.title = self.title or text
        elif named(element, _PREFIXES) == "text:h":
            self.heading = self.heading or text
