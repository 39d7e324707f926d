"""MIME: headers, parts and their bytes, as mails and saved pages have them.

The structure is taken apart by Python's email package under its old policy,
which leaves headers as they are written; they are decoded here, since the new
policy's parsers stumble over broken ones. What it all means is left to mail.py
and mhtml.py.
"""

from __future__ import annotations

import binascii
import copy
import re
from email import message_from_bytes, policy
from email.message import Message
from email.utils import collapse_rfc2231_value

from ragtool.errors import ReadError
from ragtool.readers.content import one_line
from ragtool.readers.encoding import decode

DEEPEST, MOST_PARTS = 50, 10_000
"""How deep multiparts may lie in each other, and how many parts a file may have."""
_TOO_MANY = f"more than {MOST_PARTS:,} parts, or {DEEPEST} in each other"

KNOWN = frozenset(
    "from to cc bcc date subject sender reply-to message-id mime-version received return-path "
    "content-type content-transfer-encoding content-disposition delivered-to in-reply-to "
    "references".split()
)
"""Headers, one of which a mail has at least, in small letters."""

_HEADER = re.compile(rb"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY = re.compile(
    rb"^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE
)
_MOST_STRAYS = 3
_LONGEST_HEAD, _LONGEST_HEADER = 1 << 20, 50_000
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bq])\?([^?]*)\?=(?:\s+(?==\?))?", re.IGNORECASE)
# In these encodings all bytes may look like ASCII, so that UTF-8 must not be tried first.
_SEVEN_BITS = re.compile(r"iso-?2022|utf-?7|unicode-1-1-utf-7|hz|utf-?16|utf-?32", re.IGNORECASE)
_HTML_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def header_names(data: bytes) -> dict[str, str]:
    """The headers that a file begins with, raw values by names in small letters. Among
    them, but not before them, a few lines may stand that are none."""
    found: dict[str, str] = {}
    strays = 0
    for number, line in enumerate(_head(data).splitlines()):
        if matched := _HEADER.match(line):
            name, value = (each.decode("latin-1") for each in matched.groups())
            found.setdefault(name.lower(), value)
        elif not line.startswith((b" ", b"\t")) and not _is_envelope(line, number):
            strays += 1
            if not found or strays > _MOST_STRAYS:
                break
    return found


def opened(data: bytes) -> Message:
    """The file, taken apart. Raises ReadError when it doesn't begin with headers, or
    has more or deeper parts than the limits allow."""
    if not KNOWN & header_names(data).keys():
        raise ReadError("no mail: it doesn't begin with a mail's headers")
    head = _head(data)
    body = data[data.find(head) + len(head) :]
    # What the package stumbles over is not foreseen: whatever it is, it is this file
    # that can't be read.
    try:
        message = _with_boundary(message_from_bytes(_mended(head) + body, policy=policy.compat32))
        leaves(message)
    except ReadError:
        raise
    except RecursionError as error:
        raise ReadError(_TOO_MANY) from error
    except Exception as error:
        raise ReadError(f"parts that can't be told apart ({type(error).__name__})") from error
    return message


def leaves(message: Message) -> list[Message]:
    """The parts that hold something, in order; attached mails are not entered.

    Raises ReadError beyond DEEPEST and MOST_PARTS.
    """
    found: list[Message] = []
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        inner = children(part)
        if depth > DEEPEST or len(found) + len(waiting) + len(inner) > MOST_PARTS:
            raise ReadError(_TOO_MANY)
        waiting.extend((each, depth + 1) for each in reversed(inner))
        found.extend([] if inner else [part])
    return found


def children(part: Message) -> list[Message]:
    """The parts of a multipart; none for all else."""
    return inner(part) if part.get_content_maintype() == "multipart" else []


def inner(part: Message) -> list[Message]:
    """The parts of a multipart, the mail or the blocks of headers in a message/... part."""
    # For anything else get_payload trusts the charset named, and fails on odd ones.
    held = part.get_payload() if part.is_multipart() else ()
    return [each for each in held if isinstance(each, Message)]


def header(message: Message, name: str) -> str:
    """The first header of that name as a reader sees it, on one line; "" without one."""
    return one_line(decoded(raw_header(message, name)), limit=5000) or ""


def raw_header(part: Message, name: str) -> str:
    """The first header of that name, its 8-bit letters decoded, its encoded words not."""
    found = next((value for key, value in part.raw_items() if key.lower() == name), "")
    data = str(found)[:_LONGEST_HEADER].encode("ascii", "surrogateescape")
    if data.isascii():
        return data.decode("ascii")
    # No header says in which encoding headers are. The text's own is the best guess.
    charsets = (parameter(each, "content-type", "charset") for each in leaves(part))
    declared = next(filter(None, charsets), "cp1252")
    return text_of(data, declared=declared) or data.decode("utf-8", "replace")


def parameter(part: Message, name: str, key: str) -> str:
    """A parameter of a header, in any of the ways to encode it (RFC 2231, RFC 2047,
    raw letters); "" without it or where it is beyond understanding."""
    found = next((value for at, value in part.raw_items() if at.lower() == name), "")
    bare = Message()
    # Raw letters must be decoded before the package sees them. A charset has none.
    bare[name] = str(found)[:_LONGEST_HEADER] if key == "charset" else raw_header(part, name)
    try:
        value = bare.get_param(key, "", header=name)
        return decoded(collapse_rfc2231_value(value)).strip() if value else ""
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""


