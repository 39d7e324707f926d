"""Warm processes for tests: an index, and a folder in which commands meet their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SMALL

from ragtool import pipeline, warm
from ragtool.config import Settings
from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Attribution,
    Chunk,
    Citation,
    Document,
    Filters,
    Hit,
    IndexCard,
    ModelCard,
    Sentence,
    Span,
)
from ragtool.warm import wire

NONE = Filters()
HARBOUR = (
    "Harbour closed\n\nMayor Ana Ruiz said on Friday that the harbour would stay closed until"
    " June.\n\nThe fishermen's union denied that anyone had been asked.\n"
)
WHO = "Who said that the harbour would stay closed?"
QUESTIONS = (
    WHO,
    "Who denied that anyone had been asked?",
    "Until when will the harbour stay closed?",
    "What did the union deny?",
)
on_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals, sockets or modes")

Done = subprocess.CompletedProcess[str]


class Bench:
    """An index, and a folder in which commands meet a warm process of its own."""

    def __init__(self, folder: Path, run: Path, models: Path) -> None:
        self.folder = folder
        self.run_folder = run
        self.index = folder / "index"
        self.models = models
        self.article = folder / "harbour.txt"
        self.article.write_text(HARBOUR, encoding="utf-8")
        self.settings = Settings(self.index, models, generator=SMALL)
        self.root = ROOT
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RAGTOOL_")},
            **runtime(run),
            "RAGTOOL_MODELS": str(models),
            "RAGTOOL_GENERATOR": SMALL,
        }

    def start(self, *args: str | Path, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ragtool", "--index", str(self.index), *map(str, args)],
            cwd=self.folder,
            env={**self.environ, "PYTHONPATH": str(self.root), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            # A shell's background jobs are started deaf to Ctrl-C, and so may the tests be.
            preexec_fn=None if os.name == "nt" else hear_ctrl_c,
        )

    def run(self, *args: str | Path, **environ: str) -> Done:
        with self.start(*args, **environ) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def state(self) -> wire.State | None:
        """As `ragtool warm status` has it, of the process for this code."""
        return warm.status()

    def pid(self) -> int:
        state = self.state()
        assert state is not None
        return state.pid

    def until(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it does not happen"
            time.sleep(0.005)

    def processes(self) -> set[int]:
        """The living warm processes of this bench."""
        found = set()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if (
                    entry.name.isdigit()
                    and b"ragtool.warm.server" in (entry / "cmdline").read_bytes()
                    and os.fsencode(self.run_folder) in (entry / "environ").read_bytes()
                ):
                    found.add(int(entry.name))
        return found


def hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def runtime(run: Path) -> dict[str, str]:
    return {name: str(run) for name in ("XDG_RUNTIME_DIR", "TMPDIR", "XDG_CACHE_HOME")}


@pytest.fixture(scope="module")
def base(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("warm")
    # A socket's name must be short.
    run = Path(tempfile.mkdtemp(prefix="rt", dir=None if os.name == "nt" else "/tmp"))
    bench = Bench(folder, run, models)
    pipeline.index([bench.article], bench.settings, report=lambda _: None)
    yield bench
    shutil.rmtree(run)


@pytest.fixture
def bench(base: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The bench, with whatever runs ended afterwards."""
    for name, value in runtime(base.run_folder).items():
        monkeypatch.setenv(name, value)
    yield base
    warm.stop()
    if sys.platform == "linux":
        base.until(lambda: not base.processes(), seconds=30)


@pytest.fixture(scope="module")
def cold(base: Bench) -> dict[str, dict[str, Any]]:
    """What each question is answered without a warm process."""
    with pipeline.Session(base.settings) as session:
        answers = [session.ask(question, k=8, filters=NONE) for question in QUESTIONS]
    from ragtool.rendering.forms import answer_form

    return {
        answer.question: timeless(json.dumps(answer_form(answer), ensure_ascii=False))
        for answer in answers
    }


def timeless(line: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(line)
    del answer["timings"]
    return answer


DOCUMENT = Document("/a/b\udcff.txt", "0" * 64, "One.\ud800 Zwei ☃.", title="T", pages=(0, 4))
CITATION = Citation(1, "c", DOCUMENT, Span(0, 4), 1, 1)
ANSWER = Answer(
    question="Who?",
    status="answered",
    sentences=(
        AnswerSentence("One.", (1,), "supported", (Attribution("One", "said", 1, Span(0, 3)),)),
    ),
    citations=(CITATION,),
    nearest=(replace(CITATION, page=None),),
    retrieved=(
        Hit(1, 0.1 + 0.2, Chunk("c", DOCUMENT, Span(0, 4), (Sentence(Span(0, 4), 1),)), ("/x",)),
    ),
    model=ModelCard("m", "1" * 64),
    index=IndexCard("f", 1, 1),
    settings=AnswerSettings(8, Filters(since="2024"), "0.1.0"),
    timings={"total_ms": 3},
    id=None,
)
