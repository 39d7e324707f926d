"""The store against a plain dict, and what it says of what is not there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from storing import (
    FILE,
    NONE,
    STATE,
    all_rows,
    cut,
    document,
    dump,
    embed_all,
    fake_vectors,
    put,
    tokens,
)

from ragtool import chunking
from ragtool.chunking import embedded_text
from ragtool.errors import StoreError
from ragtool.records import Chunk, Document
from ragtool.reports import Failure
from ragtool.store import Counts, FileState, Store

# Against a plain dict

PATHS = st.sampled_from(["/a/one.txt", "/a/two.txt", "/b/drei ünï.html", "/b/\udcff.txt"])
WORDS = st.sampled_from(
    ["said", "saying", "Merkel", "élan", "no", "rights", "naïve", "\0", "😀", "İ", '"', "x" * 30]
)
TEXTS = st.sampled_from(["", "Merkel said"]) | st.lists(WORDS, max_size=8).map(" ".join)
ABOUT = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "author": WORDS,
        "date": st.sampled_from(["2024", "2024-06-03"]),
        "source": WORDS,
    },
)
STATES = st.builds(FileState, st.integers(0, 2**62), st.integers(0, 2**62), WORDS)


class AgainstDict(RuleBasedStateMachine):
    """Any sequence of changes leaves what a dict of the same changes holds."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = Store.open(Path(self.folder.name), create=True)
        self.documents: dict[str, Document] = {}
        self.states: dict[str, FileState] = {}
        self.failures: dict[str, str] = {}
        self.embedded: set[str] = set()
        self.embedder: str | None = None
        self.rows_seen: dict[int, str] = {}
        self.generation = self.store.generation

    def chunks(self) -> list[Chunk]:
        return [c for path in sorted(self.documents) for c in cut(self.documents[path])]

    def keys(self) -> dict[str, str]:
        texts = (embedded_text(chunk) for chunk in self.chunks())
        return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}

    def forget(self, path: str) -> bool:
        self.failures.pop(path, None)
        gone = self.documents.pop(path, None)
        return gone is not None and bool(cut(gone))

    def changed(self, change: bool) -> None:
        self.embedded &= self.keys().keys()
        assert (self.store.generation > self.generation) == change
        self.generation = self.store.generation

    @rule(path=PATHS, text=TEXTS, about=ABOUT, state=STATES)
    def put(self, path: str, text: str, about: dict[str, str], state: FileState) -> None:
        added = document(path, text, **about)
        self.store.put(added.path, [(added, cut(added))], state=state)
        had = self.forget(path)
        self.documents[path], self.states[path] = added, state
        self.changed(had or bool(cut(added)))

    @rule(path=PATHS, reason=WORDS, state=STATES)
    def fail(self, path: str, reason: str, state: FileState) -> None:
        self.store.put(path, (), state=state, failures=(Failure(path, reason),))
        had = self.forget(path)
        self.failures[path], self.states[path] = reason, state
        self.changed(had)

    @rule(path=PATHS, state=STATES)
    def touch(self, path: str, state: FileState) -> None:
        self.store.touch(path, state=state)
        if path in self.states:
            self.states[path] = state
        self.changed(False)

    @rule(paths=st.lists(PATHS, max_size=3))
    def remove(self, paths: list[str]) -> None:
        known = self.states.keys() & set(paths)
        assert self.store.remove(paths) == len(known)
        had = [self.forget(path) for path in known]
        for path in known:
            del self.states[path]
        self.changed(any(had))

    @precondition(lambda self: self.documents)
    @rule(embedder=st.sampled_from(["e1", "e1", "e2"]), limit=st.none() | st.integers(0, 3))
    def embed(self, embedder: str, limit: int | None) -> None:
        found = self.store.unembedded(embedder, limit=limit)
        wanted = set(self.keys().items())
        if embedder == self.embedder:
            wanted = {(key, text) for key, text in wanted if key not in self.embedded}
        assert set(found) <= wanted
        assert len(found) == len(wanted) if limit is None else len(found) == min(limit, len(wanted))
        keys = [key for key, _ in found]
        self.store.embed(embedder, [*keys, "0" * 64], fake_vectors([*keys, "0" * 64]))
        if embedder != self.embedder:
            self.embedder, self.embedded = embedder, set()
        self.embedded |= set(keys)
        self.changed(True)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(Path(self.folder.name))

    @invariant()
    def same(self) -> None:
        assert list(self.store.documents()) == [self.documents[p] for p in sorted(self.documents)]
        assert list(self.store.states().items()) == sorted(self.states.items())
        assert self.store.failures() == tuple(
            Failure(path, self.failures[path]) for path in sorted(self.failures)
        )
        assert self.store.counts() == Counts(len(self.documents), len(self.chunks()))
        for path, kept in self.documents.items():
            assert self.store.document(path) == kept
            assert self.store.chunks_of(path) == cut(kept)

    @invariant()
    def rows_are_never_given_out_twice(self) -> None:
        rows = all_rows(self.store)
        for row, chunk in zip(rows, self.store.chunks(rows), strict=True):
            assert self.rows_seen.setdefault(row, chunk.chunk_id) == chunk.chunk_id
        assert len({self.rows_seen[row] for row in rows}) == len(rows) == len(self.chunks())

    @invariant()
    def vectors_belong_to_their_texts(self) -> None:
        rows, vectors = next(self.store.vectors())
        found = self.store.chunks(rows.tolist())
        texts = [embedded_text(chunk) for chunk in found]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        assert set(keys) == self.embedded
        assert sorted(rows) == rows.tolist()
        if keys:
            np.testing.assert_array_equal(vectors, fake_vectors(keys))

    @invariant()
    def words_are_found_where_they_stand(self) -> None:
        found = self.store.match(["Merkel"], limit=1000, filters=NONE)
        names = {chunk.chunk_id for chunk in self.store.chunks([row for row, _ in found])}
        assert names == {
            chunk.chunk_id
            for chunk in self.chunks()
            if "merkel" in tokens(chunk.text) + tokens(chunk.document.title or "")
        }

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        with TemporaryDirectory() as other, Store.open(Path(other), create=True) as again:
            for path in sorted(self.documents, reverse=True):
                again.put(path, [(self.documents[path], cut(self.documents[path]))], state=STATE)
            if self.embedder is not None:
                keys = sorted(self.embedded)
                again.embed(self.embedder, keys, fake_vectors(keys))
            assert again.fingerprint() == self.store.fingerprint()
        self.store.close()
        dump(Path(self.folder.name))
        self.folder.cleanup()


