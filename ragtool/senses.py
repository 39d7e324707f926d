"""Whether a word that can attribute does so where it stands: a verb of saying, and in no
other of its senses."""

from __future__ import annotations

from ragtool.cues import (
    ASKING,
    CLAUSAL,
    CUE_FORMS,
    NAMING,
    NOUNS,
    ONLY_WITH,
    OPENING_QUOTES,
    QUOTES,
    TAGS,
    WEAK,
)
from ragtool.phrases import DETERMINERS, PREPOSITIONS, PRONOUNS, Token, after, before_verb, singular
from ragtool.titles import BODIES, DOCUMENTS, ROLES

BE = frozenset("is are was were be been being".split())
_AUXILIARIES = BE | frozenset(
    "has have had will would can could may might must shall should do does did".split()
)
_MODALS = frozenset("will would can could may might must shall should".split())
_NOUN_FOLLOWS = frozenset("the a an this that's its their of".split())
_POSSESSIVES = ("'s", "’s")
_NEGATIONS = frozenset("not never n't didn't didn’t doesn't doesn’t hasn't hasn’t".split())
_UNCHANGED = frozenset({"put", "read", "forecast"})  # the past is the base form
_WITH_BASE = frozenset(
    "to will would can could may might must shall should do does did not and or but i we you they "
    "who that also still even people police men women children media both some many most few "
    "others data staff crew team public majority number lot".split()
)
# What may stand before a speaker whose clause ends with his verb.
_JOINING = frozenset(
    "and but so yet or as both then while though although because if when once since that".split()
)
_HE = frozenset({"he", "she", "it", "who", "which"})
# Who is nobody in particular.
_NOBODY = frozenset("nobody none neither no anybody anyone everything you".split())
_SEVERAL = frozenset("some many most others few people police".split())
_FREE = frozenset("if whether what whatever whichever".split())
# Before these nothing was called anything: "calls about a fight".
_NOT_NAMED = frozenset("about over during after before between".split())
_WHETHER = frozenset("whether why if how".split())
_ENDS = frozenset(".,;:!?)")


def attributes(line: list[Token], at: int) -> bool:
    """Whether the word at `at`, a form of a verb of saying, tells here that somebody said it."""
    verb, following, previous = CUE_FORMS[line[at].low], _low(line, at + 1), _low(line, at - 1)
    if line[at].capital and at and _text(line, at - 1) not in QUOTES:
        return False
    if previous in _NOUN_FOLLOWS or previous.endswith(_POSSESSIVES):
        return False
    if _is_negated(line, at):
        return False  # "did not say that ..."
    if previous in BE and following == "to":
        return False  # "is said to be": nobody says it
    if following in BE and line[at].low == verb + "s":
        return False  # "the army's claims are false"
    if _is_free(line, at):
        return False
    ahead = _text(line, at + 2) if following == "," else following
    clause = following == "that" or (ahead != "" and ahead in QUOTES + ":")
    modal = any(token.text in _MODALS for token in line[max(0, at - 2) : at])  # but not "May"
    if modal and not clause:
        return False  # "would agree to a meeting": he has not
    return _has_sense(line, at, verb, clause=clause)


def _has_sense(line: list[Token], at: int, verb: str, *, clause: bool) -> bool:
    following = _low(line, at + 1)
    if verb == "put":
        return _puts_it(line, at)
    if verb == "add" and following == "to":
        return False
    if verb in NAMING and _names(line, at, verb):
        return True
    if verb in ONLY_WITH:
        return following in ONLY_WITH[verb]
    if line[at].low == verb not in _UNCHANGED and _is_noun(line, at):
        return False  # "record demand", "400,000 state residents"
    if verb == "state" and line[at].low != "stated":  # far oftener a noun
        return clause or following == ","
    if verb in NOUNS and line[at].low.endswith("s") and not _is_of_one(line, at):
        return False  # "two critical reports that"
    if verb not in WEAK or clause:
        return True
    if (line[at].low != verb and _follows_quotation(line, at)) or _closes(line, at):
        return True
    if verb in ASKING and not _WHETHER.isdisjoint(token.low for token in line[at + 1 : at + 4]):
        return True
    return verb in CLAUSAL and _has_clause(line, at)


def _is_negated(line: list[Token], at: int) -> bool:
    """Whether it is not said: "might not otherwise have agreed"."""
    if any(token.low in _NEGATIONS for token in line[max(0, at - 2) : at]):
        return True
    near = at - 1
    while near >= 0 and (line[near].low in _AUXILIARIES or line[near].low in {"otherwise", "yet"}):
        near -= 1
    return near >= 0 and line[near].low in _NEGATIONS


def _is_noun(line: list[Token], at: int) -> bool:
    """Whether the base form of a verb is a noun here: nothing plural, and no auxiliary,
    stands before it."""
    before = line[at - 1] if at else None
    if before is None or not before.word or before.low.endswith("ly"):
        return False
    if before.low in _WITH_BASE:
        return False
    if _low(line, at - 2) in _HE:
        return True  # "which holds appeal": what stands before it is the verb
    if before.capital:
        subject = before_verb(line, at) if CUE_FORMS[line[at].low] in NOUNS else None
        several = subject is None or any(token.low == "and" for token in line[slice(*subject)])
        return not several and not before.low.endswith("s")  # "a Weibo post"
    return not before.low.endswith("s")


