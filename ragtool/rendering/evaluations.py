"""The figures of an evaluation as a table for people, and what went wrong as Markdown.

Whatever comes from outside is made harmless on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import Look, bold, dotted, joined, path_text
from ragtool.results import Evaluation, Group, Mean, Miss, Passage, Share


@dataclass(frozen=True, slots=True)
class _Row:
    """A figure: what it is, how many of how many, its value, and its interval."""

    label: str
    amount: str
    value: str
    interval: str


def evaluation_text(evaluation: Evaluation, look: Look) -> str:
    """The set, its figures with their 95 % intervals, and kinds and files by verdict."""
    sections = {name: rows for name, rows in _sections(evaluation).items() if rows}
    every = [row for rows in sections.values() for row in rows]
    label = max(len(row.label) for row in every)
    amount = max(len(row.amount) for row in every)
    value = max(len(row.value) for row in every)

    def line(row: _Row) -> str:
        cells = f"{row.label:<{label}}  {row.amount:>{amount}}  {row.value:>{value}}"
        return f"  {cells}  {row.interval}".rstrip()

    tables = ["\n".join([bold(name, look), *map(line, rows)]) for name, rows in sections.items()]
    return joined(
        _heading(evaluation, look),
        "\n".join(tables),
        _groups("kind", evaluation.kinds or (), look),
        _groups("file", evaluation.files or (), look),
    )


def misses_text(evaluation: Evaluation) -> str:
    """Every question that went wrong, as Markdown, with its gold and what was said and cited."""
    name = harmless(evaluation.folder)
    count = f"{len(evaluation.misses)} of {evaluation.asked} questions went wrong"
    parts = [_miss(number, miss) for number, miss in enumerate(evaluation.misses, start=1)]
    return joined(f"# {name}: {count}", *parts) + "\n"


def _heading(evaluation: Evaluation, look: Look) -> str:
    asked = f"{evaluation.asked} of {evaluation.total} questions"
    answerable = f"{evaluation.answerable} answerable"
    corpus = f"{evaluation.index.documents} documents, {evaluation.index.chunks} chunks"
    return "\n".join(
        [
            bold(path_text(evaluation.folder, look), look),
            dotted(asked, answerable, corpus, f"k {evaluation.k}", evaluation.model.name),
        ]
    )


def _sections(evaluation: Evaluation) -> Mapping[str, Sequence[_Row]]:
    refusals, citations, wrong = evaluation.refusals, evaluation.citations, evaluation.wrong
    return {
        "retrieval": list(_retrieval(evaluation)),
        "answers": list(_answers(evaluation)),
        "refused": _shares(
            {"of the unanswerable": refusals.unanswerable, "of the answerable": refusals.answerable}
        ),
        "wrong and not refused": _shares(
            {
                "of the answerable": wrong.answerable,
                "of the unanswerable": wrong.unanswerable,
                "of the answers": wrong.answers,
            }
        ),
        "citations": _shares(
            {
                "answers whose citations hold it": citations.supporting,
                "right answers whose citations hold it": citations.supporting_right,
                "citations of a gold document": citations.gold_documents,
                "sentences with a citation": citations.cited_sentences,
                "quotes that are not verbatim": citations.altered,
            }
        ),
        "speakers": list(_speakers(evaluation)),
        "seconds a question": list(_seconds(evaluation)),
    }


def _retrieval(evaluation: Evaluation) -> Iterator[_Row]:
    figures = evaluation.retrieval
    if figures is None:
        return
    for what, shares in (("document", figures.documents), ("text", figures.texts or {})):
        for rank, share in shares.items():
            where = "first" if rank == 1 else f"in the first {rank}"
            yield _share(f"gold {what} {where}", share)
    yield _mean("reciprocal rank of the document", figures.mrr)


def _answers(evaluation: Evaluation) -> Iterator[_Row]:
    if evaluation.answers is not None:
        yield _share("hold a gold answer", evaluation.answers.right)
        yield _mean("token F1", evaluation.answers.f1)


def _speakers(evaluation: Evaluation) -> Iterator[_Row]:
    figures = evaluation.speakers
    if figures is None:
        return
    yield _share("right", figures.right)
    yield _share("wrong", figures.wrong)
    yield _share("refused", figures.refused)
    yield from _shares(
        {"innermost, of the answered": figures.innermost, "chain, of the answered": figures.chain}
    )


def _seconds(evaluation: Evaluation) -> Iterator[_Row]:
    figures = evaluation.seconds
    yield _mean("mean", figures.mean)
    yield _Row("median", "", f"{figures.median:.3f}", "")
    yield _Row("95th percentile", "", f"{figures.p95:.3f}", "")


def _shares(shares: Mapping[str, Share | None]) -> list[_Row]:
    return [_share(label, share) for label, share in shares.items() if share is not None]


def _share(label: str, share: Share) -> _Row:
    low, high = share.interval
    return _Row(
        label,
        f"{share.count} of {share.of}",
        f"{100 * share.share:.1f} %",
        f"{100 * low:.1f} to {100 * high:.1f}",
    )


def _mean(label: str, mean: Mean) -> _Row:
    interval = "" if mean.interval is None else "{:.3f} to {:.3f}".format(*mean.interval)
    return _Row(label, f"of {mean.of}", f"{mean.value:.3f}", interval)


def _groups(what: str, groups: Sequence[Group], look: Look) -> str:
    """A line for each group; empty without one."""
    if not groups:
        return ""
    names = [harmless(group.name) for group in groups]
    width = max(map(len, (what, *names))) + 2
    head = f"{what:<{width}}  {'asked':>5}  {'right':<22}{'wrong':<22}refused"
    lines = [
        f"{'  ' + name:<{width}}  {group.questions:>5}  "
        f"{_cell(group.right):<22}{_cell(group.wrong):<22}{_cell(group.refused)}"
        for name, group in zip(names, groups, strict=True)
    ]
    return "\n".join([bold(head, look), *lines])


def _cell(share: Share) -> str:
    """ "12, 75 % (51 to 90)" """
    low, high = (round(100 * bound) for bound in share.interval)
    return f"{share.count:>3}, {100 * share.share:.0f} % ({low} to {high})"


def _miss(number: int, miss: Miss) -> str:
    what = "needlessly refused" if miss.verdict == "refused" else "wrong"
    if not miss.answerable:
        what = "answered though unanswerable"
    heading = f"## {number}. {what}: {dotted(miss.id, miss.file)}"
    lines = [f"- question: {harmless(miss.question)}"]
    if miss.gold:
        lines.append(f"- gold: {harmless(' / '.join(miss.gold))}")
    lines.append(f"- answer: {harmless(miss.answer)}" if miss.answer else "- refused; nearest:")
    return joined(heading, "\n".join(lines), "\n\n".join(map(_passage, miss.passages)))


def _passage(passage: Passage) -> str:
    place = f"{harmless(passage.document)}, paragraph {passage.paragraph}"
    return f"> {harmless(passage.quote)}\n>\n> ({place})"
