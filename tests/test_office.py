"""Office formats and e-books, on small files that are built here."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import docx, epub, odt, rtf, zipped
from ragtool.readers.content import Content

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
LAUGHS = (
    '<!DOCTYPE d [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def packed(members: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as file:
        for name, held in members.items():
            file.writestr(name, held)
    return buffer.getvalue()


def relations(**targets: str) -> str:
    each = (
        f'<Relationship Id="r{kind}" Type="{RELATIONS}/{kind.replace("_", "-")}" Target="{name}"/>'
        for kind, name in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(each)}</Relationships>'


def word(
    body: str,
    *,
    namespace: str = W,
    core: str = "",
    styles: str = "",
    notes: str = "",
    before: str = "",
    main: str = "word/document.xml",
) -> bytes:
    """A Word document of a body's XML."""
    spaces = (
        f'xmlns:w="{namespace}" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="urn:wps"'
    )
    folder, _, name = main.rpartition("/")
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": relations(officeDocument=main, core_properties="docProps/core.xml"),
            main: f"{before}<w:document {spaces}><w:body>{body}</w:body></w:document>",
            f"{folder}/_rels/{name}.rels": relations(
                styles="styles.xml", footnotes="footnotes.xml", header="header1.xml"
            ),
            f"{folder}/styles.xml": f"<w:styles {spaces}>{styles}</w:styles>",
            f"{folder}/footnotes.xml": f"<w:footnotes {spaces}>{notes}</w:footnotes>",
            f"{folder}/header1.xml": f"<w:hdr {spaces}>{para(run('Page header'))}</w:hdr>",
            f"{folder}/comments.xml": f"<w:comments {spaces}>{para(run('hm'))}</w:comments>",
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f' xmlns:dcterms="http://purl.org/dc/terms/">{core}</cp:coreProperties>',
        }
    )


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def para(inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def row(*cells: str, properties: str = "") -> str:
    inner = "".join(f"<w:tc><w:tcPr/>{cell}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def field(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


A, B, C = (para(run(letter)) for letter in "abc")
BOX = f"<w:txbxContent>{para(run('in the box'))}</w:txbxContent>"
NOTES = (
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    f'<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>{run(" The note.")}</w:p>'
    f"{para(run('Its end.'))}</w:footnote>"
)
MARK = '<w:r><w:footnoteReference w:id="2"/></w:r>'
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="mine"/>'
    '<w:basedOn w:val="Titel"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="character" w:styleId="Ghost"><w:name w:val="ghost"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="character" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(A + para("") + B, "a\nb", id="paragraphs"),
        pytest.param(
            para(run("one") + "<w:r><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r>"),
            "one two three",
            id="breaks and tabs",
        ),
        pytest.param(
            para(
                run("He said ")
                + f'<w:del w:id="1"><w:r><w:delText>no</w:delText></w:r>{run("x")}</w:del>'
                + f'<w:ins w:id="2">{run("yes")}</w:ins>'
                + f"<w:moveFrom>{run('old')}</w:moveFrom><w:moveTo>{run(' new')}</w:moveTo>"
            ),
            "He said yes new",
            id="tracked changes",
        ),
        pytest.param(
            para(run("a "), "<w:rPr><w:del/></w:rPr>") + B + C, "a b\nc", id="deleted end"
        ),
        pytest.param(para(run("a"), "<w:rPr><w:del/></w:rPr>"), "a", id="deleted last end"),
        pytest.param(
            para(run("a") + run("b", "<w:vanish/>") + run("c", '<w:vanish w:val="0"/>')),
            "ac",
            id="hidden",
        ),
        pytest.param(
            para(
                run("a", '<w:rStyle w:val="Ghost"/>')
                + run("b", '<w:rStyle w:val="Ghost"/><w:vanish w:val="false"/>')
                + run("c", '<w:rStyle w:val="Loop"/>')
            ),
            "bc",
            id="hidden by style",
        ),
        pytest.param(
            f"<w:tbl>{row(A, B)}{row(A + B, '<w:p/>', C)}{row('<w:p/>', '<w:p/>')}"
            f"{row(A, C, properties='<w:del/>')}</w:tbl>",
            "a | b\na b | | c",
            id="table",
        ),
        pytest.param(f"<w:tbl>{row(A + B)}</w:tbl>", "a\nb", id="table for layout"),
        pytest.param(
            f"<w:tbl>{row(f'<w:tbl>{row(A, B)}</w:tbl>' + C, A)}</w:tbl>",
            "a | b c | a",
            id="table in a table",
        ),
        pytest.param(
            para(run("a") + MARK + run(" b")) + C, "a b\nThe note. Its end.\nc", id="footnote"
        ),
        pytest.param(
            f"<w:tbl>{row(para(run('a') + MARK), B)}</w:tbl>{para(run('x') + MARK)}",
            "a | b\nThe note. Its end.\nx",
            id="footnote in a table, referred to twice",
        ),
        pytest.param(
            para(
                run("a")
                + "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>"
                + f"{BOX}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>"
                + f"{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
                + run("b")
            ),
            "ab\nin the box",
            id="text box, given twice",
        ),
        pytest.param(
            para(
                f"<w:r><mc:AlternateContent><mc:Choice/><mc:Fallback>{run('f')}</mc:Fallback>"
                "</mc:AlternateContent></w:r>"
            ),
            "f",
            id="only the second form has text",
        ),
        pytest.param(
            para(
                f"{field('begin')}<w:r><w:instrText>IF </w:instrText></w:r>{field('begin')}"
                f"{field('separate')}{run('inner')}{field('end')}{field('separate')}"
                f"{run('result')}{field('end')}{run(' after')}"
            ),
            "result after",
            id="fields",
        ),
        pytest.param(
            para(run("a") + field("begin") + field("begin")) + B + para(field("end") + run("c")),
            "a\nb\nc",
            id="fields never closed",
        ),
        pytest.param(
            para(f'<w:fldSimple w:instr="DATE">{run("3 June")}</w:fldSimple>'),
            "3 June",
            id="simple field",
        ),
        pytest.param(
            f"<w:sdt><w:sdtPr><w:alias/></w:sdtPr><w:sdtContent>{A}</w:sdtContent></w:sdt>"
            f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{B}</w:sdtContent></w:sdt>",
            "a",
            id="content controls",
        ),
        pytest.param(
            para(
                "<w:r><w:t>co</w:t><w:softHyphen/><w:t>op</w:t><w:noBreakHyphen/><w:t>x</w:t>"
                '<w:sym w:char="F0B7"/><w:sym w:char="2192"/><w:sym w:char="?"/></w:r>'
                "<m:oMath><m:r><m:t>=2</m:t></m:r></m:oMath>"
            ),
            "coop-x→=2",
            id="special characters",
        ),
        pytest.param(
            para(run("so\u00adft \u200bzero\ufeff \u202ebidi")), "soft zero bidi", id="cf"
        ),
        pytest.param(
            para(run("漢") + "<w:r><w:ruby><w:rt>" + run("kan") + "</w:rt></w:ruby></w:r>"),
            "漢",
            id="ruby",
        ),
    ],
)
@pytest.mark.parametrize("namespace", [W, STRICT], ids=["usual", "strict"])
def test_word_text(body: str, expected: str, namespace: str) -> None:
    data = word(body, namespace=namespace, styles=STYLES, notes=NOTES)
    assert docx.parse(data).text == expected


