"""Where a recording comes from: machine, versions, commit, command."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from .._version import __version__


def collect(packages: tuple[str, ...] = ("numpy", "h5py", "brian2", "scipy")) -> dict[str, str]:
    """Return host, CPU, operating system, versions, git commit and command line.

    Versions come from the installed packages' metadata, so that nothing is imported for them.
    Something that cannot be found out is left out.
    """
    found = {
        "host": socket.gethostname(),
        "cpu": _cpu(),
        "cpu_count": str(os.cpu_count() or ""),
        "os": platform.platform(),
        "python_version": platform.python_version(),
        "neurosim_version": __version__,
        "git_commit": _git_commit(),
        "command_line": " ".join(sys.argv),
        "working_directory": _working_directory(),
    }
    for package in packages:
        found[f"{package}_version"] = _version(package)
    return {key: value for key, value in found.items() if value}


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def _git_commit() -> str:
    """Return the commit of the checkout the package runs from, with ``-dirty`` if changed.

    Asked once: what was imported then is what runs.
    """
    root = Path(__file__).resolve().parents[2]
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--match="],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
