"""Teaches the default model to look: makes ragtool/sight.gguf and ragtool/sight.npz.

    python scripts/teach_sight.py read SET CACHE [-n N]
    python scripts/teach_sight.py teach CACHE [--minutes N] [--further] [--write]

`read` reads the articles of a set, as `ragtool eval` takes it, and its questions
up to the first layer that is changed, and writes what comes out to the folder CACHE, an
article a file of some 7 MB; begun again it reads what the cache lacks. `teach` learns a
LoRA adapter for the layers from there on, and the weights of `ragtool.confidence.Sight`:
the sentence that answers shall be the likeliest, or none where none does. It prints how
the articles that it does not learn from come out; --further begins with what the package
holds, --write puts the result into it. On two cores a question takes 0.2 s to read and
0.15 s each time it is learnt. It needs torch and, to read and write GGUF, gguf
(pip install gguf).
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
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import qwen2
from qwen2 import HEADS, MATRICES, WIDTH, Layer, Turns, Weights
from ragtool import confidence, config, models, pipeline
from ragtool import prompt as prompts
from ragtool.generation import LlamaGenerator
from ragtool.pipeline.loading import Library, load_generator
from ragtool.pipeline.walking import absolute
from ragtool.question_sets import Gold, read_set
from ragtool.records import Chunk, Evidence, Filters
from thresholds import tally

# The layers that the adapter changes and whose heads are watched, and of these the
# layers whose states tell whether anything answers.
FIRST, LAST = 10, 20
STATES = (14, 16, 18, 20)
RANK = 8
# How many ways of telling are learnt of a layer's states.
WAYS = 2
# Tokens of an article that are read, and of another one beside it: what does not fit is
# left away.
TOKENS, NEAR_TOKENS = 440, 150
# The shares of the articles that are read alone, and of the others that come first; and
# among how many passages the other one is looked for.
ALONE, OWN_FIRST, NEAR = 0.5, 0.75, 8
# Questions about another article, for each.
ELSEWHERE = 3
# Articles that are not learnt from.
HELD_OUT = 32
RATE, HEAD_RATE, HEAD_DECAY = 8e-4, 2e-3, 0.3
# The share of both rates where more is learnt by what has learnt already.
FURTHER = 0.5

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
    """An article as it was read. places: of the sentences, in tokens. past: by layer,
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
        count = seen.shape[-1]
        apart = (seen - seen.mean(dim=-1, keepdim=True)) * count / max(1, count - 1)
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
    teaching.add_argument("--further", action="store_true")
    teaching.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.command == "read":
        read(asked.folder, asked.cache, size=asked.n)
    else:
        teach(asked.cache, minutes=asked.minutes, further=asked.further, write=asked.write)


def read(folder: Path, cache: Path, *, size: int | None) -> None:
    """Read those articles that `cache` lacks, and add them to it."""
    torch.set_grad_enabled(False)
    chosen = read_set(folder)
    asked: dict[str, list[Gold]] = {}
    for gold in chosen.questions:
        asked.setdefault(gold.documents[0], []).append(gold)
    cache.mkdir(parents=True, exist_ok=True)
    settings = config.resolve({})
    weights = Weights(models.located(settings.generator, settings.models).path)
    embeddings = weights.get("token_embd.weight")
    layers = [Layer(weights, number) for number in range(LAST + 1)]
    with tempfile.TemporaryDirectory() as index:
        settings = replace(settings, index=Path(index))
        pipeline.index([chosen.articles], settings, report=lambda _: None)
        with Library(settings) as library:
            generator = load_generator(settings)
            passages = _Passages(library, generator, chosen.articles)
            reader = _Reader(generator, embeddings, layers)
            for name in sorted(asked, key=_place)[:size]:
                kept = cache / f"{name}.pickle"
                if not kept.exists():
                    draw = random.Random(name)
                    evidence = passages.of(name, asked[name], draw)
                    questions = [*asked[name], *_elsewhere(name, asked, evidence, draw)]
                    partial = kept.with_suffix(".partial")
                    partial.write_bytes(pickle.dumps(reader.read(evidence, name, questions)))
                    partial.replace(kept)
                    print(name, flush=True)


