"""The weights of `ragtool/confidence.json`, fitted on question sets.

    python scripts/fit_confidence.py collect SET ROWS [-n N] [--model NAME]
    python scripts/fit_confidence.py fit ROWS... [--write]

`collect` puts the questions of a set, as `ragtool eval` takes it, to the default
models and writes what is known of each candidate sentence to ROWS, a question a
line; begun again it goes on behind the last. `fit` prints, for each file of rows
by weights fitted on the other files, how many questions would be answered
rightly, answered with another sentence, and withheld, at several thresholds, and
with --write fits on all and writes the weights. It needs scikit-learn, which
comes with ragtool[export].
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragtool import confidence, config, pipeline
from ragtool import evidence as evidence_stage
from ragtool import prompt as prompts
from ragtool.citations import Candidate, Citer, whole_sentences
from ragtool.pipeline import asking
from ragtool.pipeline.loading import Library, Writer
from ragtool.question_sets import Gold, read_set, sampled
from ragtool.records import Filters, Opinion, Prompt
from ragtool.scoring import holds_any
from ragtool.sentences import sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = Path(confidence.__file__).with_name("confidence.json")
# Of the regression's penalty; and what the signals in [0, 1] and their like count
# against the components of a state, so that the penalty does not drown them.
PENALTY, SCALE = 0.0007, 4.5
THRESHOLDS = (-2.0, -1.5, -1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.5, 1.0)
# Words of an answer that a sentence has to show; a longer one is not asked for to the letter.
BRIEF = 12
SIGNALS = ("short", "draft", "support")

Row = Mapping[str, Any]


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(required=True, dest="command")
    collecting = commands.add_parser("collect")
    collecting.add_argument("folder", type=Path, metavar="SET")
    collecting.add_argument("rows", type=Path, metavar="ROWS")
    collecting.add_argument("-n", type=int, metavar="N", help="how many questions")
    collecting.add_argument("--model", metavar="NAME")
    fitting = commands.add_parser("fit")
    fitting.add_argument("rows", type=Path, nargs="+", metavar="ROWS")
    fitting.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.command == "collect":
        collect(asked.folder, asked.rows, size=asked.n, model=asked.model)
    else:
        fit(asked.rows, write=asked.write)


def collect(folder: Path, rows: Path, *, size: int | None, model: str | None) -> None:
    """Ask the questions, and add what comes out to `rows`."""
    chosen = read_set(folder)
    done = {row["question"] for row in _read(rows)} if rows.exists() else set()
    with tempfile.TemporaryDirectory() as index:
        settings = replace(config.resolve({}), index=Path(index))
        settings = replace(settings, generator=model) if model else settings
        pipeline.index([chosen.articles], settings, report=lambda _: None)
        writer = Writer(settings)
        with Library(settings) as library, rows.open("a", encoding="utf-8") as file:
            for gold in sampled(chosen.questions, size):
                if gold.question not in done:
                    row = _row(gold, library, writer, k=settings.k)
                    print(json.dumps(row), file=file, flush=True)
        writer.close()


def _row(gold: Gold, library: Library, writer: Writer, *, k: int) -> Row:
    """What is known of the candidates of one question: as `ask` goes, without a gate."""
    generator, question = writer.generator, gold.question
    vector = library.vector(question)
    hits = library.retrieve(question, vector, k=k, filters=Filters())
    ranked = evidence_stage.rank(question, hits, question_vector=vector, embedder=library.embedder)
    chosen = evidence_stage.select(
        evidence_stage.focused(ranked, hits),
        budget=asking.EVIDENCE_TOKENS,
        cost=generator.count_tokens,
    )

    def opinion(prompt: Prompt) -> Opinion:
        return generator.opinion(prompt, yes=prompts.YES, no=prompts.NO)

    passages = opinion(prompts.gate_prompt(question, chosen))
    short = generator.generate(
        prompts.short_prompt(question, chosen), max_tokens=asking.SHORT_TOKENS
    ).text
    draft = whole_sentences(
        generator.generate(prompts.answer_prompt(question, chosen), max_tokens=asking.ANSWER_TOKENS)
    )
    first = next((one.span.of(draft) for one in sentences(draft)), draft)
    citer = Citer(question, chosen, embedder=library.embedder)
    return {
        "model": generator.sha256,
        "question": question,
        "answerable": gold.answerable,
        "state": _short(passages),
        "candidates": [
            {
                "text": one.text,
                "right": _answers(one, gold),
                "state": _short(opinion(prompts.confirm_prompt(question, one.text))),
                "short": one.draft if one.short is None else one.short,
                "draft": one.draft,
                "support": one.support,
                "claimed": opinion(prompts.claim_prompt(one.claim, one.text)).odds
                if one.claim is not None
                else None,
            }
            for one in citer.candidates(first, answer=short, most=asking.CANDIDATES)
        ],
    }


def _short(opinion: Opinion) -> list[float]:
    return [float(f"{value:.4g}") for value in opinion.state]


def _answers(candidate: Candidate, gold: Gold) -> bool:
    """Whether it is a gold sentence, where one is known, and shows a gold answer, where one is
    short."""
    document = candidate.evidence.document
    if not gold.answerable or Path(document.path).name not in map(_name, gold.documents):
        return False
    if not gold.evidence:
        return holds_any(candidate.text, gold.golds)
    text = " ".join(candidate.evidence.text.split())
    known = (" ".join(words.split()) for words in gold.evidence)
    is_gold = any(text in words or words in text for words in known)
    brief = [answer for answer in gold.golds if len(answer.split()) <= BRIEF]
    return is_gold and (not brief or holds_any(candidate.text, brief))


def _name(path: str) -> str:
    return Path(path).name


def fit(files: Sequence[Path], *, write: bool) -> None:
    """Print what comes of weights fitted on the other files, and write those of all."""
    sets = {file.stem: [row for row in _read(file) if row["candidates"]] for file in files}
    print("set: threshold: right, another sentence, withheld of the answerable; withheld of others")
    for name, rows in sets.items():
        others = [row for other, known in sets.items() if other != name for row in known]
        weights = _fitted(others or rows)
        for threshold in THRESHOLDS:
            print(f"{name}: {threshold:+.2f}: {tally(rows, weights, threshold)}")
    if write:
        every = [row for rows in sets.values() for row in rows]
        weights = _fitted(every)
        content = {"model": every[0]["model"], "questions": len(every), **weights}
        WEIGHTS.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8", newline="\n")


def tally(rows: Sequence[Row], weights: Mapping[str, Any], threshold: float) -> str:
    """How the questions come out, counted as `fit` prints it."""
    counts = {"right": 0, "other": 0, "withheld": 0, "kept silent": 0, "unanswerable": 0}
    for row in rows:
        scores = [_score(row, one, weights) for one in row["candidates"]]
        best = int(np.argmax(scores))
        answered = scores[best] >= threshold
        if not row["answerable"]:
            counts["unanswerable"] += 1
            counts["kept silent"] += not answered
        elif not answered:
            counts["withheld"] += 1
        else:
            counts["right" if row["candidates"][best]["right"] else "other"] += 1
    return "{right}, {other}, {withheld}; {kept silent} of {unanswerable}".format(**counts)


def _score(row: Row, one: Mapping[str, Any], weights: Mapping[str, Any]) -> float:
    states = np.dot(weights["passages"], row["state"]) + np.dot(weights["alone"], one["state"])
    signals = sum(weights[name] * one[name] for name in SIGNALS)
    claimed = one.get("claimed")
    told = 0.0 if claimed is None else confidence.CLAIM * (claimed - confidence.CLAIMED)
    return float(weights["intercept"] + states + signals + told)


def _fitted(rows: Sequence[Row]) -> dict[str, Any]:
    """Weights of a logistic regression over all candidates, for raw signals."""
    from sklearn.linear_model import LogisticRegression

    features = np.array(
        [
            [*row["state"], *one["state"], *(one[name] for name in SIGNALS)]
            for row in rows
            for one in row["candidates"]
        ]
    )
    right = np.array([one["right"] for row in rows for one in row["candidates"]])
    mean, spread = features.mean(axis=0), features.std(axis=0)
    weigh: NDArray[np.float64] = np.ones(features.shape[1])
    weigh[-len(SIGNALS) :] = SCALE
    model = LogisticRegression(C=PENALTY, max_iter=3000)
    model.fit((features - mean) / spread * weigh, right)
    weights = model.coef_[0] * weigh / spread
    size = len(rows[0]["state"])
    return {
        "intercept": round(float(model.intercept_[0] - weights @ mean), 4),
        **{
            name: round(float(value), 4)
            for name, value in zip(SIGNALS, weights[2 * size :], strict=True)
        },
        "passages": _rounded(weights[:size]),
        "alone": _rounded(weights[size : 2 * size]),
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.3g}") for value in values]


def _read(file: Path) -> Iterator[Row]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    main()
