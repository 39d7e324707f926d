"""Fusion of the two halves of retrieval, and the words that are looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.retrieval import fuse, terms

SCORES = st.dictionaries(st.integers(1, 40), st.floats(0.01, 30), max_size=20)
COSINES = st.dictionaries(st.integers(1, 40), st.floats(-1, 1), max_size=20)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param(
            "Who claimed no rights violations?", ("claimed", "rights", "violations"), id="content"
        ),
        pytest.param("the the of", ("the", "of"), id="only-stopwords"),
        pytest.param("Bridge, bridge!", ("bridge",), id="once"),
        pytest.param("What did Marin’s office say?", ("marin", "office", "say"), id="possessive"),
        pytest.param("???", (), id="none"),
    ],
)
def test_terms(question: str, expected: tuple[str, ...]) -> None:
    assert terms(question) == expected


def test_found_by_both_beats_found_by_one() -> None:
    assert fuse({1: 9.0, 2: 9.0}, {1: 0.8, 3: 0.8})[0][0] == 1


def test_equal_scores_are_ordered_by_row() -> None:
    assert [row for row, _ in fuse({}, {5: 0.5, 2: 0.5, 9: 0.5})] == [2, 5, 9]


@given(SCORES, COSINES)
def test_scores_are_shares_and_fall(lexical: dict[int, float], dense: dict[int, float]) -> None:
    fused = fuse(lexical, dense)
    assert {row for row, _ in fused} == lexical.keys() | dense.keys()
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)


@given(SCORES, COSINES, st.floats(1.5, 10))
def test_a_better_score_never_ranks_lower(
    lexical: dict[int, float], dense: dict[int, float], factor: float
) -> None:
    for row in lexical:
        before = [found for found, _ in fuse(lexical, dense)].index(row)
        raised = lexical | {row: lexical[row] * factor}
        assert [found for found, _ in fuse(raised, dense)].index(row) <= before
