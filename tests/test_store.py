"""The store against a plain dict, BM25 against its formula, and the file against the world."""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.typing import NDArray

from ragtool import chunking
from ragtool.chunking import embedded_text
from ragtool.errors import StoreError, UsageError
from ragtool.records import Chunk, Document, Filters, Sentence, Span
from ragtool.reports import Failure
from ragtool.store import Counts, FileState, Store
from ragtool.store.faults import store_error

NONE = Filters()
FILE = "ragtool.sqlite3"
STATE = FileState(10, 20, "a" * 64)


def document(path: str, text: str, **about: str) -> Document:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(path, digest, text, **about)  # type: ignore[arg-type] # only str fields here


def cut(source: Document, *, length: int = 12) -> tuple[Chunk, ...]:
    """Chunks of `length` characters, two sentences each: spans need no grammar here."""
    chunks = []
    for start in range(0, len(source.text), length):
        end = min(start + length, len(source.text))
        middle = (start + end + 1) // 2
        spans = [Span(start, middle), Span(middle, end)] if middle < end else [Span(start, end)]
        name = hashlib.sha256(f"{source.path!r} {source.sha256} {start} {end}".encode())
        sentences = tuple(Sentence(span, start // length + 1) for span in spans)
        chunks.append(Chunk(name.hexdigest()[:16], source, Span(start, end), sentences))
    return tuple(chunks)


def put(store: Store, path: str, text: str, *, length: int = 10_000, **about: str) -> Document:
    added = document(path, text, **about)
    store.put(added.path, [(added, cut(added, length=length))], state=STATE)
    return added


def fake_vectors(keys: Sequence[str], *, dimensions: int = 4) -> NDArray[np.float32]:
    """A vector that tells its key."""
    seeds = [int(key[:8], 16) for key in keys]
    rows = [np.random.default_rng(seed).normal(size=dimensions) for seed in seeds]
    return np.array(rows, dtype=np.float32).reshape(len(keys), dimensions)


def all_rows(store: Store) -> list[int]:
    rows = store.allowed(Filters(path="*"))
    assert rows is not None
    return [int(row) for row in rows]


def embed_all(store: Store, *, fingerprint: str = "model") -> None:
    keys = [key for key, _ in store.unembedded(fingerprint)]
    store.embed(fingerprint, keys, fake_vectors(keys))


def dump(folder: Path) -> list[str]:
    """The file as SQLite's own text, generation left out: it is random by intent."""
    with sqlite3.connect(folder / FILE) as db:
        random = ('INTO "meta"', 'INTO "generations"')
        lines = [line for line in db.iterdump() if not any(each in line for each in random)]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    return lines


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "index", create=True, wait=0.2) as opened:
        yield opened


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


# Full text


def tokens(text: str) -> list[str]:
    """What unicode61 makes of the plain texts here; their words have no stem but themselves."""
    return "".join(c.casefold() if c.isalnum() else " " for c in text).split()


def bm25(texts: dict[int, tuple[str, str]], terms: Sequence[str]) -> dict[int, float]:
    """Robertson's BM25 as FTS5 has it: k1 = 1.2, b = 0.75, idf at least 1e-6, the
    frequency weighted by column and the length not. sqlite.org/fts5.html"""
    tokenized = {row: (tokens(title), tokens(text)) for row, (title, text) in texts.items()}
    length = {row: len(title) + len(text) for row, (title, text) in tokenized.items()}
    average = sum(length.values()) / len(length)
    scores: dict[int, float] = {}
    for term in terms:
        holders = [row for row, both in tokenized.items() if term in both[0] + both[1]]
        n = len(holders)
        idf = math.log((len(texts) - n + 0.5) / (n + 0.5)) if n else 0.0
        for row in holders:
            title, text = tokenized[row]
            f = 0.5 * title.count(term) + 1.0 * text.count(term)
            norm = f + 1.2 * (1 - 0.75 + 0.75 * length[row] / average)
            scores[row] = scores.get(row, 0.0) + max(idf, 1e-6) * f * 2.2 / norm
    return scores


PLAIN = st.lists(st.sampled_from(["alp", "bet", "gam", "delt", "rho", "tau", "psi"]), max_size=9)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    contents=st.lists(st.tuples(PLAIN, PLAIN.filter(bool)), min_size=1, max_size=8),
    terms=st.lists(st.sampled_from(["alp", "bet", "rho", "nowhere"]), min_size=1, unique=True),
    gone=st.sets(st.integers(0, 7)),
)
def test_scores_are_those_of_the_formula(
    store: Store,
    contents: list[tuple[list[str], list[str]]],
    terms: list[str],
    gone: set[int],
) -> None:
    """Also after removals, which a full-text table without content must be told right."""
    store.remove(store.states())
    for number, (title, text) in enumerate(contents):
        put(store, f"/{number}", " ".join(text), title=" ".join(title))
    store.remove(f"/{number}" for number in gone)
    rows = all_rows(store)
    texts = {
        row: (chunk.document.title or "", chunk.text)
        for row, chunk in zip(rows, store.chunks(rows), strict=True)
    }
    expected = bm25(texts, terms) if texts else {}
    found = store.match(terms, limit=100, filters=NONE)
    assert dict(found) == pytest.approx(expected, rel=1e-9)
    assert list(found) == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    assert store.match(terms, limit=3, filters=NONE) == found[:3]


