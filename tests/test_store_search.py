"""BM25 against its formula, and what a filter lets pass."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import NONE, all_rows, put, tokens

from ragtool.errors import UsageError
from ragtool.records import Filters
from ragtool.store import Store


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
