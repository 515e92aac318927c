"""What is recorded of neurons and of synapses, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Value = float | NDArray[np.float64]


class Sampled:
    """Something that is sampled at the steps ``start``, ``start + every``, ... below ``stop``."""

    every: int
    start: int
    stop: int | None

    def due(self, step: int) -> bool:
        """Whether ``step`` is sampled."""
        late = self.stop is not None and step >= self.stop
        return step >= self.start and not late and (step - self.start) % self.every == 0

    def n_samples(self, first: int, n_steps: int) -> int:
        """Return how many of the steps [first, first + n_steps) are sampled."""
        return self._before(first + n_steps) - self._before(first)

    def _before(self, step: int) -> int:
        reached = step if self.stop is None else min(step, self.stop)
        return -(-max(0, reached - self.start) // self.every)


@dataclass(frozen=True)
class StateRecorder(Sampled):
    """Record ``variable`` of neurons ``ids`` (local), as a step starts.

    Sampled are the steps ``start``, ``start + every``, ... below ``stop``. ``reduce`` "sum" keeps
    one number per sample, the sum over ``ids``.
    """

    name: str
    population: str
    variable: str
    ids: NDArray[np.int64]
    every: int
    start: int = 0
    stop: int | None = None
    reduce: Literal["", "sum"] = ""

    @property
    def width(self) -> int:
        """Numbers per sample."""
        return 1 if self.reduce else int(self.ids.size)


@dataclass(frozen=True)
class ReportProgram:
    """What one recorder leaves in the recording, made of what the engine samples.

    Attributes
    ----------
    name, population, variable : str
        ``variable`` as the recording calls it: ``"v"``, ``"sum(v)"`` or an expression.
    dimension : str
        Base unit as Brian2 prints it.
    ids : (n_ids,) int64
    every, start : int
        Steps.
    reduce : {"", "sum", "mean"}
    inputs : dict of str to int
        Position in ``state_recorders`` of each variable it is made of.
    expression : str
        Of the inputs and constants; empty when it is the only input, as sampled.
    constants : dict of str to float or array
    """

    name: str
    population: str
    variable: str
    dimension: str
    ids: NDArray[np.int64]
    every: int
    start: int = 0
    reduce: Literal["", "sum", "mean"] = ""
    inputs: dict[str, int] = field(default_factory=dict)
    expression: str = ""
    constants: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SynapseReport(Sampled):
    """What one recorder leaves in the recording of the synapses of a projection.

    Attributes
    ----------
    name, projection, variable : str
        ``variable`` as the recording calls it: ``"w"`` or an expression.
    dimension : str
        Base unit as Brian2 prints it.
    kind : {"all", "chosen", "histogram"}
    every, start : int
        Steps.
    stop : int or None
    inputs, shared : tuple of str
        The synaptic variables it is made of: of each synapse, and one value for all.
    expression : str
        Of the inputs and shared variables; empty when it is the only input, as it is.
    synapses : (n,) int64 or int
        Chosen: positions in the order of ``Executable.synapse_table`` of the whole network, or
        how many are drawn at random.
    bins : (low, high, n) or None
        Histogram: SI units.
    """

    name: str
    projection: str
    variable: str
    dimension: str
    kind: Literal["all", "chosen", "histogram"]
    every: int
    start: int = 0
    stop: int | None = None
    inputs: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    expression: str = ""
    synapses: NDArray[np.int64] | int = 0
    bins: tuple[float, float, int] | None = None

    @property
    def width(self) -> int:
        """Numbers that an engine keeps for each sample: of chosen synapses."""
        if self.kind != "chosen":
            return 0
        n = self.synapses.size if isinstance(self.synapses, np.ndarray) else self.synapses
        return n * len(self.inputs)