COMMON: dict[str, str] = {
    "/0": "harbour council ferry",
    "/1": "harbour council",
    "/2": "harbour",
    "/3": "harbour harbour council",
    "/4": "ferry",
    "/5": "mayor of the town",
}


@pytest.mark.parametrize(
    ("terms", "scored", "rows"),
    [
        pytest.param(["harbour", "ferry"], 5, {1, 5}, id="one of the rarer must be held"),
        pytest.param(["harbour", "ferry"], 6, {1, 2, 3, 4, 5}, id="few enough"),
        pytest.param(["harbour"], 1, {1, 2, 3, 4}, id="the only one"),
        pytest.param(["harbour", "nowhere"], 1, {1, 2, 3, 4}, id="the only one that is there"),
        pytest.param(["harbour", "council", "mayor"], 5, {1, 2, 4, 6}, id="as many as may be"),
        pytest.param(["harbour council", "mayor"], 2, {6}, id="a phrase is one term"),
        pytest.param([], 1, set(), id="none"),
    ],
)
def test_common_terms_only_add_where_all_would_match_too_many(
    store: Store, terms: list[str], scored: int, rows: set[int]
) -> None:
    for path, text in COMMON.items():
        put(store, path, text)
    whole = dict(store.match(terms, limit=100, filters=NONE))
    found = store.match(terms, limit=100, filters=NONE, scored=scored)
    assert dict(found) == {row: whole[row] for row in rows}
    assert list(found) == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    assert store.match(terms, limit=2, filters=NONE, scored=scored) == found[:2]


