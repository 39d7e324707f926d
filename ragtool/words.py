"""Words of a text as they are compared: case folded, accents off, stemmed.

For scoring and checking only; what is shown and cited is always the text itself.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

# Words that say nothing about what a sentence is about.
STOPWORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before
    being below between both but by can could did do does doing down during each few for from
    further had has have having he her here hers him his how i if in into is it its itself just
    like many may me might more most much must my no nor not of off on once one only or other
    our out over own per same shall she should so some such than that the their them then there
    these they this those through to too under until up upon us very was we were what when where
    which while who whom whose why will with within would you your
    """.split()
)


def folded(text: str) -> str:
    """Case and accents taken off, typographic apostrophes made plain."""
    spread = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in spread if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """The words of a text, folded, in order; a possessive 's is cut off."""
    found = _WORD.findall(folded(text))
    return [word[:-2] if word.endswith("'s") else word for word in found]


def content_words(text: str) -> list[str]:
    """The words that carry meaning, folded and not stemmed."""
    return [
        word for word in words(text) if word not in STOPWORDS and (len(word) > 1 or word.isdigit())
    ]


def stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in content_words(text)]


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one folded word, by Porter's rules for English (Snowball)."""
    return str(_stemmer().stemWord(word))


def numbers(text: str) -> frozenset[str]:
    """The numbers in digits, thousands' separators taken out: "1,200" is "1200"."""
    return frozenset(_plain_number(match) for match in _NUMBER.findall(text))


def _plain_number(digits: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        return digits.replace(",", "")
    return digits.rstrip(".,")


@functools.cache
def _stemmer():  # type: ignore[no-untyped-def]  # noqa: ANN202 - snowballstemmer has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")
