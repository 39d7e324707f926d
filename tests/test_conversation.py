from __future__ import annotations

import pytest

from ragtool.conversation import Turn, is_faithful, is_follow_up

TURNS = (
    Turn(
        "Who closed the harbour?",
        "Mayor Ana Ruiz said that she had closed the harbour on 3 May because of the storm.",
    ),
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and when?", True),
        ("When?", True),
        ("who denied it?", True),
        ("Who else said so?", True),
        ("What about the union?", True),
        ("But why did she close the harbour?", True),
        ("Did they agree?", True),
        ("How many of those were hurt?", True),
        ("Who closed the harbour?", False),
        ("Who said that the harbour would stay closed?", False),
        ("What did Mayor Ana Ruiz say about her budget?", False),
        ("Why were the trials of 170 servicemen cancelled?", False),
        ("Which minister denied that there is a shortage of doctors?", False),
        ("???", False),
    ],
)
def test_follow_ups(question: str, expected: bool) -> None:
    assert is_follow_up(question) is expected


@pytest.mark.parametrize(
    ("rewritten", "question", "expected"),
    [
        ("When did Mayor Ana Ruiz close the harbour?", "and when?", True),
        ("Why did she close the harbour?", "why?", True),
        ("Who denied that the harbour was closed?", "who denied it?", True),
        ("When did Mayor Ben Cole close the harbour?", "and when?", False),
        ("When did Mayor Ana Ruiz close the airport?", "and when?", False),
        ("Who closed the harbour?", "who denied it?", False),
        ("", "and when?", False),
    ],
)
def test_what_may_stand_for_a_follow_up(rewritten: str, question: str, expected: bool) -> None:
    assert is_faithful(rewritten, question, TURNS) is expected