@pytest.mark.parametrize(
    ("terms", "hit"),
    [
        (["claim"], True),
        (["CLAIMS"], True),
        (["elan"], True),
        (["élan"], True),
        (["vital"], False),
        (["vital", "claimed"], True),
        (["no rights"], True),
        (["rights no"], False),
        (["no-rights"], True),
        (["headline"], True),
        ([], False),
        (["?"], False),
        (["?", "claimed"], True),
        ([""], False),
        (["AND"], False),
        (["NEAR(claimed rights)"], False),
        (['"claimed'], True),
        (['claimed" OR "vital'], False),
        (["text:claimed"], False),
        (["clai*"], False),
        (["vital\0claimed"], False),
        (["claimed\0"], True),
        (["\ud800"], False),
        (["vital"] * 3000 + ["claimed"], True),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_terms_are_words_and_never_syntax(store: Store, terms: list[str], hit: bool) -> None:
    put(store, "/a.txt", "He claimed, with élan, that no rights were violated.", title="Headline")
    put(store, "/b.txt", "Something else.")
    found = store.match(terms, limit=5, filters=NONE)
    assert [chunk.document.path for chunk in store.chunks([row for row, _ in found])] == (
        ["/a.txt"] if hit else []
    )


def test_a_limit_counts_only_what_passes_the_filter(store: Store) -> None:
    for number in range(20):
        put(store, f"/{number:02}.txt", "word " * (20 - number) + "end")
    found = store.match(["word"], limit=2, filters=Filters(path="*/1[5-9].txt"))
    names = [chunk.document.path for chunk in store.chunks([row for row, _ in found])]
    assert names == ["/15.txt", "/16.txt"]
    assert store.match(["word"], limit=0, filters=NONE) == ()


# Filters

DATES: dict[str, tuple[Filters, list[str]]] = {
    "since a day": (Filters(since="2024-06-03"), ["2024", "2024-06", "2024-06-03", "2025-01-01"]),
    "since the next day": (Filters(since="2024-06-04"), ["2024", "2024-06", "2025-01-01"]),
    "since the next month": (Filters(since="2024-07"), ["2024", "2025-01-01"]),
    "since the next year": (Filters(since="2025"), ["2025-01-01"]),
    "until a day": (Filters(until="2024-06-03"), ["2023-12-31", "2024", "2024-06", "2024-06-03"]),
    "until the day before": (Filters(until="2024-06-02"), ["2023-12-31", "2024", "2024-06"]),
    "until a month": (Filters(until="2024-06"), ["2023-12-31", "2024", "2024-06", "2024-06-03"]),
    "until the month before": (Filters(until="2024-05"), ["2023-12-31", "2024"]),
    "until the year before": (Filters(until="2023"), ["2023-12-31"]),
    "one month": (Filters(since="2024-06", until="2024-06"), ["2024", "2024-06", "2024-06-03"]),
    "turned round": (Filters(since="2025", until="2023"), []),
}


@pytest.mark.parametrize(("filters", "expected"), DATES.values(), ids=DATES.keys())
def test_dates_pass_when_any_day_they_may_mean_does(
    store: Store, filters: Filters, expected: list[str]
) -> None:
    dates = ["2023-12-31", "2024", "2024-06", "2024-06-03", "2025-01-01", "yesterday", "2024-13"]
    for date in dates:
        put(store, f"/{date}", f"Of {date}.", date=date)
    put(store, "/undated", "Undated.")
    assert paths_allowed(store, filters) == sorted(f"/{date}" for date in expected)


def paths_allowed(store: Store, filters: Filters) -> list[str]:
    rows = store.allowed(filters)
    assert rows is not None
    return sorted(chunk.document.path for chunk in store.chunks(rows.tolist()))


@pytest.mark.parametrize(
    "day", ["yesterday", "2024-13", "2024-6-3", "2024-02-30", "24", "", "0000"]
)
@pytest.mark.parametrize("flag", ["since", "until"])
def test_a_filter_that_is_no_date_is_the_users_mistake(store: Store, flag: str, day: str) -> None:
    with pytest.raises(UsageError, match=f"--{flag} {day}: not a date"):
        store.allowed(Filters(**{flag: day}))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("bbc", ["/bbc"]),
        ("STRASSE", ["/str"]),
        ("e", ["/cafe", "/str"]),
        ("é", ["/cafe"]),
        ("z", []),
    ],
)
def test_a_source_is_part_of_the_name_whatever_its_case(
    store: Store, source: str, expected: list[str]
) -> None:
    put(store, "/bbc", "One.", source="BBC News")
    put(store, "/str", "Two.", source="Die Straße")
    put(store, "/cafe", "Three.", source="The Cafe\u0301")
    put(store, "/none", "Four.")
    found = paths_allowed(store, Filters(source=source))
    assert found == (["/bbc", *expected] if source == "e" else expected)


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.txt", "ab"),
        ("a.txt", "a"),
        ("mails/*", "abc"),
        ("mails/*.html", "c"),
        ("ails/*", ""),
        ("**/2024/*", "bc"),
        ("2024/*", "bc"),
        ("/data/*", "abc"),
        ("/mails/*", ""),
        ("?.html", "c"),
        ("[ab].txt", "ab"),
        ("[!a].txt", "b"),
        ("mails", ""),
        ("[", ""),
    ],
)
def test_a_glob_is_over_the_path_and_its_trailing_parts(
    store: Store, glob: str, expected: str
) -> None:
    paths = {
        "a": "/data/mails/a.txt",
        "b": "/data/mails/2024/b.txt",
        "c": "/data/mails/2024/c.html",
    }
    for path in paths.values():
        put(store, path.replace("/", os.sep), "Text.")
    found = paths_allowed(store, Filters(path=glob))
    assert found == sorted(paths[name].replace("/", os.sep) for name in expected)


