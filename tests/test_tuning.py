"""What was measured on a machine, kept for it and for no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Ragtool

from ragtool import pipeline
from ragtool.config import Settings
from ragtool.models import find, locate
from ragtool.pipeline import loading, tuning
from ragtool.pipeline.machine import cores
from ragtool.reports import Finding, Kernels, Progress, Tuned

SHA = "a" * 64
ENTRY: dict[str, Any] = {
    "threads": 1,
    "kernels": {"repacked": False, "batch": 256},
    "day": "2026-11-23",
}


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    return Settings(tmp_path / "index", models, generator=SMALL, machine=tmp_path / "machine")


def write(settings: Settings, content: str) -> Path:
    assert settings.machine is not None
    settings.machine.mkdir(exist_ok=True)
    file = settings.machine / tuning.FILE_NAME
    file.write_text(content, encoding="utf-8")
    return file


def kept(entry: object, *, machine: str | None = None) -> str:
    return json.dumps({"machine": machine or tuning._machine(), "models": {SHA: entry}})


def found(settings: Settings) -> Finding:
    return next(each for each in pipeline.doctor(settings) if each.check == "tuning")


def test_without_a_file_nothing_is_remembered(settings: Settings) -> None:
    assert tuning.remembered(SHA, settings) is None
    assert found(settings).ok


def test_what_is_remembered_is_of_one_model(settings: Settings) -> None:
    write(settings, kept(ENTRY))
    expected = Tuned(1, Kernels(repacked=False, batch=256), "2026-11-23")
    assert tuning.remembered(SHA, settings) == expected
    assert tuning.remembered("b" * 64, settings) is None


def test_another_machines_file_is_ignored(settings: Settings) -> None:
    write(settings, kept(ENTRY, machine="an abacus, 10 cores"))
    assert tuning.remembered(SHA, settings) is None
    assert found(settings).ok


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        "\x00\xff",
        kept(None),
        kept({}),
        kept(ENTRY | {"threads": 0}),
        kept(ENTRY | {"threads": cores() + 1}),
        kept(ENTRY | {"threads": "2"}),
        kept(ENTRY | {"threads": True}),
        kept(ENTRY | {"day": "soon"}),
        kept(ENTRY | {"kernels": {"batch": 0}}),
        kept(ENTRY | {"kernels": {"batch": 10**9}}),
        kept(ENTRY | {"kernels": {"repacked": "yes"}}),
        kept(ENTRY | {"kernels": {"speed": "most"}}),
    ],
)
def test_a_damaged_file_is_ignored_and_told(content: str, settings: Settings) -> None:
    file = write(settings, content)
    assert tuning.remembered(SHA, settings) is None
    finding = found(settings)
    assert (finding.ok, finding.remedy) == (False, "Run: ragtool doctor --tune")
    assert str(file) in finding.message


def test_tuning_measures_and_loading_uses_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_ROUNDS", 1)  # one is quicker, and as good here
    # Two threads wait for each other where another program has a core.
    monkeypatch.setattr(tuning, "cores", lambda: 1)
    write(settings, "damaged")
    told: list[Progress] = []
    result = pipeline.tune(settings, report=told.append)
    assert told[-1].done == told[-1].total == len(result.trials) >= 3
    assert result.best in result.trials
    assert all(trial.reads > 0 and trial.writes > 0 for trial in result.trials)
    assert min(trial.seconds for trial in result.trials) >= result.best.seconds * 0.9
    assert result.best.written > 0  # the small model does not show where it looks
    sha256 = locate(find(SMALL), settings.models).sha256
    tuned = tuning.remembered(sha256, settings)
    assert tuned is not None
    assert (tuned.threads, tuned.kernels) == (result.best.threads, result.best.kernels)
    assert tuned.kernels.described(tuned.threads) in found(settings).message
    other = Tuned(1, Kernels(repacked=True, batch=64), "2026-11-23")
    write(settings, kept(ENTRY | {"kernels": {"batch": 64}}).replace(SHA, sha256))
    generator = loading.load_generator(settings)
    assert generator._batch == other.kernels.batch
    generator.close()


def test_doctor_takes_the_model_to_look_at(ragtool: Ragtool, tmp_path: Path) -> None:
    done = ragtool("doctor", "--tune", "--model", tmp_path / "none.gguf")
    assert done.returncode == 1
    assert "none.gguf" in done.stderr
    assert done.stdout == ""
