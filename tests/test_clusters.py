"""Clusters of vectors against all of them compared, and a file that may be damaged anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragtool import vectors
from ragtool.errors import StoreError
from ragtool.vectors import building, clusters, files
from ragtool.vectors.layered import Layered

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

COUNT, DIMENSIONS, GENERATION = 6000, 48, 77
# What a search looks at: a tenth.
LEAST = 600


def unit(found: NDArray[np.float64]) -> Floats:
    normal: Floats = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return normal


@pytest.fixture(scope="module")
def stored() -> Floats:
    """Vectors in 60 bunches: as in texts, some are near each other."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(60, DIMENSIONS))
    return unit(centres[rng.integers(60, size=COUNT)] + 0.5 * rng.normal(size=(COUNT, DIMENSIONS)))


@pytest.fixture(scope="module")
def questions(stored: Floats) -> Floats:
    rng = np.random.default_rng(6)
    near = stored[rng.integers(COUNT, size=40)]
    return unit(near + 0.05 * rng.normal(size=near.shape))


# Rows as a store gives them: ascending, with gaps.
ROWS: Rows = np.arange(COUNT, dtype=np.int64) * 3 + 10


def batches(stored: Floats, *, size: int = 700) -> Callable[[], Iterator[building.Batch]]:
    def passing() -> Iterator[building.Batch]:
        for at in range(0, len(stored), size):
            part = stored[at : at + size]
            yield ROWS[at : at + len(part)], part

    return passing


def build(folder: Path, stored: Floats, *, chunks: int | None = None, size: int = 700) -> None:
    building.build(
        batches(stored, size=size),
        chunks=len(stored) if chunks is None else chunks,
        folder=folder,
        generation=GENERATION,
        embedder="model",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, stored: Floats) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    build(folder, stored)
    return folder


@pytest.fixture
def own(tmp_path: Path, stored: Floats) -> Path:
    """A folder that a test may damage."""
    build(tmp_path, stored[:300])
    return tmp_path


def opened(folder: Path, *, least: int = LEAST) -> clusters.Clusters:
    found = clusters.open(folder, embedder="model", least=least)
    assert found is not None
    return found


def layered(folder: Path, stored: Floats, *, gone: frozenset[int] = frozenset()) -> Layered:
    """Over the file, with a store that holds the vectors but for those that are gone."""

    def fetch(rows: object) -> tuple[Rows, Floats]:
        kept = np.array(sorted(set(rows) - gone), dtype=np.int64)  # type: ignore[call-overload]
        return kept, stored[(kept - 10) // 3]

    nothing = vectors.in_memory(np.empty(0, np.int64), np.empty((0, 0), np.float32))
    return Layered(opened(folder), nothing, fetch=fetch)


def exact(
    stored: Floats, question: Floats, limit: int, allowed: Rows | None = None
) -> list[tuple[int, float]]:
    scores = stored.astype(np.float64) @ question.astype(np.float64)
    pairs = zip(ROWS.tolist(), scores.tolist(), strict=False)
    open_to = None if allowed is None else set(allowed.tolist())
    kept = [pair for pair in pairs if open_to is None or pair[0] in open_to]
    return sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:limit]


def recall(
    found: Layered, stored: Floats, questions: Floats, *, allowed: Rows | None = None
) -> float:
    shares = []
    for question in questions:
        true = {row for row, _ in exact(stored, question, 10, allowed)}
        rows = {row for row, _ in found.search(question, limit=10, allowed=allowed)}
        assert allowed is None or rows <= set(allowed.tolist())
        shares.append(len(true & rows) / len(true))
    return float(np.mean(shares))


def test_a_tenth_looked_at_finds_nearly_all(made: Path, stored: Floats, questions: Floats) -> None:
    assert recall(layered(made, stored), stored, questions) >= 0.97


def test_all_looked_at_finds_all_with_their_scores(
    made: Path, stored: Floats, questions: Floats
) -> None:
    found = layered(made, stored)
    found._clusters = opened(made, least=COUNT)
    for question in questions:
        expected = exact(stored, question, 10)
        pairs = found.search(question, limit=10)
        assert [row for row, _ in pairs] == [row for row, _ in expected]
        assert [score for _, score in pairs] == pytest.approx([s for _, s in expected], abs=1e-6)


