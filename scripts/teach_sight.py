"""Teaches the default model to look: makes ragtool/sight.gguf and ragtool/sight.npz.

    python scripts/teach_sight.py read SET CACHE [-n N]
    python scripts/teach_sight.py teach CACHE [--minutes N] [--write]

`read` reads the articles of a set, as `ragtool eval` takes it, and its questions
up to the first layer that is changed, and writes what comes out to CACHE, an
article a record of some 5 MB; begun again it goes on behind the last. `teach` learns a
LoRA adapter for the layers from there on, and the weights of `ragtool.confidence.Sight`:
the sentence that answers shall be the likeliest, or none where none does. It prints how
the articles that it does not learn from come out; --write puts the result into the
package. On two cores a question takes 0.25 s to read and as long each time it is
learnt. It needs torch and, to read and write GGUF, gguf (pip install gguf).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import pickle
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter
from torch import Tensor

import qwen2
from qwen2 import HEADS, MATRICES, WIDTH, Layer, Weights
from ragtool import confidence, config, models, pipeline
from ragtool import prompt as prompts
from ragtool.generation import LlamaGenerator
from ragtool.pipeline.loading import load_generator
from ragtool.question_sets import Gold, read_set
from ragtool.records import Chunk, Evidence
from ragtool.store import Store

# The layers that the adapter changes and whose heads are watched, and of these the
# layers whose states tell whether anything answers.
FIRST, LAST = 10, 20
STATES = (14, 16, 18, 20)
RANK = 4
# How many ways of telling are learnt of a layer's states.
WAYS = 2
# Tokens of an article that are read: what does not fit is left away.
TOKENS = 440
# Questions about another article, for each.
ELSEWHERE = 3
# Articles that are not learnt from.
HELD_OUT = 24
RATE, HEAD_RATE, HEAD_DECAY = 1e-3, 2e-3, 0.3

# By layer and matrix, what is learnt.
Adapter = Mapping[int, Mapping[str, tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class Asked:
    """A question behind an article. states: of its tokens, before FIRST. gold: of each
    sentence whether it answers."""

    states: np.ndarray
    gold: tuple[bool, ...]
    elsewhere: bool


@dataclass(frozen=True)
class Reading:
    """An article as it was read. places: of its sentences, in tokens. past: by layer,
    from FIRST on, keys and values. own: where the question's own tokens begin."""

    places: tuple[range, ...]
    past: Mapping[int, tuple[np.ndarray, np.ndarray]]
    own: int
    asked: tuple[Asked, ...]


class Sight:
    """The weights of `ragtool.confidence.Sight`, being learnt."""

    def __init__(self) -> None:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, requires_grad=True)

        heads, states = (LAST - FIRST + 1, 2, HEADS), (len(STATES), WIDTH)
        telling = torch.randn(*states, WAYS, generator=torch.Generator().manual_seed(1))
        self.weights = {
            "heads": zeros(*heads),
            "none": zeros(1),
            "none_heads": zeros(*heads),
            "last": zeros(*states),
            "telling": (telling * 0.01).requires_grad_(),
            "told": zeros(*states, WAYS),
        }

    def __call__(self, seen: Tensor, states: Sequence[Tensor]) -> Tensor:
        """Scores of each place and, last, of none.

        seen: logarithms of attention, (layers, mass and peak, heads, places).
        states: by layer of STATES, of the question's tokens.
        """
        learnt = self.weights
        apart = seen - seen.mean(dim=-1, keepdim=True)
        scores = torch.einsum("lkhp,lkh->p", apart, learnt["heads"])
        none = learnt["none"] + (seen.amax(dim=-1) * learnt["none_heads"]).sum()
        for at, each in enumerate(states):
            unit = each / (each.pow(2).mean(-1, keepdim=True).sqrt() + 1e-6)
            share = torch.softmax(unit @ learnt["telling"][at], dim=0)
            none = none + unit[-1] @ learnt["last"][at]
            none = none + (unit @ learnt["told"][at] * share).sum()
        return torch.cat([scores, none])


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(required=True, dest="command")
    reading = commands.add_parser("read")
    reading.add_argument("folder", type=Path, metavar="SET")
    reading.add_argument("cache", type=Path, metavar="CACHE")
    reading.add_argument("-n", type=int, metavar="N", help="how many articles")
    teaching = commands.add_parser("teach")
    teaching.add_argument("cache", type=Path, metavar="CACHE")
    teaching.add_argument("--minutes", type=float, default=60.0, metavar="N")
    teaching.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.command == "read":
        read(asked.folder, asked.cache, size=asked.n)
    else:
        teach(asked.cache, minutes=asked.minutes, write=asked.write)


