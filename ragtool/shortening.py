"""A sentence to a shorter form of itself, by leaving words out.

Nothing is written anew: asides, relative clauses and openings that lean on the
sentence before may go, and never a number, a reason, a denial, or who said it.
"""

from __future__ import annotations

import re

from ragtool import attribution
from ragtool.checking import gives_reason
from ragtool.cues import CUE_FORMS, OPENING_QUOTES
from ragtool.records import Sentence, Span
from ragtool.words import numbers, words

# With fewer words left a sentence makes no sense.
_LEAST_LEFT = 8
_CONNECTIVE = re.compile(
    r"(?:however|but(?! for\b)|and|moreover|furthermore|meanwhile|additionally|in addition"
    r"|nevertheless|nonetheless|still|also|then|so|yet|besides|indeed|instead|in fact"
    r"|of course|that said|therefore|thus|hence|consequently|as a result|for example"
    r"|for instance|similarly"
    r"|on the other hand|in contrast|by contrast|at the same time)(?P<comma>,)?\s+",
    re.IGNORECASE,
)
# Without a comma others may open a phrase: "Still waters", "Then mayor Ana Ruiz", "So far".
_PLAIN_CONNECTIVES = frozenset({"but", "and"})
_DATELINE = re.compile(
    r"(?:[A-Z][A-Z .,'’/-]{2,40}(?:,? [A-Z][a-z]+\.? \d{1,2})? ?(?:\([\w /.]+\))?"
    r"|\([A-Z][\w /.]+\)) ?(?:—|–|--|-) "
)
# A footnote's mark, and dashes or blanks that no sentence begins with.
_NOTE = re.compile(r"\[(?:\d{1,3}|citation needed|note \d+)\]")
_STRAY = re.compile(r"^[^\w“\"‘'’«„(\[$€£#]+")
_RELATIVE = r"(?:who|which|whose|whom|where)"
_CUTS = (
    re.compile(r"\s*\([^()]*\)"),
    re.compile(r"\s*[–—]\s*[^–—;:.]+?\s*[–—]\s*(?=[a-z])"),
    re.compile(rf",\s+{_RELATIVE}\s[^,;:()]*,(?=\s+(?P<verb>[\w’']+)\s+(?P<next>[\w’']+))"),
    re.compile(rf",\s+{_RELATIVE}\s[^,;:()]*(?=[.]$)"),
    re.compile(r",\s+(?P<participle>[a-z]+ing)\s[^,;:()]*(?=[.]$)"),
)
_NO_PARTICIPLES = frozenset("according during nothing something everything anything".split())
_VERBS = frozenset(
    "is are was were has have had will would can could may might must shall should does do did "
    "went came took made got gave began became won lost left held led ran met told kept".split()
)
# What an aside says against the rest of its sentence.
_CONTESTS = frozenset(
    "not no never denied denies deny disputed disputes rejected rejects false falsely untrue "
    "alleged allegedly supposedly contrary unless if".split()
)


def opened(text: str) -> str:
    """The sentence without a dateline, and without a word that only joins it to the one before."""
    text = _NOTE.sub("", text)
    text = text[match.end() :] if (match := _DATELINE.match(text)) else text
    text = unjoined(_STRAY.sub("", text))
    return text[:1].upper() + text[1:]


def unjoined(text: str) -> str:
    """The sentence without words that only join it to the one before: "However, ..."."""
    found = _CONNECTIVE.match(text)
    while found and (found["comma"] or found.group().strip().casefold() in _PLAIN_CONNECTIVES):
        rest = text[found.end() :]
        text = rest[:1].upper() + rest[1:]
        found = _CONNECTIVE.match(text)
    return text


def shortened(text: str, *, most: int) -> str:
    """The sentence cut until it has at most so many words, or nothing more can go."""
    for cut in _CUTS:
        for span in reversed([Span(*one.span()) for one in cut.finditer(text) if _may_go(one)]):
            if len(text.split()) <= most:
                return text
            shorter = text[: span.start] + _joint(text, span) + text[span.end :]
            if _holds(shorter, text):
                text = shorter
    return text


def _joint(text: str, span: Span) -> str:
    """What stands in place of a cut: a blank where two words would touch."""
    ahead = text[span.end : span.end + 1]
    return " " if ahead.isalnum() else ""


def _may_go(found: re.Match[str]) -> bool:
    """Whether nothing that counts is in the cut, and it lies in no quotation."""
    cut, text = found.group(), found.string
    if numbers(cut) and not cut.strip().startswith("("):
        return False
    if gives_reason(cut) or _CONTESTS & set(words(cut)):
        return False
    if any(mark in cut for mark in OPENING_QUOTES + "”[") or _is_quoted(text, found.start()):
        return False
    named = found.groupdict()
    if named.get("participle") in _NO_PARTICIPLES:
        return False
    return (
        "verb" not in named
        or _is_verb(named["verb"])
        or (named["verb"].endswith("ly") and _is_verb(named["next"]))
    )


def _is_verb(word: str) -> bool:
    low = word.casefold()
    return low in _VERBS or low in CUE_FORMS or low.endswith("ed")


def _is_quoted(text: str, at: int) -> bool:
    before = text[:at]
    return before.count('"') % 2 == 1 or before.count("“") > before.count("”")


def _holds(short: str, text: str) -> bool:
    """Whether enough is left, and it is attributed as it was."""
    return len(short.split()) >= _LEAST_LEFT and _speakers(short) == _speakers(text)


def _speakers(text: str) -> list[tuple[str, str]]:
    """Who speaks in the sentence, by which word: the last word of each speaker's name."""
    whole = (Sentence(Span(0, len(text)), 1),)
    return [
        (words(link.named.of(text))[-1:][0] if words(link.named.of(text)) else "", link.cue)
        for link in attribution.links_of(text, whole, 0)
    ]
