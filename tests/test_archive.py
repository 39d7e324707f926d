from __future__ import annotations

import gzip
import io
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import archive, gzipped
from ragtool.readers.content import Part

PROSE = b"The mayor said on Monday that the bridge would open again in spring.\n"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        for name, data in members.items():
            written.writestr(name, data)
    return file.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The archive with a name written over, which zipfile itself wouldn't write."""
    assert len(old) == len(new)
    return data.replace(old, new)


def names(data: bytes) -> list[str]:
    return [part.name for part in archive.parts(data)]


def held(parts: list[Part]) -> dict[str, str]:
    """Each part's name with "read" or the reason why it wasn't."""
    return {
        part.name: part.held.message if isinstance(part.held, ReadError) else "read"
        for part in parts
    }


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflate"]
)
def test_members_come_in_order_as_they_were_packed(method: int) -> None:
    members = {"b/notes.txt": PROSE * 4000, "a.html": b"", "c.bin": bytes(range(256)) * 99}
    parts = list(archive.parts(zipped(members, method=method)))
    assert [(part.name, part.held) for part in parts] == list(members.items())


def test_an_archive_after_other_bytes_is_read() -> None:
    assert names(b"#!/bin/sh\n" + zipped({"a.txt": PROSE})) == ["a.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "folder/",
        "__MACOSX/._a.txt",
        "photos/.DS_Store",
        ".git/config",
        "a/Thumbs.db",
        "desktop.ini",
        "a/~$report.docx",
    ],
)
def test_what_nobody_wrote_is_left_out(name: str) -> None:
    assert names(zipped({name: b"", "a.txt": PROSE})) == ["a.txt"]


def test_links_are_left_out() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        written.writestr(link, "/etc/passwd")
        written.writestr("a.txt", PROSE)
    assert names(file.getvalue()) == ["a.txt"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a/b.txt", "a/b.txt"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:/docs/a.txt", "docs/a.txt"),
        ("C:\\docs\\a.txt", "docs/a.txt"),
        ("c:a.txt", "a.txt"),
        ("\\\\host\\share\\a.txt", "host/share/a.txt"),
        ("a/./../.../b.txt", "a/b.txt"),
        ("a/.\u200b./b.txt", "a/b.txt"),
        ("re\x1b[31md\n.txt", "re[31md .txt"),
        ("gpj.\u202etxt", "gpj.txt"),
        ("..", "unnamed"),
        ("Überblick – 世界.txt", "Überblick – 世界.txt"),
        ("a/" * 60 + "b.txt", "a/" * 29 + "b.txt"),
    ],
)
def test_names_are_relative_and_visible(written: str, expected: str) -> None:
    assert names(zipped({written: PROSE})) == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"\x81ber.txt", "über.txt", id="cp437"),
        pytest.param("über.txt".encode(), "über.txt", id="utf-8 without its flag"),
    ],
)
def test_names_without_the_flag_of_utf8(raw: bytes, expected: str) -> None:
    data = renamed(zipped({"x" * len(raw): PROSE}), b"x" * len(raw), raw)
    assert names(data) == [expected]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_each_name_comes_once() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name in ("a/b.txt", "a/b.txt", "a/b (2).txt", "a/../a/b.txt", "c", "c"):
            written.writestr(name, PROSE)
    found = names(file.getvalue())
    assert found[:2] == ["a/b.txt", "a/b (2).txt"]
    assert len(set(found)) == 6


def test_encrypted_members_are_told_and_the_others_read() -> None:
    data = bytearray(zipped({"secret.txt": PROSE, "a.txt": PROSE}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    assert held(list(archive.parts(bytes(data)))) == {
        "secret.txt": "encrypted with a password.",
        "a.txt": "read",
    }


@pytest.mark.parametrize("method", [6, 9, 12, 14], ids=["implode", "deflate64", "bzip2", "lzma"])
def test_other_compressions_are_told_and_the_others_read(method: int) -> None:
    data = bytearray(zipped({"old.txt": PROSE, "a.txt": PROSE}))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(signature) + place, method)
    assert held(list(archive.parts(bytes(data)))) == {
        "old.txt": "compressed in a way that can't be read here.",
        "a.txt": "read",
    }


def test_a_damaged_member_is_told_and_the_others_read() -> None:
    data = zipped({"bad.txt": b"one two three", "a.txt": PROSE}, method=zipfile.ZIP_STORED)
    found = held(list(archive.parts(data.replace(b"one two three", b"one two thrEE"))))
    assert found == {"bad.txt": "damaged in the archive (BadZipFile).", "a.txt": "read"}


def test_a_member_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_LARGEST_MEMBER", 1 << 20)
    data = zipped({"large.txt": bytes((1 << 20) + 1), "a.txt": PROSE})
    assert held(list(archive.parts(data))) == {
        "large.txt": "larger than 1 MB unpacked.",
        "a.txt": "read",
    }


def test_a_member_that_hides_its_size_is_cut_there() -> None:
    """What the archive says of a member's size is all that is unpacked of it."""
    data = bytearray(zipped({"bomb.txt": bytes(100 << 20)}))
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + size, 1000)
    assert held(list(archive.parts(bytes(data)))) == {
        "bomb.txt": "damaged in the archive (BadZipFile)."
    }


