from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.errors import ReadError
from ragtool.readers import jsonl, table
from ragtool.readers.content import Content, Part
from ragtool.readers.fields import document
from ragtool.readers.markup import as_text

PROSE = "The mayor said on Monday that the bridge would open again in spring."


def said(parts: Iterator[Part]) -> dict[str, str]:
    """Each part's name with its text, or the reason why there is none."""
    found = [(part.name, part.held) for part in parts]
    assert len({name for name, _ in found}) == len(found)
    return {name: _said(held) for name, held in found}


def _said(held: bytes | Content | ReadError) -> str:
    if isinstance(held, Content):
        return held.text
    assert isinstance(held, ReadError)
    return held.message


def from_json(value: object) -> dict[str, str]:
    return said(jsonl.parts(json.dumps(value).encode()))


def from_table(text: str) -> dict[str, str]:
    return said(table.parts(text.encode()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a < b, <jane@example.org> & co", "a < b, <jane@example.org> & co", id="none"),
        pytest.param("<p>One\ntwo</p><p>three<br>four</p>", "One two\nthree\nfour", id="blocks"),
        pytest.param("a <b>bold</b> move\nand\n\nso on", "a bold move\nand\n\nso on", id="inline"),
        pytest.param("First\n\nsecond<h2>third</h2>x", "First\nsecond\nthird\nx", id="mixed"),
        pytest.param("<ul><li>a<li>b</ul>", "a\nb", id="unclosed"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr></table>", "a b", id="cells"),
        pytest.param("<script>x()</script>a<!-- b --><style>c</style>d", "ad", id="unseen"),
        pytest.param("<p>&lt;tag&gt;&nbsp;&#8217;&amp;</p>", "<tag> ’&", id="entities in tags"),
        pytest.param("AT&amp;T &#39;s R&D &c; x", "AT&T 's R&D &c; x", id="entities alone"),
        pytest.param("<p>x &#xD800;&#0;&#x1b;y</p>", None, id="bad entities"),
        pytest.param("soft\u00adware, no\u200bwidth\ufeff", "software, nowidth", id="invisible"),
        pytest.param("a\ud800b\x00c\x1bd", "abcd", id="surrogate and controls"),
        pytest.param(" a \t b \r\n\r\n\n\n c\u2028d ", "a b\n\nc\nd", id="white space"),
        pytest.param("<p>", "", id="no text"),
        pytest.param("<div>" * 5000, "", id="deep"),
        pytest.param("<a " * 20_000, None, id="brackets"),
        pytest.param("<p " + " " * 200_000, None, id="blanks"),
    ],
)
def test_fields_of_html_become_text(value: str, expected: str | None) -> None:
    found = as_text(value)
    found.encode()
    assert not {"\0", "\x1b", "\r"} & set(found)
    assert expected is None or found == expected


@given(st.text() | st.text("<>/pbra &;#x12\n\t\"'=!-"))
def test_any_field_becomes_clean_text(value: str) -> None:
    found = as_text(value)
    found.encode()
    assert not any(char in found for char in "\0\r\u00ad\u200b\ufeff")
    assert all(line == line.strip() for line in found.split("\n"))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(
            {"headline": "Bridge to open", "articleBody": PROSE, "datePublished": "2024-06-03"},
            Content(f"Bridge to open\n\n{PROSE}", title="Bridge to open", date="2024-06-03"),
            id="article",
        ),
        pytest.param(
            {"description": "Less", "Body Text": PROSE, "byline": "By JANE DOE"},
            Content(PROSE, author="JANE DOE"),
            id="text before summary",
        ),
        pytest.param(
            {"text": "", "body": None, "content": PROSE}, Content(PROSE), id="empty fields"
        ),
        pytest.param({"article": "4711", "story": PROSE}, Content(PROSE), id="a number is no text"),
        pytest.param(
            {"title": PROSE, "text": PROSE}, Content(PROSE, title=PROSE), id="title not said twice"
        ),
        pytest.param(
            {"text": PROSE, "author": [{"name": "Jane Doe"}, "Bo Li", {"name": "Jane Doe"}]},
            Content(PROSE, author="Jane Doe, Bo Li"),
            id="authors as records",
        ),
        pytest.param(
            {"text": PROSE, "authors": "['Jane Doe', \"Bo Li\"]"},
            Content(PROSE, author="Jane Doe, Bo Li"),
            id="authors as Python writes a list",
        ),
        pytest.param(
            {"text": PROSE, "source": {"id": None, "name": "The Daily"}},
            Content(PROSE, source="The Daily"),
            id="source as a record",
        ),
        pytest.param(
            {"text": PROSE, "url": "https://www.example.org/2024/a"},
            Content(PROSE, source="example.org"),
            id="host of the address",
        ),
        pytest.param(
            {"title": {"rendered": "A &#8211; b"}, "content": {"rendered": "<p>One</p><p>Two</p>"}},
            Content("A – b\n\nOne\nTwo", title="A – b"),
            id="rendered",
        ),
        pytest.param(
            {"date": "2024", "article": {"headline": "Bridge", "text": PROSE}},
            Content(f"Bridge\n\n{PROSE}", title="Bridge", date="2024"),
            id="one level below",
        ),
        pytest.param(
            {"_id": "1", "_source": {"title": "Bridge", "body": PROSE, "source": "The Daily"}},
            Content(f"Bridge\n\n{PROSE}", title="Bridge", source="The Daily"),
            id="search engine's record",
        ),
        pytest.param(
            {"text": ["One.", {"text": "Two."}, None, 3]}, Content("One.\nTwo."), id="paragraphs"
        ),
        pytest.param(
            {"date": "soon", "published_at": "2024-06", "year": "2023", "text": PROSE},
            Content(PROSE, date="2024-06"),
            id="the first date that is one",
        ),
        pytest.param({"author": {"name": "Jo", "text": "Writes."}}, None, id="about the author"),
        pytest.param({"title": "Bridge", "views": "7"}, None, id="no text"),
        pytest.param({"text": "--- 12 ---"}, None, id="no letters"),
        pytest.param({"text": "<p></p>"}, None, id="no letters in the tags"),
        pytest.param({}, None, id="empty"),
    ],
)
def test_records(record: dict[str, object], expected: Content | None) -> None:
    assert document(record) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-06-03T23:30:00-05:00", "2024-06-03"),
        ("Mon Jun 03 07:30:00 +0000 2024", "2024-06-03"),
        ("1717400000", "2024-06-03"),
        ("1717400000123", "2024-06-03"),
        ("1717400000.5", "2024-06-03"),
        ("20240603120000", "2024-06-03"),
        ("3/4/2024", None),
        ("1970-01-01T00:00:00Z", None),
        ("99", None),
        ("9" * 5000, None),
        ("yesterday", None),
    ],
)
def test_dates_of_records(value: str, expected: str | None) -> None:
    content = document({"text": PROSE, "date": value})
    assert content is not None
    assert content.date == expected


