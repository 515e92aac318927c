"""What a user may read and write in a running simulation."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .description.bounds import LEARNING
from .engines.base import SYNAPSE, Executable
from .engines.checks import shared_parameter, with_model
from .errors import DescriptionError
from .joint import Ranks, SynapseOrder
from .lowering.computed import computed_values
from .lowering.program import Program
from .state_values import check_limits, input_values, limits_now, shared_value, state_values


class StateAccess:
    """The part of Simulation that reads and writes state, and sets inputs.

    On several ranks every method must be called on each of them, in the same order and with the
    same arguments; what is read is of the whole network, on every rank.
    """

    program: Program
    _ranks: Ranks
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
            values = executable.read_synapses(name, variable)
            order = self._synapse_order(executable, name)
            return values if order is None else order.whole(values)
        for population in self.program.populations:
            computed = dict(population.code.subexpressions)
            if population.name == name and variable in computed:
                read = partial(self._read, executable, name)
                return computed_values(population, variable, read, self._step, self.program.dt)
        return self._read(executable, name, variable)

    def _read(self, executable: Executable, name: str, variable: str) -> NDArray[np.float64]:
        return self._ranks.whole(executable.read(name, variable))

    def _synapse_order(self, executable: Executable, name: str) -> SynapseOrder | None:
        """Return how the synapses of all ranks follow each other; None: there is one rank."""
        if not self._ranks.several:
            return None
        return SynapseOrder(self._ranks, executable.synapse_table(name)["target"])

    def _is_synaptic(self, name: str) -> bool:
        """Return whether a projection with a synapse model is called so, and no population."""
        if any(population.name == name for population in self.program.populations):
            return False
        machine = self.program.machine
        if machine is not None and machine.learns(name):
            return True
        return any(p.name == name and p.synapse is not None for p in self.program.projections)

    def synapses(self, projection: str) -> NDArray[np.void]:
        """Return every synapse of a projection with a synapse model, (n_synapses,).

        Fields ``source`` and ``target`` (ids within their populations) and ``delay`` (steps);
        by target, within a target in order of drawing.
        """
        own = self.prepare().synapse_table(projection)
        if not self._ranks.several:
            return own
        order = SynapseOrder(self._ranks, own["target"])
        table = np.empty(order.size, SYNAPSE)
        for field in SYNAPSE.names or ():
            table[field] = order.whole(own[field])
        return table

    def of_all_ranks(
        self, steps: NDArray[np.int64], ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the spikes (steps, ids) of every rank, given each one's, by step, then id."""
        return self._ranks.spikes(steps, ids)

    def write(self, population: str, variable: str, values: ArrayLike) -> None:
        """Replace a variable's values: one number (SI units) or quantity, or (size,) of them.

        A parameter that a population, or a projection's synapses, share takes one number. Where
        it is a bound, values beyond it are moved onto it. Initial values and other parameters
        that were worked out from it at t = 0 stay as they are.
        """
        executable = self.prepare()
        if shared_parameter(self.program, population, variable):
            value = shared_value(self.program, population, variable, values)
            return self._write_shared(executable, population, variable, value)
        if self._is_synaptic(population):
            order = self._synapse_order(executable, population)
            size = executable.synapse_count(population) if order is None else order.size
            array = state_values(self.program, population, variable, values, size)
            shared = partial(self._shared_now, executable, population)
            array = check_limits(self.program, population, variable, array, shared)
            own = array if order is None else order.own(array)
            return executable.write_synapses(population, variable, own)
        executable.read(population, variable)  # an unknown name is told before a wrong value
        size = self.program.population(population).size
        array = state_values(self.program, population, variable, values, size)
        executable.write(population, variable, self._ranks.share.part(array))

    def learning(self, projection: Any, on: bool) -> None:
        """Switch a projection's learning on or off from the coming step on.

        Parameters
        ----------
        projection : Projection or str
        on : bool

        Raises
        ------
        DescriptionError
            Its synapses learn nothing.
        """
        name = getattr(projection, "name", projection)
        found = with_model(self.program, name)
        if not shared_parameter(self.program, name, LEARNING):
            model = "" if found.synapse is None else found.synapse.code.name
            raise DescriptionError(
                f"projection {name!r}: synapse {model!r} learns nothing to be switched. Use "
                "a PlasticityRule, or SynapseModel(..., learns=['w'])."
            )
        if not isinstance(on, (bool, np.bool_)):
            raise DescriptionError(f"learning of {name!r}: {on!r} is given; it is True or False.")
        self._write_shared(self.prepare(), name, LEARNING, float(on))

    def _shared_now(self, executable: Executable, projection: str, name: str) -> float:
        return executable.read_shared(projection, name)

    def _write_shared(self, executable: Executable, name: str, variable: str, value: float) -> None:
        """Write a shared parameter; bounds that depend on it hold at once."""
        if not self._is_synaptic(name):
            return executable.write_shared(name, variable, value)

        def shared(other: str) -> float:
            return value if other == variable else self._shared_now(executable, name, other)

        limits = limits_now(self.program, name, shared)
        executable.write_shared(name, variable, value)
        for bounded, limit in limits.items():
            if variable not in limit.names():
                continue
            values = executable.read_synapses(name, bounded)
            inside = np.clip(values, limit.lowest, limit.highest)
            if not np.array_equal(values, inside):
                executable.write_synapses(name, bounded, inside)
        return None

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
