"""Answers as pages: escaped, marked to the code point, linked both ways, and for everybody."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import re
import shutil
import socketserver
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Ragtool
from hypothesis import given
from test_rendering import (
    ANY_TEXT,
    CHAIN,
    MODEL,
    SAID,
    TEXT,
    answered,
    document,
    not_found,
    summary,
)

from ragtool.cli.pages import page_file, write_page
from ragtool.errors import RagtoolError, UsageError
from ragtool.records import Answer, AnswerSentence, Attribution, Citation, Document, Span, Summary
from ragtool.rendering.harmless import harmless
from ragtool.rendering.page import answers_page, summaries_page
from ragtool.rendering.page_style import STYLE
from ragtool.rendering.page_text import WHOLE, lines_shown, marked, shown_paragraphs

ROOT = Path(__file__).parent.parent
# `npm pack axe-core@4.10.3` unpacked there, or AXE_CORE with the path of axe.min.js.
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".venv" / "axe-core" / "package" / "axe.min.js"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
EVIL = (
    "</style></title><script>alert(1)</script><img src=http://evil.example/x onerror='a()'>\"'&lt;"
)
TURNED = "user\u202egnp.exe \u2066x\u2069\x1b[2J\x00"
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """What a page holds: its elements with attributes, and the words of some of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.marks: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "mark":
            self.marks.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "mark" in self.open:
            self.marks[-1] += data

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]

    def headings(self) -> list[int]:
        return [int(tag[1]) for tag, _ in self.elements if re.fullmatch("h[1-6]", tag)]


def cited(of: Document, *quotes: str) -> tuple[Citation, ...]:
    spans = [Span(of.text.index(quote), of.text.index(quote) + len(quote)) for quote in quotes]
    return tuple(
        Citation(number, "0123456789abcdef", of, span, 3, 2)
        for number, span in enumerate(spans, start=1)
    )


def an_answer(*citations: Citation) -> Answer:
    numbers = tuple(citation.number for citation in citations)
    said = AnswerSentence("The owner denied it.", numbers, "supported")
    return dataclasses.replace(answered(), sentences=(said,), citations=citations)


