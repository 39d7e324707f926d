"""Whether a first name is a man's or a woman's, as lists of many countries have it.

The lists are Faker's, https://github.com/joke2k/faker. They are read when the
first name is asked about, not before.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections import Counter
from typing import Literal

Pronoun = Literal["he", "she"]
# A name that both bear counts where this many times as many countries list it for the one.
_OFTENER = 3


def is_first_name(name: str) -> bool:
    """Whether some country's list has it."""
    return name in _listed("he") or name in _listed("she")


def pronoun_of(name: str) -> Pronoun | None:
    """ "he" or "she", None for a name that is on no list or on both."""
    he, she = _listed("he")[name], _listed("she")[name]
    if he >= _OFTENER * she and he:
        return "he"
    return "she" if she >= _OFTENER * he and she else None


@functools.cache
def _listed(pronoun: Pronoun) -> Counter[str]:
    """In how many countries each name is listed."""
    kind = "first_names_male" if pronoun == "he" else "first_names_female"
    found: Counter[str] = Counter()
    for provider in _providers():
        found.update(set(getattr(provider, kind, None) or ()))
    return found


@functools.cache
def _providers() -> tuple[type, ...]:
    from faker.providers import person

    names = sorted(module.name for module in pkgutil.iter_modules(person.__path__))
    return tuple(importlib.import_module(f"{person.__name__}.{name}").Provider for name in names)
