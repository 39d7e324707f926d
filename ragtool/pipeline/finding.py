"""Which sentences of the evidence answer the question, if any, and what the model writes of them.

Of a model that was taught to it is read from where it looks while it reads the
question, in one reading of the passages; it writes nothing, and the sources' own words
answer (docs/decisions/0028-the-sources-own-words.md). Any other model, or one that does
not tell where it looks, writes, and is asked of each sentence what it thinks
(docs/decisions/0015-one-confidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragtool import prompt as prompts
from ragtool.citations import Citer, whole_sentences
from ragtool.confidence import GATE, Sight, Signals, least, thought
from ragtool.protocols import Generator
from ragtool.records import Draft, Evidence, Look, Opinion, Prompt
from ragtool.sentences import sentences

# Tokens that the model may write, in a word or two and as a sentence.
SHORT_TOKENS, ANSWER_TOKENS = 24, 96
# How many sentences of the sources that carry a sentence of the draft another model is
# asked about, beside the one that fits the question best.
CANDIDATES = 2

# Told of each piece of text that the model writes.
OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """The evidence that answers, and a sentence that the model wrote of it, "" for none."""

    said: str
    evidence: Evidence


class Finder:
    """Looks in one question's evidence.

    tokens: of the longest prompt that was read, and of all that was written.
    """

    def __init__(
        self,
        question: str,
        evidence: Sequence[Evidence],
        *,
        citer: Citer,
        generator: Generator,
        on_text: OnText,
    ) -> None:
        self._question = question
        self._evidence = evidence
        self._citer = citer
        self._generator = generator
        self._on_text = on_text
        self.tokens = (0, 0)

    def findings(self) -> list[Finding]:
        """In the order of the answer; none when the evidence does not answer."""
        sight = Sight.of(self._generator.sha256)
        if sight is None:
            return self._thought()
        prompt = prompts.look_prompt(self._question, self._evidence)
        self.tokens = (self._generator.count_tokens("".join(prompt.parts)), 0)
        look = self._generator.look(
            prompt,
            at=prompts.places(self._evidence),
            asked=prompts.place_of_question(self._question),
        )
        return self._seen(sight, look) if look.mass.size else self._thought()

    def _seen(self, sight: Sight, look: Look) -> list[Finding]:
        odds = zip(sight.sure(look), self._evidence, strict=True)
        able = [each for each in odds if self._citer.asked.is_met_by(each[1])]
        enough = least(asks_who=self._citer.asked.who)
        for sure, best in sorted(able, key=lambda each: -each[0]):
            if sure < enough:
                break
            if shown := self._citer.asked.shown(best):
                return [Finding("", one) for one in shown]
        return []

    def _thought(self) -> list[Finding]:
        passages = self._opinion(prompts.gate_prompt(self._question, self._evidence))
        if passages.odds < GATE:
            return []
        written = self._written(
            prompts.answer_prompt(self._question, self._evidence), ANSWER_TOKENS, self._on_text
        )
        draft = whole_sentences(written)
        short = self._written(prompts.short_prompt(self._question, self._evidence), SHORT_TOKENS)
        found: list[Finding] = []
        for one in sentences(draft):
            said = one.span.of(draft)
            best = self._surest(said, short.text, passages)
            if best is not None:
                found.append(Finding(said, best))
        return found

    def _surest(self, said: str, short: str, passages: Opinion) -> Evidence | None:
        """The sentence of the sources that answers most surely, None where none surely does.

        passages: what the model thinks of all that was read.
        """
        best: Evidence | None = None
        surest = 0.0
        for one in self._citer.candidates(said, answer=short, most=CANDIDATES):
            alone = self._opinion(prompts.confirm_prompt(self._question, one.text))
            sure = thought(Signals(passages, alone, one.short, one.draft))
            if sure >= surest:
                best, surest = one.evidence, sure
        return best

    def _written(self, prompt: Prompt, most: int, on_text: OnText | None = None) -> Draft:
        draft = self._generator.generate(prompt, max_tokens=most, on_text=on_text)
        read, written = self.tokens
        self.tokens = (max(read, draft.prompt_tokens), written + draft.completion_tokens)
        return draft

    def _opinion(self, prompt: Prompt) -> Opinion:
        return self._generator.opinion(prompt, yes=prompts.YES, no=prompts.NO)