TestAgainstDict = AgainstDict.TestCase
TestAgainstDict.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_what_chunking_makes_comes_back_to_the_letter(store: Store) -> None:
    text = "A Title\n\n" + "It was said. Nobody denied it, she claimed!\n" * 40
    made = document("/a.md", text, title="A Title", date="2024-06")
    store.put(made.path, [(made, chunking.chunks(made))], state=STATE)
    assert store.chunks_of("/a.md") == chunking.chunks(made)
    texts = dict.fromkeys(embedded_text(chunk) for chunk in chunking.chunks(made))
    assert [text for _, text in store.unembedded("model")] == list(texts)


CHANGES: dict[str, Document] = {
    "path": document("/b.txt", "Some text."),
    "text": document("/a.txt", "Some texts."),
    "title": document("/a.txt", "Some text.", title="Some"),
    "date": document("/a.txt", "Some text.", date="2024"),
    "author": document("/a.txt", "Some text.", author="2024"),
    "source": document("/a.txt", "Some text.", source="2024"),
    "bytes": Document("/a.txt", "0" * 64, "Some text."),
    "pages": Document(
        "/a.txt", document("/a.txt", "Some text.").sha256, "Some text.", pages=(0, 4)
    ),
}


@pytest.mark.parametrize("other", CHANGES.values(), ids=CHANGES.keys())
def test_the_fingerprint_tells_contents_apart(
    store: Store, tmp_path: Path, other: Document
) -> None:
    put(store, "/a.txt", "Some text.")
    with Store.open(tmp_path / "other", create=True) as second:
        second.put(other.path, [(other, cut(other, length=10_000))], state=STATE)
        assert second.document(other.path) == other
        assert second.fingerprint() != store.fingerprint()


