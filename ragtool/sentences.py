"""Text to sentences, as spans.

One splitter for every language that we read, by rules on what stands around a
full stop; it needs no model and needn't be told the language. Where the rules
can't tell, two sentences stay one: a citation that holds a little more is
better than one cut in the middle.
"""
# ruff: noqa: RUF001 (it is about typographic marks and Cyrillic)

from __future__ import annotations

import re
from collections.abc import Iterator

from ragtool.paragraphs import paragraphs, trimmed
from ragtool.records import Sentence, Span

LONGEST = 120
"""No sentence has more words; what has no full stops, as tables, is cut at clause marks."""

_CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\s{_CJK}]{{1,24}}")
_CLAUSE_MARKS = frozenset(",;:.!?|)–—…、，；：。！？")

# A full stop or its like, and the quotes, brackets and note marks that close after it.
# The guard in front keeps long rows of dots from being tried at every dot.
_STOP = re.compile(
    r"""(?<![.!?…‽؟۔।]) (?P<mark>[.!?…‽؟۔।]+)
            (?P<close>[\])}"'”’“‘»›]* (?:[ \u00a0\u202f]»)?) (?:\[\d{1,3}\])* (?=\s)
        | [。！？｡]+ [」』】）”’]*""",
    re.VERBOSE,
)
_AFTER = re.compile(r"\s+ ((?:[^\w\s]\s?){0,6}) (\w*) ([.’'-]?)", re.VERBOSE)
_BRAND = re.compile(r"[a-z]{1,2}[A-Z]")
_ACRONYM = re.compile(r"(?:\w+-)?(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_GERMAN_DAY = re.compile(
    r"(?<!\bI\s)\b(?:am|vom|zum|beim|der|die|dem|den|des|im|ins|bis|seit|ab)\s\d{1,2}$",
    re.IGNORECASE,
)
_NAME_SAYS = re.compile(
    r"\s(?:[^\W\d_][\w.’'-]*\s+){1,5}?(?:said|says|asked|asks|added|told|wrote|writes|cried"
    r"|shouted|replied|yelled|exclaimed|continued|demanded|wondered|joked|tweeted|recalled)\b"
)
_QUOTES = frozenset("\"'”’“‘»›")

