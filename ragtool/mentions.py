"""The name in a noun phrase that speaks, or beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragtool.phrases import DETERMINERS, PARTICLES, PREPOSITIONS, Token
from ragtool.records import Span
from ragtool.titles import HONORIFICS, ROLES

# What a name before "of" ends with that is no person's.
_OFFICES = frozenset(
    """
    association authority bank board bureau center centre chamber church club college commission
    committee council court department division federation house institute ministry museum office
    party school service services society union university
    """.split()
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A noun phrase. span: all of it. name: the name in it, or all of it."""

    span: Span
    name: Span


def mention(text: str, line: list[Token], first: int, last: int) -> Mention:
    """The noun phrase of the tokens [first, last), with the name inside it, or
    the one behind it in commas: "its director, Bettina Ravnsborg, said"."""
    span = Span(line[first].start, line[last - 1].end)
    low, high = _name(text, line[first:last])
    inside = line[first + low : first + high]
    behind = None if _is_full_name(inside) else _appended_name(line, last)
    if behind is not None:
        return Mention(span, behind)
    return Mention(span, Span(inside[0].start, inside[-1].end))


def _is_full_name(phrase: list[Token]) -> bool:
    return len(phrase) > 1 and all(token.capital or token.low in PARTICLES for token in phrase)


def _appended_name(line: list[Token], at: int) -> Span | None:
    """A name of two words or more between the comma at `at` and the next mark."""
    if at + 2 >= len(line) or line[at].text != ",":
        return None
    end = at + 1
    while end < len(line) and (line[end].capital or line[end].low in PARTICLES):
        end += 1
    closed = (
        end == len(line) or line[end].text in ',.;:)—–-"”' or line[end].low in {"who", "of", "on"}
    )
    if end - at < 3 or not closed or not line[end - 1].capital:
        return None
    return Span(line[at + 1].start, line[end - 1].end)


def _name(text: str, phrase: list[Token]) -> tuple[int, int]:
    """The part of a noun phrase that names: token range inside the phrase."""
    head = next((i for i, token in enumerate(phrase) if token.low in PREPOSITIONS), 0)
    if _is_person_like(phrase[:head]):
        return _name(text, phrase[:head])  # "Jane Doe of the Department of Health"
    if any(token.low == "and" for token in phrase):
        return int(phrase[0].low == "both"), len(phrase)
    run = len(phrase)
    while run > 0 and (
        phrase[run - 1].capital or phrase[run - 1].low in PARTICLES or phrase[run - 1].text == "."
    ):
        run -= 1
    while run < len(phrase) and not phrase[run].capital:
        run += 1
    length = len(phrase) - run
    if length == 0:
        return 0, len(phrase)
    if 0 < head < run and phrase[run - 1].low not in ROLES | PREPOSITIONS:
        return 0, len(phrase)  # "the authors of a paper in the journal Cell"
    after_preposition = run > 0 and phrase[run - 1].low in PREPOSITIONS
    if after_preposition:
        role = any(token.low in ROLES for token in phrase[:run])
        if role and (length >= 4 or (length == 3 and _stands_alone(text, phrase[-1]))):
            return len(phrase) - 2, len(phrase)
        return 0, len(phrase)
    titles = [i for i in range(run, len(phrase) - 1) if phrase[i].low in ROLES]
    if titles and len(phrase) - titles[-1] - 1 >= 2:
        return titles[-1] + 1, len(phrase)
    while run < len(phrase) - 1 and phrase[run].low.rstrip(".") in HONORIFICS:
        run += 1
    only_role = all(token.low in ROLES for token in phrase[run:])  # "one start-up CEO"
    if run > 0 and (phrase[run - 1].low in DETERMINERS or only_role):
        return 0, len(phrase)  # "the Harbour Authority": the determiner belongs to it
    return run, len(phrase)


def _is_person_like(phrase: list[Token]) -> bool:
    """Whether the phrase ends with two capitalised words, none of them of an office."""
    last = phrase[-2:]
    return len(last) == 2 and all(
        token.capital and token.low not in ROLES | _OFFICES for token in last
    )


def _stands_alone(text: str, token: Token) -> bool:
    """Whether the word occurs elsewhere as a surname would: with no name before it."""
    pattern = re.compile(rf"(?<![A-Z]\w)(?:^|[\n.“\"”,;]\s*|\b[a-z]+\s+){re.escape(token.text)}\b")
    return any(match.end() != token.end for match in pattern.finditer(text))
