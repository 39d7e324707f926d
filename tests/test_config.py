"""Settings: which source wins, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ragtool.config import Settings, Value, resolve
from ragtool.errors import UsageError


def settled(
    folder: Path,
    *,
    toml: str = "",
    environ: dict[str, str] | None = None,
    flags: dict[str, Value | None] | None = None,
) -> Settings:
    if toml:
        (folder / "ragtool.toml").write_text(toml, encoding="utf-8")
    return resolve(flags or {}, environ=environ or {}, folder=folder)


def test_defaults_lie_in_the_users_data_folder(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    assert settings.index.is_absolute()
    assert settings.index.name == "index"
    assert settings.models == settings.index.with_name("models")
    assert settings.machine == settings.index.with_name("machine")
    assert "ragtool" in settings.index.parts
    assert settings.k == 8


@pytest.mark.parametrize(
    ("toml", "environ", "flags", "expected"),
    [
        ("", {}, {}, 8),
        ("k = 2", {}, {}, 2),
        ("k = 2", {"RAGTOOL_K": "3"}, {}, 3),
        ("k = 2", {"RAGTOOL_K": "3"}, {"k": 4}, 4),
        ("k = 2", {}, {"k": 4}, 4),
        ("k = 2", {"RAGTOOL_K": ""}, {"k": None}, 2),
        ("\ufeffk = 2", {}, {}, 2),
    ],
    ids=["default", "file", "environment", "flag", "flag over file", "empty is not set", "BOM"],
)
def test_the_later_source_wins(
    tmp_path: Path,
    toml: str,
    environ: dict[str, str],
    flags: dict[str, Value | None],
    expected: int,
) -> None:
    assert settled(tmp_path, toml=toml, environ=environ, flags=flags).k == expected


def test_every_key_has_a_variable_and_a_line_in_the_file(tmp_path: Path) -> None:
    by_file = settled(
        tmp_path,
        toml='index = "i"\nmodels = "m"\ngenerator = "g"\nembedder = "e"\nk = 5\nmachine = "o"\n',
    )
    (tmp_path / "ragtool.toml").unlink()
    environ = {"INDEX": "i", "MODELS": "m", "GENERATOR": "g", "EMBEDDER": "e", "K": "5"}
    environ["MACHINE"] = "o"
    by_environment = settled(tmp_path, environ={f"RAGTOOL_{k}": v for k, v in environ.items()})
    expected = Settings(
        index=tmp_path / "i",
        models=tmp_path / "m",
        generator="g",
        embedder="e",
        k=5,
        machine=tmp_path / "o",
    )
    assert by_file == by_environment == expected


def test_home_is_expanded_and_absolute_paths_stay(tmp_path: Path) -> None:
    settings = settled(tmp_path, flags={"index": "~/x", "models": str(tmp_path / "m")})
    assert settings.index == Path.home() / "x"
    assert settings.models == tmp_path / "m"


def test_reserved_and_foreign_variables_are_left_alone(tmp_path: Path) -> None:
    environ = {"RAGTOOL_DEBUG": "1", "RAGTOOL_WARM": "1", "RAGTOOL_RUN_X": "1", "RAGTOOLS": "1"}
    assert settled(tmp_path, environ=environ).k == 8


@pytest.mark.parametrize(
    ("toml", "environ", "flags", "said"),
    [
        ('indx = "a"', {}, {}, r"indx in .*ragtool\.toml\. Did you mean index\?"),
        (
            "zzz = 1",
            {},
            {},
            r"zzz .* Known are index, models, generator, embedder, k, hub, warm_minutes, machine\.",
        ),
        ("[index]\na = 1", {}, {}, r"index in ragtool\.toml must be text"),
        ("k = ", {}, {}, r"is not TOML"),
        ("k = true", {}, {}, r"whole number from 1 to 50, not True"),
        ("k = 1.5", {}, {}, r"whole number from 1 to 50, not 1\.5"),
        ('generator = ""', {}, {}, r"generator in ragtool\.toml is empty"),
        ("", {"RAGTOOL_INDX": "a"}, {}, r"RAGTOOL_INDX in the env.*mean RAGTOOL_INDEX\?"),
        ("", {"RAGTOOL_K": "0"}, {}, r"k in the environment .* not '0'"),
        ("", {"RAGTOOL_K": "51"}, {}, r"k in the environment .* not '51'"),
        ("", {"RAGTOOL_K": "٣"}, {}, r"k in the environment"),
        ("", {}, {"index": ""}, r"index in the command line is empty"),
    ],
    ids=[
        "near miss in the file",
        "far miss in the file",
        "table for text",
        "no TOML",
        "true is no number",
        "fraction",
        "empty text",
        "near miss in the environment",
        "too small",
        "too large",
        "foreign digits",
        "empty folder",
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path,
    toml: str,
    environ: dict[str, str],
    flags: dict[str, Value | None],
    said: str,
) -> None:
    with pytest.raises(UsageError) as caught:
        settled(tmp_path, toml=toml, environ=environ, flags=flags)
    assert re.search(said, str(caught.value))
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ragtool.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="can't be read"):
        settled(tmp_path)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, "https://huggingface.co", id="default"),
        pytest.param({"HF_ENDPOINT": "http://mirror"}, "http://mirror", id="theirs"),
        pytest.param(
            {"HF_ENDPOINT": "http://mirror", "RAGTOOL_HUB": "http://ours"}, "http://ours", id="ours"
        ),
    ],
)
def test_the_hub(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    assert resolve({}, environ=environ, folder=tmp_path).hub == expected
