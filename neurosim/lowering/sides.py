"""Sources and targets of a projection, as expressions over pairs ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.population import Population
from ..description.space import Placed
from ..description.views import PopulationView
from . import program as p
from .neurons import neurons_at
from .populations import start_values

Index = NDArray[np.int64]
Value = float | NDArray[np.float64]


class Side:
    """One side of a projection: its neurons' values at t = 0, and where they are.

    What the rank does not own is worked out again for the neurons that are asked for.

    Parameters
    ----------
    neurons : PopulationView
    span : Span
        Of the same neurons.
    program : Program
    """

    def __init__(self, neurons: PopulationView, span: p.Span, program: p.Program) -> None:
        self.span = span
        self.placed: Placed | None = neurons.parent.placed
        self._parent, self._share, self._seed = neurons.parent, program.share, program.seed
        known = {q.name: q for q in program.populations}
        self._population = known.get(span.population)
        self._values = _Latest(self._start_values)
        self._points = _Latest(self._coordinates)

    def knows(self, name: str) -> bool:
        """Return whether it is a variable, parameter or coordinate of the neurons."""
        if self.placed is not None and name in self.placed.axes:
            return True
        return self._population is not None and name in self._population.values

    def value(self, name: str, index: Index) -> Value:
        """Return a variable or coordinate of neurons of the span, in the shape of ``index``."""
        if self.placed is not None and name in self.placed.axes:
            axis = self.placed.axes.index(name)
            if self._share.whole:
                return self.placed.coordinates[self.span.local_ids_at(index), axis]
            return self._points(index)[axis]
        if self._population is None:
            raise KeyError(name)
        found = self._population.values[name]
        if not isinstance(found, np.ndarray):
            return found
        if self._share.whole:
            return found[self.span.local_ids_at(index)]
        return self._values(index)[name]

    def _start_values(self, index: Index) -> dict[str, Value]:
        parent, population = self._parent, self._population
        if not isinstance(parent, Population) or population is None:
            return {}
        local, place = self._different(index)
        chosen = neurons_at(local, population.first_id, population.size)
        values = start_values(parent, population.code, chosen, self._seed)
        return {
            name: value[place].reshape(index.shape)
            for name, value in values.items()
            if isinstance(value, np.ndarray)
        }

    def _coordinates(self, index: Index) -> tuple[NDArray[np.float64], ...]:
        local, place = self._different(index)
        points = self.placed.at(local) if self.placed is not None else np.empty((local.size, 0))
        return tuple(np.ascontiguousarray(c[place].reshape(index.shape)) for c in points.T)

    def _different(self, index: Index) -> tuple[Index, Index]:
        """Return the neurons that are asked for, once each, and where each index is among them."""
        local, place = np.unique(self.span.local_ids_at(index), return_inverse=True)
        return local, place.reshape(-1)


class _Latest:
    """A function of an array that keeps its latest result: blocks are asked for several times."""

    def __init__(self, function: Callable[[Index], Any]) -> None:
        self._function = function
        self._index: Index | None = None
        self._result: Any = None

    def __call__(self, index: Index) -> Any:
        if self._index is not index:
            self._index, self._result = index, self._function(index)
        return self._result
