from __future__ import annotations

import pytest

from ragtool.conversation import Turn, beginning, in_place, is_faithful, is_follow_up, leant_on

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
        ("Who closed the harbour?", "and when?", False),
        ("How long was the harbour closed?", "how many?", False),
        ("What did Mayor Ana Ruiz say?", "and the mayor?", True),
        ("What did the union say?", "and the mayor?", False),
        ("Why did the harbour close?", "what about the storm?", False),
        ("Why did the mayor leave?", "why did she leave?", True),
        ("What happened on 3 May?", "and on 3 May?", True),
        ("What happened on 4 May?", "and on 3 May?", False),
        ("What happened?", "and then?", False),
        ("Who did Mayor Ana Ruiz close the harbour for?", "for whom?", True),
    ],
)
def test_what_may_stand_for_a_follow_up(rewritten: str, question: str, expected: bool) -> None:
    assert is_faithful(rewritten, question, TURNS) is expected


def test_a_verb_may_change_its_form() -> None:
    turns = [Turn("Who left the opera?", "The conductor left the opera, and told nobody.")]
    assert is_faithful("Why did the conductor leave the opera?", "why?", turns)
    assert is_faithful("What did the conductor tell nobody?", "what?", turns)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and when?", "When"),
        ("How many of those were hurt?", "How many"),
        ("how did it end?", "How"),
        ("So, who was it?", "Who"),
        ("and the lawyer?", "What"),
        ("what about the union?", "What"),
        ("and was she hurt?", ""),
        ("Did they agree?", ""),
        ("against whom was she testifying?", ""),
    ],
)
def test_how_the_whole_question_begins(question: str, expected: str) -> None:
    assert beginning(question) == expected


def test_a_follow_up_leans_on_what_was_answered_last() -> None:
    first, second = TURNS[0], Turn("Who denied it?", "The union denied it.")
    refused, again = Turn("When?", ""), Turn("Where?", "")
    assert leant_on([]) == ()
    assert leant_on([first, second]) == (second,)
    assert leant_on([first, second, refused, again]) == (second, again)
    assert leant_on([refused]) == (refused,)


@pytest.mark.parametrize(
    ("question", "before", "whole"),
    [
        (
            "and the composer?",
            "What did Ana Ruiz write to the orchestra?",
            "What did the composer write to the orchestra?",
        ),
        ("But why?", "What did Ana Ruiz write?", ""),
        ("and did they agree?", "What did Ana Ruiz write?", ""),
        ("the composer?", "What did Ana Ruiz write?", ""),
        ("and the composer?", "What did Ana Ruiz write to Bo Lind?", ""),
        ("and the composer?", "What was written?", ""),
        ("and the composer?", "Who wrote to Ana Ruiz?", ""),
    ],
)
def test_another_is_put_in_the_place_of_the_one_name(
    question: str, before: str, whole: str
) -> None:
    assert in_place(question, Turn(before, "")) == whole
