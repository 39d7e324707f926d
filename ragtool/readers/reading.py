"""A file to its documents: the kind is told, its reader called, and parts are read in turn.

What is the same for every format is here: the digest, the paths of parts, the
limits, and naming the file in what went wrong.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from ragtool.errors import NoTextError, ReadError, SkipError
from ragtool.readers import (
    archive,
    docx,
    epub,
    gzipped,
    html,
    jsonl,
    mail,
    mailbox,
    markdown,
    mhtml,
    odt,
    pdf,
    rtf,
    table,
    text,
)
from ragtool.readers import ocr as pictures
from ragtool.readers.content import Content, Part, Reading, one_line
from ragtool.readers.kinds import HEAD, Kind, is_picture, kind
from ragtool.records import Document
from ragtool.reports import Failure

# A file that is larger is not opened, and no more text than this is taken from one.
LARGEST_FILE = 512 << 20
MOST_CHARACTERS = 100_000_000
# How deep parts may lie in parts, and how many of them a file may have in all.
DEEPEST, MOST_PARTS = 4, 100_000
_NOTHING = "nothing in it can be read: "

_PARSE: Mapping[Kind, Callable[[bytes], Content]] = {
    Kind.TEXT: text.parse,
    Kind.MARKDOWN: markdown.parse,
    Kind.HTML: html.parse,
    Kind.MHTML: mhtml.parse,
    Kind.PDF: pdf.parse,
    Kind.DOCX: docx.parse,
    Kind.ODT: odt.parse,
    Kind.RTF: rtf.parse,
    Kind.EPUB: epub.parse,
    Kind.MAIL: mail.parse,
}
_PARTS: Mapping[Kind, Callable[[bytes], Iterator[Part]]] = {
    Kind.MAIL: mail.parts,
    Kind.MAILBOX: mailbox.parts,
    Kind.JSON: jsonl.parts,
    Kind.TABLE: table.parts,
    Kind.ZIP: archive.parts,
}


def read(path: Path, *, known: str | None = None, ocr: str | None = None) -> Reading | None:
    """The file's documents; None when its digest is the known one.

    ocr: the program Tesseract, if pictures are to be read too.
    Raises ReadError when it can't be opened or nothing in it can be read, and
    SkipError when it is of a kind that holds no text. The message begins with
    the path.
    """
    try:
        data = _bytes(path, ocr=ocr)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 == known:
            return None
        found = _Found(sha256, ocr=ocr)
        found.take(data, os.path.abspath(path), PurePath(path).name, depth=0)  # noqa: PTH100
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror or error}") from error
    except ReadError as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from error
    return Reading(sha256, tuple(found.documents), tuple(found.failures))


class _Found:
    """What was read from one file so far."""

    def __init__(self, sha256: str, *, ocr: str | None) -> None:
        self._sha256 = sha256
        self._ocr = ocr
        self._characters = 0
        self._times: dict[str, int] = {}
        self.documents: list[Document] = []
        self.failures: list[Failure] = []

    def take(self, data: bytes, path: str, name: str, *, depth: int) -> None:
        """Reads bytes under a path. Raises ReadError when nothing of them can be read."""
        what = kind(data[:HEAD] if not data.startswith(b"PK") else data, name)
        if what is None:
            if not self._ocr or not is_picture(data):
                raise _unknown(data)
            self._add(pictures.picture(data, self._ocr), path)
            return
        if what is Kind.GZIP:
            self._below(depth)
            self.take(gzipped.unpacked(data), path, _without_suffix(name), depth=depth + 1)
            return
        if parse := _PARSE.get(what):
            self._add(self._parsed(parse, data), path)
        if parts := _PARTS.get(what):
            before, failed = len(self.documents), len(self.failures)
            try:
                self._take_parts(parts(data), path, depth=depth)
            except ReadError as error:
                # What was read of a file that goes wrong further on is not lost.
                if what not in _PARSE and len(self.documents) == before:
                    raise
                self.failures.append(Failure(path, error.message))
            if what not in _PARSE and len(self.documents) == before:
                raise _nothing(self.failures[failed:])

    def _parsed(self, parse: Callable[[bytes], Content], data: bytes) -> Content:
        try:
            return parse(data)
        except NoTextError:
            if not self._ocr:
                raise
            return pictures.pages(data, self._ocr)

    def _take_parts(self, parts: Iterator[Part], path: str, *, depth: int) -> None:
        for part in parts:
            self._below(depth)
            if len(self.documents) + len(self.failures) >= MOST_PARTS:
                raise ReadError(f"more than {MOST_PARTS} documents in it.")
            below = self._path_of(part.name, path)
            try:
                self._take_part(part, below, depth=depth)
            except ReadError as error:
                skipped = isinstance(error, SkipError)
                self.failures.append(Failure(below, error.message, skipped=skipped))

    def _take_part(self, part: Part, path: str, *, depth: int) -> None:
        if isinstance(part.held, ReadError):
            raise part.held
        if isinstance(part.held, Content):
            self._add(part.held, path)
        else:
            self.take(part.held, path, part.name, depth=depth + 1)

    def _below(self, depth: int) -> None:
        if depth >= DEEPEST:
            raise ReadError(f"packed more than {DEEPEST} times.")

    def _add(self, content: Content, path: str) -> None:
        if not any(map(str.isalnum, content.text)):
            raise ReadError("no text in it.")
        self._characters += len(content.text)
        if self._characters > MOST_CHARACTERS:
            raise ReadError(f"more than {MOST_CHARACTERS:,} characters in it.")
        self.documents.append(_document(content, path, sha256=self._sha256))

    def _path_of(self, name: str, path: str) -> str:
        """A path of its own below the file's, whatever the part calls itself."""
        cleaned = one_line(name, limit=300) or "part"
        steps = [step for step in PurePath(cleaned.replace("\\", "/")).parts if step.strip("./ ")]
        plain = Path(path, *(step.replace(":", "_") for step in steps or ["part"]))
        self._times[str(plain)] = times = self._times.get(str(plain), 0) + 1
        return str(plain if times == 1 else plain.with_stem(f"{plain.stem} ({times})"))


def _document(content: Content, path: str, *, sha256: str) -> Document:
    return Document(
        path=path,
        sha256=sha256,
        text=content.text,
        title=one_line(content.title, limit=300),
        author=one_line(content.author, limit=200),
        date=content.date,
        source=one_line(content.source, limit=200),
        pages=content.pages,
    )


def _bytes(path: Path, *, ocr: str | None) -> bytes:
    """The file's bytes; devices and pipes, which may never end, aren't opened."""
    if path.exists() and not path.is_file():
        raise ReadError("not a file.")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(HEAD)
        seen = ocr is not None and is_picture(head)
        if kind(head, path.name) is None and not seen:  # a film is not read through
            raise _unknown(head)
        if size > LARGEST_FILE:
            raise ReadError(f"larger than {LARGEST_FILE >> 20} MB.")
        return head + file.read(LARGEST_FILE)


def _unknown(head: bytes) -> ReadError:
    if is_picture(head):
        return SkipError("a picture: no text in it, try --ocr.")
    return SkipError("don't know how to read this kind of file.")


def _nothing(failures: Sequence[Failure]) -> ReadError:
    """A container of which nothing was read, by the reason of its first part."""
    reason = failures[0].reason.removeprefix(_NOTHING) if failures else ""
    return ReadError(f"{_NOTHING}{reason}" if reason else "nothing in it can be read.")


def _without_suffix(name: str) -> str:
    return PurePath(name).stem if PurePath(name).suffix.lower() == ".gz" else name
