"""Whether an index is sound, and what can be mended of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ragtool.config import Settings
from ragtool.errors import StoreError
from ragtool.pipeline import nearest
from ragtool.pipeline.indexing import Report, index
from ragtool.pipeline.machine import cores
from ragtool.reports import Finding, Progress, Repair
from ragtool.store import LOST, Mended, Store, examine, leftovers, mend

REMEDY = "Run: ragtool doctor --repair"
# A file that is being written is younger; it takes seconds.
_ABANDONED_SECONDS = 600


def soundness(settings: Settings) -> Iterator[Finding]:
    """How the content of the index stands; nothing where it can't be opened."""
    try:
        damage = examine(settings.index)
    except StoreError:  # which the check of the index tells
        return
    yield _finding("content", "all is as it was stored", "; ".join(damage))
    try:
        missing, fits, lost = _derived(settings.index)
    except StoreError:  # by that damage
        return
    unfit = "" if fits else "their file is missing, stale or damaged"
    without = f"{missing} chunks have no vector" if missing else unfit
    yield _finding("vectors", "fit the content", without)
    if lost:
        message = f"the texts of {len(lost)} files were lost to damage: {', '.join(lost[:3])}"
        yield Finding("lost", False, message, "Run ragtool index on them again.")
    for path in leftovers(settings.index):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS or path.suffix != ".tmp":
            what = "was left over by a repair or a run that was killed, and may hold text"
            yield Finding("left over", False, f"{path.name} {what}", REMEDY)


def repair(settings: Settings, *, report: Report) -> tuple[Repair, ...]:
    """Mends what is damaged in the index; what was done, () for a sound one.

    Raises StoreError, ModelError. Where it fails, or is killed, the index is
    as it was, or mended.
    """
    report(Progress("looking for damage", 0, 0, "documents"))
    done = list(_told(mend(settings.index)))
    missing, fits, _ = _derived(settings.index)
    if missing or not fits:
        index((), settings, report=report)  # with no path it makes vectors only
        done.append(Repair("vectors", f"{missing} embedded, their file built anew"))
    return tuple(done)


def _derived(folder: Path) -> tuple[int, bool, tuple[str, ...]]:
    """How many texts have no vector, whether the vectors' file fits, and the files lost."""
    with Store.open(folder) as store, store.reading():
        missing = len(store.unembedded(store.embedder or ""))
        fits = nearest.fits(store, folder, threads=cores())
        lost = tuple(each.path for each in store.failures() if each.reason == LOST)
    return missing, fits, lost


def _told(mended: Mended) -> Iterator[Repair]:
    for name in mended.removed:
        yield Repair("left over", f"{name} deleted")
    if not mended.complaints:
        return
    message = f"{'; '.join(mended.complaints)}: built anew with {mended.documents} documents"
    if mended.kept is None:
        yield Repair("content", f"{message}, nothing lost")
        return
    yield Repair("content", message)
    for path in mended.lost:
        yield Repair("lost", f"{path}: {LOST}")
    if mended.unnamed or not mended.documents:
        yield Repair(
            "lost", f"{mended.unnamed or 'all'} documents more; run ragtool index on your folders"
        )
    what = "is the damaged file and holds text; the next --repair deletes it"
    yield Repair("kept", f"{mended.kept} {what}")


def _finding(check: str, sound: str, damage: str) -> Finding:
    return Finding(check, not damage, damage or sound, REMEDY if damage else "")
