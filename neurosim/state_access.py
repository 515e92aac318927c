"""What a user may read and write in a running simulation."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .engines.base import Executable
from .lowering.computed import computed_values
from .lowering.program import Program
from .state_values import input_values, state_values


class StateAccess:
    """The part of Simulation that reads and writes state, and sets inputs."""

    program: Program
    _step: int  # that comes next

    def prepare(self) -> Executable:
        """Make the network ready; see ``Simulation.prepare``."""
        raise TypeError("a Simulation is needed")

    def read(self, name: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's current values in SI units, (size,).

        Parameters
        ----------
        name : str
            Of a population, or of a projection with a synapse model; the latter's values are
            in the order of :meth:`synapses`. Event-driven variables are as of the last event.
        variable : str
            A variable, parameter or subexpression of the model.
        """
        executable = self.prepare()
        if self._is_synaptic(name):
            return executable.read_synapses(name, variable)
        for population in self.program.populations:
            computed = dict(population.code.subexpressions)
            if population.name == name and variable in computed:
                read = partial(executable.read, name)
                return computed_values(population, variable, read, self._step, self.program.dt)
        return executable.read(name, variable)

    def _is_synaptic(self, name: str) -> bool:
        """Return whether a projection with a synapse model is called so, and no population."""
        if any(population.name == name for population in self.program.populations):
            return False
        return any(p.name == name and p.synapse is not None for p in self.program.projections)

    def synapses(self, projection: str) -> NDArray[np.void]:
        """Return every synapse of a projection with a synapse model, (n_synapses,).

        Fields ``source`` and ``target`` (ids within their populations) and ``delay`` (steps);
        by target, within a target in order of drawing.
        """
        return self.prepare().synapse_table(projection)

    def write(self, population: str, variable: str, values: ArrayLike) -> None:
        """Replace a variable's values: one number (SI units) or quantity, or (size,) of them."""
        executable = self.prepare()
        if self._is_synaptic(population):
            size = executable.synapse_count(population)
            array = state_values(self.program, population, variable, values, size)
            return executable.write_synapses(population, variable, array)
        size = executable.read(population, variable).size
        array = state_values(self.program, population, variable, values, size)
        executable.write(population, variable, array)

    def set_input(self, name: str, value: Any) -> None:
        """Let an injected current or a changing Poisson rate have other values from now on.

        Parameters
        ----------
        name : str
            Of the input, as ``Network.inject`` and ``Network.poisson`` return it; a Poisson input
            must have been declared with a StepRate, SineRate or ArrayRate.
        value : Quantity
            One, or one per neuron of the input; plain numbers are SI.
        """
        self.prepare().set_input(name, input_values(self.program, name, value))
