"""What one rank of many will need: foreseen, and measured by running that rank alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from ..engines import get_engine
from ..engines.base import EngineOptions
from ..engines.native.estimate import memory, n_threads
from ..errors import DescriptionError
from ..lowering.lower import lower
from ..lowering.program import Program
from ..memory import available_bytes, peak_rss_bytes, resident_bytes
from ..parallel.share import Share
from .calibrate import Trial, alone, calibrated, trial_of
from .machine import stored
from .model import Coefficients, Seconds
from .work import Work, exchanges, targeted_bytes, work

if TYPE_CHECKING:
    from ..description.network import Network
    from ..engines.native.engine import NativeExecutable

_MOST_RANKS = 1_000_000


@dataclass(frozen=True)
class Measured:
    """One rank of many that was built and run alone.

    Attributes
    ----------
    memory : dict of str to float
        Bytes by part, named as in the plan.
    resident, peak : float
        Bytes of the process once built, and at most.
    synapses : int
    build_s : float
    trial : Trial
        Seconds per biological second; no exchange is among them.
    """

    memory: dict[str, float]
    resident: float
    peak: float
    synapses: int
    build_s: float
    trial: Trial


@dataclass(frozen=True)
class Plan:
    """What one rank is expected to need.

    Attributes
    ----------
    rank, n_ranks, threads : int
    neurons, synapses : float
        Of the rank; ``all_neurons`` and ``all_synapses`` of the network.
    memory : dict of str to float
        Bytes by part; ``building`` only until the network is built, ``process`` is Python with
        its libraries, as it is in this process.
    work : Work
    seconds : Seconds
        Per biological second.
    targeted : float
        Bytes received per biological second if ranks are sent only what they have targets for.
    coefficients : Coefficients
    trials : list of Trial
        What the computing coefficients were fitted to.
    exchange_known : bool
        Whether the exchange's coefficients were measured on this machine.
    """

    rank: int
    n_ranks: int
    threads: int
    rate: float
    neurons: int
    synapses: float
    all_neurons: int
    all_synapses: float
    memory: dict[str, float]
    work: Work
    seconds: Seconds
    exchanges: float
    targeted: float
    coefficients: Coefficients
    trials: list[Trial] = field(default_factory=list)
    exchange_known: bool = False
    measured: Measured | None = None

    @property
    def lasting(self) -> float:
        """Bytes of the rank while it simulates."""
        return sum(self.memory.values()) - self.memory["building"]

    @property
    def peak(self) -> float:
        """Bytes of the rank at most."""
        return sum(self.memory.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data for JSON."""
        told = {
            name: getattr(self, name)
            for name in (
                "rank",
                "n_ranks",
                "threads",
                "neurons",
                "synapses",
                "all_neurons",
                "all_synapses",
                "memory",
                "lasting",
                "peak",
                "exchanges",
            )
        }
        told |= {"rate_hz": self.rate, "targeted_bytes": self.targeted}
        told |= {"work": self.work.as_dict(), "seconds": vars(self.seconds)}
        told |= {"coefficients": self.coefficients.as_dict()}
        told |= {"exchange_known": self.exchange_known, "available_bytes": available_bytes()}
        if self.measured is not None:
            told["measured"] = {
                **{k: v for k, v in vars(self.measured).items() if k != "trial"},
                "seconds": {
                    k: getattr(self.measured.trial, k) for k in ("update", "deliver", "total")
                },
            }
        return told


def plan(
    network: Network,
    dt: Any,
    share: Share,
    *,
    threads: int = 1,
    precision: Literal["double", "single"] = "double",
    rate: float = 5.0,
    measure: bool = False,
) -> Plan:
    """Return what a rank will need of memory and time.

    Parameters
    ----------
    network : Network
    dt : Quantity of time or None
        None: 0.1 ms.
    share : Share
        Which rank, of how many.
    threads : int
        Of each rank.
    precision : {"double", "single"}
    rate : float
        Spikes of every neuron per second, Hz.
    measure : bool
        Build and run the rank too, alone; its memory is taken.
    """
    from ..units import ms  # noqa: PLC0415 - imports Brian2

    _check(share, rate)
    program = lower(network, 0.1 * ms if dt is None else dt, share=share)
    options = EngineOptions(threads=threads, precision=precision)
    get_engine("native")  # what it imports counts, too
    before = resident_bytes()
    measured = _measured(network, program, options, rate) if measure else None
    coefficients, trials = calibrated(network, program, options, rate)
    needed = memory(program, options)
    needed["process"] = max(before - needed["program"], 0.0)
    todo, known = work(program, options, rate), stored()[1]
    return Plan(
        rank=share.rank,
        n_ranks=share.n_ranks,
        threads=n_threads(program, options),
        rate=rate,
        neurons=sum(share.count(p.size) for p in program.populations),
        synapses=sum(p.own_synapses for p in program.projections),
        all_neurons=program.n_neurons,
        all_synapses=sum(p.expected_synapses for p in program.projections),
        memory=needed,
        work=todo,
        seconds=coefficients.seconds(todo),
        exchanges=exchanges(program),
        targeted=targeted_bytes(program, rate),
        coefficients=coefficients,
        trials=trials,
        exchange_known=known,
        measured=measured,
    )


def _check(share: Share, rate: float) -> None:
    if not 1 <= share.n_ranks <= _MOST_RANKS or not 0 <= share.rank < share.n_ranks:
        raise DescriptionError(
            f"rank {share.rank} of {share.n_ranks}: give 1 to {_MOST_RANKS:,} ranks, and a rank "
            "from 0 to one less than there are."
        )
    if not 0 <= rate < float("inf"):
        raise DescriptionError(f"a rate of {rate:g} Hz; give a finite rate of 0 Hz or more.")


def _measured(network: Network, program: Program, options: EngineOptions, rate: float) -> Measured:
    with alone(network, program.dt, options, program.share, rate) as simulation:
        executable = cast("NativeExecutable", simulation.prepare())
        resident = resident_bytes()
        trial = trial_of(simulation, options, rate)
        return Measured(
            memory={name: float(size) for name, size in executable.memory().items()},
            resident=float(resident),
            peak=float(peak_rss_bytes()),
            synapses=sum(executable.synapse_count(p.name) for p in program.projections),
            build_s=executable.timings.build_s,
            trial=trial,
        )