def test_bombs_are_refused() -> None:
    data = zipped({f"{number}.txt": bytes(40 << 20) for number in range(3)})
    with pytest.raises(ReadError, match="unpack to more than 64 MB"):
        list(archive.parts(data))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """It holds 200 MB; the limit is 64 MB."""
    data = zipped({"bomb.txt": bytes(200 << 20)})
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match="unpack to more than 64 MB"):
            list(archive.parts(data))
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_entries_that_share_their_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_LESSER_BYTES", 1 << 20)
    data = zipped({"a.txt": bytes(1 << 19)})
    directory = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    many = data[directory:end] * 500
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 500, 500, len(many), directory, 0)
    with pytest.raises(ReadError, match="unpack to more than"):
        list(archive.parts(data[:directory] + many + tail))


@pytest.mark.parametrize("limit", ["_MOST_MEMBERS", "_MOST_ENTRIES"])
def test_too_many_members(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(archive, limit, 3)
    with pytest.raises(ReadError, match="files in the archive"):
        list(archive.parts(zipped({f"{number}.txt": b"" for number in range(4)})))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "damaged", id="empty file"),
        pytest.param(PROSE, "damaged", id="no archive"),
        pytest.param(zipped({"a.txt": PROSE})[:-30], "damaged", id="cut short"),
        pytest.param(zipped({}), "without files", id="nothing in it"),
        pytest.param(zipped({"a/": b"", ".b": PROSE}), "without files", id="nothing to read"),
        pytest.param(
            zipped({"ü.txt": PROSE}).replace("ü".encode(), b"\xff\xff"), "damaged", id="bad utf-8"
        ),
    ],
)
def test_archives_that_cant_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        list(archive.parts(data))


@given(
    st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4)), max_size=6),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_damaged_archives_give_parts_or_an_error(
    damages: list[tuple[int, bytes]], method: int
) -> None:
    data = zipped({"a/b.txt": PROSE * 3, "ü.txt": b"x"}, method=method)
    for place, damage in damages:
        data = data[:place] + damage + data[place + len(damage) :]
    try:
        found = names(data)
    except ReadError:
        return
    assert len(set(found)) == len(found)
    assert not any(".." in name.split("/") or name.startswith("/") for name in found)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(gzip.compress(PROSE), PROSE, id="one member"),
        pytest.param(gzip.compress(b""), b"", id="empty"),
        pytest.param(gzip.compress(b"a") + gzip.compress(b"b"), b"ab", id="two members"),
        pytest.param(gzip.compress(PROSE) + bytes(512), PROSE, id="padding"),
        pytest.param(gzip.compress(PROSE) + b"garbage", PROSE, id="garbage"),
        pytest.param(gzip.compress(PROSE * 40_000), PROSE * 40_000, id="some megabytes"),
    ],
)
def test_gzip(data: bytes, expected: bytes) -> None:
    assert gzipped.unpacked(data) == expected


def test_gzip_with_a_name_and_a_comment() -> None:
    plain = gzip.compress(PROSE)
    named = plain[:3] + bytes([0x18]) + plain[4:10] + b"a.html\0said\0" + plain[10:]
    assert gzipped.unpacked(named) == PROSE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not a gzip", id="empty"),
        pytest.param(PROSE, "not a gzip", id="text"),
        pytest.param(gzip.compress(PROSE)[:-9], "cut short", id="cut in the text"),
        pytest.param(gzip.compress(PROSE)[:-1], "cut short", id="cut in the checksum"),
        pytest.param(gzip.compress(PROSE)[:5], "cut short", id="cut in the header"),
        pytest.param(
            gzip.compress(PROSE) + gzip.compress(PROSE)[:20], "cut short", id="second cut"
        ),
        pytest.param(gzip.compress(PROSE)[:-8] + bytes(8), "damaged", id="wrong checksum"),
        pytest.param(gzip.compress(PROSE)[:10] + b"\xff" * 30, "damaged", id="damaged"),
        pytest.param(gzip.compress(bytes(65 << 20)), "more than 64 MB", id="bomb"),
        pytest.param(gzip.compress(b"") * 20_001, "members", id="many members"),
    ],
)
def test_gzip_files_that_cant_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        gzipped.unpacked(data)


@given(st.binary(max_size=2000), st.integers(0, 9), st.binary(max_size=30))
def test_gzip_comes_back_to_the_letter(data: bytes, level: int, after: bytes) -> None:
    if not after.startswith(b"\x1f\x8b\x08"):
        assert gzipped.unpacked(gzip.compress(data, level) + after) == data


@given(st.integers(0, 90), st.binary(min_size=1, max_size=4))
def test_damaged_gzip_gives_bytes_or_an_error(place: int, damage: bytes) -> None:
    data = gzip.compress(PROSE)
    try:
        gzipped.unpacked(data[:place] + damage + data[place + len(damage) :])
    except ReadError as error:
        assert not isinstance(error, zlib.error)