def a_long_document() -> Document:
    filler = "".join(f"Paragraph {n} of a long report says little.\n\n" for n in range(400))
    return document(filler[: len(filler) // 2] + "\n\n" + TEXT + "\n\n" + filler, path="/news/long")


def some_pages() -> dict[str, str]:
    """One page of every kind, by its name."""
    hostile = document(f"{EVIL}\n{TURNED}\n{TEXT}", title=EVIL, source=EVIL, path=f"/n/{EVIL}")
    bad = dataclasses.replace(an_answer(*cited(hostile, EVIL, TURNED)), question=EVIL + TURNED)
    german = document("Er sagte nichts dazu.", language="de", path="/news/de.txt")
    second = dataclasses.replace(
        cited(document(path="/news/other.txt"), "It was late.")[0], number=3
    )
    several = an_answer(*cited(a_long_document(), "The Herald reported", "Nobody else"), second)
    chained = dataclasses.replace(
        several, sentences=(*several.sentences, dataclasses.replace(SAID, citations=(1,)))
    )
    return {
        "answered": answers_page([answered()], settings=[("passages retrieved", "8")]),
        "not found": answers_page([not_found()]),
        "nothing near": answers_page([dataclasses.replace(not_found(), nearest=())]),
        "questions": answers_page([answered(), chained, not_found()]),
        "German": answers_page([an_answer(*cited(german, "Er sagte nichts dazu."))]),
        "summary": summaries_page([summary()]),
        "summaries": summaries_page([summary(), dataclasses.replace(summary(), sentences=())]),
        "hostile": answers_page([bad]),
    }


PAGES = some_pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_holds_all_that_it_shows(name: str) -> None:
    text = PAGES[name]
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>\n")
    assert page.elements[0] == ("html", {"lang": "en"})
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert {"http-equiv": "Content-Security-Policy", "content": policy} in [
        attrs for _, attrs in page.elements
    ]
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "form", "object", "base", "svg"}
    assert not set(page.values("src") + page.values("style") + page.values("onerror"))
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_place_on_the_page(name: str) -> None:
    page = Page(PAGES[name])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = page.values("href")
    assert all(target.startswith("#") for target in targets)
    assert {target[1:] for target in targets} <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_is_reached_by_keyboard_and_seen(name: str) -> None:
    links = [attrs for tag, attrs in Page(PAGES[name]).elements if tag == "a"]
    assert all("href" in attrs and "tabindex" not in attrs for attrs in links)
    assert re.search(r"a:focus-visible[^{]*\{ outline: 3px solid var\(--link\)", STYLE)
    assert len(re.findall(r"outline: none", STYLE)) == 1
    assert ".begin:target { outline: none; }" in STYLE  # no link; the mark behind it has one


@pytest.mark.parametrize("name", PAGES)
def test_headings_are_in_order(name: str) -> None:
    levels = Page(PAGES[name]).headings()
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_sentences_quotes_and_sources_are_linked_both_ways() -> None:
    text = PAGES["answered"]
    targets = Page(text).values("href")
    for number in (1, 2):
        assert f'id="a1-c{number}"' in text
        assert targets.count(f"#a1-m{number}") == 1
        assert targets.count(f"#a1-c{number}") == (3 if number == 1 else 2)
    assert targets.count("#a1-s1") == 1
    assert targets.count("#a1-s2") == 2


def test_an_answer_says_what_it_rests_on() -> None:
    told = document(source="The Herald", author="Ann Lee", path="/news/mill.txt")
    citation = cited(told, "the owner denied the spill")[0]
    said = dataclasses.replace(SAID, attribution=CHAIN)
    answer = dataclasses.replace(answered(), sentences=(said,), citations=(citation,))
    text = answers_page([answer], settings=[("passages retrieved", "8")])
    for words in (
        "<bdi>Who denied the spill?</bdi></h1>",
        "[1] “the owner denied the spill”",
        "page 2 · paragraph 3",
        "<li>the owner denied</li><li>Ann Lee claimed</li><li>The Herald reported</li>",
        "<b>Ann Lee</b>",
        "The mill by the river",
        "2024-06-03",
        "/news/mill.txt",
        *("a" * 64, "b" * 64, "c" * 64),
        "seed 0, temperature 0",
        "passages retrieved",
    ):
        assert words in text, words


def test_no_answer_is_said_with_the_nearest_passages() -> None:
    text = PAGES["not found"]
    assert "The sources hold no answer to this." in text
    assert "Nearest passages" in text
    assert Page(text).marks
    assert "Sources" not in PAGES["nothing near"]
    assert "c" * 64 in PAGES["nothing near"]


def test_a_summary_names_every_document_that_was_read() -> None:
    read = (document(), document(title="Unused", path="/news/unused.txt", sha256="d" * 64))
    text = summaries_page([dataclasses.replace(summary(), documents=read)])
    assert "<h1 " in text
    assert "<bdi>The mill</bdi> · <bdi>Unused</bdi></h1>" in text
    assert "d" * 64 in text


def test_quotes_and_sources_are_read_out_in_their_language() -> None:
    spoken = [
        (tag, attrs["lang"]) for tag, attrs in Page(PAGES["German"]).elements if "lang" in attrs
    ]
    assert spoken == [("html", "en"), ("blockquote", "de"), ("div", "de")]


def test_a_document_that_is_cited_often_is_shown_once() -> None:
    page = Page(PAGES["questions"])
    assert page.values("class").count("source") == 1 + 2 + 1


# The cited words, marked


@pytest.mark.parametrize(
    ("spans", "shown"),
    [
        ([(3, 6)], "012<1>345<[1]>6789"),
        ([(0, 10)], "<1>0123456789<[1]>"),
        ([(2, 6), (4, 8)], "01<1>23<2>45<[1]>67<[2]>89"),
        ([(2, 8), (4, 6)], "01<1>23<2>45<[2]>67<[1]>89"),
        ([(2, 5), (5, 8)], "01<1>234<[1]><2>567<[2]>89"),
        ([(2, 5), (2, 5)], "01<1><2>234<[1]><[2]>56789"),
        ([(8, 15)], "01234567<1>89"),
        ([], "0123456789"),
    ],
    ids=["one", "all", "overlap", "inside", "adjacent", "twice", "goes on", "none"],
)
def test_marks_stand_at_the_right_places(spans: list[tuple[int, int]], shown: str) -> None:
    marks = {number: Span(*span) for number, span in enumerate(spans, start=1)}
    text = marked("0123456789abcdef", Span(0, 10), marks, (), "a1")
    held = "".join(Page(text).marks)
    inside = [any(start <= at < end for start, end in spans) for at in range(10)]
    assert held == "".join(str(at) for at in range(10) if inside[at])
    text = re.sub(r'<span class="begin" id="a1-m(\d)">.*?</span></span>', r"<\1>", text)
    text = re.sub(r" <a [^>]*>(\[\d\])</a>", r"<\1>", text)
    assert re.sub("</?mark>", "", text) == shown


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Ein Satz. 👍🏽 „Zitat“ 漢字. Ende.", "„Zitat“ 漢字."),
        ("a & b < c > d. Next.", "b < c > d."),
        ("Two\nlines here.\nAnd on.", "Two\nlines here."),
        ("One.\n\nTwo paragraphs.\n\nEnd.", "One.\n\nTwo paragraphs."),
        ("  Indented.\nNext", "  Indented.\n"),
    ],
    ids=["beyond the BMP", "markup", "lines", "paragraphs", "white space at the ends"],
)
def test_what_is_marked_is_the_quote(text: str, quote: str) -> None:
    page = Page(answers_page([an_answer(*cited(document(text), quote))]))
    assert "".join("".join(page.marks).split()) == "".join(quote.split())
    assert "a1-m1" in page.values("id")
    assert page.values("href").count("#a1-c1") == 2


