"""Whether a launcher such as mpiexec or srun started this process as one of several."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MARK = "NEUROSIM_RANK_PROCESS"
SWITCH = "NEUROSIM_MPI"
OPEN_MPI = "Open MPI's mpiexec"

# what launchers tell each process: its number, how many there are, and the launcher's name
_TOLD = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", OPEN_MPI),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MVAPICH's mpiexec"),
    ("PALS_RANKID", "PALS_SIZE", "PALS mpiexec"),
    ("PMI_RANK", "PMI_SIZE", "mpiexec"),
    # a batch script that was not started with srun has SLURM_NTASKS, but not these two
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "srun"),
)
_ALONE = ("PMIX_RANK", "PALS_RANKID")  # set without a number of processes by some launchers


@dataclass(frozen=True)
class Launch:
    """What the launcher told this process.

    Attributes
    ----------
    rank : int
    n_ranks : int or None
        None if the launcher did not say how many processes it started.
    launcher : str
    """

    rank: int
    n_ranks: int | None
    launcher: str


def launched(environment: Mapping[str, str] | None = None) -> Launch | None:
    """Return what the launcher told this process, or None if it runs alone.

    Processes that a rank starts inherit its environment; they run alone, as does everything
    where ``NEUROSIM_MPI=off`` is set.
    """
    told = os.environ if environment is None else environment
    if told.get(SWITCH, "").lower() in ("off", "0", "no"):
        return None
    if told.get(MARK, str(os.getpid())) != str(os.getpid()):
        return None
    for rank, size, launcher in _TOLD:
        if told.get(rank, "").isdigit() and told.get(size, "").isdigit():
            n_ranks = int(told[size])
            return Launch(int(told[rank]), n_ranks, launcher) if n_ranks > 1 else None
    for rank in _ALONE:
        if told.get(rank, "").isdigit():
            return Launch(int(told[rank]), None, "the launcher")
    return None


def mark() -> None:
    """Let processes that this one starts know that they are no ranks."""
    os.environ[MARK] = str(os.getpid())


def matching_mpiexec() -> str | None:
    """Return the mpiexec installed beside this Python, else the one on the PATH, if any."""
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.exists() else shutil.which("mpiexec")
