"""The command line where no model is needed: help, usage errors, exit codes, streams."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from ragtool import __version__
from ragtool.cli import app
from ragtool.cli.app import Commands, run
from ragtool.cli.options import date, filters
from ragtool.cli.questions import Question, read_questions
from ragtool.cli.terminal import progress_text, ready, time_text
from ragtool.errors import ModelError, RagtoolError, UsageError
from ragtool.records import Filters
from ragtool.reports import Progress

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "cli.md"
EVERYWHERE = {"--index", "--json", "--quiet", "--help", "-h"}


def command_line(*args: str) -> list[str]:
    return [sys.executable, "-m", "ragtool", *args]


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """The environment without the user's own settings, everything in `folder`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAGTOOL_", "PYTHONIO"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "RAGTOOL_INDEX": str(folder / "index"),
        "RAGTOOL_MODELS": str(folder / "models"),
        "RAGTOOL_WARM": "0",
        **more,
    }


def ragtool(
    *args: str, folder: Path, stdin: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(*args),
        cwd=folder,
        env=surroundings(folder, **(environ or {})),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def commands(group: object = None, name: str = "ragtool") -> Iterator[tuple[str, set[str]]]:
    """Every command's full name and its options, as typer has them."""
    command = get_command(app) if group is None else group
    yield name, {option for param in command.params for option in param.opts if option[0] == "-"}  # type: ignore[attr-defined]  # typer's click has no public names
    if isinstance(command, TyperGroup):
        for child, below in command.commands.items():
            yield from commands(below, f"{name} {child}")


def described() -> dict[str, set[str]]:
    """Every command and its options, as the page has them."""
    found: dict[str, set[str]] = {}
    options: set[str] = set()
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        if heading := re.match(r"## `(ragtool[a-z ]*?)( [A-Z\[].*)?`$", line):
            options = found.setdefault(heading[1], set())
        elif line.startswith("## "):
            options = set()
        elif line.startswith("| `-"):
            cell = line.replace("\\|", "").split("|")[1]
            options.update(re.findall(r"`(--?[a-z-]+)", cell))
    return found


def test_the_page_lists_exactly_the_commands_and_options_there_are() -> None:
    there = {
        name: options - (EVERYWHERE if name != "ragtool" else set()) for name, options in commands()
    }
    page = described()
    page["ragtool"] -= {"--help", "-h"}  # typer adds these two by itself
    assert page == there


def test_the_options_for_everywhere_are_everywhere() -> None:
    for name, options in commands():
        assert options >= EVERYWHERE - {"--help", "-h"}, name


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [*name.split(), "--help"])
    with pytest.raises(SystemExit) as ended:
        run(app)
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.startswith(f"Usage: {name} ")
    # A line that was cut would end so.
    assert "..." not in out.replace("]...", "").replace("}...", "")


def test_help_comes_at_once_and_loads_nothing_heavy(tmp_path: Path) -> None:
    small = "import typer\ndef small() -> None:\n    pass\ntyper.run(small)"
    seconds, of_typer_alone = [], []
    for _ in range(5):
        begun = time.perf_counter()
        assert ragtool("--help", folder=tmp_path).returncode == 0
        seconds.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", small, "--help"], check=True, capture_output=True)
        of_typer_alone.append(time.perf_counter() - begun)
    # A machine at which typer by itself takes longer is given time in proportion.
    assert min(seconds) < max(0.3, 2 * min(of_typer_alone))
    script = "import sys, ragtool.cli; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).split()
    heavy = "faiss llama_cpp onnxruntime platformdirs rich sentence_transformers tokenizers torch"
    assert not set(loaded) & {*heavy.split(), "trafilatura", "transformers", "ssl"}


