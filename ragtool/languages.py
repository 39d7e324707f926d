"""The language that a text is written in, by py3langid (Lui and Baldwin 2012, BSD-3-Clause)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# So much of a text tells its language; less than so many letters don't.
_READ, _FEWEST_LETTERS = 2_000, 40
_SURE = 0.9


def language(text: str) -> str | None:
    """The ISO 639-1 code, "en"; None where the text is short or the language not sure."""
    beginning = text[:_READ]
    if sum(map(str.isalpha, beginning)) < _FEWEST_LETTERS:
        return None
    name, share = _identifier().classify(beginning)
    return str(name) if share >= _SURE else None


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
