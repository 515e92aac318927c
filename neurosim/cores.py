"""How many cores this process may use: its affinity, and a container's limit."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_QUOTA_V1 = (
    Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)


def usable_cores() -> int:
    """Return the number of cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def cpu_quota() -> float | None:
    """Return how many cores' worth of time a container allows, or None if it sets no limit."""
    try:
        limit, period = _QUOTA.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            limit, period = (path.read_text(encoding="ascii").strip() for path in _QUOTA_V1)
        except OSError:
            return None
    try:
        quota = int(limit) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no limit
        return None
    return quota if quota > 0 else None


def sensible_threads() -> int:
    """Return how many threads of computation make sense: no more than cores, nor than the quota."""
    quota = cpu_quota()
    cores = usable_cores()
    return cores if quota is None else max(1, min(cores, int(quota)))
