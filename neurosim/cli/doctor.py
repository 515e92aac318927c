"""``neurosim doctor``: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import click

from .._version import __version__
from ..errors import CompilerNotFoundError
from .output import print_json

_REQUIRED = ("brian2", "numpy", "scipy", "h5py", "matplotlib", "click", "tqdm")
_OPTIONAL = {
    "ziglang": "a C++ compiler from PyPI, for machines without one",
    "neo": "Recording.to_neo()",
    "libsonata": "reading recordings with the SONATA project's own reader",
    "elephant": "further analysis of spike trains",
}
_VECTOR_FLAGS = ("avx512f", "avx2", "avx", "fma", "sse4_2", "asimd", "neon")


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do if that is not good."""

    name: str
    status: str
    found: str
    advice: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> None:
    """Show compiler, CPU, cache, memory and optional parts."""
    checks = list(examine())
    if as_json:
        print_json({c.name: {k: v for k, v in vars(c).items() if k != "name"} for c in checks})
        return
    width = max(len(check.name) for check in checks)
    for check in checks:
        click.echo(f"{check.status:<8} {check.name.ljust(width)}  {check.found}")
        if check.advice:
            click.echo(f"{'':<8} {'':<{width}}  -> {check.advice}")


def examine() -> Iterator[Check]:
    """Look at everything; statuses are ok, missing (optional) and problem."""
    yield Check("neurosim", "ok", f"{__version__} in {Path(__file__).parents[1]}")
    yield Check("python", "ok", f"{platform.python_version()}, {sys.executable}")
    yield from _packages()
    yield _compiler()
    yield _cpu()
    yield _cache()
    yield _memory()
    for name, use in _OPTIONAL.items():
        if util.find_spec(name) is None:
            yield Check(name, "missing", f"optional: {use}", f"pip install {name}")
        else:
            yield Check(name, "ok", _version(name))


def _packages() -> Iterator[Check]:
    for name in _REQUIRED:
        if util.find_spec(name) is None:
            yield Check(name, "problem", "not installed", f"pip install {name}")
        else:
            yield Check(name, "ok", _version(name))
    numpy = tuple(int(part) for part in _version("numpy").split(".")[:2] if part.isdigit())
    if sys.version_info < (3, 12) and numpy >= (2, 4):
        yield Check(
            "brian2+numpy",
            "problem",
            "the last Brian2 for Python 3.11 does not work with NumPy 2.4 or newer",
            "pip install 'numpy<2.4', or use Python 3.12 or newer",
        )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "version unknown"


def _compiler() -> Check:
    from ..engines.native.compiler import find_compiler  # noqa: PLC0415 - not for --help

    try:
        found = find_compiler()
    except CompilerNotFoundError as error:
        return Check("compiler", "missing", "none: only the slow engine 'brian2' runs", str(error))
    return Check("compiler", "ok", f"{' '.join(found.command)} ({found.version})")


def _cpu() -> Check:
    from ..engines.native.compiler import cpu_flags, cpu_model  # noqa: PLC0415 - not for --help

    flags = [flag for flag in _VECTOR_FLAGS if flag in cpu_flags()]
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        usable = os.cpu_count() or 1
    vectors = " ".join(flags) or "no vector instructions known"
    return Check("cpu", "ok", f"{cpu_model()}, {usable} cores usable, {vectors}")


def _cache() -> Check:
    from ..store import cache_dir, wanted_cache_dir  # noqa: PLC0415 - not for --help

    wanted, used = wanted_cache_dir(), cache_dir()
    if used != wanted:
        return Check(
            "cache",
            "problem",
            f"{wanted} cannot be written, so compiled code is not kept",
            "set NEUROSIM_CACHE_DIR to a folder that can be written",
        )
    size = sum(path.stat().st_size for path in used.rglob("*") if path.is_file())
    return Check("cache", "ok", f"{used}, {size / 1e6:.1f} MB; may be deleted at any time")


def _memory() -> Check:
    from ..memory import available_bytes, format_bytes  # noqa: PLC0415 - not for --help

    available = available_bytes()
    if available is None:
        return Check("memory", "ok", "cannot be told on this system")
    enough = "enough" if available > 3.5e9 else "not enough"
    return Check(
        "memory",
        "ok",
        f"{format_bytes(available)} available, {enough} for the full-scale microcircuit",
    )
