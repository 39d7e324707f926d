"""How sure a sentence is to be the answer, by what a model thinks and what it wrote."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ragtool import confidence
from ragtool.confidence import THRESHOLD, Confidence, Signals
from ragtool.models import DEFAULT_GENERATOR, find
from ragtool.records import Opinion

FITTED = json.loads(Path(confidence.__file__).with_name("confidence.json").read_text("utf-8"))
DEFAULT, OTHER = FITTED["model"], "0" * 64
NOTHING = (0.0,) * len(FITTED["passages"])
AT_REST = Signals(Opinion(0.0, NOTHING), Opinion(0.0, NOTHING), 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("passages", "alone", "short", "draft", "kept"),
    [
        (2.5, 0.0, 1.0, 1.0, True),
        (2.5, 0.0, None, 1.0, True),
        (2.5, -3.0, 1.0, 0.5, False),
        (1.0, 0.0, 0.0, 0.5, False),
    ],
)
def test_of_any_model_all_signals_count(
    passages: float, alone: float, short: float | None, draft: float, kept: bool
) -> None:
    signals = Signals(Opinion(passages), Opinion(alone), short, draft, support=0.0)
    assert (Confidence(OTHER).of(signals) >= 0) is kept


def test_the_weights_are_of_the_default_model() -> None:
    assert find(DEFAULT_GENERATOR).sha256 == DEFAULT
    assert len(FITTED["alone"]) == len(FITTED["passages"])


def test_of_the_default_model_the_states_count_and_not_the_words() -> None:
    sure = Confidence(DEFAULT)
    assert sure.of(AT_REST) == pytest.approx(FITTED["intercept"] - THRESHOLD)
    louder = dataclasses.replace(AT_REST, passages=Opinion(9.0, NOTHING))
    assert sure.of(louder) == sure.of(AT_REST)
    one = Opinion(0.0, (1.0, *NOTHING[1:]))
    for name, moved in (
        ("passages", dataclasses.replace(AT_REST, passages=one)),
        ("alone", dataclasses.replace(AT_REST, alone=one)),
    ):
        assert sure.of(moved) - sure.of(AT_REST) == pytest.approx(FITTED[name][0])


@pytest.mark.parametrize(
    "more",
    [
        dataclasses.replace(AT_REST, short=1.0),
        dataclasses.replace(AT_REST, draft=1.0),
        dataclasses.replace(AT_REST, support=1.0),
    ],
    ids=["short", "draft", "support"],
)
def test_a_sentence_that_holds_more_of_what_was_written_is_surer(more: Signals) -> None:
    sure = Confidence(DEFAULT)
    assert sure.of(more) > sure.of(AT_REST)


def test_whether_the_speaker_said_so_counts_of_any_model() -> None:
    for sure in (Confidence(DEFAULT), Confidence(OTHER)):
        yes, no = (dataclasses.replace(AT_REST, claimed=odds) for odds in (0.5, -1.5))
        assert sure.of(yes) > sure.of(AT_REST) > sure.of(no)


def test_without_a_short_answer_the_draft_counts_for_it() -> None:
    sure = Confidence(DEFAULT)
    none = dataclasses.replace(AT_REST, short=None, draft=0.5)
    assert sure.of(none) == sure.of(dataclasses.replace(none, short=0.5))


def test_a_state_of_another_size_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="zip"):
        Confidence(DEFAULT).of(dataclasses.replace(AT_REST, alone=Opinion(0.0, (1.0,))))
