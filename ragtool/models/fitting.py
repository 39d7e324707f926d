"""Whether a model can fit into this machine's memory, told before it is hashed and loaded."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from ragtool.errors import ModelError


def check_fits(path: Path) -> None:
    """Raises ModelError where the file is larger than all the memory there is."""
    size, memory = path.stat().st_size, physical_memory()
    if memory is not None and size > memory:
        raise ModelError(
            f"{path} is too large for the memory of this machine: "
            f"{size / 1e9:.1f} GB of {memory / 1e9:.1f} GB.",
            hint="Choose a smaller one: ragtool models list",
        )


def physical_memory() -> int | None:
    """Bytes of memory that the machine has; None where it can't be told."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _windows_memory() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "free_pages")),
            *((name, ctypes.c_ulonglong) for name in ("virtual", "free_virtual", "extended")),
        )

    status = Status(length=ctypes.sizeof(Status))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - only Windows' ctypes has it
    return int(status.total) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None
