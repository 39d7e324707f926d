"""Documents that are a zip container with XML in it (docx, odt, epub).

What they share: which of them some bytes are, the safe reading of members and
of XML, and the flow of paragraphs, tables and notes into stored text. What the
elements mean is each format's own business.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ragtool.errors import ReadError
from ragtool.readers.content import one_line

# lxml ships no types: an element of a parsed tree.
Element = Any

# A member, and all members read of one file, in bytes when unpacked. A thousand pages
# of text with their markup are some 20 MB.
LARGEST_MEMBER, LARGEST_TOTAL = 64 << 20, 200 << 20
# Members above this size may not be packed tighter than this; markup reaches 1 : 100.
RATIO_FROM, TIGHTEST_RATIO = 4 << 20, 250
MOST_MEMBERS = 50_000
# The ways of packing that the three formats allow. The others unpack without bounds.
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1

_MIMETYPES = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/epub+zip": "epub",
}
_WORD_MAIN = re.compile(rb"(?:wordprocessingml|ms-word)\.[\w.]+\.main\+xml")
_ODT_MAIN = re.compile(rb"""["']application/vnd\.oasis\.opendocument\.text["']""")
# What Office's older files and its files with a password begin with.
_OLE = b"\xd0\xcf\x11\xe0"

# Soft hyphens, zero widths, marks of direction, byte order marks, controls; but not
# the joiners that some scripts spell with.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

# Characters in a cell of several paragraphs from which on a table is taken for layout.
_LONG_CELL = 1000

# What programs write where nobody has given a title: their own name before that of
# the file, the file's name, or a placeholder.
_MADE_BY = re.compile(r"^(?:Microsoft (?:Office )?Word|LibreOffice|OpenOffice(?:\.org)?) - ")
_NO_TITLE = re.compile(
    r"(?:untitled|unknown(?: title)?|unbenannt|sans (?:nom|titre)|no title|title|document"
    r"|dokument|blank|(?:word|new microsoft word) document|normal)[\s_-]*\d*|\[.*\]|<.*>|[\W_]*"
    r"|.*\.(?:docx?|dotx?|docm|odt|ott|rtf|txt|pdf|html?|wpd|epub|fm|indd)",
    re.IGNORECASE,
)
_NOBODY = frozenset(
    "admin administrator author creator default editor me office owner pc root unknown user"
    " utilisateur benutzer".split()
) | {"microsoft office user", "windows user", "python-docx", "apache poi", "docx4j", "un-named"}


class Archive:
    """The members of a zip file, by name; a name is only ever looked up, never a path."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._left = LARGEST_TOTAL
        infos = file.infolist()
        if len(infos) > MOST_MEMBERS:
            raise ReadError(f"more than {MOST_MEMBERS:,} members in it.")
        # Some programs write backslashes, and Office takes names in any case.
        self._loose = {_loose(info.filename): info for info in infos}
        self._exact = {info.filename: info for info in infos}

    def __contains__(self, name: str) -> bool:
        return name in self._exact or _loose(name) in self._loose

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises ReadError when it is missing, encrypted, damaged,
        or larger than it may be."""
        info = self._exact.get(name) or self._loose.get(_loose(name))
        if info is None:
            raise ReadError("a part of it is missing.")
        if info.flag_bits & _ENCRYPTED:
            raise ReadError("protected with a password.")
        if info.compress_type not in _PACKINGS:
            raise ReadError("packed in a way that its format doesn't allow.")
        packed_tight = info.file_size > TIGHTEST_RATIO * info.compress_size
        if info.file_size > LARGEST_MEMBER or (packed_tight and info.file_size > RATIO_FROM):
            raise ReadError("a part of it is too large when unpacked.")
        self._left -= info.file_size
        if self._left < 0:
            raise ReadError(f"more than {LARGEST_TOTAL >> 20} MB when unpacked.")
        with self._file.open(info) as member:  # gives no more than file_size
            return member.read()

    def xml(self, name: str) -> Element:
        """A member's root element. Raises ReadError as read() and parsed() do."""
        return parsed(self.read(name))


def _loose(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").casefold()


@contextmanager
def opened(data: bytes, *, what: str) -> Iterator[Archive]:
    """The zip file, for reading it and what it holds inside the block.

    what: the format as its users call it, with its article, for messages. Any error
    in the block, whatever a file has caused in zipfile, zlib or lxml, becomes ReadError.
    """
    if data.startswith(_OLE):
        raise ReadError("protected with a password, or of a format before 2007.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            yield Archive(file)
    except ReadError:
        raise
    # The file steers what zipfile and lxml walk through: whatever error comes out
    # of their code, it is this file that can't be read.
    except Exception as error:
        raise ReadError(f"not {what} that can be read ({type(error).__name__}).") from error


def parsed(data: bytes) -> Element:
    """The root of an XML document. Nothing is fetched or expanded; one that declares
    entities of its own raises ReadError, a malformed one lxml's XMLSyntaxError."""
    from lxml import etree  # ships no types

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    root = etree.fromstring(data, parser)
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise ReadError("its XML declares entities, which no such document needs.")
    return root


def kind(data: bytes) -> str | None:
    """ "docx", "odt" or "epub" by what the zip holds; None for anything else."""
    try:
        with opened(data, what="a zip file") as archive:
            return _kind(archive)
    except ReadError:
        return None


def _kind(archive: Archive) -> str | None:
    if "mimetype" in archive:
        stated = archive.read("mimetype").decode("ascii", "replace").strip("\ufffd \r\n\t")
        if stated in _MIMETYPES:
            return _MIMETYPES[stated]
    if "[Content_Types].xml" in archive:
        main = _WORD_MAIN.search(archive.read("[Content_Types].xml"))
        return "docx" if main or "word/document.xml" in archive else None
    if "META-INF/container.xml" in archive:
        return "epub" if b".opf" in archive.read("META-INF/container.xml") else None
    if "META-INF/manifest.xml" in archive and "content.xml" in archive:
        return "odt" if _ODT_MAIN.search(archive.read("META-INF/manifest.xml")) else None
    return None


def named(element: Element, prefixes: Mapping[str, str]) -> str:
    """An element's name with the prefix given for its namespace, as "w:p"; "" for a
    comment or an instruction, and where no prefix is given."""
    if not isinstance(element.tag, str):
        return ""
    namespace, _, local = element.tag.rpartition("}")
    prefix = prefixes.get(namespace[1:])
    return f"{prefix}:{local}" if prefix else ""


class Handler(Protocol):
    """What a format does at each element of a walk."""

    def start(self, element: Element) -> bool:
        """An element begins. False leaves it out, with all that is inside."""

    def end(self, element: Element) -> None:
        """An element that was not left out ends."""

    def tail(self, text: str) -> None:
        """Text after an element that has ended."""


def walk(root: Element, handler: Handler) -> None:
    """Takes the handler through the elements in document order, without recursion."""
    from lxml import etree  # ships no types

    walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    left_out = None
    for event, element in walker:
        if event == "start":
            if isinstance(element.tag, str) and not handler.start(element):
                left_out = element
                walker.skip_subtree()
            continue
        if event == "end" and isinstance(element.tag, str) and element is not left_out:
            handler.end(element)
        if element.tail and element is not root:
            handler.tail(element.tail)


class Flow:
    """Paragraphs, table rows and notes in the order that they are read.

    What opens inside a paragraph, as a text box does, comes after it. Notes come
    after the outermost paragraph or table row that refers to them.
    """

    def __init__(self) -> None:
        self._sinks: list[list[str]] = [[]]
        self._rows: list[list[list[str]]] = []
        self._paragraphs: list[tuple[list[str], int, list[str]]] = []
        self._notes: list[str] = []

    def begin(self) -> None:
        """Opens a paragraph, inside another one if that is still open."""
        sink = self._sinks[-1]
        sink.append("")  # its place, before whatever opens inside
        self._paragraphs.append((sink, len(sink) - 1, []))

    def text(self, piece: str) -> None:
        """Adds to the open paragraph; text outside of any is markup's own white space."""
        if self._paragraphs:
            self._paragraphs[-1][2].append(piece)

    def end(self) -> str:
        """Closes the paragraph. Returns its text."""
        sink, place, pieces = self._paragraphs.pop()
        sink[place] = text = " ".join("".join(pieces).split())
        self._settle()
        return text

    def break_off(self) -> str:
        """Closes the paragraph without writing it. Returns its text, to go on with elsewhere."""
        return "".join(self._paragraphs.pop()[2])

    def begin_row(self) -> None:
        """Opens a table's row."""
        self._rows.append([])

    def end_row(self) -> None:
        """Closes the row: a line, or the paragraphs of its cells if it only serves layout."""
        self._sinks[-1].extend(row_lines(self._rows.pop()))
        self._settle()

    def gather(self) -> None:
        """Opens a cell or a note: what follows is its own."""
        self._sinks.append([])

    def end_cell(self) -> None:
        """Closes a cell."""
        cell = self._sinks.pop()
        (self._rows[-1].append if self._rows else self._sinks[-1].extend)(cell)

    def end_note(self) -> None:
        """Closes a foot- or endnote that stands at the place of its mark."""
        self.note(self._sinks.pop())

    def note(self, lines: Iterable[str]) -> None:
        """Adds a foot- or endnote at the place of its mark."""
        self._notes.append(" ".join(filter(None, lines)))
        self._settle()

    def lines(self) -> list[str]:
        """All that was read, when everything is closed."""
        return self._sinks[0]

    def _settle(self) -> None:
        if len(self._sinks) == 1 and not self._paragraphs and not self._rows:
            self._sinks[0].extend(self._notes)
            self._notes.clear()


def row_lines(cells: Sequence[Sequence[str]]) -> list[str]:
    """A row of a table as one line; as its paragraphs where it has one cell with text
    or a long one of several paragraphs, since such a table only serves layout.

    cells: the paragraphs of each.
    """
    filled = [list(filter(None, cell)) for cell in cells]
    long = any(len(cell) > 1 and sum(map(len, cell)) > _LONG_CELL for cell in filled)
    if long or sum(map(bool, filled)) == 1:
        return [paragraph for cell in filled for paragraph in cell]
    return [" | ".join(" ".join(cell) for cell in filled)]


def stored(lines: Iterable[str]) -> str:
    """Paragraphs as stored: a line each, white space as single spaces, none of them
    empty, no invisible characters."""
    cleaned = (" ".join(_INVISIBLE.sub("", line).split()) for line in lines)
    return "\n".join(line for line in cleaned if line.strip(" |"))


def stated_title(value: str | None) -> str | None:
    """The title in a document's properties, unless a program made it up."""
    title = _MADE_BY.sub("", one_line(value, limit=300) or "")
    return None if _NO_TITLE.fullmatch(title) else title


def stated_author(value: str | None) -> str | None:
    """The author in a document's properties, unless it is what a program writes for nobody."""
    author = one_line(value, limit=200)
    return None if not author or author.casefold() in _NOBODY else author
