"""Search in 10 thousand, 100 thousand and 1 million chunks: time to open, times, memory, recall.

    python scripts/bench_search.py FOLDER... --work DIR [-n 10000 100000 1000000] [--seed 1]

The folders hold articles; the chunks are made of theirs, see scripts/variations.py,
and kept in DIR for the next run, which then takes seconds. Questions are
sentences of the articles without every third word. Each size is opened and
searched by a process of its own; a search is what `ragtool search` does
between the question's vector and its hits. Recall is of the vectors' ten best
against all of them compared, without a filter and with some.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import variations
from ragtool import config
from ragtool.pipeline import indexing, nearest
from ragtool.pipeline.loading import load_embedder
from ragtool.pipeline.machine import cores
from ragtool.protocols import Vectors
from ragtool.records import Filters
from ragtool.retrieval import retrieve
from ragtool.store import Store
from results import keep

SIZES = (10_000, 100_000, 1_000_000)
QUESTIONS = 60
BEST = 10
K = 8
FILTERS = {
    "none": Filters(),
    "a month": Filters(since="2015-06", until="2015-06"),
    "a source": Filters(source="Outlet 07"),
    "from a year on": Filters(since="2012"),
    "a path": Filters(path="*00.txt"),
}


def main() -> None:
    """Make what is missing, measure each size, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("-n", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", type=Path, metavar="INDEX", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.work)))
        return
    base = _base(asked.folders, asked.work, seed=asked.seed)
    figures: dict[str, object] = {}
    for count in asked.n:
        index = made(base, asked.work / f"made-{count}-{asked.seed}", count, seed=asked.seed)
        command = [sys.executable, __file__, str(asked.folders[0]), "--work", str(asked.work)]
        done = subprocess.run(
            [*command, "--measure", str(index)], stdout=subprocess.PIPE, text=True, check=True
        )
        figures[str(count)] = found = json.loads(done.stdout.splitlines()[-1])
        print(f"{count} chunks")
        for name, figure in found.items():
            print(f"  {name:<24} {figure}")
    keep("bench_search", figures)


def _base(folders: Sequence[Path], work: Path, *, seed: int) -> variations.Real:
    """The folders' chunks, indexed once, and the questions with their vectors beside them."""
    settings = config.resolve({"index": str(work / "base")})
    indexing.index(folders, settings, report=lambda _: None)
    with Store.open(settings.index) as store:
        base = variations.real(store)
    if not (work / "questions.npz").exists():
        texts = _questions(base, np.random.default_rng(seed))
        vectors = load_embedder(settings).embed(texts)
        np.savez(work / "questions.npz", texts=np.array(texts), vectors=vectors)
    return base


def _questions(base: variations.Real, rng: np.random.Generator) -> list[str]:
    """Sentences of some length without every third word: no chunk says them to the letter."""
    found = [
        sentence.split()
        for sentences in base.sentences
        for sentence in sentences
        if 8 <= len(sentence.split()) <= 25
    ]
    chosen = rng.choice(len(found), size=QUESTIONS, replace=False)
    return [" ".join(word for at, word in enumerate(found[n]) if at % 3 != 1) for n in chosen]


def made(base: variations.Real, index: Path, count: int, *, seed: int) -> Path:
    """An index of so many chunks; put in place whole."""
    if index.exists():
        return index
    aside = index.with_suffix(".tmp")
    shutil.rmtree(aside, ignore_errors=True)
    begun = time.perf_counter()
    with Store.open(aside, create=True) as store:
        variations.fill(store, base, count, seed=seed, fingerprint="made")
        filled = time.perf_counter()
        nearest.refresh(store, aside, threads=cores())
    built = time.perf_counter()
    print(f"{count} chunks made in {filled - begun:.0f} s, vectors built in {built - filled:.0f} s")
    aside.rename(index)
    return index


def measure(index: Path, work: Path) -> dict[str, object]:
    """The figures of one size, in a process that has done nothing else."""
    asked = np.load(work / "questions.npz")
    questions = list(zip(asked["texts"].tolist(), asked["vectors"], strict=True))
    begun = time.perf_counter()
    with Store.open(index) as store, store.reading():
        neighbours = nearest.neighbours(store, index, threads=cores())
        figures: dict[str, object] = {"open s": round(time.perf_counter() - begun, 3)}
        spent: dict[str, list[float]] = {"search": [], "vectors": []}
        for text, vector in questions:
            begun = time.perf_counter()
            retrieve(
                text,
                question_vector=vector,
                store=store,
                neighbours=neighbours,
                k=K,
                filters=Filters(),
            )
            spent["search"].append(time.perf_counter() - begun)
            begun = time.perf_counter()
            neighbours.search(vector, limit=BEST)
            spent["vectors"].append(time.perf_counter() - begun)
        for name, seconds in spent.items():
            for share in (50, 95):
                figures[f"{name} p{share} ms"] = round(np.percentile(seconds, share) * 1000, 1)
        figures["peak MB"] = _peak()
        figures["MB on disk"] = {path.name: path.stat().st_size >> 20 for path in index.iterdir()}
        vectors = asked["vectors"]
        allowed = {name: store.allowed(filters) for name, filters in FILTERS.items()}
        true = _exact(store, vectors, allowed)
        for name, rows in allowed.items():
            found = [neighbours.search(each, limit=BEST, allowed=rows) for each in vectors]
            figures[f"recall, {name}"] = _recall(found, true[name])
    return figures


def _peak() -> int:
    """The most memory that this process has held, in megabytes; 0 where it can't be told."""
    try:
        import resource
    except ImportError:
        return 0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size >> 20 if sys.platform == "darwin" else size >> 10


def _exact(
    store: Store, questions: Vectors, allowed: dict[str, np.ndarray | None]
) -> dict[str, list[set[int]]]:
    """For each filter and question the rows of the ten best vectors, all compared."""
    numbers: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    for rows, vectors in store.vectors():
        numbers.append(rows)
        scores.append(questions @ vectors.T)
    rows, likeness = np.concatenate(numbers), np.concatenate(scores, axis=1)
    found = {}
    for name, choice in allowed.items():
        open_to = np.ones(len(rows), bool) if choice is None else np.isin(rows, choice)
        best = np.argsort(-likeness[:, open_to], axis=1, kind="stable")[:, :BEST]
        found[name] = [set(rows[open_to][each].tolist()) for each in best]
    return found


def _recall(found: Sequence[Sequence[tuple[int, float]]], true: Sequence[set[int]]) -> float | None:
    """The mean share of the true rows that were found; None where there are none."""
    shares = [
        len(rows & {row for row, _ in pairs}) / len(rows)
        for pairs, rows in zip(found, true, strict=True)
        if rows
    ]
    return round(float(np.mean(shares)), 4) if shares else None


if __name__ == "__main__":
    main()
