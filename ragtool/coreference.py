"""Whom a pronoun, a role or a surname stands for, when it speaks.

A pronoun stands for the most salient person of the sentences before it: who
spoke or is what a sentence is about weighs more than who is only mentioned,
and the nearer the more, as in Lappin & Leass, "An Algorithm for Pronominal
Anaphora Resolution", 1994. Where nobody is far ahead, the words as they stand
are the answer: a wrong name is worse than none. Roles are left to `roles`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragtool.links import Found, find
from ragtool.people import full_name, gender, is_surely_person, persons, strangers
from ragtool.phrases import DETERMINERS, PREPOSITIONS, PRONOUNS, after, tokens
from ragtool.records import Sentence, Span
from ragtool.roles import DEFINITE, carrier, head, role_of
from ragtool.titles import MEN, ROLES, WOMEN

# What a mention weighs: of the speaker, of what a sentence begins with, of another,
# of one inside of what somebody says, of an owner ("Kruk's lawyer").
_SPEAKER, _OPENING, _OTHER, _SAID, _OWNER = 100.0, 80.0, 40.0, 15.0, 5.0
# What is left of it a sentence later, and a paragraph later.
_SENTENCE, _PARAGRAPH = 0.5, 0.7
# What is left of it for one of whom the text doesn't tell whether it is a he or a she,
# and for one that may be no person.
_UNTOLD, _UNSURE = 0.6, 0.4
# How many sentences back a pronoun looks, how far ahead of all others whom it stands for
# must be, and what he must weigh at least.
_WINDOW, _AHEAD, _LEAST = 7, 1.5, 6.0
_SUBORDINATE = re.compile(
    r"(?:when|after|while|as|although|though|before|since|because|if|once|despite|in|on|at|during"
    r"|following|under|with|by|for|from|until|due|owing|thanks|according)\b[^,;“\"]*,",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“«„][^”»“]*[”»“]?|\"[^\"]*\"?")


@dataclass(frozen=True, slots=True)
class _Heard:
    """Somebody mentioned at `place`, in the sentence of that number.

    who: where his fullest name stands, called: that name, or his role. weight:
    of this mention alone. pronoun: by which he is mentioned here, if by one.
    stranger: a single name, of no person or of more than one; it is in the way
    of others, and no pronoun stands for it.
    """

    place: Span
    who: Span
    called: str
    weight: float
    sentence: int
    pronoun: str | None = None
    stranger: bool = False


def resolve(text: str, found: Found, *, sentences: Sequence[Sentence], at: int) -> Span:
    """Where the fullest name stands of the one who speaks by `found` in the sentence `at`.

    The speaker's own words are returned when nothing fuller is found.
    """
    name = found.who.name
    shown = name.of(text)
    words = [word.casefold().rstrip(".") for word in re.findall(r"\w+\.?", shown)]
    if len(words) == 1 and words[0] in PRONOUNS:
        return _of_pronoun(text, found, words[0], sentences, at)
    if len(words) == 1 and shown[:1].isupper():
        return full_name(text, name)
    if len(words) > 1:
        return carrier(text, name, sentences, at)
    return name


def opener(text: str, sentences: Sequence[Sentence], at: int) -> tuple[Span, Span] | None:
    """The "he" or "she" that a sentence begins with, and where the fullest name stands of the
    one for whom it stands; None where it begins otherwise, or that can't be told."""
    opening = _opening(text, sentences[at].span)
    pronoun = _he_or_she(opening.of(text)) if opening is not None else None
    if opening is None or pronoun is None or opening.of(text) in {"His", "Her"}:
        return None
    # "He would have to check, Jane Doe said": somebody of whom she spoke, or has spoken before.
    if any(one.scope.holds(opening) for one in find(text, sentences[at].span)):
        return None
    heard = _heard(text, sentences, at, before=opening, said=None)
    who = _subject(text, pronoun, heard, at - 1)
    return (opening, who) if who is not None else None


def _of_pronoun(
    text: str, found: Found, pronoun: str, sentences: Sequence[Sentence], at: int
) -> Span:
    person = _he_or_she(pronoun)
    if person is not None:
        heard = _heard(text, sentences, at, before=found.who.span, said=found.scope)
        best = _most_salient(text, person, heard, sentences, at)
        if best is None or _may_be_opener(text, person, best, sentences, at, before=found.who.span):
            return found.who.name
        return best
    if pronoun in {"it", "they"}:
        return _thing(text, found, sentences, at) or found.who.name
    return found.who.name


