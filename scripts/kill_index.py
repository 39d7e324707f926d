"""Index, update, remove and repair, killed at random moments while the files change.

    python scripts/kill_index.py [-n 300] [--seed 1] [--files 60]

A process does one of the four and is killed after a random share of the time that
it takes when it is let be. Before a repair the index is damaged. After each kill
the index must open, each document in it be one version of its file, whole; or be
damaged still, where the repair was killed. At the end one run over the folder
must make it equal to an index that was never disturbed: fingerprint, texts,
chunks, and vectors to 1e-6. The exit code is 1 where it does not. Figures are
kept in results/.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ragtool import pipeline, vectors
from ragtool.config import Settings, resolve
from ragtool.errors import StoreError
from ragtool.store import Store
from results import keep

TASKS = ("index", "update", "remove", "repair")
_DATABASE = "ragtool.sqlite3"
_NAMES = "Ana Ruiz, Jon Bell, Mia Holm, Ola Berg, Ines Prat, Karl Voss".split(", ")
_NOUNS = "harbour bridge ferry council strike budget inquiry hospital railway school".split()
# How long a start may take on a busy machine.
_START_SECONDS = 300


class Folder:
    """Short files that change, go and come back; remembers every version of each."""

    def __init__(self, path: Path, *, files: int, chance: random.Random) -> None:
        self.path = path
        self.versions: dict[str, set[str]] = {}
        self._files = files
        self._chance = chance
        path.mkdir()
        for number in range(files):
            self._write(number)

    def stir(self, share: float) -> None:
        """New words in this share of the files, some of which were gone; a few others go."""
        for number in self._chance.sample(range(self._files), round(self._files * share)):
            self._write(number)
        self.file(self._chance.randrange(self._files)).unlink(missing_ok=True)

    def file(self, number: int) -> Path:
        """The path of a file, which may be gone."""
        return self.path / f"{number:03}.txt"

    def _write(self, number: int) -> None:
        choice = self._chance.choice
        sentences = (
            f"{choice(_NAMES)} denied that the {choice(_NOUNS)} and the {choice(_NOUNS)} would"
            f" close by {self._chance.randint(1, 28)} June."
            for _ in range(2)
        )
        content = f"The {choice(_NOUNS)}\n\n{' '.join(sentences)}\n".encode()
        path = self.file(number)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self.versions.setdefault(str(path), set()).add(digest)


class Program:
    """A process that is ready for one task, and the next one beside it, on its way."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._command = [
            *(sys.executable, __file__, "--work", str(folder)),
            *("--index", str(settings.index), "--models", str(settings.models)),
        ]
        self._next = self._start()

    def run(self, task: str, *, seconds: float | None) -> tuple[bool, float, str]:
        """Does the task, killed after `seconds`.

        Gives whether it was killed, how long it took, and what it said.
        """
        process, self._next = self._next, self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise SystemExit("the program doesn't start")
        started = time.monotonic()
        process.stdin.write(f"{task}\n")
        process.stdin.flush()
        try:
            said, _ = process.communicate(timeout=seconds)
            killed = False
        except subprocess.TimeoutExpired:
            process.kill()  # on Windows TerminateProcess
            said, _ = process.communicate()
            killed = True
        return killed, time.monotonic() - started, said

    def stop(self) -> None:
        """Ends the process that waits."""
        self._next.kill()
        self._next.communicate()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )


def _work(folder: Path, settings: Settings) -> None:
    """The other process: everything loaded, then one task."""
    import faiss  # noqa: F401  # so that a kill falls into the task, not into the loading
    import onnxruntime  # noqa: F401

    print("ready", flush=True)
    task, _, rest = sys.stdin.readline().strip().partition(" ")
    if task == "remove":
        pipeline.remove([Path(rest)], settings)
    elif task == "repair":
        pipeline.repair(settings, report=lambda _: None)
    else:
        pipeline.index([folder], settings, report=lambda _: None)


@dataclass
class Tally:
    """What happened. seconds: how long each task last took, let be."""

    kills: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


