"""The commands on real files with the real models: stdout, stderr and exit code apart."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SEEDS, SMALL, Ragtool
from jsonschema import Draft202012Validator
from test_readers import read

from ragtool.models import DEFAULT_EMBEDDER, DEFAULT_GENERATOR, find

SEED = next(SEEDS.glob("*.txt"))
WHO = "who claimed no rights violations?"
CUP = "who won the 2022 World Cup?"
QUICK = ("--model", SMALL)
STORE = "ragtool.sqlite3"

HARBOUR = """\
title: Harbour closed
author: Ana Lind
date: 2024-05-03
source: The Coast Courier

Mayor Ana Ruiz said on Friday that the harbour would stay closed until June.
“Nobody was asked,” the fishermen's union said.
"""
BRIDGE = """\
---
title: Bridge reopened
date: 2023-11-20
source: Inland Herald
---

# Bridge reopened

Engineers told the council on Monday that the harbour bridge was safe again.
"""
FERRY = """\
<html lang="en"><head><title>Ferry late - Coast Courier</title>
<meta property="og:site_name" content="The Coast Courier">
<meta property="article:published_time" content="2024-06-01T08:00:00Z"></head>
<body><nav>Home Sport Weather</nav><article><h1>Ferry late</h1>
<p>The ferry company blamed fog for the late boats in the harbour on Saturday morning.</p>
<p>A spokeswoman, Mia Holm, denied that the crew had been on strike for most of the week.</p>
</article></body></html>
"""


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    (folder / "web").mkdir(parents=True)
    (folder / "harbour.txt").write_text(HARBOUR, encoding="utf-8")
    (folder / "bridge.md").write_text(BRIDGE, encoding="utf-8")
    (folder / "web" / "ferry.html").write_text(FERRY, encoding="utf-8")
    return folder


@pytest.fixture
def indexed(ragtool: Ragtool, articles: Path) -> Path:
    """The articles, indexed in the fixture's own index."""
    done = ragtool("index", articles)
    assert (done.returncode, done.stderr) == (0, "")
    return articles


def on_seed(seed_index: Path) -> dict[str, str]:
    return {"RAGTOOL_INDEX": str(seed_index)}


def schema(name: str) -> Draft202012Validator:
    file = ROOT / "docs" / "schemas" / f"{name}.schema.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def one_object(done: subprocess.CompletedProcess[str], *, code: int = 0) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") == 1
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def assert_quotes_hold(answer: dict[str, Any]) -> None:
    """Against the files themselves, read once more."""
    for citation in answer["citations"] + answer.get("nearest", []):
        document = read(Path(citation["document"]["path"]))
        start, end = citation["span"]
        assert citation["quote"] == document.text[start:end]
        assert citation["document"]["sha256"] == document.sha256
    for sentence in answer["sentences"]:
        assert sentence["citations"]
        for link in sentence["attribution"]:
            cited = answer["citations"][link["citation"] - 1]
            start, end = link["span"]
            assert read(Path(cited["document"]["path"])).text[start:end] == link["speaker"]


def assert_one_line(done: subprocess.CompletedProcess[str], *said: str, code: int = 1) -> None:
    """An error as it should be: one line that holds what is said, and nothing else."""
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(r"ragtool: [^\n]+\n", done.stderr)
    for words in said:
        assert words in done.stderr


# Indexing and looking


def test_index_tells_the_counts(ragtool: Ragtool, articles: Path) -> None:
    first = ragtool("index", articles)
    assert (first.returncode, first.stderr) == (0, "")
    counts = (
        r"3 added, 0 updated, 0 unchanged, 0 removed, 0 skipped, 0 failed; "
        r"3 chunks in the index; [\d.]+ s\n"
    )
    assert re.fullmatch(counts, first.stdout)
    (articles / "bridge.md").unlink()
    (articles / "empty.txt").touch()
    (articles / "empty.html").touch()
    second = ragtool("index", articles)
    assert second.returncode == 0
    assert second.stdout.startswith(
        "0 added, 0 updated, 2 unchanged, 1 removed, 0 skipped, 2 failed; 2 chunks"
    )
    lines = second.stderr.splitlines()
    assert len(lines) == 2
    for line, name in zip(lines, ("empty.html", "empty.txt"), strict=True):
        assert line.startswith(f"ragtool: not read: {Path('articles', name)}: ")


