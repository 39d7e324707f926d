"""Whether a sentence can stand alone, away from the page that it was taken from.

A headline, a caption, a call to subscribe or half of a quotation can't; nor can
a sentence whose "they" or "this" stands for something that only the sentence
before it names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool.attribution import Link
from ragtool.phrases import PRONOUNS
from ragtool.titles import ROLES
from ragtool.words import words

# What is shorter, or doesn't end as a sentence, is a headline or a caption; what
# is longer is a list. Sentences of fewer words than _SLIGHT say little.
_FEWEST_WORDS, _SLIGHT, _MOST_WORDS = 4, 8, 70
_SILENCE = re.compile(
    r"\b(?:declined to (?:comment|be)|no comment|(?:not|n[’']t) (?:immediately )?respond"
    r"|could not (?:immediately )?be reached|for comment)\b",
    re.IGNORECASE,
)
_CLOSING = "\"'”’»)]"
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»")
# Outside quotations the page itself speaks here, to its reader or of itself.
_ADDRESSED = re.compile(
    r"\b(?:you|your|yours|yourself|we|us|our|ours|I|me|my|mine|myself|[Ll]et[’']s)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself|[Ww]e|us|[Oo]urs?|[Mm]y)\b")
_BIDDING = re.compile(
    r"\W*(?:please|become|support|join|donate|follow|see|visit|buy|get|check|share|contact|listen"
    r"|watch|download|learn|find|help|consider|be|don[’']t|let|make|note|try|keep|remember|imagine"
    r"|suppose|take|give|use|add|stay|enjoy|discover|read|call|email|enter|choose|go|look|think)\s",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"https?://|www\.|\S@\S|\||©|\b(?:photo|image|picture|credit|courtesy)s?\b ?[:/(]"
    r"|\b(?:photo|photograph) by\b|\b(?:click|tap|scroll|subscribe|sign up|read more|log in)\b",
    re.IGNORECASE,
)
_LEANING = frozenset(
    "this that these those it its such they their them both here there neither either another "
    "others same former latter mostly because he she his her him hers".split()
)
_ADJUNCT = re.compile(
    r"\W*(?:In|On|At|By|After|Before|Since|For|As|With|While|When|If|Although)\b[^,]{0,60}, "
)
_POINTING = re.compile(r"\b(?:this|that|these|those|such|each|both|it|them)\b", re.IGNORECASE)
# Four words behind the article without a name, nor a word that would tell which is meant.
_KNOWN = re.compile(
    r"\W*The (?!(?:[\w’'-]+ ){0,3}(?:of|in|at|on|for|from|to|that|who|where|behind|between)\b)"
    r"(?:[a-z’'-]+,? |[A-Z]{2,4} ){3}",
)
_DEMONSTRATIVE = re.compile(r"\b(?:this|these|those|such)\b", re.IGNORECASE)
_PERSONAL = re.compile(r"\b(?:he|she|his|her|him|they|their|them|it|its)\b", re.IGNORECASE)
# "It is clear that", "There are": they stand for nothing.
_EMPTY = re.compile(
    r"(?:there (?:is|are|was|were|has|have|will|would|may|might)\b"
    r"|it (?:is|was|will be|would be|has been) (?:\w+ly )?(?:clear|unclear|possible|likely"
    r"|impossible|unlikely|important|necessary|hard|difficult|easy|true|common|expected)"
    r" (?:that|to|for)\b)",
    re.IGNORECASE,
)


def is_statement(text: str) -> bool:
    """Whether it is a whole sentence that states something, and no furniture of a page."""
    bare = text.rstrip(_CLOSING)
    count = len(text.split())
    return (
        bare.endswith(".")
        and not bare.endswith(("...", ". ."))
        and ".[" not in text
        and _FEWEST_WORDS <= count <= _MOST_WORDS
        and text[:1].upper() == text[:1]
        and not _FURNITURE.search(text)
        and any(word.islower() for word in text.split())
        and _is_balanced(text)
    )


def is_loose(text: str) -> bool:
    """Whether it has some words and is no furniture, if it states nothing: an exclamation, a
    line without a stop. For a page that has nothing else."""
    fits = _FEWEST_WORDS <= len(text.split()) <= _MOST_WORDS
    return fits and not _FURNITURE.search(text) and _is_balanced(text)


def _is_balanced(text: str) -> bool:
    return (
        text.count('"') % 2 == 0
        and text.count("“") == text.count("”")
        and text.count("(") == text.count(")")
    )


def is_slight(text: str) -> bool:
    """Whether it says next to nothing: hardly any words, or that nobody would say more."""
    return len(text.split()) < _SLIGHT or _SILENCE.search(text) is not None


def is_addressed(text: str) -> bool:
    """Whether, outside its quotations, the page itself speaks: "we", "I", "you", "Join us"."""
    bare = _QUOTED.sub(" ", text)
    return _ADDRESSED.search(bare) is not None or _BIDDING.match(bare) is not None


def is_told_by_writer(text: str) -> bool:
    """Whether, outside its quotations, the writer tells of himself: "I", "we", "our"."""
    return _FIRST_PERSON.search(_QUOTED.sub(" ", text)) is not None


def is_loosely_attributed(chain: Sequence[Link], source: str) -> bool:
    """Whether a speaker is named by a pronoun or a role alone: whom it stands for is a guess.

    A surname is none, where the text has only one person of that name.
    """
    return any(
        not set(words(link.named.of(source))) <= set(words(link.speaker.of(source)))
        or link.named.of(source).casefold() in PRONOUNS
        for link in chain
    )


def is_known_speaker(speaker: str) -> bool:
    """Whether it is taken for known who speaks, and no name tells: "the expert"."""
    return speaker.casefold().startswith(("the ", "these ", "those ")) and speaker[4:].islower()


def is_unattributed(text: str, chain: Sequence[Link]) -> bool:
    """Whether it is a quotation, or mostly one, and nobody is known to have said it.

    Where all of it stands in quotation marks, its chain is only what is told inside them.
    """
    if not _QUOTED.sub("", text).strip(" .,"):
        return True
    if chain:
        return False
    quoted = sum(len(found.split()) for found in _QUOTED.findall(text))
    return 2 * quoted > len(text.split()) or text[:1] in '“"«'


def leans(text: str) -> bool:
    """Whether it needs the sentence before: a pronoun opens it, or stands in it before
    any noun that it could stand for."""
    bare = _QUOTED.sub(" “” ", text)
    opening = _ADJUNCT.match(bare)
    rest = bare[opening.end() :] if opening else bare
    if opening and _POINTING.search(opening.group()):
        return True
    if _DEMONSTRATIVE.search(" ".join(rest.split()[:5])):
        return True
    first = re.match(r"\W*([\w’']+)", rest)
    if first and re.split(r"[’']", first[1].casefold())[0] in _LEANING:
        return not _EMPTY.match(rest)
    pronoun = _PERSONAL.search(bare)
    if pronoun is None:
        return False
    return not _names_something(bare[: pronoun.start()])


def points_back(text: str) -> bool:
    """Whether it opens with a thing that it takes for known: "The SUV has ...", "The two met"."""
    return _KNOWN.match(text) is not None


def _names_something(before: str) -> bool:
    """Whether a name, a role or a noun with its article stands there."""
    if re.search(r"\b(?:the|a|an)\s+\w+|\b[A-Z]\w+\s+[A-Z]\w+", before, re.IGNORECASE):
        return True
    found = re.findall(r"[\w’'-]+", before)
    return (
        any(word.casefold() in ROLES for word in found)
        or any(word[:1].isupper() for word in found[1:])
        or len(found) > 3
    )
