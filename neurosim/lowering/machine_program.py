"""What a machine does otherwise than an ideal computer, as plain data: part of the Program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .learning_program import DeferredStdp

NumberFormat = Literal["s16.15", "float32"]


@dataclass(frozen=True)
class Scalar:
    """The arithmetic that a neuron model's code is computed in, neuron by neuron.

    Attributes
    ----------
    format : {"s16.15", "float32"}
        ``s16.15``: 32-bit fixed point with 15 bits after the point; sums wrap around, a product is
        ``(a*b) >> 15`` rounded down, a number written in the code is cut to the bits it has.
        Values from outside are rounded, half to even. Nothing is rearranged or worked out
        beforehand: the code is computed as it stands.
    second : float
        The unit of time of the code (``dt``, ``t``), in seconds.
    """

    format: NumberFormat
    second: float = 1.0


@dataclass(frozen=True)
class Grid:
    """The numbers a weight can be: whole multiples of a quantum.

    A drawn weight is multiplied by ``factor`` (a change of unit), made positive if ``absolute``,
    divided by ``quantum``, rounded, brought into [low, high] and multiplied by ``quantum``.

    Attributes
    ----------
    quantum : float
        0: weights are not rounded.
    low, high : int
        Allowed multiples: others become the nearest allowed; with ``wraps``, as a counter of
        ``high + 1`` values does (``low`` is 0 then).
    rounding : {"even", "zero", "down"}
        To the nearest, halves to even; towards zero; downwards.
    """

    factor: float = 1.0
    quantum: float = 0.0
    low: int = -(2**53)
    high: int = 2**53
    rounding: Literal["even", "zero", "down"] = "even"
    absolute: bool = False
    wraps: bool = False

    def apply(self, weight: NDArray[np.floating] | float) -> NDArray[np.float64]:
        """Return weights as the machine has them; those given are as drawn."""
        value = np.asarray(weight, np.float64) * self.factor
        value = np.abs(value) if self.absolute else value
        if not self.quantum:
            return value
        rounded = _ROUNDING[self.rounding](value / self.quantum)
        if self.wraps:
            return np.mod(rounded, self.high + 1.0) * self.quantum
        return np.clip(rounded, float(self.low), float(self.high)) * self.quantum


_ROUNDING = {"even": np.rint, "zero": np.trunc, "down": np.floor}


@dataclass(frozen=True)
class Saturation:
    """What synapses add to ``variable`` in one step ends at ``limit``; additions cut are counted.

    The variable is set to 0 by the model's code before the next step's additions; Poisson inputs
    are not limited.
    """

    population: str
    variable: str
    limit: float


@dataclass(frozen=True, eq=False)
class Gate:
    """A line that spikes pass one after the other, each step so many; all groups have such a line.

    Attributes
    ----------
    name : str
    group : (n_ids,) int32
        The line each neuron or source sends on; -1: on none, its spikes pass freely.
    per_step : float
        Spikes that pass a line in a step; what is left of a fraction is kept for the next steps.
    depth : int
        Spikes that can wait in a line, by id within a step; one more is lost. With ``own_place``
        a neuron has one place of its own: it loses a spike while an earlier one still waits.
    loss : float
        Share of spikes lost at random after the line, each by itself
        (:func:`neurosim.streams.words` with purpose ``SPIKE_LOSS``).
    seed : int
        Of what is lost at random.
    """

    name: str
    group: NDArray[np.int32]
    per_step: float
    depth: int
    own_place: bool = False
    loss: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class CoreSlice:
    """Neurons that one core updates: those of a population from ``first`` on, ``size`` of them."""

    population: str
    first: int
    size: int


@dataclass(frozen=True, eq=False)
class Cores:
    """Cores that work off the synaptic events of the spikes that reach them, in order of arrival.

    A spike's events on a core are its synapses onto the core's neurons. A spike whose events are
    not finished within the step is late by that many steps: with ``skips_late`` it acts as if it
    were on time, but the synapses whose delay has passed by then are left out (see ``colours`` and
    ``slots``); otherwise all of it acts later by so much. More than 1,023 steps late is lost.

    Attributes
    ----------
    slices : tuple of CoreSlice
        Every neuron of the network is in exactly one, in order of ids.
    lanes : (n_slices,) int64
        Cores that share the synapses of a slice: lane of a source id is its
        ``source_slice % lanes``.
    source_slice : (n_ids,) int32
        Which slice of its population a neuron or source is in, counted over the network.
    budget : float or (n_slices,) float64
        Events that a core works off per step; inf: any number.
    fifo : int
        Spikes that can wait; one more is lost.
    drops_late : bool
        Spikes that are not finished within their step are dropped.
    skips_late : bool
    delay_shift : int
        What the machine's delays are longer by than the Program's: a synapse has passed when its
        delay plus this is not more than the lateness.
    colours : int
        Steps that a spike's colour tells apart, with ``skips_late``: by whole multiples of it a
        spike acts later. 0: any number.
    slots : (n_slices,) int64, optional
        Steps that a slice's ring of delays holds, on the machine: a delay of just so many is never
        left out, it acts when its slot comes next. 0: any number.
    base_load : (n_slices,) float64
        Events per step of input that is not sent as spikes (Poisson inputs), on lane 0.
    load_every : int
        Steps per entry of the recorded load.
    """

    slices: tuple[CoreSlice, ...]
    lanes: NDArray[np.int64]
    source_slice: NDArray[np.int32]
    budget: float | NDArray[np.float64]
    fifo: int
    drops_late: bool
    skips_late: bool
    base_load: NDArray[np.float64]
    load_every: int
    delay_shift: int = 1
    colours: int = 0
    slots: NDArray[np.int64] | None = None


@dataclass(frozen=True, eq=False)
class MachineProgram:
    """How spikes travel and sums end on a machine; an engine without it refuses the Program."""

    name: str
    saturations: tuple[Saturation, ...] = ()
    gates: tuple[Gate, ...] = ()
    cores: Cores | None = None
    learning: tuple[DeferredStdp, ...] = ()

    @property
    def resumable(self) -> bool:
        """Whether all that goes on is in the network's state."""
        return not self.gates and self.cores is None and not self.learning

    def learns(self, projection: str) -> bool:
        """Return whether a projection's synapses learn in integers."""
        return any(one.projection == projection for one in self.learning)