def test_speakers_are_bold_inside_and_outside_of_the_mark() -> None:
    text = "Ann Lee said that Bo left."
    shown = marked(text, Span(0, 26), {1: Span(8, 26)}, (Span(0, 7), Span(18, 20)), "a1")
    assert "<b>Ann Lee</b>" in shown.split("<mark>")[0]
    assert "<mark>said that <b>Bo</b> left.</mark>" in shown


def test_a_short_document_is_shown_whole() -> None:
    text = answers_page([an_answer(*cited(document(), "met on"))])
    words = re.sub(r"<[^>]*>", "", re.sub(r'<span class="away">.*?</span>| <a .*?</a>', "", text))
    for line in filter(None, TEXT.split("\n")):
        assert line in words
    assert "left out" not in text


def test_of_a_long_document_the_paragraphs_around_the_quotes_are_shown() -> None:
    of = a_long_document()
    assert len(of.text) > WHOLE
    page = answers_page([an_answer(*cited(of, "The Herald reported"))])
    assert "The council met on Monday." in page
    assert re.findall(r"\[… (\d+) paragraphs are left out here …\]", page)
    assert page.count('class="gap"') == 2
    assert "Paragraph 399 of" not in page


@given(ANY_TEXT)
def test_paragraphs_hold_all_words_and_no_gap(text: str) -> None:
    shown = list(shown_paragraphs(text, ()))
    held = "".join(span.of(text) for span in shown if isinstance(span, Span))
    assert "".join(held.split()) == "".join(text.split())


def test_gaps_are_counted() -> None:
    lines = [f"{number:04} " + "x" * 200 for number in range(100)]
    text = "\n".join(lines)
    at = text.index("0050")
    shown = list(shown_paragraphs(text, (Span(at, at + 4),)))
    counts = [each for each in shown if isinstance(each, int)]
    assert sum(counts) + len(shown) - len(counts) == 100
    assert len(counts) == 2
    kept = [each.of(text)[:4] for each in shown if isinstance(each, Span)]
    assert kept == ["0048", "0049", "0050", "0051"]


# What a document can do: nothing


def test_a_hostile_document_only_shows() -> None:
    text = PAGES["hostile"]
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == 1
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert html.escape(harmless(EVIL)) in text
    assert "".join(Page(text).marks).startswith(harmless(EVIL))


@pytest.mark.parametrize(
    "path", ["javascript:alert(1)", 'x" onclick="a()', "file:///etc/passwd", "\u202etxt.exe"]
)
def test_a_path_is_no_link_and_no_attribute(path: str) -> None:
    page = Page(answers_page([an_answer(*cited(document(path=path, title=None), "It was late."))]))
    assert all(value.startswith("#") for value in page.values("href"))
    assert page.values("onclick") == []


