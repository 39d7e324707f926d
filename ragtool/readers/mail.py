"""Mails: who wrote what to whom and when, the body, and the attachments as parts.

Nothing is fetched or run. A mail's structure and headers are mime.py's, the
lines of its body mail_body.py's.
"""

from __future__ import annotations

import copy
import mimetypes
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from ragtool.errors import ReadError
from ragtool.readers import mail_body, mime
from ragtool.readers.content import Content, Part, iso_date, one_line

# Written by mail programs, and by nobody who types a memo.
_BY_MACHINE = frozenset(
    "message-id mime-version received return-path delivered-to content-type in-reply-to".split()
)
_HEAD = ("From", "To", "Cc", "Date")
# What programs write that know no date: the beginning of a computer's time.
_NO_DAYS = frozenset({"1969-12-31", "1970-01-01"})
# How the kinds begin that are text when their suffix isn't known.
_TEXTS = ("text/", "message/")
_STATUS = "message/delivery-status"
_BODIES = frozenset({"text/plain", "text/html", "text/enriched", _STATUS})
_SIGNATURES = re.compile(r"application/(?:pgp-(?:signature|encrypted)|(?:x-)?pkcs7-signature)")
_DOMAIN = re.compile(r"[^\s@<>]@([\w.-]{1,200}\w)")
_LINK = re.compile(r"https?://\S+")
# A body in plain text with few words, where the same mail has many in HTML, only
# says that there is HTML.
_STUB_WORDS, _STUB_RATIO = 60, 4


def looks_like_mail(data: bytes) -> bool:
    """Whether a file, of which the first kilobytes are enough, begins with a mail's headers."""
    names = mime.header_names(data[: 1 << 16])
    if _BY_MACHINE & names.keys():
        return len(mime.KNOWN & names.keys()) > 1
    return "@" in names.get("from", "") and len({"to", "date", "subject"} & names.keys()) > 1


def parse(data: bytes) -> Content:
    """Subject, a head of From, To, Cc, Date and Attachments lines, then the body.

    title: the subject. author: the sender's name, or address. source: the name
    of the list where the mail came through one that takes replies, else the
    domain of the sender's address. date: the day in the sender's own time zone.
    Lines of earlier mails that are quoted begin with ">" for each level. Raises
    ReadError when the bytes don't begin with a mail's headers, or hold more or
    deeper parts than mime.py allows.
    """
    message = mime.opened(data)
    # What a file can make the email package stumble over is not foreseen: whatever
    # error comes out of its code, it is this mail that can't be read.
    try:
        return _content(message)
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(f"not a mail that can be read ({type(error).__name__})") from error


def parts(data: bytes) -> Iterator[Part]:
    """The attachments in order, attached mails as a whole among them, under distinct names.

    Pictures shown in the body and signatures are left out. Raises ReadError as
    `parse` does.
    """
    message = mime.opened(data)
    try:
        attached = _attached(message)
        found = [
            Part(name, _held(each)) for name, each in zip(_names(attached), attached, strict=True)
        ]
    except Exception as error:  # as in parse
        raise ReadError(f"attachments that can't be read ({type(error).__name__})") from error
    yield from found


def _content(message: Message) -> Content:
    subject = mime.header(message, "subject")
    lines = [(name, mime.header(message, name.lower())) for name in _HEAD]
    lines.append(("Attachments", ", ".join(_names(_attached(message)))))
    head = [f"{name}: {value}" for name, value in lines if value]
    body = _body(message)
    return Content(
        "\n".join([*([subject] if subject else []), *head, *(["", body] if body else [])]),
        title=subject or None,
        author=_author(message),
        date=_date(message),
        source=_source(message),
    )


def _date(message: Message) -> str | None:
    """The day that the Date header names; no server's stamp will do."""
    written = mime.header(message, "date")
    try:
        day = parsedate_to_datetime(written).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        day = iso_date(written) or ""
    return iso_date(day) if day not in _NO_DAYS and day > "1960" else None


def _author(message: Message) -> str | None:
    """The senders' names; for one without a name the address."""
    named: list[str] = []
    # Addresses are told apart before their names are decoded, which may hold commas.
    raw = mime.raw_header(message, _sender(message))
    for name, address in getaddresses([" ".join(raw.split())]):
        if not name and not _DOMAIN.search(address):
            continue
        shown = one_line(mime.decoded(name), limit=200) or ""
        named.append(shown.strip("\"' ") or mime.decoded(address))
    return ", ".join(filter(None, named)) or mime.header(message, _sender(message)) or None


def _sender(message: Message) -> str:
    return next((name for name in ("from", "sender") if mime.header(message, name)), "from")