@pytest.mark.parametrize(
    ("core", "body", "title", "author", "date"),
    [
        pytest.param(
            "<dc:title>The mill</dc:title><dc:creator>Ines Roca</dc:creator>"
            "<dcterms:created>2024-06-03T10:00:00Z</dcterms:created>"
            "<dcterms:modified>2025-01-01T00:00:00Z</dcterms:modified>",
            A,
            "The mill",
            "Ines Roca",
            "2024-06-03",
            id="stated",
        ),
        pytest.param(
            "<dc:title>Microsoft Word - draft_2.doc</dc:title><dc:creator>Admin</dc:creator>"
            "<dcterms:modified>2025-01-01T00:00:00Z</dcterms:modified>",
            para(run("Chapter"), '<w:pStyle w:val="berschrift1"/>')
            + para(run("The \u200bmill"), '<w:pStyle w:val="Mine"/>'),
            "The mill",
            None,
            None,
            id="title style, by inheritance",
        ),
        pytest.param(
            "<dc:title/>",
            A + para(run("Chapter"), '<w:pStyle w:val="berschrift1"/>'),
            "Chapter",
            None,
            None,
            id="heading",
        ),
        pytest.param(
            "<dc:creator>python-docx</dc:creator>"
            "<dcterms:created>2013-12-23T23:15:00Z</dcterms:created>",
            A,
            None,
            None,
            None,
            id="a program's own",
        ),
    ],
)
def test_word_properties(
    core: str, body: str, title: str | None, author: str | None, date: str | None
) -> None:
    content = docx.parse(word(body, core=core, styles=STYLES))
    assert (content.title, content.author, content.date) == (title, author, date)