@dataclass(frozen=True, eq=False)
class MachineCounts:
    """What a machine's limits did since the run began, as the engine counted it.

    Spikes of the last steps, fewer than the smallest delay, have not come to them yet.

    Attributes
    ----------
    saturated : (n_saturations,) int64
        Additions that were cut; on this rank's neurons.
    passed, lost, unlucky, waited, most_waiting : (n_gates, ) int64
        Spikes through each gate; lost for want of place; lost at random; sum over spikes of steps
        waited; largest number waiting in one line.
    core_events, core_spikes, core_late, core_lost, core_fill, core_lateness : (n_lanes_in_all,)
        Per core (slice, then lane): synaptic events; spikes; spikes late; spikes lost on a full
        FIFO; most spikes waiting; largest lateness in steps.
    skipped : int
        Synaptic events left out because their time had passed; on this rank's neurons.
    dropped : int
        Synaptic events of spikes that a core lost or dropped; on this rank's neurons.
    busiest : float
        Sum over steps of the events on the core that had most.
    load : (n_bins, n_lanes_in_all) float32
        Events per core in every ``load_every`` steps.
    overrun : int
        Steps in which some core did not finish its events.
    learning : (n_learning, 4) int64
        Of each projection that learns in integers: additions cut; synapses of fetched rows; of
        those, left out because their time had passed; synapses of spikes lost. On this rank.
    """

    saturated: NDArray[np.int64]
    passed: NDArray[np.int64]
    lost: NDArray[np.int64]
    unlucky: NDArray[np.int64]
    waited: NDArray[np.int64]
    most_waiting: NDArray[np.int64]
    core_events: NDArray[np.int64]
    core_spikes: NDArray[np.int64]
    core_late: NDArray[np.int64]
    core_lost: NDArray[np.int64]
    core_fill: NDArray[np.int64]
    core_lateness: NDArray[np.int64]
    skipped: int = 0
    dropped: int = 0
    busiest: float = 0.0
    load: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    overrun: int = 0
    learning: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))
