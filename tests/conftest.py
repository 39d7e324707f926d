"""What the tests with real models share: where the models are, and the indexed seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workbench import Bench

from ragtool import pipeline
from ragtool.config import Settings, resolve
from ragtool.embedding import OnnxEmbedder
from ragtool.errors import ModelError
from ragtool.generation import LlamaGenerator
from ragtool.models import DEFAULT_EMBEDDER, DEFAULT_GENERATOR, find, locate
from ragtool.store import Store

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
# Answers in a moment, and badly: for all tests where the words don't matter.
SMALL = "smollm2-135m-instruct-q4_1"

# No test but those of the warm process itself may leave one behind.
os.environ["RAGTOOL_WARM"] = "0"

Ragtool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", autouse=True)
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands keep what they learn of the machine: not among the user's own files."""
    folder = tmp_path_factory.mktemp("machine")
    os.environ["RAGTOOL_MACHINE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real models, all that the tests use in it and intact."""
    root = resolve({}, folder=tmp_path_factory.mktemp("no-settings")).models
    for name in (DEFAULT_EMBEDDER, DEFAULT_GENERATOR, SMALL):
        try:
            locate(find(name), root)
        except ModelError as error:
            pytest.fail(f"{error.message} The tests need it: run python3 scripts/check.py")
    return root


@pytest.fixture(scope="session")
def seed_index(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of seeds/. Not to be changed."""
    folder = tmp_path_factory.mktemp("seed") / "index"
    pipeline.index([SEEDS], Settings(folder, models), report=lambda _: None)
    return folder


@pytest.fixture(scope="session")
def embedder(models: Path) -> OnnxEmbedder:
    return OnnxEmbedder(locate(find(DEFAULT_EMBEDDER), models).path, threads=1)


@pytest.fixture(scope="session")
def generator(models: Path) -> Iterator[LlamaGenerator]:
    """The small model. On one core: two wait for each other where another program has one."""
    found = locate(find(SMALL), models)
    loaded = LlamaGenerator(found.path, name=found.name, sha256=found.sha256, threads=1)
    yield loaded
    loaded.close()


@pytest.fixture
def ragtool(models: Path, tmp_path: Path) -> Ragtool:
    """Runs `ragtool ARGS...` as a process in tmp_path, its index there too.

    environ: variables on top of those. The user's own settings don't count.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RAGTOOL_")}
    base = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "RAGTOOL_INDEX": str(tmp_path / "index"),
        "RAGTOOL_MODELS": str(models),
        "RAGTOOL_WARM": "0",
        "RAGTOOL_MACHINE": str(tmp_path / "machine"),
    }

    def run(
        *args: str | Path, environ: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ragtool", *map(str, args)],
            cwd=tmp_path,
            env={**base, **(environ or {})},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "index", create=True, wait=0.2) as opened:
        yield opened


@pytest.fixture
def bench(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, models, monkeypatch)
