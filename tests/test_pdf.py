from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import pdf, pdf_words
from ragtool.readers.content import Content

PROSE = (
    "The mayor said on Monday that the bridge would open again in spring and that nobody had been"
    " hurt when the old one gave way under the weight of a lorry that carried stones for the dam."
).split()
WORDS = " ".join(PROSE)


def lines_of(words: Sequence[str], *, letters: int) -> list[str]:
    """The words as lines of so many letters."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def shown(text: str, x: float, y: float, *, size: float = 10, turn: str = "1 0 0 1") -> str:
    """A text as a page's content draws it."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F1 {size} Tf {turn} {x} {y} Tm ({escaped}) Tj ET"


def block(
    lines: Sequence[str], x: float = 72, y: float = 700, *, lead: float = 12, size: float = 10
) -> str:
    return "\n".join(shown(line, x, y - n * lead, size=size) for n, line in enumerate(lines))


def built(
    *pages: str,
    info: str = "",
    page: str = "",
    font: str = "/Encoding /WinAnsiEncoding",
    more: Mapping[int, bytes] | None = None,
    root: str = "",
    trailer: str = "",
) -> bytes:
    """A PDF of pages with these contents. `more`: objects by number, from 100."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    objects: dict[int, bytes] = {
        1: f"<</Type/Catalog/Pages 2 0 R {root}>>".encode(),
        2: f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        3: f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica {font}>>".encode(),
        4: f"<<{info}>>".encode("latin-1"),
    }
    for n, content in enumerate(pages):
        objects[10 + 2 * n] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]{page}"
            f"/Resources<</Font<</F1 3 0 R>>>>/Contents {11 + 2 * n} 0 R>>"
        ).encode()
        objects[11 + 2 * n] = stream(content.encode("cp1252"))
    return written(objects | dict(more or {}), f"/Root 1 0 R/Info 4 0 R{trailer}")


def stream(data: bytes, entries: str = "") -> bytes:
    return f"<</Length {len(data)}{entries}>>\nstream\n".encode() + data + b"\nendstream"


def written(objects: Mapping[int, bytes], trailer: str) -> bytes:
    """The objects as a file with its cross-reference table."""
    out, places = bytearray(b"%PDF-1.4\n"), {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start, count = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    for number in range(1, count):
        used = number in places
        out += b"%010d %05d %s \n" % (places.get(number, 0), 0 if used else 65535, b"fn"[used:][:1])
    out += f"trailer\n<</Size {count}{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def cmap(mapping: Mapping[int, str]) -> bytes:
    """A font's map to Unicode."""
    rows = "\n".join(
        f"<{code:02X}> <{text.encode('utf-16-be').hex()}>" for code, text in mapping.items()
    )
    return stream(
        (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
            "1 begincodespacerange <00> <FF> endcodespacerange\n"
            f"{len(mapping)} beginbfchar\n{rows}\nendbfchar\nendcmap end end"
        ).encode()
    )


def rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def encrypted(content: str, password: bytes) -> bytes:
    """A page under the standard handler's first revision (40 bits)."""
    pad = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    owner = rc4(hashlib.md5(pad).digest()[:5], (password + pad)[:32])
    name = b"0123456789abcdef"
    key = hashlib.md5((password + pad)[:32] + owner + b"\xfc\xff\xff\xff" + name).digest()[:5]
    user = rc4(key, pad)
    number = 11
    mine = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    entry = (
        f"<</Filter/Standard/V 1/R 2/P -4/O<{owner.hex()}>/U<{user.hex()}>>>".encode(),
        f"/Encrypt 100 0 R/ID[<{name.hex()}><{name.hex()}>]",
    )
    return built(
        "",
        more={100: entry[0], number: stream(rc4(mine, content.encode()))},
        trailer=entry[1],
    )


def paragraphs(data: bytes) -> list[str]:
    return pdf.parse(data).text.split("\n")


def test_lines_become_paragraphs_by_gap_indent_and_early_end() -> None:
    lines = lines_of(PROSE, letters=60)
    half = len(lines[-1]) < 45
    assert half
    gapped = block(lines) + "\n" + block(lines, y=700 - 12 * len(lines) - 12)
    assert paragraphs(built(gapped)) == [WORDS, WORDS]
    tight = block(lines) + "\n" + block(lines, y=700 - 12 * len(lines))
    assert paragraphs(built(tight)) == [WORDS, WORDS]
    full = [line + " so" if line is lines[-1] else line for line in lines_of(PROSE, letters=60)]
    indented = "\n".join(
        shown(line, 90 if n % len(full) == 0 else 72, 700 - 12 * n)
        for n, line in enumerate(full * 2)
    )
    assert paragraphs(built(indented)) == [WORDS + " so"] * 2


