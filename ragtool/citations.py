"""A draft to sentences that cite what they rest on, checked.

The model writes without citing. For each sentence of its draft the program
finds the sentences of the evidence that carry it and checks numbers, names,
negations and who said it. What does not hold is mended, by putting the
source's own words in its place, or withheld.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragtool import attribution
from ragtool.attribution import Link
from ragtool.checking import (
    check,
    coverage,
    in_order,
    is_amount_missing,
    missing_names,
    missing_numbers,
    names,
)
from ragtool.cues import CUE_FORMS, NEUTRAL
from ragtool.mentions import PREPOSITIONS
from ragtool.protocols import Embedder, Vectors
from ragtool.quoting import chain_of, in_own_words
from ragtool.records import Draft, Evidence, Sentence, Span, Verdict
from ragtool.sentences import sentences
from ragtool.words import content_words, numbers, stem, words

# Weights of the signals that say which sentence carries an answer: its words,
# those of them that the question did not bring, its names and numbers, its
# meaning, and how well the evidence fits the question.
WORDS, FRESH, FACTS, MEANING, RANK = 0.3, 0.3, 0.2, 0.3, 0.4
# The share of a sentence's words that must stand in what it cites, and the
# share that must stand in the best of it where the source attributes them:
# there a word more may put something into somebody's mouth.
SUPPORTED, ATTRIBUTED = 0.75, 1.0
# The share of them that must stand there in the same order: the same words in
# another order say who did what to whom the other way round.
ORDERED = 0.75
# The share of the words new to the question that must stand in what replaces it.
MENDED = 0.5
# No sentence of an answer cites more than this.
MOST = 3


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence of the answer with the evidence that it cites, the best first,
    and the chain of those who said it, innermost first.

    mended: the words are the source's own, since the draft's did not hold.
    """

    text: str
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    chain: tuple[Link, ...] = ()
    mended: bool = False


class Citer:
    """Cites from one question's evidence."""

    def __init__(self, question: str, evidence: Sequence[Evidence], *, embedder: Embedder) -> None:
        self._question = question
        # A headline says it shorter than the article, and without who said so.
        body = [one for one in evidence if one.text != one.document.title]
        self._evidence = tuple(body or evidence)
        self._embedder = embedder
        self._vectors: Vectors = embedder.embed([one.text for one in self._evidence])

    def cite(self, sentence: str) -> Cited:
        """The sentence with its citations, mended where it does not hold.

        The verdict is "unsupported" when no evidence carries it at all; such a
        sentence must be withheld.
        """
        order = self._by_support(sentence)
        carrying = _carrying(sentence, order)
        best = carrying[0]
        chain = chain_of(best, self._question)
        known = _known(carrying, chain)
        found = check(sentence, _texts(carrying), known=known)
        kept = not is_amount_missing(self._question, sentence)
        kept = kept and found.holds and keeps_speaker(sentence, chain, best.document.text)
        if chain:
            close = coverage(sentence, f"{best.text} {known}") >= ATTRIBUTED
            kept = kept and close and keeps_cue(sentence, chain)
        ordered = in_order(sentence, f"{known} {_texts(carrying)}") >= ORDERED
        if kept and ordered and found.coverage >= SUPPORTED:
            return Cited(sentence, carrying, "supported", chain)
        return self._mended(sentence, order)

    def _mended(self, sentence: str, order: Sequence[Evidence]) -> Cited:
        """The source's own words in place of the sentence, if they say as much.

        Those words that the question did not bring are the answer, such as a
        name: the evidence that holds most of them is taken, the first in order.
        """
        fresh = _fresh(sentence, self._question)
        amounts = [one for one in order if not is_amount_missing(self._question, one.text)]
        if not amounts:
            return Cited(in_own_words(order[0], ()), (order[0],), "unsupported", mended=True)
        order = amounts
        chains = {one: chain_of(one, self._question) for one in order}
        shares = [_held(fresh, in_own_words(one, chains[one])) for one in order]
        share = max(shares)
        best = order[shares.index(share)]
        verdict: Verdict = "supported" if share >= MENDED or not fresh else "unsupported"
        text = in_own_words(best, chains[best])
        return Cited(text, (best,), verdict, chains[best], mended=True)

    def _by_support(self, sentence: str) -> list[Evidence]:
        """The evidence, that first which carries the sentence best."""
        wanted = self._embedder.embed([f"{self._question} {sentence}"])[0]
        meaning = self._vectors @ wanted
        fresh = _fresh(sentence, self._question)
        scores = [
            WORDS * coverage(sentence, one.text)
            + FRESH * _held(fresh, in_own_words(one, chain_of(one, self._question)))
            + FACTS * _facts_held(sentence, one.text)
            + MEANING * float(near)
            + RANK * one.score
            for one, near in zip(self._evidence, meaning, strict=True)
        ]
        best_first = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        return [self._evidence[i] for i in best_first]


