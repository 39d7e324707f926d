"""What the index holds, and whether this installation is sound."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from ragtool import guard, models, vectors
from ragtool.config import Settings
from ragtool.errors import RagtoolError, UsageError
from ragtool.generation import llama_faults
from ragtool.pipeline import tuning
from ragtool.pipeline.loading import load_embedder
from ragtool.pipeline.repairing import soundness
from ragtool.records import Chunk, Document, Span
from ragtool.reports import Failure, Finding, IndexStatus
from ragtool.store import Store

_REFERENCE = re.compile(r"([0-9a-f]{16})(?::(\d{1,15})-(\d{1,15}))?")
_LIBRARIES = ("faiss-cpu", "llama-cpp-python", "onnxruntime", "tokenizers", "trafilatura")
# Room that an index of some ten thousand articles takes.
_ROOM = 500_000_000


def documents(settings: Settings) -> tuple[Document, ...]:
    """What is indexed, in the order of the paths."""
    with Store.open(settings.index) as store:
        return store.documents()


def failures(settings: Settings) -> tuple[Failure, ...]:
    """The files that could not be read, and why."""
    with Store.open(settings.index) as store:
        return store.failures()


def show(reference: str, settings: Settings) -> tuple[Chunk, Span]:
    """A chunk, and the span to mark: "ID" marks the chunk, "ID:START-END" a citation.

    Raises UsageError when the reference is none or its span lies outside the document.
    """
    found = _REFERENCE.fullmatch(reference.strip())
    if found is None:
        raise UsageError(
            f"{reference!r} is not the id of a chunk.", hint="Take one from: ragtool search QUERY"
        )
    with Store.open(settings.index) as store:
        chunk = store.chunk(found.group(1))
    if found.group(2) is None:
        return chunk, chunk.span
    start, end = int(found.group(2)), int(found.group(3))
    if not start < end <= len(chunk.document.text):
        raise UsageError(f"{start}-{end} is not a span of {chunk.document.path}.")
    return chunk, Span(start, end)


def status(settings: Settings) -> IndexStatus:
    """What the index holds and how it was made."""
    with Store.open(settings.index) as store, store.reading():
        counts = store.counts()
        return IndexStatus(
            folder=str(settings.index.absolute()),
            fingerprint=store.fingerprint(),
            documents=counts.documents,
            chunks=counts.chunks,
            failures=sum(not failure.skipped for failure in store.failures()),
            bytes=sum(path.stat().st_size for path in settings.index.iterdir() if path.is_file()),
            embedder=settings.embedder,
            generator=settings.generator,
            updated=_updated(settings.index) if counts.documents else None,
        )


def doctor(settings: Settings) -> tuple[Finding, ...]:
    """Every part that ragtool stands on, looked at."""
    return (
        *_installation(),
        *(_model(name, settings) for name in (settings.embedder, settings.generator)),
        _attempt("embedder", lambda: _embeds(settings)),
        *_tuned(settings),
        _attempt("index", lambda: _index(settings)),
        *soundness(settings),
        _room(settings.index),
        _network(),
    )


def _updated(folder: Path) -> str | None:
    """When the vectors were last built: reading touches SQLite's own files, but not these."""
    try:
        built = (folder / vectors.STAMP).stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(built).astimezone().isoformat(timespec="seconds")


def _installation() -> Iterator[Finding]:
    import importlib.metadata  # brings the standard library's mail along, 10 ms

    yield Finding("python", True, f"{sys.version.split()[0]} at {sys.executable}")
    yield Finding("sqlite", True, sqlite3.sqlite_version)
    for name in _LIBRARIES:
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", f"pip install {name}")
    fault = llama_faults()
    if fault is not None:
        yield Finding("llama.cpp", False, fault.message, fault.hint)


def _model(name: str, settings: Settings) -> Finding:
    return _attempt("model", lambda: f"{models.located(name, settings.models).path} is intact")


def _embeds(settings: Settings) -> str:
    vector = load_embedder(settings).embed(["Does it work?"])[0]
    return f"gives vectors of {len(vector)} dimensions"


def _tuned(settings: Settings) -> Iterator[Finding]:
    fault = tuning.damage(settings)
    if fault is not None:
        yield Finding("tuning", False, fault, "Run: ragtool doctor --tune")
        return
    with contextlib.suppress(RagtoolError):  # a model that is wrong has its own finding
        found = models.located(settings.generator, settings.models)
        tuned = tuning.remembered(found.sha256, settings)
        if tuned is None:
            yield Finding("tuning", True, "defaults; ragtool doctor --tune measures what is best")
        else:
            how = tuned.kernels.described(tuned.threads)
            yield Finding("tuning", True, f"{how}, as measured on {tuned.day}")


def _index(settings: Settings) -> str:
    with Store.open(settings.index) as store:
        counts = store.counts()
    return f"{settings.index}: {counts.documents} documents, {counts.chunks} chunks"


def _room(folder: Path) -> Finding:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    message = f"{free / 1e9:.1f} GB free for {folder}"
    return Finding("disk", free > _ROOM, message, "" if free > _ROOM else "Free some space.")


def _network() -> Finding:
    if guard.is_denied():
        return Finding("network", True, "denied to every command but models pull")
    return Finding("network", False, "not denied to this process", "Run: ragtool doctor")


def _attempt(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())
    except RagtoolError as error:
        return Finding(check, False, error.message, error.hint)
