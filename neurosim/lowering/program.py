"""The Program: a network in plain data, which every engine runs.

Lowering turns a description (equations, units, rules, distributions) into the classes of this
module once; nothing here knows an engine, and engines know nothing of the description. All
numbers are in SI base units (volt, second, ampere, ...) unless a name says otherwise; times
are counted in steps of ``dt``. Neurons are numbered over the whole network: populations in
order of declaration, spike sources after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..parallel.share import Share
from .machine_program import MachineProgram, Scalar
from .projection_program import (
    AllSources,
    BernoulliSources,
    DelayDraw,
    Draw,
    ListedEdges,
    MatchingSource,
    ProjectionProgram,
    RandomSources,
    RandomTargets,
    Rule,
    Span,
)
from .recorder_program import ReportProgram, StateRecorder, SynapseReport, Value

if TYPE_CHECKING:
    from .input_program import CurrentInput, OperationProgram
    from .structure import StructureProgram
    from .waveforms import Wave

__all__ = [
    "AllSources", "BernoulliSources", "DelayDraw", "Draw", "EventCode", "FunctionCode",
    "ListedEdges", "MatchingSource", "NeuronCode", "Noise", "PoissonProgram",
    "PopulationProgram", "Program", "ProjectionProgram", "RandomSources", "RandomTargets",
    "ReportProgram", "Role", "Rule", "Span", "SpikeSourceProgram", "StateRecorder",
    "SynapseReport", "Table", "Value", "Variable",
]  # fmt: skip

NO_DELAY = 2**31
Role = Literal["state", "derived", "parameter", "coefficient"]


@dataclass(frozen=True)
class Variable:
    """One variable of a neuron model.

    Attributes
    ----------
    name : str
    dimension : str
        Base unit as Brian2 prints it (``"V"``, ``"A"``, ``"1"``).
    role : {"state", "derived", "parameter", "coefficient"}
        Derived variables are computed from others as a step starts. Coefficients are made by the
        lowering (propagators) and not seen by users.
    shared : bool
        One value for the whole population instead of one per neuron.
    scale : float
        Typical magnitude in SI units, for number formats that need one.
    boolean : bool
        A truth value, stored as 0 or 1.
    format : {"", "u0.32"}
        In code of a machine with fixed point: "" the code's own format; "u0.32" a factor in [0, 1)
        of 32 bits, by which a value is multiplied as ``(x*f) >> 32``.
    """

    name: str
    dimension: str
    role: Role
    shared: bool
    scale: float = 1.0
    boolean: bool = False
    format: Literal["", "u0.32"] = ""


@dataclass(frozen=True)
class Noise:
    """A name that holds another random number in every step, for every neuron.

    ``kind`` "uniform" is in (0, 1), "normal" standard normal; ``site`` keys the stream
    (:func:`neurosim.streams.noise_rand`).
    """

    name: str
    kind: Literal["uniform", "normal"]
    site: int


@dataclass(frozen=True)
class FunctionCode:
    """A function that the code calls besides those of the language.

    Attributes
    ----------
    name : str
    kind : {"table", "user"}
        A table over time (called with a time, and a column if it has several) or the user's own.
    units : tuple of str
        Unit of each argument as Brian2's equations write it (``"second"``, ``"1"``).
    unit : str
        Unit of the result.
    cpp : str
        C++ definition of a user's function; empty if none was given.
    """

    name: str
    kind: Literal["table", "user"]
    units: tuple[str, ...]
    unit: str
    cpp: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """Values over time, (times,) or (times, columns): ``values[k]`` from ``k * dt`` seconds on.

    The row at a time t is round(t / e) / k, rounded down and clipped to the rows, where
    e = dt / k and k is a power of 2 so large that e is at most an eighth of the time step: so a
    time that should be a row's start but is a rounding error earlier is given that row.
    """

    values: NDArray[np.float64]
    dt: float


@dataclass(frozen=True)
class EventCode:
    """An event besides spikes: a condition, and statements for the neurons that have it."""

    name: str
    condition: str
    code: str


@dataclass(frozen=True)
class NeuronCode:
    """One neuron model after its state updater, as abstract code in Brian2's syntax.

    Attributes
    ----------
    name : str
        Catalogue name, or the name the user gave.
    equations : str
        Brian2 equations, every parameter and coefficient declared in them.
    variables : tuple of Variable
    update : str
        Statements that advance the state by one step.
    threshold : str
        Boolean expression; empty when the model never spikes.
    reset : str
        Statements run for neurons that spiked, after the synapses of the step.
    refractory_kind : {"none", "duration", "condition"}
        A duration is an expression in seconds; a condition is a boolean expression that keeps
        the neuron refractory while it holds.
    refractory : str
    unless_refractory : tuple of str
        Variables whose writes are dropped while the neuron is refractory.
    method : str
        The state updater that made ``update``.
    noise : tuple of Noise
        The random numbers of the code, each drawn anew in every step.
    start : str
        Statements run as every step starts, before anything is recorded.
    functions : tuple of FunctionCode
    subexpressions : tuple of (str, str)
        Names of the equations' subexpressions and what they are in terms of variables.
    events : tuple of EventCode
        Conditions are looked at after the threshold, the code is run after the reset.
    fixed : tuple of str
        Parameters that coefficients are worked out from: they cannot be written during a run.
    scalar : Scalar, optional
        Arithmetic of another machine that the code is computed in.
    """

    name: str
    equations: str
    variables: tuple[Variable, ...]
    update: str
    threshold: str
    reset: str
    refractory_kind: Literal["none", "duration", "condition"]
    refractory: str
    unless_refractory: tuple[str, ...]
    method: str
    noise: tuple[Noise, ...] = ()
    start: str = ""
    functions: tuple[FunctionCode, ...] = ()
    subexpressions: tuple[tuple[str, str], ...] = ()
    events: tuple[EventCode, ...] = ()
    fixed: tuple[str, ...] = ()
    scalar: Scalar | None = None

    def variable(self, name: str) -> Variable:
        """Return the variable of that name; KeyError if there is none."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)


