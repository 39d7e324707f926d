"""Files that were made to do harm, read as `index` does: what becomes of each, at what cost."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import struct
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fuzz_readers
from fuzz_readers import SAMPLES, zipped
from ragtool.errors import ReadError
from ragtool.pipeline.walking import files_of
from ragtool.readers import Limits, Readers, Reading
from ragtool.readers.wire import packed
from ragtool.readers.workers import Outcome, _reading
from ragtool.records import Document

SECRET = "the password of root"
PROSE = "The mayor said on Monday that the bridge would open again in spring."
# What our own process may take for a file, while another reads it.
SECONDS, MEMORY = 45, 16 << 20
LAUGHS = (
    '<!DOCTYPE d [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture(scope="module")
def processes() -> Iterator[Readers]:
    with Readers(1, limits=Limits(seconds=40)) as readers:
        yield readers


def told(outcome: Outcome, path: Path) -> str:
    """Why it could not be read; else why some of its parts couldn't, or that all was."""
    if isinstance(outcome, ReadError):
        return outcome.message.removeprefix(f"{path}: ")
    assert isinstance(outcome, Reading)
    reasons = sorted({each.reason for each in outcome.failures})
    return "; ".join(["read" if outcome.documents else "nothing", *reasons])


def read(readers: Readers, path: Path, *, memory: int = MEMORY) -> Outcome:
    """The outcome, sound and within its bounds."""
    before = sorted(path.parent.rglob("*"))
    tracemalloc.start()
    begun = time.monotonic()
    try:
        ((_, outcome),) = readers.read([(path, None)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begun < SECONDS
    assert peak < memory
    assert fuzz_readers.fault(outcome, path) is None
    assert sorted(path.parent.rglob("*")) == before
    return outcome


def documents(outcome: Outcome) -> tuple[Document, ...]:
    assert isinstance(outcome, Reading)
    return outcome.documents


# Archives


def bomb() -> bytes:
    return zipped({"bomb.txt": bytes(100 << 20)})


def gzip_bomb() -> bytes:
    return gzip.compress(bytes(100 << 20))


def one_huge_member() -> bytes:
    """A member that says of itself that it is of 4 GB."""
    data = bytearray(zipped({"huge.txt": bytes(1 << 20)}))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + place, 0xFFFF_FFF0)
    return bytes(data)


def overlapping() -> bytes:
    """A thousand entries that are all of the same megabyte."""
    data = zipped({"0000.txt": (PROSE.encode() + b"\n") * 15_000})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = b"".join(data[start:end].replace(b"0000", b"%04d" % at) for at in range(1000))
    last = bytearray(data[end:])
    struct.pack_into("<HHII", last, 8, 1000, 1000, len(entries), start)
    return data[:start] + entries + bytes(last)


def nested(pack: Callable[[bytes], bytes], times: int) -> bytes:
    data = PROSE.encode()
    for _ in range(times):
        data = pack(data)
    return data


def zipped_in_itself(data: bytes) -> bytes:
    return zipped({"a.zip" if data.startswith(b"PK") else "a.txt": data})


# Mark-up


def repacked(sample: str, change: Callable[[str, bytes], bytes]) -> bytes:
    """A sample with its members changed."""
    with zipfile.ZipFile(io.BytesIO(SAMPLES[sample]([PROSE]))) as archive:
        return zipped({name: change(name, archive.read(name)) for name in archive.namelist()})


def with_entities(sample: str, declared: str, entity: str) -> bytes:
    """A sample whose prose is followed by an entity that its mark-up declares."""

    def changed(name: str, data: bytes) -> bytes:
        if PROSE.encode() not in data:
            return data
        data = data.replace(PROSE.encode(), f"{PROSE} &{entity};".encode())
        return declared.encode() + data.replace(b"<!DOCTYPE html>", b"")

    plain = SAMPLES[sample]([PROSE])
    if plain.startswith(b"PK"):
        return repacked(sample, changed)
    head, separator, page = plain.partition(b"<!DOCTYPE html>")
    return head + changed("", separator + page)


def laughing(sample: str) -> Callable[[], bytes]:
    return lambda: with_entities(sample, LAUGHS, "j")


# PDF


def pdf(*objects: str, trailer: str = "", before: str = "") -> bytes:
    """A PDF of these objects, the first its catalog; `before` the first of them."""
    out, places = f"%PDF-1.4\n{before}".encode(), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    count, start = len(objects) + 1, len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    tail = f"<</Size {count}/Root 1 0 R{trailer}>>".replace("HERE", str(start))
    xref = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n{tail}\n"
    return out + f"{xref}startxref\n{start}\n%%EOF\n".encode()


PAGE = (
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 100]/Contents 4 0 R"
    "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
)
SHOWN = "BT /F 12 Tf 20 40 Td (The bridge opens in spring) Tj ET"
DRAWN = f"<</Length {len(SHOWN)}>>\nstream\n{SHOWN}\nendstream"
CATALOG, ONE_PAGE = "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"


