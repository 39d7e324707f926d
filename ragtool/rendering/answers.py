"""Answers, summaries and their citations as text for people.

Whatever comes from outside is made harmless on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragtool.records import Answer, AnswerSentence, Attribution, Citation, Summary
from ragtool.rendering.forms import marks
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import INDENT, Look, bold, dim, fill, flowed, joined
from ragtool.rendering.passages import place_text, title_text


def answer_text(answer: Answer, look: Look) -> str:
    """The answer and its citations, or that there is none and what came nearest."""
    if answer.status == "not_found":
        return joined("The sources hold no answer to this.", nearest_text(answer.nearest, look))
    body = flowed(" ".join(map(sentence_text, answer.sentences)), look)
    return joined(body, citations_text(answer.sentences, answer.citations, look))


def sentence_text(sentence: AnswerSentence) -> str:
    """The sentence with its marks, on one line; a doubt about it is said."""
    doubt = " (partly supported)" if sentence.verdict == "partly_supported" else ""
    return f"{harmless(sentence.text)} {marks(sentence)}".rstrip() + doubt


def citations_text(
    sentences: Sequence[AnswerSentence], citations: Sequence[Citation], look: Look
) -> str:
    """Each citation: its number, the quote, where it stands, and who said it."""
    return "\n".join(
        _citation(citation, look) + "".join(_chains(sentences, citation.number, look))
        for citation in citations
    )


def nearest_text(nearest: Sequence[Citation], look: Look) -> str:
    """The passages that came closest to an answer; empty when there are none."""
    if not nearest:
        return ""
    return "Nearest passages:\n" + "\n".join(_citation(citation, look) for citation in nearest)


def summary_text(summary: Summary, look: Look) -> str:
    """The titles of what was read, the paragraph and its citations."""
    titles = " · ".join(title_text(document, look) for document in summary.documents)
    body = " ".join(map(sentence_text, summary.sentences))
    if not body:
        body = "No sentence of the summary held against the text, so there is none."
    return joined(
        bold(titles, look),
        flowed(body, look),
        citations_text(summary.sentences, summary.citations, look),
    )


def _citation(citation: Citation, look: Look) -> str:
    number = f"[{citation.number}] "
    quote = fill(f'{number}"{harmless(citation.quote)}"', look.width, indent=INDENT)
    place = place_text(citation.document, look, page=citation.page, paragraph=citation.paragraph)
    return (
        bold(quote[: len(number)], look)
        + quote[len(number) :]
        + "\n"
        + dim(fill(INDENT + place, look.width, indent=INDENT), look)
    )


def _chains(sentences: Sequence[AnswerSentence], number: int, look: Look) -> Iterator[str]:
    """A line for each way in which the words reached the page of citation `number`."""
    chains = dict.fromkeys(
        tuple(link for link in sentence.attribution if link.citation == number)
        for sentence in sentences
    )
    for chain in filter(None, chains):
        yield "\n" + dim(fill(INDENT + _chain(chain), look.width, indent=INDENT), look)


def _chain(links: Sequence[Attribution]) -> str:
    return " → ".join(f"{harmless(link.speaker)} {harmless(link.cue)}".rstrip() for link in links)
