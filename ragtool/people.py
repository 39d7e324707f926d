"""Persons' names in a text: where they stand, whole or in part, and he or she.

Whom a pronoun or a role stands for is left to `coreference` and `roles`.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ragtool.first_names import Pronoun, is_first_name, pronoun_of
from ragtool.phrases import DETERMINERS, PREPOSITIONS, STOP
from ragtool.records import Span
from ragtool.titles import HONORIFICS, MEN, RANKS, ROLES, TITLED, WOMEN

# What speaks for a man or a woman: a title, each time, a first name, and a pronoun behind the name.
_TITLE, _FIRST_NAME, _CALLED = 3, 2, 1
_HE_OR_SHE = re.compile(r"\b(?:(?P<he>he|him|his)|(?P<she>she|her|hers))\b", re.IGNORECASE)
# No name begins with these.
_OPENERS = STOP | DETERMINERS | PREPOSITIONS | ROLES | HONORIFICS
_OPENERS |= frozenset("hi hello hey dear without".split())
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
# Behind a surname.
_NUMERALS = frozenset("I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI".split())
_SUFFIXES = _NUMERALS | frozenset("Jr Jr. Sr Sr.".split())
# First names that more often begin what is nobody: "Roman Catholicism", "Virginia Rail".
_NO_FIRST_NAMES = frozenset(
    "Roman German French Virginia Georgia Carolina Dakota Florence Paris Israel Jordan".split()
)
# So many times as often as behind "the" a surname stands without it.
_THE = 3
# Words that end so tell what somebody is, more often than not.
_TRADE = re.compile(r"\w{2}(?:er|or|ist|ian|man|woman|ess)$")
_OF_PLACES = PREPOSITIONS - {"by"}
_SENTENCE_END = re.compile(r"[.!?][\"”»]?\s|\n|[\"“«„]")
# The Latin script's capitals, "Á" and "Ş" too.
_CAPITALS = "".join(filter(str.isupper, map(chr, range(ord("A"), 0x250))))
_FULL_NAME = re.compile(
    rf"(?<![\w.])[{_CAPITALS}](?:[\w'’-]+|\.(?:[{_CAPITALS}]\.)*)"
    rf"(?:[ ]+(?:(?:[{_CAPITALS}]\.)+|[{_CAPITALS}][\w'’-]+"
    r"|de|da|di|del|la|le|van|von|der|den|al|bin|el|ter))*"
    rf"[ ]+(?:[a-z]{{2,3}}-|O['’])?[{_CAPITALS}][\w’-]*\w"
)
_CAPITALISED = re.compile(rf"\b(?:O')?[{_CAPITALS}]\w+(?:[-’](?!s\b)\w+)*\b")
_NO_PERSON = frozenset(
    """
    board authority ministry university party council committee court agency bank union federation
    association institute company group house street city county district state states republic
    party party's office department commission foundation hospital school college league club museum
    theatre opera church police press times post herald news journal tribune gazette morning courier
    radio television review assembly parliament congress senate services service trust society
    north south east west new old great lake river mount port harbour monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september
    october november december
    dispatch mercury lantern courier wire echo star sun globe mail standard observer guardian
    chronicle sentinel bugle examiner argus mirror bulletin record ledger beacon lane road square
    bridge hill valley island islands shelf coast bay sea region province line court
    stadium arena airport tower hotel park garden gardens cathedral castle palace dynasty empire
    war treaty act conference summit cup league award prize festival
    administration body resort records network earthquake hurricane cyclone fort point rovers
    day doctrine co kg gmbh inc ltd llc corp plc resources foods electric partners airlines
    """.split()
)


def people(text: str, within: Span) -> list[Span]:
    """Names of two words or more that may be a person's, in order."""
    found = _people(text)
    first = bisect_left(found, within.start, key=lambda name: name.start)
    last = bisect_left(found, within.end, lo=first, key=lambda name: name.start)
    return [name for name in found[first:last] if name.end <= within.end]


@functools.lru_cache(maxsize=64)
def _people(text: str) -> tuple[Span, ...]:
    matches = (Span(match.start(), match.end()) for match in _FULL_NAME.finditer(text))
    return tuple(name for match in matches for name in _bare(text, match))


def _bare(text: str, match: Span) -> Iterator[Span]:
    """A run of capitalised words without what is no name in front; none if nothing is left."""
    words = [
        Span(match.start + word.start(), match.start + word.end())
        for word in re.finditer(r"\S+", match.of(text))
    ]
    parts = [word.of(text).casefold().rstrip(".,") for word in words]
    titles = [
        at
        for at, part in enumerate(parts)
        if part in _OPENERS - PREPOSITIONS
        or (len(part) > 1 and part.isalpha() and words[at].of(text).isupper())
        or _tells_what(text, words[at : at + 2])
    ]
    first = max((at + 1 for at in titles if len(parts) - at > 2), default=0)
    shouted = all(word.of(text).isupper() for word in words[first:])
    if shouted or set(parts[first:]) & _NO_PERSON:
        return
    # "Home Minister", but Tim Cook and Stephen King.
    named = parts[-1] not in _OPENERS or is_first_name(words[first].of(text))
    if named and parts[first] not in _OPENERS:
        possessive = 2 * match.of(text).endswith(("'s", "’s"))
        yield Span(words[first].start, match.end - possessive)


