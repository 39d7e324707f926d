"""Sentences to the few that together say the most: what a paragraph is made of.

A paragraph has room for some hundred words. It is filled as a knapsack is, with
what its sentences bring besides each other: the words that a document keeps
coming back to, names, amounts, who spoke, a date, a reason (maximum coverage under
a budget: Gillick and Favre, "A scalable global model for summarization", 2009).
A sentence's own worth is how near it is to what the whole is about.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ragtool.checking import gives_reason, names
from ragtool.protocols import Vectors
from ragtool.titles import ROLES
from ragtool.words import content_words, folded, numbers, stem, stems

# What a thing brings the first time that it is said: an amount, somebody who speaks, by
# name or else, the first reason, the first date, a name of two words and more, and a
# word that recurs, by the logarithm of how often, more where it stands in the headline.
AMOUNT, PERSON, SPEAKER, REASON, WHEN = 2.5, 4.0, 1.5, 2.5, 1.0
NAME, WORD, HEADLINE = 0.8, 0.4, 2.0
# A piece of the text that no sentence of the paragraph is from yet, and a document.
PIECE, DOCUMENT = 0.8, 4.0
# Of how many pieces a document is thought to consist.
PIECES = 5
# A sentence's own worth: nearness to the whole text, or the topic, and of the opening.
NEARNESS, OPENING = 6.0, 3.0
# What a sentence loses that leans on what stands before it, in which the page itself
# speaks, which nobody in particular said ("according to reports"), or which is slight.
LEANS, ADDRESSED, HEARSAY, SLIGHT = 6.0, 4.0, 3.0, 5.0
# One that opens with a thing as if it were known: "The company", and one that is no sentence.
POINTS_BACK, LOOSE = 6.0, 12.0
# The gain of a sentence is divided by its words to this power.
_LENGTH = 0.7
# Of more numbers, and more names, in one sentence only so many count.
_AMOUNTS, _NAMES = 2, 4
# For every word that the paragraph is too short.
_SHORT = 1.0
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_MONTH = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sept sep oct nov dec"
)
_MONTHS = frozenset(_MONTH.split())
_DAY = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{'|'.join(_MONTHS)})|(?:{'|'.join(_MONTHS)})\.?\s+\d{{1,2}}"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that may stand in a paragraph.

    text: as it would stand there. brings: names of what it says. worth: its own,
    whatever else is there. place: (document, offset), where it comes from.
    """

    text: str
    brings: frozenset[str]
    worth: float
    place: tuple[int, int]

    @property
    def words(self) -> int:
        """How long it is."""
        return len(self.text.split())


def nearness(vectors: Vectors, topic: Vectors) -> list[float]:
    """How near each sentence is to its neighbours' mean and to a topic, in about [0, 1].

    vectors: float32 (n, d) of unit length; topic: (d,) of unit length.
    """
    import numpy as np

    if not len(vectors):
        return []
    mean = vectors.mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    return [float(near) for near in 0.5 * (vectors @ mean) + 0.5 * (vectors @ topic)]


def brought(
    text: str, *, speakers: Iterable[str], place: tuple[int, int], piece: int
) -> frozenset[str]:
    """The names of what a sentence brings: "amount 170", "speaker lawyer", "word trial"."""
    found = {f"word {one}" for one in stems(text)}
    found |= {f"amount {one}" for one in _amounts(text)}
    found |= {f"name {folded(one)}" for one in islice(_whole_names(text), _NAMES)}
    found |= {f"{_kind_of(one)} {folded(one)}" for one in speakers if _is_somebody(one)}
    if gives_reason(text):
        found.add("reason")
    if _DAY.search(text) or _YEAR.search(text):
        found.add("when")
    return frozenset(found | {f"piece {place[0]} {piece}", f"document {place[0]}"})


def is_hearsay(speaker: str) -> bool:
    """Whether it is a bare "reports", "sources", "some"."""
    return len(speaker.split()) == 1 and not _is_somebody(speaker)


def _is_somebody(speaker: str) -> bool:
    """Whether it is a name or a role, and not "reports" or "sources"."""
    return any(word[:1].isupper() or word.casefold() in ROLES for word in speaker.split())


