"""A question set to figures: its articles indexed, every question asked, every answer judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ragtool import models
from ragtool.config import Settings
from ragtool.errors import UsageError
from ragtool.pipeline import tallying
from ragtool.pipeline.asking import Session
from ragtool.pipeline.indexing import Report, index
from ragtool.pipeline.inspecting import documents
from ragtool.pipeline.judging import Judge, Judged, Quotes
from ragtool.pipeline.walking import absolute, is_below
from ragtool.question_sets import Gold, read_set, sampled
from ragtool.records import Answer, Filters
from ragtool.reports import IndexReport, Progress
from ragtool.results import Evaluation, Group
from ragtool.store import Store

OnIndexed = Callable[[IndexReport], None]


def evaluate(
    folder: Path,
    settings: Settings,
    *,
    keep: bool,
    quotes: Quotes,
    report: Report,
    sample: int | None = None,
    on_indexed: OnIndexed | None = None,
) -> Evaluation:
    """Scores the whole pipeline on the question set in `folder`.

    keep: index its articles in the index of the settings and leave them there;
    else in a folder of its own that is gone afterwards. quotes: those of an
    answer as it is printed, to be held against the stored texts. sample: ask
    so many, drawn always alike. on_indexed: told what became of the articles.

    Raises UsageError when the set can't be understood, when none of its
    articles can be read, or when an index to be kept holds other documents.
    """
    chosen = read_set(absolute(folder))
    asked = sampled(chosen.questions, sample)
    # Before the articles are indexed, which takes a while.
    models.located(settings.generator, settings.models)
    with _index_for(chosen.articles, settings, keep=keep) as placed:
        indexed = index([chosen.articles], placed, report=report)
        if on_indexed is not None:
            on_indexed(indexed)
        texts = {document.path: document.text for document in documents(placed)}
        if not texts:
            raise UsageError(f"{chosen.articles} holds nothing that can be read.")
        judge = Judge(chosen.articles, texts, quotes=quotes)
        with Session(placed) as session:
            judged, last = _judged(asked, session, judge, k=settings.k, report=report)
    return Evaluation(
        folder=str(absolute(folder)),
        total=len(chosen.questions),
        asked=len(asked),
        answerable=sum(gold.answerable for gold in asked),
        k=settings.k,
        retrieval=tallying.retrieval(judged, k=settings.k),
        answers=tallying.answers(judged),
        refusals=tallying.refusals(judged),
        citations=tallying.citations(judged),
        wrong=tallying.wrong(judged),
        speakers=tallying.speakers(judged),
        kinds=tallying.groups(judged, name=lambda one: one.gold.kind) or None,
        files=_by_file(judged) if len(chosen.files) > 1 else None,
        seconds=tallying.seconds(judged),
        model=last.model,
        index=last.index,
        misses=tuple(one.miss for one in judged if one.miss is not None),
    )


def _by_file(judged: Sequence[Judged]) -> tuple[Group, ...]:
    return tallying.groups(judged, name=lambda one: one.gold.file)


@contextmanager
def _index_for(articles: Path, settings: Settings, *, keep: bool) -> Iterator[Settings]:
    """The settings with the index that the articles may go into."""
    if keep:
        with Store.open(settings.index, create=True) as store:
            if not all(is_below(Path(path), articles) for path in store.states()):
                raise UsageError(
                    f"The index in {settings.index} holds documents from outside {articles}.",
                    hint="Name an empty folder, or leave --index out.",
                )
        yield settings
        return
    with TemporaryDirectory(prefix="ragtool-eval-") as folder:
        yield replace(settings, index=Path(folder))


def _judged(
    asked: tuple[Gold, ...], session: Session, judge: Judge, *, k: int, report: Report
) -> tuple[list[Judged], Answer]:
    """Every question judged, and the last answer for its model and index."""
    judged: list[Judged] = []
    for done, gold in enumerate(asked):
        report(Progress("asking", done, len(asked), "questions"))
        answer = session.ask(gold.question, id=gold.id, k=k, filters=Filters())
        judged.append(judge.judge(gold, answer))
    report(Progress("asking", len(asked), len(asked), "questions"))
    return judged, answer