def test_version(tmp_path: Path) -> None:
    done = ragtool("--version", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ragtool {__version__}\n", "")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Usage: ragtool "),
        (["models"], "Usage: ragtool models "),
        (["nonsense"], "No such command 'nonsense'"),
        (["documents", "nonsense"], "No such command 'nonsense'"),
        (["index"], "Missing argument 'PATH'"),
        (["index", ""], "A path is empty."),
        (["search"], "Missing argument 'QUERY'"),
        (["search", " "], "The query is empty."),
        (["ask"], "There is no question."),
        (["ask", " \n"], "The question is empty."),
        (["ask", "who?", "--questions", "-"], "not both"),
        (["ask", "--questions", "-"], "stdin holds no question."),
        (["ask", "--questions", "missing.txt"], "missing.txt can't be read"),
        (["ask", "who?", "-k", "0"], "'-k'"),
        (["ask", "who?", "-k", "51"], "'-k'"),
        (["ask", "who?", "-k", "many"], "'-k'"),
        (["ask", "who?", "--since", "June"], "--since 'June' is not a date"),
        (["search", "who?", "--until", "2024-13"], "--until '2024-13' is not a date"),
        (["ask", "who?", "--nonsense"], "No such option"),
        (["ask", "who?", "--index", ""], "The setting index in the command line is empty."),
        (["summarize"], "There is nothing to summarize."),
        (["show"], "Missing argument 'ID'"),
        (["documents", "remove"], "Missing argument 'PATH'"),
        (["models", "pull", "nonsense"], "no model called 'nonsense'"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_exit_code_2(
    args: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["ragtool", *args])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAGTOOL_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        run(app)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_wrong_setting_is_exit_code_2(tmp_path: Path) -> None:
    done = ragtool("status", folder=tmp_path, environ={"RAGTOOL_INDX": "x"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean RAGTOOL_INDEX?" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--json", "--index", "here", "models", "path"],
        ["models", "--json", "--index", "here", "path"],
        ["models", "path", "--index", "here", "--json", "--quiet"],
        ["--quiet", "models", "--index", "here", "path", "--json"],
    ],
    ids=" ".join,
)
def test_options_for_everywhere_stand_before_or_after(args: list[str], tmp_path: Path) -> None:
    done = ragtool(*args, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "schema": "ragtool.path/1",
        "path": str(tmp_path / "models"),
    }