def test_the_fingerprint_tells_chunkings_and_embeddings_apart(store: Store) -> None:
    added = put(store, "/a.txt", "Some text of some length.")
    whole = store.fingerprint()
    store.put(added.path, [(added, cut(added, length=5))], state=STATE)
    parts = store.fingerprint()
    embed_all(store)
    one = store.fingerprint()
    embed_all(store, fingerprint="another model")
    assert len({whole, parts, one, store.fingerprint()}) == 4


def test_state_and_failures_are_not_part_of_the_fingerprint(store: Store) -> None:
    put(store, "/a.txt", "Some text.")
    before = store.fingerprint()
    store.touch("/a.txt", state=FileState(1, 2, "c"))
    store.put("/b.txt", (), state=STATE, failures=(Failure("/b.txt", "unreadable"),))
    assert store.fingerprint() == before


# Embeddings


def test_equal_texts_are_embedded_once_and_each_is_found(store: Store) -> None:
    put(store, "/a.txt", "The same words.")
    put(store, "/b.txt", "The same words.")
    ((key, text),) = store.unembedded("model")
    assert text == "The same words."
    store.embed("model", [key], fake_vectors([key]))
    rows, vectors = next(store.vectors())
    assert [chunk.document.path for chunk in store.chunks(rows.tolist())] == ["/a.txt", "/b.txt"]
    assert vectors.shape == (2, 4)


def test_embeddings_outlive_a_replacement_that_keeps_the_words(store: Store) -> None:
    put(store, "/a.txt", "First.Second", length=6)
    embed_all(store)
    put(store, "/a.txt", "First.Changed", length=6)
    assert [text for _, text in store.unembedded("model")] == ["Change", "d"]


def test_an_embedding_goes_with_the_last_text_that_used_it(store: Store) -> None:
    put(store, "/a.txt", "The same words.")
    put(store, "/b.txt", "The same words.")
    embed_all(store)
    store.remove(["/a.txt"])
    assert store.unembedded("model") == ()
    store.remove(["/b.txt"])
    put(store, "/c.txt", "The same words.")
    assert len(store.unembedded("model")) == 1


def test_another_embedder_takes_the_place_of_the_first(store: Store) -> None:
    put(store, "/a.txt", "One.Two.", length=4)
    assert store.embedder is None
    embed_all(store)
    ((first, _), _) = store.unembedded("other")
    store.embed("other", [first], fake_vectors([first], dimensions=6))
    assert store.embedder == "other"
    assert next(store.vectors())[1].shape == (1, 6)


@pytest.mark.parametrize("shape", [(2, 4), (1, 5), (4,)], ids=["rows", "dimensions", "flat"])
def test_vectors_of_a_wrong_shape_change_nothing(store: Store, shape: tuple[int, ...]) -> None:
    put(store, "/a.txt", "Some text.")
    ((key, _),) = store.unembedded("model")
    embed_all(store)
    before = store.generation
    with pytest.raises(ValueError, match="vectors"):
        store.embed("model", [key], np.zeros(shape, np.float32))
    assert store.generation == before
    assert len(next(store.vectors())[0]) == 1


@pytest.mark.parametrize("size", [1, 3, 6, 7, 100])
def test_vectors_come_in_batches_of_ascending_rows(store: Store, size: int) -> None:
    put(store, "/a.txt", "One.Two.Six.", length=4)
    embed_all(store)
    put(store, "/b.txt", "Not embedded.")
    put(store, "/c.txt", "Ten.Net.Ant.", length=4)
    keys = [key for key, text in store.unembedded("model") if len(text) == 4]
    store.embed("model", keys, fake_vectors(keys))
    batches = list(store.vectors(size=size))
    assert all(len(rows) == len(matrix) <= size for rows, matrix in batches)
    assert [row for rows, _ in batches for row in rows.tolist()] == [1, 2, 3, 5, 6, 7]
    whole = next(store.vectors())[1]
    np.testing.assert_array_equal(np.concatenate([matrix for _, matrix in batches]), whole)
    assert next(store.vectors(after=3))[0].tolist() == [5, 6, 7]


