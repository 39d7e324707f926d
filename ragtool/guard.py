"""No network for this process: an audit hook (PEP 578), and the libraries' own switches.

The hook sees what Python code does. What a library does in C it does not see;
for those that report home there are switches, read when they are loaded.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_UPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname", "socket.getnameinfo"}
)
# Their first argument is the socket.
_CONTACTS = frozenset({"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto"})
# AF_UNIX, which stays on this machine: the same number on every system.
_LOCAL = 1
# Where the system has no pair of sockets, Python makes one out of two that
# connect to each other; every event loop, so every prompt on Windows, needs one.
_PAIRS = ("socketpair", "_fallback_socketpair")

_SWITCHES = {
    # ONNX Runtime's builds send events to Microsoft, in C, unless told not to.
    "ORT_DISABLE_TELEMETRY": "1",
    # huggingface_hub comes with tokenizers, transformers with the export.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}


class _Guard:
    """The hook. It can't be taken out again, but rests while it is lifted."""

    def __init__(self) -> None:
        self.lifted = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not event.startswith("socket.") or self.lifted:
            return
        if event in _LOOK_UPS or (event in _CONTACTS and not _stays_here(arguments[0])):
            # With a number, because libraries look for it.
            why = f"ragtool runs without a network: {event} is denied"
            raise PermissionError(errno.EACCES, why)


_GUARD = _Guard()


def deny_network() -> None:
    """From now on connections, look-ups of names, binds and sends raise PermissionError.

    Sockets of the family AF_UNIX may go on. Programs that are started are not
    watched, but inherit the libraries' switches. To be called before libraries
    are loaded; called again it changes nothing.
    """
    os.environ.update(_SWITCHES)
    if not is_denied():
        sys.addaudithook(_GUARD)


@contextmanager
def network_allowed() -> Iterator[None]:
    """Within it the network is open to the whole process, for what was asked to use it."""
    _GUARD.lifted = True
    try:
        yield
    finally:
        _GUARD.lifted = False


def is_denied() -> bool:
    """Whether a look-up would be denied, tried without making one."""
    try:
        sys.audit("socket.getaddrinfo", "localhost", 0, 0, 0, 0)
    except PermissionError:
        return True
    return False


def _stays_here(socket: object) -> bool:
    return getattr(socket, "family", None) == _LOCAL or _makes_a_pair()


def _makes_a_pair() -> bool:
    """Whether the code that the hook interrupts is the standard library's own socketpair."""
    frame = sys._getframe(3)
    return frame.f_globals.get("__name__") == "socket" and frame.f_code.co_name in _PAIRS