# Mails


def multiparts(depth: int) -> bytes:
    head = b"From: a@b.c\nTo: d@e.f\nDate: Mon, 3 Jun 2024 10:00:00 +0200\nMIME-Version: 1.0\n"
    opened = (
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (at, at)
        for at in range(depth)
    )
    return head + b"".join(opened) + b"Content-Type: text/plain\n\n" + PROSE.encode()


def mails(depth: int) -> bytes:
    head = b"From: a@b.c\nTo: d@e.f\nSubject: x\nMIME-Version: 1.0\n"
    return (head + b"Content-Type: message/rfc822\n\n") * depth + head + b"\n" + PROSE.encode()


NOTHING = "nothing in it can be read: "
TOO_DEEP = r"packed more than 4 times\."
TOO_MANY_PARTS = "more than 10,000 parts, or 50 in each other"
ENTITIES = r"not .* that can be read( \(XMLSyntaxError\)\.)?|its XML declares entities.*"
TOO_MANY_PAGES = "more than 5,000 pages"

HOSTILE: Mapping[str, tuple[str, Callable[[], bytes], str]] = {
    "zip bomb": ("a.zip", bomb, r"its files unpack to more than 64 MB\."),
    "zip of a huge member": (
        "a.zip",
        one_huge_member,
        NOTHING + r"larger than 256 MB unpacked\.",
    ),
    # Newer versions of Python see for themselves that entries overlap.
    "zip of one member a thousand times": (
        "a.zip",
        overlapping,
        r"read; its files unpack to more than 64 MB\.|.*damaged in the archive \(BadZipFile\)\.",
    ),
    "zips in zips": (
        "a.zip",
        lambda: nested(zipped_in_itself, 10),
        NOTHING + TOO_DEEP,
    ),
    "gzips in gzips": ("a.gz", lambda: nested(gzip.compress, 10), TOO_DEEP),
    "gzip bomb": (
        "a.txt.gz",
        lambda: gzip.compress(bytes(100 << 20)),
        r"unpacks to more than 64 MB\.",
    ),
    "laughs in docx": ("a.docx", laughing("a.docx"), ENTITIES),
    "laughs in odt": ("a.odt", laughing("a.odt"), ENTITIES),
    "laughs in epub": ("a.epub", laughing("a.epub"), "its pages declare entities.*"),
    "laughs in html": ("a.html", laughing("a.html"), ENTITIES),
    "laughs in mhtml": ("a.mhtml", laughing("a.mhtml"), ENTITIES),
    "docx with a member of 100 MB": (
        "a.docx",
        lambda: repacked("a.docx", lambda name, data: data + b" " * (100 << 20) * ("doc" in name)),
        r"a part of it is too large when unpacked\.",
    ),
    "pdf whose pages hold themselves": (
        "a.pdf",
        lambda: pdf(CATALOG, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"),
        "no text in it, try --ocr",
    ),
    "pdf whose pages hold each other": (
        "a.pdf",
        lambda: pdf(
            CATALOG,
            "<</Type/Pages/Kids[3 0 R]/Count 9>>",
            "<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 9>>",
        ),
        "no text in it, try --ocr",
    ),
    "pdf whose table comes before itself": (
        "a.pdf",
        lambda: pdf(CATALOG, ONE_PAGE, PAGE, DRAWN, trailer="/Prev HERE"),
        "read",
    ),
    "pdf of a million pages that aren't there": (
        "a.pdf",
        lambda: pdf(CATALOG, ONE_PAGE.replace("Count 1", "Count 1000000"), PAGE, DRAWN),
        TOO_MANY_PAGES,
    ),
    "pdf of a million pages that are one": (
        "a.pdf",
        lambda: pdf(
            CATALOG, f"<</Type/Pages/Kids[{'3 0 R ' * 1_000_000}]/Count 1000000>>", PAGE, DRAWN
        ),
        TOO_MANY_PAGES,
    ),
    "pdf of arrays in arrays": (
        "a.pdf",
        lambda: pdf(CATALOG, "[" * 200_000),
        "damaged, or not a PDF",
    ),
    "pdf whose stream is as long as itself": (
        "a.pdf",
        lambda: pdf(CATALOG, ONE_PAGE, PAGE, DRAWN.replace("/Length ", "/Length 4 0 R/L ")),
        "read",
    ),
    "mail of parts in parts": ("a.eml", lambda: multiparts(1000), TOO_MANY_PARTS),
    "mail of mails in mails": ("a.eml", lambda: mails(1000), TOO_MANY_PARTS),
    "rtf of braces": (
        "a.rtf",
        lambda: b"{\\rtf1 " + b"{" * 100_000 + PROSE.encode(),
        r"its groups are nested too deep\.",
    ),
    "html of tags in tags": (
        "a.html",
        lambda: b"<html>" + b"<div>" * 200_000 + b"x",
        r"no text in it\.",
    ),
    "html of tags that end in order": (
        "a.html",
        lambda: b"<html>" + b"<b>" * 100_000 + b"x" + b"</b>" * 100_000,
        r"no text in it\.",
    ),
    "html of tables without end": (
        "a.html",
        lambda: SAMPLES["a.html"]([PROSE]).replace(
            b"<table>", b"<table>" + b"<tr><td>Cost</td><td>4.5</td></tr></table>" * 20_000
        ),
        "read",
    ),
    "html of broken linked data": (
        "a.html",
        lambda: SAMPLES["a.html"]([PROSE]).replace(b'"author"', b'"author": "An Author"' * 50_000),
        "read",
    ),
    "html of linked data in linked data": (
        "a.html",
        lambda: SAMPLES["a.html"]([PROSE]).replace(b'"author"', b'"a": ' + b"[" * 10_000),
        "read",
    ),
    "json in json": ("a.json", lambda: b"[" * 100_000 + b"]" * 100_000, r"no records in it\."),
    "json lines in json lines": (
        "a.jsonl",
        lambda: b'{"text":' * 100_000,
        r"no record that can be read: JSON nested too deeply\.",
    ),
    "number of a million digits": (
        "a.json",
        lambda: b'{"text": "' + PROSE.encode() + b'", "n": ' + b"9" * 1_000_000 + b"}",
        "read",
    ),
    "csv of one cell": (
        "a.csv",
        lambda: b'a,b\nc,"' + b"word " * (10 << 20) + b'"\n',
        r"not a table .*field larger than field limit.*",
    ),
    "csv of delimiters": ("a.csv", lambda: b"," * (5 << 20), r"a table without rows\."),
}


@pytest.mark.parametrize(("name", "make", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_hostile(
    processes: Readers, tmp_path: Path, name: str, make: Callable[[], bytes], expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    assert re.fullmatch(expected, told(read(processes, path), path))


def test_a_line_of_50_mb_is_read(processes: Readers, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("word " * (10 << 20), encoding="utf-8")
    # The text comes over as JSON: for a moment it is held three times.
    (document,) = documents(read(processes, path, memory=4 * path.stat().st_size))
    assert len(document.text) == path.stat().st_size


def test_a_file_of_2_gb_is_not_opened(processes: Readers, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    os.truncate(path, 2 << 30)
    if getattr(path.stat(), "st_blocks", 1 << 30) * 512 > 1 << 20:
        path.unlink()
        pytest.skip("the file system would write 2 GB of zeros")
    assert told(read(processes, path), path) == "larger than 512 MB."


# What is outside stays outside


EXTERNAL = '<!DOCTYPE d [<!ENTITY e SYSTEM "{}">]>'


@pytest.mark.parametrize("sample", ["a.docx", "a.odt", "a.epub", "a.html", "a.mhtml"])
def test_no_other_file_is_read(processes: Readers, tmp_path: Path, sample: str) -> None:
    secret, path = tmp_path / "secret.txt", tmp_path / sample
    secret.write_text(SECRET, encoding="utf-8")
    path.write_bytes(with_entities(sample, EXTERNAL.format(secret.as_uri()), "e"))
    outcome = read(processes, path)
    if isinstance(outcome, Reading):
        assert not any(SECRET in each.text for each in outcome.documents)
    else:
        assert SECRET not in str(outcome)


@pytest.mark.parametrize(
    "name",
    [
        "../../../escaped.txt",
        "/escaped.txt",
        "C:\\escaped.txt",
        "\\\\host\\share\\escaped.txt",
        "..\\..\\escaped.txt",
        "a/../../../escaped.txt",
        "escaped\x00.txt",
        "\x1b[2J\r\nescaped.txt",
        "gpj.\u202etxt",
        "CON.txt",
        "x" * 5000 + ".txt",
        "d/" * 5000 + "escaped.txt",
        "...",
        " . / .. /escaped.txt",
    ],
    ids=repr,
)
@pytest.mark.parametrize("sample", ["a.zip", "a.eml"])
def test_names_of_parts_stay_below_the_file(
    processes: Readers, tmp_path: Path, sample: str, name: str
) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    path = folder / sample
    path.write_bytes(named_parts(sample, name))
    *_, part = documents(read(processes, path))
    assert PROSE in part.text
    assert str(part.path).startswith(f"{path}{os.sep}")
    assert part.path.isprintable()
    assert not {"..", "."} & set(Path(part.path).parts)
    assert [each.name for each in tmp_path.rglob("*")] == ["in", "here", sample]


def named_parts(sample: str, name: str) -> bytes:
    """An archive of a member, or a mail of an attachment, with this name as it stands."""
    if sample == "a.zip":
        # zipfile cuts a name at its NUL when it writes one.
        return zipped({name.replace("\0", "\x01"): PROSE}).replace(b"\x01.txt", b"\0.txt")
    encoded = base64.b64encode(name.encode()).decode()
    return (
        "From: a@b.c\nTo: d@e.f\nSubject: x\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n'
        f'Content-Disposition: attachment; filename="=?utf-8?b?{encoded}?="\n\n{PROSE}\n--b--\n'
    ).encode()


# Files that aren't what the folder's listing said


@posix
def test_links_in_a_circle(processes: Readers, tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to("b.txt")
    (tmp_path / "b.txt").symlink_to("a.txt")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "again").symlink_to(tmp_path)
    (tmp_path / "folder" / "c.txt").write_text(PROSE, encoding="utf-8")
    assert list(files_of([tmp_path])) == [tmp_path / "folder" / "c.txt"]
    assert "symbolic links" in told(read(processes, tmp_path / "a.txt"), tmp_path / "a.txt")


@posix
def test_links_out_of_the_folder(processes: Readers, tmp_path: Path) -> None:
    """A file's is read under the name that it has in the folder, a folder's isn't entered."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "a.txt").write_text(PROSE, encoding="utf-8")
    (folder / "link.txt").symlink_to(outside / "a.txt")
    (folder / "all").symlink_to(outside)
    (found,) = files_of([folder])
    (document,) = documents(read(processes, found))
    assert document.path == str(folder / "link.txt")


@posix
def test_pipes_are_not_waited_for(processes: Readers, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    os.mkfifo(path)
    assert told(read(processes, path), path) == "not a file."


@posix
def test_devices_are_not_opened(processes: Readers) -> None:
    path = Path("/dev/zero")
    assert told(next(processes.read([(path, None)]))[1], path) == "not a file."


def test_a_file_that_is_gone(processes: Readers, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(3)]
    for path in paths:
        path.write_text(PROSE, encoding="utf-8")

    def listed() -> Iterator[tuple[Path, str | None]]:
        for path in paths:
            if path == paths[1]:
                path.unlink()
            yield path, None

    said = [told(outcome, path) for path, outcome in processes.read(listed())]
    assert said[::2] == ["read", "read"]
    assert "No such file" in said[1]


def test_a_file_that_grows(processes: Readers, tmp_path: Path) -> None:
    """What is stored is what was hashed, however much came later."""
    path = tmp_path / "a.txt"
    path.write_text(PROSE, encoding="utf-8")
    done = threading.Event()

    def grow() -> None:
        for _ in range(2000):
            if done.wait(0.001):
                break
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(f"\n{PROSE}" * 100)

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        outcomes = [next(processes.read([(path, None)]))[1] for _ in range(3)]
    finally:
        done.set()
        growing.join()
    whole = path.read_bytes()
    for outcome in outcomes:
        (document,) = documents(outcome)
        taken = whole[: len(document.text.encode())]
        assert hashlib.sha256(taken).hexdigest() == document.sha256


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root"
)
def test_a_file_that_may_not_be_read(processes: Readers, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(PROSE, encoding="utf-8")
    path.chmod(0)
    assert "Permission denied" in told(read(processes, path), path)


# A process that a file has taken over


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "\ud800"},
        {"text": "a\0b"},
        {"title": "\udfff"},
        {"pages": [0, 4, 2]},
        {"pages": [0, 99]},
        {"pages": [-1]},
        {"path": "/elsewhere/a.txt"},
        {"path": "FILE/../b.txt"},
        {"path": "FILE2"},
    ],
    ids=repr,
)
def test_what_no_reader_would_say_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "a.txt"
    reading = Reading("0" * 64, (Document(str(path), "0" * 64, "Some words."),))
    answer = packed(reading)
    assert _reading(path, json.dumps(answer).encode()) == reading
    there = {
        name: value.replace("FILE", str(path)) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    answer["documents"][0].update(there)
    with pytest.raises(ReadError, match="can't be understood"):
        _reading(path, json.dumps(answer).encode())


# Damage by chance


def test_damaged_files_of_every_format(tmp_path: Path) -> None:
    cases = fuzz_readers.fuzz(range(120), seed=20240603, folder=tmp_path)
    # How long one takes depends on what else the machine does.
    sound = {fuzz_readers.READ, fuzz_readers.REFUSED, fuzz_readers.SLOW}
    assert [each for each in cases if each.fault or each.fate not in sound] == []
    assert {each.name for each in cases} == set(SAMPLES)
    assert sum(each.fate == fuzz_readers.READ for each in cases) > 40
    assert sum(each.fate == fuzz_readers.REFUSED for each in cases) > 10


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_sound_before_they_are_damaged(
    processes: Readers, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name](fuzz_readers.PARAGRAPHS))
    outcome = read(processes, path)
    assert told(outcome, path) == "read"
    text = "\n".join(each.text for each in documents(outcome))
    assert all(paragraph in text for paragraph in fuzz_readers.PARAGRAPHS)


def test_a_case_is_the_same_every_time() -> None:
    assert fuzz_readers.case(7, seed=3) == fuzz_readers.case(7, seed=3)
    assert fuzz_readers.case(7, seed=3) != fuzz_readers.case(7, seed=4)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"pages": (0, 2, 2, 11)}, None),
        ({"text": "\ud800"}, "UTF-8"),
        ({"text": "a\0"}, "NUL"),
        ({"title": "a\x1bb"}, "control character"),
        ({"pages": (0, 12)}, "outside the text"),
        ({"pages": (1, 2)}, "outside the text"),
        ({"pages": (0, 3, 2)}, "not ascending"),
        ({"path": "/elsewhere"}, "outside the file"),
    ],
)
def test_faults_are_seen(tmp_path: Path, change: dict[str, Any], expected: str | None) -> None:
    path = tmp_path / "a.txt"
    document = replace(Document(str(path), "0" * 64, "Some words."), **change)
    found = fuzz_readers.fault(Reading("0" * 64, (document,)), path)
    assert found is None if expected is None else expected in str(found)


def test_other_outcomes_are_faults(tmp_path: Path) -> None:
    assert "neither" in str(fuzz_readers.fault(None, tmp_path))
    assert fuzz_readers.fault(ReadError(f"{tmp_path}: damaged."), tmp_path) is None
    assert "several lines" in str(fuzz_readers.fault(ReadError("a\nb"), tmp_path))