def _may_be_opener(
    text: str, pronoun: str, who: Span, sentences: Sequence[Sentence], at: int, *, before: Span
) -> bool:
    """Whether somebody else may be meant as well, with whom the sentence begins or who speaks in
    it: "Lee had meant it, she said" may be of Lee or by her; "Lee, she said, had meant it" and
    "Lee told her, she said," are not by Lee."""
    span = sentences[at].span
    told = {"he": "him", "she": "her"}[pronoun]
    if re.search(rf"\b{told}\b", span.of(text)):
        return False
    heard = _heard(text, sentences, at, before=before, said=None)
    here = sorted((one for one in heard if one.sentence == at), key=lambda one: one.place.start)
    opening = text[_main_clause(text, span) : here[0].place.start] if here else ""
    inside = _QUOTED.search(opening) or not PREPOSITIONS.isdisjoint(opening.casefold().split())
    begins = [] if inside else here[:1]
    return any(
        text[one.place.end : before.start].strip() != ","
        and one.called != who.of(text)
        and one.pronoun is None
        and _fits(text, one, pronoun) > 0
        for one in (*begins, *(one for one in here if one.weight == _SPEAKER))
    )


def _heard(
    text: str, sentences: Sequence[Sentence], at: int, *, before: Span, said: Span | None
) -> list[_Heard]:
    """Who is mentioned before a place in the sentence `at` and in those before it, in order.

    said: what is said by whom that place tells; he doesn't speak of himself by name.
    """
    heard: list[_Heard] = []
    for near in range(max(0, at - _WINDOW), at + 1):
        heard += _mentioned(text, sentences, near, tuple(heard))
    return [
        one
        for one in heard
        if one.place.end <= before.start and not (said is not None and _holds(said, one.place))
    ]


def _mentioned(
    text: str, sentences: Sequence[Sentence], at: int, heard: Sequence[_Heard]
) -> list[_Heard]:
    """Who is mentioned in one sentence. heard: in those before it."""
    found: list[_Heard] = []
    span = sentences[at].span
    speaking = find(text, span)
    said = [one.scope for one in speaking]
    said += [Span(m.start(), m.end()) for m in _QUOTED.finditer(text, span.start, span.end)]
    names = persons(text, span)
    others = [name for name in strangers(text, span) if name not in names]
    named = sorted([*names, *others], key=lambda one: one.start)
    main = next((name for name in named if name.start >= _main_clause(text, span)), None)
    for name in named:
        full = full_name(text, name)
        is_main = main is not None and (name == main or _is_joined(text, main, name))
        weight = _OPENING if is_main and not _is_after_preposition(text, span, name) else _OTHER
        if text[name.end : name.end + 2] in {"'s", "’s"}:
            weight = _OWNER
        elif any(_holds(one.who.name, name) for one in speaking):
            weight = _SPEAKER
        elif any(inside.holds(name) for inside in said):
            weight = _SAID
        stranger = name not in names or len(full.of(text).split()) == 1
        found.append(_Heard(name, full, full.of(text), weight, at, stranger=stranger))
    nameless = {one.who.name: _SPEAKER for one in speaking}
    opening = _opening(text, span)
    if opening is not None and not any(one.start == opening.start for one in nameless):
        nameless[opening] = _OPENING
    for place, weight in nameless.items():
        if not any(place.start <= name.start <= place.end + len(", ") for name in names):
            before = [*heard, *(one for one in found if one.place.end <= place.start)]
            who = _unnamed(text, place, before, sentences, at, speaks=weight == _SPEAKER)
            if who is not None:
                pronoun = _he_or_she(place.of(text))
                found.append(_Heard(place, who, who.of(text), weight, at, pronoun))
    return found


def _unnamed(
    text: str,
    place: Span,
    heard: Sequence[_Heard],
    sentences: Sequence[Sentence],
    at: int,
    *,
    speaks: bool,
) -> Span | None:
    """Whom "she", "the driver" or "one patient" stands for, None for what is no person."""
    shown = place.of(text).casefold()
    pronoun = _he_or_she(shown)
    if pronoun is not None and speaks:
        return _most_salient(text, pronoun, heard, sentences, at)
    if pronoun is not None:
        return _subject(text, pronoun, heard, at - 1)
    return carrier(text, place, sentences, at) if role_of(shown) is not None else None


def _he_or_she(shown: str) -> str | None:
    return {"he": "he", "his": "he", "she": "she", "her": "she"}.get(shown.casefold())


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start < outer.end


def _opening(text: str, sentence: Span) -> Span | None:
    """The noun phrase or pronoun that the sentence begins with."""
    line = tokens(text, sentence)
    if not line or not line[0].word:
        return None
    if line[0].low in PRONOUNS:
        return Span(line[0].start, line[0].end)
    heard = after(line, 0)
    if heard is None or line[0].low not in DETERMINERS:
        return None
    phrase = line[heard[0] : heard[1]]
    roles = [i for i, token in enumerate(phrase) if token.low in ROLES]
    cut = next((i for i, token in enumerate(phrase) if token.low in PREPOSITIONS), len(phrase))
    ends = [i for i in roles if i < cut]
    return Span(phrase[0].start, phrase[ends[-1]].end) if ends else None


