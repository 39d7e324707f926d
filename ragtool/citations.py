"""A draft to sentences that cite what they rest on, checked.

The model writes without citing. For each sentence of its draft the program
finds the sentences of the evidence that carry it and checks numbers, names,
negations and who said it. What does not hold is mended, by putting the
source's own words in its place, or withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragtool.amounts import is_amount_missing, missing_numbers
from ragtool.asked import Asked
from ragtool.attribution import Link
from ragtool.checking import (
    check,
    coverage,
    gives_reason,
    hedge_differs,
    in_order,
    missing_names,
    whole_names,
)
from ragtool.protocols import Embedder, Vectors
from ragtool.quoting import (
    chain_of,
    in_own_words,
    is_named,
    keeps_cue,
    keeps_speaker,
    naming,
    shown_names,
)
from ragtool.records import Draft, Evidence, Verdict
from ragtool.sentences import sentences
from ragtool.shortening import unjoined
from ragtool.support import facts_held, fresh, held
from ragtool.words import words

# Weights of the signals that say which sentence carries an answer: its words,
# those of them that the question did not bring, its names and numbers, its
# meaning, and how well the evidence fits the question; the words of the short
# answer, that it is the speaker's name where the question asks who spoke, and
# that a reason is given where it asks why.
WORDS, FRESH, FACTS, MEANING, RANK = 0.3, 0.3, 0.2, 0.3, 0.4
SHORT, SPEAKS, REASON = 0.6, 0.3, 0.3
# The share of a sentence's words that must stand in what it cites, and in the
# best of it where the source attributes them: one word more may turn the source
# around ("disestablished") or put something into somebody's mouth.
SUPPORTED = 1.0
# The share of them that must stand there in the same order: the same words in
# another order say who did what to whom the other way round.
ORDERED = 0.75
# The share of them that must stand in the best of what it cites: else it answers with
# something else than what was found.
OF_THE_BEST = 0.5
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of the evidence that may carry a draft's sentence.

    text: in its own words, names supplied. short, draft: the shares, in [0, 1],
    of the words new to the question that it holds of the short answer and of
    the draft; short is None where the short answer has none.
    """

    evidence: Evidence
    text: str
    short: float | None
    draft: float


