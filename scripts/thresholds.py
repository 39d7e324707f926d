"""What a threshold trades: answers against refusals."""

from __future__ import annotations

from collections.abc import Sequence

# Log-odds below which a sentence is withheld.
THRESHOLDS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)


def tally(rows: Sequence[tuple[float, bool, bool]]) -> str:
    """A line for each threshold.

    rows: of each question the log-odds of the surest sentence, whether any answers,
    whether this one does. Both kinds of questions must be there.
    """
    answerable = [(sure, right) for sure, has, right in rows if has]
    others = [sure for sure, has, _ in rows if not has]
    lines: list[str] = []
    for least in THRESHOLDS:
        right = sum(right for sure, right in answerable if sure >= least)
        wrong = sum(not right for sure, right in answerable if sure >= least)
        refused = sum(sure < least for sure in others)
        lines.append(
            f"{least:4}: {right} right, {wrong} wrong of {len(answerable)}"
            f" ({right / len(answerable):.0%}, {wrong / len(answerable):.0%});"
            f" {refused} of {len(others)} others refused ({refused / len(others):.0%})"
        )
    return "\n".join(lines)
