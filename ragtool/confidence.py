"""How sure it is that a sentence of the sources answers the question.

A model that reads a question behind the passages looks back at the sentence that it
needs: some of its attention heads do little else (retrieval heads, Wu et al. 2024,
arXiv 2404.15574; to choose passages by, Chen et al. 2024, arXiv 2410.02642). And its
states at the question's words tell whether it found just what was asked. `Sight`
reads both by weights, `sight.npz`, and the model reads the question with a small LoRA
adapter, `sight.gguf`; scripts/teach_sight.py made both of invented news, for one
model. Of any other model `thought` weighs what it says when it is asked.
docs/experiments.md has the figures of both.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragtool.errors import ModelError
from ragtool.records import Look, Opinion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The log-odds below which a sentence is withheld: the number that trades answers against
# refusals; and what more it takes where the question asks who it was, since words in the
# wrong mouth are worse than any refusal, and near claims are many.
THRESHOLD, MORE_FOR_WHO = -2.5, 2.0
# Added to attention before its logarithm is taken: less is none.
FAINT = 1e-4

# Of other models: the log-odds of the passages below which nothing more is asked; of the
# two log-odds, of the shares of the short answer and of the draft, and what their sum has
# to reach.
GATE = 0.3
_PASSAGES, _ALONE, _SHORT, _DRAFT, _ENOUGH = 0.75, 0.7, 1.4, 1.9, 3.5


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a sentence that may answer, of a model without weights.

    passages, alone: what the model thinks of all that it read, and of the
    sentence by itself. short, draft: the shares in [0, 1] of the words new to
    the question, of the short answer and of the draft, that the sentence holds;
    short is None where the short answer has none.
    """

    passages: Opinion
    alone: Opinion
    short: float | None
    draft: float


def least(*, asks_who: bool) -> float:
    """The log-odds below which a sentence is withheld, of a question of who or another."""
    return THRESHOLD + MORE_FOR_WHO * asks_who


def thought(signals: Signals) -> float:
    """Log-odds that the sentence is the answer, less what it takes: withheld below 0."""
    short = signals.draft if signals.short is None else signals.short
    return (
        _PASSAGES * signals.passages.odds
        + _ALONE * signals.alone.odds
        + _SHORT * short
        + _DRAFT * signals.draft
        - _ENOUGH
    )


class Sight:
    """Reads from where one model looks which sentence answers. Made by `of`."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._weights = weights

    @staticmethod
    def of(model: str) -> Sight | None:
        """For the model with this SHA-256; None where no weights were fitted on it."""
        weights = _weights()
        return Sight(weights) if str(weights["model"]) == model else None

    def sure(self, look: Look) -> tuple[float, ...]:
        """Of each place that was looked at, the log-odds that it answers.

        Of all places and none at all one answers, so that their chances sum to 1.
        """
        import numpy as np

        weights = self._weights
        layers = slice(int(weights["first"]), int(weights["first"]) + len(weights["heads"]))
        # Layers, mass and peak, heads, places.
        both = np.stack([look.mass[layers], look.peak[layers]], axis=1)
        seen = np.log(both.astype(np.float64) + FAINT)
        # Each place against the others, however few these are.
        count = seen.shape[-1]
        apart = (seen - seen.mean(axis=-1, keepdims=True)) * count / max(1, count - 1)
        scores = np.einsum("lkhp,lkh->p", apart, weights["heads"])
        none = weights["none"].item() + np.sum(seen.max(axis=-1) * weights["none_heads"])
        for at, layer in enumerate(weights["layers"]):
            none += self._missing(look.states[layer], at)
        chances = np.append(scores, none)
        chances -= np.logaddexp.reduce(chances)
        odds = chances - np.log1p(-np.minimum(np.exp(chances), 1 - 1e-9))
        return tuple(float(each) for each in odds[:-1])

    def _missing(self, states: NDArray[np.float32], at: int) -> float:
        """What speaks for no answer, by the states of the question's tokens in one layer:
        of the last of them, and of those that tell most, found by attention."""
        import numpy as np

        weights = self._weights
        states = states / (np.sqrt((states**2).mean(axis=-1, keepdims=True)) + 1e-6)
        telling = states @ weights["telling"][at]
        share = np.exp(telling - np.logaddexp.reduce(telling, axis=0))
        told = (states @ weights["told"][at] * share).sum(axis=0)
        return float(states[-1] @ weights["last"][at] + told.sum())


def adapter_of(model: str) -> Path | None:
    """The LoRA adapter with which the model with this SHA-256 looks; None for none.

    Raises ModelError when it is not the one that the weights were fitted with.
    """
    if Sight.of(model) is None:
        return None
    file = _data("sight.gguf")
    if hashlib.sha256(file.read_bytes()).hexdigest() != str(_weights()["adapter"]):
        raise ModelError(f"{file} is damaged.", hint="pip install --force-reinstall ragtool")
    return file


@functools.cache
def _weights() -> Mapping[str, NDArray[Any]]:
    import numpy as np

    with np.load(_data("sight.npz"), allow_pickle=False) as file:
        return dict(file)


def _data(name: str) -> Path:
    return Path(__file__).with_name(name)