def test_index_json_is_its_schema(ragtool: Ragtool, articles: Path) -> None:
    (articles / "broken.txt").write_bytes(b"\x00\x01\xff" * 99)
    done = ragtool("index", articles, "--json")
    assert done.returncode == 0
    content = json.loads(done.stdout)
    schema("index").validate(content)
    assert content["documents"] == {
        "added": 3,
        "updated": 0,
        "unchanged": 0,
        "removed": 0,
        "skipped": 0,
        "failed": 1,
    }
    (failure,) = content["failures"]
    assert failure["path"] == str(articles / "broken.txt")
    assert done.stderr.count("\n") == 1


def test_documents_are_listed_and_removed(ragtool: Ragtool, indexed: Path) -> None:
    listed = ragtool("documents")
    assert (listed.returncode, listed.stderr) == (0, "")
    bridge, harbour, ferry = listed.stdout.splitlines()
    place = Path("articles/bridge.md")
    assert bridge == f"{place} · Bridge reopened · 2023-11-20 · Inland Herald · en"
    assert harbour.endswith("Harbour closed · 2024-05-03 · The Coast Courier · en")
    assert "2024-06-01" in ferry
    first = one_object(ragtool("documents", "--json"))["documents"]
    assert [entry["author"] for entry in first] == [None, "Ana Lind", None]
    removed = ragtool("documents", "remove", indexed / "web", "articles/bridge.md")
    assert (removed.returncode, removed.stdout, removed.stderr) == (0, "2 removed\n", "")
    assert len(ragtool("documents").stdout.splitlines()) == 1
    again = ragtool("documents", "remove", indexed / "web")
    assert_one_line(again, "Nothing of that is indexed", "ragtool documents", code=2)


def test_status_and_doctor_tell_how_it_stands(ragtool: Ragtool, indexed: Path) -> None:
    status = ragtool("status")
    assert (status.returncode, status.stderr) == (0, "")
    assert re.search(r"^documents +3$", status.stdout, re.MULTILINE)
    facts = one_object(ragtool("status", "--json"))
    assert (facts["documents"], facts["chunks"], facts["failures"]) == (3, 3, [])
    assert (facts["embedder"], facts["generator"]) == (DEFAULT_EMBEDDER, DEFAULT_GENERATOR)
    doctor = ragtool("doctor")
    assert (doctor.returncode, doctor.stderr) == (0, ""), doctor.stdout
    assert "wrong" not in doctor.stdout


def test_doctor_names_what_is_wrong(ragtool: Ragtool, tmp_path: Path) -> None:
    done = ragtool("doctor", environ={"RAGTOOL_MODELS": str(tmp_path / "nothing")})
    assert (done.returncode, done.stderr) == (1, "")
    assert f"ragtool models pull {DEFAULT_GENERATOR}" in done.stdout
    assert f"ragtool models pull {DEFAULT_EMBEDDER}" in done.stdout
    assert "ragtool index" in done.stdout


def test_search_and_show_lead_to_the_words(ragtool: Ragtool, indexed: Path) -> None:
    found = ragtool("search", "late boats in the fog", "-k", "2")
    assert (found.returncode, found.stderr) == (0, "")
    heads = [line for line in found.stdout.splitlines() if line.startswith("[")]
    assert len(heads) == 2
    assert f"{Path('articles/web/ferry.html')} · " in heads[0]
    content = one_object(ragtool("search", "late boats in the fog", "--json"))
    schema("search").validate(content)
    assert [hit["rank"] for hit in content["hits"]] == [1, 2, 3]
    for hit in content["hits"]:
        start, end = hit["span"]
        assert hit["text"] == read(Path(hit["document"]["path"])).text[start:end]
    best = content["hits"][0]
    shown = ragtool("show", best["chunk_id"])
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "»" in shown.stdout
    start, _ = best["span"]
    marked = one_object(ragtool("show", f"{best['chunk_id']}:{start}-{start + 5}", "--json"))
    assert marked["quote"] == best["text"][:5]