def test_an_inner_date_is_found() -> None:
    data = {"text": PROSE, "created": {"$date": {"$numberLong": "1717400000000"}}}
    assert next(jsonl.parts(json.dumps(data).encode())).held == Content(PROSE, date="2024-06-03")


def test_a_record_a_line() -> None:
    lines = [
        '{"text": "One."}',
        "",
        '{"text": "Two.", "n": ' + "9" * 10_000 + "}",
        '{"text": "cut',
        '{"title": "No text"}',
        "[" * 5000,
        "7",
        '[{"text": "Three."}, {"text": "Four."}]',
    ]
    found = said(jsonl.parts("\r\n".join(lines).encode("utf-8-sig")))
    assert list(found) == [
        *("line 1", "line 3", "line 4", "line 5", "line 7", "line 8, item 1", "line 8, item 2"),
    ]
    assert list(found.values()) == [
        *("One.", "Two.", "broken JSON: Unterminated string starting at.", "no text in it."),
        *("not a record with named fields.", "Three.", "Four."),
    ]


def test_misses_before_the_first_document_are_told_too() -> None:
    found = said(jsonl.parts(b'{"a": 1}\n{broken\n{"text": "One."}'))
    assert list(found) == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param([{"text": "One."}, {"text": "Two."}], ["One.", "Two."], id="list"),
        pytest.param({"text": "One."}, ["One."], id="single"),
        pytest.param(
            {"status": "ok", "message": "Found", "articles": [{"text": "One."}, {"a": 1}]},
            ["One.", "no text in it."],
            id="answer of a search",
        ),
        pytest.param(
            {"hits": {"total": 1, "hits": [{"_source": {"text": "One."}}]}}, ["One."], id="hits"
        ),
        pytest.param(
            {
                "title": "Feed",
                "description": "All news",
                "items": [{"title": "A", "content_html": "<p>One.</p>"}],
            },
            ["A\n\nOne."],
            id="feed",
        ),
        pytest.param(
            {"title": "A", "text": "One.", "comments": [{"text": "First!"}]},
            ["A\n\nOne."],
            id="article with comments",
        ),
        pytest.param(
            {"a": {"text": "One."}, "b": {"text": "Two."}}, ["One.", "Two."], id="by name"
        ),
    ],
)
def test_whole_files_of_json(data: object, expected: list[str]) -> None:
    assert list(from_json(data).values()) == expected
    assert list(said(jsonl.parts(json.dumps(data, indent=2).encode())).values()) == expected