@pytest.mark.parametrize("across", [False, True], ids=["column by column", "line by line"])
@pytest.mark.parametrize("count", [2, 3])
def test_columns_are_read_one_after_the_other(across: bool, count: int) -> None:
    width = 440 / count
    columns = [lines_of([f"c{n}", *PROSE, *PROSE], letters=int(width / 5.6)) for n in range(count)]
    drawn = [
        (row, n, shown(line, 72 + n * (width + 14), 640 - row * 12))
        for n, lines in enumerate(columns)
        for row, line in enumerate(lines)
    ]
    drawn.sort(key=lambda each: each[:2] if across else (each[1], each[0]))
    title = shown("A bridge opens again after all, and everybody comes", 90, 700, size=18)
    data = built("\n".join([title, *(text for _, _, text in drawn)]))
    expected = [" ".join(line for line in lines) for lines in columns]
    assert paragraphs(data)[1:] == expected
    assert pdf.parse(data).title == "A bridge opens again after all, and everybody comes"


def test_rows_of_a_table_are_read_across() -> None:
    table = [
        ("Country", "Capital", "People"),
        ("Austria", "Vienna", "8.9"),
        ("Spain", "Madrid", "48"),
    ]
    content = "\n".join(
        shown(cell, 72 + 120 * n, 700 - 14 * row)
        for n in range(3)
        for row, cells in enumerate(table)
        for cell in [cells[n]]
    )
    assert paragraphs(built(content)) == [" ".join(cells) for cells in table]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_turned_pages_and_turned_text(rotate: int) -> None:
    lines = lines_of(PROSE, letters=60)
    turns = {0: ("1 0 0 1", 72, 700), 90: ("0 1 -1 0", 100, 100)}
    for turn, x, y in turns.values():
        step = (12, 0) if turn.startswith("0") else (0, -12)
        content = "\n".join(
            shown(line, x + n * step[0], y + n * step[1], turn=turn) for n, line in enumerate(lines)
        )
        assert paragraphs(built(content, page=f"/Rotate {rotate}")) == [WORDS]


def test_text_at_the_side_comes_after_the_rest() -> None:
    content = block(lines_of(PROSE, letters=60)) + shown("On the side", 30, 300, turn="0 1 -1 0")
    assert paragraphs(built(content)) == [WORDS, "On the side"]


@pytest.mark.parametrize(
    ("first", "second", "elsewhere", "expected"),
    [
        ("the govern-", "ment said", "", "the government said"),
        ("a well-", "known man", "It is well and known.", "a well-known man"),
        ("a well-", "known man", "A well-known one.", "a well-known man"),
        ("a well-", "known man", "A wellknown one.", "a wellknown man"),
        ("the years 2013-", "2014 were", "", "the years 2013-2014 were"),
        ("in Schwarz-", "Weiss here", "", "in Schwarz-Weiss here"),
        ("a word -", "and more", "", "a word - and more"),
        ("a soft\xad", "ware box", "", "a software box"),
    ],
)
def test_words_parted_at_a_line_end(first: str, second: str, elsewhere: str, expected: str) -> None:
    filler = "so much of it that the line is as long as it can be, "
    lines = [filler + first, second + " " + filler + "and on it goes"]
    text = pdf.parse(built(block(lines) + "\n" + block([elsewhere], y=300))).text
    assert filler + expected in text


def test_running_heads_feet_and_numbers_are_left_out() -> None:
    lines = lines_of(PROSE * 3, letters=70)
    pages = [
        shown("The Daily Bridge", 72, 760, size=8)
        + shown(f"Issue {n + 1}", 480, 760, size=8)
        + block([f"Story {'abcd'[n]} begins.", *lines])
        + shown(f"- {n + 4} -", 300, 30)
        for n in range(4)
    ]
    content = pdf.parse(built(*pages))
    assert "Daily" not in content.text
    assert "- 4 -" not in content.text
    for n, start in enumerate(content.pages):
        assert content.text[start:].startswith(f"Story {'abcd'[n]} begins.")


