"""What the model is asked."""

from __future__ import annotations

import pytest

from ragtool.chunking import chunks
from ragtool.conversation import Turn, beginning, is_faithful, is_follow_up
from ragtool.prompt import (
    FOLLOW_UPS,
    answer_prompt,
    gate_prompt,
    passages,
    whole_question_prompt,
)
from ragtool.records import Document, Evidence

TEXT = "A title\n\nThe first thing. The second thing. The third thing.\n"


def evidence(path: str = "/a.txt", **facts: str) -> list[Evidence]:
    document = Document(path, "0", TEXT, **facts)  # type: ignore[arg-type]  # only texts are given
    return [
        Evidence(chunk, sentence, 0.5) for chunk in chunks(document) for sentence in chunk.sentences
    ]


def test_gaps_are_marked_and_neighbours_joined() -> None:
    found = evidence()
    assert "The first thing. The second thing." in passages(found)
    assert "The first thing. … The third thing." in passages([found[1], found[3]])


def test_each_document_has_one_heading() -> None:
    text = passages([*evidence(title="One", date="2024-05-01"), *evidence("/b.txt", title="Two")])
    assert text.count("## ") == 2
    assert "## One, 2024-05-01" in text


def test_prompts_share_all_but_the_last_part() -> None:
    found = evidence()
    answer, gate = answer_prompt("Who?", found), gate_prompt("Who?", found)
    assert answer.system == gate.system
    assert answer.parts[:-1] == gate.parts[:-1]
    assert "Who?" in answer.parts[-1]
    assert "Who?" in gate.parts[-1]


@pytest.mark.parametrize(
    ("question", "answer", "follow_up", "begins", "whole"),
    FOLLOW_UPS,
    ids=[f[2] for f in FOLLOW_UPS],
)
def test_the_examples_of_follow_ups_would_be_taken_themselves(
    question: str, answer: str, follow_up: str, begins: str, whole: str
) -> None:
    assert is_follow_up(follow_up)
    assert beginning(follow_up) == begins
    assert is_faithful(whole, follow_up, [Turn(question, answer)])


def test_a_follow_up_is_shown_with_what_was_said_and_how_to_begin() -> None:
    turns = [("Who left?", "The judge left."), ("Who stayed?", "Ann Lee stayed.")]
    examples, task = whole_question_prompt("and when?", turns, beginning="When").parts
    assert all(example[4] in examples for example in FOLLOW_UPS)
    assert task.startswith("Question: Who left?\nAnswer: The judge left.\nQuestion: Who stayed?")
    assert task.endswith('Follow-up: and when?\nWhole question, beginning with "When":')
    bare = whole_question_prompt("Did they?", turns, beginning="").parts[-1]
    assert bare.endswith("Whole question:")
