"""Whether a sentence of an answer says what its source says.

Each check compares an answer's sentence with the text it would cite and names
what is wrong. None of them asks a model: a number, a name or a "not" either
stands in the source or does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ragtool.amounts import missing_numbers
from ragtool.cues import CUE_FORMS
from ragtool.titles import ROLES
from ragtool.words import STOPWORDS, folded, stem, stems, words

_QUOTING = '"“”„«»'
_NAME = re.compile(r"[^\W\d_a-zà-öø-ÿ][\w'’-]*(?:\.(?=\w))?[\w'’-]*", re.UNICODE)
_NEGATORS = frozenset("not no never neither nor none nobody nothing nowhere without cannot".split())
# Verbs and phrases that turn what follows into its opposite.
_DENIALS = frozenset(
    "denied deny denies denying rejected rejects reject rejecting refused refuses refuse refusing "
    "dismissed dismisses dismissing failed fails disputed disputes refuted refutes denial unaware "
    "lacks lacked lacking ruled".split()
)
# Words that make what follows doubtful, planned or wished for, or a number no exact one, and
# what makes it depend on something else.
_HEDGES = frozenset(
    "alleged allegedly apparently purportedly reportedly supposedly presumably probably possibly "
    "perhaps maybe likely unlikely may might could should would will shall must believed thought "
    "considered assumed suspected convinced feared rumoured rumored seem seems seemed appear "
    "appears appeared expect expects expected plan plans planned intends intended hopes hoped "
    "aims aimed wants wanted tries tried attempts attempted proposes proposed threatens threatened "
    "estimated almost nearly approximately roughly about around least than".split()
)
_CONDITIONS = frozenset("if unless provided".split())
_SAYING_ASKED = re.compile(
    r"\bwhat (?:did|does|do|has|had) (?P<speaker>(?:[\w'’.-]+ ){1,6}?)"
    r"(?:say|said|tell|told|claim|claimed|state|stated|think|write|written|announce|promise)\b",
    re.IGNORECASE,
)
# Roles that more often tell of what kind a thing is: "which major river ...?".
_NO_ROLES = frozenset("major general chief head executive source".split())
_AGE_ASKED = re.compile(r"\bhow old (?:is|was|are|were) (?P<speaker>[^?,]+\w)", re.IGNORECASE)
_TOPIC = re.compile(r"\b(?:about|regarding|concerning)\s+(?P<topic>[^?]+)", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|due to|owing to|in order to|so that|thanks to|reasons?|caused?|led to|amid"
    r"|result(?:s|ed)? (?:of|from|in)|blam\w+|attribut\w+|explain\w*)\b"
)
# How many words further a negation reaches, and how many of meaning a hedge.
_REACH = 4
_HEDGE_REACH = 2


@dataclass(frozen=True, slots=True)
class Check:
    """What was found. coverage: share of the sentence's meaning-bearing words
    that stand in the source, in [0, 1]. The rest names what does not."""

    coverage: float
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    negation: bool = False

    @property
    def holds(self) -> bool:
        """No number, name or negation of the sentence contradicts the source."""
        return not (self.numbers or self.names or self.negation)


def check(sentence: str, source: str, *, known: str = "") -> Check:
    """Compares an answer's sentence with the text that it cites.

    known: text whose names may be used besides the source's own: the headline
    above the source, or the full name of its speaker.
    """
    return Check(
        coverage=coverage(sentence, f"{source} {known}"),
        numbers=missing_numbers(sentence, f"{source} {known}"),
        names=missing_names(sentence, f"{source} {known}"),
        negation=negation_differs(sentence, source),
    )


def coverage(sentence: str, source: str) -> float:
    """The share of the sentence's stems that the source holds; 1.0 for none."""
    wanted = set(stems(sentence))
    return len(wanted & set(stems(source))) / len(wanted) if wanted else 1.0


def in_order(sentence: str, source: str) -> float:
    """The share of the sentence's stems that the source holds in the same order.

    The longest common subsequence, by the length of the sentence; 1.0 for no
    stems. "Britain gained what France held" and "France gained what Britain
    held" have all words in common, and half of them in order.
    """
    ours, theirs = stems(sentence), stems(source)
    row = [0] * (len(theirs) + 1)
    for word in ours:
        before = row
        row = [0]
        for at, other in enumerate(theirs):
            row.append(before[at] + 1 if word == other else max(row[at], before[at + 1]))
    return row[-1] / len(ours) if ours else 1.0


def asks_speaker(question: str) -> bool:
    """Whether the question asks who said something: "who denied ...?", "according to whom"."""
    asked = words(question)
    who = {"who", "whom", "whose", "which"} & set(asked)
    return bool(who) and any(word in CUE_FORMS or word == "according" for word in asked)


def asks_who(question: str) -> bool:
    """Whether the question asks for a person: "who found it?", "by whom was it found?",
    "which retired judge resigned?"."""
    if words(question)[:1] == ["which"]:
        return which_role(question) is not None
    return not {"who", "whom", "whose"}.isdisjoint(words(question)[:2])


def which_role(question: str) -> str | None:
    """The role whose carrier the question asks for: "which retired judge resigned?"."""
    first, *behind = words(question) or [""]
    found = (word for word in behind[:3] if word in ROLES - _NO_ROLES)
    return next(found, None) if first == "which" else None


