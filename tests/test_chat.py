"""`chat` through a pipe and at a real terminal, with the small model."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, Ragtool
from test_commands import schema

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


def chat(index: Path, models: Path, lines: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ragtool", "--index", str(index), "chat", "--model", SMALL]
    return subprocess.run(
        [*command, *more],
        input=lines,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAGTOOL_MODELS": str(models)},
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals to test on")
def test_at_a_terminal_ctrl_c_stops_the_answer_only(index: Path, models: Path) -> None:
    import fcntl
    import pty
    import termios

    child, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    running = subprocess.Popen(
        [sys.executable, "-m", "ragtool", "--index", str(index), "chat", "--model", SMALL],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAGTOOL_MODELS": str(models),
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
        },
        start_new_session=True,
    )
    os.close(terminal)
    seen = ""

    def until(text: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 120
        while text not in seen:
            assert time.monotonic() < deadline, seen
            seen += os.read(child, 65536).decode("utf-8", "replace")
        seen = seen.partition(text)[2]

    try:
        until("ask>")
        os.write(child, b"Who said the harbour would stay closed?\r")
        until("reading:")
        running.send_signal(signal.SIGINT)
        until("ask>")
        os.write(child, b"/help\r")
        until("/save FILE")
        until("ask>")  # between prompts the terminal itself would take Ctrl-D
        os.write(child, b"\x04")
        assert running.wait(timeout=60) == 0
    finally:
        running.kill()
        os.close(child)
