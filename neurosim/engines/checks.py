"""What every executable checks before it reads, writes or advances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError, EquationError, NeurosimError, UnknownNameError
from ..lowering.program import NeuronCode, PopulationProgram, Program, ProjectionProgram
from ..lowering.synapse_program import SynapseCode


def readable(program: Program, population: str, variable: str) -> PopulationProgram:
    """Return the population whose variable may be read; UnknownNameError otherwise."""
    return _variable(program, population, variable, ("state", "derived", "parameter"))


def writable(
    program: Program, population: str, variable: str, values: NDArray[np.float64]
) -> PopulationProgram:
    """Return the population whose state variable may be given ``values``, one per own neuron.

    Raises
    ------
    UnknownNameError
        No such population, or no such state variable (parameters are fixed during a run unless
        declared with ``Network.writable``).
    DescriptionError
        Wrong shape.
    """
    found = _variable(program, population, variable, ("state",))
    own = program.share.count(found.size)
    if np.shape(values) != (own,):
        raise DescriptionError(
            f"values of {variable!r} in population {population!r} have shape "
            f"{np.shape(values)}; give one value per neuron, shape ({own},)."
        )
    return found


def with_model(program: Program, projection: str) -> ProjectionProgram:
    """Return the projection with a synapse model of that name; UnknownNameError otherwise."""
    known = {p.name: p for p in program.projections if p.synapse is not None}
    if projection not in known:
        raise UnknownNameError("projection", projection, known, "projections with a synapse model")
    return known[projection]


def restructured(program: Program, projection: str) -> ProjectionProgram:
    """Return the restructured projection of that name; UnknownNameError otherwise."""
    known = {p.name: p for p in program.projections if p.restructured}
    if projection not in known:
        raise UnknownNameError("projection", projection, known, "restructured projections")
    return known[projection]


def synaptic(
    program: Program, projection: str, variable: str, roles: tuple[str, ...]
) -> ProjectionProgram:
    """Return the projection whose synaptic variable has one of the roles.

    Raises
    ------
    UnknownNameError
        No such projection with a synapse model, or no such variable.
    """
    found = with_model(program, projection)
    variables = () if found.synapse is None else found.synapse.code.variables
    names = [v.name for v in variables if v.role in roles]
    if variable not in names:
        raise UnknownNameError("synaptic variable", variable, names, f"projection {projection!r}")
    return found


def writable_synapses(
    program: Program, projection: str, variable: str, values: NDArray[np.float64], size: int
) -> None:
    """Check that ``values`` may replace those of a synaptic variable.

    Raises
    ------
    UnknownNameError
    DescriptionError
        Wrong shape, or a parameter that all synapses share.
    """
    found = synaptic(program, projection, variable, ("state", "parameter"))
    shared = found.synapse is not None and found.synapse.code.variable(variable).shared
    if shared:
        raise DescriptionError(
            f"{variable!r} of projection {projection!r} is one value for all synapses. Write one "
            "number, or give it as an array or distribution to have one per synapse."
        )
    if np.shape(values) != (size,):
        raise DescriptionError(
            f"values of {variable!r} in projection {projection!r} have shape {np.shape(values)}; "
            f"give one per synapse, shape ({size},)."
        )


def shared_parameter(program: Program, name: str, variable: str) -> bool:
    """Return whether a parameter has one value for a whole population or projection.

    ``name`` is of a population, or else of a projection with a synapse model; False where there
    is no such parameter.
    """
    code = _code_of(program, name)
    variables = () if code is None else code.variables
    return any(v.name == variable and v.role == "parameter" and v.shared for v in variables)


def writable_shared(program: Program, name: str, variable: str) -> None:
    """Check that a parameter which :func:`shared_parameter` knows may be written while running.

    Raises
    ------
    DescriptionError
        Numbers of the integrator were worked out from it.
    """
    code = _code_of(program, name)
    if isinstance(code, NeuronCode) and variable in code.fixed:
        raise DescriptionError(
            f"{variable!r} of population {name!r} is in the equations that are solved exactly "
            f"(method {code.method!r}), for which it must stay as it is. Declare it with "
            f"net.writable({name!r}, {variable!r}), or choose another method, such as 'euler'."
        )


def _code_of(program: Program, name: str) -> NeuronCode | SynapseCode | None:
    for population in program.populations:
        if population.name == name:
            return population.code
    for projection in program.projections:
        if projection.name == name and projection.synapse is not None:
            return projection.synapse.code
    return None


def no_network(engine: str) -> NeurosimError:
    """Return the error of an executable used before ``build`` or after ``close``."""
    return NeurosimError(
        f"the executable of engine {engine!r} has no network: call build() first, and nothing "
        "after close()."
    )


def stopped(engine: str) -> NeurosimError:
    """Return the error of an executable advanced after a NaN stopped it."""
    return NeurosimError(
        f"the run on engine {engine!r} was stopped by a NaN and cannot go on: build() again."
    )


def undefined_value(model: str, code: str) -> EquationError:
    """Return the error of code that divides by zero whatever the values are."""
    return EquationError(
        f"model {model!r}: {code.strip()!r} divides by zero whatever the values are. Correct the "
        "expression; a value that may become zero needs a condition or a bound."
    )


def _variable(
    program: Program, population: str, variable: str, roles: tuple[str, ...]
) -> PopulationProgram:
    populations = {p.name: p for p in program.populations}
    if population not in populations:
        raise UnknownNameError("population", population, populations)
    found = populations[population]
    names = [v.name for v in found.code.variables if v.role in roles]
    if variable not in names:
        kind = "variable" if len(roles) > 1 else "state variable"
        fixed = any(v.name == variable and v.role == "parameter" for v in found.code.variables)
        hint = " (it is fixed unless declared with Network.writable)" if fixed else ""
        raise UnknownNameError(kind, variable, names, f"population {population!r}{hint}")
    return found
