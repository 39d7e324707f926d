"""Deterministic stand-ins for the two seams, an Embedder and a Generator: the only fakes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from ragtool.errors import ModelError
from ragtool.protocols import Vectors
from ragtool.records import Draft, Look, Opinion, Prompt, Span

_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])")


class FakeEmbedder:
    """Texts that share words are near each other: the sum of a vector for each word."""

    def __init__(self, *, dimensions: int = 32, max_words: int = 250) -> None:
        self._dimensions = dimensions
        self._max_words = max_words
        self.texts: list[str] = []  # everything that was ever embedded

    @property
    def fingerprint(self) -> str:
        return f"fake-{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Vectors:
        self.texts += texts
        if on_batch is not None:
            on_batch(len(texts))
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            # Every text has the empty word, so that none is without direction.
            for word in ["", *text.casefold().split()[: self._max_words]]:
                row += self._vector(word)
            row /= np.linalg.norm(row)
        return rows

    def _vector(self, word: str) -> Vectors:
        seed = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        return np.random.default_rng(seed).normal(size=self._dimensions).astype(np.float32)


class FakeGenerator:
    """Replies with `reply`, or else with the longest line of the prompt's first part.

    Its opinion has `odds` where a word of yes and a word of no are asked for.
    """

    def __init__(
        self, *, reply: str | None = None, odds: float = 1.0, context_tokens: int = 4096
    ) -> None:
        self._reply = reply
        self._odds = odds
        self._context_tokens = context_tokens

    @property
    def name(self) -> str:
        return "fake"

    @property
    def sha256(self) -> str:
        return "0" * 64

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def close(self) -> None:
        """There is nothing to give back."""

    def count_tokens(self, text: str) -> int:
        return len(_TOKEN.findall(text))

    def generate(
        self, prompt: Prompt, *, max_tokens: int, on_text: Callable[[str], None] | None = None
    ) -> Draft:
        read = self._read(prompt, room=max_tokens)
        reply = self._reply
        if reply is None:
            reply = max(prompt.parts[0].split("\n"), key=len)
        pieces = _TOKEN.findall(reply)
        for piece in pieces[:max_tokens]:
            if on_text is not None:
                on_text(piece)
        written = pieces[:max_tokens]
        # As of a real model: the end of the turn is one more decision.
        return Draft("".join(written).strip(), read, len(written), len(pieces) < max_tokens)

    def opinion(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> Opinion:
        self._read(prompt, room=1)
        if frozenset(yes) == frozenset(no):
            return Opinion(0.0)
        return Opinion(self._odds if "yes" in yes else -self._odds)

    def look(self, prompt: Prompt, *, at: Sequence[Span], asked: Span) -> Look:
        """One head of one layer, which looks at the words of the question."""
        self._read(prompt, room=0)
        wanted = set(_TOKEN.findall(asked.of(prompt.parts[-1]).casefold()))
        found = [
            len(wanted & set(_TOKEN.findall(one.of(prompt.parts[-2]).casefold()))) for one in at
        ]
        mass = np.array([[found]], dtype=np.float32) / np.float32(1 + sum(found))
        return Look(
            mass, mass / np.float32(2), np.zeros((1, max(1, len(wanted)), 4), dtype=np.float32)
        )

    def _read(self, prompt: Prompt, *, room: int) -> int:
        tokens = sum(map(self.count_tokens, (prompt.system, *prompt.parts)))
        if tokens + room > self._context_tokens:
            raise ModelError(f"The prompt has {tokens} tokens.", hint="Ask with a smaller -k.")
        return tokens
