"""Files to summaries, with the two seams faked: their length, their topic, their sources."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from workbench import BRIDGE, HARBOUR, OPERA, Bench, assert_cited

from ragtool import pipeline
from ragtool.errors import ReadError, StoreError, UsageError
from ragtool.records import Summary
from ragtool.reports import Progress

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
