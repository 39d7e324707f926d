"""Persons' names: which whole name a part of one stands for, and what is no person."""

from __future__ import annotations

import pytest

from ragtool.people import full_name, persons
from ragtool.records import Span


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Karl Moen came. Mr Moen spoke.", "Karl Moen"),
        ("Ida Moen came. Mrs Moen spoke.", "Ida Moen"),
        ("Ida Moen came. Ida ate. Ms Moen spoke.", "Ida Moen"),
        ("Ida Moen came. Ida ate. Mrs Moen spoke.", "Moen"),
        ("Moen Ida came. Mrs Moen spoke.", "Moen Ida"),
        ("Prince Omar bin Moen came. King Moen spoke.", "Moen"),
        ("Moen Larsen came. Sir Moen spoke.", "Moen Larsen"),
        ("Karl Moen came. Ida Moen too. Moen spoke.", "Moen"),
    ],
)
def test_the_whole_name(text: str, whole: str) -> None:
    at = text.rindex("Moen")
    assert full_name(text, Span(at, at + len("Moen"))).of(text) == whole


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("She saw Olga Marin there.", ["Olga Marin"]),
        ("She saw the film Olga Marin there.", []),
        ("She drew for the series BlueBob FlatFeet then.", []),
        ("The film Olga Marin tells how Olga Marin lived.", ["Olga Marin", "Olga Marin"]),
    ],
)
def test_what_has_a_title_is_nobody(text: str, named: list[str]) -> None:
    assert [name.of(text) for name in persons(text, Span(0, len(text)))] == named
