"""How sure a sentence is to be the answer, by where a model looks and by what it thinks."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
import pytest

from ragtool import confidence
from ragtool.confidence import Sight, Signals, adapter_of, least, thought
from ragtool.errors import ModelError
from ragtool.models import DEFAULT_GENERATOR, find
from ragtool.records import Look, Opinion

DEFAULT = find(DEFAULT_GENERATOR).sha256
OTHER = "0" * 64
AT_REST = Signals(Opinion(0.0), Opinion(0.0), 0.0, 0.0)

# Of a model with three layers of two heads: layers 1 and 2 are watched, and the first head
# of layer 1 looks at what answers; the first of a state's two numbers speaks for nothing.
HEADS = np.zeros((2, 2, 2), dtype=np.float32)
HEADS[0, 0, 0] = 2.0
TOY = {
    "model": np.array(OTHER),
    "first": np.array(1),
    "layers": np.array([2]),
    "heads": HEADS,
    "none": np.array(0.5, dtype=np.float32),
    "none_heads": np.zeros_like(HEADS),
    "last": np.array([[1.0, 0.0]], dtype=np.float32),
    "telling": np.zeros((1, 2, 1), dtype=np.float32),
    "told": np.zeros((1, 2, 1), dtype=np.float32),
}
SEEN = (0.6, 0.2, 0.1)


def look(*, seen: tuple[float, ...] = SEEN, last: tuple[float, float] = (0.0, 1.0)) -> Look:
    """What the head that counts gives to each place, and the state of the last token."""
    mass = np.full((3, 2, len(seen)), 0.1, dtype=np.float32)
    mass[1, 0] = seen
    states = np.ones((3, 4, 2), dtype=np.float32)
    states[2, -1] = last
    return Look(mass, mass, states)


def chances(odds: tuple[float, ...]) -> list[float]:
    return [1 / (1 + math.exp(-each)) for each in odds]


def test_the_place_that_is_looked_at_most_is_the_likeliest() -> None:
    found = chances(Sight(TOY).sure(look()))
    assert found == sorted(found, reverse=True)
    # The head counts twice, each place is told from the mean of the two others, and what
    # looks at none counts e to the 0.5.
    first, second, third = np.log(np.array(SEEN) + confidence.FAINT)
    others = np.array([second + third, first + third, first + second]) / 2
    counts = np.exp(2 * (np.array([first, second, third]) - others))
    assert found == pytest.approx(list(counts / (counts.sum() + math.exp(0.5))), rel=1e-4)


def test_of_two_places_one_is_as_sure_as_of_many() -> None:
    doubted = Sight(TOY | {"none": np.array(12.0)})
    two, many = (chances(doubted.sure(look(seen=(0.6, *[0.001] * n))))[0] for n in (1, 12))
    assert two == pytest.approx(many, rel=1e-3)
    assert two > 0.5


def test_with_that_of_none_the_chances_sum_to_one() -> None:
    nothing = chances(Sight(TOY).sure(look(last=(math.sqrt(2), 0.0))))
    something = chances(Sight(TOY).sure(look()))
    assert sum(nothing) < sum(something) < 1


def test_what_a_state_tells_is_found_among_the_tokens() -> None:
    telling = TOY | {"told": np.array([[[1.0], [0.0]]], dtype=np.float32)}
    even = look()
    tells = dataclasses.replace(even, states=even.states.copy())
    tells.states[2, 1] = (1.4, 0.2)
    assert Sight(telling).sure(tells)[0] < Sight(telling).sure(even)[0]
    heeded = telling | {"telling": np.array([[[9.0], [0.0]]], dtype=np.float32)}
    assert Sight(heeded).sure(tells)[0] < Sight(telling).sure(tells)[0]


def test_one_sure_place_has_finite_odds() -> None:
    sure = Sight(TOY | {"none": np.array(-90.0)}).sure(look(seen=(0.9,)))
    assert math.isfinite(sure[0])
    assert sure[0] > 10


def test_a_question_of_who_takes_more() -> None:
    assert least(asks_who=True) > least(asks_who=False)


def test_the_weights_and_the_adapter_are_of_the_default_model() -> None:
    assert Sight.of(DEFAULT) is not None
    file = adapter_of(DEFAULT)
    assert file is not None
    weights = np.load(file.with_suffix(".npz"))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == str(weights["adapter"])


def test_another_model_has_neither() -> None:
    assert Sight.of(OTHER) is None
    assert adapter_of(OTHER) is None


def test_another_adapter_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = dict(confidence._weights())
    monkeypatch.setattr(confidence, "_weights", lambda: weights | {"adapter": np.array(OTHER)})
    with pytest.raises(ModelError, match="damaged"):
        adapter_of(DEFAULT)


@pytest.mark.parametrize(
    ("passages", "alone", "short", "draft", "kept"),
    [
        (2.5, 0.0, 1.0, 1.0, True),
        (2.5, 0.0, None, 1.0, True),
        (2.5, -3.0, 1.0, 0.5, False),
        (1.0, 0.0, 0.0, 0.5, False),
    ],
)
def test_of_any_other_model_all_signals_count(
    passages: float, alone: float, short: float | None, draft: float, kept: bool
) -> None:
    assert (thought(Signals(Opinion(passages), Opinion(alone), short, draft)) >= 0) is kept


def test_without_a_short_answer_the_draft_counts_for_it() -> None:
    none = dataclasses.replace(AT_REST, short=None, draft=0.5)
    assert thought(none) == thought(dataclasses.replace(none, short=0.5))
