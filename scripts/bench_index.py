"""Chunks embedded a second, beside sentence-transformers at its defaults, in one run.

    python scripts/bench_index.py FOLDER [-n 300]

FOLDER holds articles; the chunks are those that `ragtool index` makes of them.
Both embed the same chunks with the same weights and cores, one after the
other, twice, and the better time counts. The vectors must agree to 1e-4. Needs
the packages of `pip install ragtool[export]`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ragtool import chunking, config, models, readers
from ragtool.embedding import OnnxEmbedder
from ragtool.pipeline.machine import cores
from ragtool.pipeline.walking import files_of
from ragtool.protocols import Vectors
from results import keep

ROUNDS = 2


def main() -> int:
    """Run both and print the ratio. Returns the exit code: 1 when the vectors differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("-n", type=int, default=300, metavar="N", help="how many chunks")
    asked = parser.parse_args()
    texts = _texts(asked.folder, asked.n)
    settings = config.resolve({})
    folder = models.located(settings.embedder, settings.models).path
    ours = OnnxEmbedder(folder, threads=cores())
    plain = _plain(folder)
    ours.embed(texts[:8])
    plain(texts[:8])
    fastest = {"ragtool": float("inf"), "sentence-transformers": float("inf")}
    vectors: dict[str, Vectors] = {}
    for _ in range(ROUNDS):
        for name, embed in (("sentence-transformers", plain), ("ragtool", ours.embed)):
            begun = time.perf_counter()
            vectors[name] = embed(texts)
            fastest[name] = min(fastest[name], time.perf_counter() - begun)
    difference = float(np.abs(vectors["ragtool"] - vectors["sentence-transformers"]).max())
    rates = {name: len(texts) / seconds for name, seconds in fastest.items()}
    ratio = rates["ragtool"] / rates["sentence-transformers"]
    for name, rate in rates.items():
        print(f"{name:<22} {rate:6.1f} chunks/s")
    print(f"ratio {ratio:.2f}; vectors differ by {difference:.1e} at most")
    keep("bench_index", {"chunks": len(texts), **rates, "ratio": ratio, "difference": difference})
    return 0 if difference <= 1e-4 else 1


def _texts(folder: Path, count: int) -> list[str]:
    """What is embedded of the first so many chunks of the folder."""
    found: list[str] = []
    with readers.Readers(cores()) as reading:
        for _, outcome in reading.read((path, None) for path in files_of([folder])):
            if isinstance(outcome, readers.Reading):
                for document in outcome.documents:
                    found += map(chunking.embedded_text, chunking.chunks(document))
            if len(found) >= count:
                break
    return found[:count]


def _plain(folder: Path) -> Callable[[list[str]], Vectors]:
    """SentenceTransformer.encode as its documentation calls it, on the cores that we may use."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(cores())
    model = SentenceTransformer(str(folder), device="cpu")

    def embed(texts: list[str]) -> Vectors:
        vectors: Vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return vectors

    return embed


if __name__ == "__main__":
    sys.exit(main())