def _kind_of(speaker: str) -> str:
    said = speaker.split()
    whole = len(said) > 1 and all(word[:1].isupper() for word in said)
    return "person" if whole else "speaker"


def _amounts(text: str) -> list[str]:
    """Numbers that count or measure, dates left out; of a table's worth of them the least."""
    bare = _DAY.sub(" ", text)
    return sorted(one for one in numbers(bare) if not _YEAR.fullmatch(one))[:_AMOUNTS]


def _whole_names(text: str) -> Iterator[str]:
    """Runs of two capitalised words and more."""
    known = frozenset(names(text))
    for run in re.findall(r"[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)+", text):
        if known & frozenset(run.split()):
            yield run


def weights(statements: Sequence[Statement], *, headline: str) -> dict[str, float]:
    """What each thing that any of them brings is worth the first time."""
    spread = Counter(thing for one in statements for thing in one.brings)
    titled = frozenset(stem(word) for word in content_words(headline))
    fixed = {
        "amount": AMOUNT,
        "person": PERSON,
        "speaker": SPEAKER,
        "name": NAME,
        "piece": PIECE,
        "document": DOCUMENT,
        "reason": REASON,
        "when": WHEN,
    }
    found: dict[str, float] = {}
    for thing, count in spread.items():
        kind, _, what = thing.partition(" ")
        if kind == "word":
            found[thing] = WORD * math.log(count) * (HEADLINE if what in titled else 1.0)
        else:
            found[thing] = fixed[kind]
    return found


def choose(
    statements: Sequence[Statement], weight: Mapping[str, float], *, least: int, most: int
) -> tuple[int, ...]:
    """The indices of those that together bring the most within `most` words.

    A paragraph of less than `least` words is worth less for every word. Greedy,
    then mended by exchanges until none is better. The order is that of the source.
    """
    knapsack = _Knapsack(statements, weight, least=least, most=most)
    chosen: list[int] = []
    while (more := knapsack.next(chosen)) is not None:
        chosen.append(more)
    for _ in range(len(statements)):
        better = knapsack.exchanged(chosen)
        if better is None:
            break
        chosen = better
    return tuple(sorted(chosen, key=lambda at: statements[at].place))


class _Knapsack:
    def __init__(
        self,
        statements: Sequence[Statement],
        weight: Mapping[str, float],
        *,
        least: int,
        most: int,
    ) -> None:
        self._all = statements
        self._weight = weight
        self._least, self._most = least, most

    def value(self, chosen: Collection[int]) -> float:
        """What the chosen say together, less what the paragraph lacks in length."""
        things = frozenset[str]().union(*(self._all[at].brings for at in chosen))
        total = sum(self._weight[thing] for thing in sorted(things))
        total += sum(self._all[at].worth for at in sorted(chosen))
        return total - _SHORT * max(0, self._least - self._length(chosen))

    def next(self, chosen: Sequence[int]) -> int | None:
        """The one that adds the most for its length and still fits; None where none adds."""
        now, room = self.value(chosen), self._most - self._length(chosen)
        best, gained = None, 0.0
        for at, one in enumerate(self._all):
            if at in chosen or one.words > room:
                continue
            gain = (self.value([*chosen, at]) - now) / one.words**_LENGTH
            if gain > gained + 1e-9:
                best, gained = at, gain
        return best

    def exchanged(self, chosen: Sequence[int]) -> list[int] | None:
        """The best paragraph with one of the sentences left out, for another and what
        fits then; None where that is no better."""
        best, value = None, self.value(chosen)
        for gone in chosen:
            rest = [at for at in chosen if at != gone]
            for at, one in enumerate(self._all):
                if at in chosen or one.words > self._most - self._length(rest):
                    continue
                tried = [*rest, at]
                worth = self.value(tried)
                if worth > value + 1e-6:
                    best, value = tried, worth
        if best is None:
            return None
        while (more := self.next(best)) is not None:
            best.append(more)
        return best

    def _length(self, chosen: Collection[int]) -> int:
        return sum(self._all[at].words for at in chosen)
