"""The ranks that this process runs among."""

from __future__ import annotations

import os
import socket
import sys
import zlib
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import ParallelError
from .communicator import Communicator, Serial
from .guardian import watch_this_rank
from .launch import OPEN_MPI, SWITCH, Launch, launched, mark, matching_mpiexec


@cache
def world() -> Communicator:
    """Return the communicator of all ranks that were launched together.

    One process alone is :class:`Serial` and does not import mpi4py.

    Raises
    ------
    ParallelError
        If a launcher started several processes that cannot find each other.
    """
    mpi = _library(launched())
    if mpi is None:
        return Serial()
    from .mpi import MPICommunicator  # noqa: PLC0415 - not needed by one process

    communicator = MPICommunicator(mpi, mpi.COMM_WORLD)
    communicator.guard.install()
    share = communicator.share
    watch_this_rank(share.rank, share.n_ranks, _others_here(communicator))
    return communicator


def _others_here(communicator: Communicator) -> list[int]:
    """Return the processes of the other ranks on this computer."""
    here = zlib.crc32(socket.gethostname().encode())
    told = communicator.gather(np.array([[here, os.getpid()]], np.int64))
    return [int(pid) for ((host, pid),) in told if host == here and pid != os.getpid()]


def _library(launch: Launch | None) -> Any:
    """Return mpi4py's module if there are several ranks, else None."""
    if launch is None:
        loaded = sys.modules.get("mpi4py.MPI")
        several = loaded is not None and _is_open(loaded) and loaded.COMM_WORLD.Get_size() > 1
        return loaded if several else None
    mark()
    try:
        mpi = _loaded_library()
    except (ImportError, RuntimeError) as error:
        raise ParallelError(_without_library(launch, error)) from error
    if not mpi.Is_initialized():
        if launch.launcher == OPEN_MPI and mpi.get_vendor()[0] == "MPICH":
            raise ParallelError(_strangers(launch, mpi))  # MPICH would end the process
        mpi.Init_thread()
    if mpi.COMM_WORLD.Get_size() > 1:
        return mpi
    if launch.n_ranks is None:
        return None
    raise ParallelError(_strangers(launch, mpi))


def _loaded_library() -> Any:
    """Import mpi4py without initialising MPI, unless that was done before."""
    if "mpi4py.MPI" not in sys.modules:
        settings = import_module("mpi4py").rc
        settings.initialize, settings.finalize = False, True
    return import_module("mpi4py.MPI")


def _is_open(mpi: Any) -> bool:
    return bool(mpi.Is_initialized() and not mpi.Is_finalized())


def _without_library(launch: Launch, error: BaseException) -> str:
    many = "several" if launch.n_ranks is None else launch.n_ranks
    reason = str(error).partition("\n")[0]
    return (
        f"{launch.launcher} started {many} processes, which need mpi4py to run one simulation, "
        f"but it cannot be imported by {sys.executable} ({reason}). On one machine, "
        "pip install 'neurosim[mpi]'; on a cluster, load its MPI module and pip install mpi4py. "
        f"For separate simulations, set {SWITCH}=off."
    )


def _strangers(launch: Launch, mpi: Any) -> str:
    name, version = mpi.get_vendor()
    found = matching_mpiexec()
    right = (
        f"Start with the mpiexec of that library: {found or 'none is beside this Python'}; "
        "with srun, choose what the library speaks (srun --mpi=pmi2 for MPICH, --mpi=pmix for "
        "Open MPI)."
    )
    return (
        f"{launch.launcher} started {launch.n_ranks} processes, but mpi4py's library, {name} "
        f"{'.'.join(map(str, version))}, cannot join them: each would run the whole simulation. "
        f"{right} For separate simulations, set {SWITCH}=off."
    )