def test_records_over_several_lines_each() -> None:
    data = "\n".join(json.dumps({"text": text}, indent=1) for text in ("One.", "Two.", "Three."))
    assert said(jsonl.parts(data.encode())) == {
        "line 1": "One.",
        "line 4": "Two.",
        "line 7": "Three.",
    }
    assert said(jsonl.parts(data[:-12].encode())) == {
        "line 1": "One.",
        "line 4": "Two.",
        "line 7 and on": "broken JSON: Expecting ':' delimiter.",
    }


def test_the_lines_of_a_list_that_was_cut_are_read() -> None:
    found = said(jsonl.parts(b'[\n{"text": "One."},\n{"text": "Two."},\n{"text": "Th'))
    assert list(found) == ["line 2", "line 3", "line 4"]
    assert list(found.values())[:2] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "no records", id="empty"),
        pytest.param(b" \n\n", "no records", id="blank"),
        pytest.param(b"[]", "no record", id="empty list"),
        pytest.param(b"null", "no record that can be read", id="null"),
        pytest.param(b'"text"', "no record that can be read", id="text alone"),
        pytest.param(PROSE.encode(), "broken JSON", id="prose"),
        pytest.param(b"[" * 200_000, "no record", id="brackets"),
        pytest.param(b'{"a":' * 100_000, "too deeply", id="deep"),
        pytest.param(b'{"a":' * 900 + b"1" + b"}" * 900, "no text|too deeply", id="quite deep"),
        pytest.param(b'{"text": ' + b"9" * 1_000_000 + b"}", "no text", id="huge number"),
        pytest.param(b'{"text": NaN}', "no text", id="not a number"),
        pytest.param(b'{"a": 1}\n' * 20_000, "no record", id="many misses"),
        pytest.param(b"PK\x03\x04\0\0", "binary", id="binary"),
    ],
)
def test_json_without_documents(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        list(jsonl.parts(data))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "title", "date", "author", "source", "_source", "data", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_VALUES, max_size=4), st.integers(0, 200), st.binary(max_size=3))
def test_any_json_gives_parts_or_an_error(values: list[Any], place: int, damage: bytes) -> None:
    for data in (json.dumps(values), "\n".join(map(json.dumps, values))):
        damaged = data.encode()[:place] + damage + data.encode()[place:]
        try:
            texts = said(jsonl.parts(damaged))
        except ReadError:
            continue
        assert texts
        "".join(texts.values()).encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'title,text\nA,"One, two"\nB,Three\n',
            {"row 2": "A\n\nOne, two", "row 3": "B\n\nThree"},
            id="commas",
        ),
        pytest.param(
            "Titel;Text\nA;Eins, zwei\nB;Drei, vier, fünf\n",
            {"row 2": "Eins, zwei", "row 3": "Drei, vier, fünf"},
            id="semicolons",
        ),
        pytest.param("title\tbody\nA\tOne word\n", {"row 2": "A\n\nOne word"}, id="tabs"),
        pytest.param("title|body\nA|One word\n", {"row 2": "A\n\nOne word"}, id="bars"),
        pytest.param("sep=;\ntitle;body\nA;One word\n", {"row 2": "A\n\nOne word"}, id="stated"),
        pytest.param(
            'text,n\n"One ""two""\n\nthree",1\n', {"row 2": 'One "two"\n\nthree'}, id="quoted"
        ),
        pytest.param(
            'text,n\n"One \\"two, three\\" four",1\nFive,2\n',
            {"row 2": 'One "two, three" four', "row 3": "Five"},
            id="escaped",
        ),
        pytest.param(
            'n\ttext\n1\t"One word\n2\tTwo\n3\tThree\n',
            {"row 2": '"One word', "row 3": "Two", "row 4": "Three"},
            id="a lone quotation mark",
        ),
        pytest.param(
            "text\nOne, two\nThree\n", {"row 2": "One, two", "row 3": "Three"}, id="one column"
        ),
        pytest.param(
            "n,text\n1,One word\n\n3,\n4,Four\n",
            {"row 2": "One word", "row 4": "no text in it.", "row 5": "Four"},
            id="blank row and empty text",
        ),
        pytest.param(
            "n,text\n1,One, two\n2,Three\n3,Four\n,,,\n",
            {"row 2": "One, two", "row 3": "Three", "row 4": "Four"},
            id="unquoted delimiter in the last column",
        ),
        pytest.param(
            "text,n\nOne, two,1\nThree words,2\nFour,3\nFive,4,,\n",
            {
                "row 2": "more cells than the header has.",
                "row 3": "Three words",
                "row 4": "Four",
                "row 5": "Five",
            },
            id="unquoted delimiter elsewhere",
        ),
        pytest.param(
            "Export of 2024,,\n\nheadline,summary,date\nA,One word,2024\n",
            {"row 4": "A\n\nOne word"},
            id="lines above the header",
        ),
        pytest.param(
            "text,text,n\n,One word,1\nTwo,x,2\n", {"row 2": "One word", "row 3": "Two"}, id="twice"
        ),
    ],
)
def test_a_document_a_row(text: str, expected: dict[str, str]) -> None:
    assert from_table(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'vendor,amount,description\nAcme,"1,000",Paving\nBo,,Paint\n',
            "vendor: Acme; amount: 1,000; description: Paving\n\nvendor: Bo; description: Paint",
            id="amounts",
        ),
        pytest.param(
            "Spending,,\n,,\ncity,2019,2020\nParis,1,2\n",
            "Spending\n\ncity: Paris; 2019: 1; 2020: 2",
            id="years as names, a title above",
        ),
        pytest.param(
            "name;share\nA;1,5\nB;2,7\n",
            "name: A; share: 1,5\n\nname: B; share: 2,7",
            id="decimals",
        ),
        pytest.param(
            '"who","what"\n"Doe, Jane","x"\n"Roe, Bo","y"\n',
            "who: Doe, Jane; what: x\n\nwho: Roe, Bo; what: y",
            id="a comma in each cell",
        ),
        pytest.param("1,2\n3,4\n", "1; 2\n\n3; 4", id="no header"),
        pytest.param("a,b\n1,2,3\n4\n5,6\n", "a: 1; b: 2; 3\n\na: 4\n\na: 5; b: 6", id="ragged"),
        pytest.param("id,text\n1,\n2,\n", "id: 1\n\nid: 2", id="a text column without text"),
        pytest.param('a,b\n"x\ny",<b>z</b>\n', "a: x y; b: z", id="cells are one line"),
        pytest.param(
            "document,pages\na.pdf,3\n", "document: a.pdf; pages: 3", id="a text column of names"
        ),
        pytest.param("milk\nbread\n", "milk\n\nbread", id="a list"),
    ],
)
def test_other_tables_are_one_document(text: str, expected: str) -> None:
    assert from_table(text) == {"table": expected}


