"""How answers and ranks are scored, and what a share or a mean of few questions is worth.

Answers are compared as SQuAD does it (Rajpurkar et al. 2016, arXiv 1606.05250).
What is scored, and against what, is left to `pipeline`.
"""

from __future__ import annotations

import math
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from ragtool.results import Mean, Share

# Of a normal distribution, 95 % lie within so many standard deviations.
Z = 1.959964
_ARTICLES = frozenset(("a", "an", "the"))


def normalise(text: str) -> str:
    """SQuAD's form of a text: small letters, no punctuation, no English articles,
    single blanks. Punctuation is ASCII's and all that Unicode calls so."""
    bare = "".join(char for char in text.lower() if not _is_punctuation(char))
    return " ".join(word for word in bare.split() if word not in _ARTICLES)


def contains(text: str, words: str) -> bool:
    """Whether `text` holds `words`, both normalised, as whole words. No words are nowhere."""
    wanted = normalise(words)
    return bool(wanted) and f" {wanted} " in f" {normalise(text)} "


def holds_any(text: str, golds: Iterable[str]) -> bool:
    """Whether `text` contains one of the gold answers."""
    return any(contains(text, gold) for gold in golds)


def token_f1(text: str, gold: str) -> float:
    """The harmonic mean of precision and recall of the normalised words, in [0, 1]."""
    said, wanted = normalise(text).split(), normalise(gold).split()
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


def best_f1(text: str, golds: Iterable[str]) -> float:
    """The highest token F1 against any of the gold answers; 0 without one."""
    return max((token_f1(text, gold) for gold in golds), default=0.0)


def first_rank(found: Iterable[bool]) -> int | None:
    """The rank, from 1, of the first hit that is found; None where none is."""
    return next((rank for rank, there in enumerate(found, start=1) if there), None)


def reciprocal(rank: int | None) -> float:
    """1 / rank, 0 without a rank."""
    return 0.0 if rank is None else 1 / rank


def share(held: Sequence[bool]) -> Share:
    """How many hold, of all of them, of which there is at least one."""
    count, of = sum(held), len(held)
    return Share(count, of, wilson(count, of))


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927), in [0, 1]. `of` is at least 1."""
    spread = Z * Z / of
    middle = (count / of + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(count * (of - count) / of**3 + spread / (4 * of))
    # At none and at all the bounds are 0 and 1 but for the last bit.
    return (middle - half if count else 0.0), (middle + half if count < of else 1.0)


def mean(values: Sequence[float]) -> Mean:
    """The mean of the values, of which there is at least one."""
    of = len(values)
    middle = math.fsum(values) / of
    if of == 1:
        return Mean(middle, of, None)
    variance = math.fsum((value - middle) ** 2 for value in values) / (of - 1)
    half = Z * math.sqrt(variance / of)
    return Mean(middle, of, (middle - half, middle + half))


def median(values: Sequence[float]) -> float:
    """The middle one of the values, of which there is at least one; of two, their mean."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the values, of which there is at least one, that `percent` %
    of them, 1 to 100, don't exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")
