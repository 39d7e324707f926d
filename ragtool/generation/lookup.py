"""Which tokens may come next, guessed from the prompt: prompt lookup decoding.

An answer copies much of what it was read. Where the last few tokens stood
before, those that followed them there are guessed, and the model reads the
guess in one go instead of writing token by token. What it would not have
written itself is thrown away, so the guess costs or saves time and changes
nothing (Saxena, "Prompt lookup decoding", 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

# How many of the last tokens must have stood together before, the most first.
LONGEST, SHORTEST = 3, 2
# How many tokens are guessed at once.
GUESSED = 4


def guess(tokens: Sequence[int], *, most: int = GUESSED) -> tuple[int, ...]:
    """The tokens that followed the last ones where these stood before; none where they did not.

    tokens: the prompt and what was written so far. Of several places the
    latest is taken, for the longest run of last tokens that has any.
    """
    for size in range(LONGEST, SHORTEST - 1, -1):
        last = tuple(tokens[-size:])
        for at in range(len(tokens) - size - 1, -1, -1):
            if tuple(tokens[at : at + size]) == last:
                return tuple(tokens[at + size : at + size + most])
    return ()
