"""Web pages saved with their pictures in one file (MHTML): the page is read, the rest is not."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message

from ragtool.errors import ReadError
from ragtool.readers import html, mime
from ragtool.readers.content import Content

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_HOST = re.compile(r"https?://(?:[^/@\s]*@)?(?:www\.)?([\w.-]+)", re.IGNORECASE)


def parse(data: bytes) -> Content:
    """The page as html.parse reads it.

    Where the page itself doesn't say so, title is the file's subject, which
    browsers take from the page, and source the host that it was saved from. Its
    date is that of saving, and is not used. Raises ReadError when the file
    isn't MHTML or has no page in it.
    """
    message = mime.opened(data)
    # What a file can make the email package stumble over is not foreseen: whatever
    # error comes out of its code, it is this file that can't be read.
    try:
        page = _page(message)
        markup = mime.markup_of(page).encode()
        subject, address = mime.header(message, "subject"), _address(message, page)
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(f"not a saved page that can be read ({type(error).__name__})") from error
    content = html.parse(markup)
    host = _HOST.match(address)
    return replace(
        content,
        title=content.title or subject or None,
        source=content.source or (host[1].lower() if host else None),
    )


def _page(message: Message) -> Message:
    """The part that start= names if it is a page, else the first page."""
    pages = [leaf for leaf in mime.leaves(message) if leaf.get_content_type() in _PAGES]
    if not pages:
        raise ReadError("no page in it")
    start = mime.parameter(message, "content-type", "start").strip("<> ")
    named = (page for page in pages if mime.header(page, "content-id").strip("<> ") == start)
    return next(named, pages[0]) if start else pages[0]


def _address(message: Message, page: Message) -> str:
    """Where the page was saved from."""
    saved = mime.header(message, "snapshot-content-location")
    return saved or mime.header(page, "content-location")
