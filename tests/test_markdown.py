"""Answers as Markdown: footnotes, and nothing of the text read as syntax."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from test_rendering import (
    ANY_TEXT,
    MODEL,
    PLAIN,
    SAID,
    answered,
    citation,
    document,
    not_found,
    summary,
)

from ragtool.records import Attribution, Span, Summary
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import path_text
from ragtool.rendering.markdown import (
    answer_markdown,
    escaped,
    question_markdown,
    summary_markdown,
)

PATH = path_text("/news/mill.txt", PLAIN)
QUOTE = "“The Herald reported that Ann Lee claimed that the owner denied the spill.”"
PLACE = f"*The mill*, 2024-06-03, paragraph 3, `{PATH}`."


def test_an_answer() -> None:
    assert answer_markdown(answered(), PLAIN) == (
        "The owner denied the spill, Ann Lee claimed.[^1] "
        "It was late.[^1][^2] (partly supported)\n"
        "\n"
        f"[^1]: {QUOTE} {PLACE} the owner denied → Ann Lee claimed → The Herald reported.\n"
        f"[^2]: {QUOTE} {PLACE}"
    )


def test_footnotes_are_numbered_on_from_those_above() -> None:
    text = answer_markdown(answered(), PLAIN, before=7)
    assert re.findall(r"\[\^(\d+)\]", text) == ["8", "8", "9", "8", "9"]
    assert "[^3]: “" in summary_markdown(summary(), PLAIN, before=2)


def test_the_whole_place() -> None:
    told = document(source="The *Herald*", author="A_B")
    answer = dataclasses.replace(
        answered(), citations=(dataclasses.replace(citation(told), page=2),)
    )
    assert (
        f"*The mill*, The \\*Herald\\*, A\\_B, 2024-06-03, page 2, paragraph 3, `{PATH}`."
        in answer_markdown(answer, PLAIN)
    )


def test_no_answer_shows_the_nearest_passages() -> None:
    text = answer_markdown(not_found(), PLAIN)
    assert text == (
        f"The sources hold no answer to this.\n\nNearest passages:\n\n- {QUOTE} {PLACE}"
    )
    bare = dataclasses.replace(not_found(), nearest=())
    assert answer_markdown(bare, PLAIN) == "The sources hold no answer to this."


def test_a_summary() -> None:
    text = summary_markdown(summary(), PLAIN)
    assert text.startswith("**The mill**\n\nThe owner denied the spill, Ann Lee claimed.[^1]\n\n")
    nothing = dataclasses.replace(summary(), sentences=(), citations=())
    assert "there is none." in summary_markdown(nothing, PLAIN)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Plain words, 5% of “them” (all) - done.", "Plain words, 5% of “them” (all) - done."),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
        ("1. item", r"1\. item"),
        ("2024) item", r"2024\) item"),
        ("=== rule", r"\=\=\= rule"),
        ("*a* _b_ `c` ~~d~~", r"\*a\* \_b\_ \`c\` \~\~d\~\~"),
        ("![a](javascript:b) [^1]", r"!\[a\](javascript:b) \[\^1\]"),
        ("<b onclick=x>&lt;", r"\<b onclick=x\>\&lt;"),
        ("a\\*b", r"a\\\*b"),
        ("$x$ {{y}} %%z%% ==w==", r"\$x\$ \{\{y\}\} %\%z%\% =\=w=\="),
        ("see https://a.b and www.a.b", r"see https\://a.b and www\.a.b"),
        ("one\n\n# two", r"one  # two"),
        ("\u202eright\x1b[2J", "right␛\\[2J"),
    ],
    ids=[
        "plain",
        "heading",
        "dash",
        "plus",
        "number",
        "year",
        "rule",
        "emphasis",
        "image and footnote",
        "markup",
        "backslash",
        "formula, template, comment, highlight",
        "addresses",
        "lines",
        "controls",
    ],
)
def test_syntax_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


@given(ANY_TEXT)
def test_taking_the_backslashes_away_gives_the_text_back(text: str) -> None:
    line = escaped(text)
    assert "\n" not in line
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line) == harmless(text).strip()
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`<\[\]|~$&]", re.sub(r"\\.", "", line))


@pytest.mark.parametrize(
    ("path", "code"),
    [("/a`b.txt", "``/a`b.txt``"), ("/a``", "``` /a`` ```"), ("/a_*b*", "`/a_*b*`")],
    ids=["backtick", "backticks at the end", "no escapes inside"],
)
def test_paths_are_code(path: str, code: str) -> None:
    answer = dataclasses.replace(answered(), citations=(citation(document(path=path)),))
    expected = code.replace(path, path_text(path, PLAIN))
    assert f", {expected}." in answer_markdown(answer, PLAIN)


def test_what_a_document_says_is_no_syntax_anywhere() -> None:
    evil = "[x](http://evil) <script> *b* `c`\n\n# head"
    bad = document(evil + "\nThe Herald said. It was late.", title=evil, source=evil, author=evil)
    said = dataclasses.replace(
        SAID, text=evil, attribution=(Attribution(evil, evil, 1, Span(0, 3)),)
    )
    answer = dataclasses.replace(answered(), sentences=(said,), citations=(citation(bad),))
    texts = [
        answer_markdown(answer, PLAIN),
        summary_markdown(Summary((bad,), (said,), (citation(bad),), MODEL), PLAIN),
        question_markdown(evil),
    ]
    for text in texts:
        assert not re.search(r"(?<!\\)[<`]", re.sub(r"`[^`]*mill\.txt`", "", text))
        assert not re.search(r"(?<!\\)\[(?!\^\d)", text)
        assert not re.search(r"^# ", text, re.MULTILINE)


def test_a_title_that_only_hides_is_replaced_by_the_path() -> None:
    hidden = dataclasses.replace(summary(), documents=(document(title="\u202e"),))
    assert summary_markdown(hidden, PLAIN).startswith(f"**{escaped(PATH)}**")
