"""A question to an answer: the stages in their order, and what each hands on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

from ragtool import __version__
from ragtool import evidence as evidence_stage
from ragtool import prompt as prompts
from ragtool.amounts import unknown_durations, unknown_months, unknown_numbers
from ragtool.checking import is_topic_unknown
from ragtool.citations import Citer
from ragtool.config import Settings
from ragtool.conversation import (
    Turn,
    beginning,
    in_place,
    is_faithful,
    is_follow_up,
    leant_on,
)
from ragtool.pipeline.citing import Numbering
from ragtool.pipeline.finding import Finder, Finding
from ragtool.pipeline.loading import Kept, Library, Writer
from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Citation,
    Evidence,
    Filters,
    Hit,
)

# Tokens of evidence that the model reads.
EVIDENCE_TOKENS = 400
# Of a follow-up written as a whole question.
QUESTION_TOKENS = 48
NEAREST = 3
# What an answer cost, in the order in which it is told; 0 for a step not taken.
TIMINGS = ("retrieve_ms", "first_token_ms", "total_ms", "prompt_tokens", "completion_tokens")

OnHits = Callable[[tuple[Hit, ...]], None]
OnSentence = Callable[[AnswerSentence, tuple[Citation, ...]], None]


def search(query: str, settings: Settings, *, k: int, filters: Filters) -> tuple[Hit, ...]:
    """The k chunks that fit the query best, without a language model."""
    with Library(settings) as library:
        return library.retrieve(query, library.vector(query), k=k, filters=filters)


class Session:
    """Questions asked of one state of the index, with the models loaded once.

    kept: what is loaded already, and stays so after the session.
    """

    def __init__(self, settings: Settings, *, kept: Kept | None = None) -> None:
        with ExitStack() as opened:
            if kept is None:
                kept = Kept()
                opened.callback(kept.close)
            self._library = opened.enter_context(Library(settings, kept=kept))
            self._writer = kept.writer(settings)
            self._opened = opened.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    @property
    def unread(self) -> int:
        """How many files, and parts of files, could not be read into the index."""
        return sum(not failure.skipped for failure in self._library.store.failures())

    def whole(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it can be understood alone; as it is where it already can.

        turns: what was asked and answered before, oldest first.
        """
        said = leant_on(turns)
        if not said or not is_follow_up(question):
            return question
        prompt = prompts.whole_question_prompt(
            question,
            [(turn.question, turn.answer) for turn in said],
            beginning=beginning(question),
        )
        draft = self._writer.generator.generate(prompt, max_tokens=QUESTION_TOKENS)
        rewritten = draft.text.split("\n")[0].strip()
        if is_faithful(rewritten, question, said):
            return rewritten
        return in_place(question, said[-1]) or question

    def ask(
        self,
        question: str,
        *,
        k: int,
        filters: Filters,
        id: str | None = None,
        on_hits: OnHits | None = None,
        on_sentence: OnSentence | None = None,
    ) -> Answer:
        """The checked answer, or "not_found" with the nearest passages.

        on_hits: told what is being read, before the model reads it.
        on_sentence: told each sentence once it is checked, with its citations.
        """
        asked = _Question(question, self._library, self._writer, id=id, on_sentence=on_sentence)
        return asked.answer(k=k, filters=filters, on_hits=on_hits)


class _Question:
    """One question on its way through the stages."""

    def __init__(
        self,
        question: str,
        library: Library,
        writer: Writer,
        *,
        id: str | None,
        on_sentence: OnSentence | None,
    ) -> None:
        self._question = question
        self._library = library
        self._writer = writer
        self._id = id
        self._on_sentence = on_sentence
        self._started = time.monotonic()
        self._timings: dict[str, int] = {}
        self._numbering = Numbering()

    def answer(self, *, k: int, filters: Filters, on_hits: OnHits | None) -> Answer:
        vector = self._library.vector(self._question)
        hits = self._library.retrieve(self._question, vector, k=k, filters=filters)
        if on_hits is not None:
            on_hits(hits)
        ranked = evidence_stage.rank(
            self._question, hits, question_vector=vector, embedder=self._library.embedder
        )
        self._mark("retrieve_ms")
        kept = self._kept(evidence_stage.focused(ranked, hits)) if ranked else []
        return self._answer(kept, ranked, hits, AnswerSettings(k, filters, __version__))

    def _kept(self, ranked: Sequence[Evidence]) -> list[AnswerSentence]:
        """The checked sentences of the answer; none when the sources hold none."""
        generator = self._writer.generator
        chosen = evidence_stage.select(ranked, budget=EVIDENCE_TOKENS, cost=generator.count_tokens)
        told = _told(chosen)
        # Another number, month or span of time than the sources', or a matter of which they
        # have no word: whatever the model found would answer another question.
        figures = (unknown_numbers, unknown_months, unknown_durations)
        if any(lacks(self._question, told) for lacks in figures):
            return []
        if is_topic_unknown(self._question, told):
            return []
        citer = Citer(self._question, chosen, embedder=self._library.embedder)
        finder = Finder(
            self._question,
            chosen,
            citer=citer,
            generator=generator,
            on_text=lambda _: self._mark("first_token_ms"),
        )
        findings = finder.findings()
        if findings:
            self._mark("first_token_ms")
        kept = self._cited(findings, citer)
        self._timings["prompt_tokens"], self._timings["completion_tokens"] = finder.tokens
        return kept

    def _cited(self, findings: Sequence[Finding], citer: Citer) -> list[AnswerSentence]:
        kept: list[AnswerSentence] = []
        seen: set[str] = set()
        for found in findings:
            cited = citer.cite(found.said, best=found.evidence)
            if cited.text in seen:
                continue
            seen.add(cited.text)
            kept.append(self._numbering.number(cited))
            if self._on_sentence is not None:
                self._on_sentence(kept[-1], self._numbering.citations)
        return kept

    def _answer(
        self,
        kept: Sequence[AnswerSentence],
        ranked: Sequence[Evidence],
        hits: tuple[Hit, ...],
        settings: AnswerSettings,
    ) -> Answer:
        nearest = Numbering()
        for one in () if kept else ranked[:NEAREST]:
            nearest.cite(one)
        self._mark("total_ms")
        timings = {name: self._timings.get(name, 0) for name in TIMINGS}
        return Answer(
            question=self._question,
            status="answered" if kept else "not_found",
            sentences=tuple(kept),
            citations=self._numbering.citations,
            nearest=nearest.citations,
            retrieved=hits,
            model=self._writer.card,
            index=self._library.card,
            settings=settings,
            timings=timings,
            id=self._id,
        )

    def _mark(self, name: str) -> None:
        """Notes the milliseconds since the question was asked, the first time only."""
        elapsed = time.monotonic() - self._started
        self._timings.setdefault(name, round(1000 * elapsed))


def _told(evidence: Sequence[Evidence]) -> str:
    """All that the documents of the evidence say, their date and headline included."""
    documents = {one.document.path: one.document for one in evidence}.values()
    told = (fact for one in documents for fact in (one.title, one.date, one.text) if fact)
    return "\n".join(told)
