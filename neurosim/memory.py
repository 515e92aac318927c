"""Memory: what this process may still take, and what it took."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def available_bytes() -> int | None:
    """Return the bytes this process may still allocate, or None where that cannot be told.

    The least of what the system has free, what a container's limit leaves and what the
    address-space limit allows.
    """
    found = [value for value in (_system_bytes(), _cgroup_bytes(), _rlimit_bytes()) if value]
    return min(found) if found else None


def machine_bytes() -> int | None:
    """Return the bytes that all processes of this machine may still allocate together."""
    found = [value for value in (_system_bytes(), _cgroup_bytes()) if value]
    return min(found) if found else None


def _system_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _cgroup_bytes() -> int | None:
    for limit_file, used_file in _CGROUPS:
        try:
            limit = int(Path(limit_file).read_text(encoding="ascii"))
            used = int(Path(used_file).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        return max(limit - used, 1)
    return None


def _rlimit_bytes() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def resident_bytes() -> int:
    """Return the memory this process has now, in bytes; its peak where that cannot be told."""
    return _status_bytes("VmRSS:") or peak_rss_bytes()


def peak_rss_bytes() -> int:
    """Return the largest resident memory this process has had, in bytes."""
    # getrusage would report the parent's peak too, which survives fork and exec on Linux
    found = _status_bytes("VmHWM:")
    if found is not None:
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status_bytes(name: str) -> int | None:
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def format_bytes(count: float) -> str:
    """Return a size for people, such as ``"2.4 GB"`` (powers of 1000)."""
    for unit in ("B", "kB", "MB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