def _source(message: Message) -> str | None:
    """The list's name or, as newsletters have list headers too, the sender's domain."""
    post = mime.header(message, "list-post")
    if post and post.strip().upper() != "NO" and (named := mime.header(message, "list-id")):
        phrase, _, address = named.partition("<")
        return phrase.strip("\"' ") or address.strip("<> ") or None
    found = _DOMAIN.search(mime.header(message, _sender(message)))
    return found[1].lower() if found else None


def _body(part: Message) -> str:
    """The text of a part and all parts in it. mime.opened has bounded the depth."""
    inner = mime.children(part)
    if part.get_content_type() == "multipart/alternative":
        return _alternative(inner)
    if inner:
        return "\n\n".join(filter(None, map(_body, inner)))
    kind = part.get_content_type()
    if _is_attached(part) or not (kind in _BODIES or kind.startswith("multipart/")):
        return ""
    return mail_body.from_html(mime.markup_of(part)) if kind == "text/html" else _plain(part)


def _alternative(inner: Sequence[Message]) -> str:
    """The one of several forms of the same body that has the writer's own lines."""
    bodies = [(_has_plain(each), body) for each in inner if (body := _body(each))]
    plain = next((body for is_plain, body in bodies if is_plain), "")
    rich = next((body for is_plain, body in reversed(bodies) if not is_plain), "")
    return rich if rich and _is_stub(plain, rich) else plain


def _has_plain(part: Message) -> bool:
    return any(leaf.get_content_type() == "text/plain" for leaf in mime.leaves(part))


def _is_stub(plain: str, rich: str) -> bool:
    words = len(_LINK.sub("", plain).split())
    return words < _STUB_WORDS and words * _STUB_RATIO < len(rich.split())


def _plain(part: Message) -> str:
    charset = mime.parameter(part, "content-type", "charset")
    text = mime.text_of(_held(part), declared=charset or None)
    if re.match(r"\s*<(?:!doctype\s+html|html)\b", text, re.IGNORECASE):
        return mail_body.from_html(text)
    flowed = mime.parameter(part, "content-type", "format").lower() == "flowed"
    delsp = mime.parameter(part, "content-type", "delsp").lower() == "yes"
    return mail_body.from_plain(text, flowed=flowed, delsp=delsp)


def _attached(message: Message) -> list[Message]:
    return [leaf for leaf in mime.leaves(message) if _is_attached(leaf)]


def _is_attached(leaf: Message) -> bool:
    """Whether a part is no text of the mail, nor a picture in it, nor its signature."""
    kind = leaf.get_content_type()
    disposition = mime.header(leaf, "content-disposition").lower()
    if _SIGNATURES.match(kind) or leaf.get_content_maintype() == "multipart":
        return False
    if disposition.startswith("attachment"):
        return True
    if kind.startswith("image/"):
        shown = disposition.startswith("inline") or mime.header(leaf, "content-id")
        return bool(_given_name(leaf)) and not shown
    return kind not in _BODIES


def _names(attached: Sequence[Message]) -> list[str]:
    """Distinct names, as given or else by kind and number."""
    found: list[str] = []
    taken: set[str] = set()
    times: dict[str, int] = {}
    for number, each in enumerate(attached, start=1):
        name = given = _name(each, number)
        stem, dot, suffix = given.rpartition(".") if "." in given else (given, "", "")
        while name.casefold() in taken:
            times[given.casefold()] = times.get(given.casefold(), 1) + 1
            name = f"{stem} ({times[given.casefold()]}){dot}{suffix}"
        taken.add(name.casefold())
        found.append(name)
    return found


def _name(part: Message, number: int) -> str:
    if name := _given_name(part):
        return name
    kind = part.get_content_type()
    if kind == "message/rfc822" and (inner := mime.inner(part)):
        return f"{one_line(mime.header(inner[0], 'subject'), limit=100) or 'message'}.eml"
    # The built-in table alone: the system's differs from one computer to the next.
    suffix = mimetypes.MimeTypes().guess_extension(kind)
    return f"attachment-{number}{suffix or ('.txt' if kind.startswith(_TEXTS) else '.bin')}"


def _given_name(part: Message) -> str:
    given = mime.parameter(part, "content-disposition", "filename")
    return one_line(given or mime.parameter(part, "content-type", "name"), limit=200) or ""


def _held(part: Message) -> bytes:
    """An attachment's bytes."""
    if not (inner := mime.inner(part)):
        return mime.payload(part)
    if inner[0].keys():
        return b"\n".join(each.as_bytes() for each in inner)
    # Against the standard, some programs encode attached mails: no headers are seen.
    encoded = copy.copy(inner[0])
    encoded["content-transfer-encoding"] = mime.header(part, "content-transfer-encoding")
    return mime.payload(encoded)
