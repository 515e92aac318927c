"""Running a mapped network: the engine's values in SI units again, and what the run took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines.base import Chunk, Engine, EngineOptions, Executable
from ..errors import UnsupportedError
from ..lowering.machine_program import MachineCounts
from ..lowering.program import Program
from ..parallel import exact_sums
from .draft import Draft, Reading

_SAME = Reading()


@dataclass(frozen=True)
class RunFacts:
    """What was run, for the account of it.

    Attributes
    ----------
    steps : int
    dt : float
        Seconds.
    spikes : dict of str to int
        By population or source, of the whole network.
    events : dict of str to int
        Synaptic events, by projection: spikes times out-degrees.
    synapses : dict of str to int
        By projection, as the machine has them.
    """

    steps: int
    dt: float
    spikes: dict[str, int]
    events: dict[str, int]
    synapses: dict[str, int] = field(default_factory=dict)


class PlatformExecutable:
    """An executable whose values are in SI units; all else is the inner one's."""

    def __init__(self, inner: Executable, program: Program, draft: Draft) -> None:
        self._inner, self._program, self._draft = inner, program, draft
        self._counts = np.zeros(program.n_ids, np.int64)
        self._steps = 0
        self._scales = [self._reading(r.population, r.variable) for r in program.state_recorders]
        self._watched: list[Reading] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def bytes_per_synapse(self) -> float:
        """Of the machine, where its costs are known; else of the engine."""
        model = self._draft.machine.costs_as_set()
        return self._inner.bytes_per_synapse if model is None else model.bytes_per_synapse.value

    def _reading(self, owner: str, variable: str) -> Reading:
        return self._draft.readings.get((owner, variable), _SAME)

    def advance(self, n_steps: int) -> Chunk:
        """Simulate ``n_steps`` more steps."""
        chunk = self._inner.advance(n_steps)
        self._steps += chunk.n_steps
        self._counts += np.bincount(chunk.spike_ids, minlength=self._counts.size)
        states = [
            _in_si(values, reading)
            for values, reading in zip(chunk.states, self._scales, strict=True)
        ]
        sums = {r: self._sum_in_si(r, words) for r, words in chunk.sums.items()}
        for recorder, words in sums.items():
            states[recorder] = exact_sums.exact_total(words)[:, None]
        synapses = [
            _in_si(values, reading)
            for values, reading in zip(chunk.synapses, self._watched, strict=True)
        ]
        return replace(chunk, states=states, sums=sums, synapses=synapses)

    def _sum_in_si(self, recorder: int, words: NDArray[np.int64]) -> NDArray[np.int64]:
        reading, given = self._scales[recorder], self._program.state_recorders[recorder]
        if reading.in_si:
            return words
        own = int(self._program.share.mine(given.ids).sum())
        return exact_sums.transformed(words, reading.scale, reading.offset, own)

    def read(self, population: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's current values in SI units, (size,)."""
        values = self._inner.read(population, variable)
        return _in_si(values, self._reading(population, variable))

    def write(self, population: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a state variable's values, given in SI units, (size,)."""
        reading = self._reading(population, variable)
        self._inner.write(population, variable, _on_machine(values, reading))

    def read_shared(self, name: str, variable: str) -> float:
        """Return the current value of a shared parameter in SI units."""
        value = np.asarray(self._inner.read_shared(name, variable))
        return float(_in_si(value, self._reading(name, variable)))

    def write_shared(self, name: str, variable: str, value: float) -> None:
        """Replace a shared parameter, given in SI units."""
        reading = self._reading(name, variable)
        self._inner.write_shared(name, variable, float(_on_machine(np.asarray(value), reading)))

    def set_input(self, name: str, values: NDArray[np.float64]) -> None:
        """Let an input that changes over time give other values, in SI units, from now on."""
        for given in self._program.currents:
            if given.name == name:
                values = values / self._reading(given.span.population, given.variable).scale
        self._inner.set_input(name, values)

    def read_synapses(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a synaptic variable's values in SI units."""
        values = self._inner.read_synapses(projection, variable)
        return _in_si(values, self._reading(projection, variable))

    def write_synapses(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a synaptic variable's values, given in SI units."""
        reading = self._reading(projection, variable)
        self._inner.write_synapses(projection, variable, _on_machine(values, reading))

    def watch_synapses(self, watches: Sequence[Any]) -> None:
        """Sample these in what is simulated from now on."""
        self._watched = [self._reading(w.projection, w.variable) for w in watches]
        self._inner.watch_synapses(watches)

    def execution_report(self) -> dict[str, Any]:
        """Return what the run took on the machine; all ranks together."""
        ranks = self._draft.ranks
        counts = np.asarray(ranks.sum(self._counts))
        events, synapses = self._events(counts)
        facts = RunFacts(
            self._steps,
            self._program.dt,
            {
                p.name: int(counts[p.first_id : p.first_id + p.size].sum())
                for p in self._program.emitters()
            },
            events,
            synapses,
        )
        return self._draft.machine.account(self._draft, self._machine_counts(), facts)

    def machine_load(self) -> tuple[NDArray[np.float32], float]:
        """Return the events per core over time, (n_bins, n_lanes), and the length of a bin in s."""
        machine = self._program.machine
        if machine is None or machine.cores is None:
            return np.zeros((0, 0), np.float32), float("nan")
        counts: MachineCounts = self._inner.machine_counts()  # type: ignore[attr-defined]
        return counts.load, machine.cores.load_every * self._program.dt

    def _events(self, counts: NDArray[np.int64]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the synaptic events and the synapses of each projection, on all ranks."""
        names = [projection.name for projection in self._program.projections]
        own = np.zeros((2, len(names)), np.int64)
        for k, projection in enumerate(self._program.projections):
            degrees = self._inner.outdegrees(projection.name).astype(np.int64)
            own[:, k] = degrees @ counts[projection.pre.global_ids()], degrees.sum()
        total = np.asarray(self._draft.ranks.sum(own.ravel())).reshape(own.shape) if names else own
        events, synapses = (dict(zip(names, map(int, row), strict=True)) for row in total)
        return events, synapses

    def _machine_counts(self) -> MachineCounts | None:
        if self._program.machine is None:
            return None
        own: MachineCounts = self._inner.machine_counts()  # type: ignore[attr-defined]
        ranks = self._draft.ranks
        return replace(
            own,
            saturated=np.asarray(ranks.sum(own.saturated)),
            skipped=int(ranks.sum(np.array([own.skipped], np.int64))[0]),
            dropped=int(ranks.sum(np.array([own.dropped], np.int64))[0]),
            learning=np.asarray(ranks.sum(own.learning)) if own.learning.size else own.learning,
        )


class PlatformEngine:
    """An engine for the Program of a mapping.

    Parameters
    ----------
    inner : Engine
        What runs it.
    draft : Draft
        As the mapping left it.

    Attributes
    ----------
    executable : type
        What :meth:`compile` returns: a class that platforms may derive from.
    """

    executable: type[PlatformExecutable] = PlatformExecutable

    def __init__(self, inner: Engine, draft: Draft) -> None:
        self.name, self._inner, self._draft = inner.name, inner, draft

    def compile(self, program: Program, options: EngineOptions) -> PlatformExecutable:
        """Translate and compile; see :class:`neurosim.engines.base.Engine`."""
        if options.precision == "single":
            raise UnsupportedError(
                f"precision 'single' on platform {self._draft.machine.name!r}: its own number "
                "format is used. Leave precision out."
            )
        inner = self._inner.compile(program, options)
        return self.executable(inner, program, self._draft)

    def estimate_bytes(self, program: Program, options: EngineOptions) -> int:
        """Return the memory that build and simulation will need."""
        return self._inner.estimate_bytes(program, options)


def _in_si(values: NDArray[np.float64], reading: Reading) -> NDArray[np.float64]:
    return values if reading.in_si else reading.offset + reading.scale * values


def _on_machine(values: NDArray[np.float64], reading: Reading) -> NDArray[np.float64]:
    found = (np.asarray(values, np.float64) - reading.offset) / reading.scale
    return found if reading.write is None else np.asarray(reading.write(found), np.float64)
