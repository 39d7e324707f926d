"""The two seams: what turns text into vectors, and what writes.

Tests put fakes here and nowhere else; another embedding model or a remote
generator comes in through the same two doors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ragtool.records import Draft, Look, Opinion, Prompt, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


class Embedder(Protocol):
    """Texts to unit vectors whose inner product is the cosine similarity."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its graph; vectors of two fingerprints don't mix."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32, shape (len(texts), dimensions), rows of length 1, in order.

        A text longer than the model reads is cut at its limit.
        """


class Generator(Protocol):
    """A language model that continues a prompt greedily."""

    @property
    def name(self) -> str:
        """What the model is called in answers."""

    @property
    def sha256(self) -> str:
        """Hex digest of the model's file."""

    @property
    def context_tokens(self) -> int:
        """How many tokens prompt and completion may take together."""

    def count_tokens(self, text: str) -> int:
        """How many tokens the text takes in a prompt."""

    def generate(
        self, prompt: Prompt, *, max_tokens: int, on_text: Callable[[str], None] | None = None
    ) -> Draft:
        """The reply to the prompt, greedily decoded, of at most max_tokens tokens.

        on_text gets each piece as it is written. Raises ModelError when the
        prompt does not fit the context with its reply.
        """

    def opinion(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> Opinion:
        """How much likelier the reply begins with a word of yes than with one of no."""

    def look(
        self,
        prompt: Prompt,
        *,
        at: Sequence[Span],
        asked: Span,
    ) -> Look:
        """Where the model looks while it reads the question.

        at: places of the prompt's last part but one. asked: where the question stands
        in its last part. None of them is empty. Raises ModelError when the prompt does
        not fit the context.
        """
