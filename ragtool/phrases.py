"""Noun phrases that can speak: where the one before or after a verb begins and ends.

Which part of a phrase names is left to `mentions`, whom a phrase without a name stands
for to `coreference` and `roles`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragtool.cues import CUE_FORMS, WEAK
from ragtool.records import Span
from ragtool.titles import ROLES

TOKEN = re.compile(
    r"(?:[A-Z]\.){2,}|\d{1,3}(?:,\d{3})+|(?:Mr|Mrs|Ms|Dr|Prof|St|Gen|Lt|Col|Sgt|Rev|Hon|Sen|Gov|[A-Z])\.(?=\s)|\b[JS]r\."
    r"|\w+(?:[.'’&-]\w+)*|[^\w\s]"
)
_WORDY = re.compile(r"\w")

PRONOUNS = frozenset("he she they it i we his her".split())

# Where a noun phrase can't go on to the left.
STOP = frozenset(
    """
    that which who whom whose what whatever whichever because when while if as but although
    though after before since then however whether where why how than until unless despite
    whereas so yet or nor and is are was were be been being am has have had having do does did
    will would can could shall should may might must to not never also reportedly allegedly
    repeatedly later earlier again still only already previously recently today yesterday
    meanwhile nevertheless moreover instead there
    """.split()
)
_BEFORE_VERB = frozenset(
    """
    twice always often usually ever also has have had reportedly allegedly repeatedly later earlier
    again still already previously recently then once since publicly firmly flatly strongly
    simply angrily quietly bluntly initially subsequently consistently explicitly privately
    separately today yesterday himself herself themselves itself was were is are be being been
    will would did does do could may might must not never only just both all himself immediately
    finally merely even now monday tuesday wednesday thursday friday saturday sunday
    """.split()
)
PREPOSITIONS = frozenset("of for at in from with by on to under into behind near against".split())
PARTICLES = frozenset(
    "de da di del della der den van von bin ibn al el la le du dos das ter y".split()
)
DETERMINERS = frozenset(
    "the a an this that these those his her their its our one another some".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
# What opens an aside in commas behind a name, besides a noun phrase.
_ASIDES = frozenset(
    "who whose which including now then via asked told known seen born by speaking along "
    "like".split()
)
# How a person's description ends: "lawyer for the firm". A participle: "reached by phone".
_OF_ASIDES = ("er", "or", "ian", "ist")
_PARTICIPLES = ("ed", "ing")
# What ends a speaker behind the verb.
_BEHIND = frozenset(
    """
    on during about over in at to by
    monday tuesday wednesday thursday friday saturday sunday
    """.split()
)
# Before "to", whom somebody stands near.
_CLOSE = frozenset("close loyal opposed related sympathetic".split())
# Who speaks without article or name.
_PEOPLE = frozenset(
    "critics men officials opponents people police residents supporters women".split()
)


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


def singular(word: str) -> set[str]:
    """What the word is, and what it may be one of: "agencies", "agency"."""
    return {word, word.removesuffix("s"), word.removesuffix("ies") + "y"}


def before_verb(line: list[Token], verb: int) -> tuple[int, int] | None:
    """The subject before the verb at index `verb`: token range [first, last), or None.

    Adverbs and auxiliaries between are skipped, and so is an apposition or a
    relative clause in commas: "X, a lawyer who knows them, said".
    """
    end = verb
    if end > 1 and line[end - 1].low == "to" and line[end - 2].low in {"had", "has", "have"}:
        end -= 2  # "had to admit"
    while end > 0 and (line[end - 1].low in _BEFORE_VERB or line[end - 1].low.endswith("ly")):
        end -= 1
    if end > 2 and line[end - 1].low in _MONTHS and line[end - 2].low == "in":
        end -= 2  # "Okoro in May revealed"
    opened_aside = bool(end) and line[end - 1].text in ",)"
    if opened_aside:
        opened = _apposition_start(line, end - 1)
        if opened is None:
            return None
        end = opened
    first = end
    while first > 0 and _belongs(line, first - 1, end):
        first -= 1
    if (
        opened_aside
        and first > 1
        and line[first - 1].text == ","
        and _opening_name(line) == first - 1
    ):
        return _trimmed(line, 0, first - 1)  # "X, head of Y & Z, a firm in Paris, said"
    return _trimmed(line, first, end)


def antecedent(line: list[Token], verb: int) -> tuple[int, int] | None:
    """The noun phrase of which a relative clause in commas tells, whose verb is at index `verb`,
    or None: "a letter to the mayor, who said"."""
    at = verb - 1
    while at > 0 and (line[at].low in _BEFORE_VERB or line[at].low.endswith("ly")):
        at -= 1
    if at < 2 or line[at].low not in {"who", "which"} or line[at - 1].text != ",":
        return None
    end = at - 1
    phrase = before_verb(line, end)
    if phrase is None or phrase[1] != end:
        return None
    inner = [i for i in range(*phrase) if line[i].low in PREPOSITIONS - {"of"}]
    return _trimmed(line, inner[-1] + 1 if inner else phrase[0], end)


def after(line: list[Token], at: int) -> tuple[int, int] | None:
    """The noun phrase that begins at token `at`: token range, or None."""
    end = at
    while end < len(line) and _goes_on(line, end, at):
        end += 1
    return _trimmed(line, at, end)


def _apposition_start(line: list[Token], comma: int) -> int | None:
    """Where the noun phrase ends that an apposition, closing at `comma`, belongs to."""
    opening = "(" if line[comma].text == ")" else ","
    named = _opening_name(line)
    for at in range(comma - 1, max(comma - 40, 0), -1):
        if line[at].text == opening:
            inside = line[at + 1]
            noun_like = inside.low in DETERMINERS | _ASIDES
            plain = inside.low in ROLES or inside.capital or inside.text.isdigit() or noun_like
            if opening == "(" or plain or inside.low.endswith(_OF_ASIDES) or at == named:
                return _around_place(line, at)
            described = inside.low in PREPOSITIONS or inside.low.endswith(_PARTICIPLES)
            if described and _is_definite(line, at):
                return _around_place(line, at)
            return None
        if line[at].text in '.;:!?"“”':
            return None
    return None


def _is_definite(line: list[Token], end: int) -> bool:
    """Whether the noun phrase that ends before `end` is a name or has an article."""
    first = end
    while first > 0 and _belongs(line, first - 1, end):
        first -= 1
    return first < end and (line[end - 1].capital or line[first].low in DETERMINERS)


def _opening_name(line: list[Token]) -> int:
    """Where the name ends with which the line begins: "Jane Doe, equity strategist at a bank,"."""
    end = 0
    while end < len(line) and (line[end].capital or line[end].low in PARTICLES):
        end += 1
    return end if line[0].low not in STOP | _BEFORE_VERB | PREPOSITIONS else 0


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
        return at > 0 and at + 1 < end and _joins(line, at)
    if token.low == "to" and at > 0 and line[at - 1].low in ROLES | _CLOSE:
        return True  # "an adviser to the king"
    if token.low in STOP or token.low in _BEFORE_VERB:
        return False
    if CUE_FORMS.get(token.low) in WEAK and line[at + 1].low in PREPOSITIONS and at + 1 < end:
        return True  # "a guard posted at the gate"
    if token.low in CUE_FORMS and token.low not in ROLES and not token.capital and at + 1 < end:
        return CUE_FORMS[token.low] == token.low  # "report", "claim" may be nouns; "said" is none
    if at + 1 < end and line[at + 1].low in DETERMINERS and token.low not in PREPOSITIONS:
        return token.low in {"both", "all", "half", "even"}
    return not (at + 1 < end and line[at + 1].low in PRONOUNS)


def _joins(line: list[Token], at: int) -> bool:
    """Whether the "and" at `at` joins two who speak: "Ford and Fry", "Ford and her lawyer"."""
    left, right = line[at - 1], line[at + 1]
    if left.capital and right.capital:
        return True
    if right.low not in DETERMINERS or not (left.capital or left.low in ROLES):
        return False
    first = at - 1
    while first >= 0 and (line[first].capital or line[first].low in ROLES | DETERMINERS):
        first -= 1
    # Elsewhere a new clause begins: "he met Ford and the mayor said".
    return first < 0 or not line[first].word or line[first].low in {"as", "both"}


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
    last = line[end - 1].low if end else ""
    if (
        first < end
        and line[first].low in PREPOSITIONS
        and (last in _PEOPLE or (last.endswith("s") and last.removesuffix("s") in ROLES))
    ):
        return end - 1, end  # "In the town people complained"
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
