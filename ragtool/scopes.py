"""What a cue in a sentence attributes: the words before it, behind it, or all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragtool.cues import CUE_FORMS, LISTENED_TO, QUOTES
from ragtool.phrases import Token, after
from ragtool.records import Span

_CLAUSE_OPENERS = frozenset("that whether how why what if there it he she they we i no not".split())
_CLOSERS = frozenset(
    "on in at during after before when as to from by last this late early yesterday today with for "
    "monday tuesday wednesday thursday friday saturday sunday via through".split()
)


def scope_of(text: str, line: list[Token], subject: int, at: int, span: Span) -> Span:
    """What a subject and its verb attribute: what follows, or else what stands before."""
    if _is_inserted(line, subject, at):
        return span
    if _has_complement(line, at):
        start = line[at].end
        return Span(start, _end_of_scope(text, line, at, span))
    earlier = before(text, line, subject, span)
    return earlier if len(earlier) > 8 else Span(line[at].end, span.end)


def _is_inserted(line: Sequence[Token], subject: int, at: int) -> bool:
    """ "Those logs, Mwangi told parliament, were kept": the verb's clause stands in commas."""
    if subject == 0 or line[subject - 1].text != ",":
        return False
    ahead = [token.text for token in line[at + 1 : at + 5]]
    return "," in ahead and not any(text in QUOTES for text in ahead)


def _has_complement(line: list[Token], at: int) -> bool:
    rest = at + 1
    if rest < len(line) and line[rest].text == ",":
        return any(token.text in QUOTES for token in line[rest : rest + 2])
    if CUE_FORMS[line[at].low] in LISTENED_TO:
        heard = after(line, rest)
        rest = heard[1] if heard is not None else rest
    while rest < len(line) and line[rest].low in _CLOSERS:
        while rest < len(line) and line[rest].text not in "," + QUOTES and line[rest].low != "that":
            rest += 1
            if rest < len(line) and line[rest].low in _CLAUSE_OPENERS:
                break
        if rest < len(line) and line[rest].text == ",":
            return any(token.text in QUOTES for token in line[rest:])
    return sum(token.word for token in line[rest:]) >= 2


def before(text: str, line: Sequence[Token], subject: int, span: Span) -> Span:
    """From the beginning of the sentence to the subject, and a quotation that goes on behind."""
    start = line[subject].start if subject < len(line) else span.end
    tail = text[start : span.end]
    goes_on = re.search(r"[,.]\s*[“\"«„]", tail)
    return span if goes_on else Span(span.start, start)


def _end_of_scope(text: str, line: Sequence[Token], at: int, span: Span) -> int:
    """Where the complement ends: at another speaker's clause of the same rank."""
    for i in range(at + 2, len(line) - 1):
        fresh = line[i].text == ";" or (
            line[i].text == "," and line[i + 1].low in {"while", "whereas"}
        )
        turned = (
            line[i].text == ","
            and line[i + 1].low in {"but", "and"}
            and not any(token.low == "that" for token in line[i + 2 : i + 3])
        )
        if (fresh or turned) and any(
            token.low in CUE_FORMS and CUE_FORMS[token.low] != token.low
            for token in line[i + 1 : i + 12]
        ):
            return line[i].start
    return span.end
