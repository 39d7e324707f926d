"""The warm process among strangers: who may reach it, and who answers in its place."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import pytest
import warming
from fakes import FakeGenerator
from warming import ANSWER, NONE, QUESTIONS, WHO, Bench, on_unix, timeless

from ragtool import pipeline, warm
from ragtool.errors import RagtoolError
from ragtool.pipeline import loading
from ragtool.records import AnswerSentence, Hit
from ragtool.warm import place, talking, wire

# pytest looks for fixtures in the file that uses them.
base, bench, cold = warming.base, warming.bench, warming.cold


# Who may reach it


@on_unix
def test_only_the_user_can_reach_it(bench: Bench) -> None:
    bench.run("ask", WHO)
    found = place.find()
    assert stat.S_IMODE(found.folder.stat().st_mode) == 0o700
    for path in found.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@on_unix
def test_who_does_not_know_the_key_is_not_heard(bench: Bench) -> None:
    bench.run("ask", WHO)
    pid, found = bench.pid(), place.find()
    with pytest.raises(Exception, match="digest"):
        Client(str(found.socket), "AF_UNIX", authkey=b"another")
    with Client(str(found.socket), "AF_UNIX") as rude:
        rude.recv_bytes()
        rude.send_bytes(wire.Sender().message("stop"))  # without a greeting
        with pytest.raises((EOFError, OSError)):
            while True:
                rude.recv_bytes()
    assert bench.pid() == pid


@on_unix
def test_garbage_is_survived(bench: Bench) -> None:
    bench.run("ask", WHO)
    pid = bench.pid()
    with ExitStack() as rude:
        for garbage in (b"", b"\xff" * 64, b"\0\0\0\x04ab", b"GET / HTTP/1.1\r\n\r\n"):
            caller = rude.enter_context(socket.socket(socket.AF_UNIX))
            caller.connect(str(place.find().socket))
            caller.sendall(garbage)
        # While they hang on, others are answered.
        assert bench.run("ask", QUESTIONS[1]).returncode in (0, 3)
    state = bench.state()
    assert state is not None
    assert (state.pid, state.answered) == (pid, 2)


def test_nonsense_of_who_knows_the_key_is_survived(bench: Bench) -> None:
    bench.run("ask", WHO)
    pid = bench.pid()
    no_question = b'{"event":"ask","documents":[],"values":{}}'
    for message in (b"", b"\xff", b"[]", b"[" * 100_000, b"x" * (2 << 20), no_question):
        line = talking.call(place.find())
        with suppress(talking.Lost):  # too long to be taken
            line.send(message)
        with pytest.raises(talking.Lost):
            line.receive(seconds=30, longest=1000)
        line.close()
    assert bench.pid() == pid


@on_unix
@pytest.mark.parametrize("wrong", ["others may write", "others may read", "a link", "a file"])
def test_a_folder_that_others_may_use_is_refused(
    bench: Bench, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(tempfile.mkdtemp(prefix="rt", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    folder = run / "ragtool"
    if wrong == "a link":
        tmp_path.chmod(0o700)
        folder.symlink_to(tmp_path)
    elif wrong == "a file":
        folder.touch()
    else:
        folder.mkdir()
        folder.chmod(0o777 if wrong == "others may write" else 0o750)
    with pytest.raises(RagtoolError):
        place.find()
    if wrong == "others may write":
        done = bench.run("ask", WHO, XDG_RUNTIME_DIR=str(run))
        assert done.returncode in (0, 3)
        assert done.stderr == ""
        assert [*run.rglob("*.sock")] == []
    shutil.rmtree(run)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(bench.run_folder))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away"
)
def test_a_folder_of_somebody_else_is_refused(bench: Bench) -> None:
    folder = place.find().folder
    os.chown(folder, 12345, 12345)
    try:
        with pytest.raises(RagtoolError, match="not a folder of the user's alone"):
            place.find()
    finally:
        os.chown(folder, os.geteuid(), os.getegid())


@on_unix
def test_a_long_folder_gives_way_to_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = place.find()
    assert found.folder.parent == tmp_path
    assert stat.S_IMODE(found.folder.stat().st_mode) == 0o700


# A process that is not what it should be


@contextmanager
def impostor(talk: Callable[[talking.Line], None]) -> Iterator[None]:
    """Somebody who serves at the place, and knows the key."""

    def serve(ear: talking.Ear) -> None:
        while True:
            line = ear.greet(ear.call())
            line.receive(seconds=30, longest=1 << 20)
            with suppress(talking.Lost):
                talk(line)
            line.close()

    found = place.find()
    with place.locked(found.serving) as mine:
        assert mine
        with talking.listening(found) as ear:
            threading.Thread(target=serve, args=(ear,), daemon=True).start()
            yield


def cut(line: talking.Line) -> None:
    return None


def babble(line: talking.Line) -> None:
    line.send(b"\xff{")


def another(line: talking.Line) -> None:
    line.send(wire.Sender().message("answer", answer=ANSWER))


def refuse(line: talking.Line) -> None:
    line.send(wire.Sender().message("begun"))
    line.send(wire.Sender().message("failed"))


@pytest.mark.parametrize("talk", [cut, babble, another, refuse], ids=lambda talk: talk.__name__)
def test_an_answer_that_is_none_is_made_up_for(
    bench: Bench, talk: Callable[[talking.Line], None], cold: dict[str, dict[str, Any]]
) -> None:
    with impostor(talk):
        assert timeless(bench.run("ask", WHO, "--json").stdout) == cold[WHO]


def test_what_was_told_is_not_told_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after its first sentence: the answer is whole, and each sentence once."""
    monkeypatch.setattr(loading, "load_generator", lambda _, look=None: FakeGenerator(odds=20.0))
    told: list[AnswerSentence] = []
    reading: list[Sequence[Hit]] = []
    with pipeline.Session(bench.settings) as session:
        expected = session.ask(WHO, k=8, filters=NONE)
    assert expected.sentences

    def half(line: talking.Line) -> None:
        sender = wire.Sender()
        line.send(sender.message("begun"))
        line.send(sender.message("hits", hits=expected.retrieved))
        first = expected.sentences[0]
        line.send(sender.message("sentence", sentence=first, citations=expected.citations))

    with impostor(half), warm.Session(bench.settings) as warmer:
        answer = warmer.ask(
            WHO,
            k=8,
            filters=NONE,
            on_hits=reading.append,
            on_sentence=lambda sentence, _: told.append(sentence),
        )
    assert replace(answer, timings={}) == replace(expected, timings={})
    assert told == [*expected.sentences]
    assert reading == [expected.retrieved]
