"""Word documents: their text, and what they say of themselves."""

from __future__ import annotations

import pytest
from office import MARK, NOTES, STYLES, A, B, C, W, para, run, word

from ragtool.readers import docx

STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def row(*cells: str, properties: str = "") -> str:
    inner = "".join(f"<w:tc><w:tcPr/>{cell}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def field(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


BOX = f"<w:txbxContent>{para(run('in the box'))}</w:txbxContent>"


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
