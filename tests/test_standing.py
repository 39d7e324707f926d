"""Which sentences can stand away from their page."""

from __future__ import annotations

import pytest

from ragtool import attribution
from ragtool.attribution import Link
from ragtool.chunking import sentences
from ragtool.records import Span
from ragtool.standing import (
    is_addressed,
    is_known_speaker,
    is_loosely_attributed,
    is_slight,
    is_statement,
    is_told_by_writer,
    is_unattributed,
    leans,
    points_back,
)


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("The mill in Orden burned down on Monday night.", True),
        ("Nora Vance said: “A loose cable caused the fire.”", True),
        ("Fire at the mill in Orden on Monday night", False),
        ("The mill.", False),
        ("Who set the mill in Orden on fire on Monday?", False),
        ("Photo: the mill in Orden after the fire of Monday.", False),
        ("Sign up for the news of Orden every morning.", False),
        ("That was the end of the mill in Orden.” Or was it.", False),
    ],
    ids=["plain", "said", "headline", "short", "question", "caption", "call", "half a quotation"],
)
def test_a_statement_is_whole(text: str, stands: bool) -> None:
    assert is_statement(text) is stands


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("The mayor said she would stay.", False),
        ("It is clear that the mill burned down.", False),
        ("There were three fires in the valley.", False),
        ("After the fire, Nora Vance said she was tired.", False),
        ("He went home after the fire in the mill.", True),
        ("This surprised the council of the town.", True),
        ("It is testimony to how old the mill is.", True),
        ("In each case, the council had been warned.", True),
        ("On Monday, they closed the mill in the valley.", True),
        ("One result of this was a long strike.", True),
    ],
)
def test_a_pronoun_needs_its_noun(text: str, needs: bool) -> None:
    assert leans(text) is needs


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("The car has a new engine with 176 horse powers.", True),
        ("The Orden mill burned down on Monday night.", False),
        ("The mayor of Orden closed the street on Monday.", False),
        ("Nora Vance closed the street on Monday.", False),
    ],
)
def test_a_thing_taken_for_known(text: str, back: bool) -> None:
    assert points_back(text) is back


@pytest.mark.parametrize(
    ("speaker", "known"),
    [("the expert", True), ("the Harbour Authority", False), ("Nora Vance", False)],
)
def test_a_speaker_taken_for_known(speaker: str, known: bool) -> None:
    assert is_known_speaker(speaker) is known


def test_who_speaks_outside_quotations() -> None:
    assert is_told_by_writer("We keep our reporting open to everyone.")
    assert not is_told_by_writer("The clerk said: “We keep our books open.”")
    assert is_addressed("Become a patron or see other ways to help.")
    assert not is_addressed("The mill burned down.")


@pytest.mark.parametrize(
    ("text", "slight"),
    [
        ("The mill was old.", True),
        ("A speaker of the mill in Orden declined to comment.", True),
        ("The mill in Orden was more than two hundred years old.", False),
    ],
)
def test_what_says_next_to_nothing(text: str, slight: bool) -> None:
    assert is_slight(text) is slight


def test_a_quotation_of_nobody() -> None:
    assert is_unattributed("“The mill burned down on Monday night.”", ())
    inner = Link(Span(1, 8), Span(1, 8), Span(1, 8), "said", Span(9, 40))
    assert is_unattributed("“The clerk said the mill had burned down.”", (inner,))
    assert not is_unattributed("The “old” mill burned down on Monday.", ())


@pytest.mark.parametrize(
    ("text", "guessed"),
    [
        ("Jonas Feld came. He said the mill was old.", True),
        ("Jonas Feld came. Feld said the mill was old.", False),
        ("Jonas Feld came. Nora Vance said the mill was old.", False),
    ],
    ids=["pronoun", "surname", "name"],
)
def test_whom_a_pronoun_stands_for_is_a_guess(text: str, guessed: bool) -> None:
    found = sentences(text)
    chain = attribution.chain(text, found, len(found) - 1)
    assert chain
    assert is_loosely_attributed(chain, text) is guessed
