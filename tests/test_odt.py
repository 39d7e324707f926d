"""OpenDocument texts: their text, and what they say of themselves."""

from __future__ import annotations

import pytest
from office import ODT_NOTE, ODT_STYLES, opendocument

from ragtool.readers import odt


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
