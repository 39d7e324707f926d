"""Chunks embedded a second, beside sentence-transformers at its defaults, in one run.

    python scripts/bench_index.py FOLDER [-n 300]
    python scripts/bench_index.py FOLDER --whole

FOLDER holds articles; the chunks are those that `ragtool index` makes of them.
Both embed the same chunks with the same weights and cores, one after the
other, twice, and the better time counts. The vectors must agree to 1e-4. Needs
the packages of `pip install ragtool[export]`.

With --whole it is files to a searchable index, each in a new process: `ragtool
index`, and LangChain as its documentation has it: a loader by kind of file
(plain text and web pages), RecursiveCharacterTextSplitter to 1,000 characters,
without overlap, which would cost it a quarter more, HuggingFaceEmbeddings, FAISS
saved. Needs pip install langchain-community langchain-huggingface
langchain-text-splitters beautifulsoup4 besides.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
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
CHARACTERS = 1_000
LANGCHAIN = """
import json, sys
from langchain_community.document_loaders import BSHTMLLoader, DirectoryLoader, TextLoader
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

given = json.load(sys.stdin)
documents = []
for glob, loader, options in (
    ("**/*.txt", TextLoader, {"encoding": "utf-8"}),
    ("**/*.html", BSHTMLLoader, {"open_encoding": "utf-8"}),
):
    found = DirectoryLoader(
        given["folder"], glob=glob, loader_cls=loader, loader_kwargs=options, silent_errors=True
    )
    documents += found.load()
splitter = RecursiveCharacterTextSplitter(chunk_size=given["characters"], chunk_overlap=0)
chunks = splitter.split_documents(documents)
embeddings = HuggingFaceEmbeddings(model_name=given["embedder"])
FAISS.from_documents(chunks, embeddings).save_local(given["index"])
print(json.dumps([len(documents), len(chunks), sum(len(c.page_content) for c in chunks)]))
"""


def main() -> int:
    """Run both and print the ratio. Returns the exit code: 1 when the vectors differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("-n", type=int, default=300, metavar="N", help="how many chunks")
    parser.add_argument("--whole", action="store_true", help="from files to a searchable index")
    asked = parser.parse_args()
    if asked.whole:
        whole(asked.folder)
        return 0
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


def whole(folder: Path) -> None:
    """From files to an index, ours and LangChain's, in turn; the better of two each."""
    embedder = models.located(config.resolve({}).embedder, config.resolve({}).models).path
    fastest: dict[str, float] = {}
    made: dict[str, str] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as aside:
            given = {
                "folder": str(folder),
                "index": f"{aside}/langchain",
                "embedder": str(embedder),
                "characters": CHARACTERS,
            }
            index = ["-m", "ragtool", "index", str(folder), "--index", f"{aside}/ragtool", "--json"]
            for name, command, told in (
                ("langchain", ["-c", LANGCHAIN], json.dumps(given)),
                ("ragtool", index, ""),
            ):
                begun = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, *command],
                    input=told,
                    text=True,
                    capture_output=True,
                    check=True,
                    env={**os.environ, "HF_HUB_OFFLINE": "1"},
                )
                seconds = time.perf_counter() - begun
                fastest[name] = min(fastest.get(name, seconds), seconds)
                made[name] = done.stdout.strip()
    for name, seconds in fastest.items():
        print(f"{name:<10} {seconds:6.1f} s   {made[name][-200:]}")
    ratio = fastest["langchain"] / fastest["ragtool"]
    print(f"ratio {ratio:.2f}")
    keep("bench_index_whole", {"seconds": fastest, "made": made, "ratio": ratio})


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
