"""How far a pull is, in bytes, never running backwards."""

from __future__ import annotations

from collections.abc import Callable

# report(step, done, total): bytes; total 0 when it is not known.
Report = Callable[[str, int, int], None]


class Meter:
    """Tells `report` how far one step is; a smaller figure than the last is not told.

    step: a word for what is happening. total: bytes, 0 when not known.
    """

    def __init__(self, report: Report, *, step: str, total: int) -> None:
        self._report = report
        self._step = step
        self._total = total
        self._done = -1

    def reach(self, done: int) -> None:
        """`done` bytes of the whole step are behind us."""
        done = min(done, self._total) if self._total else done
        if done > self._done:
            self._done = done
            self._report(self._step, done, self._total)
