"""Noun phrases that can speak.

Finds the noun phrase before or after a verb and the name in it. Whom a phrase
without a name stands for is left to `coreference` and `roles`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragtool.cues import CUE_FORMS
from ragtool.records import Span
from ragtool.titles import HONORIFICS, ROLES

TOKEN = re.compile(
    r"(?:[A-Z]\.){2,}|(?:Mr|Mrs|Ms|Dr|Prof|St|Gen|Lt|Col|Sgt|Rev|Hon|Sen|Gov|[A-Z])\.(?=\s)|\b[JS]r\."
    r"|\w+(?:[.'’&-]\w+)*|[^\w\s]"
)
_WORDY = re.compile(r"\w")

PRONOUNS = frozenset("he she they it i we his her".split())

# Where a noun phrase can't go on to the left.
STOP = frozenset(
    """
    that which who whom whose because when while if as but although though after before since then
    however whether where why how than until unless despite whereas so yet or nor and is are was
    were be been being am has have had having do does did will would can could shall should may
    might must to not never also reportedly allegedly repeatedly later earlier again still only
    already previously recently today yesterday meanwhile nevertheless moreover instead there
    """.split()
)
_BEFORE_VERB = frozenset(
    """
    also has have had reportedly allegedly repeatedly later earlier again still already
    previously recently then once since publicly firmly flatly strongly simply angrily quietly
    bluntly initially subsequently consistently explicitly privately separately today yesterday
    himself herself themselves itself was were is are be being been will would did does do could
    may might must not never only just both all himself immediately finally merely even now
    monday tuesday wednesday thursday friday saturday sunday
    """.split()
)
PREPOSITIONS = frozenset("of for at in from with by on to under into behind near against".split())
_PARTICLES = frozenset(
    "de da di del della der den van von bin ibn al el la le du dos das ter y".split()
)
DETERMINERS = frozenset(
    "the a an this that these those his her their its our one another some".split()
)
# What opens an aside in commas behind a name, besides a noun phrase.
_ASIDES = frozenset("who whose which including now then via".split())
# What ends a speaker behind the verb.
_BEHIND = frozenset(
    """
    on during about over in at to by
    monday tuesday wednesday thursday friday saturday sunday
    """.split()
)
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


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark, with where it stands."""

    text: str
    start: int
    end: int

    @property
    def low(self) -> str:
        """The word in lower case."""
        return self.text.casefold()

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[:1].isupper()

    @property
    def word(self) -> bool:
        """Whether it is a word and no mark."""
        return bool(_WORDY.match(self.text))


def tokens(text: str, within: Span) -> list[Token]:
    """The words and marks of a part of a text, in order."""
    return [
        Token(match.group(), match.start(), match.end())
        for match in TOKEN.finditer(text, within.start, within.end)
    ]


def before_verb(line: list[Token], verb: int) -> tuple[int, int] | None:
    """The subject before the verb at index `verb`: token range [first, last), or None.

    Adverbs and auxiliaries between are skipped, and so is an apposition or a
    relative clause in commas: "X, a lawyer who knows them, said".
    """
    end = verb
    while end > 0 and (line[end - 1].low in _BEFORE_VERB or line[end - 1].low.endswith("ly")):
        end -= 1
    if end and line[end - 1].text in ",)":
        opened = _apposition_start(line, end - 1)
        if opened is None:
            return None
        end = opened
    first = end
    while first > 0 and _belongs(line, first - 1, end):
        first -= 1
    return _trimmed(line, first, end)


def after(line: list[Token], at: int) -> tuple[int, int] | None:
    """The noun phrase that begins at token `at`: token range, or None."""
    end = at
    while end < len(line) and _goes_on(line, end, at):
        end += 1
    return _trimmed(line, at, end)


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
    return len(phrase) > 1 and all(token.capital or token.low in _PARTICLES for token in phrase)


def _appended_name(line: list[Token], at: int) -> Span | None:
    """A name of two words or more between the comma at `at` and the next mark."""
    if at + 2 >= len(line) or line[at].text != ",":
        return None
    end = at + 1
    while end < len(line) and (line[end].capital or line[end].low in _PARTICLES):
        end += 1
    closed = (
        end == len(line) or line[end].text in ',.;:)—–-"”' or line[end].low in {"who", "of", "on"}
    )
    if end - at < 3 or not closed or not line[end - 1].capital:
        return None
    return Span(line[at + 1].start, line[end - 1].end)


