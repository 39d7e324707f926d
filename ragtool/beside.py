"""What is shown beside a sentence so that it tells who it was.

The source's own sentences near it, up to one that names somebody, all word for word:
the reader sees who is meant, and the program claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ragtool.attribution import Link
from ragtool.checking import names
from ragtool.people import is_shared, persons
from ragtool.quoting import DATELINE, chain_of, has_somebody, names_supplied, place_of
from ragtool.records import Chunk, Evidence, Sentence
from ragtool.roles import DEFINITE
from ragtool.titles import ROLES

_BYLINE = re.compile(r"by\s+", re.IGNORECASE)
# How many sentences before and behind it somebody may be named of whom a sentence tells.
_BACK, _BEHIND = 3, 2
# Who is told of without his name: "its leader", "the judge's son", "a second", "a spokesman".
_ROLE = re.compile(
    rf"\b(?:(?:{'|'.join(sorted(DEFINITE))})\b|\w+['’]s?)\s+(?:[\w’'-]+\s+){{0,2}}"
    rf"(?:{'|'.join(sorted(ROLES))})\b",
    re.IGNORECASE,
)
_ENDS_IN_ROLE = re.compile(rf"{_ROLE.pattern},?\s+$", re.IGNORECASE)
_BEGINS_WITH_ROLE = re.compile(rf",\s+{_ROLE.pattern}", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her)\b", re.IGNORECASE)
_ONE_OF_SOME = re.compile(
    r"(?:one|two|some|both|neither)(?: of them)?|(?:a |the )?(?:second|third|other|another)",
    re.IGNORECASE,
)
_SPEAKS_FOR = re.compile(r"(?:a|its) spokes(?:man|woman|person)", re.IGNORECASE)


def with_what_tells(
    evidence: Evidence,
    tells: Callable[[Evidence], bool],
    *,
    chunks: Iterable[Chunk],
    behind: bool = False,
) -> tuple[Evidence, ...]:
    """The evidence and what stands between it and the nearest sentence that tells what it
    leaves open, that one included. Empty where none does.

    chunks: those that were read. behind: whether it is looked for behind alone.
    """
    whole, at = place_of(evidence)[1:]
    own = [one for one in chunks if one.document.path == evidence.document.path]
    known = {sentence.span.start: (one, sentence) for one in own for sentence in one.sentences}
    for near in _nearby(evidence, behind=behind):
        if tells(replace(evidence, sentence=whole[near])):
            return _run(whole[near:at], known, evidence, whole[at + 1 : near + 1])
    return ()


def _nearby(evidence: Evidence, *, behind: bool) -> Iterator[int]:
    """The sentences near it in which somebody may be named: back as far as the headline, and
    the next; if behind, the next two of the paragraph alone."""
    text, whole, at = place_of(evidence)
    if behind:
        next_ones = range(at + 1, min(len(whole), at + 1 + _BEHIND))
        yield from (one for one in next_ones if whole[one].paragraph == whole[at].paragraph)
        return
    for one in range(at - 1, max(-1, at - 1 - _BACK), -1):
        if whole[one].span.of(text) == evidence.document.title:
            break
        yield one
    yield from range(at + 1, min(len(whole), at + 2))


def with_name(
    evidence: Evidence, chain: Sequence[Link], *, chunks: Iterable[Chunk]
) -> tuple[Evidence, ...]:
    """The evidence and, where it tells of somebody without his name, what stands between it
    and the nearest sentence that may give it: before a pronoun, "a second" or a surname that
    two bear, behind a role, "the composer". Alone where it names somebody, and where none near
    does.

    chunks: those that were read.
    """
    text = evidence.document.text
    who = chain[0].speaker.of(text) if chain else evidence.text
    found: tuple[Evidence, ...] = ()
    if chain and _SPEAKS_FOR.fullmatch(who):
        found = with_what_tells(evidence, lambda near: bool(names(near.text)), chunks=chunks)
    elif chain and _ONE_OF_SOME.fullmatch(who):
        found = with_what_tells(evidence, lambda near: has_somebody(near.text), chunks=chunks)
    elif not _has_name(evidence, chain):
        if _ROLE.search(who):
            found = with_what_tells(evidence, _names_by_name_alone, chunks=chunks, behind=True)
        elif surnames := {name.of(text) for name in persons(text, evidence.sentence.span)}:
            found = with_what_tells(
                evidence, lambda near: _names_one_of(near, surnames), chunks=chunks
            )
        elif _PRONOUN.search(who):
            found = with_what_tells(evidence, names_somebody, chunks=chunks)
    return found or (evidence,)


def _names_one_of(evidence: Evidence, surnames: AbstractSet[str]) -> bool:
    """Whether a person of one of the surnames is named in the evidence by more than that, or
    supplied to it."""
    text = evidence.document.text
    supplied = (one.name for one in names_supplied(evidence, chain_of(evidence, "")))
    named = (name.of(text) for name in (*persons(text, evidence.sentence.span), *supplied))
    return any(surnames & set(name.split()) for name in named if name not in surnames)


def _names_by_name_alone(evidence: Evidence) -> bool:
    """Whether a person is named in the evidence without a role beside: so is named who carries
    the role of the sentence before, and "the judge, Ann Lee" is another."""
    text, span = evidence.document.text, evidence.sentence.span
    return names_somebody(evidence) and not any(
        _ENDS_IN_ROLE.search(text[span.start : name.start])
        or _BEGINS_WITH_ROLE.match(text[name.end : span.end])
        for name in persons(text, span)
    )


def _has_name(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether any name stands in the evidence, or is supplied to it, but for a surname that
    two bear."""
    text = evidence.document.text
    shared = {
        name.of(text) for name in persons(text, evidence.sentence.span) if is_shared(text, name)
    }
    named = set(names(DATELINE.sub("", evidence.text)))
    return bool(named - shared or names_supplied(evidence, chain))


def names_somebody(evidence: Evidence) -> bool:
    """Whether a person is named in the evidence, or supplied to it; who wrote the article,
    in the line that says so, is nobody, and a surname that two bear names neither."""
    text, start = evidence.document.text, evidence.sentence.span.start
    named = persons(text, evidence.sentence.span)
    if named and _BYLINE.fullmatch(text[start : named[0].start]):
        return False
    return any(not is_shared(text, name) for name in named) or bool(
        names_supplied(evidence, chain_of(evidence, ""))
    )


def tells_of_somebody(evidence: Evidence) -> bool:
    """Whether a person is named in the evidence, or told of by his role."""
    return names_somebody(evidence) or bool(_ROLE.search(evidence.text))


def _run(
    before: Sequence[Sentence],
    known: Mapping[int, tuple[Chunk, Sentence]],
    evidence: Evidence,
    behind: Sequence[Sentence],
) -> tuple[Evidence, ...]:
    """All of these in order; empty if one was not read."""
    starts = [one.span.start for one in (*before, *behind)]
    if not all(start in known for start in starts):
        return ()
    found = [Evidence(*known[start], evidence.score) for start in starts]
    return (*found[: len(before)], evidence, *found[len(before) :])
