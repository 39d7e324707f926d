"""Documents to one cited paragraph each, or one over all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ragtool import chunking, readers
from ragtool import evidence as evidence_stage
from ragtool import prompt as prompts
from ragtool.citations import Citer, whole_sentences
from ragtool.config import Settings
from ragtool.errors import ReadError, SkipError, UsageError
from ragtool.pipeline.citing import Numbering
from ragtool.pipeline.loading import load_embedder, load_generator
from ragtool.pipeline.walking import absolute, files_of
from ragtool.protocols import Embedder, Generator
from ragtool.records import AnswerSentence, Document, Evidence, Hit, ModelCard, Summary
from ragtool.sentences import sentences

# Tokens of a document, or of all together, that the model reads.
READ_TOKENS = 1400
# With more, a document's share is less than a long sentence.
MOST_TOGETHER = 20
# Tokens that a word of English takes, and some to spare.
TOKENS_A_WORD = 1.7

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
    kept = tuple(_kept(whole_sentences(draft), citer, numbering))
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
        ranked = evidence_stage.rank(topic, hits, question_vector=vector, embedder=embedder)
        share = READ_TOKENS // len(documents)
        chosen += evidence_stage.select(ranked, budget=share, cost=generator.count_tokens)
    return tuple(chosen)


def _topic(document: Document) -> str:
    """What a document is about, as news says it: in the headline and the first sentences."""
    opening = sentences(document.text[:4000])[:3]
    return " ".join([document.title or "", *(one.span.of(document.text) for one in opening)])


def _kept(draft: str, citer: Citer, numbering: Numbering) -> Iterator[AnswerSentence]:
    seen: set[str] = set()
    for sentence in sentences(draft):
        cited = citer.cite(sentence.span.of(draft))
        if cited.verdict != "unsupported" and cited.text not in seen:
            seen.add(cited.text)
            yield numbering.number(cited)
