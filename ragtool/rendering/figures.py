"""The figures of an evaluation and of a tuning as JSON-able dicts, in the documented key order.

docs/schemas/eval.schema.json is its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragtool.rendering.forms import Form, model_form
from ragtool.reports import Trial, Tuning
from ragtool.results import (
    AnswerFigures,
    CitationFigures,
    Evaluation,
    Group,
    Mean,
    RetrievalFigures,
    SecondsFigures,
    Share,
    SpeakerFigures,
)


def evaluation_form(evaluation: Evaluation) -> Form:
    """Schema ragtool.eval/1; the questions that went wrong are not in it."""
    refusals, wrong = evaluation.refusals, evaluation.wrong
    return {
        "schema": "ragtool.eval/1",
        "folder": evaluation.folder,
        "questions": {
            "total": evaluation.total,
            "asked": evaluation.asked,
            "answerable": evaluation.answerable,
        },
        "k": evaluation.k,
        "retrieval": _retrieval(evaluation.retrieval),
        "answers": _answers(evaluation.answers),
        "refusals": {
            "unanswerable": _share(refusals.unanswerable),
            "answerable": _share(refusals.answerable),
        },
        "citations": _citations(evaluation.citations),
        "wrong": {
            "answerable": _share(wrong.answerable),
            "unanswerable": _share(wrong.unanswerable),
            "answers": _share(wrong.answers),
        },
        "speakers": _speakers(evaluation.speakers),
        "kinds": _groups(evaluation.kinds),
        "files": _groups(evaluation.files),
        "seconds": _seconds(evaluation.seconds),
        "model": model_form(evaluation.model),
        "index": {
            "fingerprint": evaluation.index.fingerprint,
            "documents": evaluation.index.documents,
            "chunks": evaluation.index.chunks,
        },
    }


def _retrieval(figures: RetrievalFigures | None) -> Form | None:
    if figures is None:
        return None
    return {
        "documents": _ranked(figures.documents),
        "texts": _ranked(figures.texts),
        "mrr": _mean(figures.mrr),
    }


def _answers(figures: AnswerFigures | None) -> Form | None:
    if figures is None:
        return None
    return {"right": _share(figures.right), "f1": _mean(figures.f1)}


def _citations(figures: CitationFigures) -> Form:
    return {
        "supporting": _share(figures.supporting),
        "supporting_right": _share(figures.supporting_right),
        "gold_documents": _share(figures.gold_documents),
        "cited_sentences": _share(figures.cited_sentences),
        "altered": _share(figures.altered),
    }


def _speakers(figures: SpeakerFigures | None) -> Form | None:
    if figures is None:
        return None
    return {
        "right": _share(figures.right),
        "wrong": _share(figures.wrong),
        "refused": _share(figures.refused),
        "innermost": _share(figures.innermost),
        "chain": _share(figures.chain),
    }


def _groups(groups: Sequence[Group] | None) -> list[Form] | None:
    if groups is None:
        return None
    return [
        {
            "name": group.name,
            "questions": group.questions,
            "answerable": group.answerable,
            "right": _share(group.right),
            "wrong": _share(group.wrong),
            "refused": _share(group.refused),
        }
        for group in groups
    ]


def _seconds(figures: SecondsFigures) -> Form:
    return {
        "mean": _mean(figures.mean),
        "median": round(figures.median, 3),
        "p95": round(figures.p95, 3),
    }


def _ranked(shares: Mapping[int, Share] | None) -> Form | None:
    """Shares by rank; JSON's keys are text."""
    return None if shares is None else {str(rank): _share(one) for rank, one in shares.items()}


def _share(share: Share | None) -> Form | None:
    if share is None:
        return None
    return {
        "count": share.count,
        "of": share.of,
        "share": round(share.share, 4),
        "interval": _interval(share.interval),
    }


def _mean(mean: Mean) -> Form:
    return {
        "mean": round(mean.value, 4),
        "of": mean.of,
        "interval": None if mean.interval is None else _interval(mean.interval),
    }


def _interval(interval: tuple[float, float]) -> list[float]:
    return [round(bound, 4) for bound in interval]


def tuning_form(tuning: Tuning) -> Form:
    """Schema ragtool.tuning/1."""
    return {
        "schema": "ragtool.tuning/1",
        "model": tuning.model,
        "machine": tuning.machine,
        "trials": [_trial(trial) for trial in tuning.trials],
        "best": _trial(tuning.best),
    }


def _trial(trial: Trial) -> Form:
    return {
        "threads": trial.threads,
        "repacked": trial.kernels.repacked,
        "batch": trial.kernels.batch,
        "reads_per_second": round(trial.reads, 2),
        "writes_per_second": round(trial.writes, 2),
        "answer_seconds": round(trial.seconds, 2),
    }
