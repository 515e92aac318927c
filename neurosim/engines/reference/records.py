"""What a stretch of simulation records, drained after each stretch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import StateRecorder
from ..base import SynapseWatch
from .objects import Neurons


class SpikeLog:
    """Collects the spikes of populations and sources, given in the order of their ids."""

    def __init__(self, emitters: list[Neurons]) -> None:
        self._spaces = [(n.first_id, n.spiked()) for n in emitters]
        self._steps: list[int] = []
        self._ids: list[NDArray[np.int64]] = []

    def take(self, step: int) -> None:
        """Keep the spikes of ``step``."""
        for first_id, space in self._spaces:
            count = space[-1]
            if count:
                self._steps.append(step)
                self._ids.append(space[:count] + np.int64(first_id))

    def drain(self, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (steps, ids) before step ``stop``, sorted by step then id, and forget them all."""
        counts = [ids.size for ids in self._ids]
        steps = np.repeat(np.array(self._steps, np.int64), counts)
        ids = np.concatenate(self._ids) if self._ids else np.empty(0, np.int64)
        self._steps, self._ids = [], []
        kept = steps < stop
        return steps[kept], ids[kept]


class StateLog:
    """Samples one variable at the start of the steps that its recorder asks for."""

    def __init__(self, recorder: StateRecorder, neurons: Neurons) -> None:
        self._values = neurons.array(recorder.variable)
        shared = self._values.size != neurons.size
        self._ids = np.zeros_like(recorder.ids) if shared else recorder.ids
        self._recorder = recorder
        self._steps: list[int] = []
        self._rows: list[NDArray[np.float64]] = []

    def take(self, step: int) -> None:
        """Sample if ``step`` is due."""
        if self._recorder.due(step):
            self._steps.append(step)
            values = self._values[self._ids]
            self._rows.append(_sum(values) if self._recorder.reduce else values)

    def drain(self, stop: int) -> NDArray[np.float64]:
        """Return the samples before step ``stop``, (n_samples, width), and forget them all."""
        rows = [row for step, row in zip(self._steps, self._rows, strict=True) if step < stop]
        self._steps, self._rows = [], []
        return np.array(rows, np.float64).reshape(len(rows), self._recorder.width)


class SynapseLog:
    """Samples a variable of some synapses at the start of the steps that a watch asks for."""

    def __init__(
        self, watch: SynapseWatch, read: Callable[[str, str], NDArray[np.float64]]
    ) -> None:
        self._watch, self._read = watch, read
        self._steps: list[int] = []
        self._rows: list[NDArray[np.float64]] = []

    def take(self, step: int) -> None:
        """Sample if ``step`` is due."""
        watch = self._watch
        if watch.due(step):
            self._steps.append(step)
            self._rows.append(self._read(watch.projection, watch.variable)[watch.synapses])

    def drain(self, stop: int) -> NDArray[np.float64]:
        """Return the samples before step ``stop``, (n_samples, n), and forget them all."""
        rows = [row for step, row in zip(self._steps, self._rows, strict=True) if step < stop]
        self._steps, self._rows = [], []
        return np.array(rows, np.float64).reshape(len(rows), self._watch.synapses.size)


def _sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum, rounded once as on the native engine: whatever the order of the terms."""
    bounded = bool(np.all(np.abs(values) < 2.0**26))
    return np.array([math.fsum(values) if bounded else np.nan])


class NaNWatch:
    """Finds the first state variable that became NaN."""

    def __init__(self, neurons: Neurons, variables: list[str]) -> None:
        self._population = neurons.name
        self._arrays = [(name, neurons.array(name)) for name in variables]

    def find(self) -> tuple[str, str, int] | None:
        """Return (population, variable, local neuron) of the first NaN, or None."""
        for name, values in self._arrays:
            # a sum is NaN if any term is; it may be so from infinities alone, hence the second look
            if np.isnan(values.sum()):
                (found,) = np.isnan(values).nonzero()
                if found.size:
                    return self._population, name, int(found[0])
        return None