def _main_clause(text: str, sentence: Span) -> int:
    """Where the sentence's main clause begins: behind "When Jane Doe left," if it opens so."""
    opening = _SUBORDINATE.match(text, sentence.start, sentence.end)
    return opening.end() if opening is not None else sentence.start


def _is_joined(text: str, main: Span, name: Span) -> bool:
    """Whether both are the subject: "Jane Doe and Ann Lee left"."""
    return text[main.end : name.start].strip() in {"and", "or", "&"}


def _is_after_preposition(text: str, sentence: Span, name: Span) -> bool:
    before = re.findall(r"\w+", text[sentence.start : name.start])
    return bool(before) and before[-1].casefold() in PREPOSITIONS


def _most_salient(
    text: str, pronoun: str, heard: Iterable[_Heard], sentences: Sequence[Sentence], at: int
) -> Span | None:
    """Whom he or she stands for, None where nobody is far ahead."""
    heard = [*heard]
    other = {one.called for one in heard if one.pronoun not in {None, pronoun}}
    # Who is mentioned twice in a sentence counts once, by the heavier mention.
    heaviest: dict[tuple[str, int], float] = defaultdict(float)
    last: dict[str, _Heard] = {}
    for one in heard:
        factor = 0.0 if one.called in other else _fits(text, one, pronoun)
        if factor:
            paragraphs = sentences[at].paragraph - sentences[one.sentence].paragraph
            gone = _SENTENCE ** (at - one.sentence) * _PARAGRAPH**paragraphs
            key = one.called, one.sentence
            heaviest[key] = max(heaviest[key], one.weight * gone * factor)
            last[one.called] = one
    weights: dict[str, float] = defaultdict(float)
    for (called, _), weight in heaviest.items():
        weights[called] += weight
    order = sorted(weights, key=lambda name: -weights[name])
    if not order or weights[order[0]] < _LEAST:
        return None
    if len(order) > 1 and weights[order[0]] < _AHEAD * weights[order[1]]:
        return None
    best = last[order[0]]
    return best.who if _fits(text, best, pronoun) >= _UNTOLD else None


def _subject(text: str, pronoun: str, heard: Iterable[_Heard], at: int) -> Span | None:
    """The only one whom the sentence `at` is about or who speaks in it, if called so.

    Who speaks is mostly who spoke before. Who acts may be anybody: so no more is guessed here.
    """
    about = {one.called: one for one in heard if one.sentence == at and one.weight >= _OPENING}
    best = next(iter(about.values())) if len(about) == 1 else None
    return best.who if best is not None and _fits(text, best, pronoun) >= _UNTOLD else None


def _fits(text: str, one: _Heard, pronoun: str) -> float:
    """How well somebody may be called so, in [0, 1]."""
    role = role_of(one.called)
    if role is not None:
        called = "she" if role in WOMEN else "he" if role in MEN else None
        return _UNTOLD if called is None else float(called == pronoun)
    called = None if one.stranger else gender(text, one.called)
    if called is not None:
        return float(called == pronoun)
    sure = not one.stranger and is_surely_person(text, one.called)
    return _UNTOLD if sure else _UNTOLD * _UNSURE


def _thing(text: str, found: Found, sentences: Sequence[Sentence], at: int) -> Span | None:
    """What spoke last, here or in the sentence before, if it is no person and spoke alone."""
    pronoun = found.who.name.of(text).casefold()
    for near in range(at, max(-1, at - 3), -1):
        if sentences[near].paragraph < sentences[at].paragraph - 1:
            return None
        spoke = [
            one.who.name
            for one in find(text, sentences[near].span)
            if one.who.name.end < found.who.name.start
        ]
        shown = {name.of(text).casefold() for name in spoke}
        if shown <= {pronoun}:
            continue
        if len(shown) > 1 or any(persons(text, name) for name in spoke):
            return None
        return spoke[0] if _is_thing(spoke[0].of(text), plural=pronoun == "they") else None
    return None


def _is_thing(shown: str, *, plural: bool) -> bool:
    """Whether a noun phrase may be called "it", or "they"."""
    words = shown.casefold().split()
    last = head(words)
    if words[0] in PRONOUNS or last in ROLES:
        return False
    named = words[0] in DEFINITE or shown[0].isupper()
    many = last in {"people", "police", "both"}
    many = many or (last.endswith("s") and not last.endswith(("ss", "us", "is")))
    return many if plural else named and not (many and shown[0].islower())
