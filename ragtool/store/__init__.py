"""The index on disk: documents, chunks, full text and embeddings in one SQLite file.

index.py       Store: what is kept, and how to get at it
matching.py    full-text search
filters.py     which documents a search may see
embeddings.py  vectors, by the text they stand for
rows.py        records to rows and back
database.py    transactions
schema.py      the tables, and opening the file
faults.py      what an error of SQLite means to the user
mending.py     a damaged index found and put right
examining.py   what is damaged
salvaging.py   what is sound, into a new file
alone.py       the file for one process, and another in its place
"""

from ragtool.store.index import Counts, FileState, Store
from ragtool.store.mending import Mended, examine, forget_kept, leftovers, mend
from ragtool.store.salvaging import LOST

__all__ = [
    "LOST",
    "Counts",
    "FileState",
    "Mended",
    "Store",
    "examine",
    "forget_kept",
    "leftovers",
    "mend",
]
