"""Numbers, months and spans of time of a text, and whether one that is wanted is there."""

from __future__ import annotations

import re
from itertools import pairwise

from ragtool.words import STOPWORDS, folded, numbers, stem, words

_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    word: str(ten)
    for word, ten in zip(
        "thirty forty fifty sixty seventy eighty ninety".split(), range(30, 100, 10), strict=True
    )
}
# Ordinal numbers from the tenth on, in digits.
_ORDINALS = {"twelfth": "12"} | {
    f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th": value
    for word, value in _NUMBER_WORDS.items()
    if int(value) >= 10
}
# A number in digits that is no part of a name; what else says one; and what may be a year.
_COUNT = re.compile(r"(?<![\w.,'’-])\d+(?:[.,]\d+)*(?![\w'’-]|[.,]\d)")
_ROUND = {"half": "50", "quarter": "25", "dozen": "12", "hundred": "100", "thousand": "1000"}
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_NAMED = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
# A month as part of a sentence, so that neither "May I" nor "may" is one; the day of a month.
_MONTH = re.compile(rf"(?<=\w ){_NAMED}\b")
_DAY = re.compile(rf"\b(?:\d\d? {_NAMED}|{_NAMED} \d\d?)\b")
_MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_DATE = re.compile(r"\b\d{4}-(\d\d)\b")
_TIMES = frozenset("second minute hour day night week month year decade century".split())
# The counts that must be the same, and a part with its number and the word behind it.
_COUNTED = frozenset("23456789")
_PART = re.compile(r"\b(\w+) (third|quarter|half|fifth|tenth)s?\b(?:(?= (\w+)))?")
_FEW = {"both": "2", "pair": "2", "couple": "2", "twice": "2"} | {
    word: str(value)
    for value, word in enumerate(
        "second third fourth fifth sixth seventh eighth ninth".split(), start=2
    )
}
_AMOUNT_ASKED = re.compile(r"\bhow\s+(?:many|much)\b", re.IGNORECASE)
_AMOUNTS = frozenset(
    "no none nobody nothing half third thirds quarter quarters double twice dozen dozens hundred "
    "hundreds thousand thousands million millions billion billions all every both several few "
    "many most".split()
)


def in_digits(word: str) -> str:
    """A number word as digits, any other word as it is."""
    return _NUMBER_WORDS.get(word, word)


def is_amount_missing(question: str, text: str) -> bool:
    """Whether the question asks how many or how much and the text gives no amount."""
    if not _AMOUNT_ASKED.search(question):
        return False
    spelt = _NUMBER_WORDS.keys() | _AMOUNTS
    return not numbers(text) and not any(word in spelt for word in words(text))


def missing_numbers(sentence: str, source: str) -> tuple[str, ...]:
    """Numbers of the sentence, in digits or words, that the source doesn't hold."""
    held = numbers(source) | _spelt(source)
    return tuple(sorted(n for n in numbers(sentence) | _spelt(sentence, least=3) if n not in held))


def unknown_numbers(question: str, source: str) -> tuple[str, ...]:
    """Numbers of the question, from ten to a million, that the source holds nowhere.

    Years are left out, which a person may know from elsewhere, and what is
    written together with letters: "15th", "F-16". A thirtieth day holds thirty.
    """
    asked = {_in_ones(found) for found in _COUNT.findall(question)} | _spelt_alone(question)
    told = {_in_ones(found) for found in numbers(source)} | _spelt(source) | _compounds(source)
    known = _ROUND | _ORDINALS
    told |= {number for word, number in known.items() if word in words(source)}
    return tuple(
        sorted(n for n in asked - told if 10 <= int(n) < 1_000_000 and not _YEAR.fullmatch(n))
    )


def unknown_months(question: str, source: str) -> tuple[str, ...]:
    """Months of the question that the source holds nowhere, by name or in a date.

    A source in which no word begins as a month's name does holds any.
    """
    told = {word[:3] for word in words(source)} & set(_MONTHS)
    if not told:
        return ()
    told |= {_MONTHS[int(month) - 1] for month in _DATE.findall(source) if 1 <= int(month) <= 12}
    asked = dict.fromkeys(_MONTH.findall(question))
    return tuple(month for month in asked if month[:3].casefold() not in told)


