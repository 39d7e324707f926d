"""Calls of llama.cpp that can be broken off.

A call reads up to 512 tokens, which takes seconds, and Python sees Ctrl-C only
between two steps of its own. So the call runs in a thread, the caller waits
where Ctrl-C reaches it, and llama.cpp asks between two steps whether to go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

# Seconds after which the waiting caller looks up; Windows lets no Ctrl-C in before.
_LOOK = 0.1


class Calls:
    """One thread for llama.cpp: its own threads are then always the same too.

    look: called before each call and ten times a second during it; what it
    raises breaks the call off.
    """

    def __init__(self, api: Any, *, look: Callable[[], None] | None = None) -> None:
        self._look = look
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama.cpp")
        self._stopping = False
        # Kept here, since the callback must outlive every call.
        self.stop: Any = api.ggml_abort_callback(lambda _: self._stopping)

    def run(self, call: Callable[..., int], *given: object) -> int:
        """What the call returns. An exception that reaches the waiting caller breaks it off."""
        if self._look is not None:
            self._look()
        running = self._thread.submit(call, *given)
        try:
            return self._waited(running)
        except BaseException:
            self._stopping = True
            while not running.done():  # nobody may go on before, however often Ctrl-C is pressed
                with contextlib.suppress(KeyboardInterrupt):
                    running.exception()
            self._stopping = False
            raise

    def _waited(self, running: Future[int]) -> int:
        while True:
            try:
                return running.result(timeout=_LOOK)
            except NotYet:
                if running.done():
                    raise
            if self._look is not None:
                self._look()

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(wait=True)
