"""Whether a model on the disk is the pinned one, to the last bit.

A model that was hashed gets a stamp, NAME.verified.json in the models folder.
What is not checked here is not loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragtool.errors import ModelError
from ragtool.models.catalogue import Model, ModelFile, catalogue, find
from ragtool.models.fitting import check_fits
from ragtool.models.progress import Meter, Report
from ragtool.models.stamps import Seen, Stamp, Tick, look, read_stamp, write_stamp

State = Literal["installed", "unchecked", "damaged", "incomplete", "missing"]

# The exported graph of an embedder, in its folder; `embedding` writes it.
EXPORT = "onnx"
_GRAPH = f"{EXPORT}/unpadded.onnx"
_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Located:
    """A model that was checked. sha256: of the file, or over the folder's pinned files."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A pinned model and how it stands. bytes: on the disk now, an unfinished pull included.

    state: "unchecked" is all there, but changed since it was last hashed, or
    never hashed, or not yet exported.
    """

    model: Model
    state: State
    bytes: int
    path: Path


def located(name_or_file: str, root: Path) -> Located:
    """The pinned model of that name, or any GGUF file, checked before it is returned.

    Raises UsageError for a name that nothing has, ModelError when the model is
    missing or damaged or the file is no GGUF.
    """
    if name_or_file not in {model.name for model in catalogue()}:
        file = Path(name_or_file).expanduser()
        if file.is_file() or file.suffix.lower() == ".gguf" or len(file.parts) > 1:
            return _own(file, root)
    return locate(find(name_or_file), root)


def of_sha256(sha256: str, root: Path) -> str | None:
    """What `located` finds the generator with that hash by, None where none is known.

    A pinned model by its name, though it may not be here; else the path of a
    file of the user's own that had this hash when it was last used.
    """
    for model in catalogue():
        if model.kind == "generator" and model.sha256 == sha256:
            return model.name
    for kept in sorted((root / "own").glob("*.verified.json")):
        for path, seen in read_stamp(kept).items():
            if seen.sha256 == sha256 and Path(path).is_file():
                return path
    return None


def locate(model: Model, root: Path) -> Located:
    """Where `model` lies, its files checked against the catalogue.

    Raises ModelError when a file is missing or damaged.
    """
    stamp = read_stamp(stamp_path(model, root))
    fresh = check_files(model, root, stamp=stamp) | check_export(model, root, stamp=stamp)
    if fresh != stamp:
        write_stamp(stamp_path(model, root), fresh)
    return Located(model.name, model.path(root), model.sha256)


def verify(model: Model, root: Path, *, report: Report) -> None:
    """Hashes every file of the model anew. Raises ModelError as `locate` does."""
    meter = Meter(report, step="check", total=model.bytes)
    # A size that no file has: nothing stands, but the export's hashes stay known.
    stamp = read_stamp(stamp_path(model, root))
    doubted = {name: Seen(seen.sha256, -1, -1) for name, seen in stamp.items()}
    fresh = check_files(model, root, stamp=doubted, tick=meter.reach)
    write_stamp(stamp_path(model, root), fresh | check_export(model, root, stamp=doubted))


def listing(root: Path) -> tuple[Listing, ...]:
    """Every pinned model and how it stands, by sizes and stamps; nothing is hashed."""
    return tuple(_listed(model, root) for model in catalogue())


def check_files(model: Model, root: Path, *, stamp: Stamp, tick: Tick | None = None) -> Stamp:
    """The model's files as they are, each of them what the catalogue says.

    Those that `stamp` still describes are not hashed again. tick gets the
    bytes done of the whole. Raises ModelError.
    """
    fresh: Stamp = {}
    behind = 0
    for entry in model.files:
        path = model.file(root, entry)
        if not path.is_file():
            raise _complaint(f"{model.name} is not installed: there is no {path}", model)
        if not _intact(path, entry, stamp.get(entry.path)):
            raise _complaint(f"{path} is damaged", model)
        fresh[entry.path] = look(path, stamp.get(entry.path))
        behind += entry.bytes
        if tick is not None:
            tick(behind)
    return fresh


def check_export(model: Model, root: Path, *, stamp: Stamp) -> Stamp:
    """The files of an embedder's ONNX export, each as it was when it was made.

    Empty for a generator. Raises ModelError when the export is missing or changed.
    """
    if model.kind != "embedder":
        return {}
    known = {name: seen for name, seen in stamp.items() if name.startswith(f"{EXPORT}/")}
    paths = {name: model.path(root) / name for name in known}
    if _GRAPH not in known or not all(path.is_file() for path in paths.values()):
        raise _complaint(f"{model.name} has no ONNX export", model)
    fresh = {name: look(path, known[name]) for name, path in paths.items()}
    if any(fresh[name].sha256 != known[name].sha256 for name in known):
        raise _complaint(f"The ONNX export of {model.name} is damaged", model)
    return fresh


def see_export(model: Model, root: Path) -> Stamp:
    """The files of an export that was made just now."""
    folder = model.path(root) / EXPORT
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    return {f"{EXPORT}/{path.name}": look(path, None) for path in paths}


def lacking(model: Model, root: Path) -> tuple[ModelFile, ...]:
    """The model's files that are not there, or are there and damaged."""
    stamp = read_stamp(stamp_path(model, root))
    return tuple(
        entry
        for entry in model.files
        if not (path := model.file(root, entry)).is_file()
        or not _intact(path, entry, stamp.get(entry.path))
    )