def read(folder: Path, cache: Path, *, size: int | None) -> None:
    """Read the articles in an order drawn always alike, and add them to `cache`."""
    torch.set_grad_enabled(False)
    chosen = read_set(folder)
    asked: dict[str, list[Gold]] = {}
    for gold in chosen.questions:
        asked.setdefault(gold.documents[0], []).append(gold)
    names = sorted(asked)
    random.Random(1).shuffle(names)
    known = sum(1 for _ in _read(cache)) if cache.exists() else 0
    settings = config.resolve({})
    weights = Weights(models.located(settings.generator, settings.models).path)
    embeddings = weights.get("token_embd.weight")
    layers = [Layer(weights, number) for number in range(LAST + 1)]
    generator = load_generator(settings)
    with tempfile.TemporaryDirectory() as index, cache.open("ab") as file:
        settings = replace(settings, index=Path(index))
        pipeline.index([chosen.articles], settings, report=lambda _: None)
        with Store.open(settings.index) as store:
            for name in names[known:size]:
                draw = random.Random(name)
                others = draw.sample([g for g in chosen.questions if g.answerable], ELSEWHERE)
                chunks = store.chunks_of(str((chosen.articles / name).resolve()))
                reader = _Reader(generator, embeddings, layers)
                questions = [*asked[name], *(one for one in others if name not in one.documents)]
                pickle.dump(reader.read(chunks, name, questions), file)
                file.flush()
                print(name, flush=True)


class _Reader:
    def __init__(
        self, generator: LlamaGenerator, embeddings: Tensor, layers: Sequence[Layer]
    ) -> None:
        self._generator, self._embeddings, self._layers = generator, embeddings, layers

    def read(self, chunks: Sequence[Chunk], name: str, questions: Sequence[Gold]) -> Reading:
        evidence = self._fitting(chunks)
        prompt = [prompts.look_prompt(gold.question, evidence) for gold in questions]
        head, passages, *_ = self._generator.parts(prompt[0])
        tokens = [*head, *passages]
        turns = [self._question(gold) for gold in questions]
        past = self._past(tokens)
        ends = np.cumsum([0, *map(len, turns)])
        slices = [slice(a, b) for a, b in pairwise(ends)]
        states = self._embeddings[[token for turn in turns for token in turn]]
        positions = len(tokens) + torch.cat([torch.arange(len(turn)) for turn in turns])
        for number in range(FIRST):
            states, _ = self._layers[number].forward(states, positions, slices, past[number])
        places = self._generator.tokens_of(prompt[0].parts[0], prompts.places(evidence))
        own = self._generator.tokens_of(
            prompt[0].parts[1], [prompts.place_of_question(questions[0].question)]
        )[0]
        return Reading(
            places=tuple(range(p.start + len(head), p.stop + len(head)) for p in places),
            past={
                at: (past[at][0].half().numpy(), past[at][1].half().numpy())
                for at in range(FIRST, LAST + 1)
            },
            own=own.start,
            asked=tuple(
                Asked(
                    states[turn].half().numpy(),
                    tuple(_answers(one, gold, name) for one in evidence),
                    elsewhere=name not in gold.documents,
                )
                for turn, gold in zip(slices, questions, strict=True)
            ),
        )

    def _fitting(self, chunks: Sequence[Chunk]) -> list[Evidence]:
        """The article's sentences, its headline left out, as far as there is room."""
        found: list[Evidence] = []
        room = TOKENS
        for chunk in chunks:
            for sentence in chunk.sentences:
                one = Evidence(chunk, sentence, 0.0)
                if one.text != chunk.document.title:
                    room -= self._generator.count_tokens(one.text)
                    if room < 0:
                        return found
                    found.append(one)
        return found

    def _question(self, gold: Gold) -> list[int]:
        """The tokens of its turn as far as the question goes."""
        text = prompts.look_prompt(gold.question, ()).parts[-1]
        return self._generator.tokens(text)

    def _past(self, tokens: Sequence[int]) -> list[qwen2.Past]:
        positions = torch.arange(len(tokens))
        states = self._embeddings[list(tokens)]
        found: list[qwen2.Past] = []
        for layer in self._layers:
            found.append(layer.past(states, positions))
            if layer is not self._layers[-1]:
                states, _ = layer.forward(states, positions, [slice(0, len(tokens))], None)
        return found