def decoded(value: str) -> str:
    """The value with its encoded words (RFC 2047) decoded. Neighbours in one encoding
    are decoded together, since some programs cut them inside a letter."""
    found: list[tuple[str | None, bytes]] = []
    at = 0
    for word in _ENCODED.finditer(value):
        if word.start() > at:
            found.append((None, value[at : word.start()].encode("utf-8", "replace")))
        name, data = word[1].lower().split("*")[0], _word(word[3], base64=word[2] in "bB")
        before = found.pop()[1] if found and found[-1][0] == name else b""
        found.append((name, before + data))
        at = word.end()
    found.append((None, value[at:].encode("utf-8", "replace")))
    return "".join(
        text_of(data, declared=name) if name else data.decode("utf-8") for name, data in found
    )


def payload(part: Message) -> bytes:
    """A part's bytes without the transfer encoding, as far as that is sound."""
    named = re.match(r"[\s\"']*([\w-]+)", raw_header(part, "content-transfer-encoding").lower())
    encoding = named[1] if named else ""
    raw = _written(
        part, encoding="x-uuencode" if encoding.endswith(("uuencode", "uue")) else "8bit"
    )
    if encoding == "base64":
        return _unbase64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(re.sub(rb"=[ \t]{1,80}(?=\r?\n)", b"=", raw))
    return raw


def text_of(data: bytes, *, declared: str | None) -> str:
    """The text in the encoding declared or, where that is wrong, in the one it is
    found to be in; "" for what is no text."""
    name = (declared or "").lower().removeprefix("unicode-1-1-")
    if _SEVEN_BITS.match(name):
        try:
            return data.decode(name).replace("\r\n", "\n").replace("\r", "\n")
        except (UnicodeError, LookupError):
            name = ""
    try:
        # iso-8859-8-i and -e only add in which order Hebrew letters stand.
        return decode(data.replace(b"\0", b""), declared=re.sub("-[ie]$", "", name) or None)
    except ReadError:
        return ""


def markup_of(part: Message) -> str:
    """The markup of a part in HTML, by the encoding of its header or else its own."""
    data = payload(part)
    named = _HTML_CHARSET.search(data[:4096])
    own = named[1].decode("ascii", "replace") if named else None
    return text_of(data, declared=parameter(part, "content-type", "charset") or own)


def _written(part: Message, *, encoding: str) -> bytes:
    """A part's bytes as they stand in the file, or decoded by the package."""
    bare = copy.copy(part)
    # The package trusts what these two headers say, and may fail on it.
    del bare["content-transfer-encoding"], bare["content-type"]
    bare["content-transfer-encoding"] = encoding
    held = bare.get_payload(decode=True)
    return held if isinstance(held, bytes) else b""


def _head(data: bytes) -> bytes:
    """The headers, up to the first blank line, without what blanks stand before them."""
    text = data[:_LONGEST_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    blank = _BLANK.search(text)
    return text[: blank.start()] if blank else text


def _is_envelope(line: bytes, number: int) -> bool:
    """Whether it is the line with which a mailbox begins a mail."""
    return number == 0 and line.startswith((b"From ", b">From "))


def _mended(head: bytes) -> bytes:
    """The headers with lines that are none made part of the one above where headers
    that mails have follow: the package would take all the rest for the body."""
    lines = [
        line for at, line in enumerate(head.splitlines(keepends=True)) if not _is_envelope(line, at)
    ]
    matches = [_HEADER.match(line) for line in lines]
    known = [each and each[1].decode("ascii").lower() in KNOWN for each in matches]
    last = max((at for at, each in enumerate(known) if each), default=-1)
    for at, header in enumerate(matches[: last + 1]):
        if header:  # the package knows no blanks before the colon
            lines[at] = header[1] + b":" + header[2]
        elif lines[at][:1] not in b" \t":
            lines[at] = b" " + lines[at]
    return b"".join(lines)


def _with_boundary(message: Message) -> Message:
    """The message; one of several parts that names no boundary, or one that doesn't
    occur, is taken apart at the first line that looks like one."""
    if message.get_content_maintype() != "multipart" or message.is_multipart():
        return message
    data = _written(message, encoding="8bit")
    if not (found := _BOUNDARY.search(data)):
        return message
    kind = message.get_content_type().encode("ascii", "replace")
    boundary = found[1].replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    opening = b"Content-Type: " + kind + b'; boundary="' + boundary + b'"\n\n'
    mended = message_from_bytes(opening + data, policy=policy.compat32)
    for name, value in message.raw_items():
        if name.lower() != "content-type":
            mended[name] = value
    return mended


def _word(written: str, *, base64: bool) -> bytes:
    """The bytes of an encoded word."""
    data = written.encode("utf-8", "replace")
    return _unbase64(data) if base64 else binascii.a2b_qp(data, header=True)


def _unbase64(raw: bytes) -> bytes:
    """What base64 holds. Left out are letters that it doesn't have, and lines that are
    plain words, as mailing lists add them below."""
    lines = (line.split() for line in raw.splitlines())
    sound = (words for words in lines if len(words) < 2 or all(len(w) % 4 == 0 for w in words))
    joined = _NO_BASE64.sub(b"", b"".join(b"".join(words) for words in sound))
    runs = (run[: -1 if len(run) % 4 == 1 else None] for run in re.split(b"=+", joined))
    return b"".join(binascii.a2b_base64(run + b"=" * (-len(run) % 4)) for run in runs)
