"""Messages between a command and the warm process, both of one user.

The only importer of multiprocessing: a socket of the file system or, on
Windows, a named pipe. Either side proves first that it knows the key.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from ragtool.errors import RagtoolError
from ragtool.warm.place import Place

if TYPE_CHECKING:
    from multiprocessing.connection import Connection, Listener

Caller: TypeAlias = "Connection"

# Seconds that the other side may take for its part of the greeting.
GREETING_SECONDS = 10.0
# Commands that may knock at the same moment.
_BACKLOG = 128
# Windows lets Ctrl-C in only between two looks.
_LOOK = 0.1


class Lost(RagtoolError):
    """The other side is gone, or is silent, or doesn't know the key."""


class Absent(Lost):
    """There is nobody to talk to."""


class Line:
    """A connection to a process that knows the key, for one conversation. Close it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, message: bytes) -> None:
        """Raises Absent."""
        try:
            self._connection.send_bytes(message)
        except (OSError, ValueError) as error:
            raise Absent("It is gone.") from error

    def receive(self, *, seconds: float, longest: int) -> bytes:
        """The next message, waited for, of `longest` bytes at most.

        Raises Absent when the other side is gone, Lost when it is silent.
        """
        until = time.monotonic() + seconds
        try:
            while not self._connection.poll(_LOOK):
                if time.monotonic() > until:
                    raise Lost("It is silent.")
            return self._connection.recv_bytes(longest)
        except (OSError, EOFError) as error:
            raise Absent("It is gone.") from error

    def speaks(self) -> bool:
        """Whether there is something to be received, if only that the other side is gone."""
        try:
            return bool(self._connection.poll(0))
        except (OSError, EOFError):
            return True

    def close(self) -> None:
        """Ends the conversation."""
        self._connection.close()


class Ear:
    """Where the warm process is called."""

    def __init__(self, listener: Listener, key: bytes) -> None:
        self._listener = listener
        self._key = key

    def call(self) -> Caller:
        """The next caller, who has proved nothing yet. Raises OSError."""
        return self._listener.accept()

    def greet(self, caller: Caller) -> Line:
        """The caller, who knows the key. Raises Lost, and hangs up, on any other."""
        from multiprocessing.connection import answer_challenge, deliver_challenge

        with _greeting(caller):
            deliver_challenge(caller, self._key)
            answer_challenge(caller, self._key)
        return Line(caller)


@contextmanager
def listening(place: Place) -> Iterator[Ear]:
    """Takes over the place, with a new key; only for who holds the lock `serving`."""
    from multiprocessing.connection import Listener

    key = place.new_key()
    place.socket.unlink(missing_ok=True)
    listener = Listener(place.address(key), place.family(), _BACKLOG)
    try:
        if sys.platform != "win32":
            place.socket.chmod(0o600)
        yield Ear(listener, key)
    finally:
        with suppress(OSError):  # the socket may have been taken away by another
            listener.close()
        place.clear()


def call(place: Place) -> Line:
    """A line to the warm process of the place.

    Raises Absent where there is none, Lost where one is silent.
    """
    from multiprocessing.connection import Client, answer_challenge, deliver_challenge

    try:
        key = place.key()
        connection = Client(place.address(key), place.family())
    except OSError as error:
        raise Absent("There is no warm process.") from error
    with _greeting(connection):
        if not connection.poll(GREETING_SECONDS):
            raise Lost("It is silent.")
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
    return Line(connection)


@contextmanager
def _greeting(connection: Connection) -> Iterator[None]:
    from multiprocessing import AuthenticationError

    try:
        yield
    # A message that is no greeting fails an assertion in some versions of Python.
    except (OSError, EOFError, ValueError, AssertionError) as error:
        connection.close()
        raise Absent("It is gone.") from error
    except AuthenticationError as error:
        connection.close()
        raise Absent("It has another key.") from error
    except BaseException:
        connection.close()
        raise
