"""Question and evidence to prompts: what the model is asked, in which words.

The evidence is one part of the prompt and the question another, so that the
model reads the evidence once and is asked about it more than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ragtool.quoting import chain_of, in_own_words
from ragtool.records import Evidence, Prompt, Span

SYSTEM = "You answer questions from passages of articles."
CONFIRM_SYSTEM = "You check whether a sentence from a news article answers a question."

FOLLOW_UP_SYSTEM = (
    "You rewrite a follow-up question as a whole question that can be understood alone. "
    "Reply with the question and nothing else."
)
# Question, answer, follow-up, the word that the whole question begins with, whole question.
FOLLOW_UPS = (
    (
        "Who closed the harbour?",
        "The Herald reported that Mayor Ana Ruiz said on Monday that she had closed the harbour"
        " after the storm.",
        "and why?",
        "Why",
        "Why did Mayor Ana Ruiz close the harbour?",
    ),
    (
        "What did the union say about the pay offer?",
        "The union called the pay offer an insult.",
        "who denied it?",
        "Who",
        "Who denied that the pay offer was an insult?",
    ),
    (
        "What did Jon Hale say about the lost files?",
        "Jon Hale said that nobody had lost a file.",
        "and the nurse?",
        "What",
        "What did the nurse say about the lost files?",
    ),
    (
        "When was the old bridge opened?",
        "The old bridge was opened in 1931, according to Lena Moss.",
        "and how long is the tunnel?",
        "How long",
        "How long is the tunnel?",
    ),
)

# What stands before the question in a prompt about passages.
_ASKED = "Question: "

YES, NO = ("yes", "Yes"), ("no", "No")


def answer_prompt(question: str, evidence: Sequence[Evidence]) -> Prompt:
    """Asks for the answer in one sentence."""
    task = (
        f"{_ASKED}{question}\n"
        "Answer in one short sentence, in the words of the passages,"
        " with the names of those who said it."
    )
    return Prompt(SYSTEM, (passages(evidence), task))


def short_prompt(question: str, evidence: Sequence[Evidence]) -> Prompt:
    """Asks for the answer in a word or two."""
    task = f"{_ASKED}{question}\nAnswer with a name or a few words only."
    return Prompt(SYSTEM, (passages(evidence), task))


def gate_prompt(question: str, evidence: Sequence[Evidence]) -> Prompt:
    """Asks for one word: whether the answer is there."""
    task = (
        f"{_ASKED}{question}\n"
        "Do the passages contain the answer to exactly this question? Reply yes or no."
    )
    return Prompt(SYSTEM, (passages(evidence), task))


def look_prompt(question: str, evidence: Sequence[Evidence]) -> Prompt:
    """The question behind the passages, to see where the model looks."""
    return Prompt(SYSTEM, (passages(evidence), f"{_ASKED}{question}\n"))


def confirm_prompt(question: str, statement: str) -> Prompt:
    """Asks for one word: whether one statement, read alone, answers the question."""
    task = (
        f"Sentence: {statement}\nDoes the sentence answer exactly this question? Reply yes or no."
    )
    return Prompt(CONFIRM_SYSTEM, (f"Question: {question}\n", task))


def whole_question_prompt(
    question: str, turns: Sequence[tuple[str, str]], *, beginning: str
) -> Prompt:
    """Asks for a follow-up as a question that can be understood alone.

    turns: the questions and answers before it, oldest first. beginning: the
    words that the whole question begins with, "" for any.
    """
    examples = "".join(
        f"{_follow_up(((asked, answer),), follow_up, begins)} {whole}\n\n"
        for asked, answer, follow_up, begins, whole in FOLLOW_UPS
    )
    return Prompt(FOLLOW_UP_SYSTEM, (examples, _follow_up(turns, question, beginning)))


def _follow_up(turns: Iterable[tuple[str, str]], question: str, beginning: str) -> str:
    said = "".join(f"Question: {asked}\nAnswer: {answer}\n" for asked, answer in turns)
    begins = f', beginning with "{beginning}"' if beginning else ""
    return f"{said}Follow-up: {question}\nWhole question{begins}:"


def passages(evidence: Sequence[Evidence]) -> str:
    """The evidence as the model reads it: by document, gaps marked, and in
    brackets the names that pronouns and surnames stand for."""
    return _laid_out(evidence)[0]


def places(evidence: Sequence[Evidence]) -> tuple[Span, ...]:
    """Where each sentence of the evidence stands in its passages."""
    return _laid_out(evidence)[1]


def place_of_question(question: str) -> Span:
    """Where the question stands in the last part of its `look_prompt`, its line's end included."""
    start = len(_ASKED)
    return Span(start, start + len(question) + 1)


def _laid_out(evidence: Sequence[Evidence]) -> tuple[str, tuple[Span, ...]]:
    text = "Passages:"
    found: list[Span] = []
    for at, one in enumerate(evidence):
        before = evidence[at - 1] if at else None
        if before is None or before.document.path != one.document.path:
            text += f"\n\n{_heading(one)}\n"
        else:
            text += " " if _adjoin(before, one) else " … "
        shown = _named(one)
        found.append(Span(len(text), len(text) + len(shown)))
        text += shown
    return text + "\n\n", tuple(found)


def _heading(evidence: Evidence) -> str:
    document = evidence.document
    facts = [fact for fact in (document.title, document.source, document.date) if fact]
    return "## " + _flat(", ".join(facts) or "Untitled")


def _adjoin(before: Evidence, after: Evidence) -> bool:
    between = before.document.text[before.sentence.span.end : after.sentence.span.start]
    return not between.strip()


def _named(evidence: Evidence) -> str:
    return in_own_words(evidence, chain_of(evidence, ""))


def _flat(text: str) -> str:
    return " ".join(text.split())
