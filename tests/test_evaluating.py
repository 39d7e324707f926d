"""Question sets to figures, on an invented set, with the two seams faked."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import questioning
from fakes import FakeEmbedder, FakeGenerator
from jsonschema import Draft202012Validator
from questioning import (
    BRIDGE,
    CLOSED,
    CUP,
    FIRST,
    HARBOUR,
    HEATING,
    SAFE,
    STAGE,
    TUNNEL,
    entry,
    lines,
    write_set,
)

from ragtool import pipeline
from ragtool.cli import app
from ragtool.cli.app import run
from ragtool.config import Settings
from ragtool.pipeline import indexing, loading
from ragtool.question_sets import Gold, sampled
from ragtool.records import Answer, Opinion, Prompt, Span
from ragtool.rendering.evaluations import evaluation_text, misses_text
from ragtool.rendering.look import Look
from ragtool.reports import Change, IndexReport
from ragtool.results import Evaluation

ROOT = Path(__file__).parent.parent
SMALL = "smollm2-135m-instruct-q4_1"
# One right, one wrong, one needlessly refused, one rightly; one answered though nobody knows.
REPLIES = {CLOSED: HARBOUR, HEATING: STAGE, TUNNEL: BRIDGE}

# pytest looks for fixtures in the file that uses them.
two_files = questioning.two_files


class Scripted(FakeGenerator):
    """Replies as the script has it for a question, and refuses every other."""

    def opinion(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> Opinion:
        return Opinion(1.0 if self._asked(prompt) else -20.0)

    def generate(self, prompt: Prompt, **more: Any) -> Any:  # noqa: ANN401 - as the fake has it
        self._reply = REPLIES[self._asked(prompt)]
        return super().generate(prompt, **more)

    def _asked(self, prompt: Prompt) -> str:
        text = "\n".join(prompt.parts)
        return next((question for question in REPLIES if question in text), "")


@dataclass(frozen=True)
class Bench:
    """Where the tests of the whole command stand."""

    settings: Settings
    embedder: FakeEmbedder
    temporary: Path


@pytest.fixture
def bench(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name in [name for name in os.environ if name.startswith("RAGTOOL_")]:
        monkeypatch.delenv(name)
    settings = Settings(tmp_path / "own", models, generator=SMALL)
    monkeypatch.setenv("RAGTOOL_INDEX", str(settings.index))
    monkeypatch.setenv("RAGTOOL_MODELS", str(models))
    monkeypatch.setenv("RAGTOOL_GENERATOR", SMALL)
    monkeypatch.chdir(tmp_path)
    embedder = FakeEmbedder()
    for module in (indexing, loading):
        monkeypatch.setattr(module, "load_embedder", lambda _: embedder)
    monkeypatch.setattr(loading, "load_generator", lambda _, look=None: Scripted())
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Bench(settings, embedder, temporary)


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs the command line in this process: exit code, stdout, stderr."""

    def ragtool(*args: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ragtool", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            run(app)
        out, err = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int | None)
        return code or 0, out, err

    return ragtool


def figures(command: Command, *args: str | Path) -> dict[str, Any]:
    """What `eval --json` prints, which fits its schema."""
    code, out, err = command("eval", "--json", *args)
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    content: dict[str, Any] = json.loads(out)
    file = ROOT / "docs" / "schemas" / "eval.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(content)
    return content


def counted(share: Mapping[str, Any]) -> tuple[int, int]:
    assert share["share"] == round(share["count"] / share["of"], 4)
    assert share["interval"][0] <= share["share"] <= share["interval"][1]
    return share["count"], share["of"]


# The command


