"""No command but `models pull` reaches for a network: watched from inside and from outside."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from conftest import ROOT, SMALL
from typer.core import TyperGroup

from ragtool.cli import app

HARBOUR = """\
title: Harbour closed

Mayor Ana Ruiz said on Friday that the harbour would stay closed until June.
"""
WHO = "Who said that the harbour would stay closed?"
PULL = "models pull"

# What follows each command. INDEX is given by the environment.
COMMANDS = {
    "index": ["articles"],
    "ask": [WHO, "--model", SMALL],
    "summarize": ["articles", "--words", "20", "--model", SMALL],
    "search": ["harbour"],
    "show": ["CHUNK"],
    "verify": ["answer.json"],
    "chat": ["--model", SMALL],
    "eval": ["set", "--model", SMALL],
    "documents": [],
    "documents remove": ["set/articles"],
    "status": [],
    "doctor": [],
    "models list": [],
    "models verify": [SMALL],
    "models path": [SMALL],
    "warm status": [],
    "warm stop": [],
}


def names(group: TyperGroup, above: str = "") -> Iterator[str]:
    """Every command of the app, groups that do something of their own among them."""
    for name, command in group.commands.items():
        whole = f"{above}{name}"
        if not isinstance(command, TyperGroup):
            yield whole
            continue
        if command.invoke_without_command:
            yield whole
        yield from names(command, f"{whole} ")


def test_every_command_is_tried() -> None:
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)
    assert set(COMMANDS) == set(names(whole)) - {PULL}


# From outside


@dataclass(frozen=True)
class Bench:
    """A folder with all that the commands want, the models, and a folder that is
    its own, with the index and the home."""

    folder: Path
    models: Path
    own: Path
    chunk: str = ""
    # What makes the commands start a warm process.
    warm: dict[str, str] | None = None

    def run(
        self, *before: str, command: str = "", code: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """`ragtool COMMAND`, or Python's `code`, by a program that stands before it."""
        words = [self.chunk if word == "CHUNK" else word for word in COMMANDS.get(command, [])]
        ours = ["-c", code] if code else ["-m", "ragtool", *command.split(), *words]
        return subprocess.run(
            [*before, sys.executable, *ours],
            cwd=self.folder,
            env=self._environ(),
            input=f"{WHO}\n/quit\n" if command == "chat" else "",
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    def _environ(self) -> dict[str, str]:
        # The switches are ragtool's own to set.
        ours = ("RAGTOOL_", "HF_", "ORT_", "TRANSFORMERS_", "DO_NOT_TRACK", "XDG_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.own / "home"),
            "RAGTOOL_INDEX": str(self.own / "index"),
            "RAGTOOL_MODELS": str(self.models),
            "RAGTOOL_MACHINE": str(self.own / "machine"),
            **(self.warm or {"RAGTOOL_WARM": "0"}),
        }


@pytest.fixture(scope="module")
def prepared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("offline")
    (folder / "home").mkdir()
    for place in (folder / "articles", folder / "set" / "articles"):
        place.mkdir(parents=True)
        (place / "harbour.txt").write_text(HARBOUR, encoding="utf-8")
    question = {"id": "1", "question": WHO, "answerable": True, "document": "harbour.txt"}
    (folder / "set" / "questions.jsonl").write_text(json.dumps(question) + "\n", encoding="utf-8")
    bench = Bench(folder, models, folder)
    done = bench.run(code=ragtool_code("index", "set/articles"))
    assert done.returncode == 0, done.stderr
    assert "1 added" in done.stdout
    found = bench.run(code=ragtool_code("search", "harbour", "--json"))
    assert found.returncode == 0, found.stderr
    chunk = json.loads(found.stdout)["hits"][0]["chunk_id"]
    answer = bench.run(code=ragtool_code("ask", WHO, "--model", SMALL, "--json"))
    (folder / "answer.json").write_text(answer.stdout, encoding="utf-8")
    return dataclasses.replace(bench, chunk=chunk)


@pytest.fixture
def bench(prepared: Bench, tmp_path: Path) -> Bench:
    """With an index and a home of its own, since some commands change the index."""
    (tmp_path / "home").mkdir()
    shutil.copytree(prepared.own / "index", tmp_path / "index")
    return dataclasses.replace(prepared, own=tmp_path)


def ragtool_code(*args: str) -> str:
    return f"import sys; from ragtool.cli import main; sys.argv = {['ragtool', *args]!r}; main()"


@functools.lru_cache(maxsize=1)
def no_namespace() -> str:
    """Why there can be no network namespace here; empty when there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare (util-linux) is not installed"
    if subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode:
        return "unshare -n needs root"
    return ""


@functools.lru_cache(maxsize=1)
def no_strace() -> str:
    """Why system calls can't be watched here; empty when they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    if subprocess.run([strace, "true"], capture_output=True, check=False).returncode:
        return "strace may not watch"
    return ""


needs_namespace = pytest.mark.skipif(bool(no_namespace()), reason=no_namespace() or "-")
needs_strace = pytest.mark.skipif(bool(no_strace()), reason=no_strace() or "-")
every_command = pytest.mark.parametrize("command", COMMANDS)


def internet_calls(bench: Bench, *, command: str = "", code: str = "") -> tuple[int, int, str]:
    """The exit code, how many calls of the network's kind there were for the
    internet (any socket of it counts), and what was said on stderr."""
    log = bench.own / "calls"
    # Every process that is started is watched; those calls alone stop it.
    watch = ("strace", "-f", "--seccomp-bpf", "-e", "trace=%network", "-o", str(log))
    done = bench.run(*watch, command=command, code=code)
    calls = re.findall(r"\bAF_INET6?\b", log.read_text(encoding="utf-8", errors="replace"))
    return done.returncode, len(calls), done.stderr


@pytest.mark.slow
@needs_namespace
@every_command
def test_a_command_works_where_there_is_no_network(bench: Bench, command: str) -> None:
    done = bench.run("unshare", "-n", command=command)
    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@needs_strace
@every_command
def test_a_command_makes_no_call_for_the_internet(
    bench: Bench, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, calls, said = internet_calls(bench, command=command)
    with capsys.disabled():
        print(f"\n| ragtool {command:<17} | exit code {code} | {calls} calls |", end="")
    assert code in (0, 3), said
    assert calls == 0


@pytest.mark.slow
@needs_strace
def test_a_warm_process_makes_no_call_for_the_internet(bench: Bench) -> None:
    """It is watched until it ends, which is seconds after the answer."""
    with tempfile.TemporaryDirectory(dir="/tmp") as run:  # a socket's name must be short
        chosen = {"RAGTOOL_WARM_MINUTES": "0.05", "XDG_RUNTIME_DIR": run}
        warm = dataclasses.replace(bench, warm=chosen)
        code, calls, said = internet_calls(warm, command="ask")
    assert code in (0, 3), said
    assert calls == 0
    log = (bench.own / "calls").read_text(encoding="utf-8", errors="replace")
    assert re.search(r"bind\(.*AF_UNIX.*\.sock", log)  # there was one


@pytest.mark.slow
@every_command
def test_a_command_leaves_nothing_in_the_home_folder(bench: Bench, command: str) -> None:
    """Where libraries keep what they mean to report, and their name for this machine."""
    bench.run(command=command)
    left = [path for path in (bench.own / "home").rglob("*") if path.is_file()]
    assert left == []


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


CONNECTS = "import socket, sys; socket.create_connection(('127.0.0.1', {port}), 5)"


@needs_namespace
def test_the_namespace_keeps_a_program_from_a_server(prepared: Bench, listener: int) -> None:
    code = CONNECTS.format(port=listener)
    assert prepared.run(code=code).returncode == 0
    assert prepared.run("unshare", "-n", code=code).returncode != 0


@needs_strace
@pytest.mark.parametrize(
    "code",
    [
        CONNECTS,
        "import subprocess, sys; subprocess.run([sys.executable, '-c', " + repr(CONNECTS) + "])",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('127.0.0.1', {port}))",
    ],
    ids=["connects", "a program that it starts connects", "sends"],
)
def test_the_watch_sees_a_program_that_reaches_out(
    prepared: Bench, listener: int, code: str
) -> None:
    _, calls, _ = internet_calls(prepared, code=code.format(port=listener))
    assert calls >= 2


# From inside


GUARDED = """
import asyncio, http.client, os, socket, sys, tempfile, urllib.request
from pathlib import Path
from ragtool.guard import deny_network, is_denied, network_allowed
assert not is_denied()
deny_network()
deny_network()
port = int(sys.argv[1])
there = ("127.0.0.1", port)
plain = socket.socket()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
async def connect():
    await asyncio.open_connection(*there)
"""


def guarded(code: str, port: int, *, before: str = "") -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-c", before + GUARDED + code, str(port)],
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "plain.connect(there)",
        "plain.connect_ex(there)",
        "plain.bind(('127.0.0.1', 0))",
        "datagrams.sendto(b'x', there)",
        "socket.create_connection(there)",
        "socket.getaddrinfo('localhost', 80)",
        "socket.gethostbyname('localhost')",
        "socket.gethostbyname_ex('localhost')",
        "socket.gethostbyaddr('127.0.0.1')",
        "socket.getnameinfo(there, 0)",
        "socket.create_server(('127.0.0.1', 0))",
        "http.client.HTTPConnection(*there).request('GET', '/')",
        "asyncio.run(connect())",
        "import _socket; _socket.socket(2, 1).connect(there)",
    ],
)
def test_python_code_is_kept_from_the_network(attempt: str, listener: int) -> None:
    code = f"try:\n    {attempt}\nexcept PermissionError as error:\n    print(error)"
    done = guarded(code, listener)
    assert "ragtool runs without a network: socket." in done.stdout, done.stderr


