"""A question of who said it as a claim about one speaker: "Who denied it?", "Jane Doe denied it."

Whether a sentence says that Jane Doe denied it is a narrower question than whether it
answers "Who denied it?", and a small model gets it right more often.
"""

from __future__ import annotations

import re

from ragtool.cues import CUE_FORMS

_WHO = re.compile(r"\bwho\b(?!['’])", re.IGNORECASE)
_WHICH = re.compile(r"^which\b", re.IGNORECASE)
_AUXILIARIES = frozenset(
    "is was are were has have had will would can could may might must did does do".split()
)


def as_claim(question: str, speaker: str) -> str | None:
    """The question with the speaker in the place of "who" or "which minister", as a statement.

    None where it asks for nobody in that place: "by whom was it denied?", "what did he say?".
    """
    asked = question.strip().rstrip("?").rstrip()
    found = _WHO.search(asked)
    if _WHICH.match(asked):
        place = _asked_for(asked)
    elif found is not None and (found.start() == 0 or asked[: found.start()].endswith(", ")):
        place = found.span()
    else:
        place = None
    if place is None:
        return None
    return f"{asked[: place[0]]}{speaker}{asked[place[1] :]}."


def _asked_for(question: str) -> tuple[int, int] | None:
    """Where "which minister" stands: up to its verb."""
    words = list(re.finditer(r"[\w'’-]+", question))
    for at, word in enumerate(words):
        low = word.group().casefold()
        verb = low in _AUXILIARIES or CUE_FORMS.get(low, low) != low
        if at > 1 and verb and not low.endswith("ing"):
            return 0, words[at - 1].end()
    return None
