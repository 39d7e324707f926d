"""A question set for tests, invented: three articles, and five questions in two files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

HARBOUR = "Mayor Ana Ruiz said the harbour would stay closed until June."
STAGE = "The conductor Eva Lund left the stage."
OPERA = "Its director, Jan Opitz, blamed the heating for the walkout."
BRIDGE = "Engineers told the council that the bridge was safe again."
ARTICLES = {
    "harbour.txt": f"Harbour closed\n\n{HARBOUR}\n",
    "opera.txt": f"Opera walkout\n\n{STAGE} {OPERA}\n",
    "bridge.txt": f"Bridge reopened\n\n{BRIDGE}\n",
}
CLOSED = "Who said the harbour would stay closed?"
HEATING = "Who blamed the heating for the walkout?"
SAFE = "Who said the bridge was safe again?"
CUP = "Who won the cup?"
TUNNEL = "Who said the tunnel was safe again?"


def entry(
    question: str, *, document: str, answers: Sequence[str], **more: object
) -> dict[str, Any]:
    answerable = bool(answers)
    known = {"answerable": answerable, "answers": list(answers), "document": document}
    return {"id": question[-9:], "question": question, **known, **more}


FIRST = [
    entry(
        CLOSED,
        document="harbour.txt",
        answers=["Ana Ruiz", "Ruiz"],
        evidence=[HARBOUR],
        chain=[["Ana Ruiz", "Ruiz"]],
        kind="before",
        wrong=["Jan Opitz"],
    ),
    entry(
        HEATING,
        document="opera.txt",
        answers=["Jan Opitz"],
        evidence=[OPERA],
        chain=[["Jan Opitz"]],
        kind="before",
    ),
]
SECOND = [
    entry(SAFE, document="bridge.txt", answers=["engineers"], evidence=[BRIDGE], kind="role"),
    entry(CUP, document="opera.txt", answers=[], kind="off-topic"),
    entry(TUNNEL, document="bridge.txt", answers=[], kind="off-topic"),
]


def lines(entries: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(one) + "\n" for one in entries)


def write_set(folder: Path, **files: str) -> Path:
    (folder / "articles").mkdir(parents=True)
    for name, text in ARTICLES.items():
        (folder / "articles" / name).write_text(text, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", questions_a=lines(FIRST), questions_b=lines(SECOND))
