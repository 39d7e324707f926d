"""Files to an index: what is new or changed is read, then embedded; what is gone is dropped.

Each file is one transaction and so is each batch of vectors, so a run that is
killed loses at most the file or the batch it was at, and the next run goes on.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from ragtool import chunking, readers, vectors
from ragtool.config import Settings
from ragtool.embedding import OnnxEmbedder
from ragtool.errors import ReadError, UsageError
from ragtool.pipeline.loading import load_embedder
from ragtool.pipeline.walking import absolute, files_of, is_below
from ragtool.records import Change, Failure, IndexReport, Progress
from ragtool.store import FileState, Store

Report = Callable[[Progress], None]

# Texts that are embedded in one transaction: some seconds' work.
BATCH = 512


def index(paths: Sequence[Path], settings: Settings, *, report: Report) -> IndexReport:
    """Adds or refreshes files and folders, and forgets what is gone from them.

    A file whose size and time of change stand as before is not read again.
    Raises UsageError when a path doesn't exist and nothing indexed was there,
    StoreError, ModelError.
    """
    started = time.monotonic()
    embedder = load_embedder(settings)
    with Store.open(settings.index, create=True) as store:
        changes = _refresh(paths, store, report=report)
        _embed(store, embedder, report=report)
        _build(store, settings.index)
        return IndexReport(
            counts={change: changes[change] for change in Change},
            chunks=store.counts().chunks,
            failures=store.failures(),
            seconds=round(time.monotonic() - started, 3),
        )


def remove(paths: Sequence[Path], settings: Settings) -> int:
    """Forgets documents, or all below a folder; how many there were."""
    with Store.open(settings.index) as store:
        roots = [absolute(path) for path in paths]
        gone = [
            path for path in store.states() if any(is_below(Path(path), root) for root in roots)
        ]
        removed = store.remove(gone)
        _build(store, settings.index)
        return removed


def _refresh(paths: Sequence[Path], store: Store, *, report: Report) -> Counter[Change]:
    roots = [absolute(path) for path in paths]
    known = store.states()
    failed = {failure.path for failure in store.failures()}
    found = sorted(files_of(roots))
    vanished = _vanished(known, found, roots)
    for root in roots:
        if not root.exists() and not any(is_below(Path(path), root) for path in known):
            raise UsageError(f"{root} does not exist.", hint="Name a file or a folder.")
    changes: Counter[Change] = Counter()
    for done, path in enumerate(found):
        report(Progress("reading", done, len(found), "files"))
        change = _take(path, store, known.get(str(path)))
        was_failed = change is Change.UNCHANGED and str(path) in failed
        changes[Change.FAILED if was_failed else change] += 1
    report(Progress("reading", len(found), len(found), "files"))
    store.remove(vanished)
    changes[Change.REMOVED] = len(vanished)
    return changes


def _take(path: Path, store: Store, known: FileState | None) -> Change:
    """Reads one file if it changed, and what came of it."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for ever
            return _failed(path, store, "not a file.")
        if known is not None and (known.size, known.mtime_ns) == _stamp(status):
            return Change.UNCHANGED
        state = FileState(*_stamp(status), _sha256(path))
    except OSError as error:
        return _failed(path, store, f"can't be opened: {error.strerror or error}.")
    if known is not None and known.sha256 == state.sha256:
        store.touch(str(path), state=state)
        return Change.UNCHANGED
    try:
        document = readers.read(path)
        store.put(document, chunking.chunks(document), state=state)
    except ReadError as error:
        return _failed(path, store, error.message.removeprefix(f"{path}: "), state=state)
    return Change.ADDED if known is None else Change.UPDATED


def _failed(path: Path, store: Store, reason: str, *, state: FileState | None = None) -> Change:
    """Notes why a file can't be read; without a state it is tried again the next time."""
    store.fail(Failure(str(path), reason), state=state or FileState(0, 0, ""))
    return Change.FAILED


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _embed(store: Store, embedder: OnnxEmbedder, *, report: Report) -> None:
    """Embeds what is not embedded yet, shortest first, so that batches are even."""
    missing = sorted(
        store.unembedded(embedder.fingerprint), key=lambda pair: (len(pair[1]), pair[0])
    )
    for at in range(0, len(missing), BATCH):
        report(Progress("embedding", at, len(missing), "chunks"))
        batch = missing[at : at + BATCH]
        matrix = embedder.embed([text for _, text in batch])
        store.embed(embedder.fingerprint, [key for key, _ in batch], matrix)
    report(Progress("embedding", len(missing), len(missing), "chunks"))


def _build(store: Store, folder: Path) -> None:
    with store.reading():
        generation = store.generation
        if vectors.open(folder, generation=generation) is None:
            rows, matrix = store.vectors()
            vectors.build(rows, matrix, folder=folder, generation=generation)


def _vanished(known: Iterable[str], found: Iterable[Path], roots: Sequence[Path]) -> list[str]:
    present = {str(path) for path in found}
    return [
        path
        for path in known
        if path not in present and any(is_below(Path(path), root) for root in roots)
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
