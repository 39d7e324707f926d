"""Files to an index: what is new or changed is read, then embedded; what is gone is dropped.

Each file is one transaction and so is each batch of vectors, so a run that is
killed loses at most the file or the batch it was at, and the next run goes on.
"""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ragtool import chunking, readers
from ragtool.config import Settings
from ragtool.embedding import OnnxEmbedder
from ragtool.errors import ReadError, SetupError, SkipError, UsageError
from ragtool.languages import language
from ragtool.pipeline import nearest
from ragtool.pipeline.loading import load_embedder
from ragtool.pipeline.machine import cores
from ragtool.pipeline.walking import absolute, files_of, is_below
from ragtool.readers.ocr import program as ocr_program
from ragtool.readers.workers import Outcome
from ragtool.reports import Change, Failure, IndexReport, Progress
from ragtool.store import FileState, Store, forget_kept

Report = Callable[[Progress], None]

# Texts that are embedded in one transaction: some seconds' work.
BATCH = 512
# Files that are worth a process of their own to read them.
FILES_A_READER = 8


def index(
    paths: Sequence[Path], settings: Settings, *, report: Report, ocr: bool = False
) -> IndexReport:
    """Adds or refreshes files and folders, and forgets what is gone from them.

    A file whose size and time of change stand as before is not read again.
    ocr: read pictures with Tesseract, also those that were passed over before.
    Raises SetupError when that is not installed, UsageError when a path doesn't
    exist and nothing indexed was there, StoreError, ModelError.
    """
    started = time.monotonic()
    program = _tesseract() if ocr else None
    embedder = load_embedder(settings)
    with Store.open(settings.index, create=True) as store:
        changes = _refresh(paths, store, report=report, ocr=program)
        _embed(store, embedder, report=report)
        nearest.refresh(store, settings.index, threads=cores())
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
        forget_kept(settings.index)
        # Not even compressed may they stay.
        limits = replace(nearest.USUAL, gone=0.0)
        nearest.refresh(store, settings.index, threads=cores(), limits=limits)
        return removed


def _tesseract() -> str:
    program = ocr_program()
    if program is None:
        raise SetupError(
            "Tesseract, which reads pictures, is not installed.",
            hint="Install it: apt install tesseract-ocr, brew install tesseract,"
            " or winget install UB-Mannheim.TesseractOCR",
        )
    return program


def _refresh(
    paths: Sequence[Path], store: Store, *, report: Report, ocr: str | None
) -> Counter[Change]:
    roots = [absolute(path) for path in paths]
    known = store.states()
    failed = {
        failure.path: Change.SKIPPED if failure.skipped else Change.FAILED
        for failure in store.failures()
    }
    found = sorted(files_of(roots))
    vanished = _vanished(known, found, roots)
    for root in roots:
        if not root.exists() and not any(is_below(Path(path), root) for path in known):
            raise UsageError(f"{root} does not exist.", hint="Name a file or a folder.")
    changes: Counter[Change] = Counter()
    pending: list[tuple[Path, os.stat_result]] = []
    again = _incomplete(failed) if ocr else frozenset()
    for path in found:
        change = _seen(path, store, None if path in again else known.get(str(path)), pending)
        if change is Change.UNCHANGED:
            change = failed.get(str(path), change)
        if change is not None:
            changes[change] += 1
    count = max(1, min(cores(), len(pending) // FILES_A_READER))
    with readers.Readers(count, ocr=ocr) as reading:
        digests = {
            path: known[str(path)].sha256 or None
            for path, _ in pending
            if str(path) in known and path not in again
        }
        outcomes = reading.read((path, digests.get(path)) for path, _ in pending)
        changes.update(
            _kept(pending, outcomes, store, known, named=frozenset(roots), report=report)
        )
    store.remove(vanished)
    changes[Change.REMOVED] = len(vanished)
    return changes


def _seen(
    path: Path,
    store: Store,
    known: FileState | None,
    pending: list[tuple[Path, os.stat_result]],
) -> Change | None:
    """What can be told of a file without reading it; None where it is left to be read."""
    try:
        status = path.stat()
    except OSError as error:
        return _failed(path, store, f"can't be opened: {error.strerror or error}.")
    if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for ever
        return _failed(path, store, "not a file.")
    if known is not None and (known.size, known.mtime_ns) == _stamp(status):
        return Change.UNCHANGED
    pending.append((path, status))
    return None


def _incomplete(failed: Iterable[str]) -> frozenset[Path]:
    """What could not be read, and the files that it is a part of."""
    return frozenset(each for path in failed for each in (Path(path), *Path(path).parents))


def _kept(
    pending: Sequence[tuple[Path, os.stat_result]],
    outcomes: Iterable[tuple[Path, Outcome]],
    store: Store,
    known: Mapping[str, FileState],
    *,
    named: frozenset[Path],
    report: Report,
) -> Counter[Change]:
    """Keeps what the files hold, one by one as they are read, in the order of `pending`."""
    changes: Counter[Change] = Counter()
    for done, (path, outcome) in enumerate(outcomes):
        report(Progress("reading", done, len(pending), "files"))
        before = known.get(str(path))
        change = _taken(path, outcome, store, before, status=pending[done][1])
        changes[Change.FAILED if change is Change.SKIPPED and path in named else change] += 1
    report(Progress("reading", len(pending), len(pending), "files"))
    return changes


def _taken(
    path: Path,
    outcome: Outcome,
    store: Store,
    known: FileState | None,
    *,
    status: os.stat_result,
) -> Change:
    """Keeps what was read from one file, and says what came of it."""
    if outcome is None:
        assert known is not None  # a reading is left out only for a digest that was known
        store.touch(str(path), state=FileState(*_stamp(status), known.sha256))
        return Change.UNCHANGED
    if isinstance(outcome, ReadError):
        reason = outcome.message.removeprefix(f"{path}: ")
        skipped = isinstance(outcome, SkipError)
        return _failed(path, store, reason, stamp=_stamp(status), skipped=skipped)
    documents = [replace(each, language=language(each.text)) for each in outcome.documents]
    store.put(
        str(path),
        [(document, chunking.chunks(document)) for document in documents],
        state=FileState(*_stamp(status), outcome.sha256),
        failures=outcome.failures,
    )
    return Change.ADDED if known is None else Change.UPDATED


def _failed(
    path: Path,
    store: Store,
    reason: str,
    *,
    stamp: tuple[int, int] = (0, 0),
    skipped: bool = False,
) -> Change:
    """Notes why a file can't be read; without a stamp it is tried again the next time."""
    failure = Failure(str(path), reason, skipped=skipped)
    store.put(str(path), (), state=FileState(*stamp, ""), failures=(failure,))
    return Change.SKIPPED if skipped else Change.FAILED


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


def _vanished(known: Iterable[str], found: Iterable[Path], roots: Sequence[Path]) -> list[str]:
    present = {str(path) for path in found}
    return [
        path
        for path in known
        if path not in present and any(is_below(Path(path), root) for root in roots)
    ]