@pytest.mark.parametrize("every", [1, 2, 97, 1500], ids=["all", "half", "few", "four"])
def test_a_filter_costs_no_recall(
    made: Path, stored: Floats, questions: Floats, every: int
) -> None:
    allowed = ROWS[::every]
    floor = 1.0 if len(allowed) <= LEAST * clusters.FILTERED else 0.97
    assert recall(layered(made, stored), stored, questions, allowed=allowed) >= floor


def test_a_filter_that_keeps_out_all_that_is_near_costs_no_recall(
    made: Path, stored: Floats, questions: Floats
) -> None:
    found, shares = layered(made, stored), []
    for question in questions:
        far = ROWS[np.sort(np.argsort(stored @ question)[: COUNT - LEAST])]
        true = {row for row, _ in exact(stored, question, 10, far)}
        rows = {row for row, _ in found.search(question, limit=10, allowed=far)}
        shares.append(len(true & rows) / 10)
    assert np.mean(shares) >= 0.97


def test_what_is_gone_is_not_found_and_hides_nothing(
    made: Path, stored: Floats, questions: Floats
) -> None:
    """Even where all that was nearest is gone, as many are found as before."""
    question = questions[0]
    gone = frozenset(row for row, _ in exact(stored, question, 300))
    rows = [row for row, _ in layered(made, stored, gone=gone).search(question, limit=10)]
    assert len(rows) == 10
    assert not gone & set(rows)


def test_equal_vectors_come_in_the_order_of_their_rows(tmp_path: Path, stored: Floats) -> None:
    same = np.repeat(stored[:30], 10, axis=0)
    build(tmp_path, same)
    pairs = layered(tmp_path, same).search(stored[3], limit=7)
    assert [row for row, _ in pairs] == ROWS[30:37].tolist()
    assert len({score for _, score in pairs}) == 1


def test_a_query_of_another_embedder_is_an_error(made: Path, stored: Floats) -> None:
    with pytest.raises(StoreError, match="48 dimensions, the question has 9"):
        layered(made, stored).search(np.ones(9, np.float32), limit=1)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [(0, None), (5, np.empty(0, np.int64)), (5, np.array([11]))],
    ids=["limit 0", "none allowed", "none that is there"],
)
def test_asking_for_nothing_gives_nothing(
    made: Path, stored: Floats, limit: int, allowed: Rows | None
) -> None:
    assert layered(made, stored).search(stored[0], limit=limit, allowed=allowed) == ()


def test_the_same_vectors_give_the_same_file_whatever_the_batches(
    own: Path, tmp_path_factory: pytest.TempPathFactory, stored: Floats
) -> None:
    other = tmp_path_factory.mktemp("again")
    build(other, stored[:300], size=41)
    assert data(other).read_bytes() == data(own).read_bytes()


def test_fewer_vectors_than_chunks_are_told(tmp_path: Path, stored: Floats) -> None:
    build(tmp_path, stored[:300], chunks=301)
    assert not opened(tmp_path).stamp.complete


def data(folder: Path) -> Path:
    (found,) = folder.glob(files.CLUSTERS)
    return found


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_may_read_the_files(own: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in own.iterdir()} == {0o600}


def _restamp(folder: Path, **changes: object) -> None:
    path = folder / vectors.STAMP
    path.write_text(json.dumps({**json.loads(path.read_text("ascii")), **changes}), "ascii")