def test_fields_and_encodings_of_tables() -> None:
    text = (
        "Date Published;Byline;Outlet;Headline;Body\n"
        "3 June 2024;By Zoë Roca;Der Bote;Brücke öffnet;Die Brücke öffnet im Frühjahr.\n"
    )
    expected = Content(
        "Brücke öffnet\n\nDie Brücke öffnet im Frühjahr.",
        title="Brücke öffnet",
        author="Zoë Roca",
        date="2024-06-03",
        source="Der Bote",
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert next(table.parts(text.encode(encoding))).held == expected


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        pytest.param(
            ["3/4/2024", "23/6/2024 10:00", "5/5/2024", "soon"],
            ["2024-04-03", "2024-06-23", "2024-05-05", None],
            id="day first",
        ),
        pytest.param(["03/04/2024", "6/23/2024"], ["2024-03-04", "2024-06-23"], id="month first"),
        pytest.param(["3/4/2024", "5/6/2024"], [None, None], id="untold"),
        pytest.param(
            ["3/4/2024", "23/6/2024", "6/23/2024"], [None, "2024-06-23", "2024-06-23"], id="both"
        ),
    ],
)
def test_a_column_tells_the_order_of_its_dates(
    dates: list[str], expected: list[str | None]
) -> None:
    rows = "".join(f"{date},{PROSE}\n" for date in dates)
    parts = list(table.parts(f"date,text\n{rows}".encode()))
    assert [part.held.date for part in parts if isinstance(part.held, Content)] == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "without rows", id="empty"),
        pytest.param(b"\n , ,\n", "without rows", id="blank"),
        pytest.param(b"a,b\n", "without rows", id="header alone"),
        pytest.param(b"a," * 3000 + b"\n", "columns", id="wide"),
        pytest.param(b"a\n" * 1_000_001, "rows", id="long"),
        pytest.param(b"a,b\n1," + b"x" * 10_000_001 + b"\n", "can be read", id="large cell"),
        pytest.param(b"PK\x03\x04\0\0", "binary", id="binary"),
    ],
)
def test_tables_that_cant_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        list(table.parts(data))


