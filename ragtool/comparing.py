"""Where sentences of different documents say the same, and where they contradict each other.

Two sentences are about one thing when they are near in meaning and share words
and names. They contradict each other when they count the same things differently,
or when one denies what the other says. It compares words; it doesn't reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ragtool import attribution
from ragtool.amounts import in_digits
from ragtool.attribution import Link
from ragtool.checking import check, coverage, names, negation_differs
from ragtool.cues import CUE_FORMS
from ragtool.protocols import Vectors
from ragtool.records import Sentence, Span
from ragtool.words import content_words, stem, words

# Two sentences about one thing: their cosine, and the share of the shorter one's stems
# that both have, names and speech left out. Where one denies, more must be shared.
NEAR, SHARED, SHARED_DENIED = 0.5, 0.4, 0.55
# Of these stems at least so many.
_LEAST_SHARED = 2
# The share of the stems of what both report that stand in the other's sentence.
SAME = 0.75
# Two numbers closer than this are one number, where one of them is only about right.
_ABOUT = 0.1
# Verbs of speech that turn what is said into its opposite.
_DENYING = frozenset("deny reject dispute refute rebut contradict dismiss counter".split())
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december".split()
)
_COUNT = re.compile(r"\d+(?:[.,]\d+)*|[a-z]+(?:'[a-z]+)?")
_AT_LEAST = frozenset("least over than above".split())
_AT_MOST = frozenset("most under below up".split())
_ROUGH = frozenset("about around nearly almost roughly approximately some estimated".split())
_MORE, _LESS = frozenset({"more"}), frozenset({"less", "fewer"})
# How many words of meaning behind a number may be what it counts.
_REACH = 2


class Kind(Enum):
    """How two sentences stand to each other."""

    NUMBER = "number"
    DENIAL = "denial"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences, by index, of different documents. strength: higher is surer."""

    one: int
    other: int
    kind: Kind
    strength: float


@dataclass(frozen=True, slots=True)
class _Count:
    """A number of something. low, high: what it may be."""

    low: float
    high: float
    what: frozenset[str]


def pairs(texts: Sequence[str], sources: Sequence[int], vectors: Vectors) -> tuple[Pair, ...]:
    """Contradictions and agreements between sentences of different sources, the surest first.

    sources: for each text the number of its document. vectors: float32 (n, d), unit rows.
    """
    near = vectors @ vectors.T
    found = []
    for one, first in enumerate(texts):
        for other in range(one + 1, len(texts)):
            meaning = float(near[one, other])
            if sources[one] == sources[other] or meaning < NEAR:
                continue
            kind = _kind(first, texts[other])
            if kind is not None:
                strength = meaning + _shared(first, texts[other])
                found.append(Pair(one, other, kind, strength))
    return tuple(sorted(found, key=lambda pair: (-pair.strength, pair.one, pair.other)))


def _kind(one: str, other: str) -> Kind | None:
    """How the two stand to each other; None where they may both be true."""
    shared = _shared(one, other)
    if shared < SHARED or _strangers(one, other):
        return None
    if _count_differently(one, other):
        return Kind.NUMBER
    if shared >= SHARED_DENIED and _is_denied(one, other):
        return Kind.DENIAL
    if says_as_much(one, other) or says_as_much(other, one):
        return Kind.SAME
    return None


def says_as_much(one: str, other: str) -> bool:
    """Whether the second sentence holds all that counts of the first."""
    told = " ".join(word for word in words(one) if word not in CUE_FORMS)
    return check(one, other).holds and coverage(told, other) >= SAME


def _shared(one: str, other: str) -> float:
    """The share of the shorter sentence's stems that both have; 0 for hardly any."""
    ours, theirs = _told(one), _told(other)
    both = ours & theirs
    return len(both) / max(1, min(len(ours), len(theirs))) if len(both) >= _LEAST_SHARED else 0.0


def _told(text: str) -> frozenset[str]:
    """The stems of what is told, without names, numbers and words of speech."""
    named = frozenset(words(" ".join(names(text))))
    return frozenset(
        stem(word)
        for word in content_words(text)
        if word not in CUE_FORMS and word not in named and not in_digits(word)[:1].isdigit()
    )


def _strangers(one: str, other: str) -> bool:
    """Whether both tell of somebody or some place by name, and no name is in both.

    Days don't count, nor those who only say it.
    """
    ours, theirs = _named(one), _named(other)
    return bool(ours and theirs) and not (
        ours & frozenset(words(other)) or theirs & frozenset(words(one))
    )


def _named(text: str) -> frozenset[str]:
    """The words of the names in the sentence, without those who speak in it."""
    bare = text
    for link in _links(text):
        for span in (link.phrase, link.named):
            bare = bare[: span.start] + " " * len(span) + bare[span.end :]
    return frozenset(words(" ".join(names(bare)))) - _DAYS


def _is_denied(one: str, other: str) -> bool:
    """Whether one denies what the other says: by its verb of speech, or by a "not"."""
    denied = [
        any(CUE_FORMS.get(link.cue.casefold()) in _DENYING for link in _links(text))
        for text in (one, other)
    ]
    if any(denied):
        return not all(denied)
    return negation_differs(one, other) or negation_differs(other, one)


def _links(text: str) -> tuple[Link, ...]:
    return attribution.links_of(text, (Sentence(Span(0, len(text)), 1),), 0)


def _count_differently(one: str, other: str) -> bool:
    """Whether they give numbers of the same thing that can't both be right, and share none."""
    ours, theirs = list(_counts(one)), list(_counts(other))
    met = [(a, b) for a in ours for b in theirs if a.what & b.what]
    return bool(met) and all(a.high < b.low or b.high < a.low for a, b in met)


def _counts(text: str) -> Iterator[_Count]:
    """The numbers of a text with what they count: "12 people were hurt"."""
    found = [match.group() for match in _COUNT.finditer(text.casefold())]
    for at, word in enumerate(found):
        digits = in_digits(word)
        if not digits[:1].isdigit() or (len(word) == 4 and word[:2] in {"19", "20"}):
            continue
        value = _value(digits)
        ahead = [stem(one) for one in found[at + 1 : at + 6] if content_words(one)][:_REACH]
        if value is not None and ahead:
            yield _count(value, found[max(0, at - 3) : at], frozenset(ahead))


def _value(digits: str) -> float | None:
    try:
        return float(digits.replace(",", ""))
    except ValueError:
        return None


def _count(value: float, before: Sequence[str], what: frozenset[str]) -> _Count:
    said = frozenset(before)
    if said & _LESS or (said & _AT_MOST and not said & _MORE):
        return _Count(0.0, value, what)
    if said & _MORE or said & _AT_LEAST:
        return _Count(value, float("inf"), what)
    slack = _ABOUT * value if said & _ROUGH else 0.0
    return _Count(value - slack, value + slack, what)
