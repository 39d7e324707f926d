"""What several sources say of one thing, side by side, in the program's own few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ragtool.citations import Cited
from ragtool.comparing import Kind, Pair, pairs, says_as_much
from ragtool.pipeline.excerpting import Excerpt, Excerpts
from ragtool.records import Document
from ragtool.standing import is_statement

# How many contradictions, and how many agreements, one paragraph names.
CONTRADICTIONS, AGREEMENTS = 2, 1
_JOINED = {
    Kind.NUMBER: "{other} gives another number:",
    Kind.DENIAL: "{other} says otherwise:",
}


def confronted(found: Excerpts, chosen: Sequence[int], *, least: int, most: int) -> list[Cited]:
    """The sentences of a paragraph: what the sources contradict each other in, what they
    agree in, and as many of the chosen as there is room for then.

    With one source it is the chosen.
    """
    sources = [one.statement.place[0] for one in found.all]
    if len(set(sources)) < 2:
        return [found.all[at].cited for at in chosen]
    texts = [one.cited.text for one in found.all]
    told = list(_told(pairs(texts, sources, found.vectors), texts))
    names = _names([found.all[sources.index(one)].cited for one in sorted(set(sources))])
    named = dict(zip(sorted(set(sources)), names, strict=True))
    sentences: list[Cited] = []
    used: set[int] = set()
    for pair in told:
        both = list(_side_by_side(pair, found.all, named))
        if _length([*sentences, *both]) <= most:
            sentences += both
            used |= {pair.one, pair.other}
    room = most - _length(sentences)
    rest = found.chosen(least=least - (most - room), most=room, without=frozenset(used))
    return [*sentences, *(found.all[at].cited for at in rest)]


def _told(found: Sequence[Pair], texts: Sequence[str]) -> Iterator[Pair]:
    """The surest pairs of whole sentences, contradictions first, no sentence in two of them."""
    used = {at for at, text in enumerate(texts) if not is_statement(text)}
    for kinds, most in (((Kind.NUMBER, Kind.DENIAL), CONTRADICTIONS), ((Kind.SAME,), AGREEMENTS)):
        count = 0
        for pair in found:
            if pair.kind in kinds and count < most and not used & {pair.one, pair.other}:
                used |= {pair.one, pair.other}
                count += 1
                yield pair


def _side_by_side(
    pair: Pair, excerpts: Sequence[Excerpt], names: dict[int, str]
) -> Iterator[Cited]:
    one, other = excerpts[pair.one], excerpts[pair.other]
    if pair.kind is Kind.SAME and not says_as_much(one.cited.text, other.cited.text):
        one, other = other, one
    first, second = names[one.statement.place[0]], names[other.statement.place[0]]
    if pair.kind is Kind.SAME:
        evidence = (*one.cited.evidence, *other.cited.evidence)
        text = f"Both {first} and {second} report: {one.cited.text}"
        yield replace(one.cited, text=text, evidence=evidence)
        return
    yield replace(one.cited, text=f"{first} reports: {one.cited.text}")
    joined = _JOINED[pair.kind].format(other=second)
    yield replace(other.cited, text=f"{joined} {other.cited.text}")


def _names(firsts: Sequence[Cited]) -> list[str]:
    """What each source is called: its outlet, else its title, else its file."""
    documents = [cited.evidence[0].document for cited in firsts]
    for called in (_outlet, _title):
        names = [called(document) for document in documents]
        if all(names) and len(set(names)) == len(names):
            return names
    return [Path(document.path).name for document in documents]


def _outlet(document: Document) -> str:
    return document.source or ""


def _title(document: Document) -> str:
    return f"“{document.title}”" if document.title else ""


def _length(sentences: Sequence[Cited]) -> int:
    return sum(len(cited.text.split()) for cited in sentences)