def _answers(one: Evidence, gold: Gold, name: str) -> bool:
    if name not in gold.documents:
        return False
    text = " ".join(one.text.split())
    known = (" ".join(words.split()) for words in gold.evidence)
    return any(text in words or words in text for words in known)


def teach(cache: Path, *, minutes: float, write: bool) -> None:
    """Learn for so long, as often as that reads the articles, and print what comes of it."""
    readings = list(_read(cache))
    held, learnt = readings[:HELD_OUT], readings[HELD_OUT:]
    settings = config.resolve({})
    located = models.located(settings.generator, settings.models)
    weights = Weights(located.path)
    layers = {number: Layer(weights, number) for number in range(FIRST, LAST + 1)}
    adapter, sight = _new_adapter(), Sight()
    changed = [each for layer in adapter.values() for pair in layer.values() for each in pair]
    everything = [*changed, *sight.weights.values()]
    optimizer = torch.optim.AdamW(
        [
            {"params": changed, "weight_decay": 0.0},
            {"params": list(sight.weights.values()), "weight_decay": HEAD_DECAY},
        ],
        betas=(0.9, 0.98),
    )
    begun, step, losses = time.monotonic(), 0, [0.0]
    while (done := (time.monotonic() - begun) / (60 * minutes)) < 1:
        if step % len(learnt) == 0:
            random.Random(step).shuffle(learnt)
        warm = min(1.0, (step + 1) / 20) * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)
        for group, rate in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
            group["lr"] = rate * warm
        loss = torch.stack(list(_losses(learnt[step % len(learnt)], layers, adapter, sight))).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 20 == 0:
            print(f"{step}: {np.mean(losses[-20:]):.3f}", flush=True)
    print(scored(held, layers, adapter, sight))
    if write:
        _write(adapter, sight, model=located.sha256)


def _new_adapter() -> Adapter:
    """An adapter that changes nothing yet."""
    drawn = torch.Generator().manual_seed(0)
    return {
        layer: {
            name: (
                (torch.randn(RANK, into, generator=drawn) / math.sqrt(into)).requires_grad_(),
                torch.zeros(out, RANK, requires_grad=True),
            )
            for name, (into, out) in MATRICES.items()
        }
        for layer in range(FIRST, LAST + 1)
    }


