"""Stores for tests: documents cut without grammar, vectors that tell their key."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragtool.records import Chunk, Document, Filters, Sentence, Span
from ragtool.store import FileState, Store

NONE = Filters()
FILE = "ragtool.sqlite3"
STATE = FileState(10, 20, "a" * 64)


def document(path: str, text: str, **about: str) -> Document:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(path, digest, text, **about)  # type: ignore[arg-type] # only str fields here


def cut(source: Document, *, length: int = 12) -> tuple[Chunk, ...]:
    """Chunks of `length` characters, two sentences each: spans need no grammar here."""
    chunks = []
    for start in range(0, len(source.text), length):
        end = min(start + length, len(source.text))
        middle = (start + end + 1) // 2
        spans = [Span(start, middle), Span(middle, end)] if middle < end else [Span(start, end)]
        name = hashlib.sha256(f"{source.path!r} {source.sha256} {start} {end}".encode())
        sentences = tuple(Sentence(span, start // length + 1) for span in spans)
        chunks.append(Chunk(name.hexdigest()[:16], source, Span(start, end), sentences))
    return tuple(chunks)


def put(store: Store, path: str, text: str, *, length: int = 10_000, **about: str) -> Document:
    added = document(path, text, **about)
    store.put(added.path, [(added, cut(added, length=length))], state=STATE)
    return added


def fake_vectors(keys: Sequence[str], *, dimensions: int = 4) -> NDArray[np.float32]:
    """A vector that tells its key."""
    seeds = [int(key[:8], 16) for key in keys]
    rows = [np.random.default_rng(seed).normal(size=dimensions) for seed in seeds]
    return np.array(rows, dtype=np.float32).reshape(len(keys), dimensions)


def all_rows(store: Store) -> list[int]:
    rows = store.allowed(Filters(path="*"))
    assert rows is not None
    return [int(row) for row in rows]


def embed_all(store: Store, *, fingerprint: str = "model") -> None:
    keys = [key for key, _ in store.unembedded(fingerprint)]
    store.embed(fingerprint, keys, fake_vectors(keys))


def dump(folder: Path) -> list[str]:
    """The file as SQLite's own text, generation left out: it is random by intent."""
    with sqlite3.connect(folder / FILE) as db:
        random = ('INTO "meta"', 'INTO "generations"')
        lines = [line for line in db.iterdump() if not any(each in line for each in random)]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    return lines


def tokens(text: str) -> list[str]:
    """What unicode61 makes of the plain texts here; their words have no stem but themselves."""
    return "".join(c.casefold() if c.isalnum() else " " for c in text).split()
