"""Names in a text, and whom a pronoun, a surname or a role stands for.

Looks backwards in the same document only; where nothing fits, the words as
they stand are the answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from ragtool.mentions import (
    DETERMINERS,
    HONORIFICS,
    PREPOSITIONS,
    PRONOUNS,
    ROLES,
    STOP,
    Mention,
    after,
    tokens,
)
from ragtool.records import Span

# How many characters back a name is looked for: a long article's length.
REACH = 20_000
_MASCULINE_BEFORE = frozenset(
    "mr sir father brother son king prince chairman spokesman husband".split()
)
_FEMININE_BEFORE = frozenset(
    "mrs ms miss mother sister daughter queen chairwoman spokeswoman wife princess".split()
)


def resolve(text: str, mention: Mention, *, sentences: Sequence[Span]) -> Span:
    """Where the fullest name stands that the mention stands for.

    sentences: those up to the mention's own, in order; a pronoun looks back
    through the last of them. The mention's own name is returned when nothing
    fuller is found.
    """
    shown = mention.name.of(text)
    found = [word.casefold().rstrip(".") for word in re.findall(r"\w+\.?", shown)]
    if len(found) == 1 and found[0] in PRONOUNS:
        return _of_pronoun(text, mention, found[0], sentences)
    if len(found) == 1 and shown[:1].isupper():
        return full_name(text, mention.name)
    if len(found) > 1 and found[0] in {"the", "its", "their", "his", "her"} and found[-1] in ROLES:
        return _of_role(text, mention, found[-1])
    return mention.name


_FULL_NAME = re.compile(
    r"\b[A-Z][\w'’-]+"
    r"(?:[ ]+(?:[A-Z]\.|[A-Z][\w'’-]+|de|da|di|del|la|le|van|von|der|den|al|bin|el|ter))*"
    r"[ ]+[A-Z][\w’-]*\w"
)
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
    """.split()
)


def _behind(end: int) -> Span:
    """The part of a text before `end` in which names are looked for."""
    return Span(max(0, end - REACH), end)


def people(text: str, within: Span) -> list[Span]:
    """Names of two words or more that may be a person's, in order."""
    found = []
    for match in _FULL_NAME.finditer(text, within.start, within.end):
        start = match.start()
        parts = match.group().split()
        start += _abbreviated(match.group(), parts)
        parts = text[start : match.end()].split()
        while (
            len(parts) > 2
            and parts[0].casefold().rstrip(".") in STOP | DETERMINERS | ROLES | HONORIFICS
        ):
            start = text.index(parts[1], start + len(parts[0]))
            parts = parts[1:]
        low = {part.casefold().rstrip(".,") for part in parts}
        opening = parts[0].casefold() in STOP | DETERMINERS | PREPOSITIONS | ROLES | HONORIFICS
        if not opening and not low & _NO_PERSON:
            found.append(Span(start, match.end()))
    return found


def _abbreviated(shown: str, parts: Sequence[str]) -> int:
    """How many characters before a name end with an abbreviation: "Browns DL Jane Doe"."""
    for part in reversed(parts[:-2]):
        if len(part) > 1 and part.isalpha() and part.isupper():
            return shown.rindex(f"{part} ") + len(part) + 1
    return 0


def full_name(text: str, name: Span) -> Span:
    """The nearest fuller name before a surname or first name that stands alone.

    Where two persons bear it, the name as it stands: a wrong one is worse.
    """
    word = name.of(text)
    if word.isupper():
        return name  # an abbreviation is no surname
    fuller = [
        span
        for span in people(text, _behind(name.start))
        if word in re.split(r"\s+", span.of(text))
    ]
    return fuller[-1] if len({span.of(text) for span in fuller}) == 1 else name


def _of_role(text: str, mention: Mention, role: str) -> Span:
    """ "the minister": the last name before it, or next behind it, that carries the role."""
    best: Span | None = None
    for span in people(text, _behind(mention.span.start)):
        before = text[max(0, span.start - 60) : span.start].casefold()
        behind = text[span.end : span.end + 60].casefold()
        carried = re.search(rf"\b{role},?\s+(?:(?:of|for)\s+[\w\s]{{2,40}})?$", before)
        if carried or re.match(rf",\s+[^.;\n]{{0,45}}\b{role}\b", behind):
            best = span
    return best or mention.name


