"""A population's values at t = 0: parameters, initial state and coefficients."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

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
from ..parallel.share import Share
from .draws import draw_values, value_draw
from .equations import lower_model, unit_values
from .expressions import RandomNumbers, evaluate, finite, names_in
from .integrators import substitutions
from .neurons import Neurons, neurons_at, owned
from .program import NeuronCode, PopulationProgram, Table, Value
from .synapses import written_by_synapses

_TOLERANCE = 1e-9

StreamKey = tuple[int, streams.Purpose, str]


def lower_population(
    population: Population, first_id: int, network: Network, dt: float, share: Share
) -> PopulationProgram:
    """Lower a population: its code and the value of every variable at t = 0 of owned neurons."""
    where = f"population {population.name!r}"
    none = not share.count(population.size)
    neurons = owned(first_id, population.size, share)
    if none:  # the code must be that of the other ranks, so another's neuron is looked at
        neurons = neurons_at(np.zeros(1, np.int64), first_id, population.size)
    parameters = _parameters(population, neurons, network.seed)
    model = population.model
    varying = frozenset(k for k, v in parameters.items() if isinstance(v, np.ndarray))
    # what nothing writes keeps its initial value, which may be another for every neuron
    started = {k for k, g in population.initial.items() if not isinstance(g.content, float)}
    varying |= started.intersection(model.declared.declared)
    observed = _observed(population, network)
    lowered = lower_model(model, varying, _written(population, network), dt, observed)
    values = _values(population, lowered.code, parameters, neurons, network.seed)
    values |= lowered.derived(values, dt, where)
    for name, value in values.items():
        if not finite(value):
            raise DescriptionError(
                f"{where}: {name!r} is {neurons.bad(value)}. Check the parameters behind it: "
                f"{', '.join(population.parameters) or 'none'}."
            )
    _check_whole(model.declared, values, where)
    tables = {n: c for n, c in model.callees.items() if isinstance(c, TimedArray)}
    _check_tables(tables, population, dt, where)
    if none:
        values = {n: v[:0] if isinstance(v, np.ndarray) else v for n, v in values.items()}
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


def start_values(
    population: Population, code: NeuronCode, neurons: Neurons, seed: int
) -> dict[str, Value]:
    """Return the values at t = 0 of any neurons of a population, but for its coefficients."""
    parameters = _parameters(population, neurons, seed)
    return _values(population, code, parameters, neurons, seed)


def given_values(
    given: Given, key: StreamKey, neurons: Neurons, known: Mapping[str, Value], where: str
) -> Value:
    """Return the value(s) a user gave: one number, or one per neuron of ``neurons``.

    Parameters
    ----------
    given : Given
    key : (seed, purpose, name)
        Names the random stream.
    neurons : Neurons
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
        return draw_values(draw, RandomNumbers(*key, neurons.ids).rand())
    if not isinstance(content, str):
        return content if isinstance(content, float) else neurons.part(content)
    index = (neurons.ids - neurons.first_id).astype(np.float64)
    names = {**known, "i": index, "N": float(neurons.size)}
    value = evaluate(content, names, where, RandomNumbers(*key, neurons.ids))
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise DescriptionError(f"{where}: {content!r} is {neurons.bad(array)}; it must be finite.")
    return float(array) if array.ndim == 0 else np.ascontiguousarray(array)


def _parameters(population: Population, neurons: Neurons, seed: int) -> dict[str, Value]:
    """Evaluate parameters, those that expressions refer to first."""
    where = f"population {population.name!r}"
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
                neurons,
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
    code: NeuronCode,
    parameters: dict[str, Value],
    neurons: Neurons,
    seed: int,
) -> dict[str, Value]:
    where = f"population {population.name!r}"
    values: dict[str, Value] = dict(unit_values(code))
    for variable in code.variables:
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
        values[name] = given_values(given, key, neurons, values | parameters, place)
    return values
