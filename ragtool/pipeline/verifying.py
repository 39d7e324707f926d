"""A saved answer against the files as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragtool import readers
from ragtool.errors import ReadError
from ragtool.readers.workers import Outcome
from ragtool.records import Document
from ragtool.reports import Checked
from ragtool.saved import Quoted, quoted


def verify(text: str, *, where: str) -> tuple[Checked, ...]:
    """Each quote of the saved answers in `text`, held against its file.

    where: the file that the text is of. No index and no model is needed.
    Raises UsageError when the text is no saved answer.
    """
    return held(quoted(text, where=where))


def held(wanted: Sequence[Quoted]) -> tuple[Checked, ...]:
    """Each quote, held against its file, in their order."""
    files = {one.path: _file(Path(one.path)) for one in wanted}
    outcomes = _read(sorted({file for file in files.values() if file is not None}))
    return tuple(_checked(one, files[one.path], outcomes) for one in wanted)


def _file(path: Path) -> Path | None:
    """The file on the disk; a part's path goes on below its file's."""
    return next((each for each in (path, *path.parents) if _is_file(each)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _read(files: Sequence[Path]) -> dict[Path, Outcome]:
    with readers.Readers(1) as reading:
        return dict(reading.read((file, None) for file in files))


def _checked(one: Quoted, file: Path | None, outcomes: dict[Path, Outcome]) -> Checked:
    def told(ok: bool, found: str) -> Checked:
        return Checked(one.name, one.path, one.quote, ok=ok, found=found)

    if file is None:
        return told(False, "the file is gone")
    outcome = outcomes[file]
    if outcome is None or isinstance(outcome, ReadError):
        return told(False, "the file can't be read any more")
    changed = outcome.sha256 != one.sha256
    document = _document(outcome.documents, one.path)
    if document is None:
        return told(False, "the file changed, and this part of it is gone")
    stands = one.span.of(document.text) == one.quote
    if not changed:
        found = "the file is unchanged"
        return told(stands, found if stands else f"{found}, but the quote stands elsewhere or not")
    if stands:
        return told(False, "the file changed, the quote stands where it stood")
    if one.quote in document.text:
        return told(False, "the file changed, the quote stands at another place")
    return told(False, "the file changed, and the quote is not in it any more")


def _document(documents: Sequence[Document], path: str) -> Document | None:
    return next((each for each in documents if each.path == path), None)
