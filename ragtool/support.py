"""How much of a sentence another holds: the words that are new to a question, names, numbers."""

from __future__ import annotations

from ragtool.amounts import in_digits, missing_numbers
from ragtool.checking import missing_names, names
from ragtool.cues import CUE_FORMS
from ragtool.words import content_words, numbers, stem


def fresh(sentence: str, question: str) -> frozenset[str]:
    """Stems of the sentence that the question did not bring, attributing words left out."""
    asked = _stems(question)
    said = " ".join(word for word in content_words(sentence) if word not in CUE_FORMS)
    return _stems(said) - asked


def held(wanted: frozenset[str], text: str) -> float:
    """The share of the wanted stems that the text holds; 0.0 when none is wanted."""
    return len(wanted & _stems(text)) / max(1, len(wanted))


def _stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, numbers in digits."""
    return frozenset(stem(in_digits(word)) for word in content_words(text))


def facts_held(sentence: str, text: str) -> float:
    """The share of the sentence's names and numbers that the text holds; 1.0 for none."""
    facts = len(names(sentence)) + len(numbers(sentence))
    missing = len(missing_names(sentence, text)) + len(missing_numbers(sentence, text))
    return 1.0 if facts == 0 else max(0.0, 1 - missing / facts)
