"""Follow-up questions: which ones lean on what was asked before, and what may stand in for them.

The model rewrites a follow-up as a whole question. What it writes is taken
only when it brings in nothing that was not said: a name of its own making
would be searched for, and perhaps found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragtool.words import content_words, stem, words

# Words that stand for something said before, unless the question itself says it first.
_LEANING = frozenset(
    "he she it they him her them his hers its their theirs this that these those "
    "there then one ones other others another else same".split()
)
_BEGINNINGS = frozenset("and but or so also".split())
_ABOUT = re.compile(r"^(?:and |but |so )?(?:what|how) about\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)\b[A-Z]\w+")
# A question of so few words that carry meaning is no question of its own.
_FEW = 1
# "Who said that ...", "the claim that ...": here "that" stands for nothing.
_SAYING = re.compile(r"\bthat (?:the|a|an|no|all|his|her|its|their|there|[A-Z0-9])\b")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that was asked, whole, and the answer's text, "" for none."""

    question: str
    answer: str


def is_follow_up(question: str) -> bool:
    """Whether the question can't be understood without the ones before."""
    said = words(question)
    if not said:
        return False
    if said[0] in _BEGINNINGS or _ABOUT.match(question) or len(content_words(question)) <= _FEW:
        return True
    plain = words(_SAYING.sub("", question))
    named = _NAME.search(question)
    before = words(question[: named.start()]) if named else plain
    return any(word in _LEANING for word in before if word in plain)


def is_faithful(rewritten: str, question: str, turns: Sequence[Turn]) -> bool:
    """Whether the rewritten question says nothing that was not said, and keeps what was asked."""
    said = _stems(" ".join([question, *(f"{turn.question} {turn.answer}" for turn in turns)]))
    new = _stems(rewritten)
    asked = {word for word in _stems(question) if word not in _LEANING}
    return bool(new) and new <= said and len(asked & new) * 2 >= len(asked)


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in content_words(text))
