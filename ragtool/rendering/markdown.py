"""Answers and summaries as Markdown, to be pasted: citations become footnotes.

Footnotes are those of GitHub, Pandoc and Obsidian; the rest is CommonMark. Whatever
comes from outside is made harmless, and what Markdown would read as its own
is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool.records import Answer, AnswerSentence, Citation, Document, Summary
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import Look, joined, path_text

# Also what only some readers know: $ of formulas, ~ and == and %% of Obsidian, {}
# of templates, and an address that would become a link by itself.
_SYNTAX = re.compile(
    r"[\\`*_{}\[\]<>&|~^$]|(?<=[=%])[=%]|(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)\.",
    re.IGNORECASE,
)
# What makes a list, a heading or a rule where a line begins.
_AT_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[#+=:-]))")


def answer_markdown(answer: Answer, look: Look, *, before: int = 0) -> str:
    """The answer with a footnote per citation, or that there is none and what came nearest.

    before: how many footnotes stand above it in the same text.
    """
    if answer.status == "not_found":
        nearest = "\n".join(f"- {_source(citation, look)}" for citation in answer.nearest)
        return joined(
            "The sources hold no answer to this.",
            joined("Nearest passages:", nearest) if nearest else "",
        )
    return joined(
        _sentences(answer.sentences, before),
        _footnotes(answer.sentences, answer.citations, look, before=before),
    )


def summary_markdown(summary: Summary, look: Look, *, before: int = 0) -> str:
    """The titles of what was read, the paragraph and its footnotes.

    before: how many footnotes stand above it in the same text.
    """
    titles = " · ".join(_title(document, look) for document in summary.documents)
    body = _sentences(summary.sentences, before)
    return joined(
        f"**{titles}**",
        body or "No sentence of the summary held against the text, so there is none.",
        _footnotes(summary.sentences, summary.citations, look, before=before),
    )


def question_markdown(question: str) -> str:
    """A question as the heading over its answer."""
    return f"## {escaped(question)}"


def escaped(text: str) -> str:
    """`text` as one harmless line that Markdown shows as it is, also at a line's start."""
    return _AT_START.sub(r"\1\\", _SYNTAX.sub(r"\\\g<0>", harmless(text).strip()))


def _sentences(sentences: Sequence[AnswerSentence], before: int) -> str:
    return " ".join(
        escaped(sentence.text)
        + "".join(f"[^{before + number}]" for number in sentence.citations)
        + (" (partly supported)" if sentence.verdict == "partly_supported" else "")
        for sentence in sentences
    )


def _footnotes(
    sentences: Sequence[AnswerSentence],
    citations: Sequence[Citation],
    look: Look,
    *,
    before: int,
) -> str:
    return "\n".join(
        f"[^{before + citation.number}]: {_source(citation, look)}"
        + "".join(f" {chain}." for chain in _chains(sentences, citation.number))
        for citation in citations
    )


def _chains(sentences: Sequence[AnswerSentence], number: int) -> tuple[str, ...]:
    """Each way in which the words reached the page of citation `number`, once."""
    chains = (
        " → ".join(
            escaped(f"{link.speaker} {link.cue}")
            for link in sentence.attribution
            if link.citation == number
        )
        for sentence in sentences
    )
    return tuple(dict.fromkeys(filter(None, chains)))


def _source(citation: Citation, look: Look) -> str:
    """“quote” *title*, outlet, author, date, page, paragraph, `path`."""
    document = citation.document
    told = (document.source, document.author, document.date)
    place = ", ".join(
        (
            f"*{_title(document, look)}*",
            *(escaped(each) for each in told if each),
            *(() if citation.page is None else (f"page {citation.page}",)),
            f"paragraph {citation.paragraph}",
            _code(path_text(document.path, look)),
        )
    )
    return f"“{escaped(citation.quote)}” {place}."


def _title(document: Document, look: Look) -> str:
    return escaped(document.title or "") or escaped(path_text(document.path, look))


def _code(text: str) -> str:
    """`text` between more backticks than it holds in a row."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    room = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{room}{text}{room}{fence}"