def is_question(text: str) -> bool:
    """Whether the text is a question that the writer asks, and nobody whom he quotes."""
    return text.rstrip().endswith("?") and not any(mark in text for mark in _QUOTING)


def is_person_missing(question: str, text: str) -> bool:
    """Whether the question asks what somebody, by name, said, or how old he is, and the text
    doesn't mention him."""
    asked = _SAYING_ASKED.search(question) or _AGE_ASKED.search(question)
    name = asked["speaker"].split()[-1] if asked is not None else ""
    return name[:1].isupper() and not set(words(name)) <= set(words(text))


def asked_role(question: str) -> str | None:
    """Whose words the question asks for, where it names him by a role: "what did the composer
    say?"."""
    asked = _SAYING_ASKED.search(question)
    last = asked["speaker"].split()[-1] if asked is not None else ""
    return last if last in ROLES else None


def is_topic_unknown(question: str, source: str) -> bool:
    """Whether the question asks what somebody said about something of which the source,
    all that is read, has not a word."""
    asked = _SAYING_ASKED.search(question)
    topic = _TOPIC.search(question, asked.end()) if asked is not None else None
    wanted = frozenset(stems(topic["topic"])) if topic is not None else frozenset()
    return bool(wanted) and not wanted & frozenset(stems(source))


def gives_reason(text: str) -> bool:
    """Whether the text says in so many words that something has a reason."""
    return _REASON.search(folded(text)) is not None


def missing_names(sentence: str, source: str) -> tuple[str, ...]:
    """Capitalised words of the sentence that the source doesn't hold in any case."""
    held = frozenset(words(source)) | frozenset(stem(word) for word in words(source))
    return tuple(
        dict.fromkeys(
            name
            for name in names(sentence)
            for word in words(name)
            if word not in held and stem(word) not in held
        )
    )


def names(sentence: str) -> tuple[str, ...]:
    """Words that look like names: capitalised, and not only for opening the sentence."""
    found: list[str] = []
    for match in _NAME.finditer(sentence):
        opening = not sentence[: match.start()].strip(" \"'“”‘’«»(")
        opening = opening or sentence[: match.start()].rstrip()[-1:] in {".", "!", "?", ":"}
        plain = folded(match.group()).rstrip("'s")
        if opening and not _NAME.match(sentence[match.end() :].lstrip()):
            continue
        if (opening and plain in _OPENERS) or plain in {"i", "the", "a", "an"}:
            continue
        found.append(match.group())
    return tuple(found)


def whole_names(text: str, cited: str) -> list[str]:
    """Capitalised runs of the document that a name of the cited text is part of.

    Where two end in the same name, and neither in the other ("Ann Lee", "Bo Lee"), none of
    those that do: which of the two it is the text may not tell.
    """
    parts = frozenset(word for name in names(cited) for word in words(name))
    found = re.findall(r"(?:[A-Z][\w'’-]+[ .]+){1,4}[A-Z][\w'’-]+", text)
    runs = [run for run in dict.fromkeys(found) if parts & frozenset(words(run))]
    return [run for run in runs if not any(_are_two(run, other) for other in runs)]


def _are_two(one: str, other: str) -> bool:
    """Whether two names end alike, in the same surname, and are not the same in more words
    or fewer."""
    ours, theirs = words(one), words(other)
    shared = min(len(ours), len(theirs))
    return ours[-1] == theirs[-1] and ours[-shared:] != theirs[-shared:]


_OPENERS = frozenset(
    "according the a an in on at by for from with as after before when while however but and or "
    "no not it he she they we there this that these those his her their its".split()
)


def negation_differs(sentence: str, source: str) -> bool:
    """Whether words that both share are negated in one of them and not in the other."""
    return _differs(*(_marked(text, _negates, reach=_REACH) for text in (sentence, source)))


def hedge_differs(sentence: str, source: str) -> bool:
    """Whether words that both share are hedged in one of them and not in the other, "may
    open", "is thought to have come", "nearly 200", or a condition is told by one alone."""
    ours, theirs = (_CONDITIONS & set(words(text)) for text in (sentence, source))
    return bool(ours) != bool(theirs) or _differs(
        *(
            _marked(text, _HEDGES.__contains__, reach=_HEDGE_REACH, passed=STOPWORDS)
            for text in (sentence, source)
        )
    )


def _negates(word: str) -> bool:
    return word in _NEGATORS or word.endswith("n't") or word in _DENIALS


def _differs(ours: Mapping[str, set[bool]], theirs: Mapping[str, set[bool]]) -> bool:
    """Whether shared words are marked on one side alone, and none on both."""
    shared = ours.keys() & theirs.keys()
    lost = [word for word in shared if ours[word].isdisjoint(theirs[word])]
    kept = [word for word in shared if True in ours[word] and True in theirs[word]]
    return bool(lost) and not kept


def _marked(
    text: str,
    marks: Callable[[str], bool],
    *,
    reach: int,
    passed: frozenset[str] = frozenset(),
) -> dict[str, set[bool]]:
    """Each stem with whether a word that marks stands shortly before it, in any of its places.

    reach: how many words further it marks, those of `passed` not counted.
    """
    found: dict[str, set[bool]] = {}
    since = reach + 1
    for word in words(text):
        if marks(word):
            since = 0
            continue
        since += word not in passed
        if word in _OPENERS:
            continue
        found.setdefault(stem(word), set()).add(since <= reach)
    return {word: found[word] for word in found if word in set(stems(text))}
