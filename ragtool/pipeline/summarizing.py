"""Documents to one cited paragraph each, or one over all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ragtool import chunking, readers
from ragtool import evidence as evidence_stage
from ragtool import prompt as prompts
from ragtool.citations import Cited, Citer, whole_sentences
from ragtool.config import Settings
from ragtool.errors import ReadError, SkipError, UsageError
from ragtool.pipeline.citing import Numbering
from ragtool.pipeline.loading import load_embedder, load_generator
from ragtool.pipeline.walking import absolute, files_of
from ragtool.protocols import Embedder, Generator
from ragtool.records import Document, Evidence, Hit, ModelCard, Summary
from ragtool.sentences import sentences

# Tokens of a document, or of all together, that the model reads.
READ_TOKENS = 1400
# With more, a document's share is less than a long sentence.
MOST_TOGETHER = 20
# Tokens that a word of English takes, and some to spare.
TOKENS_A_WORD = 1.7
# A summary's length, as shares of the words that were asked for.
SHORTER, LONGER = 0.85, 1.15
# A document of more chunks than WHOLE is read in parts, PARTS of them at most.
WHOLE, PARTS = 8, 4
# What is shorter, or doesn't end as a sentence, is a headline or a caption.
_FEWEST_WORDS = 6
_CLOSING = "\"'”’»)]"

OnSummary = Callable[[Summary], None]


def summarize(
    paths: Sequence[Path],
    settings: Settings,
    *,
    together: bool = False,
    about: str | None = None,
    words: int = 100,
    on_summary: OnSummary | None = None,
) -> tuple[Summary, ...]:
    """A checked paragraph per document, or one over all.

    The files are read as they are now; no index is needed. Raises UsageError
    when there is nothing to read, ReadError for a file that can't be read.
    """
    documents = _documents(paths)
    if not documents:
        raise UsageError("There is nothing to summarize there.", hint="Name a file or a folder.")
    if together and len(documents) > MOST_TOGETHER:
        raise UsageError(
            f"{len(documents)} documents are too many for one paragraph.",
            hint=f"Name {MOST_TOGETHER} at most, or leave out --together.",
        )
    embedder, generator = load_embedder(settings), load_generator(settings)
    groups = [documents] if together else [(document,) for document in documents]
    summaries = []
    with closing(generator):
        for group in groups:
            summaries.append(_summary(group, embedder, generator, about=about, words=words))
            if on_summary is not None:
                on_summary(summaries[-1])
    return tuple(summaries)


def _documents(paths: Sequence[Path]) -> tuple[Document, ...]:
    """What the files hold; those of folders that hold no text are passed over."""
    roots = [absolute(path) for path in paths]
    documents: list[Document] = []
    with readers.Readers(1) as reading:
        for path, outcome in reading.read((path, None) for path in files_of(roots)):
            if isinstance(outcome, SkipError) and path not in roots:
                continue
            if isinstance(outcome, ReadError):
                raise outcome
            documents += outcome.documents if outcome else ()
    return tuple(documents)


def _summary(
    documents: tuple[Document, ...],
    embedder: Embedder,
    generator: Generator,
    *,
    about: str | None,
    words: int,
) -> Summary:
    started = time.monotonic()
    chosen = _chosen(documents, embedder, generator, about=about)
    read = _milliseconds(started)
    first: list[int] = []
    draft = generator.generate(
        prompts.summary_prompt(chosen, words=words, about=about),
        max_tokens=round(words * TOKENS_A_WORD),
        on_text=lambda _: first.append(_milliseconds(started)),
    )
    numbering = Numbering()
    citer = Citer(about or "", chosen, embedder=embedder)
    found = _fitted(list(_kept(whole_sentences(draft), citer)), words=words)
    found += _filling(found, citer, chosen, words=words)
    order = {document.path: number for number, document in enumerate(documents)}
    found.sort(key=lambda cited: (order[cited.evidence[0].document.path], _place(cited)))
    kept = tuple(map(numbering.number, found))
    return Summary(
        documents=documents,
        sentences=kept,
        citations=numbering.citations,
        model=ModelCard(name=generator.name, sha256=generator.sha256),
        timings={
            "retrieve_ms": read,
            "first_token_ms": first[0] if first else 0,
            "total_ms": _milliseconds(started),
            "prompt_tokens": draft.prompt_tokens,
            "completion_tokens": draft.completion_tokens,
        },
    )


def _milliseconds(started: float) -> int:
    return round(1000 * (time.monotonic() - started))


def _chosen(
    documents: Sequence[Document],
    embedder: Embedder,
    generator: Generator,
    *,
    about: str | None,
) -> tuple[Evidence, ...]:
    """Of each document the sentences nearest to its topic, within its share of the budget."""
    chosen: list[Evidence] = []
    for document in documents:
        hits = tuple(
            Hit(rank, 1.0, chunk) for rank, chunk in enumerate(chunking.chunks(document), start=1)
        )
        topic = about or _topic(document)
        vector = embedder.embed([topic])[0]
        parts = _parts(hits, most=max(1, PARTS // len(documents)))
        share = READ_TOKENS // (len(documents) * len(parts))
        for part in parts:
            ranked = evidence_stage.rank(topic, part, question_vector=vector, embedder=embedder)
            chosen += evidence_stage.select(ranked, budget=share, cost=generator.count_tokens)
    return tuple(chosen)


def _parts(hits: Sequence[Hit], *, most: int) -> list[tuple[Hit, ...]]:
    """The chunks in runs of equal length: what comes late in a long document is read too."""
    size = max(WHOLE, -(-len(hits) // most))
    return [tuple(hits[at : at + size]) for at in range(0, len(hits), size)]


def _topic(document: Document) -> str:
    """What a document is about, as news says it: in the headline and the first sentences."""
    opening = sentences(document.text[:4000])[:3]
    return " ".join([document.title or "", *(one.span.of(document.text) for one in opening)])


def _kept(draft: str, citer: Citer) -> Iterator[Cited]:
    seen: set[str] = set()
    for sentence in sentences(draft):
        cited = citer.cite(sentence.span.of(draft))
        if cited.verdict != "unsupported" and cited.text not in seen:
            seen.add(cited.text)
            yield cited


def _fitted(kept: list[Cited], *, words: int) -> list[Cited]:
    """The first sentences, as many as the length asked for takes, at least one."""
    total = 0
    for count, cited in enumerate(kept):
        total += _length(cited)
        if total > words * LONGER and count:
            return kept[:count]
    return kept


def _filling(
    kept: Sequence[Cited], citer: Citer, chosen: Sequence[Evidence], *, words: int
) -> list[Cited]:
    """The best sentences that are not cited yet, where the model wrote too little."""
    total = sum(map(_length, kept))
    cited = {one.sentence.span for each in kept for one in each.evidence}
    filling: list[Cited] = []
    for one in sorted(chosen, key=lambda one: -one.score):
        if total >= words * SHORTER:
            break
        if one.sentence.span in cited or not _is_whole(one):
            continue
        more = citer.quoted(one)
        if total + _length(more) <= words * LONGER:
            filling.append(more)
            total += _length(more)
    return filling


def _is_whole(evidence: Evidence) -> bool:
    """Whether it is a sentence, and no headline, caption or question."""
    text = evidence.text.rstrip(_CLOSING)
    return text.endswith(".") and len(text.split()) >= _FEWEST_WORDS


def _length(cited: Cited) -> int:
    """In words."""
    return len(cited.text.split())


def _place(cited: Cited) -> int:
    """Where the sentence stands in its source: a summary keeps the source's order."""
    return cited.evidence[0].sentence.span.start