@pytest.mark.skipif(not hasattr(socket.socket, "sendmsg"), reason="Windows has no sendmsg")
def test_python_code_is_kept_from_sendmsg(listener: int) -> None:
    done = guarded("datagrams.sendmsg([b'x'], [], 0, there)", listener)
    assert "ragtool runs without a network: socket.sendmsg" in done.stderr


def test_a_url_can_not_be_opened(listener: int) -> None:
    done = guarded("urllib.request.urlopen(f'http://127.0.0.1:{port}/')", listener)
    assert "ragtool runs without a network" in done.stderr


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows' Python has no AF_UNIX")
def test_what_stays_on_the_machine_goes_on(listener: int) -> None:
    code = """
with tempfile.TemporaryDirectory() as folder:
    name = folder + "/s"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(name)
        server.listen()
        client.connect(name)
        client.sendmsg([b"x"])
print(is_denied())
"""
    done = guarded(code, listener)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize(
    "before",
    ["", "import _socket; del _socket.socketpair"],
    ids=["the system's pairs", "pairs made by connecting, as on Windows"],
)
def test_an_event_loop_runs(before: str, listener: int) -> None:
    if before and not hasattr(socket, "AF_UNIX"):
        pytest.skip("on Windows pairs are made by connecting anyway")
    code = "async def one():\n    return 1\nprint(asyncio.run(one()), is_denied())"
    done = guarded(code, listener, before=before)
    assert done.stdout == "1 True\n", done.stderr