class Trial:
    """One index and its folder, through all the kills."""

    def __init__(self, scratch: Path, models: Path, *, seed: int, files: int) -> None:
        self.chance = random.Random(seed)
        self.folder = Folder(scratch / "files", files=files, chance=self.chance)
        self.settings = Settings(scratch / "index", models)
        self.program = Program(self.folder.path, self.settings)
        self.tally = Tally()
        self._files = files
        self._broken = False

    def round(self) -> None:
        """One task, killed or let be, and a look at what is left."""
        task = self._task()
        if task == "update":
            self.folder.stir(0.5)
        elif task == "index":
            self.folder.stir(0.1)
        elif task == "repair" and not self._broken:
            self._break()
        # The first of each kind is let be, and now and then another, to know the time it takes.
        known = self.tally.seconds.get(task)
        spared = known is None or self.chance.random() < (0.3 if self._broken else 0.05)
        limit = None if spared or known is None else known * self.chance.random()
        killed, seconds, said = self.program.run(self._order(task), seconds=limit)
        if killed:
            self.tally.kills[task] += 1
        else:
            self.tally.whole[task] += 1
            self.tally.seconds[task] = seconds
            if said:
                self.tally.faults.append(f"{task}: {said[-300:]}")
        self._look(task, killed=killed)

    def _task(self) -> str:
        """What was killed least often; a damaged index is mended first."""
        if self._broken:
            return "repair"
        if self._empty():
            return "index"
        return min(TASKS, key=lambda task: (self.tally.kills[task], self.chance.random()))

    def _order(self, task: str) -> str:
        if task != "remove":
            return task
        return f"remove {self.folder.file(self.chance.randrange(self._files))}"

    def _empty(self) -> bool:
        try:
            with Store.open(self.settings.index) as store:
                return store.counts().documents == 0
        except StoreError:
            return True

    def _break(self) -> None:
        """Damages the index: a text, a page, the first page, or the vectors."""
        file = self.settings.index / _DATABASE
        Store.open(self.settings.index).close()  # folds the log in
        content = bytearray(file.read_bytes())
        way = self.chance.randrange(4)
        if way == 0:
            places = [at for at in range(len(content)) if content[at : at + 6] == b"denied"]
            content[self.chance.choice(places)] = ord("D")
        elif way == 1:
            page = 4096 * self.chance.randrange(1, len(content) // 4096)
            content[page : page + 4096] = bytes(4096)
        elif way == 2:
            content[:4096] = bytes(4096)
        else:
            (self.settings.index / vectors.NAME).unlink(missing_ok=True)
        file.write_bytes(content)
        self._broken = True

    def _look(self, task: str, *, killed: bool) -> None:
        """The index opens and holds nothing but whole versions of files."""
        if task == "repair" and not killed:
            self._broken = False
        try:
            with Store.open(self.settings.index) as store:
                for document in store.documents():
                    self._check(store, document.path)
        except StoreError as error:
            early = "There is no index" in str(error) and not self.tally.whole["index"]
            if self._broken:
                self.tally.damaged += 1
            elif not early:
                self.tally.faults.append(f"after {task}: {error}")

    def _check(self, store: Store, path: str) -> None:
        document = store.document(path)
        text = hashlib.sha256(document.text.encode()).hexdigest()
        chunks = store.chunks_of(path)
        if not (
            document.sha256 in self.folder.versions[path]
            and text == document.sha256
            and chunks
            and chunks[0].span.start == 0
            and chunks[-1].span.end == len(document.text.rstrip())
        ):
            self.tally.faults.append(f"{path} is not whole")

    def finish(self, calm: Settings) -> None:
        """Lets the last tasks be, and compares with an index that was never disturbed."""
        if self._broken:
            self.program.run("repair", seconds=None)
        _, _, said = self.program.run("index", seconds=None)
        self.program.stop()
        if said:
            self.tally.faults.append(f"the last index: {said[-300:]}")
        pipeline.index([self.folder.path], calm, report=lambda _: None)
        self.tally.faults += differences(self.settings.index, calm.index)


def differences(one: Path, other: Path) -> list[str]:
    """In what two indexes differ."""
    with Store.open(one) as left, Store.open(other) as right:
        pairs = {
            "fingerprint": (left.fingerprint(), right.fingerprint()),
            "files": (left.states(), right.states()),
            "failures": (left.failures(), right.failures()),
            "documents": (left.documents(), right.documents()),
            "words": tuple(_words(store) for store in (left, right)),
        }
        found = [f"the {name} differ" for name, (a, b) in pairs.items() if a != b]
        ours, theirs = _vectors(left), _vectors(right)
        if ours.keys() != theirs.keys():
            return [*found, "the chunks differ"]
        if any(np.abs(ours[name] - theirs[name]).max() > 1e-6 for name in ours):
            found.append("the vectors differ")
        if vectors.open(one, generation=left.generation) is None:
            found.append("the vectors' file is not of this state")
        return found


def _vectors(store: Store) -> dict[str, Any]:
    rows, matrix = next(store.vectors())
    names = [chunk.chunk_id for chunk in store.chunks(rows.tolist())]
    return dict(zip(names, matrix, strict=True))


def _words(store: Store) -> list[dict[str, float]]:
    from ragtool.records import Filters

    found = []
    for noun in _NOUNS:
        hits = store.match([noun], limit=10_000, filters=Filters())
        chunks = store.chunks([row for row, _ in hits])
        found.append(
            {
                chunk.chunk_id: round(score, 9)
                for chunk, (_, score) in zip(chunks, hits, strict=True)
            }
        )
    return found


def table(tally: Tally) -> list[str]:
    """A Markdown table: the kills of each task."""
    lines = ["| task | killed | let be |", "| --- | ---: | ---: |"]
    lines += [f"| {task} | {tally.kills[task]} | {tally.whole[task]} |" for task in TASKS]
    return [*lines, f"| all | {sum(tally.kills.values())} | {sum(tally.whole.values())} |"]


def main(arguments: Sequence[str]) -> int:
    """Run the trial, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description="An index, killed again and again.")
    parser.add_argument("-n", type=int, default=300, help="how many kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=60)
    for name in ("--work", "--index", "--models"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.work is not None:
        _work(chosen.work, Settings(chosen.index, chosen.models))
        return 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        models = resolve({}).models
        trial = Trial(Path(scratch), models, seed=chosen.seed, files=chosen.files)
        tally = trial.tally
        while sum(tally.kills.values()) < chosen.n:
            trial.round()
            print(f"{sum(tally.kills.values())} of {chosen.n}", file=sys.stderr, flush=True)
        trial.finish(Settings(Path(scratch) / "calm", models))
    print("\n".join(table(tally)))
    print(f"{tally.damaged} times damaged still after a killed repair")
    print("\n".join(tally.faults) or "no fault; the index is that of an undisturbed run")
    figures = {
        "table": table(tally),
        "damaged_still": tally.damaged,
        "faults": tally.faults,
        "seconds": round(time.monotonic() - started),
    }
    keep("kill_index", figures)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