def _place(name: str) -> str:
    """Where an article comes in the order of all, whatever is added to them."""
    return hashlib.sha256(name.encode()).hexdigest()


def _elsewhere(
    name: str,
    asked: Mapping[str, Sequence[Gold]],
    evidence: Sequence[Evidence],
    draw: random.Random,
) -> list[Gold]:
    """Questions that another article answers: the one that is read too, if one is."""
    others = {Path(one.document.path).name for one in evidence} - {name}
    if not others:
        others = set(asked) - {name}
    able = [gold for other in sorted(others) for gold in asked[other] if gold.answerable]
    return draw.sample(able, min(ELSEWHERE, len(able)))


class _Passages:
    """What is read of an article: its sentences, and for every other one, as in an
    answer, some of the article next to it."""

    def __init__(self, library: Library, generator: LlamaGenerator, articles: Path) -> None:
        self._library, self._generator, self._articles = library, generator, articles

    def of(self, name: str, asked: Sequence[Gold], draw: random.Random) -> list[Evidence]:
        path = str(absolute(self._articles / name))
        own = self._fitting(self._library.store.chunks_of(path), TOKENS)
        if draw.random() < ALONE:
            return own
        question = draw.choice(asked).question
        vector = self._library.vector(question)
        hits = self._library.retrieve(question, vector, k=NEAR, filters=Filters())
        near = [hit.chunk for hit in hits if hit.chunk.document.path != path]
        other = self._fitting(near[:1], NEAR_TOKENS)
        return [*own, *other] if draw.random() < OWN_FIRST else [*other, *own]

    def _fitting(self, chunks: Sequence[Chunk], room: int) -> list[Evidence]:
        """The sentences, their headline left out, as far as there is room."""
        found: list[Evidence] = []
        for chunk in chunks:
            for sentence in chunk.sentences:
                one = Evidence(chunk, sentence, 0.0)
                if one.text != chunk.document.title:
                    room -= self._generator.count_tokens(one.text)
                    if room < 0:
                        return found
                    found.append(one)
        return found


class _Reader:
    def __init__(
        self, generator: LlamaGenerator, embeddings: Tensor, layers: Sequence[Layer]
    ) -> None:
        self._generator, self._embeddings, self._layers = generator, embeddings, layers

    def read(self, evidence: Sequence[Evidence], name: str, questions: Sequence[Gold]) -> Reading:
        prompt = [prompts.look_prompt(gold.question, evidence) for gold in questions]
        head, passages, *_ = self._generator.parts(prompt[0])
        tokens = [*head, *passages]
        turns = [self._question(gold) for gold in questions]
        past = self._past(tokens)
        together = Turns.of([len(turn) for turn in turns])
        states = self._embeddings[[token for turn in turns for token in turn]]
        positions = len(tokens) + together.positions
        for number in range(FIRST):
            states, _ = self._layers[number].forward(states, positions, together, past[number])
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
                    each.half().numpy(),
                    tuple(_answers(one, gold) for one in evidence),
                    elsewhere=name not in gold.documents,
                )
                for each, gold in zip(
                    _split(states, [len(turn) for turn in turns]), questions, strict=True
                )
            ),
        )

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
                states, _ = layer.forward(states, positions, Turns.of([len(tokens)]), None)
        return found


def _answers(one: Evidence, gold: Gold) -> bool:
    if Path(one.document.path).name not in gold.documents:
        return False
    text = " ".join(one.text.split())
    known = (" ".join(words.split()) for words in gold.evidence)
    return any(text in words or words in text for words in known)


def teach(cache: Path, *, minutes: float, further: bool, write: bool) -> None:
    """Learn for so long, as often as that reads the articles, and print what comes of it.

    further: begin with what the package holds.
    """
    readings = _read(cache)
    held, learnt = readings[:HELD_OUT], readings[HELD_OUT:]
    settings = config.resolve({})
    located = models.located(settings.generator, settings.models)
    weights = Weights(located.path)
    layers = {number: Layer(weights, number) for number in range(FIRST, LAST + 1)}
    adapter, sight = _taught() if further else (_new_adapter(), Sight())
    share = FURTHER if further else 1.0
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
            group["lr"] = rate * share * warm
        loss = torch.stack(list(_losses(learnt[step % len(learnt)], layers, adapter, sight))).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 20 == 0:
            print(f"{step}: {np.mean(losses[-20:]):.3f}", flush=True)
    if write:
        _write(adapter, sight, model=located.sha256)
    print(scored(held, layers, adapter, sight))


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


