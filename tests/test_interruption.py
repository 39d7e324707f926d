"""Killed at any moment, an index stays readable, and the next run makes it whole."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Ragtool

from ragtool.records import Chunk, Filters
from ragtool.store import Store
from ragtool.vectors import open as open_vectors

FILES = 200
KILLS = 30
# A run that ends before it is killed costs a round more, and there is an end to that.
ROUNDS = 3 * KILLS
NAMES = "Ana Ruiz, Jon Bell, Mia Holm, Ola Berg, Ines Prat, Karl Voss".split(", ")
VERBS = "said told denied claimed announced confirmed".split()
NOUNS = (
    "harbour bridge ferry council strike budget inquiry hospital railway school orchestra "
    "reservoir contract election warehouse festival museum cooperative stadium library"
).split()
OTHERS = "on Monday, in the morning, after the vote, for a year, before the court".split(", ")
READERS = (["search", "who denied the strike"], ["documents"], ["status"])


class Folder:
    """Files of generated text that change, go and come back; remembers every version."""

    def __init__(self, path: Path, *, seed: int) -> None:
        self.path = path
        self.versions: dict[str, set[str]] = {}
        self._random = random.Random(seed)
        path.mkdir()
        for number in range(FILES):
            self._write(self._file(number))

    def stir(self) -> None:
        """New words in some files; others go, or come back."""
        for number in self._random.sample(range(FILES), 60):
            self._write(self._file(number))
        for number in self._random.sample(range(FILES), 10):
            self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.path / f"{number:03}.txt"

    def _write(self, path: Path) -> None:
        choice = self._random.choice
        title = f"{choice(NOUNS).capitalize()} and {choice(NOUNS)}"
        body = " ".join(self._sentence() for _ in range(self._random.randint(2, 6)))
        content = f"{title}\n\n{body}\n".encode()
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self.versions.setdefault(str(path), set()).add(digest)

    def _sentence(self) -> str:
        choice = self._random.choice
        told = f"{choice(NAMES)} {choice(VERBS)} that the {choice(NOUNS)} and the {choice(NOUNS)}"
        return f"{told} would close {choice(OTHERS)} by {self._random.randint(1, 28)} June."


class Killer:
    """Runs `ragtool index` and kills it at moments spread over the time that a run takes."""

    def __init__(self, command: list[str], environ: dict[str, str], *, seconds: float) -> None:
        self._command = command
        self._environ = environ
        self._seconds = seconds
        self.kills = 0

    def moments(self, seed: int) -> Iterator[float]:
        """Shares of a run, at random, one in each thirtieth of it, in no order."""
        chance = random.Random(seed)
        while True:
            shares = [(at + chance.random()) / KILLS for at in range(KILLS)]
            chance.shuffle(shares)
            yield from shares

    def strike(self, share: float) -> None:
        """One run, killed after this share of the time that the last whole run took."""
        started = time.monotonic()
        with subprocess.Popen(
            self._command,
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            try:
                _, said = process.communicate(timeout=share * self._seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1
                return
        assert (process.returncode, said) == (0, "")
        self._seconds = time.monotonic() - started


def words_found(store: Store, term: str) -> dict[str, float]:
    rows = store.match([term], limit=1000, filters=Filters())
    chunks = store.chunks([row for row, _ in rows])
    return {chunk.chunk_id: score for chunk, (_, score) in zip(chunks, rows, strict=True)}


def all_chunks(store: Store) -> dict[str, Chunk]:
    documents = store.documents()
    return {
        chunk.chunk_id: chunk for document in documents for chunk in store.chunks_of(document.path)
    }


def assert_same(one: Path, other: Path) -> None:
    """Two index folders hold the same, to the vectors' last digits."""
    with Store.open(one) as left, Store.open(other) as right:
        assert left.fingerprint() == right.fingerprint()
        assert left.states() == right.states()
        assert (left.failures(), right.failures()) == ((), ())
        assert left.documents() == right.documents()
        assert all_chunks(left) == all_chunks(right)
        for term in ("harbour", "denied", "ruiz", "June", "28"):
            expected = words_found(right, term)
            assert expected
            assert words_found(left, term) == pytest.approx(expected, abs=1e-9)
        vectors = [vectors_by_chunk(store) for store in (left, right)]
        assert vectors[0].keys() == vectors[1].keys() == all_chunks(left).keys()
        for chunk_id, vector in vectors[1].items():
            assert np.abs(vectors[0][chunk_id] - vector).max() <= 1e-6
        query = next(iter(vectors[1].values()))
        near = [nearest(store, folder, query) for store, folder in ((left, one), (right, other))]
        assert near[0] == pytest.approx(near[1], abs=1e-5)


