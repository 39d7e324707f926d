"""Which sentences make a paragraph."""

from __future__ import annotations

import pytest

from ragtool.salience import Statement, brought, choose, weights


def statement(
    text: str, at: int, *, worth: float = 0.0, speakers: tuple[str, ...] = ()
) -> Statement:
    return Statement(text, brought(text, speakers=speakers, place=(0, at), piece=0), worth, (0, at))


def chosen(found: list[Statement], *, least: int = 0, most: int = 16) -> list[int]:
    return list(choose(found, weights(found, headline="The mill"), least=least, most=most))


@pytest.mark.parametrize(
    ("better", "speakers"),
    [
        ("The fire hurt 170 people in the whole of town.", ()),
        ("The fire broke out because nobody looked after it.", ()),
        ("The fire in town was seen by Nora Vance.", ()),
        ("The fire was hot, as she said of it.", ("Nora Vance",)),
        ("The fire broke out on the 6 May of then.", ()),
    ],
    ids=["amount", "reason", "name", "speaker", "date"],
)
def test_what_brings_more_is_taken(better: str, speakers: tuple[str, ...]) -> None:
    plain = "The fire was seen by all and was hot."
    found = [statement(plain, 0), statement(better, 50, speakers=speakers)]
    assert chosen(found, most=12) == [1]


def test_what_is_said_already_brings_nothing() -> None:
    found = [
        statement("The fire hurt 170 people in the mill.", 0),
        statement("In the mill the fire hurt 170 people.", 50, worth=-0.1),
        statement("The owner had insured it for 40 crowns.", 90),
    ]
    assert chosen(found) == [0, 2]


def test_the_order_is_the_source_s_and_the_length_is_kept() -> None:
    found = [
        statement(f"Item {number} of the list cost {number * 10 + 3} crowns.", -number)
        for number in range(9)
    ]
    taken = chosen(found, least=20, most=32)
    assert taken == sorted(taken, reverse=True)
    assert 20 <= sum(found[at].words for at in taken) <= 32


def test_nothing_to_choose_from() -> None:
    assert chosen([]) == []
