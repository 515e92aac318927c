"""Python functions called while a network runs, at times of the network's own clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .description.quantities import SECOND, quantity, scalar
from .engines.base import Chunk
from .errors import DescriptionError, UnknownNameError
from .pacing import steps_of

if TYPE_CHECKING:
    from .state_access import StateAccess

Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]  # steps and network-wide ids


@dataclass(frozen=True, eq=False)
class Callback:
    """A function that is called as a step starts, before anything else of the step.

    Parameters
    ----------
    function : callable
        Takes a :class:`Moment`. Whatever it raises ends the run; the recording is kept.
    every : Quantity of time
        A multiple of the run's dt.
    start : Quantity of time, optional
        First call, a multiple of dt; 0 by default, before the first step (and in the warm-up).

    Notes
    -----
    On several ranks the function is called on each of them, and each sees the whole network. It
    must read, write and ask for spikes on every rank alike, and write the same values; it may
    print or keep what it likes on one of them only.

    Examples
    --------
    >>> def control(now):
    ...     if now.read("E", "v").mean() > -0.05:
    ...         now.write("E", "I_ext", 0.0)
    >>> ns.simulate(net, 1*second, callbacks=[ns.Callback(control, 10*ms)])  # doctest: +SKIP
    """

    function: Callable[[Moment], object]
    every: Any
    start: Any = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise DescriptionError(
                f"Callback: {self.function!r} cannot be called; give a function of one argument."
            )
        if scalar(self.every, SECOND, "Callback: every") <= 0:
            raise DescriptionError(f"Callback: every is {self.every!r}; it must be > 0.")
        if self.start is not None and scalar(self.start, SECOND, "Callback: start") < 0:
            raise DescriptionError(f"Callback: start is {self.start!r}; it must be >= 0.")


class Moment:
    """The simulation as a callback sees it, at the start of a step.

    Attributes
    ----------
    step : int
    t : Quantity of time
    """

    def __init__(self, simulation: StateAccess, step: int, spikes: list[Spikes]) -> None:
        self._simulation, self._spikes = simulation, spikes
        self.step = step
        self.t = quantity(step * simulation.program.dt, SECOND)
        self.stopped = False

    def read(self, population: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's values, SI units, (size,)."""
        return self._simulation.read(population, variable)

    def write(self, population: str, variable: str, values: ArrayLike) -> None:
        """Replace a state variable's values: a number or (size,), SI units or a quantity.

        The rate of a population of Poisson or gamma sources is its variable ``rate``. A parameter
        that all neurons, or all synapses of a projection, share takes one number.
        """
        self._simulation.write(population, variable, values)

    def learning(self, projection: Any, on: bool) -> None:
        """Switch a projection's learning on or off; see :meth:`Simulation.learning`."""
        self._simulation.learning(projection, on)

    def set_input(self, name: str, value: Any) -> None:
        """Replace what an input gives from this step on; see :meth:`Simulation.set_input`."""
        self._simulation.set_input(name, value)

    def spikes(self, population: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (steps, local ids) of the spikes since this callback's previous call."""
        emitters = {e.name: e for e in self._simulation.program.emitters()}
        if population not in emitters:
            raise UnknownNameError("population", population, emitters, "a callback")
        first = emitters[population].first_id
        none = np.empty(0, np.int64)
        every = np.concatenate([none, *(steps for steps, _ in self._spikes)])
        local = np.concatenate([none, *(ids for _, ids in self._spikes)]) - first
        own = (local >= 0) & (local < emitters[population].size)
        return self._simulation.of_all_ranks(every[own], local[own])

    def stop(self) -> None:
        """End the run before this step; the recording is complete up to here."""
        self.stopped = True


@dataclass
class _Entry:
    function: Callable[[Moment], object]
    every: int
    start: int
    spikes: list[Spikes] = field(default_factory=list)

    def steps_to_next(self, step: int) -> int:
        """Steps from ``step`` to the first call after it."""
        if step < self.start:
            return self.start - step
        return self.every - (step - self.start) % self.every

    def last_call(self, step: int) -> int:
        """Return the last step up to ``step`` with a call; 0 if there was none."""
        return 0 if step < self.start else step - (step - self.start) % self.every

    def due(self, step: int) -> bool:
        return step >= self.start and (step - self.start) % self.every == 0


class Schedule:
    """The callbacks of a simulation and when they are due.

    Parameters
    ----------
    callbacks : sequence of Callback
    dt : float
        Seconds.
    """

    def __init__(self, callbacks: Sequence[Callback], dt: float) -> None:
        self._entries = []
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise DescriptionError(
                    f"callbacks: {callback!r} is not a Callback; write "
                    "ns.Callback(function, every=10*ms)."
                )
            start = callback.start
            self._entries.append(
                _Entry(
                    callback.function,
                    steps_of(callback.every, dt, "Callback: every"),
                    0 if start is None else steps_of(start, dt, "Callback: start", smallest=0),
                )
            )
        self._called = -1

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before the next call."""
        return min([wanted, *(entry.steps_to_next(step) for entry in self._entries)])

    def skip(self, step: int, called: bool, spikes: NDArray[np.int64]) -> None:
        """Start at a step, at which what is due may have been called already.

        ``spikes`` (n, 2) are step and id of those before, of this rank, as ``waiting`` gave them.
        """
        self._called = step if called else -1
        for entry in self._entries:
            since = entry.last_call(step if called else step - 1)
            kept = spikes[spikes[:, 0] >= since]
            entry.spikes = [(kept[:, 0], kept[:, 1])]

    def waiting(self) -> NDArray[np.int64]:
        """Return step and id of this rank's spikes that some callback has yet to be told of."""
        kept = ([np.stack(part, axis=1) for part in e.spikes] for e in self._entries)
        every = [np.concatenate([np.empty((0, 2), np.int64), *parts]) for parts in kept]
        return max(every, key=len, default=np.empty((0, 2), np.int64))  # it holds the others'

    def due(self, step: int) -> bool:
        """Return whether ``call`` would call anything."""
        return step != self._called and any(entry.due(step) for entry in self._entries)

    def call(self, simulation: StateAccess, step: int) -> bool:
        """Call what is due at ``step`` and has not been called there; return whether to stop."""
        if step == self._called:
            return False
        self._called = step
        stopped = False
        for entry in self._entries:
            if entry.due(step):
                moment = Moment(simulation, step, entry.spikes)
                entry.function(moment)
                entry.spikes = []
                stopped |= moment.stopped
        return stopped

    def note(self, chunk: Chunk) -> None:
        """Keep a chunk's spikes, those of this rank, for the callbacks to come."""
        if chunk.spike_steps.size:
            for entry in self._entries:
                entry.spikes.append((chunk.spike_steps, chunk.spike_ids))