def unknown_durations(question: str, source: str) -> tuple[str, ...]:
    """Spans of time of the question, "four days", whose number the source tells of another
    unit of time, "four hours", and of that unit nowhere."""
    asked, told = _durations(question), _durations(source)
    counts = {count for count, _ in told}
    return tuple(sorted(f"{count} {unit}" for count, unit in asked - told if count in counts))


def other_counts(question: str, text: str) -> tuple[str, ...]:
    """What the question counts, from two to nine, "nine drivers", or parts, "two thirds", and
    the text counts otherwise, "seven tram drivers", "a third", without that number anywhere."""
    asked, told = _counts(question), _counts(text)
    held = {count for count, _ in told} | numbers(text) | _spelt(text) | _few(text)
    counted = {
        f"{count} {what[0]}"
        for count, what in asked
        if count not in held and any(what[0] in other or other[0] in what for _, other in told)
    }
    parts, of_text = _parts(question), _parts(text)
    divided = {part for _, part in of_text}
    parted = {f"{count} {part}" for count, part in parts - of_text if part in divided}
    return tuple(sorted(counted | parted))


def _counts(text: str) -> frozenset[tuple[str, tuple[str, ...]]]:
    """Numbers from two to nine, in digits, each with the stems of the two words of meaning
    behind it, of which one is what they count; the day of a month is none."""
    plain = _DAY.sub(" ", text).replace("-", " ")
    found = [in_digits(word) for word in words(plain) if word not in STOPWORDS]
    behind = [
        (count, tuple(stem(word) for word in found[at : at + 2] if not word.isdigit()))
        for at, count in enumerate(found, start=1)
        if count in _COUNTED
    ]
    return frozenset((count, what) for count, what in behind if what)


def _parts(text: str) -> frozenset[tuple[str, str]]:
    """Parts of a whole, "two thirds", with their number, in digits; "a third man" is none."""
    return frozenset(
        ("1" if count == "a" else in_digits(count), part)
        for count, part, what in _PART.findall(folded(text).replace("-", " "))
        if (count == "a" or in_digits(count).isdigit()) and (not what or what in STOPWORDS)
    )


def _few(text: str) -> frozenset[str]:
    """Numbers below ten that are told by other words: "both", "a third day"."""
    return frozenset(_FEW[word] for word in words(text) if word in _FEW)


def _durations(text: str) -> frozenset[tuple[str, str]]:
    """Numbers, in digits, with the unit of time behind them, in the singular."""
    found = words(text.replace("-", " "))
    return frozenset(
        (in_digits(count), unit.rstrip("s"))
        for count, unit in pairwise(found)
        if unit.rstrip("s") in _TIMES and in_digits(count).isdigit()
    )


def _in_ones(number: str) -> str:
    """A number's digits alone: "4,500" and "4.500" are the same."""
    return re.sub(r"\D", "", number)


def _spelt_alone(text: str) -> frozenset[str]:
    """Numbers of one word that is no part of a longer one, as "thirty" in "thirty-six"."""
    found = words(text)
    parts = _NUMBER_WORDS.keys() | _ROUND.keys() | {"million", "billion"}
    near = [{*found[max(0, at - 1) : at], *found[at + 1 : at + 2]} for at in range(len(found))]
    return frozenset(
        _NUMBER_WORDS[word]
        for word, beside in zip(found, near, strict=True)
        if word in _NUMBER_WORDS and not beside & parts
    )


def _compounds(text: str) -> frozenset[str]:
    """Numbers as "thirty-six" or "thirty six"."""
    found = [_NUMBER_WORDS.get(word, "") for word in words(text)]
    return frozenset(
        str(int(tens) + int(ones))
        for tens, ones in pairwise(found)
        if tens and ones and int(tens) >= 20 and int(ones) < 10
    )


def _spelt(text: str, *, least: int = 0) -> frozenset[str]:
    return frozenset(
        _NUMBER_WORDS[word]
        for word in words(text)
        if word in _NUMBER_WORDS and int(_NUMBER_WORDS[word]) >= least
    )
