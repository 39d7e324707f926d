"""Files compressed with gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ragtool.errors import ReadError

_MAGIC = b"\x1f\x8b\x08"
_MOST_BYTES = 512 << 20
# Text hardly ever shrinks two hundredfold. Below the lesser size it may: it does no harm.
_MOST_RATIO, _LESSER_BYTES = 200, 64 << 20
# bgzip writes a member for each 64 KiB.
_MOST_MEMBERS = 20_000
_PIECE = 1 << 16
_WITH_HEADER = 16 + zlib.MAX_WBITS


def unpacked(data: bytes) -> bytes:
    """What the file holds, its members joined; whatever follows the last is left out.

    Raises ReadError when it is no gzip file, is damaged or cut short, or would
    unpack to more than 512 MB or a suspicious multiple of its size.
    """
    if not data.startswith(_MAGIC):
        raise ReadError("not a gzip file.")
    most = min(_MOST_BYTES, max(_LESSER_BYTES, _MOST_RATIO * len(data)))
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _pieces(data):
            size += len(piece)
            if size > most:
                raise ReadError(f"unpacks to more than {most >> 20} MB.")
            pieces.append(piece)
    except zlib.error as error:
        raise ReadError("a damaged gzip file.") from error
    return b"".join(pieces)


def _pieces(data: bytes) -> Iterator[bytes]:
    """The members' bytes a piece at a time."""
    place = members = 0
    while data.startswith(_MAGIC, place):
        members += 1
        if members > _MOST_MEMBERS:
            raise ReadError(f"more than {_MOST_MEMBERS:,} members in one gzip file.")
        member = zlib.decompressobj(_WITH_HEADER)
        while not member.eof:
            if place >= len(data):
                raise ReadError("a gzip file that was cut short.")
            fed = data[place : place + _PIECE]
            yield member.decompress(fed, _PIECE)
            place += len(fed) - len(member.unconsumed_tail) - len(member.unused_data)
