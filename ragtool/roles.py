"""Who carries a role that speaks without a name: "the judge", "its spokesman".

The last person named before who carries it, or else the speaker whom the next
sentences name for the first time: "..., the judge ruled. “...,” Ann Lee said."
Of offices and companies, "the agency", the only one of that kind named before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool.links import find
from ragtool.people import is_surely_person, people
from ragtool.phrases import DETERMINERS, PREPOSITIONS, PRONOUNS
from ragtool.records import Sentence, Span
from ragtool.titles import ANYBODY, BODIES, ROLES, RULERS

# How many characters before a role one of two who carry it may be named, and how many
# sentences behind it its speaker.
_NEAR, _FORWARD = 800, 3
DEFINITE = frozenset("the its their his her".split())
_POSSESSIVE = re.compile(r"\w+['’]s?")


def role_of(shown: str) -> str | None:
    """The role that a noun phrase without a name names: "the driver of the train". A capital
    makes it a name: "Tim Cook"."""
    last = head(shown.split())
    return last if last in ROLES else None


def head(words: Sequence[str]) -> str:
    """The last word of a noun phrase before its first preposition."""
    end = next((i for i, word in enumerate(words) if i and word in PREPOSITIONS), len(words))
    return words[end - 1].strip(",.'’") if words else ""


def carrier(text: str, name: Span, sentences: Sequence[Sentence], at: int) -> Span:
    """ "the minister": the last name before it, or next behind it, that carries the role;
    else the speaker whom one of the next sentences names for the first time."""
    shown = name.of(text).casefold()
    if shown.split()[0] == "the" and head(shown.split()) in BODIES:
        return _body(text, name, shown.split()[-1]) or name
    role = role_of(shown)
    definite = shown.split()[0] in DEFINITE or _POSSESSIVE.match(shown)
    if role is None or not definite:
        return name
    return _carrying(text, name, role) or _named_next(text, name, sentences, at) or name


def carries(text: str, name: str, role: str) -> bool:
    """Whether the text gives a person of that name the role somewhere."""
    named = (span for span in people(text, Span(0, len(text))) if span.of(text) == name)
    return any(_carries(text, span, role, kind=set()) for span in named)


def _body(text: str, name: Span, kind: str) -> Span | None:
    """ "the agency": the only body of that kind that the text names before it, if it names none
    of it that is called by more than that word: "the European Space Agency"."""
    if name.of(text).count(" ") > 1:
        return None
    found = [
        Span(match.start(), match.end())
        for match in re.finditer(
            rf"(?<![\w-])(?:[A-Z][\w'’]+(?: of)? )+(?:{kind}|{kind.capitalize()})\b",
            text[: name.start],
        )
    ]
    found = [span for span in found if span.of(text).casefold() != f"the {kind}"]
    called = {span.of(text).removeprefix("The ") for span in found}
    return found[-1] if len(called) == 1 else None


def _carrying(text: str, name: Span, role: str) -> Span | None:
    """The last person named before who carries the role, and no other of the kind.

    Of two who do, only one named shortly before is taken.
    """
    words = name.of(text).casefold().split()
    kind = set(words[1 : words.index(role)]) if role in words else set()
    found = [
        span
        for span in people(text, Span(0, name.start))
        if _carries(text[: name.start], span, role, kind=kind)
        and is_surely_person(text, span.of(text))
    ]
    alone = len({span.of(text) for span in found}) == 1
    near = found and name.start - found[-1].end < _NEAR
    return found[-1] if alone or near else None


def _carries(text: str, person: Span, role: str, *, kind: set[str]) -> bool:
    """Whether the role stands beside the person's name, of that kind or of none."""
    if role in ANYBODY:
        return False
    before = text[max(0, person.start - 60) : person.start].casefold()
    behind = text[person.end : person.end + 60].casefold()
    carried = re.search(
        rf"(?P<kind>(?:[\w-]+\s+){{0,2}})\b{role},?\s+(?:(?:of|for)\s+[\w\s]{{2,40}},?\s*)?$",
        before,
    ) or re.match(rf",\s+(?!and\b)(?P<kind>[^,.;\n]{{0,45}})\b{role}\b(?!['’])", behind)
    if carried is None:
        return False
    if role in RULERS:
        return re.search(rf"\b{role}\s+$", before) is not None
    other = set(re.findall(r"[\w'’-]+", carried["kind"])) - DETERMINERS - PREPOSITIONS
    return not kind or not other or bool(kind & other)


def _named_next(text: str, name: Span, sentences: Sequence[Sentence], at: int) -> Span | None:
    """The speaker whom one of the next sentences of the paragraph names, by nothing but
    a name that the text has not had before."""
    for near in sentences[at + 1 : at + 1 + _FORWARD]:
        if near.paragraph != sentences[at].paragraph:
            return None
        spoke = [
            one for one in find(text, near.span) if one.who.name.of(text).casefold() not in PRONOUNS
        ]
        if not spoke:
            continue
        who = spoke[0].who
        fresh = people(text, who.span)
        if fresh != [who.span]:
            return None
        surname = who.span.of(text).split()[-1]
        known = re.search(rf"\b{re.escape(surname)}\b", text[: near.span.start])
        return None if known or _is_described(text[who.span.end : near.span.end]) else who.span
    return None


def _is_described(behind: str) -> bool:
    """Whether what follows a name tells what its bearer is: ", a nurse at the clinic"."""
    told = re.match(r",\s+(?:an?|the|one|who)\b(?P<what>[^.;]*)", behind)
    return told is not None and any(word in ROLES for word in re.findall(r"\w+", told["what"]))
