"""The warm process: answers as without it, whatever happens to it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import warming
from conftest import ROOT, SMALL
from warming import HARBOUR, QUESTIONS, WHO, Bench, on_unix, timeless

from ragtool import pipeline
from ragtool.errors import ModelError, StoreError
from ragtool.models import DEFAULT_GENERATOR, located
from ragtool.pipeline import machine
from ragtool.warm import identity, place, reaching, talking, wire

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")

# pytest looks for fixtures in the file that uses them.
base, bench, cold = warming.base, warming.bench, warming.cold


# The same answers


def test_answers_are_the_same_bytes(bench: Bench) -> None:
    """In every form, from one process that is started by the first question."""
    questions, page = bench.folder / "questions.txt", bench.folder / "page.html"
    questions.write_text("\n".join(QUESTIONS[:2]), encoding="utf-8")
    forms: list[tuple[str | Path, ...]] = [
        (WHO,),
        (QUESTIONS[1], "--json"),  # alone, and after another about the same passages
        ("--questions", questions, "--markdown"),
        (WHO, "--html", page),
    ]
    for form in forms:
        page.unlink(missing_ok=True)
        one = bench.run("ask", *form, "--no-warm")
        written = page.read_bytes() if page in form else b""
        other = bench.run("ask", *form)
        assert (one.returncode, one.stderr) == (other.returncode, other.stderr)
        assert one.stderr == ""
        if "--json" in form:
            assert timeless(one.stdout) == timeless(other.stdout)
        else:
            assert one.stdout == other.stdout
        if page in form:
            assert written == page.read_bytes() != b""
    asked = 5
    status = json.loads(bench.run("warm", "status", "--json").stdout)
    assert status == {
        "schema": "ragtool.warm/1",
        "running": True,
        "pid": bench.pid(),
        "version": "0.1.0",
        "minutes": 5.0,
        "answered": asked,
        "waiting": 0,
        "index": str(bench.index),
        "generator": SMALL,
    }


@pytest.mark.slow
def test_an_answer_of_the_default_model(bench: Bench, seed_index: Path) -> None:
    """Cold, warm, and once more in another form."""
    asked = ("ask", "who claimed no rights violations?", "--index", seed_index)
    chosen = {"RAGTOOL_GENERATOR": DEFAULT_GENERATOR}
    cold = bench.run(*asked, "--json", "--no-warm", **chosen)
    assert timeless(cold.stdout)["status"] == "answered"
    for _ in range(2):
        done = bench.run(*asked, "--json", **chosen)
        assert (timeless(done.stdout), done.returncode) == (timeless(cold.stdout), 0)
    assert "Merzlyankova" in bench.run(*asked, **chosen).stdout
    state = bench.state()
    assert state is not None
    assert (state.answered, state.generator) == (3, DEFAULT_GENERATOR)


def test_status_and_stop(bench: Bench) -> None:
    assert bench.run("warm", "status").stdout == "not running\n"
    assert bench.run("warm", "stop").stdout == "not running\n"
    assert bench.run("ask", WHO).returncode in (0, 3)
    assert bench.run("warm", "status").stdout.startswith(f"running as process {bench.pid()}, ")
    stopped = bench.run("warm", "stop", "--json")
    assert json.loads(stopped.stdout) == {"schema": "ragtool.warm-stopped/1", "stopped": True}
    assert bench.state() is None


@pytest.mark.parametrize(
    "how", [{"RAGTOOL_WARM": "0"}, {"RAGTOOL_WARM_MINUTES": "0"}], ids=lambda how: next(iter(how))
)
def test_it_can_be_turned_off(bench: Bench, how: dict[str, str]) -> None:
    assert bench.run("ask", WHO, **how).returncode in (0, 3)
    assert bench.state() is None


def test_what_could_not_be_read_is_told(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    settings = replace(bench.settings, index=tmp_path / "index")
    pipeline.index([bench.article, tmp_path], settings, report=lambda _: None)
    done = bench.run("ask", WHO, "--index", settings.index)
    assert "1 of the files could not be read" in done.stderr
    assert bench.state() is not None


@pytest.mark.parametrize(
    ("args", "environ"),
    [
        (["--index", "nowhere"], {}),
        (["--model", "nonsense"], {}),
        (["--model", "nothing.gguf"], {}),
        ([], {"RAGTOOL_MODELS": "nowhere"}),
    ],
    ids=["no index", "no such model", "no such file", "no models"],
)
def test_an_error_says_what_it_always_says(
    bench: Bench, args: list[str], environ: dict[str, str]
) -> None:
    one, other = (bench.run("ask", WHO, *args, *how, **environ) for how in (["--no-warm"], []))
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, "", other.stderr)
    assert one.stderr.startswith("ragtool: ")
    assert bench.state() is None  # nothing was started for it


def test_an_error_that_only_the_process_meets_says_what_it_always_says(
    bench: Bench, tmp_path: Path
) -> None:
    empty = replace(bench.settings, index=tmp_path / "index")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "gone.txt").write_text("Soon.\n", encoding="utf-8")
    pipeline.index([tmp_path / "files"], empty, report=lambda _: None)
    pipeline.remove([tmp_path / "files"], empty)
    done = bench.run("ask", WHO, "--index", empty.index)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"The index in {empty.index} is empty." in done.stderr


def test_a_model_file_of_the_users_from_another_folder(bench: Bench, tmp_path: Path) -> None:
    """The process stands in another folder, so the name must be made whole."""
    source = located(SMALL, bench.models).path
    link = bench.folder / "mine.gguf"
    shutil.copyfile(source, link)
    done = bench.run("ask", WHO, "--model", "mine.gguf", "--json")
    assert json.loads(done.stdout)["model"]["name"] == "mine"
    state = bench.state()
    assert state is not None
    assert (state.answered, state.generator) == (1, str(link.resolve()))
    link.unlink()
    gone = bench.run("ask", WHO, "--model", "mine.gguf")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "There is no file mine.gguf" in gone.stderr


# Killed, left over, replaced


@on_unix
def test_killed_in_the_middle_of_an_answer(bench: Bench, cold: dict[str, dict[str, Any]]) -> None:
    questions = bench.folder / "many.txt"
    questions.write_text("\n".join(QUESTIONS * 2), encoding="utf-8")
    with bench.start("ask", "--questions", questions, "--json") as process:
        bench.until(lambda: busy(bench.state()))
        pid = bench.pid()
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert [timeless(line) for line in out.splitlines()] == [cold[each] for each in QUESTIONS * 2]


def busy(state: wire.State | None) -> bool:
    return state is not None and state.answered >= 1 and state.waiting == 1


@on_unix
def test_a_socket_left_over_from_a_crash(bench: Bench, cold: dict[str, dict[str, Any]]) -> None:
    bench.run("ask", WHO)
    killed = bench.pid()
    os.kill(killed, signal.SIGKILL)
    bench.until(lambda: bench.state() is None)
    assert place.find().socket.exists()
    assert timeless(bench.run("ask", WHO, "--json").stdout) == cold[WHO]
    assert bench.pid() != killed


@on_unix
def test_an_interrupt_ends_the_work_and_not_the_process(bench: Bench) -> None:
    long = bench.folder / "many.txt"
    asked = [f"Who said that the harbour would stay closed until {day} June?" for day in range(20)]
    long.write_text("\n".join(asked), encoding="utf-8")
    with bench.start("ask", "--questions", long, "--json") as process:
        bench.until(lambda: busy(bench.state()))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "ragtool: interrupted\n")
    bench.until(lambda: (state := bench.state()) is not None and state.waiting == 0, seconds=30)
    state = bench.state()
    assert state is not None
    assert state.answered < len(asked)
    assert bench.run("ask", WHO).returncode in (0, 3)


@on_linux
def test_the_code_changed_under_it(
    bench: Bench, tmp_path: Path, cold: dict[str, dict[str, Any]]
) -> None:
    """Another version's process is ended and replaced, and doesn't answer."""
    shutil.copytree(ROOT / "ragtool", tmp_path / "ragtool", ignore=shutil.ignore_patterns("*.pyc"))
    root = {"PYTHONPATH": str(tmp_path)}
    pids = []
    for version in ("1.0.0", "1.0.1"):
        init = tmp_path / "ragtool" / "__init__.py"
        text = init.read_text(encoding="utf-8")
        old = next(line for line in text.splitlines() if line.startswith("__version__"))
        init.write_text(text.replace(old, f'__version__ = "{version}"'), encoding="utf-8")
        answer = timeless(bench.run("ask", WHO, "--json", **root).stdout)
        assert answer.pop("settings")["ragtool"] == version
        assert answer == {name: value for name, value in cold[WHO].items() if name != "settings"}
        state = json.loads(bench.run("warm", "status", "--json", **root).stdout)
        assert (state["version"], state["answered"]) == (version, 1)
        pids.append(state["pid"])
    assert pids[0] != pids[1]
    assert bench.processes() == {pids[1]}
    assert bench.run("warm", "stop", **root).stdout == "stopped\n"


def test_the_code_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("1", encoding="ascii")
    monkeypatch.setattr(identity, "PACKAGE", tmp_path)
    seen = [identity.code()]
    assert identity.code() == seen[0]
    (tmp_path / "a.py").write_text("22", encoding="ascii")
    seen.append(identity.code())
    (tmp_path / "b.toml").touch()
    seen.append(identity.code())
    (tmp_path / "notes.pyc").touch()
    assert identity.code() == seen[2]
    assert len(set(seen)) == 3


def test_the_index_changed_under_it(bench: Bench, tmp_path: Path) -> None:
    """Indexed anew, and its folder swapped for another one: it answers from what is there."""
    article = tmp_path / "a.txt"
    one, other = tmp_path / "index", tmp_path / "other"
    settings = replace(bench.settings, index=one)

    def fingerprint() -> object:
        done = bench.run("ask", WHO, "--json", "--index", one)
        assert done.stderr == ""
        answer = json.loads(done.stdout)
        assert {hit["path"] for hit in answer["retrieved"]} <= {str(article)}
        return answer["index"]["fingerprint"]

    seen = []
    for mayor in ("Ana Ruiz", "Jon Bell", "Mia Holm"):
        article.write_text(HARBOUR.replace("Ana Ruiz", mayor), encoding="utf-8")
        if mayor == "Mia Holm":
            pipeline.index([article], replace(settings, index=other), report=lambda _: None)
            one.rename(tmp_path / "old")
            other.rename(one)
        else:
            pipeline.index([article], settings, report=lambda _: None)
        seen.append(fingerprint())
        assert seen[-1] == pipeline.status(settings).fingerprint
    assert len(set(seen)) == 3
    state = bench.state()
    assert state is not None
    assert state.answered == 3


def test_an_index_taken_away_under_it(bench: Bench, tmp_path: Path) -> None:
    settings = replace(bench.settings, index=tmp_path / "index")
    pipeline.index([bench.article], settings, report=lambda _: None)
    assert bench.run("ask", WHO, "--index", settings.index).returncode in (0, 3)
    shutil.rmtree(settings.index)
    done = bench.run("ask", WHO, "--index", settings.index)
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no index in" in done.stderr


# Many at once


@pytest.mark.parametrize("count", [2, 10, pytest.param(50, marks=pytest.mark.slow)])
def test_many_at_once(bench: Bench, cold: dict[str, dict[str, Any]], count: int) -> None:
    """Each gets the answer to its own question, all of them from one process."""
    asked = [QUESTIONS[number % len(QUESTIONS)] for number in range(count)]
    running = [bench.start("ask", question, "--json") for question in asked]
    for question, process in zip(asked, running, strict=True):
        out, err = process.communicate(timeout=300)
        assert err == ""
        assert timeless(out) == cold[question]
        assert process.returncode == {"answered": 0, "not_found": 3}[str(cold[question]["status"])]
    state = bench.state()
    assert state is not None
    assert (state.answered, state.waiting) == (count, 0)
    if sys.platform == "linux":
        assert bench.processes() == {state.pid}


# Begun, kept and ended


@pytest.mark.parametrize("known", [True, False], ids=["too little memory", "memory unknown"])
def test_where_memory_is_small_none_is_started(
    bench: Bench, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "meminfo"
    if known:
        facts.write_text("MemTotal: 9 kB\nMemAvailable:    1000 kB\n", encoding="ascii")
    monkeypatch.setattr(machine, "_MEMORY", facts)
    monkeypatch.setattr(machine, "_GROUP", tmp_path)
    assert machine.available_memory() == (1_024_000 if known else None)
    assert reaching.has_room(bench.settings) is not known
    if known:
        with pytest.raises(talking.Absent, match="memory"):
            reaching.reach(place.find(), bench.settings)
        assert bench.state() is None


def test_the_memory_that_a_container_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "memory.max": "1000\n",
        "memory.current": "900\n",
        "memory.stat": "anon 500\ninactive_file 300\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    monkeypatch.setattr(machine, "_GROUP", tmp_path)
    assert machine.available_memory() == 400
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert machine.available_memory() != 400


def test_kept_models_are_loaded_once_and_again_when_they_change(
    bench: Bench, tmp_path: Path
) -> None:
    kept = pipeline.Kept()
    try:
        with pytest.raises(StoreError):
            pipeline.Session(replace(bench.settings, index=tmp_path), kept=kept)
        writer = kept.writer(bench.settings)
        assert kept.writer(bench.settings) is writer
        embedder = kept.embedder(bench.settings)
        assert kept.embedder(bench.settings) is embedder
        own = tmp_path / "own.gguf"
        shutil.copyfile(located(SMALL, bench.models).path, own)
        other = replace(bench.settings, generator=str(own))
        assert kept.writer(other) is not writer
        with own.open("ab") as file:
            file.write(b"\0")
        assert kept.writer(other).card.sha256 != writer.card.sha256
        own.unlink()
        with pytest.raises(ModelError):
            kept.writer(other)
    finally:
        kept.close()


def test_it_ends_when_nobody_asks(bench: Bench) -> None:
    assert bench.run("ask", WHO, RAGTOOL_WARM_MINUTES="0.01").returncode in (0, 3)
    bench.until(lambda: bench.state() is None, seconds=30)
    left = {path.suffix for path in place.find().folder.iterdir()}
    assert left <= {".lock", ".start"}
