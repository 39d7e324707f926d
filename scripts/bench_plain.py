"""ragtool beside a plain pipeline, the same questions in the same run.

The plain pipeline is what a tutorial builds: the same index and hybrid
retrieval, four chunks in the prompt, "answer from the context", greedy
decoding of at most 96 tokens with llama-cpp-python's own chat call, and the
same model file and threads. Every question is put to one and then to the
other, so that a busy moment of the machine falls on both.

    python scripts/bench_plain.py SET [-n 20]

SET is a folder as `ragtool eval` takes it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragtool import config, models, pipeline
from ragtool.pipeline.loading import Library
from ragtool.pipeline.machine import cores
from ragtool.question_sets import Gold, read_set, sampled
from ragtool.records import Filters
from ragtool.scoring import holds_any, percentile

CHUNKS, TOKENS = 4, 96
PROMPT = (
    "Answer the question in one or two sentences, using only the context.\n\n"
    "Context:\n{context}\n\nQuestion: {question}"
)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="SET")
    parser.add_argument("-n", type=int, default=20, metavar="N", help="how many questions")
    asked = parser.parse_args()
    chosen = read_set(asked.folder)
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(config.resolve({}), index=Path(folder))
        pipeline.index([chosen.articles], settings, report=lambda _: None)
        compare(sampled(chosen.questions, asked.n), settings)


def compare(questions: tuple[Gold, ...], settings: config.Settings) -> None:
    """Put every question to both, and print times and answers counted."""
    plain_seconds: list[float] = []
    our_seconds: list[float] = []
    plain_right = our_right = our_refused = 0
    model = _plain_model(settings)
    with Library(settings) as library, pipeline.Session(settings) as session:
        # Once before, so that loading falls on neither.
        session.ask(questions[0].question, k=settings.k, filters=Filters())
        for gold in questions:
            began = time.monotonic()
            said = _plain_answer(model, library, gold.question)
            plain_seconds.append(time.monotonic() - began)
            began = time.monotonic()
            answer = session.ask(gold.question, k=settings.k, filters=Filters())
            our_seconds.append(time.monotonic() - began)
            ours = " ".join(sentence.text for sentence in answer.sentences)
            plain_right += gold.answerable and holds_any(said, gold.golds)
            our_right += gold.answerable and holds_any(ours, gold.golds)
            our_refused += not gold.answerable and answer.status == "not_found"
    answerable = sum(gold.answerable for gold in questions)
    rest = len(questions) - answerable
    print(f"{len(questions)} questions, {answerable} answerable, {cores()} cores")
    for name, seconds, right, refused in (
        ("plain", plain_seconds, plain_right, 0),
        ("ragtool", our_seconds, our_right, our_refused),
    ):
        print(
            f"{name:8} mean {statistics.fmean(seconds):.2f} s, median"
            f" {statistics.median(seconds):.2f} s, 95th percentile {percentile(seconds, 95):.2f} s;"
            f" holds a gold answer {right} of {answerable}; refuses {refused} of {rest} others"
        )
    print(f"ragtool / plain: {statistics.fmean(our_seconds) / statistics.fmean(plain_seconds):.2f}")


def _plain_model(settings: config.Settings) -> Any:  # noqa: ANN401 - llama_cpp has no types
    from llama_cpp import Llama

    path = models.located(settings.generator, settings.models).path
    return Llama(str(path), n_ctx=4096, n_threads=cores(), n_threads_batch=cores(), verbose=False)


def _plain_answer(model: Any, library: Library, question: str) -> str:  # noqa: ANN401
    vector = library.vector(question)
    hits = library.retrieve(question, vector, k=CHUNKS, filters=Filters())
    context = "\n\n".join(hit.chunk.text for hit in hits)
    reply = model.create_chat_completion(
        [{"role": "user", "content": PROMPT.format(context=context, question=question)}],
        temperature=0.0,
        max_tokens=TOKENS,
    )
    return str(reply["choices"][0]["message"]["content"])


if __name__ == "__main__":
    main()
