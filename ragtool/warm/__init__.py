"""The warm process: models and index stay loaded between two commands.

client.py    Session: questions asked of the warm process, or of this one
control.py   what the warm process is at, and its end
reaching.py  finding the warm process, and starting it
server.py    the process itself
talking.py   messages over a local socket or pipe, between processes of one user
wire.py      records as JSON and back
place.py     the folder where the two find each other, and its locks
identity.py  whether the process runs the code that is here now

What stands in `__all__` is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragtool.warm.client import Session
    from ragtool.warm.control import status, stop
    from ragtool.warm.wire import State

__all__ = ["Session", "State", "status", "stop"]

_HOME = {"Session": "client", "State": "wire", "status": "control", "stop": "control"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
