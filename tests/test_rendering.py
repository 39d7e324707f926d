"""Rendering: what is made harmless, what people read, what programs parse."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path, PurePosixPath, PureWindowsPath

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Attribution,
    Chunk,
    Citation,
    Document,
    Filters,
    Hit,
    IndexCard,
    ModelCard,
    Sentence,
    Span,
    Summary,
)
from ragtool.rendering import answers, forms, listings, passages
from ragtool.rendering.harmless import harmless, json_line
from ragtool.rendering.look import Look, flowed, path_text, size_text
from ragtool.reports import Change, Failure, Finding, IndexReport, IndexStatus

SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"
PLAIN = Look()

TEXT = (
    "The mill by the river\n"
    "\n"
    "The council met on Monday.\n"
    "The Herald reported that Ann Lee claimed that the owner denied the spill. It was late.\n"
    "Nobody else spoke.\n"
    "Read also: the weather\n"
)


def paragraphs_of(text: str) -> tuple[Sentence, ...]:
    """Each non-blank line as a paragraph of one sentence."""
    found: list[Sentence] = []
    at = 0
    for line in text.split("\n"):
        if line.strip():
            found.append(Sentence(Span(at, at + len(line)), len(found) + 1))
        at += len(line) + 1
    return tuple(found)


def document(text: str = TEXT, **changes: str | None) -> Document:
    plain = Document("/news/mill.txt", "a" * 64, text, title="The mill", date="2024-06-03")
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # text fields only


def chunk(of: Document | None = None, *, first: int = 2, last: int = 3) -> Chunk:
    held = of or document()
    sentences = paragraphs_of(held.text)[first:last]
    span = Span(sentences[0].span.start, sentences[-1].span.end)
    return Chunk("0123456789abcdef", held, span, sentences)


def citation(of: Document | None = None, *, number: int = 1) -> Citation:
    held = of or document()
    start = held.text.index("The Herald")
    end = held.text.index(" It was late.")
    return Citation(number, "0123456789abcdef", held, Span(start, end), 3, None)


def link(speaker: str, cue: str, *, number: int = 1) -> Attribution:
    start = TEXT.index(speaker)
    return Attribution(speaker, cue, number, Span(start, start + len(speaker)))


CHAIN = (link("the owner", "denied"), link("Ann Lee", "claimed"), link("The Herald", "reported"))
SAID = AnswerSentence("The owner denied the spill, Ann Lee claimed.", (1,), "supported", CHAIN)
PARTLY = AnswerSentence("It was late.", (1, 2), "partly_supported")
MODEL = ModelCard("small", "b" * 64)
TIMINGS = {
    "retrieve_ms": 1,
    "first_token_ms": 2,
    "total_ms": 3,
    "prompt_tokens": 4,
    "completion_tokens": 5,
}


def answered() -> Answer:
    return Answer(
        question="Who denied the spill?",
        status="answered",
        sentences=(SAID, PARTLY),
        citations=(citation(), citation(number=2)),
        nearest=(),
        retrieved=(Hit(1, 0.712345, chunk()),),
        model=MODEL,
        index=IndexCard("c" * 64, 1, 2),
        settings=AnswerSettings(8, Filters(since="2024"), "0.1.0"),
        timings=TIMINGS,
    )


def not_found() -> Answer:
    return dataclasses.replace(
        answered(), status="not_found", sentences=(), citations=(), nearest=(citation(),), id="q7"
    )


def summary() -> Summary:
    return Summary((document(),), (SAID,), (citation(),), MODEL, TIMINGS)


REPORT = IndexReport(
    {Change.ADDED: 2, Change.FAILED: 1}, 9, (Failure("/news/\x1b[2J.txt", "no text"),), 1.23456
)


@pytest.mark.parametrize(
    ("attack", "shown"),
    [
        ("plain text — “quoted”, naïve, 漢字, 👍", "plain text — “quoted”, naïve, 漢字, 👍"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]52;c;cm0gLXJm\x1b\\", "␛]52;c;cm0gLXJm␛\\"),
        ("\x9b31mred", "\ufffd31mred"),
        ("\x90q\x9c", "\ufffdq\ufffd"),
        ("good\rbad", "good bad"),
        ("good\b\b\b\bbad", "good␈␈␈␈bad"),
        (
            "one\r\ntwo\nthree\u2028four\u2029five\x85six\vseven\feight",
            "one  two three four five six seven eight",
        ),
        ("a\tb", "a b"),
        ("nul\x00del\x7f", "nul␀del␡"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2066isolate\u2069 \u202bembed\u202c", "isolate embed"),
        ("pay\u200bpal \u2060x\ufeffy so\u00adft", "paypal xy soft"),
        ("a\u200cb\u200dc\u200ed\u200fe\u061cf", "abcdef"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\u202e\u200eא\u200e\u200e", "א\u200e"),
        ("lone \ud800 and \udfff", "lone \ufffd and \ufffd"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("\ufff9under\ufffaruby\ufffb", "underruby"),
        ("\uffff", "\ufffd"),
    ],
    ids=[
        "plain",
        "colour",
        "window title",
        "clipboard",
        "C1 introducer",
        "C1 device control",
        "carriage return",
        "backspaces",
        "line ends",
        "tab",
        "NUL and DEL",
        "right-to-left override",
        "isolates and embeddings",
        "no width",
        "stray joiners",
        "Persian joiner",
        "joined emoji",
        "joiner behind an override",
        "lone surrogates",
        "tags",
        "interlinear",
        "noncharacter",
    ],
)
def test_harmless(attack: str, shown: str) -> None:
    assert harmless(attack) == shown


ANY_TEXT = st.text(st.characters(categories=["Cc", "Cf", "Cs", "L", "N", "P", "S", "Z", "Co"]))


@given(ANY_TEXT)
def test_harmless_text_is_one_printable_line_and_stays(text: str) -> None:
    shown = harmless(text)
    assert harmless(shown) == shown
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")


@given(ANY_TEXT)
def test_json_gives_the_text_back_and_can_not_act(text: str) -> None:
    line = json_line({"text": text})
    read = json.loads(line)["text"]
    # Two lone surrogates side by side are one character in JSON.
    assert read == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert len(line.splitlines()) == 1
    line.encode("utf-8")
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_an_answer_as_text() -> None:
    assert answers.answer_text(answered(), PLAIN) == (
        "The owner denied the spill, Ann Lee claimed. [1] "
        "It was late. [1][2] (partly supported)\n"
        "\n"
        '[1] "The Herald reported that Ann Lee claimed that the owner denied the spill."\n'
        "    The mill · /news/mill.txt · 2024-06-03 · paragraph 3\n"
        "    the owner denied → Ann Lee claimed → The Herald reported\n"
        '[2] "The Herald reported that Ann Lee claimed that the owner denied the spill."\n'
        "    The mill · /news/mill.txt · 2024-06-03 · paragraph 3"
    ).replace("/news/mill.txt", path_text("/news/mill.txt", PLAIN))


def test_an_answer_that_was_not_found_shows_the_nearest_passages() -> None:
    text = answers.answer_text(not_found(), PLAIN)
    assert text.startswith("The sources hold no answer to this.\n\nNearest passages:\n[1] ")
    bare = dataclasses.replace(not_found(), nearest=())
    assert answers.answer_text(bare, PLAIN) == "The sources hold no answer to this."


def test_lines_are_broken_at_the_width_and_longer_words_stay_whole() -> None:
    lines = answers.answer_text(answered(), Look(width=24)).split("\n")
    assert all(len(line) <= 24 or " " not in line.strip() for line in lines)
    assert max(map(len, lines)) <= 24


def test_colour_adds_nothing_but_escape_sequences() -> None:
    coloured = answers.answer_text(answered(), Look(colour=True))
    assert "\x1b[" in coloured
    for code in ("1", "2", "22"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == answers.answer_text(answered(), PLAIN)


def test_what_a_document_says_can_not_act_in_any_text() -> None:
    evil = "\x1b[2J\u202e\x9b1m"
    bad = document(evil + "\n" + TEXT, title=evil, source=evil, path=f"/news/{evil}", date=evil)
    said = dataclasses.replace(
        SAID, text=evil, attribution=(Attribution(evil, evil, 1, Span(0, 3)),)
    )
    answer = dataclasses.replace(answered(), sentences=(said,), citations=(citation(bad),))
    missing = dataclasses.replace(not_found(), nearest=(citation(bad),))
    hits = (Hit(1, 0.5, chunk(bad, first=0)),)
    status = IndexStatus(evil, "f", 1, 1, 1, 1, evil, evil, evil)
    failure = Failure(evil, evil)
    texts = [
        answers.answer_text(answer, PLAIN),
        answers.answer_text(missing, PLAIN),
        answers.summary_text(Summary((bad,), (said,), (citation(bad),), MODEL), PLAIN),
        passages.hits_text(hits, PLAIN),
        passages.sources_text(hits, PLAIN),
        passages.passage_text(chunk(bad, first=0), Span(0, 5), PLAIN),
        listings.documents_text((bad,), PLAIN),
        listings.status_text(status, (failure,), PLAIN),
        listings.findings_text((Finding("a", False, evil, evil),), PLAIN),
    ]
    for text in texts:
        assert "\n".join(map(harmless, text.split("\n"))) == text


@given(
    st.lists(st.lists(st.text("abcdé", min_size=1, max_size=9), min_size=1), min_size=1),
    st.integers(12, 40),
)
def test_a_flow_of_pieces_reads_as_one_text(sentences: list[list[str]], width: int) -> None:
    look, written = Look(width=width), ""
    for words in sentences:
        column = len(written.rpartition("\n")[2])
        written += flowed(" ".join(words), look, column=column)
    assert written == flowed(" ".join(" ".join(words) for words in sentences), look)


def test_a_passage_is_marked_in_its_surroundings() -> None:
    cited = citation()
    text = passages.passage_text(chunk(), cited.span, PLAIN)
    assert text.split("\n\n")[1:] == [
        "The council met on Monday.",
        "»The Herald reported that Ann Lee claimed that the owner denied the spill.« It was late.",
        "Nobody else spoke.",
    ]


def test_a_passage_over_several_paragraphs_is_lit_line_by_line() -> None:
    whole = chunk(first=1, last=3)
    text = passages.passage_text(whole, whole.span, Look(colour=True, width=30))
    lit = [line for line in text.split("\n")[2:] if line]
    assert lit[0] == "The mill by the river"
    assert lit[-1] == "Nobody else spoke."
    inner = lit[1:-1]
    assert len(inner) > 3
    assert all(line.startswith("\x1b[7m") and line.endswith("\x1b[27m") for line in inner)


@pytest.mark.parametrize(
    ("base", "path", "shown"),
    [
        (PurePosixPath("/news"), "/news/a/b.txt", "a/b.txt"),
        (PurePosixPath("/news"), "/newsroom/b.txt", "/newsroom/b.txt"),
        (None, "/news/b.txt", "/news/b.txt"),
    ],
    ids=["inside", "beside", "no base"],
)
def test_paths_are_relative_to_the_base(base: PurePosixPath | None, path: str, shown: str) -> None:
    if isinstance(Path(), PureWindowsPath):
        shown = shown.replace("/", "\\")
    assert path_text(path, Look(base=base and Path(base))) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (998, "998 bytes"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (1_117_320_768, "1.1 GB"),
    ],
    ids=str,
)
def test_sizes(size: int, shown: str) -> None:
    assert size_text(size) == shown


def test_listings() -> None:
    assert listings.report_text(REPORT) == (
        "2 added, 0 updated, 0 unchanged, 0 removed, 0 skipped, 1 failed; "
        "9 chunks in the index; 1.2 s"
    )
    findings = (Finding("python", True, "3.12"), Finding("index", False, "none", "ragtool index"))
    assert listings.findings_text(findings, PLAIN) == (
        "ok     python  3.12\nwrong  index   none\n       ragtool index"
    )
    status = IndexStatus("/i", "f" * 64, 3, 40, 1, 2_500_000, "mini", "small", None)
    text = listings.status_text(status, (Failure("/news/x", "empty"),), PLAIN)
    assert "documents   3\nchunks      40\nnot read    1\nsize        2.5 MB" in text
    assert text.endswith("not read: /news/x: empty".replace("/news/x", path_text("/news/x", PLAIN)))


@pytest.mark.parametrize(
    ("pages", "offset", "page"),
    [((), 5, None), ((0, 10, 20), 0, 1), ((0, 10, 20), 9, 1), ((0, 10, 20), 10, 2), ((0,), 99, 1)],
    ids=["no pages", "first", "end of first", "second", "behind the last"],
)
def test_the_page_of_an_offset(pages: tuple[int, ...], offset: int, page: int | None) -> None:
    held = dataclasses.replace(document(), pages=pages)
    assert forms.page_at(held, offset) == page


FORMS = {
    "answer": (
        [forms.answer_form(answered()), forms.answer_form(not_found())],
        "schema id question status answer sentences citations nearest retrieved model index "
        "settings timings",
    ),
    "summary": (
        [forms.summary_form(summary())],
        "schema documents summary sentences citations model timings",
    ),
    "search": (
        [forms.search_form("q", ()), forms.search_form("q", (Hit(1, 0.5, chunk()),))],
        "query hits",
    ),
    "index": ([forms.index_form(REPORT)], "documents chunks failures seconds skipped"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_fit_their_schemas_in_the_promised_order(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    examples, keys = FORMS[name]
    for example in examples:
        read = json.loads(json_line(example))
        jsonschema.Draft202012Validator(schema).validate(read)
        assert list(read) == keys.split()


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"status": "maybe"},
        {"answer": "Something."},
        {"sentences": [{"text": "x", "citations": [], "verdict": "supported", "attribution": []}]},
        {"nearest": [{}]},
        {"timings": {"total_ms": -1}},
        {"retrieved": [{"chunk_id": "0123456789abcdef", "path": "/a", "score": 1.5}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_of_answers_refuses(change: dict[str, object]) -> None:
    schema = json.loads((SCHEMAS / "answer.schema.json").read_text(encoding="utf-8"))
    wrong = {**forms.answer_form(not_found()), **change}
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_an_unsupported_sentence_never_fits_the_schema() -> None:
    schema = json.loads((SCHEMAS / "answer.schema.json").read_text(encoding="utf-8"))
    wrong = dataclasses.replace(
        answered(), sentences=(dataclasses.replace(SAID, verdict="unsupported"),)
    )
    assert not jsonschema.Draft202012Validator(schema).is_valid(forms.answer_form(wrong))


def test_what_schemas_share_is_the_same_in_all() -> None:
    seen: dict[str, object] = {}
    for path in sorted(SCHEMAS.glob("*.json")):
        for name, shape in json.loads(path.read_text(encoding="utf-8")).get("$defs", {}).items():
            assert seen.setdefault(name, shape) == shape, f"{name} in {path.name}"


def test_the_answer_of_the_json_carries_its_marks() -> None:
    form = forms.answer_form(answered())
    assert form["answer"] == (
        "The owner denied the spill, Ann Lee claimed. [1] It was late. [1][2]"
    )
    assert form["retrieved"] == [
        {"chunk_id": "0123456789abcdef", "path": "/news/mill.txt", "score": 0.7123}
    ]


@given(st.data())
def test_the_quote_is_the_span_to_the_letter(data: st.DataObject) -> None:
    text = data.draw(st.text(min_size=1))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    held = document(text)
    sentence = Sentence(Span(0, len(text)), 1)
    whole = Chunk("0123456789abcdef", held, Span(0, len(text)), (sentence,))
    form = json.loads(json_line(forms.passage_form(whole, Span(start, end))))
    assert form["quote"] == text[form["span"][0] : form["span"][1]]
