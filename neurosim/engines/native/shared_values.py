"""Parameters that all neurons of a population, or all synapses of a projection, share.

Generated code reads them from memory in every step, so that they can be written while running.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...lowering.program import Program
from ..checks import shared_parameter
from .kernel_key import KernelKey
from .synapse_key import SynapseKernelKey

Place = tuple[str, str]  # of a population or projection, and of the parameter


class SharedValues:
    """Where shared parameters are in memory, and what was written there.

    Parameters
    ----------
    program : Program
    spec : NetworkSpec
        Filled; it is read by the runtime throughout.
    populations : mapping of str to KernelKey
    projections : mapping of str to SynapseKernelKey
        Kernels by population, and by projection with a synapse model.

    Attributes
    ----------
    written : dict of (str, str) to float
        What was written since the network was built.
    """

    def __init__(
        self,
        program: Program,
        spec: Any,
        populations: Mapping[str, KernelKey],
        projections: Mapping[str, SynapseKernelKey],
    ) -> None:
        self._program = program
        self._places: dict[Place, list[tuple[Any, int]]] = {}
        self._initial: dict[Place, float] = {}
        self.written: dict[Place, float] = {}
        for i, population in enumerate(program.populations):
            names = populations[population.name].shared
            for k, name in enumerate(names):
                self._add((population.name, name), spec.populations[i].shared, k)
                self._initial[population.name, name] = float(population.values[name])
        with_model = [p for p in program.projections if p.synapse is not None]
        for i, projection in enumerate(with_model):
            self._add_synapses(projection, projections[projection.name], spec.generals[i])

    def _add_synapses(self, projection: Any, key: SynapseKernelKey, spec: Any) -> None:
        if projection.name not in {p.name for p in self._program.populations}:
            for k, name in enumerate(key.shared):
                self._add((projection.name, name), spec.shared, k)
                self._initial[projection.name, name] = float(projection.synapse.values[name])
        for population, names, values in (
            (projection.pre.population, key.pre_shared, spec.pre_shared),
            (projection.post.population, key.post_shared, spec.post_shared),
        ):
            for k, name in enumerate(names):
                self._add((population, name), values, k)

    def _add(self, place: Place, values: Any, index: int) -> None:
        self._places.setdefault(place, []).append((values, index))

    def __iter__(self) -> Iterator[Place]:
        """Yield every (population or projection, parameter)."""
        return (p for p in self._initial if shared_parameter(self._program, *p))

    def value(self, name: str, variable: str) -> float:
        """Return a parameter's current value; KeyError if it is none of these."""
        initial = self._initial[name, variable]
        return self.written.get((name, variable), initial)

    def write(self, name: str, variable: str, value: float) -> None:
        """Replace a parameter's value."""
        self._put((name, variable), value)
        self.written[name, variable] = value

    def reset(self) -> None:
        """Put back the values at t = 0."""
        for place in self.written:
            self._put(place, self._initial[place])
        self.written.clear()

    def _put(self, place: Place, value: float) -> None:
        for values, index in self._places[place]:
            values[index] = value
