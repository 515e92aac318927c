"""What an engine is: the one narrow interface between a Program and whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..lowering.program import Program
from ..lowering.recorder_program import Sampled
from ..parallel.communicator import Communicator, Serial

Exchange = Literal["auto", "allgather", "targeted"]
SYNAPSE = np.dtype([("source", np.int64), ("target", np.int64), ("delay", np.int64)])


@dataclass(frozen=True)
class EngineOptions:
    """How to run.

    Attributes
    ----------
    threads : int
        Of each rank; 0: as many as the process may use.
    precision : {"double", "single"}
        Of state.
    communicator : Communicator
        The ranks that run the program together; their share is the program's.
    exchange : {"auto", "allgather", "targeted"}
        How ranks send each other spikes: all to all, only where there are targets, or whichever
        turns out to be faster. The results are the same.
    """

    threads: int = 0
    precision: Literal["double", "single"] = "double"
    communicator: Communicator = field(default_factory=Serial)
    exchange: Exchange = "auto"


@dataclass(frozen=True)
class Failure:
    """A state variable that became NaN: population, variable, local neuron index, step.

    With ``synapse`` set it is one of a projection's: ``population`` is the projection's name and
    ``neuron`` the synapse's position in ``Executable.synapse_table``.
    """

    population: str
    variable: str
    neuron: int
    step: int
    synapse: bool = False


@dataclass(frozen=True)
class Chunk:
    """What a stretch of simulation produced.

    Attributes
    ----------
    first_step, n_steps : int
    spike_steps, spike_ids : (n_spikes,) int64
        Sorted by step, then network-wide id; sources included.
    states : list of (n_samples, n_own) float64 arrays, one per state recorder
        Samples of the steps in the chunk that the recorder asks for: ``n_samples`` of them, a
        column for each of its ids that the rank owns. Of a sum one column: over those ids.
    failure : Failure or None
        Set when a NaN stopped the chunk; ``n_steps`` is then what was completed.
    sums : dict of int to (n_samples, 3) int64 arrays
        By recorder, the same sums exactly: see :mod:`neurosim.parallel.exact_sums`.
    synapses : list of (n_samples, n) float64 arrays, one per watch
        Of the rank's own synapses that ``Executable.watch_synapses`` asked for.
    """

    first_step: int
    n_steps: int
    spike_steps: NDArray[np.int64]
    spike_ids: NDArray[np.int64]
    states: list[NDArray[np.float64]]
    failure: Failure | None = None
    sums: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    synapses: list[NDArray[np.float64]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class SynapseWatch(Sampled):
    """Sample a variable of some synapses, as steps start.

    ``synapses`` (n,) are positions in ``Executable.synapse_table``; event-driven variables are as
    of the step that is sampled.
    """

    projection: str
    variable: str
    synapses: NDArray[np.int64]
    every: int
    start: int = 0
    stop: int | None = None


@dataclass
class Timings:
    """Seconds spent per phase; update, deliver and record are parts of simulate."""

    compile_s: float = 0.0
    build_s: float = 0.0
    update_s: float = 0.0
    deliver_s: float = 0.0
    record_s: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)


StateKind = Literal["neurons", "synapses", "events", "same"]


@dataclass(frozen=True, eq=False)
class StateArray:
    """One array of a network's state, read when it is needed.

    Attributes
    ----------
    kind : {"neurons", "synapses", "events", "same"}
        neurons: a value per neuron of a population; a rank has those of its own, (n_own,).
        synapses: a value per synapse of a projection, in the order of ``synapse_table``; a rank
        has those onto its own neurons. events: rows of numbers, each from one or more ranks,
        sorted and without repetition when they are put together. same: the same on all ranks.
    dtype : str
        As NumPy writes it, such as ``"<f8"``.
    read : callable
        Returns the rank's array; of "events" being restored, all rows.
    size : int
        neurons: of the whole population.
    counts : str
        synapses: name of the array with the number of each target neuron's synapses.
    """

    kind: StateKind
    dtype: str
    read: Callable[[], NDArray]
    size: int = 0
    counts: str = ""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that a network needs to go on from the start of ``step``, as one rank has it.

    ``arrays`` is keyed by names made of population, projection and variable, separated by ``/``.
    """

    step: int
    arrays: Mapping[str, StateArray]


class Executable(Protocol):
    """A network made ready by an engine. Use as a context manager, or call ``close``.

    ``compiler`` is what the compiler says of itself, empty if none was needed.
    """

    timings: Timings
    n_threads: int
    compiler: str
    bytes_per_synapse: float

    def build(self) -> None:
        """Instantiate synapses and initial state."""

    def advance(self, n_steps: int) -> Chunk:
        """Simulate ``n_steps`` more steps."""

    def synapse_count(self, projection: str) -> int:
        """Return the number of synapses of a projection, as instantiated in memory."""

    def outdegrees(self, projection: str) -> NDArray[np.uint32]:
        """Return each presynaptic neuron's number of synapses, (pre.size,)."""

    def read(self, population: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's current values, (size,)."""

    def write(self, population: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a state variable's values, (size,)."""

    def read_shared(self, name: str, variable: str) -> float:
        """Return the current value of a parameter that a population, or synapses, share."""

    def write_shared(self, name: str, variable: str, value: float) -> None:
        """Replace a parameter that a population, or a projection's synapses, share.

        Event-driven variables whose equations use it are brought up to date before.
        """

    def set_input(self, name: str, values: NDArray[np.float64]) -> None:
        """Let an input that changes over time give other values from now on: (1,) or (n,)."""

    def synapse_table(self, projection: str) -> NDArray[np.void]:
        """Return every synapse of a projection with a synapse model, (n_synapses,).

        Fields ``source``, ``target`` (ids within their populations) and ``delay`` (steps);
        target-major, within a target in order of drawing.
        """

    def read_synapses(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a synaptic variable's values, in the order of ``synapse_table``."""

    def write_synapses(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a synaptic variable's values, in the order of ``synapse_table``."""

    def replace_synapses(
        self,
        projection: str,
        table: NDArray[np.void],
        kept: NDArray[np.int64],
        values: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Replace the synapses of a restructured projection onto the rank's neurons; collective.

        Spikes that are on their way reach the new synapses, too, as if these had always been
        there, and no longer those that are gone.

        Parameters
        ----------
        projection : str
        table : (n_synapses,) structured array
            As of ``synapse_table``, target-major.
        kept : (n_synapses,) int64
            Where each was in ``synapse_table``; -1 for a new one.
        values : dict of str to (n_new,) arrays
            Of every variable that has a value per synapse, for the new ones in order.
        """

    def watch_synapses(self, watches: Sequence[SynapseWatch]) -> None:
        """Sample these in what is simulated from now on: ``Chunk.synapses``."""

    def snapshot(self) -> Snapshot:
        """Return the state between two advances; its arrays are read before the next one."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same Program, whatever ranks and threads made it.

        Raises
        ------
        CheckpointError
            It is not one of this Program.
        """

    def close(self) -> None:
        """Release memory and files."""


class Engine(Protocol):
    """A way to run a Program."""

    name: str

    def compile(self, program: Program, options: EngineOptions) -> Executable:
        """Translate and compile; raises UnsupportedError naming every unmet need."""

    def estimate_bytes(self, program: Program, options: EngineOptions) -> int:
        """Return the memory that build and simulation will need."""
