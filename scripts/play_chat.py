"""Types conversations to `ragtool chat` at a terminal of its own, and judges the answers.

    .venv/bin/python scripts/play_chat.py CONVERSATION.jsonl PATH...

Indexes PATH... into a folder that is gone afterwards, and prints a table as
Markdown. A line of the conversation has `say`, what is typed, and `right`, of
which one stands in a right answer; [] where the sources don't tell. A refusal
is never wrong. Not on Windows, which has no such terminals.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from running import Stopped, ended_plainly

# Between an answer's seconds and the model's name, the last that is told of it.
_ANSWERED = " s · "
_SECONDS = 600.0


class Typist:
    """A program at a terminal of its own, which is typed to and read from."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str]) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        # Without an answer to its question where the cursor is, prompt_toolkit would wait.
        plain = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self._program = subprocess.Popen(
            command,
            stdin=its,
            stdout=its,
            stderr=its,
            env={**env, **plain},
            start_new_session=True,
            # A shell's background job ignores SIGINT, and so would what it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(its)
        self._seen = ""

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._ours)

    def until(self, text: str, *, seconds: float = 120.0) -> str:
        """Read until `text` is there. Returns what stood before it.

        Raises Stopped with what was read instead, after so many seconds.
        """
        deadline = time.monotonic() + seconds
        while text not in self._seen:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._ours], [], [], left)[0]:
                raise Stopped(f"No {text!r} after {seconds:.0f} s: {self._seen[-2000:]!r}")
            try:
                self._seen += os.read(self._ours, 65536).decode("utf-8", "replace")
            except OSError as error:  # it has ended
                raise Stopped(f"No {text!r} at the end: {self._seen[-2000:]!r}") from error
        before, _, self._seen = self._seen.partition(text)
        return before

    def write(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._ours, keys.encode("utf-8"))

    def interrupt(self) -> None:
        """Ctrl-C, also while the keys are not looked at."""
        self._program.send_signal(signal.SIGINT)

    def ended(self, *, seconds: float = 120.0) -> int:
        """The exit code, waited for."""
        return self._program.wait(timeout=seconds)


def play(
    said: Sequence[str], command: Sequence[str], *, env: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Type each line to the `chat` of the command. Returns the answers, as /save gives them."""
    with tempfile.TemporaryDirectory() as folder, Typist(command, env=env) as chat:
        file = Path(folder) / "answers.jsonl"
        for line in said:
            chat.until("ask>", seconds=_SECONDS)
            chat.write(f"{line}\r")
            chat.until(_ANSWERED, seconds=_SECONDS)
        chat.until("ask>")
        chat.write(f"/save {file}\r")
        chat.until("saved to")
        chat.until("ask>")
        chat.write("\x04")
        chat.ended()
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def verdict(answer: Mapping[str, Any], right: Sequence[str]) -> str:
    """right, refused, or wrong; a refusal is right where the sources don't tell."""
    if answer["status"] == "not_found":
        return "refused" if right else "right"
    held = any(words.casefold() in answer["answer"].casefold() for words in right)
    return "right" if held else "wrong"


def read_conversation(file: Path) -> list[dict[str, Any]]:
    """The lines of a conversation."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main(arguments: Sequence[str]) -> int:
    """Play the conversation and print the table. Returns 1 where an answer was wrong."""
    if len(arguments) < 2 or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    lines = read_conversation(Path(arguments[0]))
    with tempfile.TemporaryDirectory() as index:
        ragtool = [sys.executable, "-m", "ragtool", "--index", index]
        subprocess.run([*ragtool, "index", *arguments[1:]], check=True)
        answers = play([line["say"] for line in lines], [*ragtool, "chat"], env=os.environ)
    print("| typed | asked as | | answer |\n| --- | --- | --- | --- |")
    verdicts = Counter[str]()
    for line, answer in zip(lines, answers, strict=True):
        found = verdict(answer, line["right"])
        verdicts[found] += 1
        asked = "" if answer["question"] == line["say"] else answer["question"]
        print(f"| {line['say']} | {asked} | {found} | {answer['answer']} |")
    print(", ".join(f"{count} {found}" for found, count in verdicts.most_common()))
    return 1 if verdicts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(ended_plainly(main, sys.argv[1:]))
