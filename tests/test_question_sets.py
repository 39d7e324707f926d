"""Question sets as they are read: what may stand in a line, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import questioning
from conftest import ROOT
from questioning import CLOSED, CUP, FIRST, HARBOUR, HEATING, SAFE, TUNNEL, lines, write_set

from ragtool.errors import UsageError
from ragtool.question_sets import Gold, read_set

# pytest looks for fixtures in the file that uses them.
two_files = questioning.two_files


def test_a_set_is_read_in_order(two_files: Path) -> None:
    chosen = read_set(two_files)
    assert chosen.files == ("questions-a.jsonl", "questions-b.jsonl")
    assert [gold.question for gold in chosen.questions] == [CLOSED, HEATING, SAFE, CUP, TUNNEL]
    assert chosen.questions[0] == Gold(
        CLOSED,
        CLOSED[-9:],
        "questions-a.jsonl",
        True,
        answers=("Ana Ruiz", "Ruiz"),
        documents=("harbour.txt",),
        evidence=(HARBOUR,),
        chain=(("Ana Ruiz", "Ruiz"),),
        kind="before",
    )


def test_our_own_set_is_one() -> None:
    chosen = read_set(ROOT / "tests" / "who_said")
    assert len(chosen.files) == 2
    assert all(gold.documents and gold.kind for gold in chosen.questions)


def test_all_that_may_stand_in_a_line(tmp_path: Path) -> None:
    line = {
        "id": 7,
        "question": " who?\ud800 ",
        "answerable": True,
        "answers": None,
        "long_answers": ["It was he."],
        "documents": ["opera.txt", "bridge.txt"],
        "quoted": [{"document": "opera.txt", "text": "the stage"}],
        "paragraph": "The orchestra",
        "anything": {},
    }
    folder = write_set(tmp_path / "set", questions="\ufeff\r\n" + json.dumps(line) + "\r\n \n")
    (gold,) = read_set(folder).questions
    assert gold == Gold(
        "who?" + "?",
        "7",
        "questions.jsonl",
        True,
        long_answers=("It was he.",),
        documents=("opera.txt", "bridge.txt"),
        quoted=(("opera.txt", "the stage"),),
        paragraph="The orchestra",
    )
    assert gold.golds == ("It was he.",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("who?", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ('{"answerable": true}', 'has no "question"'),
        ('{"question": " ", "answerable": true}', 'has no "question"'),
        ('{"question": 1, "answerable": true}', '"question" that is not text'),
        ('{"question": "who?"}', '"answerable": true or false'),
        ('{"question": "who?", "answerable": 1}', '"answerable": true or false'),
        ('{"question": "who?", "answerable": true, "id": []}', '"id" that is neither'),
        ('{"question": "who?", "answerable": true, "answers": "he"}', '"answers" that are no'),
        ('{"question": "who?", "answerable": true, "answers": [1]}', '"answers" that are no'),
        ('{"question": "who?", "answerable": true, "kind": 1}', '"kind" that is not text'),
        ('{"question": "who?", "answerable": true, "chain": ["he"]}', '"chain" that is no'),
        ('{"question": "who?", "answerable": true, "quoted": [{"text": "x"}]}', '"quoted" that'),
        ('{"question": "who?", "answerable": true, "document": "no.txt"}', "names no.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) and not value.startswith("{") else "",
)
def test_a_line_that_can_not_be_understood_is_named(tmp_path: Path, line: str, said: str) -> None:
    good = lines(FIRST[:1])
    folder = write_set(tmp_path / "set", questions=f"{good}\n{line}\n")
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        read_set(folder)
    assert f"{folder / 'questions.jsonl'}, line 3 " in raised.value.message
