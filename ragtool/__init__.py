"""Answers from a folder of documents, each sentence cited to the letter.

The names below are loaded when they are first used, so that importing the
package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Answer": "ragtool.records",
    "Citation": "ragtool.records",
    "Document": "ragtool.records",
    "Filters": "ragtool.records",
    "Hit": "ragtool.records",
    "RagtoolError": "ragtool.errors",
    "Session": "ragtool.pipeline",
    "Settings": "ragtool.config",
    "Summary": "ragtool.records",
    "index": "ragtool.pipeline",
    "resolve": "ragtool.config",
    "search": "ragtool.pipeline",
    "summarize": "ragtool.pipeline",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has a type of its own
    if name not in _HOMES:
        raise AttributeError(f"module 'ragtool' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
