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
_LEAD = re.compile(r"^(?:and|but|or|so|also)\b[\s,]*", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)\b[A-Z]\w+")
# A question of so few words that carry meaning is no question of its own.
_FEW = 1
# Stems that a whole question may need though nobody said them: "and the lawyer?" is what the
# lawyer said.
_FRAME = frozenset(("say", "happen"))
_NAMES = re.compile(r"\b[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*")
_ASKING = frozenset("who whom whose what when where why how which".split())
_YES_OR_NO = frozenset(
    "did does do is are was were has have had can could will would should may might".split()
)
# "How old" and "how many" ask for other things than "how".
_MEASURES = frozenset("many much old long far often big large high tall deep fast".split())
# "Who said that ...", "the claim that ...": here "that" stands for nothing.
_SAYING = re.compile(r"\bthat (?:the|a|an|no|all|his|her|its|their|there|[A-Z0-9])\b")
# Verbs that a stem doesn't bring together: "left" becomes "why did she leave".
_PAST = dict(
    pair.split()
    for pair in """
    began begin, begun begin, bought buy, broke break, broken break, brought bring, built build,
    came come, caught catch, chose choose, chosen choose, drew draw, drawn draw, drove drive,
    driven drive, ate eat, eaten eat, fell fall, fallen fall, felt feel, fought fight, found find,
    flew fly, flown fly, forgot forget, forgotten forget, froze freeze, frozen freeze, gave give,
    given give, went go, gone go, got get, grew grow, grown grow, had have, heard hear, held hold,
    hid hide, hidden hide, kept keep, knew know, known know, led lead, left leave, lent lend,
    lost lose, made make, meant mean, met meet, paid pay, ran run, rang ring, rose rise,
    risen rise, said say, sang sing, sank sink, sunk sink, sat sit, saw see, seen see, sold sell,
    sent send, shook shake, shaken shake, shot shoot, slept sleep, sought seek, spent spend,
    spoke speak, spoken speak, stole steal, stolen steal, stood stand, struck strike, swore swear,
    sworn swear, taught teach, thought think, threw throw, thrown throw, told tell, took take,
    taken take, tore tear, torn tear, understood understand, withdrew withdraw,
    withdrawn withdraw, woke wake, won win, wore wear, worn wear, wrote write, written write
    """.split(",")
)


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


def leant_on(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Those of the turns that a follow-up may lean on, of all oldest first.

    The last one, whose question is whole: "she" is somebody in it. Where it
    was not answered, also the last one that was.
    """
    if not turns or turns[-1].answer:
        return tuple(turns[-1:])
    answered = next((turn for turn in reversed(turns) if turn.answer), None)
    return (turns[-1],) if answered is None else (answered, turns[-1])


def is_faithful(rewritten: str, question: str, turns: Sequence[Turn]) -> bool:
    """Whether the rewritten question says nothing that was not said, and asks what was asked.

    It has every word of the question that carries meaning, and where the
    question begins to ask with "when", so does it.
    """
    said = _stems(" ".join([question, *(f"{turn.question} {turn.answer}" for turn in turns)]))
    new = _stems(rewritten)
    asked = {word for word in _stems(question) if word not in _LEANING}
    return bool(new - _FRAME) and asked <= new <= said | _FRAME and _asks_alike(rewritten, question)


def in_place(question: str, before: Turn) -> str:
    """The question before with the one name in it replaced: "and the composer?" after "What
    did Ana Ruiz write?" asks what the composer wrote. "" where the two are not of that kind."""
    names = [match for match in _NAMES.finditer(before.question) if match.start()]
    rest = _LEAD.sub("", question)
    is_bare = rest != question and not _asking(rest) and not _YES_OR_NO & {*words(rest)[:1]}
    if not is_bare or len(names) != 1 or words(before.question)[:1] in (["who"], ["whom"]):
        return ""
    (name,) = names
    return before.question[: name.start()] + rest.rstrip(" ?") + before.question[name.end() :]


def beginning(question: str) -> str:
    """The words with which a whole question of the same kind begins, as "Why" or "How many".

    "What" for "and the lawyer?", which doesn't say what is asked of him, and ""
    where it can't be told, as for "Did they agree?"
    """
    rest = _LEAD.sub("", question)
    if _ABOUT.match(question) or (rest != question and not _asking(rest)):
        return "" if words(rest)[:1] and words(rest)[0] in _YES_OR_NO else "What"
    asked = " ".join(_asking(question))
    return asked.capitalize() if rest.lower().startswith(asked) else ""


def _asks_alike(rewritten: str, question: str) -> bool:
    wanted = _asking(question)
    return not wanted or _nominative(wanted) == _nominative(_asking(rewritten))


def _nominative(asking: tuple[str, ...]) -> tuple[str, ...]:
    return ("who",) if asking == ("whom",) else asking


def _asking(question: str) -> tuple[str, ...]:
    """The words that ask, as ("why",) or ("how", "many"); empty where none does."""
    said = [] if _ABOUT.match(question) else words(question)
    at = next((at for at, word in enumerate(said) if word in _ASKING), None)
    if at is None:
        return ()
    return tuple(said[at : at + 1 + (said[at] == "how" and {*said[at + 1 : at + 2]} <= _MEASURES)])


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(_PAST.get(word, word)) for word in content_words(text))
