"""How sure it is that a sentence of the sources answers the question.

Four signals, each weak alone: whether the model thinks that the passages hold
an answer, whether it thinks that the sentence read by itself is one, and how
much of what it wrote, in a word or two and as a sentence, stands there. The
weights are those of a logistic regression, rounded; docs/experiments.md tells
on which questions, and what another threshold would give.
"""

from __future__ import annotations

from dataclasses import dataclass

# Weights, in log-odds.
PASSAGES, ALONE, SHORT, DRAFT = 0.75, 0.7, 1.4, 1.9
# The sum below which a sentence is withheld: the one number that trades answers
# against refusals.
THRESHOLD = 3.5
# The log-odds of the passages below which nothing more is asked: no sentence of
# such passages came near the threshold.
GATE = 0.3


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a sentence that may answer.

    passages, alone: the model's log-odds of yes against no, asked of all that
    it read and of the sentence by itself. short, draft: the shares in [0, 1]
    of the words new to the question, of the short answer and of the draft,
    that the sentence holds; short is None where the short answer has none.
    """

    passages: float
    alone: float
    short: float | None
    draft: float

    @property
    def confidence(self) -> float:
        """Log-odds that the sentence is the answer, less the threshold: withheld below 0."""
        short = self.draft if self.short is None else self.short
        return (
            PASSAGES * self.passages
            + ALONE * self.alone
            + SHORT * short
            + DRAFT * self.draft
            - THRESHOLD
        )
