"""ZIP archives: their members, in the order that the archive lists them."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from ragtool.errors import ReadError
from ragtool.readers.content import Part, one_line

_MOST_MEMBERS = 20_000
_LARGEST_MEMBER = 256 << 20
# For all members together. Documents hardly ever shrink two hundredfold as a whole;
# below the lesser size they may.
_MOST_BYTES = 2 << 30
_MOST_RATIO, _LESSER_BYTES = 200, 64 << 20
# Of other compressions zipfile unpacks a whole piece at once, whatever was asked
# for, and 45 bytes of bzip2 may hold 46 MB. Archives of documents hardly use them.
_KNOWN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PIECE = 1 << 16

_ENTRY = b"PK\x01\x02"
# Archives in archives have entries of their own.
_MOST_ENTRIES = 10 * _MOST_MEMBERS
_ENCRYPTED, _UTF8 = 0x1, 0x800
# What systems leave in folders and nobody wrote.
_LEFT_BY_SYSTEMS = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_DRIVE = re.compile(r"^[A-Za-z]:")
_LONGEST_STEP, _DEEPEST = 255, 30


def parts(data: bytes) -> Iterator[Part]:
    """The archive's files as bytes, under relative names with "/", each name once.

    Folders, links, hidden files and what macOS and Windows add are left out. A
    member that is encrypted, damaged, larger than 256 MB or compressed in
    another way than deflate is a part that holds a ReadError. Raises ReadError when the
    archive can't be opened, has no files or more than 20,000 members, or when
    its members unpack to more than 2 GB or a suspicious multiple of its size;
    that last one maybe after some parts.
    """
    archive = _opened(data)
    members = [(name, each) for each in archive.infolist() if (name := _name(each))]
    if not members:
        raise ReadError("an archive without files.")
    unpacking = _Unpacking(archive, most=_most(data))
    taken: dict[str, int] = {}
    for name, member in members:
        yield Part(_distinct(name, taken), unpacking.held(member))


def _most(data: bytes) -> int:
    """How many bytes all members together may have."""
    return min(_MOST_BYTES, max(_LESSER_BYTES, _MOST_RATIO * len(data)))


def _opened(data: bytes) -> zipfile.ZipFile:
    # Before zipfile makes an object of each entry.
    if data.count(_ENTRY) > _MOST_ENTRIES:
        raise ReadError(f"more than {_MOST_MEMBERS:,} files in the archive.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    # zipfile trusts the numbers in the archive's directory: besides BadZipFile there
    # are errors of struct, of decoding and of seeking.
    except Exception as error:
        raise ReadError("a damaged ZIP archive.") from error
    if len(archive.infolist()) > _MOST_MEMBERS:
        raise ReadError(f"more than {_MOST_MEMBERS:,} files in the archive.")
    return archive


class _Unpacking:
    """Members to bytes, as long as all of them together don't become too many.

    What was unpacked counts, not what the archive says: entries that share
    their bytes count each time.
    """

    def __init__(self, archive: zipfile.ZipFile, *, most: int) -> None:
        self._archive = archive
        self._most = self._left = most

    def held(self, member: zipfile.ZipInfo) -> bytes | ReadError:
        """The member's bytes, or why it alone can't be read. Raises ReadError when
        it is one too many."""
        if member.flag_bits & _ENCRYPTED:
            return ReadError("encrypted with a password.")
        if member.compress_type not in _KNOWN:
            return ReadError("compressed in a way that can't be read here.")
        if member.file_size > _LARGEST_MEMBER:
            return ReadError(f"larger than {_LARGEST_MEMBER >> 20} MB unpacked.")
        try:
            return b"".join(self._pieces(member))
        except ReadError:
            raise
        # The numbers before each member are trusted too: errors of zlib, of struct, of
        # decoding and of seeking.
        except Exception as error:
            return ReadError(f"damaged in the archive ({type(error).__name__}).")

    def _pieces(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._archive.open(member) as file:
            while piece := file.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise ReadError(f"its files unpack to more than {self._most >> 20} MB.")
                yield piece


def _name(member: zipfile.ZipInfo) -> str | None:
    """The member's name as a relative one; None for what is no document."""
    written = _decoded(member).replace("\\", "/")
    mode = member.external_attr >> 16
    if written.endswith("/") or stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
        return None
    steps = [one_line(step, limit=_LONGEST_STEP) or "" for step in written.split("/")]
    steps[0] = _DRIVE.sub("", steps[0])
    steps = [step for step in steps if step.strip(". ")]
    if any(map(_is_left_over, steps)):
        return None
    return "/".join(steps[-_DEEPEST:]) or "unnamed"


def _decoded(member: zipfile.ZipInfo) -> str:
    """The name: macOS writes UTF-8 without saying so."""
    if member.flag_bits & _UTF8:
        return member.orig_filename
    try:
        return member.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.orig_filename


def _is_left_over(step: str) -> bool:
    return step.startswith((".", "~$")) or step.lower() in _LEFT_BY_SYSTEMS


def _distinct(name: str, taken: dict[str, int]) -> str:
    """The name, with a number where it was taken: "a (2).txt"."""
    found = name
    while found in taken:
        taken[name] += 1
        path = PurePosixPath(name)
        found = str(path.with_name(f"{path.stem} ({taken[name]}){path.suffix}"))
    taken[found] = 1
    return found
