"""Many documents made of a few real ones: their sentences swapped, their vectors mixed.

Random words have no rare and common ones, and random directions no near and
far ones; both mislead a search. Here a chunk's text is that of a real chunk
with sentences of a chunk near it, and its vector lies between the two, moved
by a part of the difference between two other real chunks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ragtool.chunking import embedded_text
from ragtool.protocols import Vectors
from ragtool.records import Chunk, Document, Sentence, Span
from ragtool.store import FileState, Store

CHUNKS_A_DOCUMENT = 10
DOCUMENTS_A_FILE = 50
# From so many of the nearest a chunk takes its other sentences.
NEAR = 16
# The share of a chunk's sentences that are another's, and of these, anyone's.
SWAPPED, ANYONES = 0.5, 0.3
# How much of the difference between two real chunks is added.
NOISE = 0.3
SOURCES = 40
YEARS = (2005, 2025)


@dataclass(frozen=True, slots=True)
class Real:
    """What is varied: per chunk its title, its sentences, its vector, and the rows near it."""

    titles: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...]
    vectors: Vectors
    near: np.ndarray


def real(store: Store) -> Real:
    """The chunks of an index, one for each text, with their vectors."""
    batches = list(store.vectors())
    rows = np.concatenate([numbers for numbers, _ in batches])
    vectors: Vectors = np.concatenate([matrix for _, matrix in batches])
    chunks = store.chunks(rows.tolist())
    first = {chunk.text: at for at, chunk in reversed(list(enumerate(chunks)))}
    kept = sorted(first.values())
    vectors = vectors[kept]
    likeness = vectors @ vectors.T
    return Real(
        titles=tuple(chunks[at].document.title or "Untitled" for at in kept),
        sentences=tuple(
            tuple(one.span.of(chunks[at].document.text) for one in chunks[at].sentences)
            for at in kept
        ),
        vectors=vectors,
        near=np.argsort(-likeness, axis=1, kind="stable")[:, 1 : NEAR + 1],
    )


def fill(store: Store, base: Real, count: int, *, seed: int, fingerprint: str) -> None:
    """Puts so many chunks into an empty store, with their vectors, by the store's own methods."""
    rng = np.random.default_rng(seed)
    size = CHUNKS_A_DOCUMENT * DOCUMENTS_A_FILE
    for number in range(0, count, size):
        contents, vectors = _file(base, rng, number=number, count=min(size, count - number))
        path = contents[0][0].path
        store.put(str(Path(path).parent), contents, state=FileState(1, 1, "0" * 64))
        keys = [_key(chunk) for _, chunks in contents for chunk in chunks]
        store.embed(fingerprint, keys, vectors)


def _key(chunk: Chunk) -> str:
    """As the store names an embedded text: asking it for a million would take longer."""
    return hashlib.sha256(embedded_text(chunk).encode("utf-8")).hexdigest()


def _file(
    base: Real, rng: np.random.Generator, *, number: int, count: int
) -> tuple[list[tuple[Document, list[Chunk]]], Vectors]:
    """Documents of one file, and the vectors of their chunks in order."""
    total = len(base.vectors)
    # A document keeps to one subject: its chunks are varied from chunks near each other.
    subjects = np.repeat(rng.integers(total, size=-(-count // CHUNKS_A_DOCUMENT)), 10)[:count]
    first = base.near[subjects, rng.integers(NEAR, size=count)]
    second = base.near[first, rng.integers(NEAR, size=count)]
    contents = [
        _document(base, rng, list(zip(first[at:], second[at:], strict=True))[:10], number + at)
        for at in range(0, count, CHUNKS_A_DOCUMENT)
    ]
    return contents, _mixed(base.vectors, rng, first, second)


def _mixed(
    vectors: Vectors, rng: np.random.Generator, first: np.ndarray, second: np.ndarray
) -> Vectors:
    share = rng.uniform(0.5, 1, size=(len(first), 1)).astype(np.float32)
    one, other = rng.integers(len(vectors), size=(2, len(first)))
    found = share * vectors[first] + (1 - share) * vectors[second]
    found += np.float32(NOISE) * (vectors[one] - vectors[other])
    unit: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def _document(
    base: Real, rng: np.random.Generator, pairs: Sequence[tuple[int, int]], number: int
) -> tuple[Document, list[Chunk]]:
    title = f"{base.titles[pairs[0][0]]} {number}"
    parts: list[str] = []
    spans: list[list[Sentence]] = []
    at = 0
    for paragraph, (first, second) in enumerate(pairs, 1):
        spans.append([])
        for text in _swapped(base, rng, first, second):
            spans[-1].append(Sentence(Span(at, at + len(text)), paragraph))
            parts += [text, " "]
            at += len(text) + 1
        parts[-1] = "\n"
    whole = "".join(parts)
    digest = hashlib.sha256(whole.encode("utf-8")).hexdigest()
    folder = number // (CHUNKS_A_DOCUMENT * DOCUMENTS_A_FILE)
    path = Path.cwd().anchor + str(Path("made", f"{folder:05}.zip", f"{number:07}.txt"))
    source = f"Outlet {int(rng.integers(SOURCES)):02}"
    day = f"{rng.integers(*YEARS)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"
    document = Document(path, digest, whole, title=title, date=day, source=source, language="en")
    return document, [_chunk(document, sentences) for sentences in spans]


def _swapped(base: Real, rng: np.random.Generator, first: int, second: int) -> Iterator[str]:
    draws = rng.random((len(base.sentences[first]), 3))
    for own, (swap, whose, which) in zip(base.sentences[first], draws, strict=True):
        if swap >= SWAPPED:
            yield own
            continue
        anyone = int(whose / ANYONES * len(base.sentences)) if whose < ANYONES else second
        others = base.sentences[anyone]
        yield others[int(which * len(others))]


def _chunk(document: Document, sentences: Sequence[Sentence]) -> Chunk:
    span = Span(sentences[0].span.start, sentences[-1].span.end)
    name = hashlib.sha256(f"{document.path} {span.start}".encode())
    return Chunk(name.hexdigest()[:16], document, span, tuple(sentences))