def _tells_what(text: str, words: Sequence[Span]) -> bool:
    """Whether the first of two words is what somebody is, whose first name is the second:
    "Astronomer Jane", "Labour's Jane"."""
    if len(words) < 2 or not is_first_name(words[1].of(text)):
        return False
    first = words[0].of(text)
    told = bool(_TRADE.search(first)) or first.endswith(("'s", "’s"))
    return told and not is_first_name(first)


@functools.lru_cache(maxsize=64)
def _by_part(text: str) -> Mapping[str, Sequence[Span]]:
    """The people of a text by each word of their names, in order."""
    found: dict[str, list[Span]] = defaultdict(list)
    for name in _people(text):
        for part in name.of(text).split():
            found[part.removeprefix("al-")].append(name)
    return found


def full_name(text: str, name: Span) -> Span:
    """The nearest fuller name before a surname or first name that stands alone.

    Where two persons bear it, or a place does, or a title stands before it that tells of
    somebody else, the name as it stands: a wrong one is worse.
    """
    word = name.of(text)
    if word.isupper():
        return name  # an abbreviation is no surname
    if re.search(rf"\b(?:in|near|outside|across) {re.escape(word)}\b", text):
        return name  # Denzel Washington, and "in Washington"
    fuller = [span for span in _by_part(text).get(word, ()) if span.end <= name.start]
    if len({span.of(text) for span in fuller}) != 1:
        return name
    whole = fuller[-1]
    known = _title(text, name) in HONORIFICS or _is_known(
        text, whole.of(text), by_surname=_surname(whole.of(text)) == word
    )
    if not known or _is_relative(text, name, whole) or _goes_on(text, name):
        return name
    return whole


def _title(text: str, name: Span) -> str:
    """The word before a name, as a title is written: "mrs"."""
    return "".join(text[: name.start].split()[-1:]).casefold().rstrip(".")


def _is_known(text: str, name: str, *, by_surname: bool) -> bool:
    """Whether a name is a person's as far as the text tells, who may be called by that part:
    a king by no surname, and a company beside what it is ("Doe Foods, the owner") by none."""
    if name.split()[-1] in _NUMERALS:
        return False
    sure = is_surely_person(text, name) if by_surname else _has_first_name(name)
    return sure or gender(text, name) is not None


def _has_first_name(name: str) -> bool:
    first = name.split()[0]
    return is_first_name(first) and first not in _NO_FIRST_NAMES


def _goes_on(text: str, name: Span) -> bool:
    """Whether a single name is part of a longer one: "Henry of Navarre", "North American"."""
    if re.match(rf" (?:(?:of|the) )?[{_CAPITALS}]", text[name.end : name.end + 6]):
        return True
    before = re.search(rf"(?:^|\W)([{_CAPITALS}][\w'’-]*) $", text[: name.start][-40:])
    return before is not None and before[1].casefold() not in _OPENERS | _DAYS


def _is_relative(text: str, name: Span, whole: Span) -> bool:
    """Whether the name's title is another's of the same name: "King Salman" is not Mohammad
    bin Salman, nor "Mrs Lee" an Alison Lee who is called Alison elsewhere."""
    title = _title(text, name)
    word, first = name.of(text), whole.of(text).split()[0]
    if first == word:
        return False
    called = re.search(rf"\b{re.escape(first)}\b(?! [A-Z])", text)
    return title in RANKS or (title == "mrs" and called is not None)


def is_shared(text: str, name: Span) -> bool:
    """Whether a single word is part of the names of two persons of the text: of two brothers."""
    return len({span.of(text) for span in _by_part(text).get(name.of(text), ())}) > 1


def persons(text: str, within: Span) -> list[Span]:
    """Persons named within, in order: by their whole name or by a surname known from before."""
    whole = people(text, within)
    alone = [
        word
        for word in _capitalised(text, within)
        if _is_surname(text, word.of(text), before=within.end)
        and not any(name.holds(word) for name in whole)
    ]
    found = [name for name in whole if _is_person(text, name.of(text))]
    return sorted([*found, *alone], key=lambda one: one.start)


def strangers(text: str, within: Span) -> list[Span]:
    """Single capitalised words within that may be names, of persons or of anything."""
    whole = people(text, within)
    return [
        word
        for word in _capitalised(text, within)
        if _is_name(text, word.of(text)) and not any(name.holds(word) for name in whole)
    ]


def _capitalised(text: str, within: Span) -> Iterator[Span]:
    for word in _CAPITALISED.finditer(text, within.start, within.end):
        if not word.group().isupper():
            yield Span(word.start(), word.end())


