"""What the model remembers of a prompt, put by while it reads one that begins otherwise.

Between two questions about the same passages the model is asked about single
sentences. A copy of what it had read costs milliseconds, reading it again seconds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The tokens of a part of a prompt, which is read in calls of its own.
Part = tuple[int, ...]
# Fewer tokens are read again as fast as they are looked after.
WORTH = 128


@dataclass(frozen=True, slots=True)
class Copy:
    """The state of the model's memory after these parts, as llama.cpp writes it."""

    parts: tuple[Part, ...]
    state: NDArray[np.uint8]


class PutBy:
    """One copy of a context's memory, of its sequence 0."""

    def __init__(self, api: Any, context: Any) -> None:
        self._api = api
        self._context = context
        self._copy: Copy | None = None

    def copy_for(self, parts: Sequence[Part]) -> Copy | None:
        """The copy, if it begins as the prompt does; else None."""
        copy = self._copy
        return copy if copy is not None and shared(copy.parts, parts) else None

    def keep(self, parts: Sequence[Part]) -> None:
        """Copies the memory, which holds these parts, in place of what was put by before."""
        import numpy as np

        held = () if self._copy is None else self._copy.parts
        if size(parts) < WORTH or tuple(parts) == held:
            return
        room = self._api.llama_state_seq_get_size(self._context, 0)
        state = np.empty(room, dtype=np.uint8)
        written = self._api.llama_state_seq_get_data(self._context, _bytes(state), room, 0)
        self._copy = Copy(tuple(parts), state) if written == room else None

    def restore(self, copy: Copy) -> bool:
        """Gives the memory the state of the copy; False, and nothing remembered, if it can't."""
        self._api.llama_memory_clear(self._api.llama_get_memory(self._context), True)
        room = copy.state.size
        read = self._api.llama_state_seq_set_data(self._context, _bytes(copy.state), room, 0)
        if read != room:
            self._api.llama_memory_clear(self._api.llama_get_memory(self._context), True)
        return bool(read == room)


def size(parts: Sequence[Part]) -> int:
    """How many tokens the parts have together."""
    return sum(map(len, parts))


def shared(one: Sequence[object], other: Sequence[object]) -> int:
    """How many leading items are the same in both."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def _bytes(state: NDArray[np.uint8]) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
