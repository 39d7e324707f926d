from __future__ import annotations

import codecs
import hashlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import html, markdown, text
from ragtool.readers.content import iso_date, one_line
from ragtool.readers.encoding import decode
from ragtool.readers.kinds import Kind, kind
from ragtool.readers.reading import read as reading_of
from ragtool.records import Document

DATA = Path(__file__).parent / "data"
PROSE = (
    "The mayor said on Monday that the bridge would open again in spring, and nobody was hurt. " * 5
)
RUSSIAN = "Комиссия сообщила в понедельник, что мост откроют весной и никто не пострадал. " * 3
GERMAN = "Die Brücke über den Fluss wird im Frühjahr wieder geöffnet, sagte der Bürgermeister. " * 3


def read(path: Path) -> Document:
    """The one document of a file."""
    reading = reading_of(path)
    assert reading is not None
    (document,) = reading.documents
    return document


def page(head: str = "", body: str = "") -> bytes:
    """A page with an article of some length."""
    return (
        f"<html><head><title>Bridge to open again</title>{head}</head><body>{body}"
        f"<article><h1>Bridge to open again</h1><p>{PROSE}</p></article></body></html>"
    ).encode()


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", b"Some words.", Kind.TEXT),
        ("a.MD", b"# Some words", Kind.MARKDOWN),
        ("a.markdown", b"words", Kind.MARKDOWN),
        ("a.Html", b"words", Kind.HTML),
        ("a.aspx", b"\n<!DOCTYPE html><html><p>words", Kind.HTML),
        ("a.txt", b"<html><p>words", Kind.HTML),
        ("a.txt", b"%PDF-1.7\n", Kind.PDF),
        ("a", b"Some words.", Kind.TEXT),
        (
            "a",
            b"From: a@b.c\r\nDate: Mon, 3 Jun 2024 10:00:00 +0200\r\nSubject: x\r\n\r\nHi",
            Kind.MAIL,
        ),
        ("a.doc", b"{\\rtf1\\ansi words}", Kind.RTF),
        ("a.bin", b"\x1f\x8b\x08\0\0\0\0", Kind.GZIP),
        ("a.bin", b"PK\x03\x04\0\0", Kind.ZIP),
        ("a.csv", b"a,b\n1,2\n", Kind.TABLE),
        ("a.jsonl", b"{}", Kind.JSON),
        ("a.js", b"var a = 1;", None),
        ("a.txt", b"\x89PNG\r\n\x1a\n", None),
        ("txt.d/a.bin", b"words", None),
    ],
)
def test_kinds_by_content_and_name(name: str, data: bytes, expected: Kind | None) -> None:
    assert kind(data, name) is expected


