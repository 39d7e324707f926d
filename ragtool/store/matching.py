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


def match(
    db: Database, terms: Sequence[str], *, limit: int, filters: Filters
) -> tuple[tuple[int, float], ...]:
    """As Store.match."""
    # Without the plus SQLite may look up each allowed row in the full text by itself.
    allowed = f"AND +rowid IN ({_ALLOWED})" if _defined(db, filters) else ""
    found = db.execute(
        f"""SELECT rowid, -{_BM25} AS score FROM fulltext
        WHERE fulltext MATCH ? {allowed} ORDER BY score DESC, rowid LIMIT ?""",
        " OR ".join(_quoted(term) for term in terms) or '""',
        limit,
    )
    return tuple((int(row), float(score)) for row, score in found)


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