def test_no_filter_is_none_and_nothing_passing_is_empty(store: Store) -> None:
    put(store, "/a.txt", "Text.")
    assert store.allowed(NONE) is None
    nothing = store.allowed(Filters(path="*.pdf"))
    assert nothing is not None
    assert (nothing.dtype, len(nothing)) == (np.dtype(np.int64), 0)


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


# More than one at a time


def test_a_reader_sees_one_state_while_another_writes(store: Store, tmp_path: Path) -> None:
    put(store, "/a.txt", "Old.")
    with Store.open(tmp_path / "index") as reader:
        with reader.reading():
            before = reader.generation, reader.fingerprint()
            put(store, "/a.txt", "New.")
            put(store, "/b.txt", "More.")
            assert (reader.generation, reader.fingerprint()) == before
            assert [document.text for document in reader.documents()] == ["Old."]
        assert [document.text for document in reader.documents()] == ["New.", "More."]


def test_a_second_writer_waits_and_then_says_who_writes(store: Store, tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "index", wait=0.1) as second,
        store._db.writing(),
        pytest.raises(StoreError, match="Another ragtool is writing"),
    ):
        put(second, "/a.txt", "Text.")
    put(store, "/b.txt", "Text.")
    assert list(store.states()) == ["/b.txt"]


def test_writing_while_reading_is_our_own_mistake(store: Store) -> None:
    with store.reading(), pytest.raises(RuntimeError):
        put(store, "/a.txt", "Text.")


def test_an_interrupted_change_leaves_nothing(store: Store, tmp_path: Path) -> None:
    put(store, "/a.txt", "Old.")
    before = store.fingerprint(), store.generation

    def interrupted() -> Iterator[str]:
        yield "/a.txt"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.remove(interrupted())
    assert (store.fingerprint(), store.generation) == before
    put(store, "/b.txt", "The next change goes through.")


SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import put, embed_all
from ragtool.store import Store

with Store.open(Path(sys.argv[1]), create=True) as store:
"""


def run(folder: Path, body: str) -> subprocess.Popen[bytes]:
    """A process of its own in which `store` is open."""
    script = SCRIPT + "".join(f"    {line}\n" for line in body.splitlines())
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(Path(__file__).parent)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_two_processes_make_one_index(tmp_path: Path) -> None:
    body = "for n in range(30): put(store, f'/{os.getpid()}/{n}', f'Text {n}.')"
    processes = [run(tmp_path / "index", body) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    with Store.open(tmp_path / "index") as store:
        assert store.counts() == Counts(60, 60)


KILLS = {
    "while putting": "put(store, '/a.txt', 'Changed.', length=3)",
    "while removing": "store.remove(['/a.txt', '/b.txt'])",
    "while embedding": "embed_all(store, fingerprint='other')",
}
KILLER = """
import itertools
from ragtool.store.database import Database
execute, steps = Database.execute, itertools.count(1)
def stop(self, statement, *values):
    if statement == "COMMIT" and {last} or next(steps) == {step}:
        os._exit(9)
    return execute(self, statement, *values)
