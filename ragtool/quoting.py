"""Evidence as it is shown: who said it, and its own words with their names supplied."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragtool import attribution
from ragtool.attribution import Link, in_quotation
from ragtool.checking import asks_speaker, names
from ragtool.coreference import opener
from ragtool.cues import CUE_FORMS, NEUTRAL
from ragtool.people import full_name, persons
from ragtool.phrases import PREPOSITIONS, PRONOUNS
from ragtool.records import Chunk, Evidence, Sentence, Span
from ragtool.roles import carries, head
from ragtool.sentences import sentences
from ragtool.titles import BODIES, ROLES
from ragtool.words import content_words, stem, words

# What a news agency's report opens with: "CLAYMORE FORD, Nov. 21 — ".
DATELINE = re.compile(r"^[A-Z][A-Z '’.-]+(?:, [\w .]{1,20})?(?: \([^)]*\))? [—–-]+ ")

_INTRODUCED = re.compile(r":\s*[“\"«„]")
_PEOPLE = frozenset("people men women children police crowd family families relatives".split())


@dataclass(frozen=True, slots=True)
class Supplied:
    """A name for what stands in its place, a pronoun or a part of it: spans of the document."""

    place: Span
    name: Span


def chain_of(evidence: Evidence, claim: str) -> tuple[Link, ...]:
    """Who said the part of the evidence that shares its words with the claim.

    The whole document is looked at, not the chunk alone: a quotation may go on
    from one chunk to the next. A question of who said it may share no word with
    what was said; then it is whoever says the innermost of it.
    """
    found = attribution.chain(*place_of(evidence), claim=_shared(evidence, claim))
    if found or not asks_speaker(claim):
        return found
    return attribution.chain(*place_of(evidence))


def names_supplied(evidence: Evidence, chain: Sequence[Link]) -> tuple[Supplied, ...]:
    """The names that the evidence itself lacks, in the order of the places where they are missing.

    Of the speakers in it, and of whom it is about where it begins with "he" or "she"; where
    there are none, of the first who is named by his surname alone.
    """
    text, sentences, at = place_of(evidence)
    # One who says two things is named once.
    found = {
        link.named: link.speaker
        for link in chain
        if evidence.sentence.span.holds(link.named) and link.speaker.of(text) != link.named.of(text)
    }
    opened = opener(text, sentences, at)
    named = {name.of(text) for name in found.values()}
    if opened is not None and opened[1].of(text) not in named:
        found.setdefault(*opened)
    if not chain and not found:
        found.update(_first_surname(evidence))
    return tuple(
        Supplied(place, found[place]) for place in sorted(found, key=lambda one: one.start)
    )


def _first_surname(evidence: Evidence) -> dict[Span, Span]:
    """The first person that the evidence names, and where his whole name stands before it;
    nothing if the name is whole, or that of two."""
    text = evidence.document.text
    for name in persons(text, evidence.sentence.span)[:1]:
        whole = full_name(text, name)
        if whole != name:
            return {name: whole}
    return {}


def in_own_words(evidence: Evidence, chain: Sequence[Link]) -> str:
    """The evidence as it stands, on one line, with the name supplied in brackets
    where only a pronoun or a part of the name stands there."""
    text = evidence.document.text
    span = evidence.sentence.span
    shown = span.of(text)
    for one in reversed(names_supplied(evidence, chain)):
        cut = one.place.end - span.start
        shown = f"{shown[:cut]} [{one.name.of(text)}]{shown[cut:]}"
    shown = " ".join(shown.split())
    inside = any(span.holds(link.named) for link in chain)
    if chain and not inside and chain[0].speaker.of(text).casefold() not in PRONOUNS:
        shown = f"{chain[0].speaker.of(text)} {chain[0].cue}: {shown}"
    return shown


def shown_names(evidence: Evidence, chain: Sequence[Link]) -> tuple[Span, ...]:
    """Where the names stand of the speakers, and of whom the evidence calls by a pronoun."""
    supplied = (one.name for one in names_supplied(evidence, chain))
    return (*(link.speaker for link in chain), *supplied)


def has_no_speaker(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether it is open who speaks in the evidence, if anybody does."""
    return not chain or chain[0].speaker.of(evidence.document.text).casefold() in PRONOUNS


