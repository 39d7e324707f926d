"""What this process may use of the machine, and which machine it is."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")
_QUOTA = _GROUP / "cpu.max"
_MEMORY = Path("/proc/meminfo")
_PROCESSORS = Path("/proc/cpuinfo")


def cores() -> int:
    """How many cores the process may use: its affinity, and a container's quota.

    llama.cpp and ONNX Runtime count the machine's cores instead, and slow
    down many times over where a container allows fewer.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(count, _quota()))


def available_memory() -> int | None:
    """Bytes that programs can still have; None where the system doesn't say (only Linux does)."""
    known = [room for room in (_of_machine(), _of_container()) if room is not None]
    return min(known, default=None)


def _of_machine() -> int | None:
    try:
        for line in _MEMORY.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return None


def _of_container() -> int | None:
    """What the container's limit (cgroup v2) leaves; files it read can be dropped again."""
    try:
        most = int((_GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_GROUP / "memory.current").read_text(encoding="ascii"))
        facts = (_GROUP / "memory.stat").read_text(encoding="ascii").split()
        return most - used + int(facts[facts.index("inactive_file") + 1])
    except (OSError, ValueError, IndexError):
        return None


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _quota() -> int:
    """Whole cores that the container's quota (cgroup v2) allows; many where there is none."""
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return 1024