def _is_name(text: str, word: str) -> bool:
    """Whether a capitalised word is a name by itself: it is so inside sentences too, never in
    lower case, and seldom behind "the" ("the Chinese", "the Senate")."""
    written = _written(text)
    if word.casefold() in _NO_PERSON | _OPENERS or word.lower() in written.count:
        return False
    return word in written.inside and _THE * written.behind_the[word] <= written.count[word]


@dataclass(frozen=True, slots=True)
class _Written:
    """How the words of a text are written: how often each as it is, how often the
    capitalised ones behind "the", and which of these stand inside a sentence."""

    count: Counter[str]
    behind_the: Counter[str]
    inside: frozenset[str]


@functools.lru_cache(maxsize=64)
def _written(text: str) -> _Written:
    capitalised = _CAPITALISED.pattern.removeprefix(r"\b")
    return _Written(
        Counter(re.findall(r"\b\w+(?:[-’](?!s\b)\w+)*", text)),
        Counter(re.findall(rf"(?<=\b[Tt]he ){capitalised}", text)),
        frozenset(re.findall(rf"(?<=[\w,;] ){capitalised}", text)),
    )


def _surname(name: str) -> str:
    parts = name.split()
    return next((part for part in reversed(parts) if part not in _SUFFIXES), parts[-1])


def _is_surname(text: str, word: str, *, before: int) -> bool:
    """Whether the word ends the name of a person whom the text names before that place."""
    return _is_name(text, word) and any(
        name.end <= before and _surname(name.of(text)) == word and _is_person(text, name.of(text))
        for name in _by_part(text).get(word, ())
    )


@functools.lru_cache(maxsize=4000)
def _is_person(text: str, name: str) -> bool:
    """Whether a name may be a person's: it does not always follow "the", or what has a title
    ("the film"), and what does not begin with a first name never does, nor always a
    preposition of place."""
    before = {word.casefold() for word in re.findall(rf"(\w*)\W+{re.escape(name)}\b", f"\n{text}")}
    if is_first_name(name.split()[0]):
        return bool(before - {"the"} - TITLED)
    return before.isdisjoint(TITLED | {"the"}) and bool(before - _OF_PLACES)


@functools.lru_cache(maxsize=4000)
def is_surely_person(text: str, name: str) -> bool:
    """Whether a name is a person's for certain: it begins with a first name, or what somebody
    is stands beside it somewhere: "tailor Jane Doe", "Jane Doe, the tailor"."""
    if _has_first_name(name):
        return True
    shown = re.escape(name)
    before = re.findall(rf"(\w+)\.?,?\s+{shown}\b", text)
    behind = re.findall(rf"{shown}, (?:an?|the|its|their|whose|who)\s+([^,.;:]+)", text)
    return any(_is_role(word) for word in [*before, *" ".join(behind).split()])


def _is_role(word: str) -> bool:
    low = word.casefold().rstrip(".")
    return low in ROLES | HONORIFICS | {"who"} or (word == low and _TRADE.search(low) is not None)


@functools.lru_cache(maxsize=4000)
def gender(text: str, name: str) -> Pronoun | None:
    """ "he" or "she", by the title, the first name, and what the text calls the person;
    None where that does not tell."""
    votes = {"he": 0, "she": 0}
    behind: Counter[str] = Counter()
    first = pronoun_of(name.split()[0])
    if first is not None:
        votes[first] += _FIRST_NAME
    for match in re.finditer(rf"\b{re.escape(_surname(name))}\b", text):
        before = text[max(0, match.start() - 40) : match.start()].casefold().split()[-4:]
        titles = {word.strip(".,") for word in before}
        votes["he"] += _TITLE * bool(MEN & titles)
        votes["she"] += _TITLE * bool(WOMEN & titles)
        called = _HE_OR_SHE.search(_about(text, match.end()))
        if called is not None and not _is_at(text, match.start(), name):
            behind["he" if called["he"] else "she"] += 1
    # However often another's "she" stands behind his name, a first name weighs more.
    if behind["he"] != behind["she"]:
        votes[max(behind, key=lambda each: behind[each])] += _CALLED
    if votes["he"] == votes["she"]:
        return None
    return "he" if votes["he"] > votes["she"] else "she"


def _is_at(text: str, surname: int, name: str) -> bool:
    """Whether what ends in that surname is told of as a place: "at Fort Doe, he ..."."""
    before = text[max(0, surname - len(name) - 8) : surname]
    words = before.removesuffix(name.removesuffix(_surname(name))).split()
    return bool(words) and words[-1].casefold() in _OF_PLACES


def _about(text: str, at: int) -> str:
    """What follows a name until another name, or the end of its sentence."""
    behind = text[at : at + 140]
    behind = re.split(r"\b[A-Z][\w’-]+\s+[A-Z]", behind)[0]
    return _SENTENCE_END.split(behind)[0]
