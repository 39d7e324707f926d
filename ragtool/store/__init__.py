"""The index on disk: documents, chunks, full text and embeddings in one SQLite file.

index.py       Store: what is kept, and how to get at it
matching.py    full-text search
filters.py     which documents a search may see
embeddings.py  vectors, by the text they stand for
rows.py        records to rows and back
database.py    transactions
schema.py      the tables, and opening the file
faults.py      what an error of SQLite means to the user
"""

from ragtool.store.index import Counts, FileState, Store

__all__ = ["Counts", "FileState", "Store"]
