"""Scoring: SQuAD's comparison, Wilson's interval, means and ranks, by known answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.scoring import (
    best_f1,
    contains,
    first_rank,
    holds_any,
    mean,
    median,
    normalise,
    percentile,
    reciprocal,
    share,
    token_f1,
    wilson,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Mayor,  Ana Ruiz!", "mayor ana ruiz"),
        ("A cat and an apple", "cat and apple"),
        ("multi-cultural", "multicultural"),
        ("“Nobody was asked,” said Ms. O’Neil", "nobody was asked said ms oneil"),
        ("theatre another", "theatre another"),
        ("$1,200 + 5%", "1200 5"),
        ("Что привело?", "что привело"),
        (" .\n—\t", ""),
    ],
    ids=[
        "article",
        "all articles",
        "hyphen",
        "typographic",
        "begins like one",
        "numbers",
        "Cyrillic",
        "nothing",
    ],
)
def test_normalised(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text())
def test_what_is_normalised_stays(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "words", "there"),
    [
        ("Mayor Ana Ruiz said so.", "ana ruiz", True),
        ("Mayor Ana Ruiz said so.", "The Ana Ruiz", True),
        ("Ana Ruizzo said so.", "Ana Ruiz", False),
        ("He was born in 1987.", "198", False),
        ("the cats", "the cat", False),
        ("Ana, Ruiz", "Ana Ruiz", True),
        ("Ana Ruiz", "the", False),
        ("", "", False),
    ],
    ids=[
        "inside",
        "article",
        "longer word",
        "digits",
        "plural",
        "punctuation",
        "an article alone",
        "nothing",
    ],
)
def test_whole_words_are_contained(text: str, words: str, there: bool) -> None:
    assert contains(text, words) is there
    assert holds_any(text, ["zebra", words]) is there


@pytest.mark.parametrize(
    ("text", "gold", "f1"),
    [
        ("Ana Ruiz", "the Ana Ruiz", 1.0),
        # 2 of 4 words, and 2 of 2: 2 * 0.5 * 1 / 1.5
        ("the mayor Ana Ruiz said", "Ana Ruiz", 2 / 3),
        # A word counts as often as it stands in both.
        ("no no no", "no", 0.5),
        ("June", "July", 0.0),
        ("", "June", 0.0),
        ("the", "a", 1.0),
    ],
    ids=["equal", "more said", "repeated", "other", "empty", "both empty"],
)
def test_token_f1(text: str, gold: str, f1: float) -> None:
    assert token_f1(text, gold) == pytest.approx(f1)
    assert token_f1(gold, text) == pytest.approx(f1)


def test_the_nearest_gold_answer_counts() -> None:
    assert best_f1("Ana Ruiz", ["June", "Mayor Ana Ruiz", "Ruiz"]) == pytest.approx(0.8)
    assert best_f1("Ana Ruiz", []) == 0


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Table I of Newcombe 1998, Statistics in Medicine 17: 857-872, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # By the formula: 1.95996² / 10 = 0.38415, and 0.38415 / 1.38415 = 0.27753
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
    ],
    ids=str,
)
def test_wilson(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


@given(st.data())
def test_the_interval_holds_the_share_and_mirrors(data: st.DataObject) -> None:
    of = data.draw(st.integers(1, 10_000))
    count = data.draw(st.integers(0, of))
    low, high = wilson(count, of)
    assert 0 <= low <= count / of <= high <= 1
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low))


def test_a_share() -> None:
    half = share([True, False, False, True])
    assert (half.count, half.of, half.share) == (2, 4, 0.5)
    assert half.interval == wilson(2, 4)


def test_a_mean() -> None:
    four = mean([1.0, 2.0, 3.0, 4.0])
    assert (four.value, four.of) == (2.5, 4)
    half = 1.959964 * math.sqrt((2.25 + 0.25 + 0.25 + 2.25) / 3 / 4)
    assert four.interval == pytest.approx((2.5 - half, 2.5 + half))
    assert mean([0.3]).interval is None
    assert mean([0.3, 0.3]).interval == (0.3, 0.3)


def test_ranks() -> None:
    ranks = [first_rank(found) for found in ([True], [False, True, True], [False], [0 > 1, 1 > 0])]
    assert ranks == [1, 2, None, 2]
    assert first_rank(()) is None
    # 1, 1/2, 0 and 1/4: a quarter of 1.75
    assert mean([reciprocal(rank) for rank in (1, 2, None, 4)]).value == 0.4375


@pytest.mark.parametrize(
    ("values", "middle", "p95"),
    [
        ([7.0], 7.0, 7.0),
        ([3.0, 1.0], 2.0, 3.0),
        ([9.0, 1.0, 5.0], 5.0, 9.0),
        ([float(value) for value in range(20, 0, -1)], 10.5, 19.0),
        ([float(value) for value in range(1, 101)], 50.5, 95.0),
    ],
    ids=["one", "two", "three", "twenty", "a hundred"],
)
def test_the_middle_and_the_slow_end(values: list[float], middle: float, p95: float) -> None:
    assert (median(values), percentile(values, 95)) == (middle, p95)
