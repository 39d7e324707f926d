"""Layers of a Qwen2 model in torch, with the weights of its GGUF file, for teaching an adapter.

The passages are read without the adapter: of each layer only their keys and values
are needed again. The questions behind them are read with it, many at once. The frozen
matrices are bfloat16, two to four times as fast as float32 where the processor has it;
everything else is float32.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
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
class Turns:
    """Turns whose tokens stand one behind the other.

    at: where each token of a turn stands among all, (turns, longest); a shorter turn
    is filled up with its first token. real: which are none of these.
    """

    at: Tensor
    real: Tensor

    @staticmethod
    def of(lengths: Sequence[int]) -> Turns:
        """Of so many tokens each."""
        counts = torch.tensor(lengths)
        starts = torch.cumsum(counts, 0) - counts
        along = torch.arange(int(counts.max()))[None].expand(len(counts), -1)
        real = along < counts[:, None]
        return Turns(starts[:, None] + along * real, real)

    @property
    def positions(self) -> Tensor:
        """Of each token in its turn, (tokens,)."""
        return torch.arange(self.at.shape[1])[None].expand_as(self.at)[self.real]


class Weights:
    """The tensors of a GGUF file, as float32."""

    def __init__(self, file: Path) -> None:
        from gguf import GGUFReader

        self._tensors = {tensor.name: tensor for tensor in GGUFReader(file).tensors}

    def get(self, name: str) -> Tensor:
        """One tensor; a matrix as (out, in)."""
        from gguf.quants import dequantize

        found = self._tensors[name]
        values = np.ascontiguousarray(dequantize(found.data, found.tensor_type), dtype=np.float32)
        return torch.from_numpy(values.copy())


class Layer:
    """One layer, frozen."""

    def __init__(self, weights: Weights, number: int) -> None:
        def get(name: str) -> Tensor:
            return weights.get(f"blk.{number}.{name}")

        self._matrices = {name: get(f"{name}.weight").bfloat16() for name in MATRICES}
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
        turns: Turns,
        past: Past | None,
        change: Change | None = None,
    ) -> tuple[Tensor, Tensor]:
        """What the layer hands on, and where the turns look in the past.

        states: (tokens, WIDTH). A turn looks at the past, which all of them have in
        common, and at its own tokens so far. The second is (turns, HEADS, longest, past).
        """
        change = change or {}
        normed = _norm(states, self._norms[0])
        queries = _turned(self._times("attn_q", normed, change), HEADS, positions)
        own = self._keys(normed, positions, change), self._values(normed, change)
        mixed, looks = _attended(queries, own, turns, past)
        states = states + self._times("attn_output", mixed, change)
        normed = _norm(states, self._norms[1])
        gate = functional.silu(self._times("ffn_gate", normed, change))
        inner = gate * self._times("ffn_up", normed, change)
        return states + self._times("ffn_down", inner, change), looks

    def _keys(self, normed: Tensor, positions: Tensor, change: Change) -> Tensor:
        return _turned(self._times("attn_k", normed, change), KEY_HEADS, positions)

    def _values(self, normed: Tensor, change: Change) -> Tensor:
        return self._times("attn_v", normed, change).view(-1, KEY_HEADS, HEAD_WIDTH)

    def _times(self, name: str, states: Tensor, change: Change) -> Tensor:
        out = functional.linear(states.bfloat16(), self._matrices[name]).float()
        if name in self._biases:
            out = out + self._biases[name]
        if name in change:
            into, back = change[name]
            out = out + functional.linear(functional.linear(states, into), back)
        return out


def _attended(queries: Tensor, own: Past, turns: Turns, past: Past | None) -> tuple[Tensor, Tensor]:
    """What the heads bring each token, (tokens, WIDTH), and where they look in the past.

    queries: (tokens, HEADS, HEAD_WIDTH).
    """
    count, longest = turns.at.shape
    heads = HEADS // KEY_HEADS
    # By key head, turn, head and token: all that look at the same keys are one matrix.
    asked = queries[turns.at].view(count, longest, KEY_HEADS, heads, HEAD_WIDTH)
    asked = asked.permute(2, 0, 3, 1, 4) / math.sqrt(HEAD_WIDTH)
    keys, values = (each[turns.at].permute(2, 0, 1, 3) for each in own)
    mine = asked.flatten(2, 3) @ keys.transpose(2, 3)
    mine = mine.view(KEY_HEADS, count, heads, longest, longest)
    mine = mine.masked_fill(~torch.ones(longest, longest, dtype=torch.bool).tril(), -1e9)
    before = 0 if past is None else len(past[0])
    if past is not None:
        seen = asked.flatten(1, 3) @ past[0].permute(1, 2, 0)
        mine = torch.cat([seen.view(KEY_HEADS, count, heads, longest, before), mine], dim=-1)
    share = torch.softmax(mine, dim=-1)
    out = share[..., before:].flatten(2, 3) @ values
    out = out.view(KEY_HEADS, count, heads, longest, HEAD_WIDTH)
    if past is not None:
        out = out + (share[..., :before].flatten(1, 3) @ past[1].transpose(0, 1)).view_as(out)
    mixed = out.permute(1, 3, 0, 2, 4)[turns.real].flatten(1)
    looks = share[..., :before].permute(1, 0, 2, 3, 4).flatten(1, 2)
    return mixed, looks


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
