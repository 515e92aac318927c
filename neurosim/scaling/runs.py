"""Running one network on different numbers of ranks and threads, each run a job of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from ..errors import DescriptionError, ParallelError
from ..parallel.launch import MARK, SWITCH, launched, matching_mpiexec

# As root, more ranks than cores, ranks of several threads: Open MPI 4 and 5 refuse the first two
# and would bind a rank's threads to one core unless told otherwise; MPICH ignores all of them.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}
_SHOWN = 2000


@dataclass(frozen=True)
class Variant:
    """One way to run.

    Attributes
    ----------
    ranks, threads : int
        Threads of each rank. One rank is run without a launcher.
    words : tuple of str
        Options that this variant adds.
    kind : {"strong", "weak"}
        Whether the network is the same for all, or grows with the cores.
    """

    ranks: int
    threads: int
    words: tuple[str, ...] = ()
    kind: str = "strong"

    @property
    def cores(self) -> int:
        """Threads of all ranks."""
        return self.ranks * self.threads

    @property
    def label(self) -> str:
        """What to call it."""
        return f"{self.kind}, {self.ranks} x {self.threads}"


def require_launcher() -> str | None:
    """Return mpiexec; None if there is none, or no mpi4py, so that only threads can be measured.

    Raises
    ------
    ParallelError
        This process is itself one of several that a launcher started.
    """
    told = {name: value for name, value in os.environ.items() if name not in (SWITCH, MARK)}
    inside = launched(told)
    if inside is not None:
        raise ParallelError(
            f"{inside.launcher} started this process as one of several; neurosim scaling starts "
            "the ranks itself, so start it alone: neurosim scaling ..."
        )
    return matching_mpiexec() if find_spec("mpi4py") else None


def neurosim_run(*words: str) -> list[str]:
    """Return the command line of a run that records nothing and tells its summary."""
    quiet = ["--no-record", "--quiet", "--json"]
    return [sys.executable, "-m", "neurosim", "run", *words, *quiet]


def command(variant: Variant, base: Sequence[str], mpiexec: str | None) -> list[str]:
    """Return the command line of a variant of a run, among ranks if it has several."""
    run = [*base, *variant.words, "--threads", str(variant.threads)]
    if variant.ranks == 1:
        return run
    if mpiexec is None:
        raise ParallelError(
            f"{variant.ranks} ranks need mpi4py and mpiexec: pip install 'neurosim[mpi]'."
        )
    return [mpiexec, "-n", str(variant.ranks), *run]


def run_once(
    variant: Variant, base: Sequence[str], mpiexec: str | None, limit_s: float | None = None
) -> dict[str, Any]:
    """Run a variant and return its summary, the last line of its output.

    Raises
    ------
    ParallelError
        It failed, or took longer than ``limit_s``.
    DescriptionError
        It is an experiment of several simulations.
    """
    line = command(variant, base, mpiexec)
    ours = OPEN_MPI if variant.ranks > 1 else {}
    environment = {**ours, **os.environ, SWITCH: ""}  # the user's settings of MPI win
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, timeout=limit_s, env=environment
        )
    except subprocess.TimeoutExpired as late:
        raise ParallelError(f"{' '.join(line)}\ntook longer than {limit_s:g} s.") from late
    output = done.stdout.strip().splitlines()
    if done.returncode or not output:
        raise ParallelError(
            f"{' '.join(line)}\nended with code {done.returncode}:\n{done.stderr[-_SHOWN:]}"
        )
    summary: dict[str, Any] = json.loads(output[-1])
    if "simulate_s" not in summary:
        raise DescriptionError(
            f"{' '.join(line)}\nsimulates several networks, one after the other; scaling is "
            "measured of one network. Choose an experiment of one, such as microcircuit."
        )
    return summary


def measure(
    variants: Sequence[Variant],
    base: Sequence[str],
    mpiexec: str | None,
    runs: int,
    tell: Callable[[str], None],
    limit_s: float | None = None,
    tolerant: bool = False,
    goes_on: Callable[[], bool] = lambda: True,
) -> list[dict[str, Any]]:
    """Run every variant ``runs`` times, taking turns; return the medians, one row per variant.

    ``base`` is the command line that the variant's words are added to. A run that fails, or
    takes longer than ``limit_s``, raises ParallelError; if ``tolerant`` it is told and left out,
    and so is a variant of which all runs fail. ``goes_on`` is asked before every run; runs
    that it does not want are left out.
    A row has the numbers of the summary, and ``kind``, ``ranks``, ``threads``, ``cores``,
    ``communication`` (share of the time spent in exchanges) and ``bytes_per_spike``.
    """
    found: list[list[dict[str, Any]]] = [[] for _ in variants]
    for turn in range(runs):
        for variant, results in zip(variants, found, strict=True):
            if not goes_on():
                continue
            tell(f"round {turn + 1} of {runs}: {variant.label}")
            try:
                results.append(run_once(variant, base, mpiexec, limit_s))
            except ParallelError as error:
                if not tolerant:
                    raise
                tell(str(error))
    both = zip(variants, found, strict=True)
    return [row(variant, medians(results)) for variant, results in both if results]


def row(variant: Variant, middle: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variant's numbers and what follows from them."""
    simulate, spikes = float(middle["simulate_s"]), float(middle["n_spikes"])
    return {
        **middle,
        "kind": variant.kind,
        "ranks": variant.ranks,
        "threads": variant.threads,
        "cores": variant.cores,
        "words": list(variant.words),
        "communication": float(middle.get("exchange_s", 0.0)) / simulate if simulate else 0.0,
        "bytes_per_spike": float(middle.get("exchange_bytes", 0)) / spikes if spikes else 0.0,
    }


def medians(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of every number; of other values the first."""
    return {
        key: statistics.median([r[key] for r in results])
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for key, value in results[0].items()
    }
