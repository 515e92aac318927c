"""Values that a user writes into a running network, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Quantity
from numpy.typing import NDArray

from .description.bounds import Limit, check_value
from .description.quantities import dimensions, symbol
from .errors import DescriptionError, DimensionError
from .lowering.input_program import wave_inputs
from .lowering.program import Program


def state_values(
    program: Program, population: str, variable: str, values: Any, size: int
) -> NDArray[np.float64]:
    """Return values for a variable of every neuron, (size,).

    Parameters
    ----------
    program : Program
    population, variable : str
        Or a projection with a synapse model, and its variable.
    values : number, array or Quantity
        One, or one per neuron; plain numbers are SI.
    size : int

    Raises
    ------
    DescriptionError
        Not numbers, not finite, or of another shape.
    DimensionError
        A quantity of another dimension than the variable's.
    """
    where = f"values for {variable!r} of population {population!r}"
    needed = _dimension(program, population, variable)
    _check_unit(values, needed, where)
    try:
        array = np.broadcast_to(np.asarray(values, dtype=np.float64), (size,)).copy()
    except (TypeError, ValueError) as error:
        raise DescriptionError(
            f"{where} must be one number or {size} of them, one per neuron or synapse."
        ) from error
    if not np.isfinite(array).all():
        raise DescriptionError(f"{where} must be finite.")
    return array


def shared_value(program: Program, name: str, variable: str, value: Any) -> float:
    """Return a value for a parameter that a population, or a projection's synapses, share.

    Raises
    ------
    DescriptionError
        Not one finite number.
    DimensionError
    """
    where = f"the value for {variable!r} of {name!r}"
    _check_unit(value, _dimension(program, name, variable), where)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{where} must be one number.") from error
    if array.size != 1:
        raise DescriptionError(
            f"{where} has shape {array.shape}, but the parameter is one number for all. Write one; "
            f"for values of their own declare it with net.writable({name!r}, {variable!r}), or "
            "give an array or a distribution to synapses."
        )
    number = float(array.reshape(()))
    if not np.isfinite(number):
        raise DescriptionError(f"{where} must be finite.")
    return number


def check_limits(
    program: Program,
    projection: str,
    variable: str,
    values: NDArray[np.float64],
    shared: Callable[[str], float],
) -> NDArray[np.float64]:
    """Return values written to a synaptic variable, if they are within its bounds.

    Parameters
    ----------
    program : Program
    projection, variable : str
    values : (n_synapses,) array
    shared : callable
        From a shared parameter's name to its current value.

    Raises
    ------
    DescriptionError
        A value outside, by more than rounding.
    """
    limit = limits_now(program, projection, shared).get(variable)
    if limit is None:
        return values
    unit = _dimension(program, projection, variable)
    check_value(values, limit, unit, f"values for {variable!r} of {projection!r}")
    return np.clip(values, limit.lowest, limit.highest)


def limits_now(
    program: Program, projection: str, shared: Callable[[str], float]
) -> dict[str, Limit]:
    """Return the bounds of a projection's synaptic variables, as they are now.

    Raises
    ------
    DescriptionError
        A lower bound is not below the upper one.
    """
    synapse = next(p.synapse for p in program.projections if p.name == projection)
    limits = {} if synapse is None else synapse.limits
    found = {}
    for name, limit in limits.items():
        unit = _dimension(program, projection, name)
        found[name] = limit.now(shared, unit, f"{projection!r}: bounds of {name!r}")
    return found


def _dimension(program: Program, name: str, variable: str) -> str:
    for projection in program.projections:
        if projection.name == name and projection.synapse is not None:
            return projection.synapse.code.variable(variable).dimension
    for learning in () if program.machine is None else program.machine.learning:
        if learning.projection == name:
            return learning.dimension
    return program.population(name).code.variable(variable).dimension


def input_values(program: Program, name: str, values: Any) -> NDArray[np.float64]:
    """Return values for an input that changes over time, SI units; the engine checks the rest.

    Raises
    ------
    DescriptionError
        Not numbers.
    DimensionError
    """
    where = f"values for the input {name!r}"
    for given in wave_inputs(program.currents, program.poisson):
        if given.name == name:
            _check_unit(values, given.dimension, where)
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{where} must be a number, or one per neuron.") from error


def _check_unit(values: Any, needed: str, where: str) -> None:
    if isinstance(values, Quantity) and symbol(dimensions(values)) != needed:
        raise DimensionError(
            f"{where} have the unit {symbol(dimensions(values))}, but {needed} is needed."
        )