def _of_pronoun(text: str, mention: Mention, pronoun: str, sentences: Sequence[Span]) -> Span:
    """The person whom he or she stands for: the first named in the nearest sentence before.

    Of whom the text tells that it is a he or a she; one of whom it does not
    tell only where nobody else is named nearby.
    """
    pronoun = {"his": "he", "her": "she"}.get(pronoun, pronoun)
    if pronoun not in {"he", "she"}:
        return mention.name
    unknown: list[Span] = []
    for name in _named_before(text, mention.span.start, sentences[-7:]):
        called = gender(text, name.of(text))
        if called == pronoun:
            return unknown[0] if _is_role(text, unknown) else name
        if called is None:
            unknown.append(name)
    alone = len({name.of(text) for name in unknown}) == 1
    return unknown[0] if alone else mention.name


def _is_role(text: str, names: Sequence[Span]) -> bool:
    """Whether the nearest is a nameless person: "One patient did not ..."."""
    return bool(names) and names[0].of(text).casefold().split()[-1] in ROLES


def _named_before(text: str, end: int, sentences: Sequence[Span]) -> Iterator[Span]:
    """Persons named before `end`, sentence by sentence backwards, in each from its beginning."""
    for span in reversed(sentences):
        part = Span(span.start, min(span.end, end))
        found = [name for name in people(text, part) if _is_person(text, name)]
        alone = [full_name(text, name) for name in _surnames(text, part, found)]
        nameless = _opening_role(text, span) if span.end < end else []
        yield from sorted([*found, *alone, *nameless], key=lambda one: one.start)


def _is_person(text: str, name: Span) -> bool:
    """Whether a name may be a person's: it never follows "the", nor a preposition each time."""
    shown = re.escape(name.of(text))
    if re.search(rf"\bthe\s+{shown}\b", text):
        return False
    before = re.findall(rf"(\w*)\W+{shown}\b", text)
    return not before or any(word.casefold() not in PREPOSITIONS for word in before)


def _opening_role(text: str, sentence: Span) -> list[Span]:
    """A nameless person that the sentence begins with: "One patient did not ..."."""
    line = tokens(text, sentence)
    heard = after(line, 0) if line and line[0].word else None
    if heard is None:
        return []
    phrase = line[heard[0] : heard[1]]
    plain = phrase[0].low in {"a", "an", "one", "another"}
    plain = plain and not any(token.capital for token in phrase[1:])
    roles = [at for at, token in enumerate(phrase) if token.low in ROLES]
    return [Span(phrase[0].start, phrase[roles[-1]].end)] if plain and roles else []


def _surnames(text: str, within: Span, found: Sequence[Span]) -> list[Span]:
    """Single capitalised words that elsewhere end a person's name."""
    persons = (name for name in people(text, _behind(within.end)) if _is_person(text, name))
    known = {name.of(text).split()[-1] for name in persons}
    return [
        Span(match.start(), match.end())
        for match in re.finditer(r"\b[A-Z][\w’-]+\b", text[: within.end])
        if match.start() >= within.start
        and match.group() in known
        and not any(span.holds(Span(match.start(), match.end())) for span in found)
    ]


@functools.lru_cache(maxsize=2000)
def gender(text: str, name: str) -> str | None:
    """ "he" or "she" as the text itself calls the person, None where it does not tell."""
    votes = {"he": 0, "she": 0}
    surname = name.split()[-1]
    for match in re.finditer(rf"\b{re.escape(surname)}\b", text):
        before = text[max(0, match.start() - 40) : match.start()].casefold().split()[-4:]
        votes["he"] += 3 * bool(_MASCULINE_BEFORE & {word.strip(".,") for word in before})
        votes["she"] += 3 * bool(_FEMININE_BEFORE & {word.strip(".,") for word in before})
        behind = re.split(r"\b[A-Z][\w’-]+\s+[A-Z]", text[match.end() : match.end() + 140])[0]
        called = re.search(r"\b(he|him|his|she|her|hers)\b", behind, re.IGNORECASE)
        if called:
            votes["she" if called.group().casefold() in {"she", "her", "hers"} else "he"] += 1
    if votes["he"] == votes["she"]:
        return None
    return max(votes, key=lambda one: votes[one])