class Citer:
    """Cites from one question's evidence.

    asked: what the question asks for in it.
    """

    def __init__(self, question: str, evidence: Sequence[Evidence], *, embedder: Embedder) -> None:
        self._question = question
        self._evidence = tuple(evidence)
        self._embedder = embedder
        self._vectors: Vectors = embedder.embed([one.text for one in self._evidence])
        self.asked = Asked(question, evidence)
        self._asks_why = "why" in words(question)

    def candidates(self, sentence: str, *, answer: str, most: int) -> tuple[Candidate, ...]:
        """The sentences that may carry a draft's sentence, the likeliest first.

        answer: the same in a word or two. most: so many of those that carry the
        draft best; to them comes the one that fits the question best. None is
        left where the question asks how many and no sentence gives an amount, what
        somebody said of whom none speaks, or who said it and none tells. A
        question answers none.
        """
        order = [
            one
            for one in self._by_support(sentence, answer)
            if self.asked.is_met_by(one) and not self.asked.is_left_open_by(one)
        ]
        fitting = max(order, key=lambda one: one.score, default=None)
        asked = [one for at, one in enumerate(order) if at < most or one is fitting]
        return tuple(self._candidate(sentence, answer, one) for one in asked)

    def _candidate(self, sentence: str, answer: str, evidence: Evidence) -> Candidate:
        chain = chain_of(evidence, self._question)
        own = in_own_words(evidence, chain)
        short = fresh(answer, self._question)
        return Candidate(
            evidence,
            own,
            short=held(short, own) if short else None,
            draft=held(fresh(sentence, self._question), own),
        )

    def cite(self, sentence: str, *, best: Evidence | None = None) -> Cited:
        """The sentence with its citations, mended where it does not hold.

        best: the evidence that carries it, if that was chosen already. The
        verdict is "unsupported" when no evidence carries it at all; such a
        sentence must be withheld.
        """
        order = self._by_support(sentence, "")
        if best is not None:
            order = [best, *(one for one in order if one != best)]
        carrying = _carrying(sentence, order)
        chain = chain_of(carrying[0], self._question)
        if sentence and self._holds(sentence, carrying, chain):
            return Cited(sentence, self._with_names(carrying, chain), "supported", chain)
        return self._in_its_words(best) if best is not None else self._mended(sentence, order)

    def _holds(self, sentence: str, carrying: tuple[Evidence, ...], chain: Sequence[Link]) -> bool:
        """Whether the sentence says what its evidence says, and by whom it is said."""
        best = carrying[0]
        known = _known(carrying, chain)
        found = check(sentence, _texts(carrying), known=known)
        if is_amount_missing(self._question, sentence) or not found.holds:
            return False
        if hedge_differs(sentence, _texts(carrying)):
            return False
        if not keeps_speaker(sentence, chain, best.document.text):
            return False
        if any(self._loses_speaker(sentence, one) for one in carrying[1:]):
            return False
        if coverage(sentence, in_own_words(best, chain)) < OF_THE_BEST:
            return False
        if chain:
            close = coverage(sentence, f"{best.text} {known}") >= SUPPORTED
            if not close or not keeps_cue(sentence, chain):
                return False
        ordered = in_order(sentence, f"{known} {_texts(carrying)}") >= ORDERED
        return ordered and found.coverage >= SUPPORTED

    def _loses_speaker(self, sentence: str, one: Evidence) -> bool:
        """Whether somebody speaks in the evidence and not, or another, in the sentence."""
        chain = chain_of(one, self._question)
        return bool(chain) and not keeps_speaker(sentence, chain, one.document.text)

    def _in_its_words(self, best: Evidence, verdict: Verdict = "supported") -> Cited:
        """The source's own words in place of the sentence."""
        chain = chain_of(best, self._question)
        cited = self._with_names((best,), chain)
        text = unjoined(in_own_words(best, chain))
        return Cited(text, cited, verdict, chain, mended=True)

    def _mended(self, sentence: str, order: Sequence[Evidence]) -> Cited:
        """The source's own words in place of the sentence, if they say as much.

        Those words that the question did not bring are what it tells: the
        evidence that holds most of them is taken, the first in order.
        """
        wanted = fresh(sentence, self._question)
        amounts = [one for one in order if not is_amount_missing(self._question, one.text)]
        if not amounts:
            return self._in_its_words(order[0], "unsupported")
        shares = [held(wanted, in_own_words(one, chain_of(one, self._question))) for one in amounts]
        share = max(shares)
        verdict: Verdict = "supported" if share >= MENDED or not wanted else "unsupported"
        return self._in_its_words(amounts[shares.index(share)], verdict)

    def _by_support(self, sentence: str, answer: str) -> list[Evidence]:
        """The evidence, that first which carries the sentence best."""
        wanted = self._embedder.embed([f"{self._question} {sentence}"])[0]
        meaning = self._vectors @ wanted
        scores = [
            self._support(sentence, answer, one) + MEANING * float(near)
            for one, near in zip(self._evidence, meaning, strict=True)
        ]
        best_first = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        return [self._evidence[i] for i in best_first]

    def _support(self, sentence: str, answer: str, one: Evidence) -> float:
        """How well the evidence carries the sentence and the short answer, by words."""
        chain = chain_of(one, self._question)
        own = in_own_words(one, chain)
        text = one.document.text
        spoken = self.asked.speaker and any(is_named(answer, link, text) for link in chain[:1])
        return (
            WORDS * coverage(sentence, one.text)
            + FRESH * held(fresh(sentence, self._question), own)
            + FACTS * facts_held(sentence, one.text)
            + RANK * one.score
            + SHORT * held(fresh(answer, self._question), own)
            + SPEAKS * spoken
            + REASON * (self._asks_why and gives_reason(one.text))
        )

    def _with_names(
        self, carrying: tuple[Evidence, ...], chain: Sequence[Link]
    ) -> tuple[Evidence, ...]:
        """The evidence, and the sentences that name its speakers where it does not."""
        chunks = [one.chunk for one in (carrying[0], *self._evidence)]
        return naming(carrying, shown_names(carrying[0], chain), chunks=chunks)


def whole_sentences(draft: Draft) -> str:
    """The draft's text without a last sentence that was cut off, unless it has no other."""
    if draft.finished:
        return draft.text
    found = sentences(draft.text)
    return draft.text[: found[-1].span.start].strip() if len(found) > 1 else draft.text


def _carrying(sentence: str, order: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence that carries the sentence: the best, and what it lacks."""
    chosen = [order[0]]
    for one in order[1:]:
        if len(chosen) < MOST and _adds(sentence, chosen, one):
            chosen.append(one)
    return tuple(chosen)


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
        known += whole_names(document.text, one.text)
    text = evidence[0].document.text
    known += [link.speaker.of(text) for link in chain]
    return " ".join(known)


def _adds(sentence: str, chosen: Sequence[Evidence], more: Evidence) -> bool:
    """Whether the sentence needs `more` besides what is chosen: a fact, or many words."""
    have, together = _texts(chosen), _texts([*chosen, more])
    lacking = len(missing_names(sentence, have)) + len(missing_numbers(sentence, have))
    left = len(missing_names(sentence, together)) + len(missing_numbers(sentence, together))
    return left < lacking or coverage(sentence, together) - coverage(sentence, have) >= 0.25
