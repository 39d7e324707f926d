"""Nearest neighbours against NumPy, and a file that is believed only when it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ragtool import vectors
from ragtool.errors import StoreError

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def unit(count: int, dimensions: int, *, seed: int = 0) -> Floats:
    found = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    normal: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return normal


def oracle(
    rows: Rows, stored: Floats, query: Floats, *, limit: int, allowed: Rows | None
) -> list[tuple[int, float]]:
    scores = stored.astype(np.float64) @ query.astype(np.float64)
    pairs = [
        (int(row), float(score))
        for row, score in zip(rows, scores, strict=True)
        if allowed is None or row in allowed
    ]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]


@pytest.mark.parametrize("limit", [1, 10, 1000], ids=["one", "ten", "more than there are"])
@pytest.mark.parametrize(
    "allowed",
    [None, np.arange(0, 4000, 21), np.array([14]), np.array([999_999])],
    ids=["all", "some", "one", "none that is there"],
)
def test_ids_and_values_are_those_of_numpy(limit: int, allowed: Rows | None) -> None:
    rows = np.arange(7, 4000, 7)
    stored, query = unit(len(rows), 384), unit(1, 384, seed=1)[0]
    found = vectors.in_memory(rows, stored).search(query, limit=limit, allowed=allowed)
    expected = oracle(rows, stored, query, limit=limit, allowed=allowed)
    assert [row for row, _ in found] == [row for row, _ in expected]
    assert [score for _, score in found] == pytest.approx([s for _, s in expected], abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    choices=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    limit=st.integers(1, 70),
    kept=st.none() | st.sets(st.integers(0, 59)),
)
def test_equal_vectors_come_in_the_order_of_their_rows(
    choices: list[int], limit: int, kept: set[int] | None
) -> None:
    """Few different vectors, many copies, rows in no order: every cut falls into a tie."""
    stored = unit(5, 16)[choices]
    rows = np.random.default_rng(len(choices)).permutation(len(choices)).astype(np.int64) * 3
    allowed = None if kept is None else np.array(sorted(kept), dtype=np.int64) * 3
    query = unit(1, 16, seed=2)[0]
    found = vectors.in_memory(rows, stored).search(query, limit=limit, allowed=allowed)
    scores = (unit(5, 16).astype(np.float64) @ query).tolist()
    ranked = sorted(
        (-scores[choice], int(row))
        for row, choice in zip(rows, choices, strict=True)
        if allowed is None or row in allowed
    )
    assert [row for row, _ in found] == [row for _, row in ranked[:limit]]


def test_nothing_indexed_finds_nothing(tmp_path: Path) -> None:
    nothing = np.empty(0, np.int64)
    vectors.build(nothing, np.empty((0, 0), np.float32), folder=tmp_path, generation=1)
    opened = vectors.open(tmp_path, generation=1)
    assert opened is not None
    assert (len(opened), opened.dimensions) == (0, 0)
    assert opened.search(unit(1, 8)[0], limit=5) == ()


@pytest.mark.parametrize(
    ("limit", "allowed"), [(0, None), (5, np.empty(0, np.int64))], ids=["limit 0", "none allowed"]
)
def test_asking_for_nothing_gives_nothing(limit: int, allowed: Rows | None) -> None:
    neighbours = vectors.in_memory(np.arange(3), unit(3, 8))
    assert neighbours.search(unit(1, 8)[0], limit=limit, allowed=allowed) == ()


def test_a_query_of_another_embedder_is_an_error() -> None:
    with pytest.raises(StoreError, match="8 dimensions, the question has 9"):
        vectors.in_memory(np.arange(3), unit(3, 8)).search(unit(1, 9)[0], limit=1)


def test_rows_and_vectors_must_fit() -> None:
    with pytest.raises(ValueError, match="2 rows"):
        vectors.in_memory(np.arange(2), unit(3, 8))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    vectors.build(np.arange(1, 51), unit(50, 12), folder=tmp_path, generation=77)
    return tmp_path


def test_what_was_built_is_opened_and_finds_the_same(built: Path) -> None:
    opened = vectors.open(built, generation=77)
    assert opened is not None
    query = unit(1, 12, seed=3)[0]
    in_memory = vectors.in_memory(np.arange(1, 51), unit(50, 12))
    assert opened.search(query, limit=50) == in_memory.search(query, limit=50)
    assert sorted(path.name for path in built.iterdir()) == ["vectors.faiss", "vectors.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_may_read_the_files(built: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in built.iterdir()} == {0o600}


def _stamp(folder: Path, **changes: object) -> None:
    path = folder / vectors.STAMP
    path.write_text(json.dumps({**json.loads(path.read_text("ascii")), **changes}), "ascii")


def _flip(folder: Path) -> None:
    content = bytearray((folder / vectors.NAME).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / vectors.NAME).write_bytes(content)


def _foreign(folder: Path) -> None:
    """Bytes that are intact by the stamp and that FAISS does not understand."""
    content = b"not an index at all" * 20
    (folder / vectors.NAME).write_bytes(content)
    _stamp(folder, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _folder(folder: Path) -> None:
    (folder / vectors.NAME).unlink()
    (folder / vectors.NAME).mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no stamp": lambda folder: (folder / vectors.STAMP).unlink(),
    "no file": lambda folder: (folder / vectors.NAME).unlink(),
    "truncated": lambda folder: os.truncate(folder / vectors.NAME, 100),
    "empty": lambda folder: (folder / vectors.NAME).write_bytes(b""),
    "longer": lambda folder: (folder / vectors.NAME).open("ab").write(b"x"),
    "one bit flipped": _flip,
    "foreign content": _foreign,
    "another count": lambda folder: _stamp(folder, count=49),
    "other dimensions": lambda folder: _stamp(folder, dimensions=13),
    "another hash": lambda folder: _stamp(folder, sha256="0" * 64),
    "a stamp of garbage": lambda folder: (folder / vectors.STAMP).write_bytes(b"\xff\x00{"),
    "a stamp of brackets": lambda folder: (folder / vectors.STAMP).write_bytes(b"[" * 5000),
    "a stamp that is a list": lambda folder: (folder / vectors.STAMP).write_bytes(b"[1]"),
    "half a stamp": lambda folder: os.truncate(folder / vectors.STAMP, 40),
    "a folder for a file": _folder,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_not_whole_is_not_opened(
    built: Path, damage: Callable[[Path], object]
) -> None:
    damage(built)
    assert vectors.open(built, generation=77) is None


@pytest.mark.parametrize("generation", [76, 78])
def test_a_stale_file_is_not_opened(built: Path, generation: int) -> None:
    assert vectors.open(built, generation=generation) is None


def test_what_a_killed_run_left_is_cleared(built: Path) -> None:
    old, young = built / f"{vectors.NAME}.1.tmp", built / f"{vectors.NAME}.2.tmp"
    for aside in (old, young):
        aside.write_bytes(b"half")
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    vectors.build(np.arange(2), unit(2, 12), folder=built, generation=78)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be written"):
        vectors.build(np.arange(2), unit(2, 4), folder=tmp_path / "gone", generation=1)


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from ragtool import vectors

replace, calls = Path.replace, []

def stop(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os._exit(9)
    return replace(self, target)

Path.replace = stop
vectors.build(np.arange(9), np.eye(9, dtype=np.float32), folder=Path(sys.argv[1]), generation=78)
"""


@pytest.mark.parametrize("moment", [1, 2], ids=["before the file", "between file and stamp"])
def test_a_kill_between_two_renames_is_noticed(built: Path, moment: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(built), str(moment)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert run.returncode == 9
    assert vectors.open(built, generation=78) is None
    older = vectors.open(built, generation=77)
    assert (older is not None) == (moment == 1)
