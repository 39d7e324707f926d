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
        ("Retired baker Álvaro Moen came. Moen spoke.", "Álvaro Moen"),
        ("Choi Moen came, and she sat. Moen spoke.", "Choi Moen"),
        ("The chief, G. R.R. Moen, came. Moen spoke.", "G. R.R. Moen"),
        ("Astronomer Ida Moen came. Moen spoke.", "Ida Moen"),
        ("They met Polonia Moen. Moen is a town.", "Moen"),
        ("At the Moen Cinecon, Moen announced it.", "Moen"),
        ("Moen Foods, the owner, came. Moen announced it.", "Moen"),
        ("They saw other Native Moen tribes. The North Moen coast is long.", "Moen"),
        ("Ida Moen came. She is not Moen of Navarre.", "Moen"),
        ("Ida Moen came. She is not Moen the Great.", "Moen"),
        ("Ida Moen came. Moen the next day left.", "Ida Moen"),
        ("Duke Moen II came. Moen spoke.", "Moen"),
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
