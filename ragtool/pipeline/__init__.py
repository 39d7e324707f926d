"""The stages put together: the only place where they meet.

`index` and `remove` change an index, `repair` mends it; `search`, `Session` and `summarize`
answer; `documents`, `failures`, `status`, `show` and `doctor` look; `verify` checks a
saved answer, `repeat` asks for it again; `evaluate` and `tune` measure. `Kept` is what
stays loaded between sessions.

Each is loaded when it is first used: a command needs one or two of them, help none.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragtool.pipeline.asking import Session, search
    from ragtool.pipeline.evaluating import evaluate
    from ragtool.pipeline.indexing import index, remove
    from ragtool.pipeline.inspecting import doctor, documents, failures, show, status
    from ragtool.pipeline.loading import Kept
    from ragtool.pipeline.repairing import repair
    from ragtool.pipeline.repeating import repeat
    from ragtool.pipeline.summarizing import summarize
    from ragtool.pipeline.tuning import tune
    from ragtool.pipeline.verifying import verify

__all__ = [
    "Kept",
    "Session",
    "doctor",
    "documents",
    "evaluate",
    "failures",
    "index",
    "remove",
    "repair",
    "repeat",
    "search",
    "show",
    "status",
    "summarize",
    "tune",
    "verify",
]

_HOMES = {
    "asking": ("Session", "search"),
    "evaluating": ("evaluate",),
    "indexing": ("index", "remove"),
    "inspecting": ("doctor", "documents", "failures", "show", "status"),
    "loading": ("Kept",),
    "repairing": ("repair",),
    "repeating": ("repeat",),
    "summarizing": ("summarize",),
    "tuning": ("tune",),
    "verifying": ("verify",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