def test_document_has_path_digest_and_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = "\ufeffTitle here\r\n\r\nFirst line.\rSecond line.\n".encode()
    written(tmp_path, "a.txt", data)
    monkeypatch.chdir(tmp_path)
    document = read(Path("a.txt"))
    assert document.path == os.fspath(tmp_path / "a.txt")
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.text == "Title here\n\nFirst line.\nSecond line.\n"
    assert (document.title, document.date, document.pages) == ("Title here", None, ())


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "no text in it"),
        ("a.txt", b" \n\t\n", "no text in it"),
        ("a.txt", b"--- *** ...\n", "no text in it"),
        ("a.md", b"", "no text in it"),
        ("a.html", b"", "no text in it"),
        ("a.html", b"<html><script>var a = 1</script></html>", "no text in it"),
        ("a.txt", b"\x7fELF\x02\x01\x01\0\0\0 text", "binary"),
        ("a.txt", bytes(range(1, 32)) * 20, "binary"),
        ("a.html", b"PK\x03\x04\0\0\0\0", "archive"),
        ("a.txt", codecs.BOM_UTF16_LE + b"a\0\xd8", "binary"),
        ("a.bin", b"\x00\x01\x02", "don't know how to read"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "a picture"),
    ],
)
def test_unreadable_files_say_why(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = written(tmp_path, name, data)
    with pytest.raises(ReadError, match=reason) as caught:
        read(path)
    assert caught.value.message.startswith(str(path))
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(ReadError, match="No such file"):
        read(tmp_path / "absent.txt")
    with pytest.raises(ReadError, match="not a file"):
        read(tmp_path / "folder.txt")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("é ü".encode(), "é ü", id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + "é".encode(), "é", id="utf-8 with mark"),
        pytest.param("é 世界".encode("utf-16"), "é 世界", id="utf-16"),
        pytest.param(codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é", id="utf-16 big-endian"),
        pytest.param("é 世界".encode("utf-32"), "é 世界", id="utf-32"),
        pytest.param(RUSSIAN.encode("cp1251"), RUSSIAN, id="windows-1251"),
        pytest.param(RUSSIAN.encode("koi8-r"), RUSSIAN, id="koi8-r"),
        pytest.param(GERMAN.encode("cp1252"), GERMAN, id="windows-1252"),
        pytest.param(
            ("It was “over”, he said. " + PROSE).encode("cp1252"),
            "It was “over”, he said. " + PROSE,
            id="curly quotes",
        ),
        pytest.param(RUSSIAN.encode()[:-3], RUSSIAN[:-3] + "\ufffd", id="utf-8 cut in a letter"),
    ],
)
def test_encodings(data: bytes, expected: str) -> None:
    assert decode(data).rstrip() == expected.rstrip()


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="iso-8859-2">', "iso-8859-2"),
        ("<meta charset=windows-1250>", "cp1250"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1250">',
            "cp1250",
        ),
        ('<meta charset="no-such-charset">', "utf-8"),
        ('<meta charset="zlib_codec">', "utf-8"),
    ],
)
def test_declared_encoding(declaration: str, encoding: str) -> None:
    word = "Zażółć gęślą jaźń."
    data = page(declaration).decode().replace("nobody was hurt", word).encode(encoding)
    assert word in html.parse(data).text


def test_latin1_declared_is_read_as_browsers_do() -> None:
    data = page('<meta charset="iso-8859-1">').decode().replace("Monday", "“Monday”")
    assert "“Monday”" in html.parse(data.encode("cp1252")).text


@given(st.binary(max_size=400))
def test_decoding_any_bytes_gives_clean_text_or_an_error(data: bytes) -> None:
    try:
        found = decode(data)
    except ReadError:
        return
    found.encode("utf-8")
    assert "\r" not in found
    assert "\0" not in found


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_utf8_comes_back_to_the_letter(line: str) -> None:
    assert decode(line.encode()) == line.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("written_as", "expected"),
    [
        ("2024-06-03", "2024-06-03"),
        ("2024-06-03T07:30:00+02:00", "2024-06-03"),
        ("2024/6/3", "2024-06-03"),
        ("20240603", "2024-06-03"),
        ("2024-06", "2024-06"),
        ("2024", "2024"),
        ("3 June 2024", "2024-06-03"),
        ("Mon, 03 Jun 2024 09:00:00 GMT", "2024-06-03"),
        ("the 3rd of June, 2024", "2024-06-03"),
        ("June 3, 2024", "2024-06-03"),
        ("Tue Nov 19 2019 03:05:46 GMT+0000", "2019-11-19"),
        ("01:38:07 PM IST Nov 20, 2019", "2019-11-20"),
        ("Sept. 5, 2021", "2021-09-05"),
        ("June 2024", "2024-06"),
        ("3.6.2024", "2024-06-03"),
        ("23/6/2024", "2024-06-23"),
        ("6/23/2024", "2024-06-23"),
        ("6/6/2024", "2024-06-06"),
        ("3/4/2024", None),
        ("between May 3, 2024 and June 1, 2025", None),
        ("2024-02-30", None),
        ("2024-13-01", None),
        ("0001-01-01T00:00:00Z", None),
        ("room 2024 on the left", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(written_as: str | None, expected: str | None) -> None:
    assert iso_date(written_as) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\n b\tc", "a b c"),
        ("red\x1b[31m alert\x07", "red[31m alert"),
        ("a\u202eb\u200b", "ab"),
        ("x" * 30, "x" * 19 + "…"),
        (" \x00 ", None),
        (None, None),
    ],
)
def test_one_line(value: str | None, expected: str | None) -> None:
    assert one_line(value, limit=20) == expected