def leaves_open_who(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether the evidence does not tell who spoke or acted: it has a pronoun that can't be
    traced there, or is a quotation without a speaker."""
    if chain or in_quotation(*place_of(evidence)):
        return leaves_open_speaker(evidence, chain)
    opening = set(words(evidence.text)[:1])
    if opening <= {"his", "her"} and persons(evidence.document.text, evidence.sentence.span):
        return False  # "Her neighbour, Ann Lee, nodded."
    return opening <= PRONOUNS and not names_supplied(evidence, chain)


def opens_with_somebody(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether the evidence begins with a person's name, a role before it or none, and the
    pronoun that speaks in it comes after: "Minister Ann Lee disagreed; she said ..."."""
    text, span = evidence.document.text, evidence.sentence.span
    return bool(chain) and any(
        name.end <= chain[0].named.start
        and PREPOSITIONS.isdisjoint(words(text[span.start : name.start]))
        for name in persons(text, span)[:1]
    )


def leaves_open_speaker(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether somebody speaks in the evidence and it does not tell who: a pronoun that can't
    be traced, or a quotation without a speaker."""
    if chain:
        return has_no_speaker(evidence, chain)
    if not in_quotation(*place_of(evidence)):
        return False
    introduced = _INTRODUCED.search(evidence.text)
    return introduced is None or not has_somebody(evidence.text[: introduced.start()])


def names_nobody(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether the evidence has no speaker, no name and nobody's role."""
    named = chain or names_supplied(evidence, chain)
    return not named and not has_somebody(DATELINE.sub("", evidence.text))


def lacks_role(evidence: Evidence, chain: Sequence[Link], role: str) -> bool:
    """Whether the evidence has not a word of whoever carries the role."""
    text = evidence.document.text
    return role not in words(evidence.text) and not any(
        carries(text, link.speaker.of(text), role) for link in chain
    )


def speaks_as_body(evidence: Evidence, chain: Sequence[Link]) -> bool:
    """Whether an office, a company or the like speaks in the evidence, and no person."""
    spoken = chain[0].speaker.of(evidence.document.text).casefold() if chain else ""
    return head(spoken.split()) in BODIES


def has_somebody(text: str) -> bool:
    """Whether a name, or a word for people or for somebody's role, stands in the text."""
    found = words(text)
    people = _PEOPLE | ROLES
    return bool(names(text)) or any(word in people or word.rstrip("s") in people for word in found)


def naming(
    cited: Sequence[Evidence], names: Iterable[Span], *, chunks: Iterable[Chunk]
) -> tuple[Evidence, ...]:
    """What is cited, and the sentences of the same document in which the names stand.

    names: spans of the document of the first. chunks: those that were read.
    """
    found, first = list(cited), cited[0]
    own = {one.chunk_id: one for one in chunks if one.document.path == first.document.path}
    for name in names:
        if not any(one.sentence.span.holds(name) for one in found):
            holding = (
                Evidence(chunk, sentence, first.score)
                for chunk in own.values()
                for sentence in chunk.sentences
                if sentence.span.holds(name)
            )
            found += list(holding)[:1]
    return tuple(found)


def is_named(where: str, link: Link, text: str) -> bool:
    """Whether the word that names the link's speaker, a surname or a noun, stands in `where`."""
    heads = {_head(link.speaker.of(text)), _head(link.named.of(text))}
    return bool(heads & frozenset(words(where)))


def keeps_speaker(sentence: str, chain: Sequence[Link], text: str) -> bool:
    """Whether the sentence attributes to whom the source attributes, and to nobody else.

    chain: the source's, innermost first, in `text`. Who tells that somebody said
    it must be named too: "the militia claimed it" is not what "the governor said
    that the militia claimed it" says.
    """
    whole = (Sentence(Span(0, len(sentence)), 1),)
    spoken = attribution.chain(sentence, whole, 0)
    if not chain or not spoken:
        return not chain and not spoken
    return is_named(spoken[0].phrase.of(sentence), chain[0], text) and all(
        is_named(sentence, link, text) for link in chain[1:]
    )


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


def place_of(evidence: Evidence) -> tuple[str, tuple[Sentence, ...], int]:
    """The document's text and sentences, and which of them the evidence is."""
    text = evidence.document.text
    whole = _sentences(text)
    at = bisect_left(whole, evidence.sentence.span.start, key=lambda one: one.span.start)
    return text, whole, at


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