def test_only_where_it_is_allowed_the_network_is_open(listener: int) -> None:
    code = """
try:
    with network_allowed():
        socket.create_connection(there).close()
        print(is_denied())
        raise KeyError
except KeyError:
    print(is_denied())
"""
    assert guarded(code, listener).stdout == "False\nTrue\n"


def test_every_command_starts_with_the_network_denied(tmp_path: Path) -> None:
    code = """
import json, sys
from ragtool.cli import main
from ragtool.guard import is_denied
before = is_denied()
sys.argv = ["ragtool", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit:
    print(before, is_denied())
"""
    for command in (*COMMANDS, PULL, "no such command"):
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps([*command.split(), "--help"])],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.stdout.splitlines()[-1] == "False True", command


def test_pull_alone_reaches_for_the_network(prepared: Bench, tmp_path: Path) -> None:
    """A model that isn't here, from a hub and a registry that have nothing."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve_nothing, args=(server, asked), daemon=True).start()
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAGTOOL_MODELS": str(tmp_path / "none"),
            "RAGTOOL_HUB": f"http://127.0.0.1:{server.getsockname()[1]}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "no_proxy": "127.0.0.1",
        }
        codes = {}
        for command in ("models list", f"{PULL} {SMALL}"):
            done = subprocess.run(
                [sys.executable, "-m", "ragtool", *command.split()],
                cwd=tmp_path,
                env=environ,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            codes[command] = (done.returncode, len(asked))
    assert codes["models list"] == (0, 0)
    assert codes[f"{PULL} {SMALL}"] == (1, 1), done.stderr
    assert asked[0].startswith(b"GET /"), done.stderr


def serve_nothing(server: socket.socket, asked: list[bytes]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n")


def test_doctor_tells_of_it(prepared: Bench) -> None:
    done = prepared.run(command="doctor")
    assert re.search(r"^ok +network +denied", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("switch", "library", "sends"),
    [
        ("ORT_DISABLE_TELEMETRY", "onnxruntime", b"events.data.microsoft.com"),
        ("HF_HUB_DISABLE_TELEMETRY", "huggingface_hub", b"telemetry"),
        ("HF_HUB_OFFLINE", "huggingface_hub", b"huggingface.co"),
    ],
)
def test_a_switch_is_one_that_the_library_knows(switch: str, library: str, sends: bytes) -> None:
    """Or it was renamed, and is no switch any more."""
    found = importlib.util.find_spec(library)
    assert found is not None
    assert found.origin is not None
    code = {".so", ".pyd", ".dll", ".dylib", ".py"}
    files = (path for path in Path(found.origin).parent.rglob("*") if path.suffix in code)
    content = b"".join(path.read_bytes() for path in files)
    if sends not in content:
        pytest.skip(f"this release of {library} sends nothing")
    assert switch.encode() in content


# On the disk


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder private by other means")
def test_the_index_is_the_users_alone(bench: Bench) -> None:
    assert (bench.own / "index").stat().st_mode & 0o077 == 0
    assert [path for path in (bench.own / "index").iterdir() if path.stat().st_mode & 0o077] == []


def test_what_is_removed_is_gone_from_the_disk(prepared: Bench, tmp_path: Path) -> None:
    """Not free for use only, but written over."""
    word = b"Quetzalcoatlus"
    (tmp_path / "source.txt").write_bytes(b"The source is " + word + b", an editor said.\n")
    (tmp_path / "other.txt").write_text(HARBOUR, encoding="utf-8")
    files = [str(tmp_path / name) for name in ("source.txt", "other.txt")]
    place = tmp_path / "index"
    for args, kept in ((["index", *files], True), (["documents", "remove", files[0]], False)):
        done = prepared.run(code=ragtool_code("--index", str(place), *args))
        assert done.returncode == 0, done.stderr
        held = b"".join(path.read_bytes() for path in place.iterdir())
        assert (word in held, word.lower() in held.lower()) == (kept, kept)