def _is_of_one(line: list[Token], at: int) -> bool:
    """Whether one stands before the word who can do what it says: "he claims"."""
    if _low(line, at + 1) in _AUXILIARIES:
        return False
    subject = before_verb(line, at)
    if subject is None:
        joined = at > 0 and line[at - 1].low in {"who", "which", "and", "but", "then"}
        return joined or _is_inverted(line, at)
    head = line[subject[1] - 1]
    return head.capital or head.low in PRONOUNS | ROLES | BODIES | DOCUMENTS


def _is_inverted(line: list[Token], at: int) -> bool:
    """As in "“...,” reports Reuters"."""
    opening = _text(line, at + 1)[:1].isupper() or _low(line, at + 1) in DETERMINERS
    return opening and at > 0 and line[at - 1].text in "," + QUOTES


def _puts_it(line: list[Token], at: int) -> bool:
    """As in "as X put it", "X put it: ..." and "X put it at 10", not as in
    "where the chart put it"."""
    if _estimates(line, at):
        return True
    if _low(line, at + 1) != "it":
        return False
    following = _text(line, at + 2)
    colon = following != "" and following in ":" + QUOTES
    return colon or any(token.low == "as" for token in line[max(0, at - 4) : at])


def _estimates(line: list[Token], at: int) -> bool:
    """As in "put the damage at some 400,000"."""
    for i in range(at + 1, min(at + 9, len(line) - 1)):
        if not line[i].word:
            return False
        if line[i].low == "at":
            ahead = line[i + 1 : i + 4]
            return any(token.text[0].isdigit() for token in ahead)
    return False


def _names(line: list[Token], at: int, verb: str) -> bool:
    """Whether something is called something: "described it as a joke", "called it a joke"."""
    behind = line[at + 1 : at + 13]
    near = any(token.text in OPENING_QUOTES for token in behind[:2])
    if near and not _is_somebody(line, at):
        return False  # "a poem called “Winter”"
    opened = sum(token.text == '"' for token in line[:at]) % 2 == 0
    for i, token in enumerate(behind):
        if token.text in OPENING_QUOTES and (token.text != '"' or opened):
            return True
        if token.low == "as" and verb != "call":
            return True
        if not token.word or token.low in PREPOSITIONS | _NOT_NAMED:
            return False
        if verb == "call" and i and token.low in {"a", "an"}:
            return True
    return False


def _is_somebody(line: list[Token], at: int) -> bool:
    """Whether the subject of the verb at `at` is a name, a pronoun, a role or a body."""
    subject = before_verb(line, at)
    if subject is None:
        return True
    head = line[subject[1] - 1]
    return (
        head.capital
        or head.low in PRONOUNS | _SEVERAL
        or bool(singular(head.low) & (ROLES | BODIES))
    )


def _follows_quotation(line: list[Token], at: int) -> bool:
    """Whether a quotation ends before the speaker, or before the verb: "“...,” he recalled"."""
    subject = before_verb(line, at)
    end = at if subject is None else subject[0]
    outside = _text(line, end - 1) == ","
    mark, inside = _text(line, end - 1 - outside), _text(line, end - 2 - outside)
    ended = outside or (inside != "" and inside in ",.?!…")
    return mark != "" and mark in QUOTES and ended


def _closes(line: list[Token], at: int) -> bool:
    """As in "there was none, observed the commissioner." and "there was none, he recalled":
    speaker and verb end what is told, or stand in it in commas."""
    subject = before_verb(line, at)
    if subject is not None and CUE_FORMS[line[at].low] in TAGS:
        ends = _text(line, at + 1) in {"", ".", ","}
        return ends and subject[0] > 0 and line[subject[0] - 1].text == ","
    behind = after(line, at + 1) if _is_inverted(line, at) else None
    if behind is None or _text(line, behind[1]) not in {"", "."}:
        return False
    head = line[behind[1] - 1]
    return head.capital or bool(singular(head.low) & (ROLES | BODIES))


def _has_clause(line: list[Token], at: int) -> bool:
    """Whether a clause follows without "that": "they believe their money is lost"."""
    following, previous = _low(line, at + 1), _low(line, at - 1)
    if following in PREPOSITIONS or following in {"about", "so", "over"}:
        return False
    if previous in {"i", "we", "you"}:
        return False  # it is the speaker of these words who thinks so
    if line[at].low == "suspects" and not _is_of_one(line, at):
        return False  # "criminal suspects could be extradited"
    if following in PRONOUNS:
        return True
    for token in line[at + 2 : at + 9]:
        if not token.word or token.low in {"who", "which", "that"}:
            return False
        if token.low in _AUXILIARIES or (token.low == "to" and line[at].low.startswith("expect")):
            return True
    return False


def _is_free(line: list[Token], at: int) -> bool:
    """Whether the clause stands for a thing, or for what may be, and tells nothing that was
    said: "what he said is true", "if he agrees", "the number of cells previously reported",
    "nobody said"."""
    subject = before_verb(line, at)
    if subject is not None and line[subject[0]].low in _NOBODY:
        return True
    if subject is None or subject[0] == 0:
        return False
    before = line[subject[0] - 1]
    if before.low in _FREE:
        return True
    if before.low in BE and line[at - 1].word and line[at].low.endswith("ed"):
        return True  # "there were two cases reported"
    ends = at + 1 >= len(line) or line[at + 1].text in _ENDS
    return ends and before.word and before.low not in _JOINING


def _low(line: list[Token], at: int) -> str:
    return line[at].low if 0 <= at < len(line) else ""


def _text(line: list[Token], at: int) -> str:
    return line[at].text if 0 <= at < len(line) else ""