def test_models_list_without_any_model(tmp_path: Path) -> None:
    done = ragtool("models", "list", "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert {model["state"] for model in json.loads(done.stdout)["models"]} == {"missing"}
    assert ragtool("models", "list", folder=tmp_path).stdout.count("missing") >= 2


def test_models_verify_without_any_model(tmp_path: Path) -> None:
    done = ragtool("models", "verify", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Run: ragtool models pull\n")


@pytest.mark.parametrize("args", [["documents"], ["show", "0123456789abcdef"]], ids=" ".join)
def test_no_index_is_one_line_with_the_next_step(args: list[str], tmp_path: Path) -> None:
    done = ragtool(*args, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ragtool: ")
    assert done.stderr.count("\n") == 1
    assert "ragtool index" in done.stderr


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("Wrong."), 2, "ragtool: Wrong.\n"),
        (ModelError("It is gone.", hint="Run: this"), 1, "ragtool: It is gone. Run: this\n"),
        (RagtoolError("a\x1b[2J\nb"), 1, "ragtool: a␛[2J b\n"),
        (OSError(errno.ENOSPC, "No room", "f.txt"), 1, "ragtool: No room: f.txt\n"),
        (KeyboardInterrupt(), 130, "ragtool: interrupted\n"),
        (MemoryError(), 1, "ragtool: There is not enough memory. "),
        (KeyError("x"), 1, "ragtool: This is a bug in ragtool: KeyError: 'x' (test_cli_surface.py"),
        (typer.Exit(3), 3, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_errors_become_exit_codes_and_one_line(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False)
    tiny.callback()(lambda: None)
    tiny.command("go")(raising(error))
    monkeypatch.setattr(sys, "argv", ["ragtool", "go"])
    monkeypatch.delenv("RAGTOOL_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        run(tiny)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (code, "")
    assert err.startswith(said)
    assert err.count("\n") == (1 if said else 0)


def test_debugging_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False)
    tiny.callback()(lambda: None)
    tiny.command("go")(raising(KeyError("x")))
    monkeypatch.setattr(sys, "argv", ["ragtool", "go"])
    monkeypatch.setenv("RAGTOOL_DEBUG", "1")
    with pytest.raises(SystemExit) as ended:
        run(tiny)
    assert ended.value.code == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone")
def test_ctrl_c_is_exit_code_130(tmp_path: Path) -> None:
    with subprocess.Popen(
        command_line("ask", "--questions", "-"),
        cwd=tmp_path,
        env=surroundings(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell's background jobs are started deaf to Ctrl-C, and so may the tests be.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        time.sleep(2)  # until it waits for the questions
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.wait(30) == 130
        assert process.stderr.read() == b"ragtool: interrupted\n"
        assert process.stdout.read() == b""


def test_a_reader_who_is_gone_ends_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        command_line("models", "list"),
        cwd=tmp_path,
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_behind_stdout_is_an_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command_line("models", "list"),
            cwd=tmp_path,
            env=surroundings(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(r"ragtool: .*\n", done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="closes a stream by the shell's syntax")
def test_a_closed_stdout_is_no_bug(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command_line("models", "list")],
        cwd=tmp_path,
        env=surroundings(tmp_path),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("", "naïve 漢".encode()), ("latin-1", b"na\xefve ?")],
    ids=["UTF-8 by itself", "PYTHONIOENCODING keeps its say"],
)
def test_a_pipe_takes_any_character(
    chosen: str, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", chosen)
    content = io.BytesIO()
    stream = ready(io.TextIOWrapper(content, encoding=chosen or "ascii"))
    stream.write("naïve 漢")
    stream.flush()
    assert content.getvalue() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("who?\nwhat?\n", (Question("who?"), Question("what?"))),
        ("\ufeffwho?\r\n\r\n  what?  ", (Question("who?"), Question("what?"))),
        ('{"id": "a", "question": "who?"}\n', (Question("who?", "a"),)),
        (
            '{"id": 7, "question": "who?", "answers": []}\nwhat?',
            (Question("who?", "7"), Question("what?")),
        ),
        ('{"question": "one\\u2028line"}', (Question("one\u2028line"),)),
        ("one\u2028line", (Question("one\u2028line"),)),
    ],
    ids=["lines", "BOM, CRLF, blanks", "JSON", "mixed", "escaped separator", "separator"],
)
def test_questions_of_a_file(text: str, expected: tuple[Question, ...], tmp_path: Path) -> None:
    file = tmp_path / "questions"
    file.write_bytes(text.encode())
    assert read_questions(str(file)) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no question"),
        (b" \n\t\n", "holds no question"),
        (b"who?\n{", "line 2 begins like JSON and is none"),
        (b'{"id": 1}', 'line 1 has no "question"'),
        (b'{"question": " "}', "line 1: the question is empty"),
        (b'{"question": "who?", "id": [1]}', '"id" must be text'),
        (b'{"question": "who?", "id": true}', '"id" must be text'),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
    ids=["empty", "blank", "broken", "no question", "blank question", "list", "true", "bytes"],
)
def test_questions_that_can_not_be_understood(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "questions"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(said)):
        read_questions(str(file))


@pytest.mark.parametrize("text", ["2024", "2024-02", "2024-02-29", "0999"])
def test_dates(text: str) -> None:
    assert date(text, option="--since") == text


@pytest.mark.parametrize(
    "text", ["", "24", "2023-02-29", "2024-13", "2024-6-3", "20240603", "2024-06-03T10", "٢٠٢٤"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        date(text, option="--since")


@pytest.mark.parametrize(
    ("since", "until", "fits"),
    [
        ("2024", "2024", True),
        ("2024-06", "2024", True),
        ("2024", "2024-01-05", True),
        ("2024-06-04", "2024-06-03", False),
        ("2025", "2024-12", False),
    ],
)
def test_since_may_not_be_later_than_until(since: str, until: str, fits: bool) -> None:
    if fits:
        chosen = filters(since=since, until=until, source=None, path=None, language=None)
        assert chosen == Filters(since=since, until=until)
        return
    with pytest.raises(UsageError, match="is later than"):
        filters(since=since, until=until, source=None, path=None, language=None)


@pytest.mark.parametrize(
    ("progress", "seconds", "line"),
    [
        (Progress("reading", 0, 2000, "files"), 0.0, "reading  0 of 2000 files"),
        (
            Progress("reading", 120, 2000, "files"),
            4.0,
            "reading  120 of 2000 files · 30 files/s · 1 min 3 s left",
        ),
        (Progress("reading", 5, 0, "files"), 2.0, "reading  5 files · 2.5 files/s"),
        (
            Progress("hub", 200_000_000, 1_100_000_000, "bytes"),
            10.0,
            "hub  200.0 MB of 1.1 GB · 20.0 MB/s · 45 s left",
        ),
        (Progress("reading", 9, 9, "files"), 3.0, "reading  9 of 9 files · 3 files/s"),
        (Progress("\x1b[2J", 0, 1, "files"), 0.0, "␛[2J  0 of 1 files"),
    ],
    ids=["begun", "under way", "no total", "bytes", "done", "made harmless"],
)
def test_progress(progress: Progress, seconds: float, line: str) -> None:
    assert progress_text(progress, seconds=seconds) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.7, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_times(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
