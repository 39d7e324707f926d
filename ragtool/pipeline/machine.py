"""What this process may use of the machine."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """How many cores the process may use: its affinity, and a container's quota.

    llama.cpp and ONNX Runtime count the machine's cores instead, and slow
    down many times over where a container allows fewer.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(count, _quota()))


def _quota() -> int:
    """Whole cores that the container's quota (cgroup v2) allows; many where there is none."""
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return 1024
