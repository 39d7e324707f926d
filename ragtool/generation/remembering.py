"""What the model was asked lately, and what it replied: asked the same again, it needs no work.

For a process that stays: a question is often asked once more, for a page, for
JSON, or after a mistyped option.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from ragtool.protocols import Generator
from ragtool.records import Draft, Look, Opinion, Prompt, Span

# A question asks for some six replies.
REPLIES = 64

Reply = TypeVar("Reply", Draft, Opinion, Look)


class Remembering:
    """A Generator that gives its last REPLIES replies again; they are deterministic."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._drafts: OrderedDict[Hashable, Draft] = OrderedDict()
        self._opinions: OrderedDict[Hashable, Opinion] = OrderedDict()
        self._looks: OrderedDict[Hashable, Look] = OrderedDict()

    @property
    def name(self) -> str:
        """See `Generator`."""
        return self._generator.name

    @property
    def sha256(self) -> str:
        """See `Generator`."""
        return self._generator.sha256

    @property
    def context_tokens(self) -> int:
        """See `Generator`."""
        return self._generator.context_tokens

    def count_tokens(self, text: str) -> int:
        """See `Generator`."""
        return self._generator.count_tokens(text)

    def generate(
        self, prompt: Prompt, *, max_tokens: int, on_text: Callable[[str], None] | None = None
    ) -> Draft:
        """See `Generator`; a draft that is remembered comes in one piece."""
        key = (prompt, max_tokens)
        known = self._drafts.get(key)
        if known is not None and known.text and on_text is not None:
            on_text(known.text)
        if known is None:
            known = self._generator.generate(prompt, max_tokens=max_tokens, on_text=on_text)
        return _kept(self._drafts, key, known)

    def opinion(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> Opinion:
        """See `Generator`."""
        key = (prompt, tuple(yes), tuple(no))
        known = self._opinions.get(key)
        if known is None:
            known = self._generator.opinion(prompt, yes=yes, no=no)
        return _kept(self._opinions, key, known)

    def look(
        self,
        prompt: Prompt,
        *,
        at: Sequence[Span],
        asked: Span,
    ) -> Look:
        """See `Generator`."""
        key = (prompt, tuple(at), asked)
        known = self._looks.get(key)
        if known is None:
            known = self._generator.look(prompt, at=at, asked=asked)
        return _kept(self._looks, key, known)


def _kept(replies: OrderedDict[Hashable, Reply], key: Hashable, reply: Reply) -> Reply:
    """The reply, remembered as the latest."""
    replies[key] = reply
    replies.move_to_end(key)
    if len(replies) > REPLIES:
        replies.popitem(last=False)
    return reply