def test_word_main_part_of_another_name() -> None:
    assert docx.parse(word(A, main="word/document2.xml")).text == "a"


def opendocument(text: str, *, meta: str = "", styles: str = "", before: str = "") -> bytes:
    """An OpenDocument text of a body's XML."""
    names = "office text table style meta".split()
    spaces = " ".join(f'xmlns:{name}="{OASIS}{name}:1.0"' for name in names)
    spaces += f' xmlns:draw="{OASIS}drawing:1.0" xmlns:svg="{OASIS}svg-compatible:1.0"'
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{before}<office:document-content {spaces}><office:automatic-styles>"
            f"{styles}</office:automatic-styles><office:body><office:text>{text}"
            "</office:text></office:body></office:document-content>",
            "meta.xml": f"<office:document-meta {spaces}><office:meta>{meta}</office:meta>"
            "</office:document-meta>",
        }
    )


ODT_STYLES = (
    '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    '<style:style style:name="T1" style:family="text">'
    '<style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="L" style:parent-style-name="L"/>'
)
ODT_NOTE = (
    '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>The note.</text:p><text:p>Its end.</text:p></text:note-body>"
    "</text:note>"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("<text:p>a</text:p><text:p/><text:h>b</text:h>", "a\nb", id="paragraphs"),
        pytest.param(
            '<text:p>a<text:s text:c="9"/>b<text:tab/>c<text:line-break/>d'
            "<text:span>e<!-- x -->f</text:span>g</text:p>",
            "a b c defg",
            id="spaces and spans",
        ),
        pytest.param(
            "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p>"
            "</text:deletion></text:changed-region></text:tracked-changes>"
            '<text:p>kept<text:change text:change-id="1"/>, new</text:p>',
            "kept, new",
            id="tracked changes",
        ),
        pytest.param(
            "<text:p>a<office:annotation><dc:creator>X</dc:creator><text:p>hm</text:p>"
            "</office:annotation>b</text:p>",
            "ab",
            id="comment",
        ),
        pytest.param(f"<text:p>a{ODT_NOTE}b</text:p>", "ab\nThe note. Its end.", id="footnote"),
        pytest.param(
            "<text:p>a<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box>"
            "<svg:desc>a picture</svg:desc></draw:frame>b</text:p>",
            "ab\nbox",
            id="text box",
        ),
        pytest.param(
            "<table:table><table:table-header-rows><table:table-row><table:table-cell>"
            "<text:p>a</text:p></table:table-cell><table:covered-table-cell><text:p>x</text:p>"
            "</table:covered-table-cell><table:table-cell><text:p>b</text:p>"
            f"<text:p>c{ODT_NOTE}</text:p></table:table-cell></table:table-row>"
            "</table:table-header-rows></table:table>",
            "a | b c\nThe note. Its end.",
            id="table",
        ),
        pytest.param(
            "<text:list><text:list-item><text:number>1.</text:number><text:p>a</text:p>"
            "<text:list><text:list-item><text:p>b</text:p></text:list-item></text:list>"
            "</text:list-item></text:list>",
            "a\nb",
            id="list",
        ),
        pytest.param(
            '<text:p>a<text:span text:style-name="T1">b</text:span>'
            '<text:hidden-text text:is-hidden="true">c</text:hidden-text>d</text:p>'
            '<text:section text:display="none"><text:p>e</text:p></text:section>'
            '<text:p text:style-name="L">f</text:p>',
            "ad\nf",
            id="hidden",
        ),
        pytest.param("<text:p>so\u00adft</text:p>", "soft", id="invisible"),
    ],
)
def test_opendocument_text(text: str, expected: str) -> None:
    assert odt.parse(opendocument(text, styles=ODT_STYLES)).text == expected


