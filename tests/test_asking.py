"""Questions to answers, with the two seams faked: what is found, and quotes to the letter."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbench import BRIDGE, HARBOUR, NONE, Bench, assert_cited, assert_quote_holds

from ragtool import pipeline
from ragtool.errors import StoreError
from ragtool.records import Answer, Filters

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


# Copies of an article

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
