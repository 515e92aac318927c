"""A population's values at t = 0: parameters, initial state and coefficients."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..description import syntax
from ..description.distributions import Distribution
from ..description.equations import Declared
from ..description.functions import Function, TimedArray
from ..description.network import Network
from ..description.population import Population
from ..description.projection import PoissonInput, Projection
from ..description.values import Given
from ..errors import DescriptionError, UnsupportedError
from .draws import draw_values, value_draw
from .equations import LoweredModel, lower_model, unit_values
from .expressions import RandomNumbers, evaluate, finite, names_in
from .integrators import substitutions
from .program import PopulationProgram, Table, Value
from .synapses import written_by_synapses

_TOLERANCE = 1e-9

StreamKey = tuple[int, streams.Purpose, str]


def lower_population(
    population: Population, first_id: int, network: Network, dt: float
) -> PopulationProgram:
    """Lower a population: its code and the value of every variable at t = 0."""
    where = f"population {population.name!r}"
    ids = np.arange(first_id, first_id + population.size)
    parameters = _parameters(population, ids, network.seed, where)
    varying = frozenset(k for k, v in parameters.items() if isinstance(v, np.ndarray))
    model = population.model
    observed = _observed(population, network)
    lowered = lower_model(model, varying, _written(population, network), dt, observed)
    values = _values(population, lowered, parameters, ids, network.seed)
    values |= lowered.derived(values, dt, where)
    for name, value in values.items():
        if not finite(value):
            raise DescriptionError(
                f"{where}: {name!r} is {_first_bad(value)}. Check the parameters behind it: "
                f"{', '.join(population.parameters) or 'none'}."
            )
    _check_whole(model.declared, values, where)
    tables = {n: c for n, c in model.callees.items() if isinstance(c, TimedArray)}
    _check_tables(tables, population, dt, where)
    return PopulationProgram(
        population.name,
        first_id,
        population.size,
        lowered.code,
        values,
        {name: Table(table.values, table.dt) for name, table in tables.items()},
        {n: c.python for n, c in model.callees.items() if isinstance(c, Function)},
    )


def _observed(population: Population, network: Network) -> frozenset[str]:
    """Return the recorded subexpressions that cannot be worked out from sampled variables."""
    declared = population.model.declared
    recorded = {r.variable for r in network.recorders if r.neurons.name == population.name}
    found = set()
    for name, code in substitutions(declared).items():
        called = syntax.names(syntax.parse(code, name))[1]
        asked = {"lastspike", "t_in_timesteps", "not_refractory"} & names_in(code)
        if name in recorded and (called & declared.callees.keys() or asked):
            found.add(name)
        if name in recorded and "not_refractory" in asked:
            raise UnsupportedError(
                f"population {population.name!r}: {name!r} cannot be recorded, because it uses "
                "not_refractory. Record a variable that the equations or the reset change."
            )
    return frozenset(found)


def _check_whole(declared: Declared, values: Mapping[str, Value], where: str) -> None:
    """Refuse fractions for integers, and numbers for truth values."""
    for name in sorted((declared.integers | declared.booleans) & values.keys()):
        array = np.atleast_1d(np.asarray(values[name], np.float64))
        boolean = name in declared.booleans
        wrong = (array != 0) & (array != 1) if boolean else array != np.trunc(array)
        if wrong.any():
            kind = "a truth value: 0 or 1" if boolean else "an integer"
            raise DescriptionError(
                f"{where}: {name!r} starts at {float(array[wrong][0])!r}; it must be {kind}."
            )


def _check_tables(
    tables: dict[str, TimedArray], population: Population, dt: float, where: str
) -> None:
    """Warn where values of a table would fall between steps or be skipped."""
    for name, table in tables.items():
        ratio = table.dt / dt
        if abs(ratio - round(ratio)) > _TOLERANCE * ratio or ratio < 1 - _TOLERANCE:
            warnings.warn(
                f"{where}: TimedArray {name!r} has dt = {table.dt * 1e3:.12g} ms, not a multiple "
                f"of the simulation's {dt * 1e3:.12g} ms: its values are taken over at the next "
                "step, or skipped.",
                stacklevel=2,
            )


def given_values(
    given: Given, key: StreamKey, ids: NDArray[np.int64], known: Mapping[str, Value], where: str
) -> Value:
    """Return the value(s) a user gave: one number, or one per neuron of ``ids``.

    Parameters
    ----------
    given : Given
    key : (seed, purpose, name)
        Names the random stream.
    ids : (n,) int64
        Network-wide ids.
    known : mapping of str to float or array
        Names that an expression may use, SI units.
    where : str
        What it is, the start of every message.

    Raises
    ------
    DescriptionError
        If an expression is not finite somewhere.
    """
    content = given.content
    if isinstance(content, Distribution):
        draw = value_draw(content, where)
        if draw.kind == "constant":
            return draw.a
        return draw_values(draw, RandomNumbers(*key, ids).rand())
    if not isinstance(content, str):
        return content
    first = int(ids[0]) if ids.size else 0
    names = {**known, "i": (ids - first).astype(np.float64), "N": float(ids.size)}
    value = evaluate(content, names, where, RandomNumbers(*key, ids))
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise DescriptionError(f"{where}: {content!r} is {_first_bad(array)}; it must be finite.")
    return float(array) if array.ndim == 0 else np.ascontiguousarray(array)


def _parameters(
    population: Population, ids: NDArray[np.int64], seed: int, where: str
) -> dict[str, Value]:
    """Evaluate parameters, those that expressions refer to first."""
    found: dict[str, Value] = {}
    pending = dict(population.parameters)
    while pending:
        ready = [key for key, given in pending.items() if not _needs(given) & pending.keys()]
        if not ready:
            raise DescriptionError(
                f"{where}: the parameter expressions {', '.join(sorted(pending))} refer to each "
                "other in a circle."
            )
        for key in ready:
            found[key] = given_values(
                pending.pop(key),
                (seed, streams.Purpose.PARAMETER, key),
                ids,
                found,
                f"{where}: parameter {key!r}",
            )
    return found


def _needs(given: Given) -> frozenset[str]:
    return names_in(given.content) if isinstance(given.content, str) else frozenset()


def _written(population: Population, network: Network) -> frozenset[str]:
    targets: list[Projection | PoissonInput] = [*network.projections, *network.poisson_inputs]
    added = {t.variable for t in targets if t.post.name == population.name and t.variable}
    inputs = network.written_by_inputs(population.name)
    return frozenset(added | written_by_synapses(population, network) | inputs)


def _values(
    population: Population,
    lowered: LoweredModel,
    parameters: dict[str, Value],
    ids: NDArray[np.int64],
    seed: int,
) -> dict[str, Value]:
    where = f"population {population.name!r}"
    values: dict[str, Value] = dict(unit_values(lowered.code))
    for variable in lowered.code.variables:
        if variable.role != "coefficient":
            values[variable.name] = parameters.get(variable.name, 0.0)
    declared = population.model.declared
    replace = substitutions(declared)
    for name, original in population.initial.items():
        given = original
        if isinstance(given.content, str):
            given = Given(syntax.rename(given.content, replace), given.dim)
        key = (seed, streams.Purpose.INITIAL, name)
        place = f"{where}: initial value of {name!r}"
        values[name] = given_values(given, key, ids, values | parameters, place)
    return values


def _first_bad(value: Value) -> str:
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    index = int(np.flatnonzero(~np.isfinite(array))[0])
    place = f" for neuron {index}" if array.size > 1 else ""
    return f"{array[index]}{place}"
