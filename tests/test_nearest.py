"""Which form the vectors take, and when clusters are kept, joined by what is new, or rebuilt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragtool import vectors
from ragtool.pipeline import nearest
from ragtool.pipeline.nearest import Limits
from ragtool.records import Chunk, Document, Sentence, Span
from ragtool.store import FileState, Store

STATE = FileState(1, 1, "a" * 64)
LIMITS = Limits(flat=50, recent=10, gone=0.1)
DIMENSIONS = 8


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path, create=True) as opened:
        yield opened


def add(store: Store, first: int, count: int, *, fingerprint: str = "model") -> None:
    """So many documents of one chunk, each in a file of its own, and their vectors."""
    for number in range(first, first + count):
        text = f"Text {number}."
        digest = hashlib.sha256(text.encode()).hexdigest()
        document = Document(f"/{number}.txt", digest, text)
        span = Span(0, len(text))
        chunk = Chunk(digest[:16], document, span, (Sentence(span, 1),))
        store.put(document.path, [(document, [chunk])], state=STATE)
    embed(store, fingerprint=fingerprint)


def embed(store: Store, *, fingerprint: str = "model", limit: int | None = None) -> None:
    keys = [key for key, _ in store.unembedded(fingerprint, limit=limit)]
    store.embed(fingerprint, keys, np.array([direction(key) for key in keys]).reshape(-1, 8))


def direction(key: str) -> NDArray[np.float32]:
    found = np.random.default_rng(int(key[:8], 16)).normal(size=DIMENSIONS)
    normal: NDArray[np.float32] = (found / np.linalg.norm(found)).astype(np.float32)
    return normal


def assert_exact(store: Store, folder: Path, *, limits: Limits = LIMITS) -> None:
    """Every vector of the store is found, and nothing else, with the right scores."""
    (rows, matrix) = next(store.vectors())
    with store.reading():
        found = nearest.neighbours(store, folder, threads=1, limits=limits)
        for query in (matrix[0], matrix[-1], direction("0f" * 8)):
            scores = (matrix.astype(np.float64) @ query).tolist()
            expected = sorted(
                zip(rows.tolist(), scores, strict=True), key=lambda pair: (-pair[1], pair[0])
            )
            pairs = found.search(query, limit=len(rows) + 5)
            assert [row for row, _ in pairs] == [row for row, _ in expected]
            assert [s for _, s in pairs] == pytest.approx([s for _, s in expected], abs=1e-6)
            allowed = rows[::3]
            some = [row for row, _ in found.search(query, limit=4, allowed=allowed)]
            assert some == [row for row, _ in expected if row in allowed][:4]


def built(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("vectors*") if path.name != vectors.STAMP)


@pytest.mark.parametrize(("count", "form"), [(50, "faiss"), (51, "clusters")])
def test_the_form_follows_the_size(store: Store, tmp_path: Path, count: int, form: str) -> None:
    add(store, 0, count)
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    assert [name.rpartition(".")[2] for name in built(tmp_path)] == [form]
    assert_exact(store, tmp_path)


def test_an_index_that_shrinks_is_exact_again(store: Store, tmp_path: Path) -> None:
    add(store, 0, 60)
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    store.remove([f"/{number}.txt" for number in range(40)])
    assert_exact(store, tmp_path)
    assert built(tmp_path) == [vectors.NAME]


@pytest.fixture
def before(store: Store, tmp_path: Path) -> list[str]:
    """Clusters over 60 chunks."""
    add(store, 0, 60)
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    return built(tmp_path)


@pytest.mark.parametrize(("new", "kept"), [(0, True), (10, True), (11, False)])
def test_what_is_new_is_searched_beside_the_clusters_until_it_is_much(
    store: Store, tmp_path: Path, before: list[str], new: int, kept: bool
) -> None:
    add(store, 60, new)
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    assert (built(tmp_path) == before) == kept
    assert_exact(store, tmp_path)


@pytest.mark.parametrize(("removed", "kept"), [(1, True), (6, True), (7, False)])
def test_what_is_removed_is_not_found_and_when_much_leaves_the_clusters(
    store: Store, tmp_path: Path, before: list[str], removed: int, kept: bool
) -> None:
    store.remove([f"/{number}.txt" for number in range(0, 2 * removed, 2)])
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    assert (built(tmp_path) == before) == kept
    assert_exact(store, tmp_path)


def test_what_is_to_leave_no_trace_leaves_none(
    store: Store, tmp_path: Path, before: list[str]
) -> None:
    """As `documents remove` asks for it."""
    store.remove(["/7.txt"])
    nearest.refresh(store, tmp_path, threads=1, limits=replace(LIMITS, gone=0.0))
    assert built(tmp_path) != before
    assert_exact(store, tmp_path)


def test_a_file_that_changed_is_found_as_it_is_now(
    store: Store, tmp_path: Path, before: list[str]
) -> None:
    text = "Text 7, and more."
    document = Document("/7.txt", hashlib.sha256(text.encode()).hexdigest(), text)
    span = Span(0, len(text))
    store.put("/7.txt", [(document, [Chunk("new", document, span, ())])], state=STATE)
    embed(store)
    assert_exact(store, tmp_path)
    assert built(tmp_path) == before


def test_clusters_over_half_the_vectors_serve_until_the_next_change(
    store: Store, tmp_path: Path
) -> None:
    add(store, 0, 60)
    embed(store, fingerprint="other", limit=40)
    nearest.refresh(store, tmp_path, threads=1, limits=LIMITS)
    half = built(tmp_path)
    assert_exact(store, tmp_path)
    assert built(tmp_path) == half
    embed(store, fingerprint="other")
    assert_exact(store, tmp_path)
    assert built(tmp_path) != half


def test_another_embedder_gets_clusters_of_its_own(
    store: Store, tmp_path: Path, before: list[str]
) -> None:
    embed(store, fingerprint="other")
    assert_exact(store, tmp_path)
    assert built(tmp_path) != before


def test_clusters_of_another_index_are_not_taken_for_this_ones(
    store: Store, tmp_path: Path, before: list[str]
) -> None:
    """The same folder, as many chunks under the same rows, other texts."""
    store.close()
    for path in tmp_path.glob("ragtool.sqlite3*"):
        path.unlink()
    with Store.open(tmp_path, create=True) as other:
        add(other, 1000, 60)
        assert_exact(other, tmp_path)
    assert built(tmp_path) != before


def test_clusters_of_changes_that_were_undone_are_not_taken_for_the_later_ones(
    store: Store, tmp_path: Path
) -> None:
    """As after a power cut, or a backup put back: the rows are given out again."""
    add(store, 0, 55)
    store.close()
    kept = (tmp_path / "ragtool.sqlite3").read_bytes()
    with Store.open(tmp_path) as later:
        add(later, 100, 5)
        nearest.refresh(later, tmp_path, threads=1, limits=LIMITS)
    before = built(tmp_path)
    for path in tmp_path.glob("ragtool.sqlite3*"):
        path.unlink()
    (tmp_path / "ragtool.sqlite3").write_bytes(kept)
    with Store.open(tmp_path) as again:
        add(again, 200, 5)
        assert_exact(again, tmp_path)
    assert built(tmp_path) != before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_still_searched(store: Store, tmp_path: Path) -> None:
    add(store, 0, 60)
    tmp_path.chmod(0o500)
    try:
        assert_exact(store, tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_is_not_there_is_still_searched(store: Store, tmp_path: Path) -> None:
    add(store, 0, 60)
    assert_exact(store, tmp_path / "gone")
