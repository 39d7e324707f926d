"""Cues in a sentence, each with its speaker and its scope, as the sentence alone shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ragtool.cues import (
    CUE_FORMS,
    LISTENED_TO,
    NOMINAL,
    OPENING_QUOTES,
    PASSIVE_SPEECH,
    QUOTES,
)
from ragtool.mentions import Mention, mention
from ragtool.phrases import PREPOSITIONS, after, antecedent, before_verb, singular, tokens
from ragtool.records import Span
from ragtool.scopes import before, scope_of
from ragtool.senses import BE, attributes
from ragtool.titles import BODIES, DOCUMENTS, ROLES

_VIEW = frozenset("view opinion words telling account estimate assessment judgment".split())
_WITH_VIEW = frozenset({"in", "by"})
_OWNERS = frozenset("his her their its my our your".split())
_POSSESSIVES = ("'s", "’s", "s'", "s’")
_PHRASE_OPENERS = frozenset("the a an one its his her their another".split())
# What shortens a verb, and owns nothing: "that's the view".
_SHORTENED = frozenset(
    f"{word}{mark}s"
    for word in "that it there here what he she who let this where".split()
    for mark in "'’"
)
_WITH_PAST = frozenset("has have had having".split())
# What may stand between "was" and a participle.
_BETWEEN = frozenset("not never also first since later again still just once".split())
_PEOPLE = frozenset({"people", "police"})
# What can tell something and is nobody.
_THINGS = BODIES | DOCUMENTS
# By what somebody speaks, and not who: "said by phone".
_MEANS = frozenset("email e-mail fax letter phone post telephone text video".split())
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
            if token.low in CUE_FORMS and attributes(self.line, at):
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

    def _of_verb(self, at: int) -> Found | None:
        token = self.line[at]
        if self._is_passive(at):
            return self._of_passive(at)
        if token.low in {"citing", "quoting"}:
            return self._of_cited(at)
        if self._is_inverted(at):
            scope = before(self.text, self.line, at, self.span)
            return self._spoken_by(after(self.line, at + 1), token.text, scope)
        if token.low.endswith("ing"):
            return self._of_participle(at)
        subject = before_verb(self.line, at)
        if subject is None:
            return self._of_relative(at) or self._of_coordinated(at)
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
        subject = before_verb(self.line, at)
        if subject is None:
            return True
        # "..., groundbreaking work, says Jane Doe, a physicist"
        behind = after(self.line, at + 1)
        ends = behind is not None and self._text(behind[1]) in {"", ",", "."}
        return ends and self.line[at + 1].capital and not self.line[subject[1] - 1].capital

    def _begins_phrase(self, at: int) -> bool:
        if at >= len(self.line) or not self.line[at].word or self._low(at) == "that":
            return False
        named = at + 1 < len(self.line) and self.line[at + 1].capital
        return (
            self.line[at].capital
            or self._low(at) in _PHRASE_OPENERS
            or (named and self._low(at) not in _CLOSERS)
        )

    def _is_passive(self, at: int) -> bool:
        """Whether the verb is a participle: "was mentioned", "denied by the army"."""
        low = self._low(at)
        if low.endswith(("ing", "s")) or self._low(at - 1) in _WITH_PAST:
            return False
        if low == "worried":
            return False  # "are worried that": by nobody
        if low in PASSIVE_SPEECH and any(t.low in BE for t in self.line[max(0, at - 3) : at]):
            return True
        ahead = self._low(at + 2)
        if self._low(at + 1) == "by" and ahead not in _MEANS and not ahead.endswith("ing"):
            return True
        near = at - 1
        while near > 0 and (self._low(near).endswith("ly") or self._low(near) in _BETWEEN):
            near -= 1
        return self._low(near) in BE

    def _of_passive(self, at: int) -> Found | None:
        """As in "was accused by X" and "X was quoted as saying"."""
        if self._low(at) not in PASSIVE_SPEECH:
            return None
        if self._low(at) == "quoted":
            return self._spoken_by(before_verb(self.line, at), "quoted", self._rest(at))
        been = any(token.low in BE for token in self.line[max(0, at - 3) : at])
        for by in range(at + 1, min(at + 14, len(self.line))):
            if self._text(by) in ".;":
                return None
            if self._low(by) == "by":
                agent = after(self.line, by + 1)
                known = been or self._can_speak(agent)
                return self._spoken_by(agent, self._text(at), self.span) if known else None
        return None

    def _of_participle(self, at: int) -> Found | None:
        """As in ", adding that ...": the speaker before goes on."""
        if not self.found or self._text(at - 1) not in "," + QUOTES or self._low(at + 1) == "to":
            return None
        return Found(self.found[-1].who, self._text(at), self._rest(at))

    def _of_cited(self, at: int) -> Found | None:
        """As in ", citing two officials": whoever can say something, and no reason."""
        phrase = after(self.line, at + 1)
        known = self._can_speak(phrase)
        return self._spoken_by(phrase, self._text(at), self._rest(at)) if known else None

    def _of_relative(self, at: int) -> Found | None:
        """As in "the Tribune, which reported that ..."."""
        phrase = antecedent(self.line, at)
        person = any(token.low == "who" for token in self.line[max(0, at - 3) : at])
        known = self._can_speak(phrase, besides=frozenset() if person else _THINGS)
        return self._spoken_by(phrase, self._text(at), self._rest(at)) if known else None

    def _can_speak(
        self, phrase: tuple[int, int] | None, *, besides: frozenset[str] = _THINGS
    ) -> bool:
        """Whether it is somebody, by name or role, or one of the things besides."""
        found = self.line[phrase[0] : phrase[1]] if phrase is not None else []
        ends = [at for at, token in enumerate(found) if at and token.low in PREPOSITIONS]
        heads = found[ends[0] - 1 : ends[0]] if ends else found[-1:]
        known = ROLES | _PEOPLE | besides
        return any(one.capital or not known.isdisjoint(singular(one.low)) for one in heads)

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
        noun, following = self.line[at], self._low(at + 1)
        if noun.low in _VIEW and following == "of" and self._low(at - 2) in _WITH_VIEW:
            return self._of_phrase(at + 2, noun.text)  # "in the words of X"
        owner = at - 2 if self._low(at - 1) == "own" else at - 1
        if noun.low in _VIEW and self._low(owner) in _OWNERS:
            place = Span(self.line[owner].start, self.line[owner].end)
            known = self._low(owner - 1) in _WITH_VIEW
            return Found(Mention(place, place), noun.text, self.span) if known else None
        owners = [
            i
            for i in range(max(0, at - 3), at)
            if self._low(i).endswith(_POSSESSIVES) and self._low(i) not in _SHORTENED
        ]
        if owners:
            return self._of_owner(owners[-1], at)
        if noun.low in NOMINAL and following in {"by", "from"}:
            return self._of_phrase(at + 2, noun.text)
        return None

    def _of_owner(self, owner: int, at: int) -> Found | None:
        noun = self.line[at]
        ahead = at + 1 if self._low(at + 1) in CUE_FORMS else at + 2
        clause = bool({self._low(at + 1), self._low(ahead)} & {"that", ":"})
        first = owner
        while first > 0 and self.line[first - 1].word and self._low(first - 1) not in _WITH_VIEW:
            first -= 1
        if not clause and not (noun.low in _VIEW and self._low(first - 1) in _WITH_VIEW):
            return None
        whole = before_verb(self.line, owner + 1) if clause else None
        subject = whole or (first, owner + 1)
        who = _without_possessive(self.text, mention(self.text, self.line, *subject))
        return Found(who, noun.text, self._rest(at) if clause else self.span)

    def _of_colon(self, at: int) -> Found | None:
        """As in "Jane Doe: “We knew nothing.”"."""
        following = self._text(at + 1)
        if self._text(at) != ":" or not following or following not in OPENING_QUOTES:
            return None
        subject = before_verb(self.line, at)
        if subject is None or not self.line[subject[1] - 1].capital:
            return None
        # A live report tells the time before: "10:09 Jane Doe: “...”".
        if any(token.word and not token.text.isdigit() for token in self.line[: subject[0]]):
            return None
        return self._spoken_by(subject, ":", self._rest(at))


def _without_possessive(text: str, who: Mention) -> Mention:
    name = who.name.of(text)
    cut = 2 if name.endswith(("'s", "’s")) else 1 if name.endswith(("'", "’")) else 0
    return replace(who, name=Span(who.name.start, who.name.end - cut))