def test_every_figure_of_a_set(command: Command, two_files: Path) -> None:
    content = figures(command, two_files)
    assert content["schema"] == "ragtool.eval/1"
    assert content["folder"] == str(two_files)
    assert content["questions"] == {"total": 5, "asked": 5, "answerable": 3}
    assert (content["k"], content["index"]["documents"]) == (8, 3)
    assert content["model"]["name"] == "fake"
    assert counted(content["answers"]["right"]) == (1, 3)
    assert counted(content["refusals"]["unanswerable"]) == (1, 2)
    assert counted(content["refusals"]["answerable"]) == (1, 3)
    assert counted(content["wrong"]["answerable"]) == (1, 3)
    assert counted(content["wrong"]["unanswerable"]) == (1, 2)
    assert counted(content["wrong"]["answers"]) == (2, 3)
    assert counted(content["retrieval"]["documents"]["8"]) == (3, 3)
    assert counted(content["retrieval"]["texts"]["8"]) == (3, 3)
    assert counted(content["citations"]["supporting"]) == (1, 2)
    assert counted(content["citations"]["supporting_right"]) == (1, 1)
    assert counted(content["citations"]["gold_documents"]) == (2, 2)
    assert counted(content["citations"]["cited_sentences"]) == (3, 3)
    # Of each answer one quote, and of each refusal the three nearest passages.
    assert counted(content["citations"]["altered"]) == (0, 9)
    assert counted(content["speakers"]["right"]) == (1, 2)
    assert counted(content["speakers"]["wrong"]) == (1, 2)
    assert counted(content["speakers"]["refused"]) == (0, 2)
    assert counted(content["speakers"]["innermost"]) == (1, 2)
    assert counted(content["speakers"]["chain"]) == (1, 2)
    by_kind = {
        one["name"]: [counted(one[name])[0] for name in ("right", "wrong", "refused")]
        for one in content["kinds"]
    }
    assert by_kind == {"before": [1, 1, 0], "off-topic": [0, 1, 1], "role": [0, 0, 1]}
    assert [(one["name"], one["questions"], one["answerable"]) for one in content["files"]] == [
        ("questions-a.jsonl", 2, 2),
        ("questions-b.jsonl", 3, 1),
    ]
    assert content["seconds"]["mean"]["of"] == 5


def test_what_a_set_has_no_gold_for_is_null(command: Command, tmp_path: Path) -> None:
    plain = [{"question": CLOSED, "answerable": True}, {"question": CUP, "answerable": True}]
    content = figures(command, write_set(tmp_path / "set", questions=lines(plain)))
    absent = [name for name, part in content.items() if part is None]
    assert absent == ["retrieval", "answers", "speakers", "kinds", "files"]
    assert set(content["wrong"].values()) == {None}
    assert content["refusals"]["unanswerable"] is None
    assert counted(content["refusals"]["answerable"]) == (1, 2)
    assert content["citations"]["supporting"] is None
    code, out, _ = command("eval", tmp_path / "set")
    assert code == 0
    assert "retrieval" not in out
    assert "of the answerable" in out


@pytest.mark.parametrize(
    ("k", "ranks"),
    [(1, ["1"]), (3, ["1"]), (4, ["1", "4"]), (9, ["1", "4", "8"])],
    ids=["1", "3", "4", "9"],
)
def test_ranks_go_as_far_as_there_are_hits(
    command: Command, two_files: Path, k: int, ranks: list[str]
) -> None:
    content = figures(command, two_files, "-k", str(k))
    assert list(content["retrieval"]["documents"]) == ranks == list(content["retrieval"]["texts"])
    assert content["k"] == k


def test_the_table_is_aligned(command: Command, two_files: Path) -> None:
    code, out, err = command("eval", two_files)
    assert (code, err) == (0, "")
    assert out.startswith("set\n5 of 5 questions · 3 answerable · 3 documents, 3 chunks · k 8 · ")
    assert re.search(r"^  hold a gold answer +1 of 3 +33\.3 %  6\.1 to 79\.2$", out, re.MULTILINE)
    assert re.search(
        r"^  quotes that are not verbatim +0 of 9 +0\.0 %  0\.0 to ", out, re.MULTILINE
    )
    assert re.search(r"^  off-topic +2 +0, 0 % \(0 to 66\) +1, 50 % \(9 to 91\)", out, re.MULTILINE)
    ends = {
        len(line[: line.index(" %") + 2])
        for line in out.split("\n\n")[1].split("\n")
        if line.startswith("  ") and " %" in line
    }
    assert len(ends) == 1
    assert max(map(len, out.split("\n")[2:])) <= 100


