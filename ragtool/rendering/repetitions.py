"""A saved answer asked for again: the same or not, as text and as JSON."""

from __future__ import annotations

from ragtool.rendering.forms import Form, answer_form, cited_text
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import Look, bold, path_text
from ragtool.reports import Difference, Repetition

_NONE = "The sources hold no answer to this."


def repetition_form(repetition: Repetition) -> Form:
    """Schema ragtool.repetition/1."""
    again = repetition.again
    return {
        "schema": "ragtool.repetition/1",
        "id": repetition.id,
        "question": repetition.question,
        "same": repetition.same,
        "assumed": repetition.assumed,
        "differences": [
            {"what": each.what, "found": each.found, "path": each.path}
            for each in repetition.differences
        ],
        "changed": list(repetition.changed),
        "answer": None if again is None else answer_form(again),
    }


def repetition_text(repetition: Repetition, look: Look) -> str:
    """Whether it is the same; what differs, a line each; both answers where they do."""
    verdict = "same   " if repetition.same else "differs"
    head = f"{verdict}  {harmless(repetition.question)}"
    lines = [head if repetition.same else bold(head, look)]
    lines += [_line(each, look) for each in repetition.differences]
    if repetition.assumed:
        lines.append(
            "         settings: not in the saved answer; it was asked with the default ones"
        )
    return "\n".join(lines + _answers(repetition))


def _line(difference: Difference, look: Look) -> str:
    path = "" if difference.path is None else f" {path_text(difference.path, look)}"
    return f"         {difference.what}{path}: {harmless(difference.found)}"


def _answers(repetition: Repetition) -> list[str]:
    if repetition.again is None:
        return ["         It was not asked again."]
    if repetition.same:
        return []
    then, now = repetition.saved, cited_text(repetition.again.sentences)
    if then == now:
        return ["The words of the answer are the same."]
    return [f"then: {harmless(then or _NONE)}", f"now:  {harmless(now or _NONE)}"]
