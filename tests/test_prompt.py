"""What the model is asked."""

from __future__ import annotations

from ragtool.chunking import chunks
from ragtool.prompt import answer_prompt, gate_prompt, passages, summary_prompt
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


def test_a_summary_names_its_length_and_topic() -> None:
    task = summary_prompt(evidence(), words=80, about="the third thing").parts[-1]
    assert "80 words" in task
    assert "the third thing" in task
