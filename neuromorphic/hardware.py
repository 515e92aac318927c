"""Parts, events and clocks of a machine: what its time and energy are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..errors import AnalysisError
from .knobs import CERTAINTY
from .workload import Workload

_ORDER = ("choice", "C", "Cx", "2", "U")


@dataclass(frozen=True)
class Figure:
    """A number with its certainty: ``C``, ``Cx``, ``2``, ``U`` or ``choice`` (see knobs).

    ``value`` is in SI units, ``source`` a short name as in the documentation.
    """

    value: float
    fact: str
    source: str = ""

    def __post_init__(self) -> None:
        if self.fact not in CERTAINTY:
            known = ", ".join(CERTAINTY)
            raise AnalysisError(f"certainty {self.fact!r} is not known; give one of: {known}.")


def lowest(facts: Iterable[str]) -> str:
    """Return the certainty of what was computed from facts: that of the least sure one.

    What is computed from confirmed facts is ``Cx``; a user's choice makes nothing less sure.
    """
    return _ORDER[max([_ORDER.index(fact) for fact in facts] + [_ORDER.index("Cx")])]


@dataclass(frozen=True)
class Part:
    """Hardware that draws power whether or not anything happens.

    Attributes
    ----------
    name : str
        As the mapping report's ``resources`` name it: ``boards``, ``cores``, ...
    watts : Figure
        Of one.
    neurons, synapses : Figure or None
        How many one holds: gives the number needed where no mapping tells.
    """

    name: str
    watts: Figure
    neurons: Figure | None = None
    synapses: Figure | None = None

    def needed(self, workload: Workload) -> tuple[float, str]:
        """Return how many are used, and the certainty of that."""
        if self.name in workload.resources:
            return float(workload.resources[self.name]), "Cx"
        wanted = ((self.neurons, workload.neurons), (self.synapses, workload.synapses))
        least, facts = 1.0, ["Cx"]
        for held, given in wanted:
            if held is not None and given is not None:
                facts.append(held.fact)
                least = max(least, math.ceil(given / held.value))
        return least, lowest(facts)


@dataclass(frozen=True)
class PerEvent:
    """Energy of something that happens.

    Attributes
    ----------
    what : str
        A name of :meth:`Workload.count`.
    joules : Figure
    meaning : str
    between : str
        Name of the parts that it happens between: where there is only one, it does not.
    """

    what: str
    joules: Figure
    meaning: str = ""
    between: str = ""


class Clock(Protocol):
    """How long a run takes on the machine."""

    def seconds(self, workload: Workload) -> tuple[float, str]:
        """Return the wall time of a run, and the certainty of that."""


@dataclass(frozen=True)
class RealTime:
    """Wall time is biological time times a factor (SpiNNaker's ``time_scale_factor``)."""

    factor: Figure

    def seconds(self, workload: Workload) -> tuple[float, str]:
        """Return the wall time of a run, and the certainty of that."""
        return workload.duration * self.factor.value, lowest([self.factor.fact])


@dataclass(frozen=True)
class Ticks:
    """Every time step takes the same (TrueNorth's tick, Tianjic's round)."""

    tick: Figure

    def seconds(self, workload: Workload) -> tuple[float, str]:
        """Return the wall time of a run, and the certainty of that."""
        return workload.steps * self.tick.value, lowest([self.tick.fact])


@dataclass(frozen=True)
class Accelerated:
    """Wall time is biological time divided by a speed-up, after an offset (BrainScaleS)."""

    speedup: Figure
    offset: Figure = Figure(0.0, "choice")

    def seconds(self, workload: Workload) -> tuple[float, str]:
        """Return the wall time of a run, and the certainty of that."""
        took = workload.duration / self.speedup.value + self.offset.value
        return took, lowest([self.speedup.fact, self.offset.fact])


@dataclass(frozen=True)
class Barrier:
    """A time step ends when the busiest core has ended its work (Loihi).

    Per step: ``barrier``, plus ``neuron`` for each neuron of a core, plus ``synapse`` for each
    synaptic event of the busiest core, plus ``spike`` for each spike of a core. Where the run does
    not tell the busiest core's events, they are taken to be spread evenly over the cores: the
    time is then a lower bound.
    """

    cores: Part
    neuron: Figure
    synapse: Figure
    spike: Figure
    barrier: Figure

    def seconds(self, workload: Workload) -> tuple[float, str]:
        """Return the wall time of a run, and the certainty of that."""
        cores, sure = self.cores.needed(workload)
        busiest = workload.count("busiest")
        if busiest is None:
            busiest, sure = workload.synaptic_events / cores, "U"
        held = math.ceil(workload.neurons / cores)
        took = (
            workload.steps * (self.barrier.value + held * self.neuron.value)
            + busiest * self.synapse.value
            + workload.spikes / cores * self.spike.value
        )
        parts = (self.neuron, self.synapse, self.spike, self.barrier)
        return took, lowest([sure, *(p.fact for p in parts)])