def _taught() -> tuple[Adapter, Sight]:
    """What the package holds, to be learnt further."""
    from gguf import GGUFReader

    package = Path(confidence.__file__).parent
    stored = {one.name: one.data for one in GGUFReader(package / "sight.gguf").tensors}

    def learnable(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array.astype(np.float32)).requires_grad_()

    adapter = {
        layer: {
            name: (
                learnable(stored[f"blk.{layer}.{name}.weight.lora_a"]),
                learnable(stored[f"blk.{layer}.{name}.weight.lora_b"]),
            )
            for name in MATRICES
        }
        for layer in range(FIRST, LAST + 1)
    }
    sight = Sight()
    with np.load(package / "sight.npz", allow_pickle=False) as file:
        sight.weights = {name: learnable(file[name]) for name in sight.weights}
    return adapter, sight


def _scores(
    reading: Reading, layers: Mapping[int, Layer], adapter: Adapter, sight: Sight
) -> Iterator[tuple[Asked, Tensor]]:
    """Each question with the scores of the sentences and of none."""
    lengths = [len(one.states) for one in reading.asked]
    turns = Turns.of(lengths)
    states = torch.from_numpy(np.concatenate([one.states for one in reading.asked])).float()
    positions = len(reading.past[FIRST][0]) + turns.positions
    # The question's own tokens.
    own = turns.real & (torch.arange(turns.real.shape[1]) >= reading.own)
    seen: list[Tensor] = []
    kept: list[Sequence[Tensor]] = []
    for number, layer in layers.items():
        keys, values = (torch.from_numpy(each).float() for each in reading.past[number])
        states, looks = layer.forward(states, positions, turns, (keys, values), adapter[number])
        seen.append(_at_places(looks, own, reading.places))
        if number in STATES:
            kept.append(_split(states, lengths))
    for at, one in enumerate(reading.asked):
        yield (
            one,
            sight(
                torch.stack([each[at] for each in seen]), [each[at][reading.own :] for each in kept]
            ),
        )


def _split(states: Tensor, lengths: Sequence[int]) -> tuple[Tensor, ...]:
    return states.split(lengths)  # type: ignore[no-untyped-call,no-any-return]  # torch's own


def _at_places(looks: Tensor, own: Tensor, places: Sequence[range]) -> Tensor:
    """Logarithms of the mass and the peak at each place, (turns, 2, HEADS, places).

    looks: (turns, HEADS, tokens, past). own: the tokens that count, (turns, tokens).
    """
    share = own / own.sum(dim=1, keepdim=True)
    mass = (share[:, None, None] @ looks).squeeze(2)
    peak = (looks * own[:, None, :, None]).amax(dim=2)
    both = torch.stack(
        [
            torch.stack([mass[..., at.start : at.stop].sum(dim=-1) for at in places], dim=-1),
            torch.stack([peak[..., at.start : at.stop].amax(dim=-1) for at in places], dim=-1),
        ],
        dim=1,
    )
    return torch.log(both + confidence.FAINT)


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
    """How the questions come out, in a line for each of several thresholds."""
    rows: list[tuple[float, bool, bool]] = []
    with torch.no_grad():
        for reading in readings:
            for one, scores in _scores(reading, layers, adapter, sight):
                best = int(scores[:-1].argmax())
                others = torch.cat([scores[:best], scores[best + 1 :]])
                sure = float(scores[best] - torch.logsumexp(others, 0))
                if not one.elsewhere:
                    rows.append((sure, any(one.gold), one.gold[best]))
    return tally(rows)


def _write(adapter: Adapter, sight: Sight, *, model: str) -> None:
    from gguf import GGUFWriter

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


def _read(cache: Path) -> list[Reading]:
    """What `read` made, in the order of all articles."""
    files = sorted(cache.glob("*.pickle"), key=lambda file: _place(file.stem))
    return [pickle.loads(file.read_bytes()) for file in files]


if __name__ == "__main__":
    main()
