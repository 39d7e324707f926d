from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragtool.copies import ALIKE, bands, likeness, overlap, signature

ARTICLE = " ".join(
    f"On day {n} the mayor told the council that bridge {n * 7} is safe." for n in range(40)
)
OTHER = " ".join(f"In week {n} the club lost game {n * 3} and sold player {n}." for n in range(40))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (ARTICLE, ARTICLE, True),
        (ARTICLE, "By the Wire Service. " + ARTICLE + " Read more on our site.", True),
        (ARTICLE, ARTICLE.upper(), True),
        (ARTICLE, ARTICLE[: len(ARTICLE) // 2], False),
        (ARTICLE, OTHER, False),
        (ARTICLE, "", False),
        ("", "", False),
        ("too short", "too short", False),
    ],
    ids=["equal", "framed", "case", "half", "another", "empty", "both empty", "short"],
)
def test_likeness(one: str, other: str, alike: bool) -> None:
    left, right = signature(one), signature(other)
    assert (likeness(left, right) >= ALIKE) is alike
    if alike:
        assert set(bands(left)) & set(bands(right))


def test_likeness_estimates_the_shared_runs() -> None:
    """Against Jaccard's own formula; 120 numbers err by about 0.05."""
    sentences = ARTICLE.split(". ")
    for kept in (10, 20, 30):
        part = ". ".join(sentences[:kept])
        runs = [
            {" ".join(w[i : i + 5]) for i in range(len(w) - 4)}
            for w in (text.lower().replace(".", "").split() for text in (ARTICLE, part))
        ]
        exact = len(runs[0] & runs[1]) / len(runs[0] | runs[1])
        assert abs(likeness(signature(ARTICLE), signature(part)) - exact) < 0.15


def test_overlap_is_of_the_shorter() -> None:
    assert overlap(ARTICLE, ARTICLE[: len(ARTICLE) // 3]) > 0.95
    assert overlap(ARTICLE, OTHER) == 0
    assert overlap("a b", "a b") == 1
    assert overlap("a b", "a c") == 0


@given(st.text())
def test_any_text_has_a_signature_that_fits_itself(text: str) -> None:
    sketch = signature(text)
    assert sketch == signature(text)
    assert len(list(bands(sketch))) in (0, 20)
    assert likeness(sketch, sketch) == (1.0 if sketch else 0.0)