# Never the end when a capital or a number follows.
_BEFORE_NAMES = frozenset(
    "Mr Mrs Ms Mx Messrs Dr Drs Prof Gen Lt Col Maj Capt Cmdr Cdr Cpl Sgt Adm Brig Sen Sens Rep "
    "Reps Gov Govs Pres Rev Hon Supt Insp Det Amb Atty Mt Sra Srta Mme Mlle Mgr Hr Dipl EE "
    "v vs cf viz e.g i.e a.k.a approx Approx ca bzw vgl inkl sog z.B d.h u.a т.е т.к им ул см рис "
    "стр проф акад".split()
)
# Not the end when a number follows.
_BEFORE_NUMBERS = frozenset(
    "no nos nr nrs pp art arts sec secs fig figs vol vols ch eq pág núm jan feb mar apr jun jul "
    "aug sep sept oct nov dec".split()
)
# The end only when a word follows that begins sentences, and no names.
_SHORT = frozenset(
    "Inc Corp Co Cos Ltd Bros Plc Cie Jr Sr St Ste Ft Ave Blvd Rd Dept Univ Assn Bldg Hwy Ph.D UU "
    "EE.UU al Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo "
    "Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo гг руб тыс млн млрд".split()
)
_STARTERS = frozenset(
    "The He She It They We I A In On At But And Or If When While As For From By With This That "
    "These Those There Then His Her Its Their Our Your What Who Why How Where After Before Since "
    "Although Though However Meanwhile Also Some Many Most Several Another Both Until Under Now "
    "Der Die Es Er Sie Wir Ein Eine Und Aber Im Auch Dies Diese Он Она Они Мы Это В На По И Но А "
    "Как Él Ella Ellos Pero Una Un En Il Elle Ils Mais Cette".split()
)
_AFTER_HOURS = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Eastern Central Pacific Mountain ET "
    "EST EDT CT CST PT PST PDT GMT UTC BST CET January February March April May June July August "
    "September October November December".split()
)
_AFTER_ORDINALS = frozenset(
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember "
    "Jahrhundert Jahrhunderts".split()
)


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of the whole text in order, trimmed of white space.

    Every character that isn't white space lies in exactly one sentence, none
    crosses a paragraph, and none has more than LONGEST words.
    """
    return tuple(
        Sentence(piece, number)
        for number, paragraph in enumerate(paragraphs(text), start=1)
        for whole in _split(text, paragraph)
        for piece in _cut(text, whole)
    )


def count_words(text: str) -> int:
    """Runs without white space, counted once for every 24 characters begun;
    Chinese and Japanese characters count one each."""
    return len(_WORD.findall(text))


def _split(text: str, paragraph: Span) -> Iterator[Span]:
    """The sentences of one paragraph, however long."""
    start = paragraph.start
    for stop in _STOP.finditer(text, paragraph.start, paragraph.end):
        if not _is_end(text, start, stop, limit=paragraph.end):
            continue
        if whole := trimmed(text, start, stop.end()):
            yield whole
        start = stop.end()
    if rest := trimmed(text, start, paragraph.end):
        yield rest


def _is_end(text: str, start: int, stop: re.Match[str], *, limit: int) -> bool:
    """Whether the sentence begun at `start` ends with this stop."""
    after = _AFTER.match(text, stop.end(), limit)
    if stop["mark"] is None or after is None:
        return True
    lead, word, joint = after.groups()
    quoted = bool(_QUOTES & set(stop["close"]))
    if lead[:1] in set(",;:)]") or (stop["close"] and lead[:1] in set("—–-")):
        return False
    if word[:1].islower() and not _BRAND.match(word):
        return lead[:1] in set("¿¡")
    starter = word in _STARTERS and not lead and not joint
    if stop["mark"] == ".":
        return quoted or _is_full_stop(text, start, stop.start(), word=word, starter=starter)
    asked = quoted and not lead and not starter and "." not in stop["mark"]
    return not (asked and _NAME_SAYS.match(text, stop.end(), limit))


def _is_full_stop(text: str, start: int, end: int, *, word: str, starter: bool) -> bool:
    """Whether the dot at `end` ends a sentence, and not only an abbreviation.

    word: what follows, beginning with no small letter. starter: whether it
    begins sentences.
    """
    before = text[max(start, end - 24) : end]
    token = before.split()[-1].lstrip("([{\"'“”‘’«»„—–") if before[-1:].strip() else ""
    if not token:
        return True
    forms = {token, token.title()} if token.isupper() and len(token) > 1 else {token}
    if forms & _BEFORE_NAMES:
        return False
    if token.isdigit():
        return not _is_ordinal(text, start, end, word=word)
    if token.lower() in {"a.m", "p.m"}:
        return not word[:1].isdigit() and word not in _AFTER_HOURS
    if token.lower() in _BEFORE_NUMBERS:
        return not word[:1].isdigit()
    initial = len(token) == 1 and token.lower() != token.upper()
    return starter or not (initial or forms & _SHORT or _ACRONYM.fullmatch(token))


def _is_ordinal(text: str, start: int, end: int, *, word: str) -> bool:
    """Whether the number before the dot numbers an item, or is "3." as German writes "3rd"."""
    if end - start <= 4 and text[start:end].strip().isdigit():
        return True
    near = text[max(start, end - 12) : end]
    return word in _AFTER_ORDINALS or (word[:1].isupper() and bool(_GERMAN_DAY.search(near)))


def _cut(text: str, whole: Span) -> Iterator[Span]:
    """The sentence, in pieces where it is too long: at clause marks, else at spaces."""
    if len(whole) <= LONGEST:
        yield whole
        return
    ends = [word.end() for word in _WORD.finditer(text, whole.start, whole.end)]
    start, first = whole.start, 0
    while len(ends) - first > LONGEST:
        first = _best_cut(text, ends, first)
        if piece := trimmed(text, start, ends[first - 1]):
            yield piece
        start = ends[first - 1]
    if rest := trimmed(text, start, whole.end):
        yield rest


def _best_cut(text: str, ends: list[int], first: int) -> int:
    """After how many words to cut, of those from `first` on: the last clause mark of
    the second half, else the last space, else the limit."""
    window = range(first + LONGEST, first + LONGEST // 2, -1)
    spaced = [count for count in window if text[ends[count - 1]].isspace()]
    clause = (count for count in spaced if text[ends[count - 1] - 1] in _CLAUSE_MARKS)
    return next(clause, spaced[0] if spaced else first + LONGEST)
