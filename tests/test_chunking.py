# ruff: noqa: RUF001 (typographic quotes and Cyrillic are what these tests are about)
from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.chunking import chunks, embedded_text, paragraphs, sentences
from ragtool.records import Document, Span
from ragtool.sentences import LONGEST, count_words

# Pieces that the rules look at, so that random texts reach them.
TOKENS = [
    *(
        "Mr.",
        "U.S.",
        "J.",
        "No.",
        "5",
        "3.5",
        "p.m.",
        "The",
        "he",
        "Clarke",
        "said",
        "e.g.",
        "etc.",
    ),
    *(". ", "! ", "?”", "“", "”", '"', "…", "...", "(", ")", "[1]", "。", "！", "»", "«", "—", ","),
    *(" ", " ", " ", "\n", "\n\n", "\t", "\r", "\u2028", "\u00a0", "世界", "мир", "é", "😀", "- "),
]
texts = st.one_of(st.text(), st.lists(st.sampled_from(TOKENS), max_size=120).map("".join))


def document(text: str, title: str | None = None, date: str | None = None) -> Document:
    return Document(path="/a.txt", sha256="0" * 64, text=text, title=title, date=date)


def split(text: str) -> list[str]:
    return [sentence.span.of(text) for sentence in sentences(text)]


def joined(*parts: str) -> str:
    return " ".join(parts)


def prose(words: int, *, end: str = ".") -> str:
    return "A" + " b" * (words - 1) + end


def assert_covers(text: str, spans: list[Span]) -> None:
    """Sorted, disjoint, trimmed, and holding all that isn't white space once."""
    assert all(span.of(text) == span.of(text).strip() != "" for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), len(text)]
    gaps = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
    assert not "".join(gaps).strip()


# Each row is a text given as its sentences.
@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(["Mr. Smith met Gen. Milley on Jan. 5.", "They spoke."], id="titles"),
        pytest.param(["ST. JOSEPH lies west of DR. Adams St. today."], id="capitals"),
        pytest.param(["The U.S. Senate voted.", "He left the U.S.", "She stayed."], id="acronyms"),
        pytest.param(["Sen. Bob Menendez, D-N.J., was charged.", "He denied it."], id="party"),
        pytest.param(["It was No. 5.", "He said no.", "Smith left."], id="number or no"),
        pytest.param(["J. K. Rowling and J.R.R. Tolkien wrote it.", "We read it."], id="initials"),
        pytest.param(["John F. Kennedy met James P. Smith Jr. in May."], id="middle initials"),
        pytest.param(["It ends at 5 p.m.", "Then we go at 9 a.m. on Monday."], id="hours"),
        pytest.param(["Police came at 6:30 a.m. Friday.", "It was 5 p.m. ET."], id="hours, days"),
        pytest.param(["It rose 3.5 percent to $1.2 million.", "It fell later."], id="decimals"),
        pytest.param(["The total was 5.", "In 2020 it was 6.", "2021 was worse."], id="numbers"),
        pytest.param(["2020 began with 5.", "Then came 6."], id="number at both ends"),
        pytest.param(["1. Eat more fibre.", "It helps."], id="item's number"),
        pytest.param(["“We are done.” he said.", "He left."], id="quote, small letter"),
        pytest.param(['"Why?" asked Ms. Clarke.', "Nobody knew."], id="question, small letter"),
        pytest.param(["“Why now?” Anna Holm asked.", "“Why?”", "He shrugged."], id="who asked"),
        pytest.param(["“First.", "Second,” he said.", "Then he left."], id="sentences in a quote"),
        pytest.param(['He said: "We won."', '"No," she replied.', "It ended."], id="two quotes"),
        pytest.param(["‘We are done.’", "‘Not yet,’ said Mary."], id="single quotes"),
        pytest.param(["“It’s over!” — he shouted.", "End."], id="dash after a quote"),
        pytest.param(["He paused... and went on.", "It was over...", "Then silence."], id="dots"),
        pytest.param(["He left (he was tired.)", "She stayed [as always]."], id="brackets"),
        pytest.param(["Prices rose.[1]", "They fell later.[2][3]", "End."], id="note marks"),
        pytest.param(["Really?!", "Yes!", "What?"], id="marks"),
        pytest.param(["Apple Inc. said so.", "He runs Apple Inc.", "The firm declined."], id="inc"),
        pytest.param(["He works at Apple.", "iPhone sales rose."], id="brand"),
        pytest.param(["Visit www.example.com today.", "Mail a.b@c.org."], id="addresses"),
        pytest.param(["Am 3. Oktober sprach Dr. Müller.", "Es gab z. B. Streit."], id="german"),
        pytest.param(["„Wir sind fertig“, sagte er.", "„Nein.“", "Sie ging."], id="german quotes"),
        pytest.param(["В 2024 г. цены выросли.", "А. С. Пушкин родился в Москве."], id="russian"),
        pytest.param(["«Мы готовы!» — сказал он.", "Он ушёл."], id="russian quotes"),
        pytest.param(["El Sr. García dijo no.", "¿por qué?", "La Sra. López rio."], id="spanish"),
        pytest.param(["« C’est fini. »", "Mme. Durand a ri."], id="french"),
        pytest.param(["هل هذا صحيح؟", "نعم."], id="arabic"),
    ],
)
def test_sentences(expected: list[str]) -> None:
    assert split(joined(*expected)) == expected


