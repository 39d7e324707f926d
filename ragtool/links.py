"""Cues in a sentence, each with its speaker and its scope, as the sentence alone shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ragtool.cues import (
    CUE_FORMS,
    LISTENED_TO,
    NOMINAL,
    ONLY_WITH,
    OPENING_QUOTES,
    PASSIVE_SPEECH,
    QUOTES,
    WEAK,
)
from ragtool.mentions import Mention, after, before_verb, mention, tokens
from ragtool.records import Span
from ragtool.scopes import before, scope_of

_BE = frozenset("is are was were be been being".split())
_VIEW = frozenset("view opinion words telling account".split())
_OWNERS = frozenset("his her their its".split())
_NOUN_FOLLOWS = frozenset("the a an this that's its their of".split())
_POSSESSIVES = ("'s", "’s", "s'", "s’")
_PHRASE_OPENERS = frozenset("the a an one its his her their another".split())
_NEGATIONS = frozenset("not never n't didn't didn’t doesn't doesn’t hasn't hasn’t".split())
_UNCHANGED = frozenset({"put", "read", "forecast"})  # the past is the base form
_WITH_BASE = frozenset(
    "to will would can could may might must shall should do does did not and or but i we you they "
    "who that also still even people police men women children media both all some many most few "
    "others data staff crew team public majority number lot".split()
)
_CLOSERS = frozenset("on in at during after before when as to from by last this late".split())


@dataclass(frozen=True, slots=True)
class Found:
    """A cue and its speaker. who: the noun phrase that speaks. scope: what is
    attributed, a span of the document."""

    who: Mention
    cue: str
    scope: Span


def find(text: str, span: Span) -> list[Found]:
    """What the sentence at `span` attributes, in the order of the cues."""
    return list(_Sentence(text, span).links())


class _Sentence:
    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.span = span
        self.line = tokens(text, span)
        self.found: list[Found] = []

    def links(self) -> Iterator[Found]:
        for at, token in enumerate(self.line):
            if token.low in CUE_FORMS and self._is_cue(at):
                link = self._of_verb(at)
            elif token.low == "according" and self._low(at + 1) == "to":
                link = self._of_phrase(at + 2, "according to")
            elif token.low in NOMINAL or token.low in _VIEW:
                link = self._of_noun(at)
            else:
                link = self._of_colon(at)
            if link is not None:
                self.found.append(link)
                yield link

    def _low(self, at: int) -> str:
        return self.line[at].low if 0 <= at < len(self.line) else ""

    def _text(self, at: int) -> str:
        return self.line[at].text if 0 <= at < len(self.line) else ""

    def _rest(self, at: int) -> Span:
        return Span(self.line[at].end, self.span.end)

    def _is_cue(self, at: int) -> bool:
        """Whether the word attributes here: a verb, and not one of its other senses."""
        verb, following, previous = CUE_FORMS[self._low(at)], self._low(at + 1), self._low(at - 1)
        if self.line[at].capital and at and self._text(at - 1) not in QUOTES:
            return False
        if previous in _NOUN_FOLLOWS or previous.endswith(_POSSESSIVES[:2]):
            return False
        if any(token.low in _NEGATIONS for token in self.line[max(0, at - 2) : at]):
            return False  # "did not say that ..."
        if previous in _BE and following == "to":
            return False  # "is said to be": nobody says it
        if following in _BE and self._low(at) == verb + "s":
            return False  # "the army's claims are false"
        if verb == "put":
            return self._puts_it(at)
        if verb == "call" and any(
            token.text in OPENING_QUOTES for token in self.line[at + 1 : at + 8]
        ):
            return True
        if verb in ONLY_WITH:
            return following in ONLY_WITH[verb]
        if self._low(at) == verb not in _UNCHANGED and self._is_noun(at):
            return False  # "record demand", "400,000 state residents"
        if self._low(at) == "states":  # far oftener a noun
            return following in {"that", ":", ","} or (following != "" and following in QUOTES)
        if verb in WEAK:
            return following == "that" or (following != "" and following in QUOTES)
        return True

    def _is_noun(self, at: int) -> bool:
        """Whether the base form of a verb is a noun here: nothing plural, and no auxiliary,
        stands before it."""
        before = self.line[at - 1] if at else None
        if before is None or not before.word or before.capital or before.low.endswith("ly"):
            return False
        return before.low not in _WITH_BASE and not before.low.endswith("s")

    def _puts_it(self, at: int) -> bool:
        """As in "as X put it" and "X put it: ...", not as in "where the chart put it"."""
        if self._low(at + 1) != "it":
            return False
        colon = self._text(at + 2) != "" and self._text(at + 2) in ":" + QUOTES
        return colon or any(token.low == "as" for token in self.line[max(0, at - 4) : at])

    def _of_verb(self, at: int) -> Found | None:
        token = self.line[at]
        if token.low in PASSIVE_SPEECH and any(
            t.low in _BE for t in self.line[max(0, at - 3) : at]
        ):
            return self._of_passive(at)
        if token.low in {"citing", "quoting"}:
            return self._spoken_by(after(self.line, at + 1), token.text, self._rest(at))
        if self._is_inverted(at):
            scope = before(self.text, self.line, at, self.span)
            return self._spoken_by(after(self.line, at + 1), token.text, scope)
        if token.low.endswith("ing"):
            return self._of_participle(at)
        subject = before_verb(self.line, at)
        if subject is None:
            return self._of_coordinated(at)
        return self._spoken_by(
            subject, token.text, scope_of(self.text, self.line, subject[0], at, self.span)
        )

    def _spoken_by(self, phrase: tuple[int, int] | None, cue: str, scope: Span) -> Found | None:
        if phrase is None:
            return None
        return Found(mention(self.text, self.line, *phrase), cue, scope)

    def _is_inverted(self, at: int) -> bool:
        """Whether the verb stands before its subject: “...,” said Jane Doe."""
        if at == 0 or not self._begins_phrase(at + 1) or self._low(at).endswith("ing"):
            return False
        if self._text(at - 1) in QUOTES:
            return True
        if self._text(at - 1) != "," or CUE_FORMS[self._low(at)] in LISTENED_TO:
            return False
        return before_verb(self.line, at) is None

    def _begins_phrase(self, at: int) -> bool:
        if at >= len(self.line) or not self.line[at].word or self._low(at) == "that":
            return False
        named = at + 1 < len(self.line) and self.line[at + 1].capital
        return (
            self.line[at].capital
            or self._low(at) in _PHRASE_OPENERS
            or (named and self._low(at) not in _CLOSERS)
        )

    def _of_passive(self, at: int) -> Found | None:
        """As in "was accused by X" and "X was quoted as saying"."""
        if self._low(at) == "quoted":
            return self._spoken_by(before_verb(self.line, at), "quoted", self._rest(at))
        for by in range(at + 1, min(at + 14, len(self.line))):
            if self._text(by) in ".;":
                return None
            if self._low(by) == "by":
                return self._spoken_by(after(self.line, by + 1), self._text(at), self.span)
        return None

    def _of_participle(self, at: int) -> Found | None:
        """As in ", adding that ...": the speaker before goes on."""
        if not self.found or self._text(at - 1) not in "," + QUOTES:
            return None
        return Found(self.found[-1].who, self._text(at), self._rest(at))

    def _of_coordinated(self, at: int) -> Found | None:
        """As in "X denied it and said that ...": the same subject, one more verb."""
        if self._low(at - 1) not in {"and", "but", "then", "also"}:
            return None
        if self.found:
            return Found(self.found[-1].who, self._text(at), self._rest(at))
        opening = after(self.line, 0) if self.line[0].word else None
        return self._spoken_by(opening, self._text(at), self._rest(at))

    def _of_phrase(self, first: int, cue: str) -> Found | None:
        return self._spoken_by(after(self.line, first), cue, self.span)

    def _of_noun(self, at: int) -> Found | None:
        """As in "in her view", "X's claim that ..." and "a statement by X that ..."."""
        noun = self.line[at]
        if noun.low in _VIEW and self._low(at - 2) == "in" and self._low(at - 1) in _OWNERS:
            owner = Span(self.line[at - 1].start, self.line[at - 1].end)
            return Found(Mention(owner, owner), noun.text, self.span)
        owners = [i for i in range(max(0, at - 3), at) if self._low(i).endswith(_POSSESSIVES)]
        if owners:
            return self._of_owner(owners[-1], at)
        if noun.low in NOMINAL and self._low(at + 1) in {"by", "from"}:
            return self._of_phrase(at + 2, noun.text)
        return None

    def _of_owner(self, owner: int, at: int) -> Found | None:
        noun = self.line[at]
        clause = {self._low(at + 1), self._low(at + 2)} & {"that", ":"}
        subject = before_verb(self.line, owner + 1) if noun.low in _VIEW or clause else None
        if subject is None:
            return None
        who = _without_possessive(self.text, mention(self.text, self.line, *subject))
        return Found(who, noun.text, self._rest(at) if noun.low in NOMINAL else self.span)

    def _of_colon(self, at: int) -> Found | None:
        """As in "Jane Doe: “We knew nothing.”"."""
        following = self._text(at + 1)
        if self._text(at) != ":" or not following or following not in OPENING_QUOTES:
            return None
        subject = before_verb(self.line, at)
        if subject is None or subject[0] > 0 or not self.line[subject[1] - 1].capital:
            return None
        return self._spoken_by(subject, ":", self._rest(at))


def _without_possessive(text: str, who: Mention) -> Mention:
    name = who.name.of(text)
    cut = 2 if name.endswith(("'s", "’s")) else 1 if name.endswith(("'", "’")) else 0
    return replace(who, name=Span(who.name.start, who.name.end - cut))