def test_what_went_wrong_is_written_down(command: Command, two_files: Path, tmp_path: Path) -> None:
    code, out, err = command("eval", two_files, "--failures", "misses.md", "--quiet")
    assert (code, err) == (0, "")
    assert "went wrong" not in out
    text = (tmp_path / "misses.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {two_files}: 3 of 5 questions went wrong\n\n## 1. wrong: ")
    assert re.findall(r"^## \d\. (.+): .+ · (questions-.)\.jsonl$", text, re.MULTILINE) == [
        ("wrong", "questions-a"),
        ("needlessly refused", "questions-b"),
        ("answered though unanswerable", "questions-b"),
    ]
    wrong, refused, answered = text.split("\n## ")[1:]
    assert f"- question: {HEATING}\n- gold: Jan Opitz\n- answer: {STAGE}\n" in wrong
    assert f"> {STAGE}\n>\n> (opera.txt, paragraph 2)" in wrong
    assert "- refused; nearest:\n\n> " in refused
    assert BRIDGE in refused
    assert "gold" not in answered
    assert CLOSED not in text


def test_a_set_without_a_miss_is_said_to_be_so(command: Command, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", questions=lines(FIRST[:1]))
    assert command("eval", folder, "--failures", "misses.md")[0] == 0
    assert (tmp_path / "misses.md").read_text(encoding="utf-8") == (
        f"# {folder}: 0 of 1 questions went wrong\n"
    )


def test_a_failures_file_that_can_not_be_is_told_first(
    command: Command, bench: Bench, two_files: Path
) -> None:
    for name in ("missing/misses.md", "set", ""):
        code, out, err = command("eval", two_files, "--failures", name)
        assert (code, out) == (2, "")
        assert "can't be written" in err
    assert bench.embedder.texts == []


def test_the_users_own_index_is_not_touched(
    command: Command, bench: Bench, two_files: Path, tmp_path: Path
) -> None:
    figures(command, two_files)
    assert not bench.settings.index.exists()
    own = tmp_path / "own.txt"
    own.write_text("The clerk said nothing at all.\n", encoding="utf-8")
    pipeline.index([own], bench.settings, report=lambda _: None)
    before = contents(bench.settings.index)
    figures(command, two_files)
    assert contents(bench.settings.index) == before
    assert list(bench.temporary.iterdir()) == []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "after it"])
def test_an_index_that_is_named_is_kept(
    command: Command, bench: Bench, two_files: Path, tmp_path: Path, before: bool
) -> None:
    def run_it() -> str:
        args = ["--index", "kept", "eval"] if before else ["eval", "--index", "kept"]
        code, out, err = command(*args, "--json", two_files)
        assert (code, err) == (0, "")
        return re.sub(r'"seconds": \{.*?\}, "median.*?\}', "", out)

    first = run_it()
    assert sum(HARBOUR in text for text in bench.embedder.texts) > 0
    titled = [text for text in bench.embedder.texts if text.startswith("Harbour closed\n")]
    assert len(titled) == 1
    assert run_it() == first
    assert [text for text in bench.embedder.texts if text in titled] == titled
    kept = Settings(tmp_path / "kept", bench.settings.models)
    assert len(pipeline.documents(kept)) == 3
    assert list(bench.temporary.iterdir()) == []


def test_an_index_of_other_documents_is_refused(
    command: Command, bench: Bench, two_files: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The clerk said nothing at all.\n", encoding="utf-8")
    kept = Settings(tmp_path / "kept", bench.settings.models)
    pipeline.index([other, two_files], kept, report=lambda _: None)
    fingerprint = pipeline.status(kept).fingerprint
    code, out, err = command("eval", two_files, "--index", "kept")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"ragtool: .*kept holds documents from outside .*--index out\.\n", err)
    assert pipeline.status(kept).fingerprint == fingerprint