def test_opendocument_properties() -> None:
    meta = (
        "<meta:initial-creator>Ines Roca</meta:initial-creator><dc:creator>Paul Ney</dc:creator>"
        "<meta:creation-date>2024-06-03T10:00:00.1</meta:creation-date><dc:date>2025-01-01</dc:date>"
    )
    text = '<text:h>Part</text:h><text:p text:style-name="P1">The mill</text:p>'
    content = odt.parse(opendocument(text, meta=meta, styles=ODT_STYLES))
    assert (content.title, content.author, content.date) == ("The mill", "Ines Roca", "2024-06-03")
    stated = odt.parse(opendocument(text, meta="<dc:title>Water &amp; mills</dc:title>"))
    assert stated.title == "Water & mills"
    assert odt.parse(opendocument("<text:h>Part</text:h>")).title == "Part"


FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset2 Symbol;}}"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        pytest.param(r"\ansi a\par b\par\pard", "a\nb", id="paragraphs"),
        pytest.param("\\ansi a\\\r\nb\\\nc", "a\nb\nc", id="escaped line ends"),
        pytest.param("a\r\n\\par\r\nb\n{c}\n\\'64", "a\nbcd", id="line ends"),
        pytest.param(r"a\tab b\line c\~d\_e\-f\{\}\\", "a b c d-ef{}\\", id="symbols"),
        pytest.param(r"\ansi\ansicpg1252 caf\'e9 \'93x\'94", "café “x”", id="western"),
        pytest.param(r"\ansi\ansicpg1251 \'cf\'f0\'e8", "При", id="code page"),
        pytest.param(r"\ansicpg1251{\fonttbl{\f0\fcharset0 A;}}\f0 \'cf", "П", id="unmarked font"),
        pytest.param(rf"\ansicpg1252{FONTS}\f1 \'cf\'f0\f0 \'e9", "Прé", id="font's charset"),
        pytest.param(rf"\deff1{FONTS}\'cf{{\f0 \'e9}}\'f0\plain\'e8", "Пéри", id="default font"),
        pytest.param(rf"{FONTS}\f2\'b7 a", "a", id="symbol font"),
        pytest.param(r"\ansicpg932 \'93\'fa\'83A", "日ア", id="two bytes"),
        pytest.param(r"\mac caf\'8e", "café", id="mac"),
        pytest.param(r"\ansicpg99999 \'e9", "é", id="no such code page"),
        pytest.param(r"\ansi a\'81b", "a\ufffdb", id="no such character"),
        pytest.param(r"\uc2 A\u8364\'80\'80B{\uc0\u8364 C}\u8364??D", "A€B€C€D", id="uc"),
        pytest.param(r"\u8364\u8364 ?\u-3913?", "€€", id="fallback missing; private use"),
        pytest.param(r"\u-10179?\u-8704? \u128512?", "😀 😀", id="beyond 16 bits"),
        pytest.param(r"\u-10179?x", "\ufffdx", id="half a character"),
        pytest.param(r"a{\v b}c{\deleted d\par}e\v f\v0 g", "aceg", id="hidden and deleted"),
        pytest.param(r"a{\footnote\pard\chftn  n1\par n2}b\par c", "ab\nn1 n2\nc", id="footnote"),
        pytest.param(
            r"\trowd\cellx1\intbl a\par a{\footnote n}\cell\pard\intbl b\cell\row"
            r"\trowd\intbl\cell c\cell\row\pard d\par",
            "a a | b\nn\nc\nd",
            id="table",
        ),
        pytest.param(
            r"\intbl a\par\pard\itap2 n\nestcell{\nonesttables\par}m\nestcell{\nonesttables\par}"
            r"{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}o\nestcell"
            r"{\*\nesttableprops\nestrow}\pard\intbl\cell b\cell\row"
            r"\pard\intbl p\nestcell\cell\row",
            "a n | m o | b\np",
            id="table in a table",
        ),
        pytest.param(r"\intbl a\cell b\cell", "a | b", id="row that never ends"),
        pytest.param(r"\intbl a\cell b\cell  \row c", "a | b\nc", id="space after cells"),
        pytest.param(r"\intbl a\cell b\row\pard c", "a | b\nc", id="cell that never ends"),
        pytest.param(r"\intbl a\nestcell b\nestcell", "a | b", id="nested row never ends"),
        pytest.param(
            r'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt here}} and {\field{\fldinst P}}.',
            "here and .",
            id="fields",
        ),
        pytest.param(
            r"a{\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt box\par}}{\shprslt box}}b\par",
            "ab\nbox",
            id="text box",
        ),
        pytest.param(
            r"{\header h\par}{\footerf f}{\*\annotation hm}{\colortbl;\red1;}{\*\new x}a",
            "a",
            id="left out",
        ),
        pytest.param(r"{\listtext\'b7\tab}a\par{\pntext 2.}b", "a\nb", id="list marks"),
        pytest.param(
            "a{\\pict\\bin5 }}{\\x}b\\bin99999999999", "ab", id="binary data and a huge length"
        ),
        pytest.param(r"a\bin-5 b", "ab", id="a length below zero"),
        pytest.param(r"a}b", "a", id="text after the end"),
        pytest.param("a{b{c", "abc", id="cut"),
        pytest.param("a\0b\\", "ab", id="stray bytes"),
        pytest.param(r"so\u173?ft\zwj", "soft\u200d", id="invisible"),
    ],
)
def test_rich_text(inner: str, expected: str) -> None:
    assert rtf.parse(rf"{{\rtf1{inner}".encode("latin-1")).text == expected


