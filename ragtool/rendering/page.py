"""Answers and summaries as one page of HTML, to read in a browser, keep, print and pass on.

The page holds all that it shows: no script, no picture, nothing from the net.
Sentences, quotes and the marked words in the sources are linked both ways.
Whatever comes from outside is made harmless and escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragtool.records import (
    Answer,
    AnswerSentence,
    Attribution,
    Citation,
    Document,
    IndexCard,
    ModelCard,
    Summary,
)
from ragtool.rendering.harmless import harmless
from ragtool.rendering.page_style import STYLE
from ragtool.rendering.page_text import inked, lines_shown, marked, shown, shown_paragraphs

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class _Part:
    """One answer or summary. key: what its anchors begin with. silence: what is
    said where there are no sentences. quotes: the heading over the citations.
    level: of its own heading. role: what the model did."""

    key: str
    kind: str
    titles: tuple[str, ...]
    silence: str
    quotes: str
    level: int
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    documents: tuple[Document, ...]
    role: str
    model: ModelCard
    index: IndexCard | None


def answers_page(answers: Sequence[Answer], *, settings: Iterable[tuple[str, str]] = ()) -> str:
    """The page of one answer or more. settings: names and values to be shown at its foot."""
    level = 1 if len(answers) == 1 else 2
    parts = [
        _Part(
            key=f"a{number}",
            kind="Question",
            titles=(answer.question,),
            silence="The sources hold no answer to this.",
            quotes="Quotes" if answer.citations else "Nearest passages",
            level=level,
            sentences=answer.sentences,
            citations=answer.citations or answer.nearest,
            documents=(),
            role="Language model",
            model=answer.model,
            index=answer.index,
        )
        for number, answer in enumerate(answers, start=1)
    ]
    return _page(f"{len(answers)} questions", parts, settings)


def summaries_page(
    summaries: Sequence[Summary], *, settings: Iterable[tuple[str, str]] = ()
) -> str:
    """The page of one summary or more. settings: names and values to be shown at its foot."""
    level = 1 if len(summaries) == 1 else 2
    parts = [
        _Part(
            key=f"a{number}",
            kind="Summary",
            titles=tuple(map(_title, summary.documents)),
            silence="No sentence of the summary held against the text, so there is none.",
            quotes="Quotes",
            level=level,
            sentences=summary.sentences,
            citations=summary.citations,
            documents=summary.documents,
            role="Model that chose the sentences",
            model=summary.model,
            index=None,
        )
        for number, summary in enumerate(summaries, start=1)
    ]
    return _page(f"{len(summaries)} summaries", parts, settings)


def _page(several: str, parts: Sequence[_Part], settings: Iterable[tuple[str, str]]) -> str:
    alone = len(parts) == 1
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{' · '.join(map(shown, parts[0].titles)) if alone else several}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    contents = "" if alone else _contents(several, parts)
    body = "\n".join(map(_part, parts))
    main = f'<main id="main" tabindex="-1">\n{body}\n</main>\n'
    return f"{head}{contents}{main}{_foot(parts, settings)}</body>\n</html>\n"


def _contents(heading: str, parts: Sequence[_Part]) -> str:
    lines = (
        f'<li><a href="#{part.key}">{_heading(part)}</a>'
        f"{'' if part.sentences else f': {part.silence}'}</li>\n"
        for part in parts
    )
    return (
        '<a class="skip" href="#main">To the text</a>\n'
        f'<header>\n<h1>{heading}</h1>\n<nav aria-label="Contents"><ol>\n'
        f"{''.join(lines)}</ol></nav>\n</header>\n"
    )


def _part(part: _Part) -> str:
    heading, below = f"h{part.level}", f"h{part.level + 1}"
    blocks = [
        f'<article id="{part.key}" aria-labelledby="{part.key}-title">',
        f'<p class="kind">{part.kind}</p>',
        f'<{heading} id="{part.key}-title">{_heading(part)}</{heading}>',
        _answer(part),
    ]
    if part.citations:
        quotes = "\n".join(_quote(part, citation) for citation in part.citations)
        blocks += [
            f"<{below}>{part.quotes}</{below}>",
            f'<ol class="quotes" role="list">\n{quotes}\n</ol>',
            f"<{below}>Sources</{below}>",
            "<p>The cited words are underlined, the names of those who said them bold.</p>",
            *_sources(part),
        ]
    return "\n".join([*blocks, "</article>"])


def _answer(part: _Part) -> str:
    sentences = " ".join(
        f'<span id="{part.key}-s{place}">{shown(sentence.text)}{_refs(part, sentence)}'
        f"{' (partly supported)' if sentence.verdict == 'partly_supported' else ''}</span>"
        for place, sentence in enumerate(part.sentences, start=1)
    )
    return f'<p class="answer" dir="auto">{sentences or part.silence}</p>'


def _refs(part: _Part, sentence: AnswerSentence) -> str:
    return "".join(
        f' <a class="ref" href="#{part.key}-c{number}" aria-label="quote [{number}]">[{number}]</a>'
        for number in sentence.citations
    )


def _quote(part: _Part, citation: Citation) -> str:
    """A citation: the quote, where it stands, who said it, and the ways from here."""
    key, number = part.key, citation.number
    sentences = [
        f'<a href="#{key}-s{place}">Back to sentence {place} from [{number}]</a>'
        for place, sentence in enumerate(part.sentences, start=1)
        if number in sentence.citations
    ]
    ways = [f'<a href="#{key}-m{number}">Quote [{number}] in its source</a>', *sentences]
    chains = dict.fromkeys(
        tuple(link for link in sentence.attribution if link.citation == number)
        for sentence in part.sentences
    )
    return (
        f'<li id="{key}-c{number}">\n'
        f'<blockquote dir="auto"{_language(citation.document)}>'
        f"[{number}] “{lines_shown(citation.quote)}”</blockquote>\n"
        f'<p class="place">{_place(citation)}</p>\n'
        f"{''.join(map(_chain, filter(None, chains)))}"
        f'<p class="ways">{" · ".join(ways)}</p>\n</li>'
    )


def _place(citation: Citation) -> str:
    document = citation.document
    told = (document.source, document.author, document.date)
    page = () if citation.page is None else (f"page {citation.page}",)
    known = map(_apart, filter(None, (_title(document), *told)))
    return " · ".join((*known, *page, f"paragraph {citation.paragraph}"))


def _chain(links: Sequence[Attribution]) -> str:
    steps = "".join(f"<li>{shown(link.speaker)} {shown(link.cue)}</li>" for link in links)
    return f'<div class="chain"><p>Who said it: </p><ol role="list">{steps}</ol></div>\n'


def _sources(part: _Part) -> Iterator[str]:
    """Each cited document once: what it says of itself, and its text with the marks."""
    heading = f"h{part.level + 2}"
    cited: dict[str, list[Citation]] = {}
    for citation in part.citations:
        cited.setdefault(citation.document.path, []).append(citation)
    for number, citations in enumerate(cited.values(), start=1):
        document, name = citations[0].document, f"{part.key}-d{number}"
        about = {
            "Outlet": document.source,
            "Author": document.author,
            "Date": document.date,
            "Pages cited": _numbers(citation.page for citation in citations),
            "Paragraphs cited": _numbers(citation.paragraph for citation in citations),
            "File": document.path,
        }
        yield (
            f'<div class="source">\n'
            f'<{heading} id="{name}">{_apart(_title(document))}</{heading}>\n'
            f"{_listed((key, value) for key, value in about.items() if value)}\n"
            f'<div class="text"{_language(document)}>\n'
            f"{_source_text(part, document, citations)}\n</div>\n</div>"
        )


def _source_text(part: _Part, document: Document, citations: Sequence[Citation]) -> str:
    marks = {each.number: span for each in citations if (span := inked(document.text, each.span))}
    speakers = [
        link.span
        for sentence in part.sentences
        for link in sentence.attribution
        if link.citation in marks
    ]
    blocks = []
    for paragraph in shown_paragraphs(document.text, (*marks.values(), *speakers)):
        if isinstance(paragraph, int):
            what = "1 paragraph is" if paragraph == 1 else f"{paragraph} paragraphs are"
            blocks.append(f'<p class="gap">[… {what} left out here …]</p>')
        else:
            inner = marked(document.text, paragraph, marks, speakers, part.key)
            blocks.append(f'<p dir="auto">{inner}</p>')
    return "\n".join(blocks)


def _foot(parts: Sequence[_Part], settings: Iterable[tuple[str, str]]) -> str:
    documents = dict.fromkeys(
        (document.path, document.sha256)
        for part in parts
        for document in (*part.documents, *(each.document for each in part.citations))
    )
    rows: dict[tuple[str, str], None] = dict.fromkeys(settings)
    for part in parts:
        model, index = part.model, part.index
        rows[(part.role, model.name)] = None
        rows[("Its SHA-256", model.sha256)] = None
        rows[("Its settings", f"seed {model.seed}, temperature {model.temperature:g}")] = None
        if index is not None:
            held = f"documents: {index.documents}, chunks: {index.chunks}"
            rows[("Index", f"{index.fingerprint} ({held})")] = None
    return (
        "<footer>\n<h2>How this was made</h2>\n"
        "<p>By ragtool, offline, from the files below. A file that still has the SHA-256 given"
        " with it has not changed since.</p>\n"
        f"{_listed(rows)}\n<h3>Files</h3>\n{_listed(documents, kind='files')}\n</footer>\n"
    )


def _listed(rows: Iterable[tuple[str, str]], *, kind: str = "facts") -> str:
    inner = "".join(
        f"<div><dt>{_apart(name)}</dt><dd>{_apart(value)}</dd></div>" for name, value in rows
    )
    return f'<dl class="{kind}">{inner}</dl>'


def _numbers(numbers: Iterable[int | None]) -> str:
    return ", ".join(map(str, sorted({number for number in numbers if number is not None})))


def _language(document: Document) -> str:
    """For the voice of a screen reader: the attribute, or that of the page goes on."""
    return f' lang="{shown(document.language)}"' if document.language else ""


def _heading(part: _Part) -> str:
    return " · ".join(map(_apart, part.titles))


def _apart(text: str) -> str:
    """`text` kept from turning the order of the words around it."""
    return f"<bdi>{shown(text)}</bdi>"


def _title(document: Document) -> str:
    return harmless(document.title or "").strip() or document.path
