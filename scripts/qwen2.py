"""Layers of a Qwen2 model in torch, with the weights of its GGUF file, for teaching an adapter.

The passages are read without the adapter: of each layer only their keys and values
are needed again. The questions behind them are read with it, many at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor
from torch.nn import functional

# Of the 1.5B.
WIDTH, HEADS, KEY_HEADS, HEAD_WIDTH, INNER_WIDTH = 1536, 12, 2, 128, 8960
KEY_WIDTH = KEY_HEADS * HEAD_WIDTH
_EPSILON, _ROPE_BASE = 1e-6, 1_000_000.0
# Names of a layer's matrices, as llama.cpp gives them, with what goes in and comes out.
MATRICES = {
    "attn_q": (WIDTH, WIDTH),
    "attn_k": (WIDTH, KEY_WIDTH),
    "attn_v": (WIDTH, KEY_WIDTH),
    "attn_output": (WIDTH, WIDTH),
    "ffn_gate": (WIDTH, INNER_WIDTH),
    "ffn_up": (WIDTH, INNER_WIDTH),
    "ffn_down": (INNER_WIDTH, WIDTH),
}
# Of each matrix of a layer the two small ones that are added to it: (rank, in), (out, rank).
Change = Mapping[str, tuple[Tensor, Tensor]]
# Keys and values of what was read before, (tokens, KEY_HEADS, HEAD_WIDTH).
Past = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Seen:
    """Where one question's tokens look in the passages: attention, (HEADS, tokens, passages)."""

    attention: Tensor


class Weights:
    """The tensors of a GGUF file, as float32."""

    def __init__(self, file: Path) -> None:
        self._tensors = {tensor.name: tensor for tensor in GGUFReader(file).tensors}

    def get(self, name: str) -> Tensor:
        """One tensor; a matrix as (out, in)."""
        found = self._tensors[name]
        values = np.ascontiguousarray(dequantize(found.data, found.tensor_type), dtype=np.float32)
        return torch.from_numpy(values.copy())


class Layer:
    """One layer, frozen."""

    def __init__(self, weights: Weights, number: int) -> None:
        def get(name: str) -> Tensor:
            return weights.get(f"blk.{number}.{name}")

        self._matrices = {name: get(f"{name}.weight") for name in MATRICES}
        self._biases = {name: get(f"{name}.bias") for name in ("attn_q", "attn_k", "attn_v")}
        self._norms = get("attn_norm.weight"), get("ffn_norm.weight")

    def past(self, states: Tensor, positions: Tensor) -> Past:
        """Keys and values of tokens, of the states that go into the layer, (tokens, WIDTH)."""
        normed = _norm(states, self._norms[0])
        return self._keys(normed, positions, {}), self._values(normed, {})

    def forward(
        self,
        states: Tensor,
        positions: Tensor,
        turns: Sequence[slice],
        past: Past | None,
        change: Change | None = None,
    ) -> tuple[Tensor, list[Seen]]:
        """What the layer hands on, and where each turn looks in the past.

        states: (tokens, WIDTH) of several turns one behind the other. A turn looks at
        the past, which all of them have in common, and at its own tokens so far.
        """
        change = change or {}
        normed = _norm(states, self._norms[0])
        queries = _turned(self._times("attn_q", normed, change), HEADS, positions)
        queries = queries.view(-1, KEY_HEADS, HEADS // KEY_HEADS, HEAD_WIDTH)
        keys, values = self._keys(normed, positions, change), self._values(normed, change)
        mixed: list[Tensor] = []
        seen: list[Seen] = []
        for turn in turns:
            share = _attention(queries[turn], keys[turn], past)
            before = 0 if past is None else len(past[0])
            grouped = share.view(KEY_HEADS, HEADS // KEY_HEADS, *share.shape[1:])
            out = torch.einsum("ghtn,ngd->tghd", grouped[..., before:], values[turn])
            if past is not None:
                out = out + torch.einsum("ghtn,ngd->tghd", grouped[..., :before], past[1])
            mixed.append(out.reshape(-1, WIDTH))
            seen.append(Seen(share[..., :before]))
        states = states + self._times("attn_output", torch.cat(mixed), change)
        normed = _norm(states, self._norms[1])
        gate = functional.silu(self._times("ffn_gate", normed, change))
        inner = gate * self._times("ffn_up", normed, change)
        return states + self._times("ffn_down", inner, change), seen

    def _keys(self, normed: Tensor, positions: Tensor, change: Change) -> Tensor:
        return _turned(self._times("attn_k", normed, change), KEY_HEADS, positions)

    def _values(self, normed: Tensor, change: Change) -> Tensor:
        return self._times("attn_v", normed, change).view(-1, KEY_HEADS, HEAD_WIDTH)

    def _times(self, name: str, states: Tensor, change: Change) -> Tensor:
        out = functional.linear(states, self._matrices[name], self._biases.get(name))
        if name in change:
            into, back = change[name]
            out = out + functional.linear(functional.linear(states, into), back)
        return out


def _attention(queries: Tensor, keys: Tensor, past: Past | None) -> Tensor:
    """Shares of each head at each token, (HEADS, tokens, past and own tokens)."""
    count = len(queries)
    own = torch.einsum("tghd,ngd->ghtn", queries, keys)
    own = own.masked_fill(~torch.ones(count, count, dtype=torch.bool).tril(), -1e9)
    scores = [own] if past is None else [torch.einsum("tghd,ngd->ghtn", queries, past[0]), own]
    together = torch.cat(scores, dim=-1) / math.sqrt(HEAD_WIDTH)
    return torch.softmax(together, dim=-1).reshape(HEADS, count, -1)


def _norm(states: Tensor, weight: Tensor) -> Tensor:
    return states * torch.rsqrt(states.pow(2).mean(-1, keepdim=True) + _EPSILON) * weight


def _turned(states: Tensor, heads: int, positions: Tensor) -> Tensor:
    """Rotary positions (Su et al. 2021, arXiv 2104.09864): (tokens, heads, HEAD_WIDTH)."""
    states = states.view(-1, heads, HEAD_WIDTH)
    half = HEAD_WIDTH // 2
    speeds = _ROPE_BASE ** (-torch.arange(half, dtype=torch.float32) / half)
    angles = positions[:, None].float() * speeds
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    left, right = states[..., :half], states[..., half:]
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)
