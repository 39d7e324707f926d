"""Evidence as it is shown: who said it, and its own words with their names supplied."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Sequence

from ragtool import attribution
from ragtool.attribution import Link
from ragtool.cues import CUE_FORMS, NEUTRAL
from ragtool.mentions import PREPOSITIONS, PRONOUNS
from ragtool.records import Evidence, Sentence, Span
from ragtool.sentences import sentences
from ragtool.words import content_words, stem, words


def chain_of(evidence: Evidence, claim: str) -> tuple[Link, ...]:
    """Who said the part of the evidence that shares its words with the claim.

    The whole document is looked at, not the chunk alone: a quotation may go on
    from one chunk to the next.
    """
    text = evidence.document.text
    whole = _sentences(text)
    at = bisect_left(whole, evidence.sentence.span.start, key=lambda one: one.span.start)
    return attribution.chain(text, whole, at, claim=_shared(evidence, claim))


def in_own_words(evidence: Evidence, chain: Sequence[Link]) -> str:
    """The evidence as it stands, on one line, with the speaker's name supplied
    in brackets where only a pronoun or a part of the name stands there."""
    text = evidence.document.text
    span = evidence.sentence.span
    # One who says two things is named once.
    inside = list({link.named: link for link in chain if span.holds(link.named)}.values())
    shown = span.of(text)
    for link in sorted(inside, key=lambda link: -link.named.start):
        full, short = link.speaker.of(text), link.named.of(text)
        if link.speaker != link.named and full != short:
            cut = link.named.end - span.start
            shown = f"{shown[:cut]} [{full}]{shown[cut:]}"
    shown = " ".join(shown.split())
    if chain and not inside and chain[0].speaker.of(text).casefold() not in PRONOUNS:
        shown = f"{chain[0].speaker.of(text)} {chain[0].cue}: {shown}"
    return shown


def is_named(where: str, link: Link, text: str) -> bool:
    """Whether the word that names the link's speaker, a surname or a noun, stands in `where`."""
    heads = {_head(link.speaker.of(text)), _head(link.named.of(text))}
    return bool(heads & frozenset(words(where)))


def keeps_speaker(sentence: str, chain: Sequence[Link], text: str) -> bool:
    """Whether the sentence attributes to whom the source attributes, and to nobody else.

    chain: the source's, innermost first, in `text`.
    """
    whole = (Sentence(Span(0, len(sentence)), 1),)
    spoken = attribution.chain(sentence, whole, 0)
    if not chain or not spoken:
        return not chain and not spoken
    return is_named(spoken[0].phrase.of(sentence), chain[0], text)


def keeps_cue(sentence: str, chain: Sequence[Link]) -> bool:
    """Whether the sentence attributes by no other verb than the source does.

    "X dismissed it" must not stand where the source says "X conceded it"; a
    verb that only says that something was said may always stand.
    """
    whole = (Sentence(Span(0, len(sentence)), 1),)
    used = {link.cue.casefold() for link in attribution.links_of(sentence, whole, 0)}
    given = {link.cue.casefold() for link in chain}
    verbs = {CUE_FORMS.get(cue, cue) for cue in given}
    return all(CUE_FORMS.get(cue, cue) in verbs | NEUTRAL for cue in used)


def _head(phrase: str) -> str:
    """The last word of a noun phrase before its first preposition: "two people with ..."."""
    found = words(phrase)
    ends = [at for at, word in enumerate(found) if at and word in PREPOSITIONS]
    return found[ends[0] - 1] if ends else found[-1] if found else ""


@functools.lru_cache(maxsize=32)
def _sentences(text: str) -> tuple[Sentence, ...]:
    return tuple(sentences(text))


def _shared(evidence: Evidence, claim: str) -> tuple[Span, ...]:
    """Where the evidence holds words of the claim, those that attribute left out."""
    wanted = frozenset(stem(word) for word in content_words(claim) if word not in CUE_FORMS)
    start = evidence.sentence.span.start
    return tuple(
        Span(start + match.start(), start + match.end())
        for match in re.finditer(r"[^\W_]+", evidence.text)
        if any(stem(word) in wanted for word in content_words(match.group()))
    )