def test_rich_text_properties() -> None:
    data = (
        r"{\rtf1\ansi\ansicpg1251{\info{\title \'cf\u1088?\'e8\'e2\'e5\'f2}{\author Ines Roca}"
        r"{\operator Paul}{\creatim\yr2024\mo6\dy3\hr9}{\revtim\yr2025\mo1\dy1}}text}"
    )
    content = rtf.parse(data.encode())
    assert (content.title, content.author, content.date) == ("Привет", "Ines Roca", "2024-06-03")
    assert content.text == "text"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (r"\s1 Part\par\pard\plain text\par\pard\s15 The mill\par", "The mill"),
        (r"text\par\s1\par\s1 Part\par", "Part"),
        (r"text\par", None),
    ],
    ids=["title", "heading", "none"],
)
def test_rich_text_titles_by_style(body: str, title: str | None) -> None:
    styles = r"{\stylesheet{\snext0 Normal;}{\s1\fs32 heading 1;}{\*\cs9 Title;}{\s15 Title;}}"
    content = rtf.parse(rf"{{\rtf1{styles}\pard\plain {body}}}".encode())
    assert content.title == title


CHAPTER = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'


def book(
    *chapters: str | bytes, metadata: str = "", encryption: str = "", spine: str = ""
) -> bytes:
    """An e-book of pages, each in a file of its own, and in a spine that begins with the last."""
    numbers = range(len(chapters))
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
        'full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    items = "".join(
        f'<item id="i{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in numbers
    )
    spine = spine or '<itemref idref="pic"/><itemref idref="nav"/><itemref idref="toc"/>' + "".join(
        f'<itemref idref="i{n}"/>' for n in reversed(numbers)
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata><manifest>{items}'
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        '<item id="toc" href="toc.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="pic" href="a.svg" media-type="image/svg+xml"/></manifest>'
        f"<spine>{spine}"
        '<itemref idref="lost"/></spine>'
        '<guide><reference type="toc" href="toc.xhtml"/>'
        '<reference type="toc" href="text/c%200.xhtml#toc"/></guide></package>',
        "OPS/nav.xhtml": f"{CHAPTER}<body><nav><ol><li>One</li></ol></nav></body></html>",
        "OPS/toc.xhtml": f"{CHAPTER}<body><p>One ... 1</p></body></html>",
    }
    for n in numbers:
        members[f"OPS/text/c {n}.xhtml"] = chapters[n]
    if encryption:
        members["META-INF/encryption.xml"] = encryption
    return packed(members)


def chapter(body: str) -> str:
    return f"<?xml version='1.0'?>{CHAPTER}<head><title>no</title></head><body>{body}</body></html>"


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
