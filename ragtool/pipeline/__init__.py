"""The stages put together: the only place where they meet.

`index` and `remove` change an index, `repair` mends it; `search`, `Session` and `summarize`
answer; `documents`, `failures`, `status`, `show` and `doctor` look; `verify` checks a
saved answer, `repeat` asks for it again; `evaluate` and `tune` measure. `Kept` is what
stays loaded between sessions.
"""

from __future__ import annotations

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
