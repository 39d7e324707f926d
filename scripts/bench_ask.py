"""A question, cold and warm: ragtool, a bare script, and a plain pipeline, in one run.

    python scripts/bench_ask.py SET [-n 5] [--alone]

SET is a folder as `ragtool eval` takes it. Each of the first three is a process of
its own, one after the other for each question, so that a busy moment of the
machine falls on all:

floor      llama-cpp-python's own chat call: loads the same GGUF, reads the
           prompt that ragtool reads, and writes one token. Neither retrieval
           nor checks, and no sentence: less than an answer.
plain      LangChain as its documentation has it: HuggingFaceEmbeddings, a
           saved FAISS index of the same chunks, LlamaCpp, four chunks "stuffed"
           into RetrievalQA's own prompt, 96 tokens at most. Needs
           pip install langchain-community langchain-huggingface langchain-classic
           and the packages of ragtool[export].
ragtool    `ragtool ask --json --no-warm`.
warm       the same with the warm process, which has just answered another question.
again      the same question once more: the passages were read a moment ago.

--alone leaves floor and plain out. Told are seconds to the first token of the
answer (of ragtool's, which is found and not written, to its sentence), to the
whole answer, both from the start of the process, and the peak memory, of the
command alone where it is warm.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench_folder import megabytes
from ragtool import chunking, config, evidence, models, pipeline, prompt
from ragtool.pipeline.asking import EVIDENCE_TOKENS
from ragtool.pipeline.loading import Library, load_generator
from ragtool.pipeline.machine import cores
from ragtool.question_sets import read_set, sampled
from ragtool.records import Filters, Prompt
from ragtool.store import Store
from results import keep

CHUNKS, TOKENS = 4, 96
PEERS = ("floor", "plain")
OURS = ("ragtool", "warm", "again")
RATIOS = (("ragtool", "floor"), ("plain", "ragtool"), ("warm", "ragtool"), ("again", "ragtool"))
WHAT = {"first": "first token", "whole": "whole answer"}


def main() -> None:
    """Run the comparison and print it; or, in a process of its own, one of the peers."""
    if sys.argv[1:2] == ["--peer"]:
        peers = {"floor": floor, "plain": plain}
        peers[sys.argv[2]](json.load(sys.stdin))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="SET")
    parser.add_argument("-n", type=int, default=5, metavar="N", help="how many questions")
    parser.add_argument("--alone", action="store_true", help="only ragtool, cold and warm")
    asked = parser.parse_args()
    chosen = read_set(asked.folder)
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(config.resolve({}), index=Path(folder, "index"))
        # A warm process of our own, not the user's.
        os.environ["XDG_RUNTIME_DIR"] = folder
        pipeline.index([chosen.articles], settings, report=lambda _: None)
        plain_index = None if asked.alone else Path(folder, "plain")
        if plain_index is not None:
            save_plain_index(settings, plain_index)
        questions = [gold.question for gold in sampled(chosen.questions, asked.n) if gold.answers]
        try:
            compare(questions, settings, plain_index)
        finally:
            subprocess.run([sys.executable, "-m", "ragtool", "warm", "stop"], check=True)


def compare(questions: Sequence[str], settings: config.Settings, plain_index: Path | None) -> None:
    """Put every question to all in turn, print the means and the ratios."""
    names = OURS if plain_index is None else (*PEERS, *OURS)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    ask(questions[-1], settings)
    for question, read in zip(questions, list(_read(questions, settings)), strict=True):
        ours = ask(question, settings, "--no-warm")
        if not ours["answered"]:
            continue  # there is no answer to time
        runs["ragtool"].append(ours)
        for name in ("warm", "again"):
            runs[name].append(ask(question, settings))
        if plain_index is None:
            continue
        shared = {"model": str(models.located(settings.generator, settings.models).path)}
        prompted = [read.system, "".join(read.parts)]
        runs["floor"].append(peer("floor", {**shared, "prompt": prompted}))
        embedder = str(models.located(settings.embedder, settings.models).path)
        given = {**shared, "question": question, "index": str(plain_index), "embedder": embedder}
        runs["plain"].append(peer("plain", given))
    means = {
        name: {key: statistics.mean(run[key] for run in each) for key in ("first", "whole", "peak")}
        for name, each in runs.items()
    }
    for name, found in means.items():
        print(
            f"{name:<8} first token {found['first']:5.2f} s   whole answer {found['whole']:5.2f} s"
            f"   peak {found['peak']:5.0f} MB"
        )
    pairs = [(what, *pair) for what in ("first", "whole") for pair in RATIOS]
    ratios = {
        f"{WHAT[what]}, {one} / {other}": means[one][what] / means[other][what]
        for what, one, other in pairs
        if one in means and other in means
    }
    for what, ratio in ratios.items():
        print(f"{what}: {ratio:.2f}")
    keep("bench_ask", {"questions": len(runs["ragtool"]), "means": means, "ratios": ratios})


def _read(questions: Sequence[str], settings: config.Settings) -> Iterator[Prompt]:
    """What ragtool has the model read for each question."""
    generator = load_generator(settings)
    with Library(settings) as library:
        for question in questions:
            vector = library.vector(question)
            hits = library.retrieve(question, vector, k=settings.k, filters=Filters())
            ranked = evidence.rank(
                question, hits, question_vector=vector, embedder=library.embedder
            )
            chosen = evidence.select(
                evidence.focused(ranked, hits),
                budget=EVIDENCE_TOKENS,
                cost=generator.count_tokens,
            )
            yield prompt.look_prompt(question, chosen)
    generator.close()


def ask(question: str, settings: config.Settings, *options: str) -> dict[str, float]:
    """`ragtool ask` in a process of its own, which may ask the warm one."""
    command = [sys.executable, "-m", "ragtool", "--index", str(settings.index)]
    whole, told, peak = _run([*command, "ask", question, "--json", "--quiet", *options], "")
    answer = json.loads(told)
    timings = answer["timings"]
    first = whole - (timings["total_ms"] - timings["first_token_ms"]) / 1000
    return {
        "first": first,
        "whole": whole,
        "peak": peak,
        "answered": answer["status"] == "answered",
    }


def peer(name: str, given: Mapping[str, object]) -> dict[str, float]:
    """One of the peers in a process of its own."""
    begun = time.time()
    whole, told, peak = _run([sys.executable, __file__, "--peer", name], json.dumps(given))
    return {"first": float(told.strip().splitlines()[-1]) - begun, "whole": whole, "peak": peak}


def _run(command: list[str], given: str) -> tuple[float, str, int]:
    """Seconds, what it wrote, and its peak memory in megabytes."""
    begun = time.perf_counter()
    running = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    peak = 0

    def watch() -> None:
        nonlocal peak
        while running.poll() is None:
            peak = max(peak, megabytes(running.pid))
            time.sleep(0.05)

    watching = threading.Thread(target=watch)
    watching.start()
    told, _ = running.communicate(given)
    seconds = time.perf_counter() - begun
    watching.join()
    return seconds, told, peak


def floor(given: dict[str, Any]) -> None:
    """The bare script: the model, the prompt, one token. Prints when it came."""
    from llama_cpp import Llama

    model = Llama(
        given["model"], n_ctx=4096, n_threads=cores(), n_threads_batch=cores(), verbose=False
    )
    system, user = given["prompt"]
    pieces: Any = model.create_chat_completion(
        [{"role": "system", "content": system}, {"role": "user", "content": user}],
        max_tokens=1,
        temperature=0.0,
        stream=True,
    )
    first = 0.0
    for piece in pieces:
        if not first and piece["choices"][0]["delta"].get("content"):
            first = time.time()
    print(first)


def plain(given: dict[str, Any]) -> None:
    """LangChain's documented pipeline. Prints when the first token came."""
    from langchain_classic.chains import RetrievalQA
    from langchain_community.llms import LlamaCpp
    from langchain_community.vectorstores import FAISS
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_huggingface import HuggingFaceEmbeddings

    class First(BaseCallbackHandler):  # type: ignore[misc]
        at = 0.0

        def on_llm_new_token(self, token: str, **_: object) -> None:
            self.at = self.at or time.time()

    first = First()
    embeddings = HuggingFaceEmbeddings(model_name=given["embedder"])
    index = FAISS.load_local(given["index"], embeddings, allow_dangerous_deserialization=True)
    model = LlamaCpp(
        model_path=given["model"],
        n_ctx=4096,
        n_threads=cores(),
        n_batch=512,
        max_tokens=TOKENS,
        temperature=0.0,
        streaming=True,
        verbose=False,
        callbacks=[first],
    )
    chain = RetrievalQA.from_chain_type(
        model, retriever=index.as_retriever(search_kwargs={"k": CHUNKS})
    )
    chain.invoke({"query": given["question"]})
    print(first.at)


def save_plain_index(settings: config.Settings, folder: Path) -> None:
    """The same chunks in a FAISS index of LangChain's own."""
    code = (
        "import json, sys; from langchain_community.vectorstores import FAISS;"
        "from langchain_huggingface import HuggingFaceEmbeddings; given = json.load(sys.stdin);"
        "FAISS.from_texts(given['texts'], HuggingFaceEmbeddings(model_name=given['embedder']))"
        ".save_local(given['folder'])"
    )
    with Store.open(settings.index) as store:
        texts = [
            chunk.text for document in store.documents() for chunk in chunking.chunks(document)
        ]
    embedder = str(models.located(settings.embedder, settings.models).path)
    given = {"texts": texts, "embedder": embedder, "folder": str(folder)}
    environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(given), text=True, check=True, env=environ
    )


if __name__ == "__main__":
    main()