def test_a_table_with_too_much_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_MOST_CHARACTERS", 100)
    with pytest.raises(ReadError, match="more than 100 characters"):
        from_table("a,b\n" + "one,two\n" * 20)


@given(st.data(), st.sampled_from(",;\t|"))
def test_what_csv_writes_comes_back(data: st.DataObject, delimiter: str) -> None:
    # A line of nothing but delimiters inside a cell can be taken for a row.
    cell = st.text("ab \"'é\n", min_size=1) | st.text(f"ab \"'é{delimiter}", min_size=1)
    rows = data.draw(st.lists(st.tuples(st.integers(0, 99), cell), min_size=1, max_size=8))
    file = io.StringIO()
    written = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    written.writerows([("n", "title", "text"), *((n, "A", f"x {text} x") for n, text in rows)])
    found = from_table(file.getvalue())
    assert list(found) == [f"row {number}" for number in range(2, len(rows) + 2)]
    assert list(found.values()) == [f"A\n\n{as_text(f'x {text} x')}" for _, text in rows]


@given(st.text('a1,;\t|"\\\n <p>&', max_size=60) | st.binary(max_size=60).map(repr))
def test_any_text_gives_parts_or_an_error(text: str) -> None:
    try:
        found = from_table(f"title,text\n{text}")
    except ReadError:
        return
    assert found
