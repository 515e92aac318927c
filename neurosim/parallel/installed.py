"""What MPI this Python has, and which launcher belongs to it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata

from .launch import matching_mpiexec

# in a process of its own: a library of MPI may end the process that loads it
_ASK = (
    "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; "
    "name, version = MPI.get_vendor(); print(name, '.'.join(map(str, version)))"
)
_TIMEOUT_S = 20
_LAUNCHERS = {"HYDRA": "MPICH", "Open MPI": "Open MPI", "Intel": "Intel MPI"}


@dataclass(frozen=True)
class Installed:
    """The parts that runs on several ranks need.

    Attributes
    ----------
    mpi4py : str
        Its version; empty if it is not installed.
    library : str
        Name and version of the library that mpi4py loads; empty if it finds none.
    mpiexec : str
        Path of the launcher beside this Python or on the PATH; empty if there is none.
    launches : str
        The library whose launcher that is; empty if it cannot be told.
    """

    mpi4py: str = ""
    library: str = ""
    mpiexec: str = ""
    launches: str = ""

    @property
    def fits(self) -> bool:
        """Whether the launcher starts ranks that this Python's library can join."""
        return bool(self.library and self.mpiexec) and self.library.startswith(self.launches)


def installed() -> Installed:
    """Look for mpi4py, its library and a launcher; starts two short processes."""
    try:
        version = metadata.version("mpi4py")
    except metadata.PackageNotFoundError:
        return Installed()
    mpiexec = matching_mpiexec() or ""
    told = _output([mpiexec, "--version"]) if mpiexec else ""
    launches = next((name for mark, name in _LAUNCHERS.items() if mark in told), "")
    return Installed(version, _output([sys.executable, "-c", _ASK]).strip(), mpiexec, launches)


def _output(command: list[str]) -> str:
    """Return what a command prints, or nothing if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
