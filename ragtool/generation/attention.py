"""Where the model looks, and its states: taken from llama.cpp while it computes.

Attention is the share of its sight, from 0 to 1, that a head gives at one token to
another; a head's shares at one token sum to 1. llama.cpp computes it in tensors
named `kq_soft_max-N`, of layer N, and what a layer hands on in `l_out-N`. It calls
back for each tensor of its graph, so that these can be read where they are made.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ragtool.generation.library import tensor_functions
from ragtool.records import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ATTENTION, _HANDED_ON = "kq_soft_max-", "l_out-"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is taken of one reading.

    rows: of the tokens that are read, counted from the first one, those whose
    attention is wanted. columns: of all tokens that are remembered, the ranges at
    which they look. mass, peak: by layer, the attention of each head to each range,
    summed over the range and then over the rows, and the highest of one row to one
    token; float32 (heads, ranges). states: by layer, what it handed on of the rows, a
    call one behind the other, float32 (rows, n); the last layer is left out, since
    llama.cpp computes it for the last token alone.
    """

    rows: range
    columns: Sequence[range]
    mass: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    peak: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    states: dict[int, list[NDArray[np.float32]]] = field(default_factory=dict)


def covering(text: str, ends: Sequence[int], spans: Sequence[Span]) -> list[range]:
    """Which of the text's tokens have a part of each span, at least one.

    ends: where each token ends, in bytes of UTF-8. No span is empty.
    """
    found: list[range] = []
    for span in spans:
        start = len(text[: span.start].encode("utf-8", "replace"))
        end = start + len(span.of(text).encode("utf-8", "replace"))
        found.append(range(bisect_right(ends, start), bisect_left(ends, end) + 1))
    return found


class Watching:
    """llama.cpp's callback for tensors. It sees nothing until it is told to take something.

    callback: to be given to a context, and kept as long as that.
    """

    def __init__(self, api: Any) -> None:
        self._tensors = _Tensors(api)
        self._seen: Seen | None = None
        self._first = self._count = 0
        self.callback: Any = api.ggml_backend_sched_eval_callback(self._see)

    @contextmanager
    def taking(self, seen: Seen | None) -> Iterator[None]:
        """What is read until the end goes into `seen`, if there is one."""
        self._seen, self._first, self._count = seen, 0, 0
        try:
            yield
        finally:
            self._seen = None

    def reads(self, count: int) -> None:
        """So many tokens are read by the next call."""
        self._first, self._count = self._first + self._count, count

    def _see(self, tensor: int, asks: bool, _: object) -> bool:
        """Asked whether the tensor is wanted, and once it is made, whether to go on."""
        if self._seen is None:
            return not asks
        name = self._tensors.name(tensor)
        if asks:
            return name.startswith((_ATTENTION, _HANDED_ON))
        kind, _, layer = name.partition("-")
        rows = self._tensors.rows(tensor)
        wanted = slice(
            max(self._seen.rows.start - self._first, 0),
            max(min(self._seen.rows.stop - self._first, self._count), 0),
        )
        if wanted.start >= wanted.stop:
            return True
        if f"{kind}-" == _ATTENTION:  # of each head, of each token read
            shares = rows.reshape(-1, self._count, rows.shape[1])[:, wanted]
            self._take_attention(self._seen, int(layer), shares)
        elif len(rows) == self._count:
            self._seen.states.setdefault(int(layer), []).append(rows[wanted].copy())
        return True

    def _take_attention(self, seen: Seen, layer: int, shares: NDArray[np.float32]) -> None:
        import numpy as np

        heads = len(shares)
        nothing = np.zeros((heads, len(seen.columns)), np.float32)
        mass = seen.mass.setdefault(layer, nothing)
        peak = seen.peak.setdefault(layer, nothing.copy())
        for at, column in enumerate(seen.columns):
            there = shares[:, :, column.start : column.stop]
            mass[:, at] += there.sum(axis=(1, 2))
            peak[:, at] = np.maximum(peak[:, at], there.max(axis=(1, 2)))


class _Tensors:
    """The little that is wanted of ggml's tensors, which are handed about as pointers."""

    def __init__(self, api: Any) -> None:
        library = tensor_functions(api)
        self._name = _function(library.ggml_get_name, ctypes.c_char_p)
        self._data = _function(library.ggml_get_data_f32, ctypes.POINTER(ctypes.c_float))
        self._count = _function(library.ggml_nelements, ctypes.c_int64)
        self._rows = _function(library.ggml_nrows, ctypes.c_int64)

    def name(self, tensor: int) -> str:
        return bytes(self._name(tensor)).decode("utf-8", "replace")

    def rows(self, tensor: int) -> NDArray[np.float32]:
        """A view of the tensor's numbers, (rows, length of a row)."""
        import numpy as np

        view = np.ctypeslib.as_array(self._data(tensor), shape=(self._count(tensor),))
        rows: NDArray[np.float32] = view.reshape(self._rows(tensor), -1)
        return rows


def _function(found: Any, gives: Any) -> Any:
    found.argtypes, found.restype = [ctypes.c_void_p], gives
    return found
