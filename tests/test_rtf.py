"""Rich text: its characters and its structure, and what it says of itself."""

from __future__ import annotations

import pytest

from ragtool.readers import rtf

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
