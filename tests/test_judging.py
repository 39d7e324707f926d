"""Answers held against their gold, and counted: ranks, verdicts, citations, speakers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ragtool.pipeline import tallying
from ragtool.pipeline.judging import Judge, Judged
from ragtool.question_sets import Gold
from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Attribution,
    Chunk,
    Citation,
    Document,
    Filters,
    Hit,
    IndexCard,
    ModelCard,
    Span,
)

TEXT = (
    "Dam breach\n"
    "\n"
    "The valley was evacuated on Monday. Officials spoke of a small leak.\n"
    "Radio North reported that engineer Lena Holt\n"
    "denied any breach. The western gate held.\n"
)


class Desk:
    """Makes answers out of the words of two documents, and has them judged."""

    def __init__(self, folder: Path) -> None:
        self.dam = Document(str(folder / "dam.txt"), "a" * 64, TEXT)
        self.other = Document(str(folder / "other.txt"), "b" * 64, "Nobody asked Lena Holt.\n")
        texts = {document.path: document.text for document in (self.dam, self.other)}
        self._judge = Judge(
            folder,
            texts,
            quotes=lambda answer: [(c.document.path, c.span, c.quote) for c in answer.citations],
        )

    def hit(self, rank: int, words: str, *, document: Document | None = None) -> Hit:
        held = document or self.dam
        return Hit(rank, 0.5, Chunk("0" * 16, held, self.span(words, held), ()))

    def citation(self, words: str, *, document: Document | None = None) -> Citation:
        held = document or self.dam
        return Citation(1, "0" * 16, held, self.span(words, held), 1, None)

    def span(self, words: str, document: Document) -> Span:
        start = document.text.index(words)
        return Span(start, start + len(words))

    def judged(
        self,
        gold: Gold,
        said: str = "",
        *,
        citations: Sequence[Citation] = (),
        hits: Sequence[Hit] = (),
        speakers: Sequence[str] = (),
    ) -> Judged:
        links = tuple(Attribution(name, "said", 1, Span(0, 0)) for name in speakers)
        sentence = AnswerSentence(said, tuple(one.number for one in citations), "supported", links)
        answer = Answer(
            question=gold.question,
            status="answered" if said else "not_found",
            sentences=(sentence,) if said else (),
            citations=tuple(citations),
            nearest=(),
            retrieved=tuple(hits),
            model=ModelCard("fake", "0" * 64),
            index=IndexCard("f", 2, 2),
            settings=AnswerSettings(8, Filters(), "0.1.0"),
            timings={"total_ms": 1500},
        )
        return self._judge.judge(gold, answer)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def gold(**known: Any) -> Gold:  # noqa: ANN401 - the fields of Gold
    return Gold(**{"question": "who?", "id": None, "file": "q.jsonl", "answerable": True, **known})


@pytest.mark.parametrize(
    ("known", "rank"),
    [
        ({"evidence": ("Officials spoke of a small leak.",)}, 2),
        # Wrapped otherwise than in the file.
        ({"evidence": ("Radio North reported that engineer Lena Holt denied any breach.",)}, 3),
        ({"evidence": ("Nothing of the kind.",)}, None),
        ({"quoted": (("dam.txt", "west"), ("dam.txt", "leak"))}, 2),
        ({"quoted": (("other.txt", "Lena Holt"),)}, 1),
        # A paragraph's beginning may be cut anywhere.
        ({"paragraph": "The valley was evacuated on Mon"}, 2),
        ({"paragraph": "Nobody asked"}, None),
        # The closest that is known counts.
        ({"paragraph": "The valley", "evidence": ("The western gate held.",)}, 3),
        ({"answers": ("Lena Holt",)}, 1),
        ({"answers": ("small leak",)}, 2),
        ({"answers": ("zebra",)}, None),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_rank_of_the_gold_text(desk: Desk, known: dict[str, Any], rank: int | None) -> None:
    hits = [
        desk.hit(1, "Nobody asked Lena Holt.", document=desk.other),
        desk.hit(2, "The valley was evacuated on Monday. Officials spoke of a small leak."),
        desk.hit(3, TEXT[TEXT.index("Radio") : -1]),
    ]
    judged = desk.judged(gold(documents=("dam.txt",), **known), hits=hits)
    assert judged.text_rank == rank
    assert judged.document_rank == 2


def test_the_mean_reciprocal_rank_and_the_cutoffs(desk: Desk) -> None:
    asked = gold(documents=("dam.txt",), answers=("Lena Holt",))
    far = desk.hit(1, "Nobody asked", document=desk.other)
    near = desk.hit(1, "The valley")
    judged = [
        desk.judged(asked, hits=[near]),
        desk.judged(asked, hits=[far, near]),
        desk.judged(asked, hits=[far] * 3),
        desk.judged(asked, hits=[far] * 4 + [near]),
        # These two don't count.
        desk.judged(gold(documents=("dam.txt",), answerable=False), hits=[far]),
        desk.judged(gold(), hits=[far]),
    ]
    figures = tallying.retrieval(judged, k=8)
    assert figures is not None
    assert figures.mrr.value == pytest.approx((1 + 1 / 2 + 0 + 1 / 5) / 4)
    assert {rank: (one.count, one.of) for rank, one in figures.documents.items()} == {
        1: (1, 4),
        4: (2, 4),
        8: (3, 4),
    }
    assert tallying.retrieval(judged[4:], k=8) is None


@pytest.mark.parametrize(
    ("known", "said", "verdict", "is_miss"),
    [
        ({"answers": ("Lena Holt",)}, "It was Lena Holt.", "right", False),
        ({"answers": ("Lena Holt",)}, "It was Lena Holten.", "wrong", True),
        ({"answers": ("Lena Holt",)}, "", "refused", True),
        ({"long_answers": ("It was Lena Holt.",)}, "It was Lena Holt!", "right", False),
        ({"long_answers": ("It was Lena Holt.",)}, "Lena Holt.", "unjudged", False),
        ({}, "Lena Holt.", "unjudged", False),
        ({"answerable": False}, "Lena Holt.", "wrong", True),
        ({"answerable": False, "answers": ("Lena Holt",)}, "Lena Holt.", "wrong", True),
        ({"answerable": False}, "", "refused", False),
    ],
    ids=[
        "right",
        "wrong",
        "refused",
        "long, repeated",
        "long, in other words",
        "no gold",
        "unanswerable",
        "unanswerable with a decoy",
        "rightly refused",
    ],
)
def test_verdicts(
    desk: Desk, known: dict[str, Any], said: str, verdict: str, is_miss: bool
) -> None:
    judged = desk.judged(gold(**known), said)
    assert (judged.verdict, judged.miss is not None) == (verdict, is_miss)
    assert judged.answered is bool(said)


def test_f1_counts_refusals_and_long_answers(desk: Desk) -> None:
    judged = [
        desk.judged(gold(answers=("Lena Holt", "Holt")), "Lena Holt"),
        desk.judged(gold(answers=("the",)), ""),
        desk.judged(gold(long_answers=("It was Lena Holt.",)), "Lena Holt"),
    ]
    figures = tallying.answers(judged)
    assert figures is not None
    # 1, 0, and 2 of 2 words with 2 of 4: 2/3
    assert figures.f1.value == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert (figures.right.count, figures.right.of) == (1, 3)


@pytest.mark.parametrize(
    ("known", "cited", "supported"),
    [
        ({"answers": ("Lena Holt",)}, "Lena Holt\ndenied any breach.", True),
        ({"answers": ("Lena Holt",)}, "The western gate held.", False),
        ({"answers": ("x",), "evidence": ("The western gate held.",)}, "gate", True),
        ({"answers": ("x",), "evidence": ("The western gate held.",)}, "Radio North", False),
        ({"quoted": (("dam.txt", "west"),)}, "The western gate held.", False),
        ({"long_answers": ("Radio North reported",)}, "Radio North reported that", True),
    ],
    ids=["answer", "elsewhere", "evidence", "beside it", "part of a word", "long answer"],
)
def test_what_a_citation_must_hold(
    desk: Desk, known: dict[str, Any], cited: str, supported: bool
) -> None:
    asked = gold(documents=("dam.txt",), **known)
    assert desk.judged(asked, "So it is.", citations=[desk.citation(cited)]).supported is supported


def test_citations_are_counted_by_document(desk: Desk) -> None:
    asked = gold(documents=("dam.txt",), answers=("Lena Holt",))
    here = desk.citation("Lena Holt")
    there = desk.citation("Lena Holt", document=desk.other)
    judged = [
        desk.judged(asked, "Lena Holt.", citations=[here, there]),
        desk.judged(asked, "Nobody."),
        desk.judged(gold(answerable=False), "Nobody.", citations=[there]),
    ]
    figures = tallying.citations(judged)
    shares = (
        figures.supporting,
        figures.supporting_right,
        figures.gold_documents,
        figures.cited_sentences,
        figures.altered,
    )
    assert [(one.count, one.of) for one in shares if one] == [
        (1, 2),
        (1, 1),
        (1, 2),
        (2, 3),
        (0, 3),
    ]


def test_wrong_answers_of_a_set_with_long_answers_only(desk: Desk) -> None:
    judged = [
        desk.judged(gold(long_answers=("It was Lena Holt.",)), "Lena Holt."),
        desk.judged(gold(answerable=False), "Lena Holt."),
    ]
    figures = tallying.wrong(judged)
    assert (figures.answerable, figures.answers) == (None, None)
    assert figures.unanswerable is not None
    assert (figures.unanswerable.count, figures.unanswerable.of) == (1, 1)
    (group,) = tallying.groups(judged, name=lambda one: one.gold.file)
    shares = (group.right, group.wrong, group.refused)
    assert [(one.count, one.of) for one in shares] == [(0, 2), (1, 2), (0, 2)]


HOLT, NORTH = ("Lena Holt", "Holt"), ("Radio North",)


@pytest.mark.parametrize(
    ("chain", "named", "innermost", "whole"),
    [
        ((HOLT,), ("engineer Lena Holt",), True, True),
        ((HOLT, NORTH), ("Holt", "Radio North"), True, True),
        ((("engineer Lena Holt",), NORTH), ("Lena Holt", "the Radio North"), True, True),
        ((HOLT, NORTH), ("Holt",), True, False),
        ((HOLT,), ("Holt", "Radio North"), True, False),
        ((HOLT, NORTH), ("Radio North", "Holt"), False, False),
        ((HOLT,), ("Holten",), False, False),
        ((HOLT,), (), False, False),
    ],
    ids=["more", "chain", "less", "too short", "too long", "reversed", "other", "none"],
)
def test_speakers(
    desk: Desk,
    chain: tuple[tuple[str, ...], ...],
    named: tuple[str, ...],
    innermost: bool,
    whole: bool,
) -> None:
    judged = desk.judged(gold(chain=chain, answers=("Holt",)), "She did.", speakers=named)
    assert (judged.innermost, judged.chain) == (innermost, whole)
