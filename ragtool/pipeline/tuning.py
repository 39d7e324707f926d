"""How the language model runs best on this machine: measured once, and remembered.

What is remembered is of a model's hash, a processor, a number of cores and a
version of llama.cpp; of others it says nothing. Without it, or where the file
is no such file, the defaults hold.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from ragtool import models
from ragtool.confidence import Sight
from ragtool.config import Settings
from ragtool.errors import ModelError
from ragtool.folders import make_private
from ragtool.generation import LlamaGenerator, repacking
from ragtool.models import Located
from ragtool.models.aside import write_json
from ragtool.pipeline.machine import cores, processor
from ragtool.records import Prompt
from ragtool.reports import Kernels, Progress, Trial, Tuned, Tuning

# Threads and kernels to others that differ in one thing.
Variation = Callable[[int, Kernels], tuple[int, Kernels]]

FILE_NAME = "tuning.json"
# A share of the time by which another setting must be quicker, or it is chance.
_WORTH = 0.04
# Each setting is measured so often, and the best counts: other programs only slow down.
_ROUNDS = 2
# Tokens a call, beside the default.
_BATCHES = (128, 256)
# About as many tokens as the evidence of an answer; no line like another.
_PASSAGES = " ".join(
    f"In case {n} of {1900 + n} the council heard {n * n} residents of ward {n % 7}, and clerk"
    f" number {n * 3} wrote down what each of them had to say."
    for n in range(4, 14)
)
_TASK = "Tell in three sentences of your own what the council heard, and what it decided."
_REPLY_TOKENS = 12
# How many tokens an answer takes, read and written: of a model that shows where it
# looks, and of one that writes and is asked of every sentence.
_LOOKING, _WRITING = (450, 0), (700, 30)
# What reading a file that is none raises.
_NO_SUCH_FILE = (OSError, ValueError, TypeError, KeyError, AttributeError)


def remembered(sha256: str, settings: Settings) -> Tuned | None:
    """What was found best for the model with this hash on this machine; None for nothing."""
    try:
        return _read(settings).get(sha256)
    except _NO_SUCH_FILE:
        return None


def damage(settings: Settings) -> str | None:
    """What is wrong with the file of what is remembered; None for nothing."""
    try:
        _read(settings)
    except _NO_SUCH_FILE as error:
        return f"{_file(settings)} can't be read and is not used: {error}"
    return None


def tune(settings: Settings, *, report: Callable[[Progress], None]) -> Tuning:
    """Measures the generator of the settings; what is best is remembered for loading it.

    From the defaults on, one thing after the other is varied, and kept where it
    is quicker. Raises UsageError, ModelError, and OSError where nothing can be kept.
    """
    found = models.located(settings.generator, settings.models)
    usual, *other = repacking()
    varied: list[Variation] = [_repacked(each) for each in other]
    varied += map(_threads, sorted({cores() // 2, cores() - 1} - {0, cores()}))
    varied += map(_batch, _BATCHES)
    count = 1 + len(varied)
    report(Progress("measuring", 0, count, "settings"))
    best = _measured(found, cores(), Kernels(repacked=usual))
    trials = [best]
    for vary in varied:
        report(Progress("measuring", len(trials), count, "settings"))
        trials.append(_measured(found, *vary(best.threads, best.kernels)))
        if trials[-1].seconds < best.seconds * (1 - _WORTH):
            best = trials[-1]
    report(Progress("measuring", count, count, "settings"))
    _remember(found, best, settings)
    return Tuning(found.name, _machine(), tuple(trials), best)


def _repacked(repacked: bool) -> Variation:
    return lambda threads, kernels: (threads, replace(kernels, repacked=repacked))


def _threads(count: int) -> Variation:
    return lambda _, kernels: (count, kernels)


def _batch(size: int) -> Variation:
    return lambda threads, kernels: (threads, replace(kernels, batch=size))


def _measured(model: Located, threads: int, kernels: Kernels) -> Trial:
    """The quickest of some rounds. Raises ModelError."""
    with closing(
        LlamaGenerator(
            model.path, name=model.name, sha256=model.sha256, threads=threads, kernels=kernels
        )
    ) as generator:
        rounds = [_speeds(generator, number) for number in range(_ROUNDS)]
    reads, writes = (max(speeds) for speeds in zip(*rounds, strict=True))
    tokens = _LOOKING if Sight.of(model.sha256) else _WRITING
    return Trial(threads, kernels, reads, writes, *tokens)


def _speeds(generator: LlamaGenerator, number: int) -> tuple[float, float]:
    """Tokens read and written a second; of each number another prompt, so that none is known."""
    begun = time.perf_counter()
    pieces: list[float] = []
    draft = generator.generate(
        Prompt(f"This is measurement {number}.", (_PASSAGES, _TASK)),
        max_tokens=_REPLY_TOKENS,
        on_text=lambda _: pieces.append(time.perf_counter()),
    )
    if len(pieces) < 2:
        raise ModelError(
            f"{generator.name} has nothing to say, so how fast it writes can't be measured.",
            hint="Use an instruct model: ragtool models list",
        )
    first, last = pieces[0], pieces[-1]
    return draft.prompt_tokens / (first - begun), (len(pieces) - 1) / (last - first)


def _file(settings: Settings) -> Path | None:
    return settings.machine and settings.machine / FILE_NAME


def _machine() -> str:
    """All that decides how fast a model runs, beside the model."""
    import importlib.metadata  # brings the standard library's mail along, 10 ms

    try:
        version = importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        version = "missing"
    return f"{processor()}, {cores()} cores, llama-cpp-python {version}"


def _read(settings: Settings) -> Mapping[str, Tuned]:
    """What is remembered of this machine, by the hash of the model.

    Raises one of _NO_SUCH_FILE where the file is there and damaged.
    """
    file = _file(settings)
    if file is None or not file.exists():
        return {}
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["machine"] != _machine():
        return {}
    return {sha256: _tuned(entry) for sha256, entry in content["models"].items()}


def _tuned(entry: dict[str, Any]) -> Tuned:
    tuned = Tuned(entry["threads"], Kernels(**entry["kernels"]), entry["day"])
    kernels = tuned.kernels
    if not (
        type(tuned.threads) is type(kernels.batch) is int
        and 1 <= tuned.threads <= cores()
        and 32 <= kernels.batch <= 4096
        and kernels.repacked in (None, False, True)
        and date.fromisoformat(tuned.day)
    ):
        raise ValueError("it holds settings that there are not")
    return tuned


def _remember(model: Located, best: Trial, settings: Settings) -> None:
    file = _file(settings)
    if file is None:
        return
    try:
        known = dict(_read(settings))
    except _NO_SUCH_FILE:
        known = {}
    known[model.sha256] = Tuned(best.threads, best.kernels, date.today().isoformat())
    entries = {sha256: asdict(tuned) for sha256, tuned in known.items()}
    make_private(file.parent)
    write_json(file, {"machine": _machine(), "models": entries})