def test_chapter_heads_beside_the_page_number_are_left_out() -> None:
    lines = lines_of(PROSE * 2, letters=70)
    pages = [
        shown(f"{n + 11}", 72, 760) + shown(f"CHAPTER {'ABCD'[n]}", 400, 760) + block(lines)
        for n in range(4)
    ]
    assert "CHAPTER" not in pdf.parse(built(*pages)).text


def test_headings_with_numbers_stay() -> None:
    body = block(lines_of(PROSE, letters=60), y=660)
    pages = [shown(f"{n + 1} Part", 72, 700 - 50 * n) + body.replace("700", "400") for n in (0, 2)]
    text = pdf.parse(built(*pages)).text
    assert "1 Part" in text
    assert "3 Part" in text


def test_pages_begin_where_their_text_does() -> None:
    data = built("", shown("First words", 72, 700), "", shown("Last words", 72, 700), "")
    content = pdf.parse(data)
    assert content.text == "First words\nLast words"
    assert content.pages == (0, 0, 12, 12, 22)


def test_ligatures_and_marks() -> None:
    font = "/ToUnicode 100 0 R"
    mapping = {code: chr(code) for code in range(32, 127)} | {1: "ﬁ", 2: "ﬄ", 3: "²", 4: "\u200b"}
    content = shown("An o\\002er of \\001sh, 5 m\\003 o\\004f it".replace("\\", "\0"), 72, 700)
    data = built(content.replace("\0", "\\"), font=font, more={100: cmap(mapping)})
    assert paragraphs(data) == ["An offler of fish, 5 m² of it"]


def rightward_font(order: str) -> tuple[str, dict[int, bytes]]:
    """A font whose letters a, b, c ... are those of the word, in Unicode."""
    mapping = {97 + n: char for n, char in enumerate(order)} | {32: " ", 49: "1", 50: "2"}
    return "/ToUnicode 100 0 R", {100: cmap(mapping)}


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(shown("edc ba", 72, 700), id="drawn left to right"),
        pytest.param(
            "\n".join(
                shown(letter, x, 700)
                for letter, x in zip("abcde", (100, 94.4, 83, 77.4, 71.8), strict=True)
            ),
            id="drawn right to left",
        ),
    ],
)
def test_leftward_script_in_logical_order(drawn: str) -> None:
    font, more = rightward_font("שלעמך")
    assert paragraphs(built(drawn, font=font, more=more)) == ["של עמך"]


def test_numbers_in_leftward_lines_keep_their_order() -> None:
    font, more = rightward_font("שלעמך")
    assert paragraphs(built(shown("edc 12 ba", 72, 700), font=font, more=more)) == ["של 12 עמך"]


def test_arabic_ligature_of_one_glyph() -> None:
    font, more = "/ToUnicode 100 0 R", {100: cmap({97: "س", 98: "لا", 99: "م"})}
    assert paragraphs(built(shown("cba", 72, 700), font=font, more=more)) == ["سلام"]


def test_form_values_and_no_annotations() -> None:
    more = {
        100: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada Lovelace)/Rect[120 695 300 712]>>",
        101: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(pw)/V(geheim)/Ff 8192/Rect[120 600 300 612]>>",
        102: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(h)/V(hidden)/F 2/Rect[120 500 300 512]>>",
        103: b"<</Type/Annot/Subtype/Text/Contents(a remark)/Rect[10 10 30 30]>>",
    }
    data = built(
        shown("Name:", 72, 700),
        page="/Annots[100 0 R 101 0 R 102 0 R 103 0 R]",
        more=more,
        root="/AcroForm<</Fields[100 0 R 101 0 R 102 0 R]>>",
    )
    assert paragraphs(data) == ["Name: Ada Lovelace"]


def test_text_drawn_twice_for_bold_or_off_the_page() -> None:
    content = "\n".join(
        [shown("Bold", 72, 700), shown("Bold", 72.3, 700), shown("Far away", 2000, 700)]
    )
    assert paragraphs(built(content)) == ["Bold"]


def test_initial_of_several_lines() -> None:
    lines = lines_of(PROSE, letters=60)
    first = lines[0].removeprefix("T")
    content = shown("T", 72, 678, size=41) + "\n".join(
        shown(line, 93 if n < 3 else 72, 700 - 11 * n) for n, line in enumerate([first, *lines[1:]])
    )
    assert paragraphs(built(content))[0].startswith("The mayor said")