def test_an_article_that_can_not_be_read_is_told(command: Command, two_files: Path) -> None:
    (two_files / "articles" / "broken.txt").write_bytes(b"\x00\x01\x02\xff" * 200)
    code, out, err = command("eval", two_files, "--quiet")
    assert (code, out.count("3 documents")) == (0, 1)
    assert re.fullmatch(r"ragtool: not read: .*broken\.txt: .+\n", err)


def test_nothing_to_read_is_a_usage_error(command: Command, bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "set" / "articles").mkdir(parents=True)
    (tmp_path / "set" / "questions.jsonl").write_text(
        lines([{"question": CUP, "answerable": False}]), encoding="utf-8"
    )
    code, out, err = command("eval", "set")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds nothing that can be read" in err
    assert list(bench.temporary.iterdir()) == []


def test_what_is_no_set(command: Command, tmp_path: Path) -> None:
    for folder, said in (
        ("nowhere", "has no folder articles"),
        (write_set(tmp_path / "silent"), "holds no question"),
        (write_set(tmp_path / "blank", questions="\n"), "holds no question"),
        ("", "A path is empty"),
    ):
        code, out, err = command("eval", folder)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
    code, _, err = command("eval")
    assert (code, "Missing argument 'FOLDER'" in err) == (2, True)


# Through the pipeline


def evaluated(folder: Path, bench: Bench, **more: Any) -> Evaluation:  # noqa: ANN401 - its options
    options = {"keep": False, "quotes": lambda _: (), "report": lambda _: None, **more}
    return pipeline.evaluate(folder, bench.settings, **options)


def test_a_quote_that_was_altered_is_counted(bench: Bench, two_files: Path) -> None:
    def quotes(answer: Answer) -> Iterator[tuple[str, Span, str]]:
        for one in answer.citations:
            yield one.document.path, one.span, one.quote
            yield one.document.path, one.span, one.quote.replace("safe", "unsafe")
            yield one.document.path, Span(one.span.start + 1, one.span.end), one.quote
            yield "/elsewhere.txt", one.span, one.quote

    altered = evaluated(two_files, bench, quotes=quotes).citations.altered
    assert altered is not None
    assert (altered.count, altered.of) == (1 + 3 + 3, 12)


def test_progress_and_the_fate_of_the_articles_are_told(bench: Bench, two_files: Path) -> None:
    told: list[tuple[str, int, int]] = []
    reports: list[IndexReport] = []
    evaluated(
        two_files,
        bench,
        report=lambda one: told.append((one.step, one.done, one.total)),
        on_indexed=reports.append,
    )
    assert [one for one in told if one[0] == "asking"] == [("asking", n, 5) for n in range(6)]
    assert [report.counts[Change.ADDED] for report in reports] == [3]


def test_a_sample_is_the_same_every_time_and_in_order(bench: Bench, two_files: Path) -> None:
    asked = evaluated(two_files, bench, sample=3)
    assert (asked.total, asked.asked) == (5, 3)
    again = evaluated(two_files, bench, sample=3)
    assert (again.misses, again.answerable) == (asked.misses, asked.answerable)
    everything = tuple(Gold(str(number), None, "q", True) for number in range(100))
    drawn = sampled(everything, 10)
    assert drawn == sampled(everything, 10)
    places = [int(gold.question) for gold in drawn]
    assert places == sorted(set(places)) != list(range(10))
    assert sampled(everything, None) == sampled(everything, 100) == sampled(everything, 101)


def test_text_from_outside_can_not_act(bench: Bench, tmp_path: Path) -> None:
    evil = "\x1b[2J\u202e"
    asked = [entry(CLOSED, document="harbour.txt", answers=[evil + "x"], kind=evil)]
    asked.append(entry(SAFE + evil, document="bridge.txt", answers=[evil], kind="role"))
    evaluation = evaluated(write_set(tmp_path / "set", questions=lines(asked)), bench)
    assert [miss.verdict for miss in evaluation.misses] == ["wrong", "refused"]
    for text in (evaluation_text(evaluation, Look()), misses_text(evaluation)):
        assert "\N{SYMBOL FOR ESCAPE}[2J" in text
        assert not set("\x1b\u202e") & set(text)