def _scores(
    reading: Reading, layers: Mapping[int, Layer], adapter: Adapter, sight: Sight
) -> Iterator[tuple[Asked, Tensor]]:
    """Each question with the scores of the sentences and of none."""
    ends = np.cumsum([0, *(len(one.states) for one in reading.asked)])
    turns = [slice(a, b) for a, b in pairwise(ends)]
    states = torch.from_numpy(np.concatenate([one.states for one in reading.asked])).float()
    before = len(reading.past[FIRST][0])
    positions = before + torch.cat([torch.arange(len(one.states)) for one in reading.asked])
    seen: list[list[Tensor]] = [[] for _ in turns]
    kept: list[Tensor] = []
    for number, layer in layers.items():
        keys, values = (torch.from_numpy(each).float() for each in reading.past[number])
        states, looks = layer.forward(states, positions, turns, (keys, values), adapter[number])
        for found, look in zip(seen, looks, strict=True):
            found.append(_at_places(look.attention[:, reading.own :], reading.places))
        if number in STATES:
            kept.append(states)
    for one, turn, found in zip(reading.asked, turns, seen, strict=True):
        own = slice(turn.start + reading.own, turn.stop)
        yield one, sight(torch.stack(found), [each[own] for each in kept])


def _at_places(attention: Tensor, places: Sequence[range]) -> Tensor:
    """Logarithms of the mass and the peak at each place, (2, HEADS, places)."""
    each = [attention[..., place.start : place.stop] for place in places]
    mass = torch.stack([one.sum(-1).mean(-1) for one in each], dim=-1)
    peak = torch.stack([one.amax((-2, -1)) for one in each], dim=-1)
    return torch.log(torch.stack([mass, peak]) + confidence.FAINT)


def _losses(
    reading: Reading, layers: Mapping[int, Layer], adapter: Adapter, sight: Sight
) -> Iterator[Tensor]:
    """Of each question what is missing, in nats, from certainty of what is right."""
    for one, scores in _scores(reading, layers, adapter, sight):
        gold = torch.tensor([*one.gold, not any(one.gold)])
        yield torch.logsumexp(scores, 0) - torch.logsumexp(scores[gold], 0)


def scored(
    readings: Sequence[Reading], layers: Mapping[int, Layer], adapter: Adapter, sight: Sight
) -> str:
    """How the questions come out, in a line for each of several shares of refusals."""
    rows: list[tuple[float, bool, bool]] = []
    with torch.no_grad():
        for reading in readings:
            for one, scores in _scores(reading, layers, adapter, sight):
                best = int(scores[:-1].argmax())
                sure = float(scores[best] - torch.logsumexp(scores, 0))
                if not one.elsewhere:
                    rows.append((sure, any(one.gold), one.gold[best]))
    return tally(rows)


def tally(rows: Sequence[tuple[float, bool, bool]]) -> str:
    """rows: how sure the surest sentence is, whether any answers, whether this one does."""
    answerable = [(sure, right) for sure, has, right in rows if has]
    others = sorted(sure for sure, has, _ in rows if not has)
    lines: list[str] = []
    for refused in (0.6, 0.7, 0.8, 0.9, 0.95):
        least = others[min(len(others) - 1, math.ceil(refused * len(others)))]
        right = sum(right for sure, right in answerable if sure > least)
        wrong = sum(not right for sure, right in answerable if sure > least)
        lines.append(
            f"{refused:.0%} of the others refused:"
            f" {right} right, {wrong} wrong of {len(answerable)}"
        )
    return "\n".join(lines)


def _write(adapter: Adapter, sight: Sight, *, model: str) -> None:
    package = Path(confidence.__file__).parent
    writer = GGUFWriter(package / "sight.gguf", "qwen2")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(RANK))
    for layer, matrices in adapter.items():
        for name, (into, back) in matrices.items():
            named = f"blk.{layer}.{name}.weight"
            writer.add_tensor(f"{named}.lora_a", into.detach().numpy().astype(np.float16))
            writer.add_tensor(f"{named}.lora_b", back.detach().numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    digest = hashlib.sha256((package / "sight.gguf").read_bytes()).hexdigest()
    learnt = {name: each.detach().numpy() for name, each in sight.weights.items()}
    names = {"model": model, "adapter": digest, "first": FIRST, "layers": STATES}
    every = {**{name: np.array(each) for name, each in names.items()}, **learnt}
    np.savez(package / "sight.npz", allow_pickle=False, **every)


def _read(cache: Path) -> Iterator[Reading]:
    with cache.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


if __name__ == "__main__":
    main()
