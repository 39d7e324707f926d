"""Summaries of the default models, with everything real."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import SEEDS

from ragtool import pipeline
from ragtool.config import Settings
from ragtool.records import Summary

pytestmark = pytest.mark.slow

CONTRADICTING = Path(__file__).parent / "data" / "contradicting"


def paragraph(summary: Summary) -> str:
    return " ".join(sentence.text for sentence in summary.sentences)


def test_the_seed_s_summary_says_who_what_why_and_who_reported_it(
    tmp_path: Path, models: Path
) -> None:
    (summary,) = pipeline.summarize([SEEDS], Settings(tmp_path / "index", models))
    text = paragraph(summary)
    for wanted in ("Verstka", "170", "Merzlyankova", "lawyer", "shortage of forces"):
        assert wanted in text
    for furniture in ("patron", "coffee", "community", "support us", "Read also"):
        assert furniture not in text
    assert 85 <= len(text.split()) <= 115
    assert all(sentence.citations for sentence in summary.sentences)
    speakers = {link.speaker for sentence in summary.sentences for link in sentence.attribution}
    assert {"Verstka", "Tatyana Merzlyankova"} <= speakers


def test_what_sources_contradict_each_other_in_is_named(tmp_path: Path, models: Path) -> None:
    settings = Settings(tmp_path / "index", models)
    (summary,) = pipeline.summarize([CONTRADICTING], settings, together=True)
    said = [sentence.text for sentence in summary.sentences]
    number = next(at for at, text in enumerate(said) if "gives another number" in text)
    assert "30 people" in said[number - 1] and "12 people" in said[number]
    denial = next(at for at, text in enumerate(said) if "says otherwise" in text)
    assert "Nora Vance said" in said[denial - 1] and "denied" in said[denial]
    both = next(at for at, text in enumerate(said) if text.startswith("Both "))
    for at, outlets in (
        (number - 1, {"Lisk Mail"}),
        (number, {"Orden Post"}),
        (denial - 1, {"Orden Post"}),
        (denial, {"Valley Radio"}),
        (both, {"Lisk Mail", "Orden Post"}),
    ):
        cited = [summary.citations[one - 1] for one in summary.sentences[at].citations]
        assert {citation.document.source for citation in cited} == outlets
        assert all(outlet in said[at] for outlet in outlets)
    assert 85 <= len(paragraph(summary).split()) <= 115
