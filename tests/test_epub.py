"""E-books: their chapters in order, what they say of themselves, and protected ones."""

from __future__ import annotations

import pytest
from office import book, chapter

from ragtool.errors import ReadError
from ragtool.readers import epub


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("<h1>One</h1>\n<p>a\n b</p> <p>c</p>", "One\na b\nc", id="paragraphs"),
        pytest.param("<div>a<p>b</p>c<br/>d</div>", "a\nb\nc d", id="text beside paragraphs"),
        pytest.param("<p>a<em>b</em><!-- x -->c<script>y</script>d</p>", "abcd", id="inline"),
        pytest.param(
            "<p>a&nbsp;b &mdash; &amp;lt; &unknown;</p>", "a b — &lt; &unknown;", id="ent"
        ),
        pytest.param(
            "<table><tr><th>a</th><td><p>b</p><p>c</p></td></tr><tr><td>d</td></tr></table>",
            "a | b c\nd",
            id="table",
        ),
        pytest.param("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "a\nb\nc", id="list"),
        pytest.param(
            '<p>word<a epub:type="noteref" href="#n">1</a><sup><a href="#m">2</a></sup>'
            '<a href="#o"><sup>[3]</sup></a> m<sup>2</sup><span epub:type="pagebreak">9</span></p>'
            '<aside epub:type="footnote"><p>The note.</p></aside>',
            "word m2\nThe note.",
            id="notes",
        ),
        pytest.param(
            '<nav epub:type="toc"><p>x</p></nav><p hidden="">x</p><p style="display: none">x</p>'
            "<ruby>漢<rp>(</rp><rt>kan</rt></ruby><svg xmlns='http://www.w3.org/2000/svg'>"
            "<text>x</text></svg>",
            "漢",
            id="left out",
        ),
        pytest.param("<p>a<br>b & c<p>d", "a b & c\nd", id="no XML"),
        pytest.param("<p>so\u00adft&shy;ly\u200b</p>", "softly", id="invisible"),
    ],
)
def test_book_text(body: str, expected: str) -> None:
    assert epub.parse(book(chapter(body))).text == expected


def test_book_in_the_order_of_its_spine() -> None:
    utf16 = chapter("<p>zwei é</p>").replace("?>", " encoding='utf-16'?>", 1).encode("utf-16")
    western = chapter("<p>one é</p>").replace("?>", " encoding='iso-8859-1'?>", 1).encode("latin-1")
    content = epub.parse(book(western, utf16))
    assert content.text == "zwei é\none é"


def test_book_with_odd_chapters() -> None:
    twice = '<itemref idref="i0"/>' * 3 + '<itemref idref="i1"/><itemref idref="i2"/>'
    deep = chapter("<div>" * 20_000 + "<p>deep")
    content = epub.parse(book(chapter("<p>once</p>"), " ", deep, spine=twice))
    assert content.text.split("\n")[0] == "once"
    assert content.text.count("once") == 1


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param(
            "<dc:title>The mill</dc:title><dc:creator>Ines Roca</dc:creator>"
            "<dc:date>2019-05-02</dc:date><dc:publisher>Valley Press</dc:publisher>"
            '<meta property="dcterms:modified">2024-01-01T00:00:00Z</meta>',
            ("The mill", "Ines Roca", "2019-05-02", "Valley Press"),
            id="plain",
        ),
        pytest.param(
            '<dc:title>The mill</dc:title><dc:creator opf:role="ill">P. Ney</dc:creator>'
            '<dc:creator opf:role="aut">Ines Roca</dc:creator>'
            '<dc:creator opf:role="aut">Jo Weil</dc:creator>'
            '<dc:date opf:event="modification">2024-01-01</dc:date>'
            '<dc:date opf:event="publication">2019</dc:date>',
            ("The mill", "Ines Roca, Jo Weil", "2019", None),
            id="EPUB 2",
        ),
        pytest.param(
            '<dc:creator id="a">P. Ney</dc:creator><meta refines="#a" property="role">trl</meta>'
            '<dc:creator id="b">Ines Roca</dc:creator><meta refines="#b" property="role">aut</meta>'
            "<dc:date>0101-01-01T00:00:00+00:00</dc:date>",
            ("Heading", "Ines Roca", None, None),
            id="EPUB 3, no title, no date",
        ),
        pytest.param(
            '<dc:creator opf:role="edt">P. Ney</dc:creator><dc:creator>Unknown</dc:creator>',
            ("Heading", "P. Ney", None, None),
            id="only an editor",
        ),
    ],
)
def test_book_properties(metadata: str, expected: tuple[str | None, ...]) -> None:
    content = epub.parse(book(chapter("<h1>Heading</h1>"), metadata=metadata))
    assert (content.title, content.author, content.date, content.source) == expected


def encrypted(algorithm: str, member: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData>'
        f'<e:CipherReference URI="{member}"/></e:CipherData></e:EncryptedData></encryption>'
    )


def test_protected_books_are_refused_and_garbled_fonts_are_not() -> None:
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    with pytest.raises(ReadError, match=r"protected against reading \(DRM\)"):
        epub.parse(book(b"\x8f\x01", encryption=encrypted(aes, "OPS/text/c%200.xhtml")))
    font = encrypted("http://www.idpf.org/2008/embedding", "OPS/text/c%200.xhtml")
    assert epub.parse(book(chapter("a"), encryption=font)).text == "a"
    assert epub.parse(book(chapter("a"), encryption=encrypted(aes, "OPS/a.mp4"))).text == "a"