def test_chinese_needs_no_spaces() -> None:
    assert split("他说了。我们走吧！“好吗？”") == ["他说了。", "我们走吧！", "“好吗？”"]


def test_a_line_is_a_paragraph_and_no_sentence_crosses_it() -> None:
    text = "A heading\nFirst one. Second\none.\n\n\n  Third.  \n"
    assert [(each.paragraph, each.span.of(text)) for each in sentences(text)] == [
        (1, "A heading"),
        (2, "First one."),
        (2, "Second"),
        (3, "one."),
        (4, "Third."),
    ]


WRAPPED = (
    "The paper mill in the valley will close at the end of the year, its\n"
    "owner said on Monday. Mr. Weil, who has worked there since 1991, has\n"
    "learned of it from the radio."
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param(" \n\t\n", 0, id="blank"),
        pytest.param("One\nTwo\n\nThree", 3, id="lines"),
        pytest.param(WRAPPED, 1, id="wrapped"),
        pytest.param(f"{WRAPPED}\n\n{WRAPPED}", 2, id="two wrapped"),
        pytest.param(f"  {WRAPPED}\n{WRAPPED}", 2, id="wrapped, no blank line between"),
        pytest.param(f"A title\n\n{WRAPPED}", 2, id="title over wrapped"),
        pytest.param(f"{WRAPPED}\n- one\n- two", 3, id="items under wrapped"),
        pytest.param("A headline of some length that stands alone\nBy Jane Doe", 2, id="byline"),
        pytest.param("A whole sentence stands on this line.\n" * 9, 9, id="sentences"),
        pytest.param("\n".join(f"{name}, 31, painter" for name in "ABCDEFG"), 7, id="list"),
        pytest.param("- milk\n- bread\n- a long item that goes on and on", 3, id="items"),
        pytest.param("One\r\u2028Two", 1, id="only newlines end a line"),
    ],
)
def test_paragraphs(text: str, count: int) -> None:
    assert len(paragraphs(text)) == count


def test_sentences_of_wrapped_prose_run_over_its_lines() -> None:
    assert [sentence.replace("\n", " ") for sentence in split(WRAPPED)] == [
        "The paper mill in the valley will close at the end of the year, its owner said on Monday.",
        "Mr. Weil, who has worked there since 1991, has learned of it from the radio.",
    ]


@given(texts)
def test_paragraphs_cover_the_text(text: str) -> None:
    assert_covers(text, list(paragraphs(text)))


@given(texts)
def test_sentences_cover_the_text_within_paragraphs(text: str) -> None:
    found, whole = sentences(text), paragraphs(text)
    assert_covers(text, [sentence.span for sentence in found])
    assert all(whole[each.paragraph - 1].holds(each.span) for each in found)
    assert {each.paragraph for each in found} == set(range(1, len(whole) + 1))


@pytest.mark.parametrize(
    "text",
    [
        "word " * 1_000,
        "word, " * 1_000,
        "cell\t| " * 500,
        "世" * 1_000,
        "x" * 10_000,
        "a" * 3_000 + " b" * 300,
    ],
    ids=["no marks", "commas", "table", "chinese", "one run", "mixed"],
)
def test_no_sentence_is_too_long(text: str) -> None:
    found = sentences(text)
    assert_covers(text, [sentence.span for sentence in found])
    assert all(count_words(sentence.span.of(text)) <= LONGEST for sentence in found)


