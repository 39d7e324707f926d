"""The English words that attribute: who says, and how.

Lexicon only. Other languages would bring a table of their own.
"""

from __future__ import annotations

OPENING_QUOTES = '“«„"'
CLOSING_QUOTES = '”»"'
QUOTES = '“«„”»"'

# Verbs whose subject is a speaker. Only the base form is listed; irregular
# forms stand in _IRREGULAR.
_VERBS = """
accept accuse acknowledge add admit advise advocate affirm agree allege announce answer
apologise apologize appeal argue ask assert assess assure believe blame boast brand call caution
certify challenge charge cite claim comment complain concede conclude condemn confess confirm
contend contest contradict counter criticise criticize declare defend demand denounce deny
deplore describe disagree disclose dismiss dispute doubt emphasise emphasize estimate exclaim
explain expect fear find forecast hail hint hold hope indicate inform insist instruct joke judge
lament maintain mention message note object observe oppose opine order plead pledge point post
put praise predict proclaim promise propose protest purport quip quote read reassure rebuff
rebut rebuke reprimand berate chide scold recall reckon recommend recount refute refuse reiterate
reject relate remark remember remind repeat reply report request respond retort reveal rule say
scoff shout signal slam
applaud attest bemoan clarify commend concur confide decry disavow divulge downplay foresee
insinuate jeer mock murmur muse mutter posit profess regret scorn
speculate surmise theorise theorize tout yell
state stipulate stress submit suggest suspect swear tell testify think threaten thank
tweet underline underscore urge vow voice volunteer warn welcome whisper wonder worry write
""".split()

_IRREGULAR = {
    "say": "says said saying",
    "tell": "tells told telling",
    "write": "writes wrote written writing",
    "swear": "swears swore sworn swearing",
    "think": "thinks thought thinking",
    "find": "finds found finding",
    "hold": "holds held holding",
    "read": "reads read reading",
    "deny": "denies denied denying",
    "reply": "replies replied replying",
    "testify": "testifies testified testifying",
    "certify": "certifies certified certifying",
    "worry": "worries worried worrying",
    "plead": "pleads pleaded pled pleading",
    "quip": "quips quipped quipping",
    "slam": "slams slammed slamming",
    "submit": "submits submitted submitting",
    "rebut": "rebuts rebutted rebutting",
    "admit": "admits admitted admitting",
    "forecast": "forecasts forecast forecasting",
    "put": "puts putting",
    "regret": "regrets regretted regretting",
    "foresee": "foresees foresaw foreseen foreseeing",
    "decry": "decries decried decrying",
    "signal": "signals signalled signaled signalling",
}

# A verb that attributes only in company: "called for", "ruled out", "put it".
ONLY_WITH = {
    "call": ("for", "on", "upon"),
    "point": ("out",),
    "hold": ("that",),
    "rule": ("out", "that"),
}

# These also mean something that is not speech; they count only before "that",
# a quotation, or as "the study found".
WEAK = frozenset(
    "accept ask assess believe challenge charge contest defend describe doubt expect fear find "
    "hail hold hope indicate judge message oppose order quote read recall refuse relate "
    "remember rule maintain respond conclude add "
    "suspect thank think welcome wonder worry post note observe estimate answer brand".split()
)

# Of these some also do so before "whether" or "why", some before a clause without "that":
# "they believe their money is lost".
ASKING = frozenset("ask doubt note observe recall remember wonder".split())
CLAUSAL = frozenset("add believe doubt expect fear hope suspect think".split())

# These may follow what was said: "the gates were open, he recalled".
TAGS = frozenset(
    "add answer ask assess believe conclude doubt estimate expect fear find hope indicate judge "
    "maintain note observe recall remember respond suspect think wonder worry".split()
)

# "described it as a joke", "called it a joke".
NAMING = frozenset("call describe hail welcome".split())

# What these do to one ("the bank claims") is also what several of a thing are called ("claims").
NOUNS = frozenset(
    "answer appeal boast brand call caution challenge charge claim comment demand doubt estimate "
    "fear forecast hint hope joke judge mention message note object order pledge point post "
    "promise protest quip quote reply report request remark rule shout signal slam state "
    "stress tweet voice vow whisper wonder worry".split()
)

# Verbs whose object is the one who hears it: "told reporters".
LISTENED_TO = frozenset("tell inform remind assure advise warn urge message ask".split())

# These only tell that something was said.
NEUTRAL = frozenset({"say", "tell", "state", "according to", ":", "quoted"})

# "X was accused by Y": the speaker follows "by".
PASSIVE_SPEECH = frozenset(
    "reported revealed disclosed stated proposed suggested demanded promised conceded "
    "acknowledged recommended accused blamed cited condemned criticised criticized "
    "contradicted denied denounced described dismissed disputed endorsed quoted praised "
    "rejected slammed urged warned told asked backed branded called challenged rebuked "
    "reprimanded chided contested confirmed echoed announced claimed alleged made welcomed".split()
)

# Nouns that carry a claim: "X's claim that", "a statement by X".
NOMINAL = frozenset(
    "accusation account admission allegation announcement argument assertion assessment claim "
    "comment complaint criticism declaration denial description estimate explanation finding "
    "insistence pledge prediction promise remark reply report statement suggestion testimony view "
    "warning words".split()
)


def _forms(verb: str) -> set[str]:
    if verb in _IRREGULAR:
        return {verb, *_IRREGULAR[verb].split()}
    stem = verb[:-1] if verb.endswith("e") else verb
    plural = verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z")) else "s")
    return {verb, plural, stem + "ed", stem + "ing"}


# Every form, folded to lower case, with its base verb.
CUE_FORMS: dict[str, str] = {form: verb for verb in _VERBS for form in sorted(_forms(verb))}