def stamp_path(model: Model, root: Path) -> Path:
    """Where the model's stamp is kept."""
    return root / f"{model.name}.verified.json"


def _intact(path: Path, entry: ModelFile, known: Seen | None) -> bool:
    return path.stat().st_size == entry.bytes and look(path, known).sha256 == entry.sha256


def _complaint(what: str, model: Model) -> ModelError:
    return ModelError(f"{what}.", hint=f"Run: ragtool models pull {model.name}")


def _own(file: Path, root: Path) -> Located:
    """A GGUF file of the user's. Its stamp is kept in the models folder, not beside it."""
    if not file.is_file():
        raise ModelError(f"There is no file {file}.", hint="See: ragtool models list")
    path = file.resolve()
    if _beginning(path) != _MAGIC:
        raise ModelError(f"{path} is not a GGUF file.", hint="Give a model in the GGUF format.")
    check_fits(path)
    key = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    kept = root / "own" / f"{key}.verified.json"
    known = read_stamp(kept).get(str(path))
    seen = look(path, known)
    if seen != known:
        write_stamp(kept, {str(path): seen})
    return Located(path.stem, path, seen.sha256)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}.") from error


def _listed(model: Model, root: Path) -> Listing:
    paths = [model.file(root, entry) for entry in model.files]
    parts = [path.with_name(path.name + ".part") for path in paths]
    sizes = [path.stat().st_size if path.is_file() else -1 for path in paths]
    unfinished = sum(part.stat().st_size for part in parts if part.is_file())
    held = sum(size for size in sizes if size > 0) + unfinished
    state: State = _state(model, root, sizes) if min(sizes) >= 0 else "incomplete"
    return Listing(model, state if held else "missing", held, model.path(root))


def _state(model: Model, root: Path, sizes: Sequence[int]) -> State:
    """sizes: of its files, all of which are there."""
    if any(size != entry.bytes for size, entry in zip(sizes, model.files, strict=True)):
        return "damaged"
    return "installed" if _stands(model, root) else "unchecked"


def _stands(model: Model, root: Path) -> bool:
    stamp = read_stamp(stamp_path(model, root))
    places = {entry.path: model.file(root, entry) for entry in model.files}
    if model.kind == "embedder":
        places[_GRAPH] = model.path(root) / _GRAPH
    return all(name in stamp and stamp[name].stands(place) for name, place in places.items())