@pytest.mark.parametrize(
    ("lines", "title", "author", "date"),
    [
        pytest.param("A short title\n\nText.", "A short title", None, None, id="title"),
        pytest.param("\n\n  A title?\nText.", "A title?", None, None, id="question"),
        pytest.param("It rained all day.\n\nText.", None, None, None, id="sentence"),
        pytest.param("“It rained.”\nText.", None, None, None, id="quoted sentence"),
        pytest.param("A title and nothing else", None, None, None, id="alone"),
        pytest.param("x" * 151 + "\nText.", None, None, None, id="too long"),
        pytest.param("- milk\n- bread\n", None, None, None, id="list"),
        pytest.param(
            "The mill, which has stood in the valley for\nninety years, will close.",
            None,
            None,
            None,
            id="wrapped prose",
        ),
        pytest.param(
            "Mill closes\nBy Jane Doe and John Q. Public\nDate: June 3, 2024\nText.",
            "Mill closes",
            "Jane Doe and John Q. Public",
            "2024-06-03",
            id="byline and date",
        ),
        pytest.param(
            "Title: Mill closes.\nAuthor: the desk\nPublished: 2024-06\n\nText.",
            "Mill closes.",
            "the desk",
            "2024-06",
            id="labelled",
        ),
        pytest.param(
            "By the river\n\nText.", "By the river", None, None, id="a title that begins with By"
        ),
        pytest.param("Mill closes\nDate: soon\nText.", "Mill closes", None, None, id="no date"),
        pytest.param(
            "Mill closes\n3 June 2024\nText.", "Mill closes", None, None, id="unlabelled date"
        ),
        pytest.param(
            f"Mill closes\n{PROSE}\nBy Jane Doe\nDate: 2024-06-03\n",
            "Mill closes",
            None,
            None,
            id="not at the top",
        ),
    ],
)
def test_text_files(lines: str, title: str | None, author: str | None, date: str | None) -> None:
    content = text.parse(lines.encode())
    assert (content.text, content.title, content.author, content.date) == (
        lines,
        title,
        author,
        date,
    )


def test_wrapped_text_file() -> None:
    document = read(DATA / "wrapped.txt")
    assert document.title == "The mill closes after ninety years"
    assert (document.author, document.date) == ("Jonas Weil", "2024-06-03")


def test_markdown_front_matter() -> None:
    document = read(DATA / "front_matter.md")
    assert document.title == "Water rights: who owns the spring?"
    assert document.author == "Ines Roca, Paul Ney"
    assert (document.date, document.source) == ("2024-02-29", "Valley Record")
    assert document.text.startswith("---\n")


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        pytest.param("intro\n\n## *The* [mill](x.html) `closes` ##\n", "The mill closes", id="atx"),
        pytest.param("The mill closes\n===\n\ntext", "The mill closes", id="underlined"),
        pytest.param("```\n# a comment\n```\n# Real\n", "Real", id="code"),
        pytest.param("#no-space\n\ntext", None, id="tag"),
        pytest.param("---\n\ntext\n\n---\n\nmore", None, id="rules, not front matter"),
        pytest.param("---\ntitle: never closed\n", None, id="unclosed"),
        pytest.param("---\ntitle:\n---\n# Real\n", "Real", id="empty title"),
        pytest.param("snake_case_name\n---\n", "snake_case_name", id="underscores"),
        pytest.param("just text", None, id="none"),
    ],
)
def test_markdown_titles(lines: str, title: str | None) -> None:
    content = markdown.parse(lines.encode())
    assert (content.text, content.title) == (lines, title)


def test_page_with_linked_data() -> None:
    document = read(DATA / "linked_data.html")
    lines = document.text.split("\n")
    assert document.title == lines[0] == "Ferry to the island stops for a month"
    assert lines.count(lines[0]) == 1
    assert document.author == "Mara Lindqvist, Theo May"
    assert (document.date, document.source) == ("2024-06-03", "The Harbour Post")
    assert "“We have waited too long already,” Anna Holm told the council." in document.text
    assert "- the school boat at a quarter to eight" in lines
    assert lines[-1].startswith("Shops on the island")
    assert "" not in lines
    assert "Sport" not in document.text


def test_a_day_of_updating_is_no_day_of_publication() -> None:
    document = read(DATA / "updated_only.html")
    assert (document.title, document.date) == ("How the lock works", None)


