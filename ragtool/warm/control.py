"""What the warm process is at, and its end, for `ragtool warm`."""

from __future__ import annotations

import time
from contextlib import suppress

from ragtool.errors import RagtoolError
from ragtool.warm.place import Place, find, locked
from ragtool.warm.talking import Absent, call
from ragtool.warm.wire import LONGEST_ANSWER, NONSENSE, Receiver, Sender, State

_ANSWER_SECONDS, _END_SECONDS = 10.0, 30.0


def status() -> State | None:
    """The state of the warm process; None where there is none. Raises RagtoolError."""
    return _told(find(), "status")


def stop() -> bool:
    """Ends the warm process, whatever it is doing. Whether there was one.

    Returns when its memory is given back. Raises RagtoolError.
    """
    place = find()
    if _told(place, "stop") is None:
        return False
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until:
        with locked(place.serving) as free:
            if free:
                return True
        time.sleep(0.02)
    raise RagtoolError("The warm process does not end.")


def _told(place: Place, request: str) -> State | None:
    """The state that the process answers the request with."""
    with suppress(Absent):
        line = call(place)
        try:
            line.send(Sender().message(request))
            message = line.receive(seconds=_ANSWER_SECONDS, longest=LONGEST_ANSWER)
            event, told = Receiver().event(message)
        except NONSENSE as error:
            raise RagtoolError("The warm process can't be understood.") from error
        finally:
            line.close()
        if event == "state" and isinstance(told[0], State):
            return told[0]
    return None
