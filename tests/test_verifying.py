"""A saved answer against files that stay, change, move and vanish."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ragtool
from test_commands import schema
from test_readers import read

from ragtool import pipeline
from ragtool.errors import UsageError

TEXT = "Harbour closed\n\nMayor Ana Ruiz said the harbour would stay closed until June.\n"
QUOTE = "Mayor Ana Ruiz said the harbour would stay closed until June."


def saved(path: Path) -> dict[str, Any]:
    """An answer about the harbour as `ask --json` gives it, as far as it is checked."""
    document = read(path)
    at = document.text.index(QUOTE)
    citation = {
        "number": 1,
        "span": [at, at + len(QUOTE)],
        "quote": QUOTE,
        "document": {"path": document.path, "sha256": document.sha256},
    }
    speaker = {"speaker": "Mayor Ana Ruiz", "cue": "said", "citation": 1, "span": [at, at + 14]}
    sentence = {"text": QUOTE, "citations": [1], "attribution": [speaker]}
    return {"schema": "ragtool.answer/1", "sentences": [sentence], "citations": [citation]}


def found(answer: dict[str, Any]) -> list[tuple[bool, str]]:
    checked = pipeline.verify(json.dumps(answer), where="answer.json")
    return [(each.ok, each.found) for each in checked]


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_what_is_unchanged_holds(article: Path) -> None:
    answer = saved(article)
    assert found(answer) == [(True, "the file is unchanged")] * 2
    names = [each.name for each in pipeline.verify(json.dumps(answer), where="a")]
    assert names == ["[1]", "[1] Mayor Ana Ruiz"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: path.unlink(), "gone"),
        (lambda path: path.write_bytes(b"\0\1\2\3" * 50), "can't be read"),
        (lambda path: path.write_text(TEXT + "More.\n"), "where it stood"),
        (lambda path: path.write_text("New\n\n" + TEXT), "at another place"),
        (lambda path: path.write_text(TEXT.replace("June", "July")), "not in it any more"),
    ],
    ids=["gone", "broken", "longer", "moved", "other words"],
)
def test_what_changed_is_said(
    article: Path, change: Callable[[Path], object], expected: str
) -> None:
    answer = saved(article)
    change(article)
    ok, message = found(answer)[0]
    assert not ok
    assert expected in message


@pytest.mark.parametrize("field", ["quote", "span"])
def test_a_quote_that_was_edited_is_caught(article: Path, field: str) -> None:
    answer = saved(article)
    cited = answer["citations"][0]
    cited[field] = QUOTE.replace("closed", "open") if field == "quote" else [0, len(QUOTE)]
    assert [ok for ok, _ in found(answer)] == [False, True]


def test_a_speaker_that_was_edited_is_caught(article: Path) -> None:
    answer = saved(article)
    answer["sentences"][0]["attribution"][0]["speaker"] = "Mayor Ben Ruiz"
    assert [ok for ok, _ in found(answer)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "not JSON",
        "[" * 100_000,
        '{"schema": "ragtool.answer/1"}',
        '{"schema": "ragtool.answer/1", "citations": [{}], "sentences": []}',
        '{"schema": "ragtool.answer/1", "citations": [], "sentences": [{"citations": [1]}]}',
        '{"schema": "ragtool.answer/1", "citations": [], "sentences": [{"citations": []}]}',
    ],
)
def test_what_is_no_saved_answer_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        pipeline.verify(text, where="answer.json")


def test_the_command(ragtool: Ragtool, article: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    line = json.dumps(saved(article))
    file.write_text(f"{line}\n{line}\n", encoding="utf-8")
    done = ragtool("verify", file, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    schema("verification").validate(content)
    assert (content["ok"], len(content["checks"])) == (True, 4)
    article.unlink()
    done = ragtool("verify", file)
    assert done.returncode == 3
    assert done.stdout.count("the file is gone") == 4
    assert ragtool("verify", tmp_path / "absent.json").returncode == 2
