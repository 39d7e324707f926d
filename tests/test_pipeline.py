"""Files to an index and questions to answers, on real files, with the two seams faked."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fakes import FakeEmbedder, FakeGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_reading import scanned

from ragtool import pipeline
from ragtool.config import Settings
from ragtool.errors import ReadError, StoreError, UsageError
from ragtool.pipeline import asking, indexing, inspecting, loading, summarizing
from ragtool.records import Answer, Citation, Filters, Summary
from ragtool.reports import Change, IndexReport, Progress

ROOT = Path(__file__).parent.parent
SMALL = "smollm2-135m-instruct-q4_1"
NONE = Filters()

HARBOUR = "Harbour closed\n\nMayor Ana Ruiz said the harbour would stay closed until June.\n"
OPERA = "Opera walkout\n\nThe orchestra left the stage. Its director blamed the heating.\n"
BRIDGE = "Bridge reopened\n\nEngineers told the council that the bridge was safe again.\n"
PAGE = (
    "<html><head><title>Bridge</title></head><body><article><h1>Bridge</h1>"
    "<p>Engineers told the council on Monday that the old bridge was safe again.</p>"
    "<p>Nobody at the meeting had doubted it, the mayor said afterwards.</p>"
    "</article></body></html>"
)


class Bench:
    """An index and a folder of files, with the fakes in both seams."""

    def __init__(self, folder: Path, models: Path, patch: pytest.MonkeyPatch) -> None:
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self.settings = Settings(folder / "index", models, generator=SMALL)
        self.embedder = FakeEmbedder()
        self.generator = FakeGenerator()
        self.loaded: list[str] = []
        for module in (asking, indexing, inspecting, loading, summarizing):
            for name, load in (
                ("load_embedder", self._embedder),
                ("load_generator", self._generator),
            ):
                if hasattr(module, name):
                    patch.setattr(module, name, load)

    def _embedder(self, settings: Settings) -> FakeEmbedder:
        self.loaded.append("embedder")
        return self.embedder

    def _generator(self, settings: Settings, *, look: object = None) -> FakeGenerator:
        self.loaded.append("generator")
        return self.generator

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def index(
        self, *paths: Path, report: Callable[[Progress], None] = lambda _: None
    ) -> IndexReport:
        return pipeline.index(paths or (self.files,), self.settings, report=report)

    def changes(self, *paths: Path) -> dict[str, int]:
        """What indexing did, without the zeros."""
        return done(self.index(*paths))

    def names(self) -> list[str]:
        return [
            Path(document.path).relative_to(self.files).as_posix()
            for document in pipeline.documents(self.settings)
        ]

    def found(self, query: str, *, filters: Filters = NONE) -> list[str]:
        hits = pipeline.search(query, self.settings, k=5, filters=filters)
        return [Path(hit.chunk.document.path).name for hit in hits]

    def ask(self, question: str) -> Answer:
        with pipeline.Session(self.settings) as session:
            return session.ask(question, k=8, filters=NONE)

    @property
    def fingerprint(self) -> str:
        return pipeline.status(self.settings).fingerprint


@pytest.fixture
def bench(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, models, monkeypatch)


def done(report: IndexReport) -> dict[str, int]:
    assert set(report.counts) == set(Change)
    return {change.value: count for change, count in report.counts.items() if count}


# What became of each file


def test_every_change_is_counted(bench: Bench) -> None:
    for name, text in (("same", HARBOUR), ("changed", OPERA), ("gone", BRIDGE)):
        bench.write(f"{name}.txt", text)
    first = bench.index()
    assert (done(first), first.failures) == ({"added": 3}, ())
    assert first.chunks == 3
    bench.write("changed.txt", OPERA + "\nNobody was hurt, the house said.\n")
    bench.write("new.md", "# Strike\n\nThe union announced a strike.\n")
    bench.write("broken.txt", b"\x00\x01\x02\xff" * 200)
    (bench.files / "gone.txt").unlink()
    second = bench.index()
    assert done(second) == {"added": 1, "updated": 1, "unchanged": 1, "removed": 1, "failed": 1}
    assert bench.names() == ["changed.txt", "new.md", "same.txt"]
    assert done(bench.index()) == {"unchanged": 3, "failed": 1}


def test_nothing_to_index_is_an_empty_index(bench: Bench) -> None:
    report = bench.index()
    assert (done(report), report.chunks) == ({}, 0)
    assert pipeline.documents(bench.settings) == ()
    assert_empty(bench)
    assert pipeline.status(bench.settings).updated is None


def assert_empty(bench: Bench) -> None:
    for ask in (bench.found, bench.ask):
        with pytest.raises(StoreError, match="is empty") as raised:
            ask("Who closed the harbour?")
        assert "ragtool index PATH" in raised.value.hint


def test_what_does_not_exist_is_a_usage_error(bench: Bench) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        bench.index(bench.files / "nothing.txt")


@pytest.mark.parametrize(
    ("name", "content", "mended"),
    [
        ("binary.txt", b"\x00\x01\x02\xff" * 200, BRIDGE),
        ("empty.txt", b"", BRIDGE),
        ("blank.md", b" \n\t\n", "# Bridge\n\nThe bridge is safe.\n"),
        ("page.html", b"<html><body></body></html>", PAGE),
    ],
    ids=["binary", "empty", "blank", "page without text"],
)
def test_a_file_that_can_not_be_read_is_told_and_the_rest_goes_on(
    bench: Bench, name: str, content: bytes, mended: str
) -> None:
    bench.write("a.txt", HARBOUR)
    bad = bench.write(name, content)
    bench.write("z.txt", OPERA)
    report = bench.index()
    assert done(report) == {"added": 2, "failed": 1}
    (failure,) = report.failures
    assert failure.path == str(bad)
    assert failure.reason.strip()
    assert "\n" not in failure.reason
    assert str(bad) not in failure.reason  # the path is told beside it
    assert pipeline.failures(bench.settings) == report.failures
    assert pipeline.status(bench.settings).failures == 1
    assert bench.names() == ["a.txt", "z.txt"]
    bench.write(name, mended)
    mending = bench.index()
    assert (done(mending), mending.failures) == ({"updated": 1, "unchanged": 2}, ())


def test_a_document_that_turns_unreadable_is_forgotten(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.write("a.txt", b"\x00\x01\x02\xff" * 200)
    report = bench.index()
    assert (done(report), report.chunks) == ({"failed": 1}, 0)
    assert_empty(bench)
    bench.write("a.txt", HARBOUR)
    assert (done(bench.index()), bench.found("harbour")) == ({"updated": 1}, ["a.txt"])


def test_a_file_of_a_kind_that_nobody_reads_fails_when_it_is_named(bench: Bench) -> None:
    picture = bench.write("picture.png", b"\x89PNG")
    for _ in range(2):
        report = bench.index()
        assert done(report) == {"skipped": 1}
        assert [failure.skipped for failure in report.failures] == [True]
    (bench.files / "notes.js").write_text("var a = 1;", encoding="utf-8")
    report = bench.index(bench.files / "notes.js", picture)
    assert done(report) == {"failed": 1, "skipped": 1}
    reasons = [failure.reason for failure in report.failures]
    assert reasons == [
        "don't know how to read this kind of file.",
        "a picture: no text in it, try --ocr.",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_does_not_stop_the_run(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    os.mkfifo(bench.files / "pipe.txt")
    ended = subprocess.run(
        [sys.executable, "-m", "ragtool", "index", str(bench.files)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAGTOOL_INDEX": str(bench.settings.index),
            "RAGTOOL_MODELS": str(bench.settings.models),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout[:8]) == (0, "1 added,")
    assert "pipe.txt: not a file." in ended.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="only a user's own rights can be taken"
)
def test_a_file_without_the_right_to_read_it_is_told(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("secret.txt", OPERA).chmod(0)
    report = bench.index()
    assert done(report) == {"added": 1, "failed": 1}


def test_a_file_that_goes_while_the_run_is_on_its_way(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    vanishing = bench.write("b.txt", OPERA)
    bench.write("c.txt", BRIDGE)
    report = bench.index(report=lambda _: vanishing.unlink(missing_ok=True))
    # Files are read ahead, so it may have been read before it went.
    assert done(report) in ({"added": 2, "failed": 1}, {"added": 3})
    assert bench.changes() == {"unchanged": 2, "removed": 1}
    assert pipeline.failures(bench.settings) == ()


# The same text, other names, other times


def test_two_files_with_one_text_are_both_citable_and_embedded_once(bench: Bench) -> None:
    bench.write("one.txt", HARBOUR)
    bench.write("sub/two.txt", HARBOUR)
    assert bench.changes() == {"added": 2}
    assert len(bench.embedder.texts) == 1
    (hit,) = pipeline.search("harbour", bench.settings, k=5, filters=NONE)
    assert [Path(path).name for path in hit.copies] == ["two.txt"]
    assert bench.found("harbour", filters=Filters(path="*two.txt")) == ["two.txt"]
    (bench.files / "one.txt").unlink()
    assert (bench.changes(), bench.found("harbour")) == (
        {"unchanged": 1, "removed": 1},
        ["two.txt"],
    )
    assert bench.embedder.texts[1:] == ["harbour"] * 3  # the queries


def test_a_renamed_file_is_not_embedded_again(bench: Bench) -> None:
    old = bench.write("old.txt", HARBOUR)
    bench.index()
    before = list(bench.embedder.texts)
    old.rename(bench.files / "new.txt")
    assert bench.changes() == {"added": 1, "removed": 1}
    assert bench.embedder.texts == before
    assert bench.found("harbour") == ["new.txt"]


def test_a_changed_file_loses_its_old_words(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("b.txt", OPERA)
    bench.index()
    bench.write("a.txt", HARBOUR.replace("harbour", "airport"))
    assert bench.changes() == {"updated": 1, "unchanged": 1}
    (hit,) = pipeline.search("airport", bench.settings, k=1, filters=NONE)
    assert "airport would stay closed" in hit.chunk.text
    assert not any("harbour" in one.text for one in pipeline.documents(bench.settings))


def test_the_same_bytes_at_another_time_are_unchanged(bench: Bench) -> None:
    path = bench.write("a.txt", HARBOUR)
    bench.index()
    before = bench.fingerprint
    os.utime(path, ns=(0, 1_000_000_000))
    assert (bench.changes(), bench.fingerprint) == ({"unchanged": 1}, before)
    path.unlink()
    bench.write("a.txt", HARBOUR)
    assert (bench.changes(), bench.fingerprint) == ({"unchanged": 1}, before)


# Folders


def test_a_folder_that_is_gone_is_forgotten(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("sub/b.txt", OPERA)
    bench.write("sub/deeper/c.txt", BRIDGE)
    bench.index()
    shutil.rmtree(bench.files / "sub")
    assert bench.changes(bench.files / "sub") == {"removed": 2}
    assert bench.names() == ["a.txt"]


def test_what_was_not_named_is_left_alone(bench: Bench) -> None:
    bench.write("one/a.txt", HARBOUR)
    bench.write("two/b.txt", OPERA)
    bench.index()
    (bench.files / "one" / "a.txt").unlink()
    assert bench.changes(bench.files / "two") == {"unchanged": 1}
    assert len(bench.names()) == 2
    bench.write("two-more/c.txt", BRIDGE)  # no folder within "two"
    assert bench.changes(bench.files / "two") == {"unchanged": 1}


def test_hidden_files_and_folders_are_left_out(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    hidden = bench.write(".hidden.txt", OPERA)
    bench.write(".git/b.txt", OPERA)
    bench.write("sub/.cache/c.txt", OPERA)
    assert bench.changes() == {"added": 1}
    assert bench.names() == ["a.txt"]
    assert bench.changes(hidden) == {"added": 1}  # named, it is meant


def test_overlapping_paths_are_taken_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bench.write("sub/a.txt", HARBOUR)
    monkeypatch.chdir(bench.files)
    paths = (bench.files, path, path.parent, Path("sub"), Path("sub/../sub/a.txt"))
    assert bench.changes(*paths) == {"added": 1}
    assert bench.changes(Path()) == {"unchanged": 1}


def test_the_order_of_indexing_is_of_no_account(bench: Bench) -> None:
    for name, text in (("a", HARBOUR), ("b", OPERA), ("c", BRIDGE)):
        bench.write(f"{name}.txt", text)
    bench.index()
    at_once = bench.fingerprint, bench.found("the council and the harbour")
    bench.settings = replace(bench.settings, index=bench.settings.index.with_name("other"))
    for name in "cab":
        bench.index(bench.files / f"{name}.txt")
    assert (bench.fingerprint, bench.found("the council and the harbour")) == at_once


def test_removing_forgets_files_and_folders(bench: Bench) -> None:
    path = bench.write("a.txt", HARBOUR)
    bench.write("sub/b.txt", OPERA)
    bench.write("sub/c.txt", BRIDGE)
    bench.index()
    assert pipeline.remove([bench.files / "nothing"], bench.settings) == 0
    assert pipeline.remove([bench.files / "sub"], bench.settings) == 2
    assert (bench.names(), bench.found("orchestra")) == (["a.txt"], ["a.txt"])
    assert pipeline.remove([path, path], bench.settings) == 1
    assert_empty(bench)
    assert bench.changes() == {"added": 3}


def test_progress_reaches_the_end_of_each_step(bench: Bench) -> None:
    for number in range(5):
        bench.write(f"{number}.txt", f"{HARBOUR}\nReport {number}.\n")
    told: list[Progress] = []
    bench.index(report=told.append)
    steps = dict.fromkeys(one.step for one in told)
    assert len(steps) == 2
    for step in steps:
        done_so_far = [one.done for one in told if one.step == step]
        assert done_so_far == sorted(done_so_far)
        assert done_so_far[-1] == 5
        assert {one.total for one in told if one.step == step} == {5}


# The embedder


def test_another_embedder_embeds_everything_anew(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    before = bench.fingerprint
    bench.embedder = FakeEmbedder(dimensions=8)
    assert bench.changes() == {"unchanged": 1}
    assert len(bench.embedder.texts) == 1
    assert bench.fingerprint != before
    assert bench.found("harbour") == ["a.txt"]


class Renamed(FakeEmbedder):
    """An embedder of the same size and another make."""

    @property
    def fingerprint(self) -> str:
        return "another"


@pytest.mark.parametrize("other", [FakeEmbedder(dimensions=8), Renamed()], ids=["size", "make"])
def test_vectors_of_two_embedders_are_not_mixed(bench: Bench, other: FakeEmbedder) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.embedder = other
    with pytest.raises(StoreError, match="another embedding model") as raised:
        bench.found("harbour")
    assert "ragtool index" in raised.value.hint


# Questions


def test_a_session_loads_each_model_once(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.loaded.clear()
    with pipeline.Session(bench.settings) as session:
        answers = [
            session.ask(question, id=str(number), k=8, filters=NONE)
            for number, question in enumerate(["Who closed the harbour?"] * 2 + ["Why?"])
        ]
    assert sorted(bench.loaded) == ["embedder", "generator"]
    assert [answer.id for answer in answers] == ["0", "1", "2"]
    assert {answer.model.name for answer in answers} == {"fake"}
    assert without_costs(answers[0]) == without_costs(answers[1])


def without_costs(answer: Answer) -> Answer:
    return replace(answer, timings={}, id=None)


def test_the_callbacks_are_told_what_the_answer_holds(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    hits: list[object] = []
    told: list[object] = []
    with pipeline.Session(bench.settings) as session:
        answer = session.ask(
            "Who said the harbour would stay closed?",
            k=8,
            filters=NONE,
            on_hits=hits.extend,
            on_sentence=lambda sentence, _: told.append(sentence),
        )
    assert tuple(hits) == answer.retrieved
    assert tuple(told) == answer.sentences


def test_evidence_too_weak_is_not_found_with_the_nearest_passages(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.generator = FakeGenerator(odds=-20.0)
    answer = bench.ask("Who won the cup?")
    assert answer.status == "not_found"
    assert (answer.sentences, answer.citations) == ((), ())
    assert 1 <= len(answer.nearest) <= 3
    assert_quotes_hold(answer)


def test_what_the_model_makes_up_is_withheld(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    invented = "Colonel Bohumil Quist admitted on 14 May 1987 that 3,400 zebras had been poisoned."
    bench.generator = FakeGenerator(reply=invented)
    answer = bench.ask("Who said the harbour would stay closed?")
    assert "zebra" not in "".join(sentence.text for sentence in answer.sentences)
    assert_quotes_hold(answer)


def test_a_filter_that_nothing_passes_is_not_found(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    with pipeline.Session(bench.settings) as session:
        answer = session.ask("Who?", k=8, filters=Filters(path="*.html"))
    assert (answer.status, answer.nearest, answer.retrieved) == ("not_found", (), ())


def test_no_index_leaves_nothing_open(bench: Bench) -> None:
    with pytest.raises(StoreError, match="no index"), pipeline.Session(bench.settings):
        pytest.fail("there is nothing to ask")
    assert not bench.settings.index.exists()


# Summaries

TOWNS = [
    f"The town of {name} built {number} houses near its {place} in spring."
    for number, (name, place) in enumerate(
        product(
            "Arn Bell Corrie Dun Esk Fell Gorm Hale Ister Jarl Kest Lind".split(),
            "river wall mill church market".split(),
        ),
        start=21,
    )
]


def test_summaries_cite_each_document_by_itself_or_all_together(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("b.txt", OPERA)
    told: list[Summary] = []
    apart = pipeline.summarize([bench.files], bench.settings, on_summary=told.append)
    assert tuple(told) == apart
    assert [len(one.documents) for one in apart] == [1, 1]
    for one in apart:
        assert {citation.document for citation in one.citations} <= set(one.documents)
        assert_cited(one)
    (together,) = pipeline.summarize([bench.files], bench.settings, together=True, about="June")
    assert len(together.documents) == 2
    assert_cited(together)
    assert not bench.settings.index.exists()


def test_a_topic_alone_is_looked_for_in_the_whole_index(bench: Bench) -> None:
    for name, text in (("a.txt", HARBOUR), ("b.txt", OPERA), ("c.txt", BRIDGE)):
        bench.write(name, text)
    bench.index()
    (found,) = pipeline.summarize((), bench.settings, about="the harbour closed until June")
    assert Path(found.citations[0].document.path).name == "a.txt"
    assert "Ana Ruiz" in found.sentences[0].text
    assert_cited(found)
    (nothing,) = pipeline.summarize((), bench.settings, about="volcanic glaciers")
    assert nothing.sentences == ()


def test_a_topic_needs_an_index_and_a_summary_a_topic(bench: Bench) -> None:
    with pytest.raises(StoreError, match="no index"):
        pipeline.summarize((), bench.settings, about="June")
    with pytest.raises(UsageError, match="--about"):
        pipeline.summarize((), bench.settings)


@pytest.mark.parametrize("words", [40, 100, 200])
def test_a_summary_has_the_length_asked_for(bench: Bench, words: int) -> None:
    town = bench.write("town.txt", "The towns\n\n" + " ".join(TOWNS))
    (summary,) = pipeline.summarize([town], bench.settings, words=words)
    length = sum(len(sentence.text.split()) for sentence in summary.sentences)
    assert 0.85 * words <= length <= 1.15 * words
    assert_cited(summary)
    starts = [summary.citations[one.citations[0] - 1].span.start for one in summary.sentences]
    assert starts == sorted(starts)


def test_a_topic_is_found_wherever_it_stands_in_a_long_document(bench: Bench) -> None:
    """And how far the reading is, is told."""
    lines = [f"{TOWNS[at % 60]} Week {at} was quiet." for at in range(1500)]
    facts = {
        75: "Lighthouse keeper Ada Morrow said that the lamp had failed twice.",
        750: "The glass works of Tolm closed because sand had become too dear.",
        1425: "Ferry captain Jon Hale reported that 41 passengers had been seasick.",
    }
    for at, fact in facts.items():
        lines[at] = fact
    file = bench.write("long.txt", "A long year\n\n" + "\n\n".join(lines))
    told: list[Progress] = []
    topics = ("lighthouse lamp", "glass works", "captain passengers")
    for topic, fact in zip(topics, facts.values(), strict=True):
        (summary,) = pipeline.summarize([file], bench.settings, about=topic, report=told.append)
        assert fact in [sentence.text for sentence in summary.sentences]
    assert told[0].total > told[0].done > 0
    assert told[-1].done == told[-1].total


def test_a_copy_is_no_second_source_of_a_summary(bench: Bench) -> None:
    text = "The towns\n\n" + " ".join(TOWNS[:9])
    for name in ("a.txt", "b.txt"):
        bench.write(name, text)
    (summary,) = pipeline.summarize([bench.files], bench.settings, together=True)
    assert len({citation.document.path for citation in summary.citations}) == 1
    assert not any("Both " in sentence.text for sentence in summary.sentences)


def test_there_must_be_something_to_summarize(bench: Bench) -> None:
    with pytest.raises(UsageError, match="nothing to summarize"):
        pipeline.summarize([bench.files], bench.settings)
    with pytest.raises(ReadError):
        pipeline.summarize([bench.write("a.txt", b"")], bench.settings)


# A quote is the document's own words


def assert_quotes_hold(answer: Answer) -> None:
    for citation in (*answer.citations, *answer.nearest):
        assert_quote_holds(citation)
    for hit in answer.retrieved:
        span = hit.chunk.span
        assert hit.chunk.text == hit.chunk.document.text[span.start : span.end]
        assert 0 <= hit.score <= 1
    if answer.status == "answered":
        assert answer.sentences
        assert_cited(answer)
    else:
        assert (answer.sentences, answer.citations) == ((), ())


def assert_quote_holds(citation: Citation) -> None:
    text = citation.document.text
    assert citation.quote == text[citation.span.start : citation.span.end]
    assert citation.quote.strip() == citation.quote != ""
    # As the reader of the file would find it: newlines may differ, nothing else.
    path = Path(citation.document.path)
    content = path.read_bytes().decode("utf-8-sig")
    assert citation.quote in content.replace("\r\n", "\n").replace("\r", "\n")


def assert_cited(answer: Answer | Summary) -> None:
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    for citation in answer.citations:
        assert_quote_holds(citation)
    for sentence in answer.sentences:
        assert sentence.verdict in ("supported", "partly_supported")
        assert sentence.citations
        assert set(sentence.citations) <= set(numbers)
        for link in sentence.attribution:
            text = answer.citations[link.citation - 1].document.text
            assert link.speaker == link.span.of(text)


VOCABULARY = (
    "the mayor said that Ana Ruiz denied harbour closed “no” 12 June 2024 told Wire — café naïve "
    "記者会見で否定した。 Ёлка e\u0301 \U0001f5de Mr. U.S. 3.5 % ‘quoted’ \u00a0 \u2028 "
    "however he she"
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(WORDS, min_size=1, max_size=25),
    st.sampled_from([".", "?", "!", ".”", "", "…", ".\r\n", "\n\n"]),
)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=12).map(" ".join)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    texts=st.lists(TEXTS | st.text(max_size=200), min_size=1, max_size=4),
    question=TEXTS,
    reply=st.none() | TEXTS,
)
def test_every_quote_is_the_span_of_its_document(
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    texts: Sequence[str],
    question: str,
    reply: str | None,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), models, monkeypatch)
        bench.generator = FakeGenerator(reply=reply)
        for number, text in enumerate(texts):
            bench.write(f"{number}.txt", text.encode("utf-8", "replace"))
        bench.index()
        if bench.names():
            assert_quotes_hold(bench.ask(question))
            assert without_costs(bench.ask(question)) == without_costs(bench.ask(question))


# Copies of an article, and files with documents inside

WIRE = " ".join(
    f"Inspector {name} said that pier {number} of the harbour had moved by {number} cm."
    for number, name in enumerate(("Adler", "Brook", "Castro", "Dietz", "Egede", "Frost"), start=11)
)


def test_copies_are_one_source(bench: Bench) -> None:
    bench.write("a.txt", f"Piers move\n\n{WIRE}\n")
    bench.write("b.txt", f"Piers move, say inspectors\n\n{WIRE}\n\nRead more in our paper.\n")
    bench.write("c.txt", BRIDGE)
    bench.index()
    hits = pipeline.search("Who said that pier 13 had moved?", bench.settings, k=5, filters=NONE)
    named = {Path(hit.chunk.document.path).name: hit.copies for hit in hits}
    assert set(named) in ({"a.txt", "c.txt"}, {"b.txt", "c.txt"})
    (kept,) = named.keys() - {"c.txt"}
    assert [Path(path).name for path in named[kept]] == [({"a.txt", "b.txt"} - {kept}).pop()]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert bench.found("pier", filters=Filters(path="*b.txt")) == ["b.txt"]


def test_what_a_copy_adds_is_found(bench: Bench) -> None:
    more = " ".join(f"Later that day diver {n} denied that chain {n} was cut." for n in range(30))
    bench.write("a.txt", f"Piers move\n\n{WIRE} {WIRE}\n")
    bench.write("b.txt", f"Piers move\n\n{WIRE} {WIRE}\n\n{more}\n")
    bench.index()
    hits = pipeline.search("Who denied that chain 7 was cut?", bench.settings, k=5, filters=NONE)
    assert Path(hits[0].chunk.document.path).name == "b.txt"
    assert "diver 7" in " ".join(hit.chunk.text for hit in hits)


def test_documents_inside_a_file(bench: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("press/harbour.txt", HARBOUR)
        archive.writestr("../opera.md", OPERA)
        archive.writestr("empty.txt", "")
        archive.writestr("film.mp4", b"\0\0\0\x20ftyp")
    path = bench.write("press.zip", packed.getvalue())
    report = bench.index()
    assert done(report) == {"added": 1}
    assert bench.names() == ["press.zip/opera.md", "press.zip/press/harbour.txt"]
    reasons = {Path(each.path).name: each.skipped for each in report.failures}
    assert reasons == {"empty.txt": False, "film.mp4": True}
    assert {each.sha256 for each in pipeline.documents(bench.settings)} == {
        hashlib.sha256(packed.getvalue()).hexdigest()
    }
    assert bench.found("harbour")[0] == "harbour.txt"
    assert bench.changes() == {"unchanged": 1}
    assert pipeline.remove([path], bench.settings) == 1
    assert bench.names() == []


def test_languages_are_told_and_filter(bench: Bench) -> None:
    texts = {
        "en": "The committee said on Monday that the bridge would open again in spring.",
        "de": "Die Brücke über den Fluss wird im Frühjahr geöffnet, sagte der Bürgermeister.",
        "ru": "Комиссия сообщила в понедельник, что мост откроют весной и никто не пострадал.",
    }
    for code, text in texts.items():
        bench.write(f"{code}.txt", text)
    bench.write("short.txt", "Bridge 12")
    bench.index()
    told = {Path(d.path).stem: d.language for d in pipeline.documents(bench.settings)}
    assert told == {"en": "en", "de": "de", "ru": "ru", "short": None}
    for code in texts:
        assert bench.found("bridge spring", filters=Filters(language=code)) == [f"{code}.txt"]


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_pictures_inside_a_file_are_read_when_asked_later(bench: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("harbour.txt", HARBOUR)
        archive.writestr("scan.png", scanned())
    bench.write("press.zip", packed.getvalue())
    assert bench.changes() == {"added": 1}
    assert bench.names() == ["press.zip/harbour.txt"]
    report = pipeline.index([bench.files], bench.settings, report=lambda _: None, ocr=True)
    assert done(report) == {"updated": 1}
    assert bench.names() == ["press.zip/harbour.txt", "press.zip/scan.png"]
    assert report.failures == ()
    assert bench.changes() == {"unchanged": 1}
