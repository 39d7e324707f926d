"""Documents to one cited paragraph each, or one over all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from ragtool import chunking, models, readers
from ragtool.config import Settings
from ragtool.copies import ALIKE, overlap
from ragtool.errors import ReadError, SkipError, UsageError
from ragtool.pipeline.citing import Numbering
from ragtool.pipeline.confronting import confronted
from ragtool.pipeline.excerpting import Report, excerpts
from ragtool.pipeline.loading import Library, load_embedder
from ragtool.pipeline.walking import absolute, files_of
from ragtool.protocols import Embedder
from ragtool.records import Chunk, Document, Filters, ModelCard, Summary

# A paragraph over more is a list.
MOST_TOGETHER = 20
# A summary's length, as shares of the words that were asked for.
SHORTER, LONGER = 0.85, 1.15
# How many chunks of an index are read for a topic, and how far behind the best in score.
TOPIC_CHUNKS, BEHIND = 24, 0.4

OnSummary = Callable[[Summary], None]


def summarize(
    paths: Sequence[Path],
    settings: Settings,
    *,
    together: bool = False,
    about: str | None = None,
    words: int = 100,
    report: Report = lambda _: None,
    on_summary: OnSummary | None = None,
) -> tuple[Summary, ...]:
    """A checked paragraph per document, or one over all; no language model takes part.

    The files are read as they are now; no index is needed. Without paths it
    is one paragraph about the topic over the whole index. Raises UsageError
    when there is nothing to read, ReadError for a file that can't be read.
    """
    summaries: list[Summary] = []
    with ExitStack() as opened:
        if paths:
            groups = _groups(_documents(paths, report), together=together)
            embedder: Embedder = load_embedder(settings)
        elif about is None:
            raise UsageError(
                "There is nothing to summarize.",
                hint="Name a file or a folder, or a topic of the index: --about TOPIC",
            )
        else:
            library = opened.enter_context(Library(settings))
            groups, embedder = [_found(library, about)], library.embedder
        chooser = models.located(settings.embedder, settings.models)
        card = ModelCard(chooser.name, chooser.sha256)
        for group in groups:
            paragraph = _Paragraph(group, embedder, card, words=words)
            summaries.append(paragraph.summary(about=about, report=report))
            if on_summary is not None:
                on_summary(summaries[-1])
    return tuple(summaries)


def _groups(documents: Sequence[Document], *, together: bool) -> list[list[tuple[Chunk, ...]]]:
    """The chunks of each document of each paragraph."""
    if not documents:
        raise UsageError("There is nothing to summarize there.", hint="Name a file or a folder.")
    if together and len(documents) > MOST_TOGETHER:
        raise UsageError(
            f"{len(documents)} documents are too many for one paragraph.",
            hint=f"Name {MOST_TOGETHER} at most, or leave out --together.",
        )
    chunked = [chunking.chunks(document) for document in documents]
    return [chunked] if together else [[chunks] for chunks in chunked]


def _documents(paths: Sequence[Path], report: Report) -> tuple[Document, ...]:
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


def _found(library: Library, topic: str) -> list[tuple[Chunk, ...]]:
    """What the index holds on the topic: the chunks by document, the best document first."""
    hits = library.retrieve(topic, library.vector(topic), k=TOPIC_CHUNKS, filters=Filters())
    near = [hit.chunk for hit in hits if hit.score >= hits[0].score - BEHIND]
    order = {path: at for at, path in enumerate(dict.fromkeys(c.document.path for c in near))}
    near.sort(key=lambda chunk: (order[chunk.document.path], chunk.span.start))
    groups = groupby(near, key=lambda chunk: chunk.document.path)
    return [tuple(group) for _, group in groups][:MOST_TOGETHER]


class _Paragraph:
    """One summary in the making."""

    def __init__(
        self,
        documents: Sequence[tuple[Chunk, ...]],
        embedder: Embedder,
        card: ModelCard,
        *,
        words: int,
    ) -> None:
        self._documents = documents
        self._embedder = embedder
        self._card = card
        self._least, self._most = round(words * SHORTER), int(words * LONGER)
        self._started = time.monotonic()
        self._timings = dict.fromkeys(
            ("retrieve_ms", "first_token_ms", "total_ms", "prompt_tokens", "completion_tokens"), 0
        )

    def summary(self, *, about: str | None, report: Report) -> Summary:
        """The paragraph, every sentence cited."""
        kept = list(_without_copies(self._documents))
        found = excerpts(kept, self._embedder, about=about, report=report)
        self._timings["retrieve_ms"] = self._elapsed()
        # Padding a topic with what hardly bears on it would mislead.
        least = self._least if about is None else 0
        chosen = found.chosen(least=least, most=self._most)
        numbering = Numbering()
        sentences = tuple(
            numbering.number(cited)
            for cited in confronted(found, chosen, least=least, most=self._most)
        )
        self._timings["total_ms"] = self._elapsed()
        return Summary(
            documents=tuple(chunks[0].document for chunks in self._documents if chunks),
            sentences=sentences,
            citations=numbering.citations,
            model=self._card,
            timings=self._timings,
        )

    def _elapsed(self) -> int:
        return round(1000 * (time.monotonic() - self._started))


def _without_copies(documents: Sequence[tuple[Chunk, ...]]) -> Iterator[tuple[Chunk, ...]]:
    """The documents of which none before is the same article: a copy is no second source."""
    kept: list[str] = []
    for chunks in documents:
        text = "\n".join(chunk.text for chunk in chunks)
        if not any(overlap(text, other) >= ALIKE for other in kept):
            kept.append(text)
            yield chunks
