"""How sure it is that a sentence of the sources answers the question.

The model is asked twice for a yes or a no: whether all that it read holds an
answer, and whether the sentence read by itself is one. Where the question is who
said something, it is asked as well whether the sentence confirms that its speaker
did. Its state at the end of the first two knows more than the word that it would
write, so that for the model on which they were fitted weights of a logistic
regression read that state (`confidence.json`, made by scripts/fit_confidence.py).
Of any other model only the word's log-odds count. To that comes how well the
sentence carries what the model wrote, in a word or two and as a sentence.
docs/experiments.md tells on which questions the weights were fitted, and what
another threshold would give.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ragtool.records import Opinion

# The log-odds below which a sentence is withheld: the one number that trades answers
# against refusals.
THRESHOLD = -0.5
# The log-odds of the passages below which nothing more is asked: no sentence of
# such passages came near the threshold.
GATE = 0.3
# How sure is sure enough not to ask about further sentences: of 351 questions one came
# out otherwise than with all candidates asked about.
SURE = 1.5

# What the log-odds that a speaker said what is asked are held against, between most
# right and most wrong sentences, what they weigh, and the most that they add.
CLAIMED, CLAIM, MOST_CLAIMED = -1.0, 0.75, 1.5

# For a model that no weights were fitted on: of the two log-odds, of the shares of the
# short answer and of the draft, and what their sum has to reach.
_PASSAGES, _ALONE, _SHORT, _DRAFT, _ENOUGH = 0.75, 0.7, 1.4, 1.9, 3.5


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a sentence that may answer.

    passages, alone: what the model thinks of all that it read, and of the
    sentence by itself. short, draft: the shares in [0, 1] of the words new to
    the question, of the short answer and of the draft, that the sentence holds;
    short is None where the short answer has none. support: how well the
    sentence carries both, see `Citer`. claimed: the log-odds of yes that it says
    what is asked of its speaker, None where that can't be put so.
    """

    passages: Opinion
    alone: Opinion
    short: float | None
    draft: float
    support: float
    claimed: float | None = None


class Confidence:
    """Tells how sure it is, of what one model thinks.

    model: the SHA-256 of its file.
    """

    def __init__(self, model: str) -> None:
        weights = _fitted()
        self._weights = weights if weights["model"] == model else None

    def of(self, signals: Signals) -> float:
        """Log-odds that the sentence is the answer, less the threshold: withheld below 0."""
        short = signals.draft if signals.short is None else signals.short
        claimed = 0.0 if signals.claimed is None else CLAIM * (signals.claimed - CLAIMED)
        weights = self._weights
        if weights is None:
            return (
                claimed
                + _PASSAGES * signals.passages.odds
                + _ALONE * signals.alone.odds
                + _SHORT * short
                + _DRAFT * signals.draft
                - _ENOUGH
            )
        log_odds: float = (
            claimed
            + weights["intercept"]
            + _product(weights["passages"], signals.passages.state)
            + _product(weights["alone"], signals.alone.state)
            + weights["short"] * short
            + weights["draft"] * signals.draft
            + weights["support"] * signals.support
        )
        return log_odds - THRESHOLD


def _fitted() -> dict[str, Any]:
    text = resources.files("ragtool").joinpath("confidence.json").read_text("utf-8")
    weights: dict[str, Any] = json.loads(text)
    return weights


def _product(weights: Sequence[float], state: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, state, strict=True))