def test_long_sentences_are_cut_at_clause_marks() -> None:
    text = "a " * 89 + "b, " + "c " * 100
    assert [piece[-2:] for piece in split(text)] == ["b,", " c"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("one two", 2), ("世界 x", 3), ("x" * 24, 1), ("x" * 25, 2), ("a-b, c", 2)],
)
def test_words(text: str, count: int) -> None:
    assert count_words(text) == count


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", [".", ". ", '"', '."', "A. ", '...." ', "!? “", "(\n", "1. "])
def test_hostile_text_takes_linear_time(part: str) -> None:
    text = part * 50_000
    assert_covers(text, [chunk.span for chunk in chunks(document(text))])


@given(texts, st.integers(1, 60))
def test_chunks_hold_every_sentence_once(text: str, words: int) -> None:
    source = document(text)
    found = chunks(source, words=words)
    assert_covers(text, [chunk.span for chunk in found])
    assert tuple(sentence for chunk in found for sentence in chunk.sentences) == sentences(text)
    for chunk in found:
        assert chunk.document is source
        assert chunk.text == text[chunk.span.start : chunk.span.end]
        assert chunk.span.start == chunk.sentences[0].span.start
        assert chunk.span.end == chunk.sentences[-1].span.end
    assert len({chunk.chunk_id for chunk in found}) == len(found)


@given(st.lists(st.integers(1, 130), max_size=40), st.lists(st.booleans(), min_size=40))
def test_chunks_are_about_as_long_as_asked(lengths: list[int], breaks: list[bool]) -> None:
    gaps = ["\n" if broken else " " for broken in breaks]
    text = "".join(prose(length) + gap for length, gap in zip(lengths, gaps, strict=False))
    found = chunks(document(text))
    sizes = [count_words(chunk.text) for chunk in found]
    assert all(size <= 180 for size in sizes[:-1])
    assert all(size <= 180 + 30 for size in sizes[-1:])
    assert len(found) < 2 or sizes[-1] >= 30


@pytest.mark.parametrize(
    ("lines", "sizes"),
    [
        pytest.param([100, 70, 100], [170, 100], id="at a paragraph's end"),
        pytest.param([170, 100], [170, 100], id="a paragraph each"),
        pytest.param([60, 60, 60], [180], id="just fits"),
        pytest.param([170, 29], [199], id="a tail joins"),
        pytest.param([170, 30], [170, 30], id="no tail"),
        pytest.param([10], [10], id="short document"),
    ],
)
def test_packing(lines: list[int], sizes: list[int]) -> None:
    text = "\n".join(
        " ".join(prose(min(10, size - start)) for start in range(0, size, 10)) for size in lines
    )
    assert [count_words(chunk.text) for chunk in chunks(document(text))] == sizes


def test_headings_go_with_what_follows() -> None:
    text = "\n".join([prose(100), "A heading", prose(100), "Another one", prose(100)])
    assert [chunk.text.split("\n")[0] for chunk in chunks(document(text))] == [
        prose(100),
        "A heading",
        "Another one",
    ]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(20, 110)), min_size=1, max_size=20))
def test_no_chunk_ends_with_a_heading(sections: list[tuple[int, int]]) -> None:
    text = "\n".join("Some heading\n" * above + prose(length) for above, length in sections)
    assert all(chunk.text.endswith(".") for chunk in chunks(document(text)))


def test_rows_of_short_lines_are_no_headings() -> None:
    text = "\n".join(f"Name number {count}" for count in range(200))
    sizes = [count_words(chunk.text) for chunk in chunks(document(text))]
    assert all(size > 170 for size in sizes[:-1])


def test_chunk_ids_name_the_place_in_the_file() -> None:
    source = document("Some text.")
    name = f"/a.txt\0{'0' * 64}\0{0}\0{10}"
    (chunk,) = chunks(source)
    assert chunk.chunk_id == hashlib.sha256(name.encode()).hexdigest()[:16]
    (again,) = chunks(Document(path="/b.txt", sha256="0" * 64, text="Some text."))
    assert again.chunk_id != chunk.chunk_id


@pytest.mark.parametrize(
    ("text", "about", "expected"),
    [
        ("Text.", {}, "Text."),
        ("Text.", {"title": "Mill closes"}, "Mill closes\nText."),
        ("Text.", {"date": "2024-06"}, "2024-06\nText."),
        ("Text.", {"title": "Mill closes", "date": "2024-06"}, "Mill closes (2024-06)\nText."),
        ("Mill closes\nText.", {"title": "Mill closes", "date": "2024"}, "Mill closes\nText."),
        ("# Mill closes\nText.", {"title": "Mill closes"}, "# Mill closes\nText."),
    ],
)
def test_embedded_text(text: str, about: dict[str, str], expected: str) -> None:
    (chunk,) = chunks(document(text, **about))
    assert embedded_text(chunk) == expected
    assert chunk.text == text
