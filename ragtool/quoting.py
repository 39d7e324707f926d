"""Evidence as it is shown: who said it, and its own words with their names supplied."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool import attribution
from ragtool.attribution import Link
from ragtool.cues import CUE_FORMS
from ragtool.people import PRONOUNS
from ragtool.records import Evidence, Span
from ragtool.words import content_words, stem


def chain_of(evidence: Evidence, claim: str) -> tuple[Link, ...]:
    """Who said the part of the evidence that shares its words with the claim."""
    sentences = evidence.chunk.sentences
    at = sentences.index(evidence.sentence)
    places = _shared(evidence, claim)
    return attribution.chain(evidence.document.text, sentences, at, claim=places)


def in_own_words(evidence: Evidence, chain: Sequence[Link]) -> str:
    """The evidence as it stands, on one line, with the speaker's name supplied
    in brackets where only a pronoun or a part of the name stands there."""
    text = evidence.document.text
    span = evidence.sentence.span
    inside = [link for link in chain if span.holds(link.named)]
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


def _shared(evidence: Evidence, claim: str) -> tuple[Span, ...]:
    """Where the evidence holds words of the claim, those that attribute left out."""
    wanted = frozenset(stem(word) for word in content_words(claim) if word not in CUE_FORMS)
    start = evidence.sentence.span.start
    return tuple(
        Span(start + match.start(), start + match.end())
        for match in re.finditer(r"[^\W_]+", evidence.text)
        if any(stem(word) in wanted for word in content_words(match.group()))
    )