@given(ANY_TEXT)
def test_any_text_can_stand_anywhere(text: str) -> None:
    of = Document("/p" + text, "a" * 64, text + "\nIt was late.", text, text, text, text)
    link = Attribution(text, text, 1, Span(0, len(text)))
    said = AnswerSentence(text, (1,), "supported", (link,))
    answer = dataclasses.replace(
        answered(), question=text, sentences=(said,), citations=cited(of, "It was late.")
    )
    page = answers_page([answer])
    page.encode("utf-8")
    read = Page(page)
    assert set(read.values("href")) == {"#a1-c1", "#a1-m1", "#a1-s1"}
    assert not any(ord(char) < 32 and char != "\n" for char in page)
    assert not set(page) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")
    assert html.unescape(lines_shown(text)) == "\n".join(map(harmless, text.split("\n")))


# The colours


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """By WCAG's formula, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", range(3), ids=["light", "dark", "print"])
def test_contrast(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme]
    colour = dict(re.findall(r"--(\w+): (#\w{6})", block))
    for ink, ground in (
        ("text", "ground"),
        ("faint", "ground"),
        ("link", "ground"),
        ("text", "mark"),
    ):
        assert contrast(colour[ink], colour[ground]) >= 4.5, (ink, ground)
    for line in ("edge", "line"):
        assert contrast(colour[line], colour["ground"]) >= 3, line


# The file


def test_a_page_is_the_users_alone_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "answer.html"
    file.write_text("old")
    file.chmod(0o644)
    write_page(file, PAGES["hostile"], told=[answered()])
    assert file.read_bytes() == PAGES["hostile"].encode("utf-8")
    assert list(tmp_path.iterdir()) == [file]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "page.html").touch()
    (tmp_path / "link.html").symlink_to(tmp_path / "there" / "page.html")
    write_page(tmp_path / "link.html", "new", told=[])
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "there" / "page.html").read_text() == "new"


@pytest.mark.parametrize("below", ["", "/part.txt"], ids=["file", "part of a file"])
def test_a_source_is_never_replaced(below: str, tmp_path: Path) -> None:
    file = tmp_path.resolve() / "source.html"
    file.write_text("the original")
    of = document(path=f"{file}{below}".replace("/", os.sep))
    answer = an_answer(*cited(of, "It was late."))
    near = dataclasses.replace(answer, sentences=(), citations=(), nearest=answer.citations)
    for told in (answer, near, Summary((of,), (), (), MODEL)):
        with pytest.raises(UsageError, match="is a source of the answer"):
            write_page(file, "page", told=[told])
    assert file.read_text() == "the original"


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RagtoolError, match=r"answer\.html can't be written"):
        write_page(tmp_path / "gone" / "answer.html", "page", told=[])
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(RagtoolError, match=r"taken\.html can't be written"):
        write_page(tmp_path / "taken.html", "page", told=[])
    assert [each.name for each in tmp_path.iterdir()] == ["taken.html"]


@pytest.mark.parametrize("name", ["", "-", ".", "missing/answer.html", os.devnull])
def test_where_a_page_can_not_go(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        page_file(name)


@pytest.mark.slow
def test_the_commands_write_pages_and_markdown(
    ragtool: Ragtool, seed_index: Path, tmp_path: Path
) -> None:
    seed = {"RAGTOOL_INDEX": str(seed_index)}
    quick = ("--model", SMALL, "--quiet")
    who = "who claimed no rights violations?"
    plain = ragtool("ask", who, *quick, environ=seed)
    paged = ragtool("ask", who, *quick, "--html", "a.html", environ=seed)
    assert (paged.returncode, paged.stdout, paged.stderr) == (plain.returncode, plain.stdout, "")
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.marks
    assert who in (tmp_path / "a.html").read_text(encoding="utf-8")
    asked = ragtool(
        *("ask", "--questions", "-", "--markdown", "--html", "all.html", *quick),
        environ=seed,
        stdin=f"{who}\nwho won the 2022 World Cup?\n",
    )
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith(f"## {who}\n\n")
    assert "<h1>2 questions</h1>" in (tmp_path / "all.html").read_text(encoding="utf-8")
    story = tmp_path / "story.txt"
    story.write_text("The harbour closed on Friday.\n\nMayor Ana Ruiz said it was safe.\n")
    told = ragtool("summarize", story, "--markdown", "--html", "s.html", *quick)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("**")
    assert str(story.resolve()) in (tmp_path / "s.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["ask", "who?"], ["summarize", "x"]], ids=lambda one: one[0])
def test_json_and_markdown_are_not_given_together(command: list[str], ragtool: Ragtool) -> None:
    done = ragtool(*command, "--json", "--markdown")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not both" in done.stderr


# In a browser

Browse = Callable[..., str]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Opens a file in Chromium and gives the DOM as it is in the end."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")

    def run(file: Path, *flags: str) -> str:
        done = subprocess.run(
            [
                *(CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
                *("--no-first-run", "--disable-background-networking", "--disable-sync"),
                *("--disable-component-update", "--virtual-time-budget=20000"),
                f"--user-data-dir={tmp_path / 'profile'}",
                *(*flags, "--dump-dom", file.as_uri()),
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core is not at {AXE}")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["German", "questions", "not found", "summaries", "hostile"])
def test_axe_finds_nothing(name: str, dark: bool, browse: Browse, tmp_path: Path) -> None:
    found = axed(PAGES[name], browse, tmp_path, dark=dark)
    assert found["violations"] == []
    assert found["passes"] > 15
    assert found["dark"] is dark


@pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core is not at {AXE}")
def test_axe_would_find_something(browse: Browse, tmp_path: Path) -> None:
    page = (
        PAGES["answered"].replace('lang="en"', "").replace("--faint: #55585e", "--faint: #bbbbbb")
    )
    found = {violation for violation, _ in axed(page, browse, tmp_path, dark=False)["violations"]}
    assert found >= {"html-has-lang", "color-contrast"}


def axed(page: str, browse: Browse, folder: Path, *, dark: bool) -> dict[str, Any]:
    """What axe-core says of a copy of the page in which scripts may run."""
    copy = re.sub(r"<meta http-equiv=[^>]*>", "", page)
    script = AXE.read_text(encoding="utf-8")
    run = (
        "axe.run(document,{resultTypes:['violations']}).then(found=>{"
        "document.body.innerHTML='';const told=document.createElement('pre');told.id='axe';"
        "told.textContent=JSON.stringify({violations:found.violations.map("
        "each=>[each.id,each.nodes.map(node=>node.html)]),passes:found.passes.length,"
        "dark:matchMedia('(prefers-color-scheme: dark)').matches});"
        "document.body.append(told)})"
    )
    file = folder / "axe.html"
    file.write_text(
        copy.replace("</body>", f"<script>{script}</script><script>{run}</script></body>"),
        encoding="utf-8",
    )
    dom = browse(file, *(["--blink-settings=preferredColorScheme=0"] if dark else []))
    told = re.search(r'<pre id="axe">(.*?)</pre>', dom, re.DOTALL)
    assert told is not None
    found: dict[str, Any] = json.loads(html.unescape(told[1]))
    return found


def test_a_page_asks_the_net_for_nothing(browse: Browse, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    for name, page in PAGES.items():
        file.write_text(page, encoding="utf-8")
        with recorded() as (proxy, asked):
            browse(file, proxy, "--proxy-bypass-list=<-loopback>")
        assert asked == [], name
    # The same picture on a page that neither escapes nor forbids anything.
    file.write_text(f"<body>{EVIL.partition('</script>')[2]}</body>", encoding="utf-8")
    with recorded() as (proxy, asked):
        browse(file, proxy)
    assert asked == ["GET http://evil.example/x HTTP/1.1"]


@contextmanager
def recorded() -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers nothing: the flag that names it, and the first lines that came,
    but for those of Chromium itself, which asks its maker's hosts at every start."""
    lines: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode("latin-1").strip()
            if not re.match(r"\w+ (http://)?[\w.-]+\.(google|googleapis|gvt1)\.com[:/]", line):
                lines.append(line)
            self.wfile.write(b"HTTP/1.1 404 Nothing\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"--proxy-server=http://127.0.0.1:{server.server_address[1]}", lines
        server.shutdown()
