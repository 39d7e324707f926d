"""The catalogue: each model's files, sizes, hashes, licence and sources.

Reads `ragtool/models.toml`, which ships with the package. Touches no model.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib.resources
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragtool.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Kind = Literal["generator", "embedder"]

DEFAULT_GENERATOR = "qwen2_5-coder-1_5b-instruct-q4_k_m"
DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model. path: relative, with "/". sha256: hex digest of the whole."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """A wheel on the package registry that carries a piece of a model.

    sha256: of the wheel. member: the piece inside it; one that ends in "/" is
    a folder with all the model's files. bytes: of the member, unpacked.
    """

    package: str
    version: str
    sha256: str
    member: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Model:
    """A pinned model. A generator is one GGUF file; an embedder is a folder.

    repository, revision: where the model hub has it. parts: joined in this
    order they are the file; empty when the registry has none. context,
    max_tokens: in tokens. memory: bytes it takes when loaded, about.
    tried: whether the project has run it.
    """

    name: str
    kind: Kind
    use: str
    files: tuple[ModelFile, ...]
    licence: str
    maker: str
    repository: str
    revision: str = "main"
    parts: tuple[Part, ...] = ()
    context: int | None = None
    dimensions: int | None = None
    max_tokens: int | None = None
    memory: int | None = None
    tried: bool = True

    @property
    def bytes(self) -> int:
        """Of all its files together."""
        return sum(file.bytes for file in self.files)

    @property
    def sha256(self) -> str:
        """Of the file; for several, of the lines "HASH  PATH" in path order."""
        if len(self.files) == 1:
            return self.files[0].sha256
        lines = (f"{file.sha256}  {file.path}\n" for file in sorted(self.files, key=_by_path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def path(self, root: Path) -> Path:
        """What is loaded: the file of a generator, the folder of an embedder."""
        return root / (self.name if self.kind == "embedder" else self.files[0].path)

    def file(self, root: Path, entry: ModelFile) -> Path:
        """Where one of its files lies in the models folder `root`."""
        return self.path(root) / entry.path if self.kind == "embedder" else root / entry.path


@functools.cache
def catalogue() -> tuple[Model, ...]:
    """Every pinned model, in the catalogue's order: of each kind the default first."""
    source = importlib.resources.files("ragtool") / "models.toml"
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    return tuple(_model(name, table) for name, table in tables.items())


def find(name: str) -> Model:
    """The pinned model of that name. Raises UsageError with the nearest name."""
    models = {model.name: model for model in catalogue()}
    if name in models:
        return models[name]
    lowered = {known.lower(): known for known in models}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.4)
    hint = f"Did you mean {lowered[near[0]]}?" if near else "See: ragtool models list"
    raise UsageError(f"There is no model called {name!r}.", hint=hint)


def _by_path(file: ModelFile) -> str:
    return file.path


def _model(name: str, table: Mapping[str, Any]) -> Model:
    plain = {key: value for key, value in table.items() if key not in ("files", "parts")}
    files = tuple(ModelFile(path=path, **entry) for path, entry in table["files"].items())
    parts = tuple(Part(**part) for part in table.get("parts", ()))
    return Model(name=name, files=files, parts=parts, **plain)
