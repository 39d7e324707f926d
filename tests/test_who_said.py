"""The who-said set holds together: evidence stands verbatim, counts and ids are right.

Runs under pytest or as a plain script: python tests/test_who_said.py
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "who_said"
ARTICLES = HERE / "articles"

FIELDS = {
    "id": str,
    "question": str,
    "answerable": bool,
    "answers": list,
    "chain": list,
    "document": str,
    "evidence": list,
    "kind": str,
    "wrong": list,
}
ANSWERABLE_KINDS = {
    "before",
    "after",
    "apart",
    "pronoun",
    "role",
    "surname",
    "nested",
    "contradiction",
    "quoting",
    "denial",
    "anonymous",
    "same-words",
    "what-said",
    "attributed-fact",
    "which-role",
}
UNANSWERABLE_KINDS = {"tempting-person", "one-point-differs", "off-topic"}
NO_SPEAKER_ASKED = {"what-said", "attributed-fact"}
# Every part has at least these.
ARTICLES_A_PART, ANSWERABLE_A_PART, UNANSWERABLE_A_PART = 22, 66, 22


def read_articles() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(ARTICLES.glob("*.txt"))}


def read_parts() -> dict[str, list[dict[str, Any]]]:
    """The questions of every part, by its letter."""
    return {
        path.stem.removeprefix("questions-"): [
            json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line
        ]
        for path in sorted(HERE.glob("questions-*.jsonl"))
    }


def read_questions() -> list[dict[str, Any]]:
    return [question for part in read_parts().values() for question in part]


def named_in(name: str, text: str) -> bool:
    return name.casefold() in text.casefold()


def test_fields() -> None:
    for question in read_questions():
        assert set(question) == set(FIELDS), question["id"]
        for name, kind in FIELDS.items():
            assert isinstance(question[name], kind), (question["id"], name)
        for name in ("answers", "evidence", "wrong"):
            assert all(isinstance(text, str) and text.strip() for text in question[name]), (
                question["id"],
                name,
            )
        kinds = ANSWERABLE_KINDS if question["answerable"] else UNANSWERABLE_KINDS
        assert question["kind"] in kinds, (question["id"], question["kind"])


def test_ids_and_questions_are_unique() -> None:
    for name in ("id", "question"):
        counted = Counter(question[name] for question in read_questions())
        assert [text for text, count in counted.items() if count > 1] == []
    for part, questions in read_parts().items():
        assert all(question["id"].startswith(f"{part}-") for question in questions), part


def test_counts_of_every_part() -> None:
    parts = read_parts()
    assert parts
    for part, questions in parts.items():
        answerable = sum(question["answerable"] for question in questions)
        assert answerable >= ANSWERABLE_A_PART, part
        assert len(questions) - answerable >= UNANSWERABLE_A_PART, part
        articles = [name for name in read_articles() if name.startswith(part)]
        assert len(articles) >= ARTICLES_A_PART, part


def test_documents_exist_and_each_is_asked_about() -> None:
    articles = read_articles()
    asked = {question["document"] for question in read_questions()}
    assert asked <= set(articles)
    letters = tuple(read_parts())
    assert {name for name in articles if name.startswith(letters)} <= asked


def test_articles_are_short_and_clean() -> None:
    for name, text in read_articles().items():
        assert 150 <= len(text.split()) <= 380, (name, len(text.split()))
        assert text.endswith("\n") and "\r" not in text and "\t" not in text, name
        assert all(line == line.strip() for line in text.splitlines()), name


def test_evidence_stands_verbatim_in_the_document() -> None:
    articles = read_articles()
    for question in read_questions():
        assert bool(question["evidence"]) == question["answerable"], question["id"]
        for sentence in question["evidence"]:
            assert sentence in articles[question["document"]], (question["id"], sentence)


def test_answers_can_be_found_in_the_document() -> None:
    articles = read_articles()
    for question in read_questions():
        if not question["answerable"]:
            continue
        text = articles[question["document"]]
        assert question["answers"], question["id"]
        assert any(named_in(answer, text) for answer in question["answers"]), question["id"]


def test_chains() -> None:
    articles = read_articles()
    for question in read_questions():
        asks_speaker = question["answerable"] and question["kind"] not in NO_SPEAKER_ASKED
        if asks_speaker:
            assert question["chain"], question["id"]
        text = articles[question["document"]]
        for link in question["chain"]:
            assert isinstance(link, list) and link, question["id"]
            assert any(named_in(alias, text) for alias in link), (question["id"], link)


def test_unanswerable_have_no_answers() -> None:
    for question in read_questions():
        if not question["answerable"]:
            for name in ("answers", "chain", "evidence"):
                assert question[name] == [], (question["id"], name)


def test_a_tempting_wrong_answer_is_not_right() -> None:
    articles = read_articles()
    for question in read_questions():
        right = {answer.casefold() for answer in question["answers"]}
        assert not right & {name.casefold() for name in question["wrong"]}, question["id"]
        if question["kind"] == "tempting-person":
            text = articles[question["document"]]
            assert any(named_in(name, text) for name in question["wrong"]), question["id"]


if __name__ == "__main__":
    for test_name, test in list(globals().items()):
        if test_name.startswith("test_"):
            test()
            print("ok", test_name)
