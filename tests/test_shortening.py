"""Sentences shortened by leaving words out, and what must never go."""

from __future__ import annotations

import pytest

from ragtool.shortening import opened, shortened, unjoined

LAWYER = (
    "A lawyer, who handles cases of recruits, reportedly stated that the army may be dropping"
    " charges because it lacks men."
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("However, the mill burned down.", "The mill burned down."),
        ("But the mill burned down.", "The mill burned down."),
        ("And, in fact, it rained.", "It rained."),
        ("Still waters run deep here.", "Still waters run deep here."),
        ("So far 12 have died.", "So far 12 have died."),
        ("But for the rain it burned.", "But for the rain it burned."),
        ("ORDEN, Nov. 3 (Wire) — The mill burned down.", "The mill burned down."),
        ("(Wire) — The mill burned down.", "The mill burned down."),
        ("— The mill burned down.", "The mill burned down."),
        ("The mill burned down.[12]", "The mill burned down."),
        ("“The mill burned down,” she said.", "“The mill burned down,” she said."),
    ],
    ids="however but two subject so-far but-for dateline agency dash note quotation".split(),
)
def test_an_opening_that_leans_on_the_sentence_before_goes(text: str, wanted: str) -> None:
    assert opened(text) == wanted


def test_a_name_in_small_letters_stays_so() -> None:
    assert unjoined("eBay said that it was sorry.") == "eBay said that it was sorry."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LAWYER, LAWYER.replace(", who handles cases of recruits,", "")),
        (
            "The mill (built by monks) burned down in the night of the great storm.",
            "The mill burned down in the night of the great storm.",
        ),
        (
            "The mill burned down in the great storm, which surprised the whole valley.",
            "The mill burned down in the great storm.",
        ),
        (
            "The mill burned down in the great storm, surprising the whole valley.",
            "The mill burned down in the great storm.",
        ),
    ],
    ids=["relative", "brackets", "trailing relative", "participle"],
)
def test_asides_go_where_the_sentence_is_long(text: str, wanted: str) -> None:
    assert shortened(text, most=8) == wanted
    assert shortened(text, most=40) == text


@pytest.mark.parametrize(
    "text",
    [
        "The mayor, who denied the charge on Monday, resigned on Tuesday with her whole council.",
        "The storm, which killed 12 people in one night, destroyed the mill and two bridges there.",
        "The mill was closed by the council, which the owner said was an outrage.",
        "The mill was closed by the council, angering the farmers because it was their last one.",
        "The mill was closed for a whole year, according to the Orden Post and the council.",
        "The clerk said “the mill, which is old, was closed by the whole council” on Monday.",
        "They sold it to Ana Ruiz, who owns ships, two farmers and the church of Orden.",
    ],
    ids=["denial", "number", "speaker", "reason", "source", "quotation", "list"],
)
def test_what_counts_stays(text: str) -> None:
    assert shortened(text, most=8) == text
