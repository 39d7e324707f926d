"""Answers that were judged one by one, to the figures of a whole question set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ragtool.pipeline.judging import Judged
from ragtool.results import (
    AnswerFigures,
    CitationFigures,
    Group,
    RefusalFigures,
    RetrievalFigures,
    SecondsFigures,
    Share,
    SpeakerFigures,
    WrongFigures,
)
from ragtool.scoring import mean, median, percentile, reciprocal, share

# Ranks up to which hits are counted.
CUTOFFS = (1, 4, 8)


def retrieval(judged: Iterable[Judged], *, k: int) -> RetrievalFigures | None:
    """Whether the gold document and the gold text were among the k hits."""
    asked = [one for one in judged if one.gold.answerable and one.gold.documents]
    if not asked:
        return None
    documents = [one.document_rank for one in asked]
    texts = [one.text_rank for one in asked if _has_text(one)]
    return RetrievalFigures(
        documents=_within(documents, k),
        texts=_within(texts, k) if texts else None,
        mrr=mean([reciprocal(rank) for rank in documents]),
    )


def answers(judged: Iterable[Judged]) -> AnswerFigures | None:
    """Whether answers hold what they should."""
    asked = [one for one in judged if one.gold.answerable and one.gold.golds]
    if not asked:
        return None
    return AnswerFigures(
        right=share([one.verdict == "right" for one in asked]),
        f1=mean([one.f1 for one in asked]),
    )


def refusals(judged: Sequence[Judged]) -> RefusalFigures:
    """How many were refused."""
    return RefusalFigures(
        unanswerable=_share(not one.answered for one in judged if not one.gold.answerable),
        answerable=_share(not one.answered for one in judged if one.gold.answerable),
    )


def citations(judged: Sequence[Judged]) -> CitationFigures:
    """What answers cite, and whether it is there."""
    answered = [one for one in judged if one.answered and one.gold.answerable]
    return CitationFigures(
        supporting=_share(one.supported for one in answered if _is_known(one)),
        supporting_right=_share(one.supported for one in answered if one.verdict == "right"),
        gold_documents=_share(
            cited for one in answered if one.gold.documents for cited in one.gold_citations
        ),
        cited_sentences=_share(cited for one in judged for cited in one.cited_sentences),
        altered=_share(altered for one in judged for altered in one.altered),
    )


def wrong(judged: Sequence[Judged]) -> WrongFigures:
    """Wrong answers that were shown."""
    short = [one for one in judged if one.gold.answerable and one.gold.answers]
    unanswerable = [one for one in judged if not one.gold.answerable]
    given = [one for one in (*short, *unanswerable) if one.answered]
    return WrongFigures(
        answerable=_share(one.verdict == "wrong" for one in short),
        unanswerable=_share(one.verdict == "wrong" for one in unanswerable),
        # Of the unanswerable alone it would be all of them.
        answers=_share(one.verdict == "wrong" for one in given if short),
    )


def speakers(judged: Iterable[Judged]) -> SpeakerFigures | None:
    """Whether the right one is named."""
    asked = [one for one in judged if one.gold.answerable and one.gold.chain]
    if not asked:
        return None
    return SpeakerFigures(
        right=share([one.verdict == "right" for one in asked]),
        wrong=share([one.verdict == "wrong" for one in asked]),
        refused=share([one.verdict == "refused" for one in asked]),
        innermost=_share(one.innermost for one in asked if one.answered),
        chain=_share(one.chain for one in asked if one.answered),
    )


def groups(judged: Iterable[Judged], *, name: Callable[[Judged], str]) -> tuple[Group, ...]:
    """The questions by what `name` says of them, in order of the names; "" is no group."""
    found: dict[str, list[Judged]] = {}
    for one in judged:
        found.setdefault(name(one), []).append(one)
    return tuple(_group(one, found[one]) for one in sorted(found) if one)


def seconds(judged: Iterable[Judged]) -> SecondsFigures:
    """How long the questions, of which there is at least one, took."""
    taken = [one.seconds for one in judged]
    return SecondsFigures(mean=mean(taken), median=median(taken), p95=percentile(taken, 95))


def _within(ranks: Sequence[int | None], k: int) -> dict[int, Share]:
    return {
        cutoff: share([rank is not None and rank <= cutoff for rank in ranks])
        for cutoff in CUTOFFS
        if cutoff <= k
    }


def _has_text(judged: Judged) -> bool:
    """Whether it is known which text holds the answer."""
    return bool(judged.gold.paragraph) or _is_known(judged)


def _is_known(judged: Judged) -> bool:
    """Whether it is known what a citation should hold."""
    gold = judged.gold
    return bool(gold.evidence or gold.quoted or gold.golds)


def _group(name: str, judged: Sequence[Judged]) -> Group:
    return Group(
        name=name,
        questions=len(judged),
        answerable=sum(one.gold.answerable for one in judged),
        right=share([one.verdict == "right" for one in judged]),
        wrong=share([one.verdict == "wrong" for one in judged]),
        refused=share([one.verdict == "refused" for one in judged]),
    )


def _share(held: Iterable[bool]) -> Share | None:
    """The share, None where there is nothing to count."""
    values = list(held)
    return share(values) if values else None