def whole_sentences(draft: Draft) -> str:
    """The draft's text without a last sentence that was cut off, unless it has no other."""
    if draft.finished:
        return draft.text
    found = sentences(draft.text)
    return draft.text[: found[-1].span.start].strip() if len(found) > 1 else draft.text


def keeps_speaker(sentence: str, chain: Sequence[Link], text: str) -> bool:
    """Whether the sentence attributes to whom the source attributes, and to nobody else.

    chain: the source's, innermost first, in `text`.
    """
    whole = (Sentence(Span(0, len(sentence)), 1),)
    spoken = attribution.chain(sentence, whole, 0)
    if not chain or not spoken:
        return not chain and not spoken
    return _is_named(spoken[0].phrase.of(sentence), chain[0], text)


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


def _is_named(where: str, link: Link, text: str) -> bool:
    """Whether the word that names the link's speaker, a surname or a noun, stands in `where`."""
    heads = {_head(link.speaker.of(text)), _head(link.named.of(text))}
    return bool(heads & frozenset(words(where)))


def _head(phrase: str) -> str:
    """The last word of a noun phrase before its first preposition: "two people with ..."."""
    found = words(phrase)
    ends = [at for at, word in enumerate(found) if at and word in PREPOSITIONS]
    return found[ends[0] - 1] if ends else found[-1] if found else ""


def _carrying(sentence: str, order: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence that carries the sentence: the best, and what it lacks."""
    chosen = [order[0]]
    for one in order[1:]:
        if len(chosen) < MOST and _adds(sentence, chosen, one):
            chosen.append(one)
    return tuple(chosen)


def _fresh(sentence: str, question: str) -> frozenset[str]:
    """Stems of the sentence that the question did not bring, attributing words left out."""
    asked = frozenset(stem(word) for word in content_words(question))
    return frozenset(
        stem(word)
        for word in content_words(sentence)
        if word not in CUE_FORMS and stem(word) not in asked
    )


def _held(wanted: frozenset[str], text: str) -> float:
    """The share of the wanted stems that the text holds; 0.0 when none is wanted."""
    return len(wanted & frozenset(stem(word) for word in content_words(text))) / max(1, len(wanted))


def _texts(evidence: Sequence[Evidence]) -> str:
    return " ".join(one.text for one in evidence)


def _known(evidence: Sequence[Evidence], chain: Sequence[Link]) -> str:
    """What else the cited documents say of the names: headlines, whole names, roles."""
    known: list[str] = []
    for one in evidence:
        document = one.document
        known += [
            fact
            for fact in (document.title, document.source, document.author, document.date)
            if fact
        ]
        known += _whole_names(document.text, one.text)
    text = evidence[0].document.text
    known += [link.speaker.of(text) for link in chain]
    return " ".join(known)


def _whole_names(text: str, cited: str) -> list[str]:
    """Capitalised runs of the document that a name of the cited text is part of."""
    parts = frozenset(word for name in names(cited) for word in words(name))
    runs = re.findall(r"(?:[A-Z][\w'’-]+[ .]+){1,4}[A-Z][\w'’-]+", text)
    return [run for run in dict.fromkeys(runs) if parts & frozenset(words(run))]


def _facts_held(sentence: str, text: str) -> float:
    """The share of the sentence's names and numbers that the text holds; 1.0 for none."""
    facts = len(names(sentence)) + len(numbers(sentence))
    missing = len(missing_names(sentence, text)) + len(missing_numbers(sentence, text))
    return 1.0 if facts == 0 else max(0.0, 1 - missing / facts)


def _adds(sentence: str, chosen: Sequence[Evidence], more: Evidence) -> bool:
    """Whether the sentence needs `more` besides what is chosen: a fact, or many words."""
    have, together = _texts(chosen), _texts([*chosen, more])
    lacking = len(missing_names(sentence, have)) + len(missing_numbers(sentence, have))
    left = len(missing_names(sentence, together)) + len(missing_numbers(sentence, together))
    return left < lacking or coverage(sentence, together) - coverage(sentence, have) >= 0.25
