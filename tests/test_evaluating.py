"""Question sets to figures, on an invented set, with the two seams faked."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEmbedder, FakeGenerator
from jsonschema import Draft202012Validator

from ragtool import pipeline
from ragtool.cli import app
from ragtool.cli.app import run
from ragtool.config import Settings
from ragtool.errors import UsageError
from ragtool.pipeline import indexing, loading, tallying
from ragtool.pipeline.judging import Judge, Judged
from ragtool.question_sets import Gold, read_set, sampled
from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Attribution,
    Chunk,
    Citation,
    Document,
    Filters,
    Hit,
    IndexCard,
    ModelCard,
    Opinion,
    Prompt,
    Span,
)
from ragtool.rendering.evaluations import evaluation_text, misses_text
from ragtool.rendering.look import Look
from ragtool.reports import Change, IndexReport
from ragtool.results import Evaluation

ROOT = Path(__file__).parent.parent
SMALL = "smollm2-135m-instruct-q4_1"

HARBOUR = "Mayor Ana Ruiz said the harbour would stay closed until June."
STAGE = "The conductor Eva Lund left the stage."
OPERA = "Its director, Jan Opitz, blamed the heating for the walkout."
BRIDGE = "Engineers told the council that the bridge was safe again."
ARTICLES = {
    "harbour.txt": f"Harbour closed\n\n{HARBOUR}\n",
    "opera.txt": f"Opera walkout\n\n{STAGE} {OPERA}\n",
    "bridge.txt": f"Bridge reopened\n\n{BRIDGE}\n",
}
CLOSED = "Who said the harbour would stay closed?"
HEATING = "Who blamed the heating for the walkout?"
SAFE = "Who said the bridge was safe again?"
CUP = "Who won the cup?"
TUNNEL = "Who said the tunnel was safe again?"


def entry(
    question: str, *, document: str, answers: Sequence[str], **more: object
) -> dict[str, Any]:
    answerable = bool(answers)
    known = {"answerable": answerable, "answers": list(answers), "document": document}
    return {"id": question[-9:], "question": question, **known, **more}


FIRST = [
    entry(
        CLOSED,
        document="harbour.txt",
        answers=["Ana Ruiz", "Ruiz"],
        evidence=[HARBOUR],
        chain=[["Ana Ruiz", "Ruiz"]],
        kind="before",
        wrong=["Jan Opitz"],
    ),
    entry(
        HEATING,
        document="opera.txt",
        answers=["Jan Opitz"],
        evidence=[OPERA],
        chain=[["Jan Opitz"]],
        kind="before",
    ),
]
SECOND = [
    entry(SAFE, document="bridge.txt", answers=["engineers"], evidence=[BRIDGE], kind="role"),
    entry(CUP, document="opera.txt", answers=[], kind="off-topic"),
    entry(TUNNEL, document="bridge.txt", answers=[], kind="off-topic"),
]
# One right, one wrong, one needlessly refused, one rightly; one answered though nobody knows.
REPLIES = {CLOSED: HARBOUR, HEATING: STAGE, TUNNEL: BRIDGE}


def lines(entries: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(one) + "\n" for one in entries)


def write_set(folder: Path, **files: str) -> Path:
    (folder / "articles").mkdir(parents=True)
    for name, text in ARTICLES.items():
        (folder / "articles" / name).write_text(text, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", questions_a=lines(FIRST), questions_b=lines(SECOND))


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


# The sets


def test_a_set_is_read_in_order(two_files: Path) -> None:
    chosen = read_set(two_files)
    assert chosen.files == ("questions-a.jsonl", "questions-b.jsonl")
    assert [gold.question for gold in chosen.questions] == [CLOSED, HEATING, SAFE, CUP, TUNNEL]
    assert chosen.questions[0] == Gold(
        CLOSED,
        CLOSED[-9:],
        "questions-a.jsonl",
        True,
        answers=("Ana Ruiz", "Ruiz"),
        documents=("harbour.txt",),
        evidence=(HARBOUR,),
        chain=(("Ana Ruiz", "Ruiz"),),
        kind="before",
    )


def test_our_own_set_is_one() -> None:
    chosen = read_set(ROOT / "tests" / "who_said")
    assert len(chosen.files) == 2
    assert all(gold.documents and gold.kind for gold in chosen.questions)


def test_all_that_may_stand_in_a_line(tmp_path: Path) -> None:
    line = {
        "id": 7,
        "question": " who?\ud800 ",
        "answerable": True,
        "answers": None,
        "long_answers": ["It was he."],
        "documents": ["opera.txt", "bridge.txt"],
        "quoted": [{"document": "opera.txt", "text": "the stage"}],
        "paragraph": "The orchestra",
        "anything": {},
    }
    folder = write_set(tmp_path / "set", questions="\ufeff\r\n" + json.dumps(line) + "\r\n \n")
    (gold,) = read_set(folder).questions
    assert gold == Gold(
        "who?" + "?",
        "7",
        "questions.jsonl",
        True,
        long_answers=("It was he.",),
        documents=("opera.txt", "bridge.txt"),
        quoted=(("opera.txt", "the stage"),),
        paragraph="The orchestra",
    )
    assert gold.golds == ("It was he.",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("who?", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"answerable": true}', 'has no "question"'),
        ('{"question": " ", "answerable": true}', 'has no "question"'),
        ('{"question": 1, "answerable": true}', '"question" that is not text'),
        ('{"question": "who?"}', '"answerable": true or false'),
        ('{"question": "who?", "answerable": 1}', '"answerable": true or false'),
        ('{"question": "who?", "answerable": true, "id": []}', '"id" that is neither'),
        ('{"question": "who?", "answerable": true, "answers": "he"}', '"answers" that are no'),
        ('{"question": "who?", "answerable": true, "answers": [1]}', '"answers" that are no'),
        ('{"question": "who?", "answerable": true, "kind": 1}', '"kind" that is not text'),
        ('{"question": "who?", "answerable": true, "chain": ["he"]}', '"chain" that is no'),
        ('{"question": "who?", "answerable": true, "quoted": [{"text": "x"}]}', '"quoted" that'),
        ('{"question": "who?", "answerable": true, "document": "no.txt"}', "names no.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) and not value.startswith("{") else "",
)
def test_a_line_that_can_not_be_understood_is_named(tmp_path: Path, line: str, said: str) -> None:
    good = lines(FIRST[:1])
    folder = write_set(tmp_path / "set", questions=f"{good}\n{line}\n")
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        read_set(folder)
    assert f"{folder / 'questions.jsonl'}, line 3 " in raised.value.message


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


# One answer


TEXT = (
    "Dam breach\n"
    "\n"
    "The valley was evacuated on Monday. Officials spoke of a small leak.\n"
    "Radio North reported that engineer Lena Holt\n"
    "denied any breach. The western gate held.\n"
)


class Desk:
    """Makes answers out of the words of two documents, and has them judged."""

    def __init__(self, folder: Path) -> None:
        self.dam = Document(str(folder / "dam.txt"), "a" * 64, TEXT)
        self.other = Document(str(folder / "other.txt"), "b" * 64, "Nobody asked Lena Holt.\n")
        texts = {document.path: document.text for document in (self.dam, self.other)}
        self._judge = Judge(
            folder,
            texts,
            quotes=lambda answer: [(c.document.path, c.span, c.quote) for c in answer.citations],
        )

    def hit(self, rank: int, words: str, *, document: Document | None = None) -> Hit:
        held = document or self.dam
        return Hit(rank, 0.5, Chunk("0" * 16, held, self.span(words, held), ()))

    def citation(self, words: str, *, document: Document | None = None) -> Citation:
        held = document or self.dam
        return Citation(1, "0" * 16, held, self.span(words, held), 1, None)

    def span(self, words: str, document: Document) -> Span:
        start = document.text.index(words)
        return Span(start, start + len(words))

    def judged(
        self,
        gold: Gold,
        said: str = "",
        *,
        citations: Sequence[Citation] = (),
        hits: Sequence[Hit] = (),
        speakers: Sequence[str] = (),
    ) -> Judged:
        links = tuple(Attribution(name, "said", 1, Span(0, 0)) for name in speakers)
        sentence = AnswerSentence(said, tuple(one.number for one in citations), "supported", links)
        answer = Answer(
            question=gold.question,
            status="answered" if said else "not_found",
            sentences=(sentence,) if said else (),
            citations=tuple(citations),
            nearest=(),
            retrieved=tuple(hits),
            model=ModelCard("fake", "0" * 64),
            index=IndexCard("f", 2, 2),
            settings=AnswerSettings(8, Filters(), "0.1.0"),
            timings={"total_ms": 1500},
        )
        return self._judge.judge(gold, answer)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def gold(**known: Any) -> Gold:  # noqa: ANN401 - the fields of Gold
    return Gold(**{"question": "who?", "id": None, "file": "q.jsonl", "answerable": True, **known})


@pytest.mark.parametrize(
    ("known", "rank"),
    [
        ({"evidence": ("Officials spoke of a small leak.",)}, 2),
        # Wrapped otherwise than in the file.
        ({"evidence": ("Radio North reported that engineer Lena Holt denied any breach.",)}, 3),
        ({"evidence": ("Nothing of the kind.",)}, None),
        ({"quoted": (("dam.txt", "west"), ("dam.txt", "leak"))}, 2),
        ({"quoted": (("other.txt", "Lena Holt"),)}, 1),
        # A paragraph's beginning may be cut anywhere.
        ({"paragraph": "The valley was evacuated on Mon"}, 2),
        ({"paragraph": "Nobody asked"}, None),
        # The closest that is known counts.
        ({"paragraph": "The valley", "evidence": ("The western gate held.",)}, 3),
        ({"answers": ("Lena Holt",)}, 1),
        ({"answers": ("small leak",)}, 2),
        ({"answers": ("zebra",)}, None),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_rank_of_the_gold_text(desk: Desk, known: dict[str, Any], rank: int | None) -> None:
    hits = [
        desk.hit(1, "Nobody asked Lena Holt.", document=desk.other),
        desk.hit(2, "The valley was evacuated on Monday. Officials spoke of a small leak."),
        desk.hit(3, TEXT[TEXT.index("Radio") : -1]),
    ]
    judged = desk.judged(gold(documents=("dam.txt",), **known), hits=hits)
    assert judged.text_rank == rank
    assert judged.document_rank == 2


def test_the_mean_reciprocal_rank_and_the_cutoffs(desk: Desk) -> None:
    asked = gold(documents=("dam.txt",), answers=("Lena Holt",))
    far = desk.hit(1, "Nobody asked", document=desk.other)
    near = desk.hit(1, "The valley")
    judged = [
        desk.judged(asked, hits=[near]),
        desk.judged(asked, hits=[far, near]),
        desk.judged(asked, hits=[far] * 3),
        desk.judged(asked, hits=[far] * 4 + [near]),
        # These two don't count.
        desk.judged(gold(documents=("dam.txt",), answerable=False), hits=[far]),
        desk.judged(gold(), hits=[far]),
    ]
    figures = tallying.retrieval(judged, k=8)
    assert figures is not None
    assert figures.mrr.value == pytest.approx((1 + 1 / 2 + 0 + 1 / 5) / 4)
    assert {rank: (one.count, one.of) for rank, one in figures.documents.items()} == {
        1: (1, 4),
        4: (2, 4),
        8: (3, 4),
    }
    assert tallying.retrieval(judged[4:], k=8) is None


@pytest.mark.parametrize(
    ("known", "said", "verdict", "is_miss"),
    [
        ({"answers": ("Lena Holt",)}, "It was Lena Holt.", "right", False),
        ({"answers": ("Lena Holt",)}, "It was Lena Holten.", "wrong", True),
        ({"answers": ("Lena Holt",)}, "", "refused", True),
        ({"long_answers": ("It was Lena Holt.",)}, "It was Lena Holt!", "right", False),
        ({"long_answers": ("It was Lena Holt.",)}, "Lena Holt.", "unjudged", False),
        ({}, "Lena Holt.", "unjudged", False),
        ({"answerable": False}, "Lena Holt.", "wrong", True),
        ({"answerable": False, "answers": ("Lena Holt",)}, "Lena Holt.", "wrong", True),
        ({"answerable": False}, "", "refused", False),
    ],
    ids=[
        "right",
        "wrong",
        "refused",
        "long, repeated",
        "long, in other words",
        "no gold",
        "unanswerable",
        "unanswerable with a decoy",
        "rightly refused",
    ],
)
def test_verdicts(
    desk: Desk, known: dict[str, Any], said: str, verdict: str, is_miss: bool
) -> None:
    judged = desk.judged(gold(**known), said)
    assert (judged.verdict, judged.miss is not None) == (verdict, is_miss)
    assert judged.answered is bool(said)


def test_f1_counts_refusals_and_long_answers(desk: Desk) -> None:
    judged = [
        desk.judged(gold(answers=("Lena Holt", "Holt")), "Lena Holt"),
        desk.judged(gold(answers=("the",)), ""),
        desk.judged(gold(long_answers=("It was Lena Holt.",)), "Lena Holt"),
    ]
    figures = tallying.answers(judged)
    assert figures is not None
    # 1, 0, and 2 of 2 words with 2 of 4: 2/3
    assert figures.f1.value == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert (figures.right.count, figures.right.of) == (1, 3)


@pytest.mark.parametrize(
    ("known", "cited", "supported"),
    [
        ({"answers": ("Lena Holt",)}, "Lena Holt\ndenied any breach.", True),
        ({"answers": ("Lena Holt",)}, "The western gate held.", False),
        ({"answers": ("x",), "evidence": ("The western gate held.",)}, "gate", True),
        ({"answers": ("x",), "evidence": ("The western gate held.",)}, "Radio North", False),
        ({"quoted": (("dam.txt", "west"),)}, "The western gate held.", False),
        ({"long_answers": ("Radio North reported",)}, "Radio North reported that", True),
    ],
    ids=["answer", "elsewhere", "evidence", "beside it", "part of a word", "long answer"],
)
def test_what_a_citation_must_hold(
    desk: Desk, known: dict[str, Any], cited: str, supported: bool
) -> None:
    asked = gold(documents=("dam.txt",), **known)
    assert desk.judged(asked, "So it is.", citations=[desk.citation(cited)]).supported is supported


def test_citations_are_counted_by_document(desk: Desk) -> None:
    asked = gold(documents=("dam.txt",), answers=("Lena Holt",))
    here = desk.citation("Lena Holt")
    there = desk.citation("Lena Holt", document=desk.other)
    judged = [
        desk.judged(asked, "Lena Holt.", citations=[here, there]),
        desk.judged(asked, "Nobody."),
        desk.judged(gold(answerable=False), "Nobody.", citations=[there]),
    ]
    figures = tallying.citations(judged)
    shares = (
        figures.supporting,
        figures.supporting_right,
        figures.gold_documents,
        figures.cited_sentences,
        figures.altered,
    )
    assert [(one.count, one.of) for one in shares if one] == [
        (1, 2),
        (1, 1),
        (1, 2),
        (2, 3),
        (0, 3),
    ]


def test_wrong_answers_of_a_set_with_long_answers_only(desk: Desk) -> None:
    judged = [
        desk.judged(gold(long_answers=("It was Lena Holt.",)), "Lena Holt."),
        desk.judged(gold(answerable=False), "Lena Holt."),
    ]
    figures = tallying.wrong(judged)
    assert (figures.answerable, figures.answers) == (None, None)
    assert figures.unanswerable is not None
    assert (figures.unanswerable.count, figures.unanswerable.of) == (1, 1)
    (group,) = tallying.groups(judged, name=lambda one: one.gold.file)
    shares = (group.right, group.wrong, group.refused)
    assert [(one.count, one.of) for one in shares] == [(0, 2), (1, 2), (0, 2)]


HOLT, NORTH = ("Lena Holt", "Holt"), ("Radio North",)


@pytest.mark.parametrize(
    ("chain", "named", "innermost", "whole"),
    [
        ((HOLT,), ("engineer Lena Holt",), True, True),
        ((HOLT, NORTH), ("Holt", "Radio North"), True, True),
        ((("engineer Lena Holt",), NORTH), ("Lena Holt", "the Radio North"), True, True),
        ((HOLT, NORTH), ("Holt",), True, False),
        ((HOLT,), ("Holt", "Radio North"), True, False),
        ((HOLT, NORTH), ("Radio North", "Holt"), False, False),
        ((HOLT,), ("Holten",), False, False),
        ((HOLT,), (), False, False),
    ],
    ids=["more", "chain", "less", "too short", "too long", "reversed", "other", "none"],
)
def test_speakers(
    desk: Desk,
    chain: tuple[tuple[str, ...], ...],
    named: tuple[str, ...],
    innermost: bool,
    whole: bool,
) -> None:
    judged = desk.judged(gold(chain=chain, answers=("Holt",)), "She did.", speakers=named)
    assert (judged.innermost, judged.chain) == (innermost, whole)