def _swap(folder: Path) -> None:
    """A stamp whose sizes add up to the same bytes and whose seal is right."""
    stamp = opened(folder).stamp
    other = replace(stamp, clusters=stamp.clusters - 2)
    bytes_missing = stamp.file_bytes - other.file_bytes
    with data(folder).open("ab") as file:
        file.truncate(stamp.file_bytes - bytes_missing)
    files.stamped(folder, clusters.sealed(other))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no stamp": lambda folder: (folder / vectors.STAMP).unlink(),
    "no file": lambda folder: data(folder).unlink(),
    "truncated": lambda folder: os.truncate(data(folder), 100),
    "empty": lambda folder: data(folder).write_bytes(b""),
    "longer": lambda folder: data(folder).open("ab").write(b"x"),
    "another generation": lambda folder: _restamp(folder, generation=78),
    "another count": lambda folder: _restamp(folder, count=299),
    "another embedder": lambda folder: _restamp(folder, embedder="other"),
    "no seal": lambda folder: _restamp(folder, seal=None),
    "a fact too many": lambda folder: _restamp(folder, more=1),
    "other sizes": _swap,
    "a stamp of garbage": lambda folder: (folder / vectors.STAMP).write_bytes(b"\xff\x00{"),
    "half a stamp": lambda folder: os.truncate(folder / vectors.STAMP, 40),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_not_whole_is_not_opened(
    own: Path, damage: Callable[[Path], object]
) -> None:
    damage(own)
    assert clusters.open(own, embedder="model") is None


def test_clusters_of_another_embedder_are_not_opened(own: Path) -> None:
    assert clusters.open(own, embedder="other") is None


@pytest.mark.parametrize("part", ["head", "codes"])
def test_a_flipped_bit_is_noticed(own: Path, part: str) -> None:
    head = opened(own).stamp.head_bytes
    for at in range(0, head, 997) if part == "head" else range(head, head + 14_000, 997):
        before = data(own).read_bytes()
        changed = bytearray(before)
        changed[at] ^= 1 << at % 8
        data(own).write_bytes(changed)
        assert clusters.open(own, embedder="model") is None
        data(own).write_bytes(before)
    assert clusters.open(own, embedder="model") is not None


def test_codes_that_rot_unseen_cost_no_wrong_score(own: Path, stored: Floats) -> None:
    """A change that leaves the file's size and time as they were."""
    path, stamp = data(own), opened(own).stamp
    content = bytearray(path.read_bytes())
    content[stamp.head_bytes :] = os.urandom(len(content) - stamp.head_bytes)
    path.write_bytes(content)
    os.utime(path, ns=(stamp.mtime_ns, stamp.mtime_ns))
    found = dict(layered(own, stored).search(stored[0], limit=300))
    assert found == pytest.approx(dict(exact(stored[:300], stored[0], 300)), abs=1e-6)


def test_a_head_that_rots_unseen_is_not_opened(own: Path) -> None:
    path, stamp = data(own), opened(own).stamp
    content = bytearray(path.read_bytes())
    content[stamp.head_bytes - 1] ^= 64
    path.write_bytes(content)
    os.utime(path, ns=(stamp.mtime_ns, stamp.mtime_ns))
    assert clusters.open(own, embedder="model") is None


def test_a_copied_file_is_hashed_once(own: Path) -> None:
    stamp = opened(own).stamp
    os.utime(data(own), ns=(1, 1))
    assert opened(own).stamp == stamp
    assert opened(own).stamp == replace(stamp, mtime_ns=1)


def test_what_another_build_left_is_cleared(own: Path, stored: Floats) -> None:
    vectors.build(ROWS[:9], stored[:9], folder=own, generation=78)
    assert {path.name for path in own.iterdir()} == {vectors.NAME, vectors.STAMP}
    build(own, stored[:300])
    assert {path.name for path in own.iterdir()} == {"vectors-77.clusters", vectors.STAMP}


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path, stored: Floats) -> None:
    with pytest.raises(StoreError, match="can't be written"):
        build(tmp_path / "gone", stored[:300])


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from ragtool.vectors import building

replace, calls = Path.replace, []

def stop(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os._exit(9)
    return replace(self, target)

Path.replace = stop
rows, vectors = np.arange(9), np.eye(9, dtype=np.float32)
building.build(
    lambda: iter([(rows, vectors)]),
    chunks=9, folder=Path(sys.argv[1]), generation=78, embedder="model",
)
"""


@pytest.mark.parametrize("moment", [1, 2], ids=["before the file", "between file and stamp"])
def test_a_kill_between_two_renames_leaves_what_was_there(own: Path, moment: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(own), str(moment)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert run.returncode == 9
    assert opened(own).stamp.generation == GENERATION