@pytest.mark.parametrize(
    ("head", "body", "date"),
    [
        pytest.param(
            '<meta property="article:published_time" content="2024-01-01T10:00Z">',
            '<time datetime="2024-05-05">5 May</time>',
            "2024-01-01",
            id="stated first of January",
        ),
        pytest.param('<meta name="pubdate" content="3 June 2024">', "", "2024-06-03", id="meta"),
        pytest.param("", '<time datetime="2024-06-03T09:00">x</time>', "2024-06-03", id="time"),
        pytest.param(
            "",
            '<time datetime="2024-06-03">a</time><time datetime="2024-06-04">b</time>'
            '<time class="entry-date published" datetime="2024-06-02">c</time>',
            "2024-06-02",
            id="marked time",
        ),
        pytest.param(
            '<link rel="canonical" href="https://example.org/2024/jun/3/bridge">',
            "",
            "2024-06-03",
            id="address",
        ),
        pytest.param("", '<p class="posted">Posted on June 3, 2024</p>', "2024-06-03", id="posted"),
        pytest.param("", '<time class="updated" datetime="2024-06-03">', None, id="updated"),
        pytest.param(
            '<meta property="og:updated_time" content="2024-06-03">', "", None, id="updated meta"
        ),
        pytest.param("", "<footer>© 2020 The Daily</footer>", None, id="copyright"),
        pytest.param("", '<p class="date">2021</p>', None, id="a year alone"),
        pytest.param(
            '<script type="application/ld+json">{"@type": "NewsArticle", broken</script>',
            "",
            None,
            id="broken linked data",
        ),
        pytest.param(
            '<script type="application/ld+json">{"@type": "ItemList", "itemListElement": '
            '[{"@type": "NewsArticle", "datePublished": "2011-01-02"}]}</script>',
            "",
            None,
            id="another article's date",
        ),
    ],
)
def test_publication_dates(head: str, body: str, date: str | None) -> None:
    assert html.parse(page(head, body)).date == date


@pytest.mark.parametrize(
    ("title", "site", "expected"),
    [
        ("Bridge to open again | The Daily", "The Daily", "Bridge to open again"),
        ("Opinion | Bridge to open again", "The Daily", "Bridge to open again"),
        ("The Daily: A toll for all", "The Daily", "A toll for all"),
        ("Update: the toll - and who pays it", "The Daily", "Update: the toll - and who pays it"),
    ],
)
def test_titles_lose_the_name_of_the_site(title: str, site: str, expected: str) -> None:
    head = (
        f'<meta property="og:title" content="{title}">'
        f'<meta property="og:site_name" content="{site}">'
    )
    content = html.parse(page(head))
    assert (content.title, content.source) == (expected, site)
    assert content.text.split("\n")[0] == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("<p>Hello world, this is a page.</p>", "Hello world, this is a page.", id="p"),
        pytest.param("no tags at all, only words", "no tags at all, only words", id="no tags"),
        pytest.param(
            "<table><tr><td>Name</td><td>Age</td></tr><tr><td>Bo</td><td>5</td></tr></table>",
            "| Name | Age |\n| Bo | 5 |",
            id="table",
        ),
        pytest.param("<p>soft\u00adware, no\u200bwidth</p>", "software, nowidth", id="soft"),
    ],
)
def test_fragments_are_read_too(markup: str, expected: str) -> None:
    assert html.parse(markup.encode()).text == expected


def test_reading_a_page_twice_opens_no_socket_and_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    first, second = read(DATA / "linked_data.html"), read(DATA / "linked_data.html")
    assert first == second


@pytest.mark.parametrize(
    "markup",
    ["<div>" * 20_000 + "x", "<" * 5_000, "<p>&#xD800;&#0;&#x1b;x</p>", "<table>" * 3_000, "<!--"],
    ids=["deep", "brackets", "bad entities", "tables", "comment"],
)
def test_hostile_pages_give_text_or_an_error(tmp_path: Path, markup: str) -> None:
    path = written(tmp_path, "a.html", markup.encode())
    try:
        document = read(path)
    except ReadError:
        return
    document.text.encode("utf-8")
    assert not {"\0", "\x1b", "\r"} & set(document.text)