@pytest.mark.parametrize(
    ("info", "title", "author", "date"),
    [
        ("/Title(A bridge opens)/Author(Jane Doe)", "A bridge opens", "Jane Doe", None),
        ("/CreationDate(D:20240603101500+02'00')", None, None, "2024-06-03"),
        ("/CreationDate(D:2024)", None, None, "2024"),
        ("/ModDate(D:20240603101500Z)", None, None, None),
        ("/CreationDate(D:19700101000000Z)", None, None, None),
        ("/CreationDate(yesterday)", None, None, None),
        ("/Title(Microsoft Word - draft.doc)/Author(user)", None, None, None),
        ("/Title(untitled)/Author(anonymous)", None, None, None),
        ("/Title(report_final_v2)", None, None, None),
        ("/Title(Annual report.pdf)", None, None, None),
        ("/Title(LaTeX with hyperref)/Creator(LaTeX with hyperref)", None, None, None),
        ("/Title(Slide 1)", None, None, None),
        ("/Title<FEFF004200FC00630068006500720020>", "Bücher", None, None),
    ],
)
def test_what_the_document_information_says(
    info: str, title: str | None, author: str | None, date: str | None
) -> None:
    content = pdf.parse(built(shown("Some words.", 72, 700), info=info))
    assert (content.title, content.author, content.date) == (title, author, date)


def packet(inside: str) -> bytes:
    return stream(
        (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
            ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
            f"<rdf:Description>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        ).encode(),
        "/Type/Metadata/Subtype/XML",
    )


def test_what_the_metadata_packet_says() -> None:
    inside = (
        "<dc:title><rdf:Alt><rdf:li>A bridge opens</rdf:li></rdf:Alt></dc:title>"
        "<dc:creator><rdf:Seq><rdf:li>Jane Doe</rdf:li><rdf:li>Max Roe</rdf:li></rdf:Seq>"
        "</dc:creator><xmp:CreateDate>2024-06-03T10:00:00Z</xmp:CreateDate>"
        "<xmp:ModifyDate>2025-01-01</xmp:ModifyDate>"
    )
    picture = "<dc:format>image/jpeg</dc:format><dc:title><rdf:li>A picture</rdf:li></dc:title>"
    more = {100: packet(inside), 101: packet(picture), 102: packet("&broken; <a>")}
    data = built(shown("Some words.", 72, 700), more=more, root="/Metadata 100 0 R")
    content = pdf.parse(data)
    assert content.title == "A bridge opens"
    assert (content.author, content.date) == ("Jane Doe, Max Roe", "2024-06-03")


def test_largest_text_is_the_title_only_where_it_is_plain() -> None:
    body = block(lines_of(PROSE, letters=60), y=600)
    plain = shown("Bridge to open", 72, 720, size=20) + shown("again in spring", 72, 698, size=20)
    assert pdf.parse(built(plain + body)).title == "Bridge to open again in spring"
    assert pdf.parse(built(shown("Bridge to open", 72, 720, size=10.5) + body)).title is None
    assert pdf.parse(built(shown("Contents", 72, 720, size=20) + body)).title is None


GOOD = built(shown("Some words to read.", 72, 700), shown("And more.", 72, 700))
UNMAPPED = "/Encoding<</Differences[65/g1/g2/g3/g4/g5/g6/g7]>>"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not a PDF", id="empty"),
        pytest.param(b"<html>hello", "not a PDF", id="html"),
        pytest.param(b"%PDF-1.7", "damaged", id="a mark alone"),
        pytest.param(b"%PDF-1.7\n" + bytes(2000), "damaged", id="zeros"),
        pytest.param(built(), "damaged|no text", id="no pages"),
        pytest.param(built("", ""), r"no text in it, try --ocr", id="blank pages"),
        pytest.param(built("0 0 10 10 re f"), r"no text in it, try --ocr", id="drawing"),
        pytest.param(
            built(shown("ABCDEFGABC DEFG", 72, 700), font=UNMAPPED),
            r"no text in it, try --ocr",
            id="unmapped letters",
        ),
        pytest.param(
            encrypted(shown("Secret words", 72, 700), b"abc"),
            "encrypted: a password is needed",
            id="password",
        ),
    ],
)
def test_unreadable_files_say_why(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        pdf.parse(data)


def test_empty_password_opens() -> None:
    assert paragraphs(encrypted(shown("Open words", 72, 700), b"")) == ["Open words"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD.replace(b"startxref\n", b"startxref\n9"), id="wrong start of the table"),
        pytest.param(GOOD[: GOOD.index(b"xref\n0")], id="no table"),
        pytest.param(GOOD.replace(b"/Pages/", b"/Pagez/"), id="no page tree"),
        pytest.param(b"\n\n\xef\xbb\xbf" + GOOD, id="bytes before the mark"),
        pytest.param(GOOD + b"\0" * 3000, id="bytes after the end"),
        pytest.param(GOOD.replace(b"/Length", b"/Lengtx"), id="no lengths"),
    ],
)
def test_broken_tables_are_rebuilt(data: bytes) -> None:
    assert paragraphs(data) == ["Some words to read.", "And more."]


