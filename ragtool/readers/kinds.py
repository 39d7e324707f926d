"""What kind of file some bytes are: by what stands in them first, by their name second.

A name lies more often than a beginning does: pages saved as .txt, mails without
a suffix, documents renamed by a mail program. Only among kinds that are all
plain text, such as Markdown, the name alone can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath

from ragtool.readers import mail, mailbox, zipped


class Kind(Enum):
    """A kind of file that there is a reader for, by the name its users know."""

    TEXT = "plain text"
    MARKDOWN = "Markdown"
    HTML = "web page"
    MHTML = "saved web page"
    PDF = "PDF"
    DOCX = "Word document"
    ODT = "OpenDocument text"
    RTF = "rich text"
    EPUB = "e-book"
    MAIL = "mail"
    MAILBOX = "mailbox"
    JSON = "JSON"
    TABLE = "table"
    ZIP = "ZIP archive"
    GZIP = "compressed file"


# How many of a file's first bytes tell its kind.
HEAD = 1 << 16

_BY_NAME: Mapping[str, Kind] = {
    "": Kind.TEXT,
    ".txt": Kind.TEXT,
    ".text": Kind.TEXT,
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".mhtml": Kind.MHTML,
    ".mht": Kind.MHTML,
    ".pdf": Kind.PDF,
    ".docx": Kind.DOCX,
    ".odt": Kind.ODT,
    ".rtf": Kind.RTF,
    ".epub": Kind.EPUB,
    ".eml": Kind.MAIL,
    ".mbox": Kind.MAILBOX,
    ".json": Kind.JSON,
    ".jsonl": Kind.JSON,
    ".ndjson": Kind.JSON,
    ".csv": Kind.TABLE,
    ".tsv": Kind.TABLE,
    ".zip": Kind.ZIP,
    ".gz": Kind.GZIP,
}
# Beginnings that no text has.
_BINARY = frozenset({Kind.PDF, Kind.DOCX, Kind.ODT, Kind.EPUB, Kind.ZIP, Kind.GZIP})
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"RIFF")
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
# What browsers write at the head of a page that they save as MHTML.
_SAVED_PAGE = re.compile(
    rb"^(?:snapshot-content-location:|from:\s*<?saved by )", re.IGNORECASE | re.MULTILINE
)
# These are text by their name, and may hold a page or a mail all the same.
_LOOSE = frozenset({Kind.TEXT, Kind.HTML, Kind.MHTML, Kind.MAIL, Kind.MAILBOX})


def kind(head: bytes, name: str) -> Kind | None:
    """The kind of a file; None for one that holds no text for us.

    head: its first HEAD bytes, or all of it. name: its file name.
    """
    named = _BY_NAME.get(PurePath(name).suffix.lower())
    if (found := _by_beginning(head)) is not None:
        return found
    if is_picture(head) or named in _BINARY:
        return named if named in _BINARY else None
    if named is None or named in _LOOSE:
        return _among_texts(head, named)
    return named


def is_picture(head: bytes) -> bool:
    """Whether it is a picture, which text may be seen in but not read."""
    return head.startswith(_PICTURES)


def _by_beginning(head: bytes) -> Kind | None:
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return {"docx": Kind.DOCX, "odt": Kind.ODT, "epub": Kind.EPUB}.get(
            zipped.kind(head) or "", Kind.ZIP
        )
    if head.startswith(b"\x1f\x8b"):
        return Kind.GZIP
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return Kind.RTF
    return None


def _among_texts(head: bytes, named: Kind | None) -> Kind | None:
    """Pages and mails among what the name calls text, or says nothing of."""
    if mailbox.looks_like_mailbox(head):
        return Kind.MAILBOX
    if mail.looks_like_mail(head):
        saved = named is Kind.MHTML or _SAVED_PAGE.search(head)
        return Kind.MHTML if saved else Kind.MAIL
    if named is not Kind.MAIL and _PAGE.search(head[:4096]):
        return Kind.HTML
    return named
