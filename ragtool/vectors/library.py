"""FAISS, loaded when it is first needed, and its errors made ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from ragtool.errors import SetupError, StoreError


def faiss(threads: int) -> ModuleType:
    """The library, told how many threads it may use. Raises SetupError where it is missing."""
    try:
        import faiss
    except ImportError as error:
        raise SetupError(
            f"FAISS can't be loaded: {error}.", hint="Install it: pip install faiss-cpu"
        ) from error
    faiss.omp_set_num_threads(threads)
    module: ModuleType = faiss
    return module


@contextmanager
def translated(task: str) -> Iterator[None]:
    """FAISS's errors inside become StoreErrors: it failed to do the task."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise StoreError(
            f"FAISS failed to {task} the vectors: {error}.", hint="Run ragtool index again."
        ) from error


def foreign(dimensions: int, *, asked: int) -> StoreError:
    """The question's vector is not of the kind that the index holds."""
    return StoreError(
        f"The index holds vectors of {dimensions} dimensions, "
        f"the question has {asked}: another embedding model.",
        hint="Run ragtool index again with the model you want.",
    )