def test_vectors_of_rows_are_of_those_that_have_one(store: Store) -> None:
    put(store, "/a.txt", "One.Two.Six.", length=4)
    embed_all(store)
    put(store, "/b.txt", "Not embedded.")
    rows, matrix = store.vectors_of([4, 3, 1, 99])
    assert rows.tolist() == [1, 3]
    np.testing.assert_array_equal(matrix, next(store.vectors())[1][[0, 2]])
    assert store.vectors_of([])[1].shape == (0, 4)


def test_the_index_knows_its_own_past(store: Store) -> None:
    """Each generation with the newest row that there was, also where it is gone again."""
    seen: dict[int, int] = {}
    for path in ("/a.txt", "/b.txt"):
        put(store, path, "One.Two.", length=4)
        seen[store.generation] = 2 * len(seen) + 2
    store.remove(["/b.txt"])
    seen[store.generation] = 4
    embed_all(store)
    seen[store.generation] = 4
    assert len(seen) == 4
    assert {each: store.last_at(each) for each in seen} == seen
    assert store.last_at(store.generation + 1) is None


# What is not there


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.document("/a.txt"),
        lambda store: store.chunk("0123456789abcdef"),
        lambda store: store.chunks([7]),
    ],
    ids=["document", "chunk", "row"],
)
def test_asking_for_what_is_not_there_says_so(store: Store, ask: Callable[[Store], object]) -> None:
    with pytest.raises(StoreError) as caught:
        ask(store)
    assert caught.value.hint


def test_rows_come_back_in_the_order_asked_for(store: Store) -> None:
    put(store, "/a.txt", "One.Two.Thr.", length=4)
    put(store, "/b.txt", "Fou.Fiv.", length=4)
    rows = all_rows(store)
    found = store.chunks([rows[3], rows[0], rows[4], rows[0], rows[1]])
    assert [chunk.text for chunk in found] == ["Fou.", "One.", "Fiv.", "One.", "Two."]
    assert store.chunk(found[0].chunk_id) == found[0]
    assert store.chunks([]) == ()


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty folder"])
def test_opening_no_index_says_so_and_makes_nothing(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "index"
    if there:
        folder.mkdir()
    with pytest.raises(StoreError, match="no index") as caught:
        Store.open(folder)
    assert "ragtool index" in caught.value.hint
    assert folder.exists() == there
    assert not there or list(folder.iterdir()) == []


def test_an_empty_file_is_no_index_yet(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    with pytest.raises(StoreError, match="no index"):
        Store.open(tmp_path)
    with Store.open(tmp_path, create=True) as store:
        assert store.counts() == Counts(0, 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_may_look(tmp_path: Path) -> None:
    with Store.open(tmp_path / "index", create=True) as store:
        put(store, "/a.txt", "Text.")
        assert (tmp_path / "index").stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "index").iterdir()} == {0o600}


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for create in (False, True):
        with pytest.raises(StoreError):
            Store.open(tmp_path / "file", create=create)


def test_a_text_that_is_not_unicode_is_refused_whole(store: Store) -> None:
    put(store, "/a.txt", "Text.")
    with pytest.raises(StoreError, match="not Unicode"):
        store.put("/a.txt", [(Document("/a.txt", "0" * 64, "\ud800"), ())], state=STATE)
    assert store.document("/a.txt").text == "Text."


def test_no_index_is_taken_for_the_one_deleted_before_it(tmp_path: Path) -> None:
    generations = set()
    for name in ("first", "second"):
        with Store.open(tmp_path / name, create=True) as store:
            put(store, "/a.txt", "Text.")
            generations.add(store.generation)
    assert len(generations) == 2