@dataclass(frozen=True)
class PopulationProgram:
    """A population of neurons: its code, ids and the value of every variable at t = 0.

    ``values`` holds a float for shared variables and for per-neuron variables that start equal,
    otherwise an array of the owned neurons' values. ``tables`` and ``callables`` are what the
    functions of the code look up and call, by name; callables take and return arrays in SI units.
    """

    name: str
    first_id: int
    size: int
    code: NeuronCode
    values: dict[str, Value]
    tables: dict[str, Table] = field(default_factory=dict)
    callables: dict[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class SpikeSourceProgram:
    """Neurons that emit given spikes: ``steps`` ascending, ``ids`` local, both (n_spikes,).

    The spikes come again after each ``period`` steps; 0: once. All lie in the first period.
    With an ``event``, (population, name), neuron k spikes when that neuron of the population has
    the event, and no spikes are given.
    """

    name: str
    first_id: int
    size: int
    steps: NDArray[np.int64]
    ids: NDArray[np.int64]
    period: int = 0
    event: tuple[str, str] | None = None


@dataclass(frozen=True)
class PoissonProgram:
    """Poisson background: each step, ``variable += weight * count`` for each neuron of ``post``.

    ``thresholds`` lists tables of ascending uint32 words: count = ``first[k]`` + number of
    thresholds <= the neuron's word of the step. ``table`` picks the table of each owned neuron of
    ``post`` (None: all use table 0). ``mean`` is the expected count per step, per table.

    With a ``wave`` there are no tables: the mean count of each step is the wave's value, a column
    for each owned neuron or one for all, and the count the number of k with
    floor(2^32 P(count <= k)) <= word (engines' ``poisson_counts``). A rate times ``wave_scale``
    is a mean.
    """

    name: str
    index: int
    post: Span
    variable: str
    weight: float
    mean: NDArray[np.float64]
    first: NDArray[np.int64]
    thresholds: tuple[NDArray[np.uint32], ...]
    table: NDArray[np.int64] | None = None
    wave: Wave | None = None
    wave_scale: float = 1.0


@dataclass(frozen=True)
class Program:
    """A whole network, lowered.

    ``description`` is a JSON-able account of the network for the recording's provenance;
    ``spike_recorders`` names the populations and sources whose spikes are recorded. Engines
    sample the ``state_recorders``; ``reports`` are what the recording holds of them, and
    ``synapse_reports`` what it holds of synapses.
    ``structures`` are projections whose synapses come and go.
    ``delay_range``: the shortest and longest delay on all ranks (:func:`agree_on_delays`).
    ``machine``: how spikes travel and sums end on a machine other than an ideal one.

    Sizes, ids and spans speak of the whole network. Arrays with a value per neuron, and lists of
    edges, hold what the ``share`` owns: neurons by local id, edges by their target.
    """

    dt: float
    seed: int
    populations: tuple[PopulationProgram, ...]
    sources: tuple[SpikeSourceProgram, ...] = ()
    projections: tuple[ProjectionProgram, ...] = ()
    poisson: tuple[PoissonProgram, ...] = ()
    currents: tuple[CurrentInput, ...] = ()
    operations: tuple[OperationProgram, ...] = ()
    state_recorders: tuple[StateRecorder, ...] = ()
    reports: tuple[ReportProgram, ...] = ()
    synapse_reports: tuple[SynapseReport, ...] = ()
    spike_recorders: tuple[str, ...] = ()
    description: dict = field(default_factory=dict)
    structures: tuple[StructureProgram, ...] = ()
    share: Share = field(default_factory=Share)
    delay_range: tuple[int, int] | None = None
    machine: MachineProgram | None = None

    @property
    def n_neurons(self) -> int:
        """Number of neurons, sources not counted."""
        return sum(p.size for p in self.populations)

    @property
    def n_ids(self) -> int:
        """Number of ids: neurons and sources."""
        return self.n_neurons + sum(s.size for s in self.sources)

    @property
    def own_delays(self) -> tuple[int, int]:
        """Shortest and longest delay that this rank knows of, in steps; (2**31, 0) for none."""
        known = [delays for p in self.projections for delays in p.delays]
        shortest = min((first for first, _ in known), default=NO_DELAY)
        return shortest, max((last for _, last in known), default=0)

    @property
    def largest_delay(self) -> int:
        """Longest delay in the network, in steps."""
        return (self.delay_range or self.own_delays)[1]

    @property
    def smallest_delay(self) -> int:
        """Shortest delay in the network, in steps."""
        shortest = (self.delay_range or self.own_delays)[0]
        return 1 if shortest == NO_DELAY else shortest

    def emitters(self) -> Iterator[PopulationProgram | SpikeSourceProgram]:
        """Yield populations, then sources: everything that has ids, in id order."""
        yield from self.populations
        yield from self.sources

    def population(self, name: str) -> PopulationProgram:
        """Return the population of that name; KeyError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(name)
