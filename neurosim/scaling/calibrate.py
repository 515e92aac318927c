"""Coefficients of the cost model: of short runs of the network itself, and of stored ones.

The computing coefficients depend on the network's equations, so a few ranks of it, small enough
to be built in a moment, are run alone (:class:`neurosim.parallel.dry_run.DryRun`). What exchanges
cost cannot be measured alone: ``neurosim scaling`` measures and stores it for this machine.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engines.base import EngineOptions
from ..engines.native.estimate import layout
from ..lowering.program import Program
from ..parallel.dry_run import DryRun
from ..parallel.share import Share
from ..simulation import Simulation
from .machine import stored
from .model import DELIVER, UPDATE, Coefficients, fitted
from .work import Work, work

if TYPE_CHECKING:
    from ..description.network import Network

_SYNAPSES = (1.2e7, 1.5e6)  # of the ranks that are run: beyond a cache, and within
_STEPS, _STRETCHES = 250, 6
_TRUST = 0.05


@dataclass(frozen=True)
class Trial:
    """One rank that was run alone: its work per biological second, and what that took.

    ``update``, ``deliver`` and ``total`` are wall-clock seconds per biological second.
    """

    n_ranks: int
    rank: int
    work: Work
    update: float
    deliver: float
    total: float


def calibrated(
    network: Network, program: Program, options: EngineOptions, rate: float
) -> tuple[Coefficients, list[Trial]]:
    """Return coefficients fitted to short runs of the network's own ranks, and the runs.

    Parameters
    ----------
    network : Network
    program : Program
        The network lowered for the rank that is planned.
    options : EngineOptions
    rate : float
        Hz; of the neurons of other ranks.
    """
    start, _ = stored()
    trials = [trial(network, program.dt, options, Share(0, n), rate) for n in _ranks(program)]
    works = [t.work for t in trials]
    found = fitted(start, UPDATE, works, [t.update for t in trials], _TRUST)
    return fitted(found, DELIVER, works, [t.deliver for t in trials], _TRUST), trials


def _ranks(program: Program) -> list[int]:
    """Return numbers of ranks at which one has few synapses; not below the number planned."""
    n_ranks = program.share.n_ranks
    own = layout(program, 1).synapses
    found = {max(n_ranks, math.ceil(n_ranks * own / most)) for most in _SYNAPSES}
    return sorted(min(n, _most_ranks(program)) for n in found)


def _most_ranks(program: Program) -> int:
    """Return a number of ranks that still leaves some neurons to each."""
    return max(program.share.n_ranks, program.n_neurons // 64, 1)


def trial(network: Network, dt: float, options: EngineOptions, share: Share, rate: float) -> Trial:
    """Run one rank alone for a moment and return what it had to do and what it took."""
    with alone(network, dt, options, share, rate) as simulation:
        return trial_of(simulation, options, rate)


def trial_of(simulation: Simulation, options: EngineOptions, rate: float) -> Trial:
    """Run a simulation of one rank alone for a moment; return what it had to do and took."""
    from ..units import second  # noqa: PLC0415 - imports Brian2

    program = simulation.program
    share, dt = program.share, program.dt
    simulation.run(_STEPS * dt * second, warmup=True)
    timings = simulation.prepare().timings
    taken = []
    for _ in range(_STRETCHES):
        before = (timings.update_s, timings.deliver_s, time.perf_counter())
        simulation.run(_STEPS * dt * second)
        now = (timings.update_s, timings.deliver_s, time.perf_counter())
        taken.append([after - began for after, began in zip(now, before, strict=True)])
    # of the least disturbed stretch: other processes only make it longer
    update, deliver, total = (min(part) / (_STEPS * dt) for part in zip(*taken, strict=True))
    own = simulation.summary().n_spikes / ((_STRETCHES + 1) * _STEPS * dt)
    others = rate * (program.n_neurons - sum(share.count(p.size) for p in program.populations))
    return Trial(
        n_ranks=share.n_ranks,
        rank=share.rank,
        work=work(program, options, rate, spikes=own + others),
        update=update,
        deliver=deliver,
        total=total,
    )


def alone(
    network: Network, dt: float, options: EngineOptions, share: Share, rate: float
) -> Simulation:
    """Return a simulation of one rank that pretends to be among the others."""
    from ..units import second  # noqa: PLC0415 - imports Brian2

    return Simulation(
        network,
        dt=dt * second,
        engine="native",
        threads=options.threads,
        precision=options.precision,
        record=False,
        communicator=DryRun(share, rate),
    )
