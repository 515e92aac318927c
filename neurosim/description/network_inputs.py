"""The part of Network that declares inputs: currents, operations, source populations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ..errors import DescriptionError, UnsupportedError
from .inputs import (
    MAX_PER_POPULATION,
    Injection,
    Operation,
    check_changeable,
    check_free,
    check_wave,
    declared_of,
    read_operation,
)
from .names import check_name
from .projection import Projection
from .quantities import SECOND, scalar
from .synapse_operations import Schedule, SynapseOperation, add_operation
from .views import PopulationView


class NetworkInputs:
    """Inputs of a network.

    Attributes
    ----------
    injections : list of Injection
    operations : list of Operation
        Of neurons; those of synapses belong to their projection.
    writables : dict of str to set of str
        By population, the variables that may be written while the network runs.
    """

    projections: list[Projection]

    def __init__(self) -> None:
        self.injections: list[Injection] = []
        self.operations: list[Operation] = []
        self.writables: dict[str, set[str]] = {}

    def _own(self, neurons: Any, where: str) -> PopulationView:
        raise TypeError("inputs belong to a Network")

    def inject(
        self, neurons: Any, variable: str, wave: Any, *, name: str | None = None
    ) -> Injection | list[Injection]:
        """Inject a current: set ``variable`` to its value at t = 0 plus all that is injected.

        Parameters
        ----------
        neurons : Population, view, or list of them
        variable : str
            Declared by the model (``I : amp``), or one of its parameters (``I_e``); nothing else
            may write it.
        wave : StepCurrent, ConstantCurrent, SineCurrent, NoisyCurrent or RecordedCurrent
            In units of the variable, whatever these are.
        name : str, optional
            For ``set_input``; by default ``"E.I"``, ``"E.I:2"``...

        Raises
        ------
        UnknownNameError, DimensionError, DescriptionError
        """
        if isinstance(neurons, (list, tuple)):
            return [self.inject(part, variable, wave, name=name) for part in neurons]  # type: ignore[misc]
        target = self._own(neurons, "inject: neurons")
        where = f"current into {target.label!r}"
        dims = declared_of(target, where).dims
        variable = check_free(target, variable, where)
        made = Injection(
            name=self._input_name(name, f"{target.name}.{variable}"),
            neurons=target,
            variable=variable,
            wave=check_wave(wave, target, dims[variable], where),
        )
        self._check_room(target.name)
        self.injections.append(made)
        return made

    def run_regularly(
        self,
        neurons: Any,
        code: str,
        every: Any = None,
        when: Literal["start", "end"] = "start",
        *,
        start: Any = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Operation | SynapseOperation:
        """Run statements at regular intervals, for neurons or for all synapses of a projection.

        Parameters
        ----------
        neurons : Population or view; Projection, or a projection's name
        code : str
            For neurons, statements such as ``"v = clip(v, E_L, V_th); I = 1*nA*rand()"``. They
            may change state variables and parameters, use new names for intermediate values,
            ``t``, ``i`` and ``N`` (index within ``neurons`` and their number), ``rand()`` and
            ``randn()``. For synapses, statements such as ``"w *= goal/sum_post(w)"``, which
            change synaptic variables and may use those of source and target (``v_pre``,
            ``v_post``), and ``sum_post(expression)`` and ``sum_pre(expression)``, the sum over
            all synapses of the same target or the same source, of the values before the
            statement. Event-driven variables are brought up to date first.
        every : Quantity of time, optional
            A multiple of dt; dt by default.
        when : {"start", "end"}
            Before the state update, or after the resets. Operations run in order of
            declaration, those of synapses after those of neurons.
        start : Quantity of time, optional
            The first time; t = 0 by default.
        parameters : dict of str to Quantity, optional
            For synapses: names in the code that have one value. ``Simulation.write`` may change
            them.

        Notes
        -----
        As in Brian2, changes of an ``unless refractory`` variable are dropped while a neuron is
        refractory. Statements that change the weights of synapses without a model give the
        projection one, as they then are no longer constant.
        """
        if when not in ("start", "end"):
            raise DescriptionError(f"run_regularly: when is {when!r}; it is 'start' or 'end'.")
        interval = None if every is None else scalar(every, SECOND, "run_regularly: every")
        if interval is not None and interval <= 0:
            raise DescriptionError(f"run_regularly: every is {interval!r} s; it must be > 0.")
        first = 0.0 if start is None else scalar(start, SECOND, "run_regularly: start")
        if first < 0:
            raise DescriptionError(f"run_regularly: start is {first!r} s; it must be >= 0.")
        projection = self._projection_of(neurons)
        if projection is not None:
            return add_operation(projection, code, Schedule(interval, first, when), parameters)
        target = self._own(neurons, "run_regularly: neurons")
        where = f"operation on {target.label!r}"
        if parameters is not None:
            raise DescriptionError(f"{where}: parameters of neurons belong to their model.")
        statements, writes, units = read_operation(target, code, where)
        name = f"{target.name}.operation{len(self.operations)}"
        made = Operation(name, target, code, interval, when, statements, writes, units, first)
        self._check_room(target.name)
        self.operations.append(made)
        return made

    def _projection_of(self, given: Any) -> Projection | None:
        """Return a projection of this network, given it or its name; None for anything else."""
        if isinstance(given, Projection):
            if all(own is not given for own in self.projections):
                raise DescriptionError(
                    f"run_regularly: projection {given.name!r} belongs to another network."
                )
            return given
        named = [own for own in self.projections if isinstance(given, str) and own.name == given]
        return named[0] if named else None

    def writable(self, neurons: Any, variables: str | Iterable[str]) -> None:
        """Let parameters be written while the network runs, by callbacks and ``Simulation.write``.

        State variables always may. A parameter that is fixed is worked into constants when the
        network is made ready; declare those that are not.

        Parameters
        ----------
        neurons : Population
        variables : str or list of str
        """
        target = self._own(neurons, "writable: neurons")
        for variable in [variables] if isinstance(variables, str) else variables:
            name = check_changeable(target, variable, f"writable: {target.name!r}")
            self.writables.setdefault(target.name, set()).add(name)

    def written_by_inputs(self, population: str) -> set[str]:
        """Return the variables of a population that change because of inputs."""
        found = set(self.writables.get(population, ()))
        found |= {i.variable for i in self.injections if i.neurons.name == population}
        for operation in self.operations:
            if operation.neurons.name == population:
                found |= operation.writes
        return found

    def _check_room(self, population: str) -> None:
        inputs: list[Injection | Operation] = [*self.injections, *self.operations]
        used = sum(x.neurons.name == population for x in inputs)
        if used >= MAX_PER_POPULATION:
            raise UnsupportedError(
                f"population {population!r} has {used} injected currents and operations, the most "
                "that is supported. Join some: one StepCurrent takes a column per neuron."
            )

    def _input_name(self, name: str | None, base: str) -> str:
        taken = {i.name for i in self.injections}
        if name is None:
            name, number = base, 2
            while name in taken:
                name, number = f"{base}:{number}", number + 1
            return name
        if check_name(name, "input", projection=True) in taken:
            raise DescriptionError(f"there is already an input {name!r}; names are unique.")
        return name