Database.execute = stop
"""


@pytest.mark.parametrize("change", KILLS.values(), ids=KILLS.keys())
def test_a_killed_change_never_happened(tmp_path: Path, change: str) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "/a.txt", "Some text.", length=3)
        put(store, "/b.txt", "Other text.")
        embed_all(store)
        fingerprint = store.fingerprint()
    before = dump(tmp_path)
    for step, last in ((3, False), (6, False), (10**9, True)):
        killed = run(tmp_path, KILLER.format(step=step, last=last) + change)
        assert killed.wait(60) == 9
        with Store.open(tmp_path) as store:
            assert store.fingerprint() == fingerprint
        assert dump(tmp_path) == before


# Damage and full disks


def read_texts(store: Store) -> None:
    for path in store.states():
        assert all(isinstance(chunk.text, str) for chunk in store.chunks_of(path))


USES: tuple[Callable[[Store], object], ...] = (
    Store.states,
    Store.failures,
    Store.counts,
    Store.fingerprint,
    Store.documents,
    Store.vectors,
    read_texts,
    lambda store: store.unembedded("model"),
    lambda store: store.unembedded("other"),
    lambda store: store.chunks(all_rows(store)),
    lambda store: store.match(["text", "words"], limit=50, filters=NONE),
    lambda store: store.allowed(Filters(path="*", since="2020")),
    lambda store: put(store, "/new.txt", "New text."),
    lambda store: store.remove(["/1.txt", "/2.txt"]),
    embed_all,
)


def use(folder: Path) -> list[StoreError]:
    """Does everything that can be done; what was raised."""
    errors = []
    for step in USES:
        try:
            with Store.open(folder, wait=0.2) as store:
                step(store)
        except StoreError as error:
            errors.append(error)
    return errors


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an index with a few hundred pages."""
    folder = tmp_path_factory.mktemp("sound")
    with Store.open(folder, create=True) as store:
        for number in range(60):
            text = " ".join(f"text{number}x{word} words" for word in range(300))
            put(store, f"/{number}.txt", text, length=900, date="2024-06")
        embed_all(store)
    return (folder / FILE).read_bytes()


