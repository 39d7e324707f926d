"""Settings: one frozen value, resolved once.

Later ones win: the defaults, `ragtool.toml` in the current folder, the
environment's RAGTOOL_* variables, the flags of the command line.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ragtool.errors import UsageError
from ragtool.models import DEFAULT_EMBEDDER, DEFAULT_GENERATOR, HUB

FILE_NAME = "ragtool.toml"
LARGEST_K = 50
_DEFAULT_K = 8
_LONGEST_WARM = 1440  # minutes
_PREFIX = "RAGTOOL_"
# These steer the program from outside and are no settings of an answer.
_RESERVED = ("RAGTOOL_DEBUG", "RAGTOOL_WARM")
_RESERVED_PREFIX = "RAGTOOL_RUN_"

Value = str | float | Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that steers ragtool.

    index: the folder of the index. models: the folder of the models.
    generator, embedder: a name of the catalogue; the generator may be the
    path of a GGUF file. k: how many chunks a search returns, 1 to 50. hub: the
    address of the model hub, empty for none. warm_minutes: how long the warm
    process waits for a question before it ends; 0 for no such process. machine: the folder
    of what was measured and computed on this machine, None for nowhere.
    """

    index: Path
    models: Path
    generator: str = DEFAULT_GENERATOR
    embedder: str = DEFAULT_EMBEDDER
    k: int = _DEFAULT_K
    hub: str = HUB
    warm_minutes: float = 5.0
    machine: Path | None = None


_KEYS = tuple(field.name for field in fields(Settings))


def resolve(
    flags: Mapping[str, Value | None],
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """The settings that hold for `flags`, whose None values count as not given.

    environ and folder are the process's own unless given. Raises UsageError
    for an unknown or unfit setting, naming where it stands.
    """
    home = Path.cwd() if folder is None else folder
    chosen: dict[str, Value] = {}
    for place, given in (
        (FILE_NAME, _from_file(home / FILE_NAME)),
        ("the environment", _hub_of_others(os.environ if environ is None else environ)),
        ("the environment", _from_environment(os.environ if environ is None else environ)),
        ("the command line", {key: value for key, value in flags.items() if value is not None}),
    ):
        for key, value in given.items():
            chosen[key] = _fit(key, value, place=place, folder=home)
    return _with_defaults(chosen)


def _with_defaults(chosen: Mapping[str, Value]) -> Settings:
    def folder(key: str) -> Path:
        value = chosen.get(key)
        return value if isinstance(value, Path) else _data_folder() / key

    def text(key: str, default: str) -> str:
        return str(chosen.get(key, default))

    return Settings(
        index=folder("index"),
        models=folder("models"),
        generator=text("generator", DEFAULT_GENERATOR),
        embedder=text("embedder", DEFAULT_EMBEDDER),
        k=int(text("k", str(_DEFAULT_K))),
        hub=text("hub", HUB),
        warm_minutes=float(text("warm_minutes", "5")),
        machine=folder("machine"),
    )


def _data_folder() -> Path:
    """The user's data folder for ragtool on this platform."""
    from platformdirs import user_data_path

    return user_data_path("ragtool", appauthor=False)


def _from_file(path: Path) -> Mapping[str, object]:
    """The keys of the settings file; none when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}.") from error
    given = _parsed(text, path)
    _check_known(given, _KEYS, place=str(path))
    return given


def _parsed(text: str, path: Path) -> Mapping[str, object]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise UsageError(f"{path} is not TOML: {error}.") from error


def _hub_of_others(environ: Mapping[str, str]) -> Mapping[str, object]:
    """HF_ENDPOINT, by which Hugging Face's own programs name another hub."""
    address = environ.get("HF_ENDPOINT", "")
    return {"hub": address} if address else {}


def _from_environment(environ: Mapping[str, str]) -> Mapping[str, object]:
    """The keys that RAGTOOL_* variables set; an empty variable counts as not set."""
    given = {
        name: value
        for name, value in environ.items()
        if name.startswith(_PREFIX)
        and name not in _RESERVED
        and not name.startswith(_RESERVED_PREFIX)
    }
    _check_known(given, [_PREFIX + key.upper() for key in _KEYS], place="the environment")
    return {name.removeprefix(_PREFIX).lower(): value for name, value in given.items() if value}


def _check_known(given: Iterable[str], known: Iterable[str], *, place: str) -> None:
    """Raise UsageError for the first name that isn't known."""
    names = list(known)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}."
            raise UsageError(f"Unknown setting {name} in {place}.", hint=hint)


def _fit(key: str, value: object, *, place: str, folder: Path) -> Value:
    """`value` in the type of its key. Raises UsageError when it doesn't fit."""
    _check_known([key], _KEYS, place=place)
    if key == "k":
        return _count(value, place=place)
    if key == "warm_minutes":
        return _minutes(value, place=place)
    if value == "" and key != "hub":
        raise UsageError(f"The setting {key} in {place} is empty.")
    if not isinstance(value, str | Path):
        raise UsageError(f"The setting {key} in {place} must be text, not {value!r}.")
    if "\0" in str(value):
        raise UsageError(f"The setting {key} in {place} holds a NUL.")
    if key in ("index", "models", "machine"):
        return folder / Path(value).expanduser()
    return str(value)


def _count(value: object, *, place: str) -> int:
    text = "" if isinstance(value, bool) else str(value)
    # Python refuses to read a number of thousands of digits.
    fits = text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= LARGEST_K
    if not fits:
        raise UsageError(
            f"The setting k in {place} must be a whole number from 1 to {LARGEST_K}, not {value!r}."
        )
    return int(text)


def _minutes(value: object, *, place: str) -> float:
    with contextlib.suppress(ValueError):
        minutes = -1.0 if isinstance(value, bool) else float(str(value))
        if 0 <= minutes <= _LONGEST_WARM:
            return minutes
    raise UsageError(
        f"The setting warm_minutes in {place} must be a number from 0 to {_LONGEST_WARM},"
        f" not {value!r}."
    )
