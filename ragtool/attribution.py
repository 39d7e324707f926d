"""A sentence to the chain of those who said it.

"Verstka reported that Merzlyankova claimed that management stated that P"
attributes P to management, as told by Merzlyankova, as reported by Verstka.
The module finds the words that attribute (cues), the speaker of each and what
part of the sentence each covers (its scope). It works on patterns of English
news prose, as rule-based systems for quotation attribution do (Krestel et al.
2008; Pareti 2015), and needs no model. Where no pattern fits it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragtool.coreference import resolve
from ragtool.cues import CLOSING_QUOTES, OPENING_QUOTES, QUOTES
from ragtool.links import Found, find
from ragtool.people import people
from ragtool.records import Sentence, Span

_SELF = frozenset("i we you my our".split())


@dataclass(frozen=True, slots=True)
class Link:
    """One attribution in a sentence, all spans in the document's text.

    phrase: the noun phrase of the speaker in the sentence, named: the name in
    it. speaker: the fullest name of the same speaker. cue: the attributing word as it stands.
    scope: what is attributed.
    """

    phrase: Span
    named: Span
    speaker: Span
    cue: str
    scope: Span


def chain(
    text: str, sentences: Sequence[Sentence], at: int, *, claim: Sequence[Span] = ()
) -> tuple[Link, ...]:
    """Who said what the sentence `at` says, innermost speaker first.

    sentences: all of the document's, in order. claim: where in the sentence
    the words of interest stand; only links that cover most of them count.
    Without it the chain is that of the sentence's innermost statement.
    """
    found = links_of(text, sentences, at)
    inside = [
        span
        for span in claim
        if not any(link.named.holds(span) or link.phrase.holds(span) for link in found)
    ]
    covering = [link for link in found if _covers(link, inside, found)]
    return tuple(sorted(covering, key=lambda link: (len(link.scope), -link.scope.start)))


def links_of(text: str, sentences: Sequence[Sentence], at: int) -> tuple[Link, ...]:
    """The sentence's own links, or, inside a quotation, those of its neighbours."""
    own = _links(text, sentences, at)
    if own or not sentences:
        return own
    return _carried(text, sentences, at)


def _covers(link: Link, claim: Sequence[Span], found: Sequence[Link]) -> bool:
    if claim:
        said = [span for span in claim if not _trails(link, span)]
        held = sum(link.scope.holds(span) for span in said)
        return 2 * held > len(said)
    innermost = min(found, key=lambda other: (len(other.scope), -other.scope.start))
    return link.scope.holds(innermost.scope) or link is innermost


def _trails(link: Link, span: Span) -> bool:
    """Whether the span tells where or when it was said: "..., said Jane Doe in a letter"."""
    return link.scope.end <= link.phrase.start and span.start >= link.phrase.end


def _links(text: str, sentences: Sequence[Sentence], at: int) -> tuple[Link, ...]:
    return tuple(
        Link(
            phrase=found.who.span,
            named=found.who.name,
            speaker=resolve(text, found, sentences=sentences, at=at),
            cue=found.cue,
            scope=found.scope,
        )
        for found in find(text, sentences[at].span)
        if not _is_quoted_self(text, sentences, at, found)
    )


def _is_quoted_self(text: str, sentences: Sequence[Sentence], at: int, found: Found) -> bool:
    """Whether one who is quoted speaks of himself: "“I think it is over,” Okoro said"."""
    word = found.who.name.of(text).casefold()
    return word in _SELF and _is_open(text, sentences, at, found.who.name.start)


def _carried(text: str, sentences: Sequence[Sentence], at: int) -> tuple[Link, ...]:
    """For a sentence inside a quotation: the speaker named next to it."""
    if not in_quotation(text, sentences, at):
        return ()
    introduced = _introduced(text, sentences[at].span)
    if introduced is not None:
        return (introduced,)
    for near in _neighbours(sentences, at):
        found = _links(text, sentences, near)
        if found and _has_quotation(sentences[near].span.of(text)):
            speaker = found[0] if near > at else found[-1]
            return (replace(speaker, scope=sentences[at].span),)
    return ()


def _has_quotation(text: str) -> bool:
    return text.endswith(":") or any(mark in text for mark in QUOTES)


def _introduced(text: str, span: Span) -> Link | None:
    """ "The treasurer, Ruth Silberhorn, used the same words: “...”"."""
    found = re.search(r":\s*[“\"«„]", span.of(text))
    named = people(text, Span(span.start, span.start + found.start())) if found else []
    if found is None or not named:
        return None
    return Link(named[0], named[0], named[0], ":", Span(span.start + found.start(), span.end))


def _neighbours(sentences: Sequence[Sentence], at: int) -> Iterator[int]:
    """Back and forth within the paragraph, nearest first, then the paragraph before."""
    paragraph = sentences[at].paragraph
    for step in (1, 2, 3):
        for near in (at - step, at + step):
            if 0 <= near < len(sentences) and sentences[near].paragraph == paragraph:
                yield near
    first = at
    while first > 0 and sentences[first - 1].paragraph == paragraph:
        first -= 1
    if first > 0:
        yield first - 1


def in_quotation(text: str, sentences: Sequence[Sentence], at: int) -> bool:
    """Whether the sentence opens with a quotation mark or stands inside an open one."""
    sentence = sentences[at]
    shown = sentence.span.of(text)
    if shown[:1] in OPENING_QUOTES or re.search(r":\s*[“\"«„]", shown):
        return True
    return _is_open(text, sentences, at, sentence.span.start)


def _is_open(text: str, sentences: Sequence[Sentence], at: int, place: int) -> bool:
    """Whether a quotation is open at a place in the sentence `at`, since its paragraph began."""
    first = at
    while first > 0 and sentences[first - 1].paragraph == sentences[at].paragraph:
        first -= 1
    before = text[sentences[first].span.start : place]
    opened = sum(before.count(mark) for mark in OPENING_QUOTES[:3])
    closed = sum(before.count(mark) for mark in CLOSING_QUOTES[:2])
    return opened > closed or before.count('"') % 2 == 1
