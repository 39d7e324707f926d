"""All office formats and e-books: told apart, read or refused, and words kept to the letter."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office import (
    MARK,
    NOTES,
    OASIS,
    ODT_NOTE,
    ODT_STYLES,
    STYLES,
    A,
    book,
    chapter,
    opendocument,
    packed,
    para,
    run,
    word,
)

from ragtool.errors import ReadError
from ragtool.readers import docx, epub, odt, rtf, zipped
from ragtool.readers.content import Content

LAUGHS = (
    '<!DOCTYPE d [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
MADE: Mapping[str, tuple[Callable[[bytes], Content], bytes]] = {
    "docx": (docx.parse, word(A + para(run("b") + MARK), styles=STYLES, notes=NOTES)),
    "odt": (odt.parse, opendocument(f"<text:p>a{ODT_NOTE}b</text:p>", styles=ODT_STYLES)),
    "epub": (epub.parse, book(chapter("<h1>One</h1><p>a</p>"))),
}


@pytest.mark.parametrize("name", MADE)
def test_kinds(name: str) -> None:
    assert zipped.kind(MADE[name][1]) == name


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"[Content_Types].xml": "<Types/>", "word/document.xml": ""}, "docx"),
        ({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": ""}, None),
        ({"mimetype": "application/epub+zip\r\n"}, "epub"),
        ({"META-INF/container.xml": '<rootfile full-path="a.opf"/>'}, "epub"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, None),
        (
            {
                "META-INF/manifest.xml": "<a m='application/vnd.oasis.opendocument.text'/>",
                "content.xml": "",
            },
            "odt",
        ),
        ({"a.txt": "x"}, None),
        ({}, None),
    ],
    ids=["word", "sheet", "line end", "no mimetype", "other", "manifest", "zip", "empty"],
)
def test_kinds_of_other_zips(members: Mapping[str, str], expected: str | None) -> None:
    assert zipped.kind(packed(members)) == expected


def test_kind_of_what_is_no_zip() -> None:
    assert zipped.kind(b"") is None
    assert zipped.kind(b"PK\x03\x04" + b"\0" * 50) is None
    assert zipped.kind(word(A)[:300]) is None


def locked(data: bytes) -> bytes:
    """The zip with all of its members marked as encrypted."""
    return data.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0")


@pytest.mark.parametrize(
    ("parse", "data", "reason"),
    [
        pytest.param(docx.parse, b"PK\x03\x04", "not a Word document", id="cut"),
        pytest.param(docx.parse, packed({"a": "b"}), "missing", id="another zip"),
        pytest.param(
            docx.parse, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password", id="Office's own"
        ),
        pytest.param(docx.parse, word("<w:p>"), "not a Word document", id="no XML"),
        pytest.param(
            docx.parse, word("&i;", before=LAUGHS), "entit|XMLSyntax", id="laughs in docx"
        ),
        pytest.param(
            odt.parse, opendocument("&i;", before=LAUGHS), "entit|XMLSyntax", id="laughs in odt"
        ),
        pytest.param(
            epub.parse, book(LAUGHS + "<p>&i;</p>"), "entit|XMLSyntax", id="laughs in epub"
        ),
        pytest.param(
            docx.parse, word("<w:p>" * 5_000 + "</w:p>" * 5_000), "not a Word document", id="deep"
        ),
        pytest.param(docx.parse, word("x" * (65 << 20)), "too large", id="large"),
        pytest.param(docx.parse, word("x" * (5 << 20)), "too large", id="packed too tight"),
        pytest.param(docx.parse, locked(word(A)), "password", id="encrypted members"),
        pytest.param(
            docx.parse,
            packed({"word/document.xml": "<a/>"}, zipfile.ZIP_LZMA),
            "doesn't allow",
            id="another packing",
        ),
        pytest.param(odt.parse, packed({"content.xml": "<a/>"}), "not an Open", id="no text"),
        pytest.param(
            odt.parse,
            packed(
                {
                    "META-INF/manifest.xml": f'<m:a xmlns:m="{OASIS}manifest:1.0">'
                    "<m:encryption-data/></m:a>",
                    "content.xml": b"\x01\x02",
                }
            ),
            "password",
            id="password",
        ),
        pytest.param(epub.parse, packed({"META-INF/container.xml": "<a/>"}), "e-book", id="empty"),
        pytest.param(
            epub.parse, book(spine='<itemref idref="nav"/>'), "no chapters", id="no chapters"
        ),
        pytest.param(rtf.parse, b"text", "not rich text", id="no rich text"),
        pytest.param(rtf.parse, b"{\\rtf1" + b"{" * 9_000, "too deep", id="deep groups"),
    ],
)
def test_what_is_refused(parse: Callable[[bytes], Content], data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        parse(data)


def test_a_damaged_member_is_refused() -> None:
    plain = packed({"mimetype": "x", "content.xml": "<a>abcdef</a>"}, zipfile.ZIP_STORED)
    with pytest.raises(ReadError, match="BadZipFile"):
        odt.parse(plain.replace(b"abcdef", b"abcxef", 1))


def test_nothing_outside_is_read() -> None:
    outside = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    with pytest.raises(ReadError, match="entities"):
        docx.parse(word(para(run("&x;")), before=outside))


def read_or_refused(parse: Callable[[bytes], Content], data: bytes) -> None:
    try:
        text = parse(data).text
    except ReadError:
        return
    text.encode("utf-8")
    assert not {"\0", "\r", "\ufeff", "\u00ad", "\u200b"} & set(text)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (docx.parse, odt.parse, epub.parse, rtf.parse):
        read_or_refused(parse, data)
    read_or_refused(rtf.parse, b"{\\rtf1" + data)


@settings(deadline=None, max_examples=150)
@given(name=st.sampled_from(sorted(MADE)), seed=st.integers(0, 2**32), times=st.integers(1, 8))
def test_changed_files_are_read_or_refused(name: str, seed: int, times: int) -> None:
    """Bytes changed in the zip itself, and in a member that is packed anew."""
    parse, data = MADE[name]
    chance = random.Random(seed)
    read_or_refused(parse, changed(data, chance, times))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {each: file.read(each) for each in file.namelist()}
    member = chance.choice(sorted(members))
    members[member] = changed(members[member], chance, times)
    read_or_refused(parse, packed(members))


def changed(data: bytes, chance: random.Random, times: int) -> bytes:
    found = bytearray(data)
    for _ in range(times):
        place = chance.randrange(len(found))
        found[place : place + chance.randrange(3)] = chance.choice(
            [b"", b"<", b">", b"/", b"&", b'"', bytes([chance.randrange(256)])]
        )
    return bytes(found)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            r"{ } \par \cell \row \intbl \trowd \v \v0 \plain \f1 \u8364 \uc2 \'e9 \'93 text"
            r" {\footnote {\*\shpinst {\shptxt {\info {\title {\stylesheet {\s1 \* \bin3 \nestcell"
            r" {\creatim \yr2024 {\fonttbl \fcharset128 \ansicpg932 \deff1 \pard \deleted".split()
        ),
        max_size=60,
    )
)
def test_any_control_words_are_read(words: list[str]) -> None:
    read_or_refused(rtf.parse, ("{\\rtf1 " + " ".join(words)).encode())


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp"])))
def test_words_come_back_to_the_letter(line: str) -> None:
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    expected = "" if not line.strip("|") else line
    assert docx.parse(word(para(run(escaped)))).text == expected
    assert odt.parse(opendocument(f"<text:p>{escaped}</text:p>")).text == expected
    units = struct.iter_unpack("<h", line.encode("utf-16-le"))
    spelled = "".join(f"\\u{unit}?" for (unit,) in units)
    assert rtf.parse(rf"{{\rtf1 {spelled}}}".encode()).text == expected
