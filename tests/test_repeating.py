"""A saved answer asked for again: the same, or what differs and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Ragtool
from test_commands import schema
from workbench import HARBOUR, Bench

import ragtool as package
from ragtool import models, pipeline
from ragtool.errors import UsageError
from ragtool.models import DEFAULT_GENERATOR, find
from ragtool.records import Filters
from ragtool.rendering import forms, repetitions
from ragtool.rendering.look import Look
from ragtool.reports import Repetition

QUESTION = "Who said the harbour would stay closed?"
Saved = dict[str, Any]


PLAIN: Saved = {
    "schema": "ragtool.answer/1",
    "id": None,
    "question": QUESTION,
    "answer": "",
    "sentences": [],
    "citations": [],
    "model": {"name": "fake", "sha256": "0" * 64},
    "index": {"fingerprint": "ab"},
    "settings": {
        "k": 3,
        **dict.fromkeys(("since", "until", "source", "path", "language")),
        "ragtool": "0.1.0",
    },
}


@pytest.fixture
def bench(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(tmp_path, models, monkeypatch)
    bench.write("harbour.txt", HARBOUR)
    bench.write("bridge.md", "# Bridge\n\nEngineers said the bridge was safe again.\n")
    bench.index()
    return bench


def saved(bench: Bench, *, k: int = 3, filters: Filters | None = None) -> Saved:
    with pipeline.Session(bench.settings) as session:
        answer = session.ask(QUESTION, k=k, filters=filters or Filters(path="*.txt"), id="q1")
    form: Saved = json.loads(json.dumps(forms.answer_form(answer)))
    assert form["status"] == "answered"
    return form


def repeated(bench: Bench, *forms_saved: Saved, model: str | None = SMALL) -> list[Repetition]:
    text = "\n".join(map(json.dumps, forms_saved))
    return list(
        pipeline.repeat(
            text, bench.settings, where="answer.json", form=forms.answer_form, model=model
        )
    )


def refused(form: Saved, folder: Path) -> None:
    settings = package.Settings(folder / "index", folder / "models")
    list(pipeline.repeat(json.dumps(form), settings, where="answer.json", form=forms.answer_form))


def told(repetition: Repetition) -> str:
    """What is printed for people; the JSON has to be its schema."""
    schema("repetition").validate(repetitions.repetition_form(repetition))
    return repetitions.repetition_text(repetition, Look())


def test_a_saved_answer_says_how_it_was_asked(bench: Bench) -> None:
    answer = saved(bench, k=3, filters=Filters(path="*.txt", since=None, language="en"))
    assert answer["settings"] == {
        "k": 3,
        "since": None,
        "until": None,
        "source": None,
        "path": "*.txt",
        "language": "en",
        "ragtool": package.__version__,
    }
    schema("answer").validate(answer)
    del answer["settings"]  # as earlier versions saved it
    schema("answer").validate(answer)


def test_what_is_unchanged_is_the_same(bench: Bench) -> None:
    answer = saved(bench)
    answer["timings"] = dict.fromkeys(answer["timings"], 7)
    (one,) = repeated(bench, dict(reversed(answer.items())))
    assert (one.same, one.assumed, one.differences, one.changed) == (True, False, (), ())
    assert one.again is not None
    assert (one.again.settings.k, one.again.settings.filters) == (3, Filters(path="*.txt"))
    assert told(one) == f"same     {QUESTION}"


def removed(bench: Bench) -> None:
    (bench.files / "harbour.txt").unlink()


def reworded(bench: Bench) -> None:
    bench.write("harbour.txt", HARBOUR.replace("would stay", "may stay"))


def added(bench: Bench) -> None:
    bench.write("ferry.txt", "Ferry\n\nThe ferry is late, the harbour master said.\n")


@pytest.mark.parametrize(
    ("change", "index", "expected"),
    [
        (reworded, False, {"source": "the quote is not in it any more"}),
        (removed, False, {"source": "the file is gone"}),
        (added, True, {"index": "other content", "answer": "no longer the same: retrieved"}),
        (
            reworded,
            True,
            {
                "index": "other content",
                "source": "the quote is not in it any more",
                "answer": "no longer the same: answer, sentences, citations, retrieved",
            },
        ),
    ],
    ids=["file reworded", "file gone", "another file indexed", "rewording indexed"],
)
def test_what_differs_is_said(
    bench: Bench, change: Callable[[Bench], None], index: bool, expected: dict[str, str]
) -> None:
    answer = saved(bench)
    change(bench)
    if index:
        bench.index()
    (one,) = repeated(bench, answer)
    assert {each.what for each in one.differences} == set(expected)
    for what, words in expected.items():
        assert any(each.what == what and words in each.found for each in one.differences), what
    text = told(one)
    assert text.startswith("differs")
    assert ("then: " in text) is (change is reworded and index)


@pytest.mark.parametrize(
    ("edit", "what", "words"),
    [
        ({"settings": {"ragtool": "0.0.9"}}, "ragtool", "version 0.0.9 then, "),
        ({"index": {"fingerprint": "ab" * 32}}, "index", "ab" * 32),
        ({"model": {"sha256": "ab" * 32}}, "model", "fake with 000"),
        ({"answer": "Nobody said so. [1]"}, "answer", "no longer the same: answer"),
        ({"index": {"chunks": 9}}, "answer", "no longer the same: index"),
        ({"status": "not_found"}, "answer", "no longer the same: status"),
    ],
    ids=["version", "index", "model", "edited answer", "edited count", "edited status"],
)
def test_each_part_is_compared(bench: Bench, edit: Saved, what: str, words: str) -> None:
    answer = saved(bench)
    for name, value in edit.items():
        answer[name] = {**answer[name], **value} if isinstance(value, dict) else value
    (one,) = repeated(bench, answer)
    assert [each.what for each in one.differences] == [what]
    assert words in one.differences[0].found
    told(one)


def test_an_answer_without_settings_is_asked_with_the_defaults(bench: Bench) -> None:
    answer = saved(bench, k=bench.settings.k, filters=Filters())
    del answer["settings"]
    (one,) = repeated(bench, answer)
    assert (one.same, one.assumed) == (True, True)
    assert "not in the saved answer" in told(one)


def test_many_are_asked_with_the_models_loaded_once(bench: Bench) -> None:
    answer = saved(bench)
    bench.loaded.clear()
    other = {**answer, "answer": "Nobody said so. [1]"}
    assert [one.same for one in repeated(bench, answer, other, answer)] == [True, False, True]
    assert sorted(bench.loaded) == ["embedder", "generator"]


@pytest.mark.parametrize(
    ("sha256", "words"),
    [
        ("ab" * 32, "fake with the SHA-256 abab"),
        (find(DEFAULT_GENERATOR).sha256, f"Run: ragtool models pull {DEFAULT_GENERATOR}"),
    ],
    ids=["unknown", "not pulled"],
)
def test_without_its_model_nothing_is_asked(
    bench: Bench, tmp_path: Path, sha256: str, words: str
) -> None:
    answer = saved(bench)
    answer["model"]["sha256"] = sha256
    bench.settings = package.Settings(bench.settings.index, tmp_path / "no-models")
    (one,) = repeated(bench, answer, model=None)
    assert (one.again, one.same) == (None, False)
    assert [each.what for each in one.differences] == ["model"]
    assert words in one.differences[0].found
    assert "It was not asked again." in told(one)


def test_a_model_is_found_by_its_hash(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF and more")
    sha256 = hashlib.sha256(b"GGUF and more").hexdigest()
    root = tmp_path / "models"
    assert models.of_sha256(find(SMALL).sha256, root) == SMALL
    assert models.of_sha256(sha256, root) is None
    models.located(str(own), root)
    assert models.of_sha256(sha256, root) == str(own.resolve())
    own.unlink()
    assert models.of_sha256(sha256, root) is None


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"schema": "ragtool.summary/1"}, "is a summary"),
        ({"schema": "other"}, "is not an answer"),
        ({"question": ""}, "is not an answer"),
        ({"question": 7}, "is not an answer"),
        ({"question": "lone \ud800"}, "is not an answer"),
        ({"id": 7}, "is not an answer"),
        ({"model": None}, "is not an answer"),
        ({"model": {"name": "x"}}, "is not an answer"),
        ({"index": {}}, "is not an answer"),
        ({"settings": None}, "is not an answer"),
        ({"settings": {"k": 3}}, "is not an answer"),
        ({"settings": {"k": True}}, "is not an answer"),
        ({"citations": [{}]}, "is not an answer"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_what_can_not_be_repeated_is_refused(tmp_path: Path, edit: Saved, words: str) -> None:
    """Before an index is opened: there is none."""
    with pytest.raises(UsageError, match=words):
        refused({**PLAIN, **edit}, tmp_path)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"k": 0}, "k must be from 1 to 50, not 0"),
        ({"k": 51}, "k must be"),
        ({"path": "\ud800"}, "is not an answer"),
        ({"source": 7}, "is not an answer"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_settings_that_can_not_be_are_refused(tmp_path: Path, edit: Saved, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        refused({**PLAIN, "settings": {**PLAIN["settings"], **edit}}, tmp_path)


def test_a_date_that_is_none_is_refused(bench: Bench) -> None:
    answer = saved(bench)
    answer["settings"]["since"] = "June"
    with pytest.raises(UsageError, match="June"):
        repeated(bench, answer)


def test_the_command(ragtool: Ragtool, tmp_path: Path) -> None:
    (tmp_path / "harbour.txt").write_text(HARBOUR, encoding="utf-8")
    assert ragtool("index", "harbour.txt").returncode == 0
    asked = ragtool("ask", QUESTION, "-k", "2", "--model", SMALL, "--json")
    same = ragtool("ask", "--repeat", "-", stdin=asked.stdout)
    assert (same.returncode, same.stdout, same.stderr) == (0, f"same     {QUESTION}\n", "")
    file = tmp_path / "answer.json"
    file.write_text(asked.stdout.replace("harbour would", "port would"), encoding="utf-8")
    done = ragtool("ask", "--repeat", file, "--json")
    assert (done.returncode, done.stderr) == (3, "")
    content = json.loads(done.stdout)
    schema("repetition").validate(content)
    schema("answer").validate(content["answer"])
    assert content["same"] is False


@pytest.mark.parametrize(
    "args",
    [["who?"], ["--questions", "-"], ["-k", "3"], ["--path", "*"], ["--markdown"]],
    ids=" ".join,
)
def test_nothing_else_says_how_to_ask(ragtool: Ragtool, args: list[str]) -> None:
    done = ragtool("ask", "--repeat", "-", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ragtool: --repeat takes question and options from")
