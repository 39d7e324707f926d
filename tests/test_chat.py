"""`chat` through a pipe and at a real terminal, with the small model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, SMALL, Ragtool
from test_commands import schema
from test_rendering import answered, not_found

from play_chat import Typist, play, read_conversation, verdict
from ragtool.cli.saving import save
from ragtool.errors import UsageError
from ragtool.rendering.look import Look

CONVERSATIONS = Path(__file__).parent / "conversations"
HARBOUR = (
    "Harbour closed\n\nMayor Ana Ruiz said the harbour would stay closed until June.\n\n"
    "The fishermen's union denied that anyone had been asked.\n"
)


@pytest.fixture
def index(ragtool: Ragtool, tmp_path: Path) -> Path:
    (tmp_path / "harbour.txt").write_text(HARBOUR, encoding="utf-8")
    folder = tmp_path / "index"
    assert ragtool("--index", folder, "index", tmp_path / "harbour.txt").returncode == 0
    return folder


def command(index: Path) -> list[str]:
    return [sys.executable, "-m", "ragtool", "--index", str(index), "chat", "--model", SMALL]


def environ(models: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "RAGTOOL_MODELS": str(models)}


def chat(index: Path, models: Path, lines: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command(index), *more],
        input=lines,
        env=environ(models),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_conversation_through_a_pipe(index: Path, models: Path, tmp_path: Path) -> None:
    saved = tmp_path / "answers.jsonl"
    lines = (
        "Who said the harbour would stay closed?\n\n/sources\n/show 1\n/show 99\n/nonsense\n"
        f"/help\nand who denied it?\n/save {saved}\n/save {saved}\n/quit\nnever asked?\n"
    )
    done = chat(index, models, lines)
    assert done.returncode == 0
    assert "» The harbour" not in done.stdout
    assert "Mayor Ana Ruiz" in done.stdout
    assert "/save FILE" in done.stdout
    for complaint in ("no source 99", "There is no /nonsense", "can't be written"):
        assert complaint in done.stderr
    answers = [json.loads(line) for line in saved.read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 2
    for answer in answers:
        schema("answer").validate(answer)
    if os.name == "posix":
        assert saved.stat().st_mode & 0o777 == 0o600


def test_a_conversation_in_json(index: Path, models: Path) -> None:
    done = chat(index, models, "Who said the harbour would stay closed?\nwhen?\n", "--json")
    assert done.returncode == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 2
    assert answers[0]["question"] == "Who said the harbour would stay closed?"


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.html", "<!DOCTYPE html>"), ("a.HTM", "<!DOCTYPE html>"), ("a.md", "## "), ("a", "{")],
)
def test_a_conversation_is_saved_as_its_name_says(
    name: str, begins: str, index: Path, models: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    done = chat(index, models, f"Who said the harbour would stay closed?\n/save {file}\n", "--json")
    assert (done.returncode, "1 saved to" in done.stderr) == (0, True)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "Who said the harbour would stay closed?" in text
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_saved_markdown_counts_its_footnotes_on(tmp_path: Path) -> None:
    save(tmp_path / "a.md", [answered(), not_found(), answered()], look=Look(), settings=())
    text = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert re.findall(r"^\[\^(\d)\]:", text, re.MULTILINE) == ["1", "2", "3", "4"]
    assert text.count("\n## ") == 2
    assert "The sources hold no answer to this." in text


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    for name in ("a.html", "a.md", "a.jsonl"):
        (tmp_path / name).write_text("old")
        with pytest.raises(UsageError, match="can't be written"):
            save(tmp_path / name, [answered()], look=Look(), settings=())
        assert (tmp_path / name).read_text() == "old"


def test_in_json_stdout_holds_answers_alone(index: Path, models: Path) -> None:
    lines = "Who said the harbour would stay closed?\n/sources\n/show 1\n/help\n/shwo 1\n"
    done = chat(index, models, lines, "--json")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    for told in ("harbour would stay closed until June", "/save FILE", "Did you mean /show?"):
        assert told in done.stderr


# At a terminal

at_a_terminal = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no such terminals to test on"
)


@pytest.fixture
def typist(index: Path, models: Path) -> Iterator[Typist]:
    with Typist(command(index), env=environ(models)) as program:
        yield program


@at_a_terminal
@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_stops_the_answer_only(typist: Typist, presses: int) -> None:
    typist.until("ask>")
    typist.write("Who said the harbour would stay closed?\r")
    typist.until("reading:")  # the model still loads
    for _ in range(presses):
        typist.interrupt()
    typist.until("stopped.")
    typist.until("ask>")
    typist.write("half a line\x03")
    typist.until("ask>")
    typist.write("Who denied that anyone had been asked?\r")
    typist.until(" s · ")
    typist.until("ask>")
    typist.write("/sources\r")
    typist.until("[1]")
    typist.until("ask>")  # between prompts the terminal itself would take Ctrl-D
    typist.write("\x04")
    assert typist.ended() == 0


@at_a_terminal
def test_what_was_typed_comes_back(typist: Typist, tmp_path: Path) -> None:
    typist.until("ask>")
    for keys, complaint in (
        ("/first\r", "There is no /first."),
        ("/second\r", "There is no /second."),
        ("\x1b[A\r", "There is no /second."),
        ("\x1b[A\x1b[A\r", "There is no /first."),
        ("/s\x1b[A\r", "There is no /second."),
        ("\x12fir\r\r", "There is no /first."),
        ("/fourth\x1b[D\x1b[D\x7fr\r", "There is no /fourth."),
    ):
        typist.write(keys)
        typist.until(complaint)
        typist.until("ask>")
    typist.write("/quit\r")
    assert typist.ended() == 0
    assert not [file for file in tmp_path.rglob("*") if b"/second" in _content(file)]


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


@at_a_terminal
@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed"])
def test_most_follow_ups_are_answered_rightly_or_refused(
    name: str, models: Path, ragtool: Ragtool, tmp_path: Path
) -> None:
    lines = read_conversation(CONVERSATIONS / f"{name}.jsonl")
    opera = ROOT / "tests" / "who_said" / "articles" / "a10-marlstone-opera-walkout.txt"
    assert ragtool("index", SEEDS, opera).returncode == 0
    answers = play(
        [line["say"] for line in lines],
        [sys.executable, "-m", "ragtool", "--index", str(tmp_path / "index"), "chat"],
        env=environ(models),
    )
    told = [
        (line["say"], answer["question"], answer["answer"], verdict(answer, line["right"]))
        for line, answer in zip(lines, answers, strict=True)
    ]
    assert [row[-1] for row in told].count("wrong") == 0, told
    assert [row[-1] for row in told].count("right") >= len(told) / 2, told