def vectors_by_chunk(store: Store) -> dict[str, np.ndarray]:
    rows, matrix = next(store.vectors())
    names = [chunk.chunk_id for chunk in store.chunks(rows.tolist())]
    return dict(zip(names, matrix, strict=True))


def nearest(store: Store, folder: Path, query: np.ndarray) -> dict[str, float]:
    neighbours = open_vectors(folder, generation=store.generation)
    assert neighbours is not None  # the file is there, and of this state
    found = neighbours.search(query, limit=FILES, allowed=None)
    chunks = store.chunks([row for row, _ in found])
    return {chunk.chunk_id: score for chunk, (_, score) in zip(chunks, found, strict=True)}


def assert_whole(index: Path, folder: Folder) -> None:
    """Every document is a version that once stood in its file, none is half of one."""
    with Store.open(index) as store:
        for document in store.documents():
            assert document.sha256 in folder.versions[document.path]
            assert hashlib.sha256(document.text.encode()).hexdigest() == document.sha256
            chunks = store.chunks_of(document.path)
            assert chunks[0].span.start == 0
            assert chunks[-1].span.end == len(document.text.rstrip())


@pytest.mark.slow
def test_thirty_kills_leave_the_index_of_an_undisturbed_run(
    models: Path, tmp_path: Path, ragtool: Ragtool
) -> None:
    folder = Folder(tmp_path / "files", seed=1)
    index, calm = tmp_path / "index", tmp_path / "calm"
    command = [sys.executable, "-m", "ragtool", "index", str(folder.path), "--quiet"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RAGTOOL_")}
    environ = {**kept, "PYTHONPATH": str(ROOT), "RAGTOOL_MODELS": str(models)}
    started = time.monotonic()
    assert ragtool("index", folder.path, environ={"RAGTOOL_INDEX": str(calm)}).returncode == 0
    killer = Killer([*command, "--index", str(index)], environ, seconds=time.monotonic() - started)
    exists = False
    for round_, share in zip(range(ROUNDS), killer.moments(seed=2), strict=False):
        if killer.kills == KILLS:
            break
        killer.strike(share)
        reader = READERS[round_ % len(READERS)]
        done = ragtool(*reader)
        # Only before the first change was committed there may be no index.
        if exists or done.returncode == 0:
            assert (done.returncode, done.stderr) == (0, ""), (reader, round_)
            assert_whole(index, folder)
            exists = True
        else:
            assert (done.returncode, done.stdout) == (1, "")
            assert "There is no index in" in done.stderr
        folder.stir()
    assert killer.kills == KILLS
    assert exists
    for target in (index, calm):
        done = ragtool("index", folder.path, environ={"RAGTOOL_INDEX": str(target)})
        assert (done.returncode, done.stderr) == (0, "")
    undisturbed = tmp_path / "undisturbed"
    ragtool("index", folder.path, environ={"RAGTOOL_INDEX": str(undisturbed)})
    assert_same(index, undisturbed)
    assert_same(calm, undisturbed)
    again = ragtool("index", folder.path)
    assert again.stdout.startswith("0 added, 0 updated, ")
