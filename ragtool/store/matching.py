"""Which chunks hold the words, and which pass the filters: full-text search by FTS5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragtool.records import Filters
from ragtool.store import rows
from ragtool.store.database import Database
from ragtool.store.filters import predicate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The title stands in every chunk of its document, so a word there tells chunks
# apart less than a word of the text does.
_BM25 = "bm25(fulltext, 0.5, 1.0)"
_ALLOWED = """SELECT id FROM chunks WHERE document IN (
    SELECT id FROM documents WHERE passes(path, date, source, language))"""

# Where the terms together match more chunks than this, only those are scored that hold one of
# the rarer terms. FTS5 scores some million chunks a second, and a common word is in a third.
SCORED = 20_000


def match(
    db: Database, terms: Sequence[str], limit: int, filters: Filters, *, scored: int
) -> tuple[tuple[int, float], ...]:
    """As Store.match."""
    # Without the plus SQLite may look up each allowed row in the full text by itself.
    allowed = f"AND +rowid IN ({_ALLOWED})" if _defined(db, filters) else ""
    statement = f"""SELECT rowid, -{_BM25} AS score FROM fulltext
        WHERE fulltext MATCH ? {allowed} ORDER BY score DESC, rowid LIMIT ?"""
    rare, common = _split(db, terms, scored=scored)
    queries = [_any(rare), *([f"({_any(rare)}) AND ({_any(common)})"] if common else [])]
    best: dict[int, float] = {}
    for query in queries:
        for row, score in db.execute(statement, query, limit):
            # Found by both, a chunk has its whole score from the second, where all terms count.
            best[int(row)] = float(score)
    ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ranked[:limit])


def _split(
    db: Database, terms: Sequence[str], *, scored: int
) -> tuple[Sequence[str], Sequence[str]]:
    """The terms of which a chunk must hold one, and those that only add to its score.

    Rarest first they are taken while what they match adds up to `scored` at
    most, and until something matches.
    """
    if db.number("SELECT coalesce(max(id), 0) FROM chunks") <= scored:
        return terms, ()
    count = "SELECT count(*) FROM (SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT ?)"
    matched = [db.execute(count, _any([term]), scored + 1).fetchone()[0] for term in terms]
    order = sorted(range(len(terms)), key=lambda at: (matched[at], at))
    total = 0
    for taken, at in enumerate(order):
        if total and total + matched[at] > scored:
            return [terms[at] for at in order[:taken]], [terms[at] for at in order[taken:]]
        total += matched[at]
    return terms, ()


def _any(terms: Sequence[str]) -> str:
    return " OR ".join(_quoted(term) for term in terms) or '""'


def allowed(db: Database, filters: Filters) -> NDArray[np.int64] | None:
    """As Store.allowed."""
    import numpy as np

    if not _defined(db, filters):
        return None
    found = db.execute(f"{_ALLOWED} ORDER BY id")
    return np.fromiter((row for (row,) in found), dtype=np.int64)


def _defined(db: Database, filters: Filters) -> bool:
    """Gives SQL the function `passes`; False when there is nothing to filter."""
    passes = predicate(filters)
    if passes is None:
        return False
    db.define(
        "passes",
        lambda path, *facts: passes(rows.unpacked(path), *facts),
        arguments=4,
    )
    return True


def _quoted(term: str) -> str:
    """A string of FTS5's query language. SQLite would end it at a NUL."""
    plain = term.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
    return '"' + plain.replace('"', '""') + '"'
