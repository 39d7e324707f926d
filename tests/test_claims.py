"""Questions of who said it, put as claims."""

from __future__ import annotations

import pytest

from ragtool.claims import as_claim


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        pytest.param("Who denied the leak?", "Jane Doe denied the leak.", id="who"),
        pytest.param(
            "Which minister of the cabinet denied the leak?",
            "Jane Doe denied the leak.",
            id="which",
        ),
        pytest.param(
            "Which former minister has denied the leak?",
            "Jane Doe has denied the leak.",
            id="which-has",
        ),
        pytest.param(
            "Besides the mayor, who said it was late?",
            "Besides the mayor, Jane Doe said it was late.",
            id="who-later",
        ),
        pytest.param(
            "Who, as the mayor tells it, denied the leak ?",
            "Jane Doe, as the mayor tells it, denied the leak.",
            id="through-another",
        ),
        pytest.param("By whom was the leak denied?", None, id="by-whom"),
        pytest.param("What did the mayor say?", None, id="what"),
        pytest.param("What became of the clerk who denied it?", None, id="relative"),
        pytest.param("Who's the mayor?", None, id="shortened"),
        pytest.param("Which town lies on the Oder?", None, id="no-verb-of-saying"),
    ],
)
def test_the_speaker_takes_the_place_of_who(question: str, claim: str | None) -> None:
    assert as_claim(question, "Jane Doe") == claim
