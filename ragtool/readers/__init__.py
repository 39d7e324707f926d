"""Files to documents, one module a format.

A format's module turns bytes into `Content` and knows no paths; what is the
same for every file is here: reading the bytes, their digest, the absolute
path, and naming the file in the error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ragtool.errors import ReadError
from ragtool.readers import html, markdown, text
from ragtool.readers.content import Content, one_line
from ragtool.records import Document

__all__ = ["is_supported", "read"]

_FORMATS: Mapping[str, Callable[[bytes], Content]] = {
    ".txt": text.parse,
    ".md": markdown.parse,
    ".markdown": markdown.parse,
    ".html": html.parse,
    ".htm": html.parse,
}


def is_supported(path: Path) -> bool:
    """Whether there is a reader for the file, by its name alone."""
    return path.suffix.lower() in _FORMATS


def read(path: Path) -> Document:
    """The file as a document.

    Raises ReadError when it can't be opened, is of no known format, isn't
    text, or has no text in it. The message begins with the path.
    """
    parse = _FORMATS.get(path.suffix.lower())
    if parse is None:
        known = " ".join(_FORMATS)
        raise ReadError(
            f"{path}: don't know how to read this kind of file.", hint=f"Known: {known}"
        )
    data = _bytes(path)
    try:
        content = parse(data)
    except ReadError as error:
        raise ReadError(f"{path}: {error.message}", hint=error.hint) from error
    if not any(map(str.isalnum, content.text)):
        raise ReadError(f"{path}: no text in it.")
    return Document(
        path=str(path.absolute()),
        sha256=hashlib.sha256(data).hexdigest(),
        text=content.text,
        title=one_line(content.title, limit=300),
        author=one_line(content.author, limit=200),
        date=content.date,
        source=one_line(content.source, limit=200),
    )


def _bytes(path: Path) -> bytes:
    """The file's bytes; devices and pipes, which may never end, aren't opened."""
    try:
        if path.exists() and not path.is_file():
            raise ReadError(f"{path}: not a file.")
        return path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror or error}") from error
