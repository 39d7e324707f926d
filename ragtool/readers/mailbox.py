"""Mailboxes (mbox): many mails in one file, each below a line that begins with "From "."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragtool.errors import ReadError
from ragtool.readers import mime
from ragtool.readers.content import Part, one_line

# "From jane@example.org Mon May  2 16:07:05 2005" above a header. Prose may begin
# with "From", but has no time of day there and no header below.
_ENVELOPE = re.compile(
    rb"^From [^\r\n]{0,300}?\d\d?:\d\d[^\r\n]{0,100}\r?\n(?=>?From |[!-9;-~]{1,80}:)",
    re.MULTILINE,
)
_FIRST = re.compile(rb"\s*From [^\r\n]{0,300}\r?\n(?=>?From |[!-9;-~]{1,80}:)")
_MASKED = re.compile(rb"^>(>*From )", re.MULTILINE)
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]+')
_HEAD = 1 << 16


def looks_like_mailbox(data: bytes) -> bool:
    """Whether a file, of which the first 64 KiB are enough, begins with a mailbox's
    line and has more than one mail. A single one, as programs save it, is a mail;
    but a first mail that goes on beyond those bytes leaves the file a mailbox."""
    if not (first := _FIRST.match(data)):
        return False
    known = mime.KNOWN & mime.header_names(data[:_HEAD]).keys()
    return bool(known) and (len(data) >= _HEAD or bool(_ENVELOPE.search(data, first.end())))


def parts(data: bytes) -> Iterator[Part]:
    """The mails in order, as bytes, named by number and subject: "0001 Minutes.eml".

    Raises ReadError when the file doesn't begin with a mailbox's line.
    """
    if not (first := _FIRST.match(data)):
        raise ReadError('no mailbox: it doesn\'t begin with a "From " line')
    begin, number = first.end(), 0
    for envelope in _ENVELOPE.finditer(data, first.end()):
        if mail := data[begin : envelope.start()].strip():
            number += 1
            yield _part(mail, number)
        begin = envelope.end()
    if mail := data[begin:].strip():
        yield _part(mail, number + 1)


def _part(mail: bytes, number: int) -> Part:
    """A mail with the lines unmasked that a mailbox's own line would be taken for."""
    held = _MASKED.sub(rb"\1", mail) + b"\n"
    return Part(f"{number:04} {_subject(held)}.eml", held)


def _subject(mail: bytes) -> str:
    """The subject as a part of a file name."""
    written = mime.header_names(mail).get("subject", "")
    shown = mime.decoded(mime.text_of(written.encode("latin-1"), declared="cp1252"))
    return one_line(_NOT_IN_NAMES.sub(" ", shown), limit=80) or "no subject"