def test_the_undamaged_file_can_be_used(tmp_path: Path, sound: bytes) -> None:
    (tmp_path / FILE).write_bytes(sound)
    assert use(tmp_path) == []


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda whole: b"not a database, but long enough to be taken for one" * 100,
    "a text": lambda whole: b"hello",
    "header overwritten": lambda whole: b"\0" * 100 + whole[100:],
    "half the header": lambda whole: whole[:50],
    "first page only": lambda whole: whole[:4096],
    "truncated": lambda whole: whole[: len(whole) // 2],
    "truncated within a page": lambda whole: whole[: len(whole) // 2 + 1000],
    "tables overwritten": lambda whole: whole[:4096] + b"\xff" * (len(whole) - 4096),
    "all but the header zero": lambda whole: whole[:100] + b"\0" * (len(whole) - 100),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_a_store_error(
    tmp_path: Path, sound: bytes, damage: Callable[[bytes], bytes]
) -> None:
    (tmp_path / FILE).write_bytes(damage(sound))
    errors = use(tmp_path)
    assert errors
    assert all(error.hint for error in errors)


@pytest.mark.parametrize("highest", [128, 256], ids=["ASCII", "any byte"])
def test_damage_anywhere_is_a_store_error_or_unseen(
    tmp_path: Path, sound: bytes, highest: int
) -> None:
    """Random bytes at random places: SQLite keeps no checksums, so some go unnoticed."""
    random = np.random.default_rng(highest)
    errors = []
    for _ in range(40):
        content = bytearray(sound)
        for _ in range(int(random.integers(1, 20))):
            place = int(random.integers(100, len(content) - 64))
            noise = random.integers(0, highest, int(random.integers(1, 64))).astype(np.uint8)
            content[place : place + len(noise)] = noise.tobytes()
        (tmp_path / FILE).write_bytes(content)
        errors += use(tmp_path)
    assert len(errors) > 40
    assert all(str(error).isprintable() for error in errors)


def test_a_text_that_changed_on_the_disk_is_never_quoted(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "/a.txt", "There were no violations.")
    whole = (tmp_path / FILE).read_bytes()
    assert whole.count(b"were no viol") == 1
    (tmp_path / FILE).write_bytes(whole.replace(b"were no viol", b"were 12 viol"))
    with Store.open(tmp_path) as store, pytest.raises(StoreError, match="damaged"):
        store.chunks_of("/a.txt")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("CREATE TABLE photos (id)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match="not an index of ragtool"):
            Store.open(tmp_path, create=create)
    assert (tmp_path / FILE).read_bytes() == before


def test_an_index_of_another_version_says_so(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreError, match="version 999") as caught:
        Store.open(tmp_path, create=True)
    assert "ragtool index" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("database is locked", "Another ragtool is writing"),
        ("database or disk is full", "is full or failing"),
        ("disk I/O error", "is full or failing"),
        ("unable to open database file", "can't be used"),
        ("attempt to write a readonly database", "can't be used"),
        ("no such module: fts5", "no full-text search"),
        ("no such table: fulltext", "is damaged"),
        ("database disk image is malformed", "is damaged"),
        ("Could not decode to UTF-8 column 'text' with text 'he denied it'", "is damaged"),
    ],
)
def test_what_sqlite_says_is_said_to_the_user(tmp_path: Path, text: str, meaning: str) -> None:
    error = store_error(sqlite3.OperationalError(text), file=tmp_path / FILE)
    assert meaning in error.message
    assert error.hint


@pytest.mark.parametrize("times", [1, 5000], ids=["a word", "a long text"])
def test_what_is_removed_leaves_no_trace_in_the_file(tmp_path: Path, times: int) -> None:
    secret = "xylophonist"
    with Store.open(tmp_path, create=True) as store:
        put(store, "/secret.txt", f"The {secret} spoke. " * times, title=secret, length=900)
        for number in range(40):
            put(store, f"/{number}.txt", f"Filler number {number}. " * 60, length=400)
        embed_all(store)
        store.remove(["/secret.txt"])
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert b"xylophon" not in (tmp_path / FILE).read_bytes()  # the stem, as in the full text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(tmp_path)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    held: list[str] = []
    with Store.open(small_disk, create=True) as store:
        with pytest.raises(StoreError, match="full") as caught:
            for number in range(200):
                put(store, f"/{number}.txt", f"Some words {number}. " * 500, length=900)
                held.append(f"/{number}.txt")
        assert "Free some space" in caught.value.hint
        assert sorted(store.states()) == sorted(held)
    with Store.open(small_disk) as store:
        assert sorted(store.states()) == sorted(held)


def test_no_room_for_the_first_file_is_said(small_disk: Path) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    with pytest.raises(StoreError):
        Store.open(small_disk, create=True)
    with pytest.raises(StoreError, match="no index"):
        Store.open(small_disk)


def test_a_disk_that_is_read_only_can_be_read(small_disk: Path) -> None:
    with Store.open(small_disk, create=True) as store:
        put(store, "/a.txt", "Some text.")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with Store.open(small_disk) as store:
        assert store.document("/a.txt").text == "Some text."
        assert store.match(["text"], limit=5, filters=Filters(path="*.txt"))
        with pytest.raises(StoreError, match="can't be used"):
            put(store, "/b.txt", "More.")
