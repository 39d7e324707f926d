"""Question sets: a folder with `articles/`, and questions with what is known of their answers.

The questions stand in `questions.jsonl`, or in several `questions-*.jsonl`, a
question a line. What is made of them is left to `pipeline`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragtool.errors import UsageError

# The same sample of a set every time.
SEED = 0


@dataclass(frozen=True, slots=True)
class Gold:
    """A question and what is known of its answer; what isn't is empty.

    file: name of the file that it stands in. answers: short ones, any of them
    right; long_answers: in full sentences. documents: files below `articles/`
    that hold the answer. evidence: sentences of these; quoted: (document,
    words); paragraph: its first characters. All of these stand there word for
    word. chain: of each speaker the names that will do, innermost first.
    """

    question: str
    id: str | None
    file: str
    answerable: bool
    answers: tuple[str, ...] = ()
    long_answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    quoted: tuple[tuple[str, str], ...] = ()
    paragraph: str = ""
    chain: tuple[tuple[str, ...], ...] = ()
    kind: str = ""

    @property
    def golds(self) -> tuple[str, ...]:
        """The short gold answers, or else the long ones."""
        return self.answers or self.long_answers


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A set as read. articles: the folder of the corpus. files: names in order."""

    articles: Path
    files: tuple[str, ...]
    questions: tuple[Gold, ...]


def read_set(folder: Path) -> QuestionSet:
    """The question set in `folder`, in the order of its files and lines.

    Blank lines and fields of other names are passed over. Raises UsageError
    when a part is missing, and for a line that can't be understood, naming it.
    """
    articles = folder / "articles"
    if not articles.is_dir():
        raise UsageError(
            f"{folder} is no question set: it has no folder articles.",
            hint="Name a folder with articles/ and questions.jsonl.",
        )
    files = [*folder.glob("questions.jsonl"), *sorted(folder.glob("questions-*.jsonl"))]
    questions = tuple(gold for file in files for gold in _read(file, articles))
    if not questions:
        raise UsageError(
            f"{folder} holds no question.",
            hint="Write questions.jsonl there, or questions-*.jsonl, a question a line.",
        )
    return QuestionSet(articles, tuple(file.name for file in files), questions)


def sampled(questions: tuple[Gold, ...], size: int | None) -> tuple[Gold, ...]:
    """`size` of the questions drawn with SEED, in their order; all of them for None or more."""
    if size is None or size >= len(questions):
        return questions
    drawn = random.Random(SEED).sample(range(len(questions)), size)
    return tuple(questions[place] for place in sorted(drawn))


def _read(file: Path, articles: Path) -> list[Gold]:
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.") from error
    return [
        _Line(line, file=file, number=number).gold(articles)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


class _Line:
    """A line of a questions file, its fields checked one by one."""

    def __init__(self, line: str, *, file: Path, number: int) -> None:
        self._file = file
        self._where = f"{file}, line {number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{self._where} is not JSON: {error}.") from error
        if not isinstance(entry, dict):
            raise self._wrong("is not a JSON object")
        self._entry: dict[str, Any] = entry

    def gold(self, articles: Path) -> Gold:
        """The question. Raises UsageError."""
        return Gold(
            question=self._question(),
            id=self._id(),
            file=self._file.name,
            answerable=self._answerable(),
            answers=self._texts("answers"),
            long_answers=self._texts("long_answers"),
            documents=self._documents(articles),
            evidence=self._texts("evidence"),
            quoted=self._quoted(),
            paragraph=self._text("paragraph"),
            chain=self._chain(),
            kind=self._text("kind"),
        )

    def _question(self) -> str:
        # Halves of surrogate pairs, which JSON can spell, are no text to a model.
        question = self._text("question").encode("utf-8", "replace").decode("utf-8").strip()
        if not question:
            raise self._wrong('has no "question"')
        return question

    def _id(self) -> str | None:
        name = self._entry.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int | None):
            raise self._wrong('has an "id" that is neither text nor a whole number')
        return None if name is None else str(name)

    def _answerable(self) -> bool:
        answerable = self._entry.get("answerable")
        if not isinstance(answerable, bool):
            raise self._wrong('must say "answerable": true or false')
        return answerable

    def _documents(self, articles: Path) -> tuple[str, ...]:
        alone = self._text("document")
        names = self._texts("documents") or ((alone,) if alone else ())
        for name in names:
            if not (articles / name).is_file():
                raise self._wrong(f"names {name}, which is not in articles")
        return names

    def _quoted(self) -> tuple[tuple[str, str], ...]:
        quoted = self._entry.get("quoted") or []
        if not isinstance(quoted, list) or not all(
            isinstance(one, dict) and _are_texts([one.get("document"), one.get("text")])
            for one in quoted
        ):
            raise self._wrong('has a "quoted" that is no list of "document" and "text"')
        return tuple((one["document"], one["text"]) for one in quoted)

    def _chain(self) -> tuple[tuple[str, ...], ...]:
        chain = self._entry.get("chain") or []
        if not isinstance(chain, list) or not all(map(_are_texts, chain)):
            raise self._wrong('has a "chain" that is no list of lists of names')
        return tuple(map(tuple, chain))

    def _text(self, field: str) -> str:
        value = self._entry.get(field)
        if not isinstance(value, str | None):
            raise self._wrong(f'has a "{field}" that is not text')
        return value or ""

    def _texts(self, field: str) -> tuple[str, ...]:
        value = self._entry.get(field) or []
        if not _are_texts(value):
            raise self._wrong(f'has "{field}" that are no list of texts')
        return tuple(value)

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"{self._where} {what}.")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