@pytest.mark.parametrize("wrong", ["nonsense", "12", "abcd:1", "abcd:9-3"])
def test_show_wants_an_id(ragtool: Ragtool, indexed: Path, wrong: str) -> None:
    done = ragtool("show", wrong)
    assert done.returncode in (1, 2)
    assert_one_line(done, "ragtool search", code=done.returncode)


def test_nothing_found_is_said_on_stderr(ragtool: Ragtool, indexed: Path) -> None:
    done = ragtool("search", "harbour", "--path", "*.pdf")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "ragtool: nothing found.\n")
    quiet = ragtool("search", "harbour", "--path", "*.pdf", "--quiet", "--json")
    assert one_object(quiet)["hits"] == []


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], {"harbour.txt", "bridge.md", "ferry.html"}),
        (["--since", "2024"], {"harbour.txt", "ferry.html"}),
        (["--since", "2024-05-04"], {"ferry.html"}),
        (["--until", "2023"], {"bridge.md"}),
        (["--since", "2023-11", "--until", "2024-05"], {"harbour.txt", "bridge.md"}),
        (["--source", "coast courier"], {"harbour.txt", "ferry.html"}),
        (["--source", "Herald", "--since", "2024"], set()),
        (["--path", "*.html"], {"ferry.html"}),
        (["--path", "web/*"], {"ferry.html"}),
        (["--path", "articles/*.[tm][xd]*"], {"harbour.txt", "bridge.md"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_filters_choose_the_documents(
    ragtool: Ragtool, indexed: Path, options: list[str], names: set[str]
) -> None:
    hits = one_object(ragtool("search", "harbour", "--json", "--quiet", *options))["hits"]
    assert {Path(hit["document"]["path"]).name for hit in hits} == names


# Asking


@pytest.mark.slow
def test_the_seed_question_names_who_claimed_it_and_through_whom(
    ragtool: Ragtool, seed_index: Path
) -> None:
    answer = one_object(ragtool("ask", WHO, "--json", environ=on_seed(seed_index)))
    schema("answer").validate(answer)
    assert_quotes_hold(answer)
    assert "management" in answer["answer"]
    assert "Merzlyankova" in answer["answer"]
    for sentence in answer["sentences"]:
        marks = "".join(f"[{number}]" for number in sentence["citations"])
        assert f"{sentence['text']} {marks}" in answer["answer"]
    quotes = [citation["quote"] for citation in answer["citations"]]
    line = next(line for line in SEED.read_text("utf-8").split("\n") if "Sverdlovsk" in line)
    assert line in quotes
    speakers = [link["speaker"] for link in answer["sentences"][0]["attribution"]]
    assert speakers == ["management", "Tatyana Merzlyankova", "Verstka"]


@pytest.mark.slow
def test_what_the_sources_do_not_say_is_not_found(ragtool: Ragtool, seed_index: Path) -> None:
    done = ragtool("ask", CUP, environ=on_seed(seed_index))
    assert (done.returncode, done.stderr) == (3, "")
    said, blank, heading, *nearest = done.stdout.splitlines()
    assert (said, blank) == ("The sources hold no answer to this.", "")
    assert heading == "Nearest passages:"
    text = SEED.read_text(encoding="utf-8")
    quotes = [line for line in nearest if line.startswith("[")]
    places = [line for line in nearest if not line.startswith("[")]
    assert 1 <= len(quotes) <= 3
    assert all(re.fullmatch(r'\[\d\] "(.+)"', line)[1] in text for line in quotes)  # type: ignore[index]
    assert len(places) == len(quotes)
    assert all(re.search(r"paragraph \d+$", line) for line in places)


def without_timings(text: str) -> str:
    return re.sub(r'"timings": \{[^}]*\}', "", text)


def test_the_same_question_gives_the_same_bytes(ragtool: Ragtool, indexed: Path) -> None:
    question = "Who blamed the fog?"
    first, second = (ragtool("ask", question, "--json", *QUICK) for _ in range(2))
    assert without_timings(first.stdout) == without_timings(second.stdout) != first.stdout
    content = json.loads(first.stdout)
    schema("answer").validate(content)
    assert_quotes_hold(content)
    assert first.returncode == {"answered": 0, "not_found": 3}[content["status"]]
    assert content["model"] == {
        "name": SMALL,
        "sha256": find(SMALL).sha256,
        "seed": 0,
        "temperature": 0.0,
    }
    text, again = (ragtool("ask", question, *QUICK) for _ in range(2))
    assert text.stdout == again.stdout
    assert text.returncode == first.returncode


def test_many_questions_are_a_line_each(ragtool: Ragtool, indexed: Path, tmp_path: Path) -> None:
    lines = [
        '{"id": "ferry-1", "question": "Who blamed the fog?"}',
        '{"id": 2, "question": "Who won the cup?", "answers": ["nobody"]}',
        "Who said the harbour would stay closed?",
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n\n".join(lines), encoding="utf-8")
    done = ragtool("ask", "--questions", file, "--json", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["ferry-1", "2", None]
    for answer in answers:
        schema("answer").validate(answer)
        assert_quotes_hold(answer)
    # What was asked before leaves no trace.
    alone = ragtool("ask", answers[2]["question"], "--json", *QUICK)
    assert without_timings(alone.stdout) == without_timings(done.stdout.splitlines()[2] + "\n")
    stdin = ragtool("ask", "--questions", "-", *QUICK, stdin=lines[2])
    assert stdin.stdout.startswith(lines[2] + "\n")
    assert stdin.returncode == 0


def test_filters_hold_for_answers_too(ragtool: Ragtool, indexed: Path) -> None:
    answer = json.loads(ragtool("ask", "Who said so?", "--json", "--path", "*.md", *QUICK).stdout)
    assert {Path(hit["path"]).name for hit in answer["retrieved"]} == {"bridge.md"}
    none = ragtool("ask", "Who said so?", "--since", "2030", *QUICK)
    assert (none.returncode, none.stderr) == (3, "")


def test_summaries_are_their_schema(ragtool: Ragtool, articles: Path) -> None:
    done = ragtool("summarize", articles, "--json", "--words", "30", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    summaries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(one["documents"][0]["path"]).name for one in summaries] == [
        "bridge.md",
        "harbour.txt",
        "ferry.html",
    ]
    for summary in summaries:
        schema("summary").validate(summary)
        assert_quotes_hold(summary)
    together = ragtool(
        "summarize", articles, "--together", "--about", "fog", "--words", "30", *QUICK
    )
    assert (together.returncode, together.stderr) == (0, "")
    assert together.stdout.startswith("Bridge reopened · Harbour closed · Ferry late")


def test_an_escape_in_a_document_reaches_no_terminal(ragtool: Ragtool, tmp_path: Path) -> None:
    text = (
        "Evil \x1b[2J headline\n\nThe clerk \x1b]0;owned\x07 said \u202enothing\u202c at all.\r\n"
    )
    (tmp_path / "evil.txt").write_text(text, encoding="utf-8")
    for command in (
        ["index", "evil.txt"],
        ["search", "clerk"],
        ["documents"],
        ["ask", "What did the clerk say?", *QUICK],
        ["ask", "What did the clerk say?", "--json", *QUICK],
        ["summarize", "evil.txt", *QUICK],
    ):
        done = ragtool(*command)
        assert not set("\x1b\x07\x00\u202e\u202c") & set(done.stdout + done.stderr), command


# What is missing, damaged or full: one line and the next step


@pytest.mark.parametrize(
    "command",
    [
        ["ask", WHO, *QUICK],
        ["search", WHO],
        ["status"],
        ["documents"],
        ["documents", "remove", "x"],
    ],
    ids=" ".join,
)
def test_no_index(ragtool: Ragtool, command: list[str], tmp_path: Path) -> None:
    assert_one_line(ragtool(*command), "There is no index in", "ragtool index PATH")
    assert not (tmp_path / "index").exists()


def test_an_empty_index(ragtool: Ragtool, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    made = ragtool("index", "empty")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("0 added")
    assert_one_line(ragtool("ask", WHO, *QUICK), "ragtool index")
    assert ragtool("documents").stdout == ""
    assert "never" in ragtool("status").stdout


def test_a_path_that_is_not_there(ragtool: Ragtool) -> None:
    assert_one_line(ragtool("index", "nothing"), "nothing does not exist", code=2)
    missing = ragtool("summarize", "nothing", *QUICK)
    assert_one_line(missing, "nothing", code=missing.returncode)


@pytest.mark.parametrize(
    "command",
    [["index", "articles"], ["search", "harbour"], ["ask", WHO], ["summarize", "articles"]],
    ids=lambda command: command[0],
)
def test_no_models(ragtool: Ragtool, indexed: Path, tmp_path: Path, command: list[str]) -> None:
    done = ragtool(*command, environ={"RAGTOOL_MODELS": str(tmp_path / "none")})
    assert_one_line(done, " is not installed: there is no ", "ragtool models pull ")


def taken_along(file: str, target: str) -> None:
    """Without a second copy on the disk, where the disk allows that."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copy2(file, target)


@pytest.fixture
def embedder_alone(models: Path, tmp_path: Path) -> Path:
    """A folder of models that lacks a generator."""
    root = tmp_path / "models"
    stamp = f"{DEFAULT_EMBEDDER}.verified.json"
    shutil.copytree(models / DEFAULT_EMBEDDER, root / DEFAULT_EMBEDDER, copy_function=taken_along)
    shutil.copy2(models / stamp, root / stamp)
    return root


def test_a_missing_generator(ragtool: Ragtool, indexed: Path, embedder_alone: Path) -> None:
    environ = {"RAGTOOL_MODELS": str(embedder_alone)}
    done = ragtool("ask", WHO, environ=environ)
    said = f"{DEFAULT_GENERATOR} is not installed", f"ragtool models pull {DEFAULT_GENERATOR}"
    assert_one_line(done, *said)
    for needs_none in (["search", "harbour"], ["summarize", "articles"]):
        assert ragtool(*needs_none, environ=environ).returncode == 0


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip_in_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        content = file.read(64)
        file.seek(-len(content), os.SEEK_CUR)
        file.write(bytes(byte ^ 0xFF for byte in content))


@pytest.mark.parametrize("harm", [cut_in_half, flip_in_the_middle], ids=["truncated", "flipped"])
def test_a_damaged_model(
    ragtool: Ragtool,
    indexed: Path,
    models: Path,
    embedder_alone: Path,
    harm: Callable[[Path], None],
) -> None:
    """Found by its hash, before llama.cpp reads it."""
    name = find(SMALL).files[0].path
    shutil.copy(models / name, embedder_alone / name)
    harm(embedder_alone / name)
    done = ragtool("ask", WHO, *QUICK, environ={"RAGTOOL_MODELS": str(embedder_alone)})
    assert_one_line(done, f"{embedder_alone / name} is damaged", f"ragtool models pull {SMALL}")


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model at all", b"GGUF", b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 64],
    ids=["empty", "text", "four bytes", "a head with junk behind it"],
)
def test_a_file_of_ones_own_that_is_no_model(
    ragtool: Ragtool, indexed: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "junk.gguf").write_bytes(content)
    assert_one_line(ragtool("ask", WHO, "--model", "junk.gguf"), "junk.gguf")


def test_a_model_of_ones_own_is_cut_short(
    ragtool: Ragtool, indexed: Path, models: Path, tmp_path: Path
) -> None:
    whole = models / find(SMALL).files[0].path
    with whole.open("rb") as file:
        (tmp_path / "short.gguf").write_bytes(file.read(whole.stat().st_size // 3))
    assert_one_line(ragtool("ask", WHO, "--model", "short.gguf"), "short.gguf", "damaged")


def test_a_model_of_ones_own_answers_under_its_name(
    ragtool: Ragtool, indexed: Path, models: Path, tmp_path: Path
) -> None:
    own = tmp_path / "my own.gguf"
    shutil.copy(models / find(SMALL).files[0].path, own)
    done = ragtool("ask", "Who blamed the fog?", "--json", "--model", own)
    answer = json.loads(done.stdout)
    assert answer["model"]["name"] == "my own"
    assert answer["model"]["sha256"] == find(SMALL).sha256


def garbage(file: Path) -> None:
    file.write_bytes(b"This was an index once. " * 500)


def truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwritten(file: Path) -> None:
    """Every page but the first is noise."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(bytes((at * 7919) % 251 for at in range(size - 4096)))


def foreign(file: Path) -> None:
    file.unlink()
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE notes (text)")
    other.commit()
    other.close()


@pytest.mark.parametrize("harm", [garbage, truncated, overwritten, foreign])
def test_a_damaged_index(
    ragtool: Ragtool, indexed: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    file = tmp_path / "index" / STORE
    for log in ("-wal", "-shm"):
        file.with_name(STORE + log).unlink(missing_ok=True)
    harm(file)
    for command in (
        ["ask", WHO, *QUICK],
        ["search", "harbour"],
        ["documents"],
        ["index", "articles"],
    ):
        done = ragtool(*command)
        hint = "--index DIR" if harm is foreign else "ragtool doctor --repair"
        assert_one_line(done, str(tmp_path / "index"), hint)


def test_damaged_vectors_are_made_anew(ragtool: Ragtool, indexed: Path, tmp_path: Path) -> None:
    before = ragtool("search", "harbour", "--json").stdout
    harmed = [path for path in (tmp_path / "index").iterdir() if STORE not in path.name]
    assert harmed
    for path in harmed:
        path.write_bytes(b"noise" * 100)
    done = ragtool("search", "harbour", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, before, "")


class SmallDisk:
    """A disk in memory that can be made larger."""

    _REMOUNT, _DETACH = 32, 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._libc = ctypes.CDLL(None, use_errno=True)

    def mount(self, size: str, flags: int = 0) -> None:
        options = f"size={size}".encode()
        if self._libc.mount(b"tmpfs", bytes(self.folder), b"tmpfs", flags, options) != 0:
            pytest.skip(f"this machine mounts no disk: {os.strerror(ctypes.get_errno())}")

    def grow(self, size: str) -> None:
        self.mount(size, self._REMOUNT)

    def unmount(self) -> None:
        self._libc.umount2(bytes(self.folder), self._DETACH)


@pytest.fixture(params=["64k", "768k", "4400k"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """Too small to begin, for the texts, and for the vectors beside them."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder)
    disk.mount(request.param)
    yield disk
    disk.unmount()


def test_a_full_disk(ragtool: Ragtool, articles: Path, small_disk: SmallDisk) -> None:
    for number in range(150):
        text = f"Report {number}\n\n" + f"Witness {number} told the court what he knew. " * 8
        (articles / f"{number}.txt").write_text(text, encoding="utf-8")
    environ = {"RAGTOOL_INDEX": str(small_disk.folder / "index")}
    assert_one_line(
        ragtool("index", articles, environ=environ), str(small_disk.folder), "Free some space"
    )
    small_disk.grow("50m")
    assert ragtool("index", articles, environ=environ).returncode == 0
    assert len(ragtool("documents", environ=environ).stdout.splitlines()) == 153
    assert ragtool("search", "witness 149", environ=environ).returncode == 0


@pytest.mark.parametrize(
    "args",
    [
        ["ask"],
        ["ask", WHO, "--since", "yesterday"],
        ["ask", WHO, "--since", "2024", "--until", "2023"],
        ["search", "harbour", "-k", "0"],
        ["ask", WHO, "--model", "smollm"],
        ["ask", "--questions", "missing.txt"],
        ["index"],
        ["show", "nonsense!"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(ragtool: Ragtool, indexed: Path, args: list[str]) -> None:
    done = ragtool(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
