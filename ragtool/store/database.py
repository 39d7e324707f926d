"""The open SQLite file: transactions, and its errors made the user's at their border."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ragtool.errors import StoreError
from ragtool.store import faults


class Database:
    """One connection in autocommit mode. All use of it stands inside `reading` or `writing`."""

    def __init__(self, connection: sqlite3.Connection, *, file: Path) -> None:
        self._connection = connection
        self._file = file

    def close(self) -> None:
        """Closes the file; the last process to do so folds the log into it."""
        self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state of the file for everything read inside. Nests, also in `writing`."""
        with faults.translated(self._file):
            if self._connection.in_transaction:
                yield
                return
            self.execute("BEGIN")
            try:
                self.number("SELECT count(*) FROM meta")  # only a read pins the state
                yield
            finally:
                self._undo()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: committed at the end, undone by any exception."""
        if self._connection.in_transaction:
            raise RuntimeError("a Store can't write inside reading()")
        with faults.translated(self._file):
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except UnicodeEncodeError as error:
                raise StoreError(f"A text can't be kept, it is not Unicode ({error}).") from error
            finally:
                self._undo()

    def _undo(self) -> None:
        """Ends what is still open: SQLite has undone it itself after some errors."""
        if self._connection.in_transaction:
            self.execute("ROLLBACK")

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """As `reading`, and values that we can't have written are damage."""
        with self.reading(), faults.decoding(self._file):
            yield

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Runs one statement."""
        return self._connection.execute(statement, values)

    def repeat(self, statement: str, values: Iterable[tuple[object, ...]]) -> None:
        """Runs one statement for each tuple of values."""
        self._connection.executemany(statement, values)

    def number(self, query: str) -> int:
        """The one whole number that the query gives."""
        row = self.execute(query).fetchone()
        if row is None or not isinstance(row[0], int):
            raise faults.damaged(self._file, reason="a number is missing")
        return row[0]

    def insert(self, statement: str, *values: object) -> int:
        """Runs an INSERT; the id of the new row."""
        row = self.execute(statement, *values).lastrowid
        assert row is not None  # None only before the first INSERT
        return row

    def define(self, name: str, function: Callable[..., bool], *, arguments: int) -> None:
        """Gives the SQL of this connection a function."""
        self._connection.create_function(name, arguments, function)