def test_limits_end_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    with pytest.raises(ReadError, match="more than 1 pages"):
        pdf.parse(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 20)
    with pytest.raises(ReadError, match="more than 20 characters"):
        pdf.parse(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(pdf_words, "MAX_CHARACTERS_PER_PAGE", 10)
    with pytest.raises(ReadError, match="more than 10 characters"):
        pdf.parse(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr(pdf_words, "MAX_OBJECTS_PER_PAGE", 0)
    with pytest.raises(ReadError, match="more than 0 objects"):
        pdf.parse(GOOD)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("BT /F1 1e30 Tf 1e30 0 0 1e30 1e38 1e38 Tm (Huge) Tj ET", id="huge"),
        pytest.param("BT /F1 1e-30 Tf (Tiny) Tj ET", id="tiny"),
        pytest.param("BT /F1 10 Tf 0 0 0 0 0 0 Tm (Flat) Tj ET", id="flat"),
        pytest.param("q " * 50_000 + shown("Deep", 72, 700), id="deep"),
        pytest.param("[" * 50_000, id="nested"),
        pytest.param(
            "\n".join(shown("word", 72 + n % 7, 700 - n / 50) for n in range(3000)), id="piled"
        ),
    ],
)
def test_strange_content_is_read_or_refused(content: str) -> None:
    try:
        pdf.parse(built(content))
    except ReadError:
        return


def test_pages_in_a_circle() -> None:
    data = GOOD.replace(b"/Kids[10 0 R 12 0 R]", b"/Kids[ 2 0 R  2 0 R]")
    with pytest.raises(ReadError):
        pdf.parse(data)


def check(data: bytes) -> None:
    """Reads anything, or refuses it, and what it reads is well formed."""
    try:
        content = pdf.parse(data)
    except ReadError as error:
        assert "\n" not in error.message
        return
    assert isinstance(content, Content)
    content.text.encode("utf-8")
    assert not set(content.text) & {"\0", "\r", "\ufeff", "\u00ad", "\u200b"}
    assert list(content.pages) == sorted(content.pages)
    assert content.pages[0] == 0
    assert content.pages[-1] <= len(content.text)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    check(b"%PDF-1.4\n" + data)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_mutated_files_are_read_or_refused(seed: int, times: int) -> None:
    chance = random.Random(seed)
    data = bytearray(GOOD)
    for _ in range(times):
        place = chance.randrange(len(data))
        if chance.random() < 0.3:
            del data[place : place + chance.randrange(40)]
        else:
            data[place] = chance.randrange(256)
    check(bytes(data))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(PROSE), st.integers(-50, 700), st.integers(-50, 850))))
def test_words_anywhere_are_all_kept_in_some_order(places: list[tuple[str, int, int]]) -> None:
    content = "\n".join(shown(word, x, y) for word, x, y in places)
    check(built(content, page="/MediaBox[0 0 612 792]"))


def test_compressed_content_of_a_bomb_is_bounded() -> None:
    text = block(["word " * 5_000] * 60).encode()
    packed = stream(zlib.compress(text), "/Filter/FlateDecode")
    with pytest.raises(ReadError, match="more than"):
        pdf.parse(built("", more={11: packed}))


def test_numbered_headings_at_one_height_stay() -> None:
    lines = lines_of(PROSE * 2, letters=70)
    pages = [block([f"Chapter {n}", *lines]) for n in (1, 4, 9, 20, 31)]
    assert "Chapter 9\n" in pdf.parse(built(*pages)).text