def _apposition_start(line: list[Token], comma: int) -> int | None:
    """Where the noun phrase ends that an apposition, closing at `comma`, belongs to."""
    opening = "(" if line[comma].text == ")" else ","
    for at in range(comma - 1, max(comma - 40, 0), -1):
        if line[at].text == opening:
            inside = line[at + 1]
            noun_like = inside.low in DETERMINERS | _ASIDES
            plain = inside.low in ROLES or inside.capital or inside.text.isdigit() or noun_like
            if opening == "(" or plain or inside.low.endswith(("er", "or", "ian", "ist")):
                return _around_place(line, at)
            return None
        if line[at].text in '.;:!?"“”':
            return None
    return None


def _around_place(line: list[Token], comma: int) -> int:
    """Where an apposition opens in which a place has commas of its own: "Jane Doe, an
    engineer in Greenbelt, Maryland, said"."""
    if comma < 2 or not line[comma - 1].capital or line[comma - 2].low not in PREPOSITIONS:
        return comma
    for at in range(comma - 2, max(comma - 30, 0), -1):
        if line[at].text == "," and line[at + 1].low in DETERMINERS | ROLES:
            return at
        if not line[at].word:
            break
    return comma


def _belongs(line: list[Token], at: int, end: int) -> bool:
    """Whether the token at `at` is part of the noun phrase that ends before `end`."""
    token = line[at]
    if token.text in {".", "&", "-", "'", "’"}:
        if at == 0 or not line[at - 1].word:
            return False  # a quotation mark: "‘Nobody came,’ he said"
        return end - at > 1 and (token.text != "." or len(line[at - 1].text) <= 3)
    if not token.word:
        return False
    if token.low == "and":
        return at > 0 and line[at - 1].capital and line[at + 1].capital and at + 1 < end
    if token.low in STOP or token.low in _BEFORE_VERB:
        return False
    if token.low in CUE_FORMS and token.low not in ROLES and not token.capital and at + 1 < end:
        return CUE_FORMS[token.low] == token.low  # "report", "claim" may be nouns; "said" is none
    if at + 1 < end and line[at + 1].low in DETERMINERS and token.low not in PREPOSITIONS:
        return token.low in {"both", "all", "half", "even"}
    return not (at + 1 < end and line[at + 1].low in PRONOUNS)


def _goes_on(line: list[Token], at: int, start: int) -> bool:
    token = line[at]
    if token.text in {".", "&"}:
        return at > start and len(line[at - 1].text) <= 2
    if not token.word:
        return False
    ahead = line[at + 1].low if at + 1 < len(line) else ""
    if token.low.endswith("ly") and at > start and line[at - 1].low.endswith(("'s", "’s")):
        return True  # "the company's recently named chair"
    if token.low in PREPOSITIONS and ahead.endswith("ing"):
        return False  # "accused by the union of hiding it"
    if token.low == "and":
        return at > start and at + 1 < len(line) and line[at - 1].capital and line[at + 1].capital
    if token.low in STOP | _BEHIND:
        return False
    return not (
        token.low in CUE_FORMS
        and not token.capital
        and at > start
        and CUE_FORMS[token.low] != token.low
    )


def _trimmed(line: list[Token], first: int, end: int) -> tuple[int, int] | None:
    """The range without prepositional openings ("In a statement the ministry")."""
    while first < end and (line[first].low in PREPOSITIONS or not line[first].word):
        skip = first + 1
        while (
            skip < end
            and not (line[skip].low in DETERMINERS and skip > first + 1)
            and not (line[skip].capital and skip > first + 1 and not line[skip - 1].capital)
        ):
            skip += 1
        first = skip
    while end > first and (line[end - 1].low in PREPOSITIONS or not line[end - 1].word):
        end -= 1
    if first >= end or all(
        token.low in DETERMINERS - {"one", "some", "another"} for token in line[first:end]
    ):
        return None
    return first, end


def _name(text: str, phrase: list[Token]) -> tuple[int, int]:
    """The part of a noun phrase that names: token range inside the phrase."""
    head = next((i for i, token in enumerate(phrase) if token.low in PREPOSITIONS), 0)
    if _is_person_like(phrase[:head]):
        return _name(text, phrase[:head])  # "Jane Doe of the Department of Health"
    run = len(phrase)
    while run > 0 and (
        phrase[run - 1].capital or phrase[run - 1].low in _PARTICLES or phrase[run - 1].text == "."
    ):
        run -= 1
    while run < len(phrase) and not phrase[run].capital:
        run += 1
    length = len(phrase) - run
    if length == 0:
        return 0, len(phrase)
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
    if run > 0 and phrase[run - 1].low in DETERMINERS:
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
