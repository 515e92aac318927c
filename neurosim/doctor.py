"""What works on this machine, and what to do about what does not."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from .cores import cpu_quota, usable_cores
from .errors import CompilerNotFoundError
from .parallel.installed import installed
from .store import LIMIT_BYTES, cache_bytes, cache_dir, wanted_cache_dir

_REQUIRED = ("brian2", "numpy", "scipy", "h5py", "matplotlib", "click", "tqdm")
_OPTIONAL = {
    "ziglang": "a C++ compiler from PyPI, for machines without one",
    "libsonata": "reading recordings with the SONATA project's own reader",
    "neo": "handing recordings to Neo",
    "elephant": "further analysis of spike trains",
}
_VECTOR_FLAGS = ("avx512f", "avx2", "avx", "asimd", "neon")
_FULL_SCALE_BYTES = 3.5e9  # the microcircuit at scale 1


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
    ok : bool
        False if something is missing or slower than it could be.
    detail : str
        What was found.
    advice : str
        What to do; empty when there is nothing to do.
    required : bool
        Whether the package is of no use without it.
    """

    name: str
    ok: bool
    detail: str
    advice: str = ""
    required: bool = False


def diagnose() -> list[Check]:
    """Look at everything that decides what runs here and how fast.

    Imports none of the big packages: versions are read from their metadata.
    """
    return [
        _python(),
        *_required(),
        _compiler(),
        _cpu(),
        _threads(),
        _memory(),
        _cache(),
        *_optional(),
        _ranks(),
    ]


def _python() -> Check:
    return Check(
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} ({sys.executable})",
        "" if sys.version_info >= (3, 11) else "use Python 3.11 or newer",
        required=True,
    )


def _required() -> Iterator[Check]:
    for name in _REQUIRED:
        version = _version(name)
        advice = "" if version else f"pip install {name}"
        yield Check(name, bool(version), version or "not installed", advice, required=True)
    numpy = (_version("numpy") or "0").split(".")
    if sys.version_info < (3, 12) and (int(numpy[0]), int(numpy[1] if numpy[1:] else 0)) >= (2, 4):
        yield Check(
            "brian2 with numpy",
            False,
            "the last Brian2 for Python 3.11 does not work with NumPy 2.4 or newer",
            "pip install 'numpy<2.4', or use Python 3.12 or newer",
            required=True,
        )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _compiler() -> Check:
    from .engines.native.compiler import find_compiler  # noqa: PLC0415 - starts processes

    try:
        found = find_compiler()
    except CompilerNotFoundError as error:
        return Check("compiler", False, "none; only the slow engine 'brian2' runs", str(error))
    return Check("compiler", True, f"{' '.join(found.command)}: {found.version}")


def _cpu() -> Check:
    from .engines.native.compiler import cpu_flags, cpu_model  # noqa: PLC0415

    present = [flag for flag in _VECTOR_FLAGS if flag in cpu_flags()]
    return Check("cpu", True, f"{cpu_model()}; {' '.join(present) or 'no vector units known'}")


def _threads() -> Check:
    cores, quota = usable_cores(), cpu_quota()
    if quota is not None and quota < cores:
        return Check(
            "threads",
            False,
            f"{cores} cores, but a quota of {quota:g} (container)",
            f"use --threads {max(1, int(quota))}; more would wait for each other",
        )
    return Check("threads", True, f"{cores} cores usable of {os.cpu_count()}")


def _memory() -> Check:
    from .memory import available_bytes, format_bytes  # noqa: PLC0415 - imports numpy

    available = available_bytes()
    if available is None:
        return Check("memory", True, "cannot be told on this system")
    enough = available >= _FULL_SCALE_BYTES
    return Check(
        "memory",
        enough,
        f"{format_bytes(available)} available",
        "" if enough else "the full-scale microcircuit needs 3.5 GB; run it with --scale 0.5",
    )


def _cache() -> Check:
    wanted, used = wanted_cache_dir(), cache_dir()
    if used != wanted:
        return Check(
            "cache",
            False,
            f"{wanted} cannot be written; compiled code is not kept",
            "set NEUROSIM_CACHE_DIR to a folder of yours",
        )
    size = f"{cache_bytes(used) / 1e6:.1f} MB of at most {LIMIT_BYTES / 1e6:.0f} MB"
    return Check("cache", True, f"{used}, {size}; may be deleted at any time")


def _optional() -> Iterator[Check]:
    for name, use in _OPTIONAL.items():
        if importlib.util.find_spec(name) is None:
            yield Check(name, False, f"not installed (optional: {use})", f"pip install {name}")
        else:
            yield Check(name, True, f"{_version(name) or 'version unknown'} ({use})")


def _ranks() -> Check:
    """Return whether one simulation can run as several processes, and how to start it."""
    found = installed()
    cluster = "on a cluster load its MPI module, then pip install mpi4py"
    if not found.mpi4py:
        return Check(
            "mpi4py",
            False,
            "not installed (optional: one simulation on several processes or computers)",
            f"pip install 'neurosim[mpi]' on one computer; {cluster}",
        )
    if not found.library:
        return Check(
            "mpi4py",
            False,
            f"{found.mpi4py}, which finds no MPI library",
            f"pip install mpich on one computer; {cluster}",
        )
    both = f"{found.mpi4py} with {found.library}"
    if not found.mpiexec:
        advice = "start ranks with srun, or install the mpiexec of that library beside this Python"
        return Check("mpi4py", False, f"{both}; no mpiexec beside this Python or on PATH", advice)
    if not found.fits:
        return Check(
            "mpi4py",
            False,
            f"{both}, but {found.mpiexec} is {found.launches}'s: its processes cannot join",
            f"start ranks with the mpiexec of {found.library}, or reinstall mpi4py with the other",
        )
    return Check("mpi4py", True, f"{both}; start with {found.mpiexec} -n 4 neurosim run ...")
