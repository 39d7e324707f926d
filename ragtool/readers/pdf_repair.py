"""Damaged PDFs: what can be tried when PDFium finds no way in.

PDFium rebuilds a lost cross-reference table by itself, but needs a trailer that
names the catalog, and a page tree. A file that was cut short has lost the first
and may have lost the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OBJECT = re.compile(rb"(?<!\d)(\d{1,8})\s+(\d{1,5})\s+obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_PAGE = re.compile(rb"/Type\s*/Page(?!\w)")
_HEAD = 4_000  # bytes of an object within which its type stands
_MOST_PAGES = 5_000


def mended(data: bytes) -> Iterator[bytes]:
    """The file with a new trailer; then with a new tree of the pages still in it."""
    catalogs: list[int] = []
    pages: list[int] = []
    last = 0
    for named in _OBJECT.finditer(data):
        number, head = int(named[1]), _head(data, named.end())
        last = max(last, number)
        if _CATALOG.search(head):
            catalogs.append(number)
        elif _PAGE.search(head):
            pages.append(number)
    if catalogs:
        yield data + _trailer(catalogs[-1])
    if pages:
        free = last + 1
        unlike = list(dict.fromkeys(pages))[:_MOST_PAGES]
        kids = b" ".join(b"%d 0 R" % number for number in unlike)
        tree = b"\n%d 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (
            free + 1,
            len(unlike),
            kids,
        )
        root = b"\n%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (free, free + 1)
        yield data + root + tree + _trailer(free)


def _head(data: bytes, start: int) -> bytes:
    """The beginning of an object, not into the next or into a stream."""
    head = data[start : start + _HEAD]
    return head[: min((head + b"endobj").index(b"endobj"), (head + b"stream").index(b"stream"))]


def _trailer(root: int) -> bytes:
    return b"\ntrailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF\n" % root
