"""The code of a step in Loihi's integers, as the engine runs it for every compartment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...lowering.program import PopulationProgram, Value, Variable
from .arithmetic import ALIGNMENT, DECAY_UNITY, STATE_LIMIT
from .scale import Compartments, Current

Arrivals = dict[str, list[tuple[str, int]]]
"""By current: hidden variables that synapses add to, and the exponent of what they hold."""


def machine_population(
    population: PopulationProgram,
    own: Compartments,
    arrivals: Arrivals,
    *,
    integer: bool,
    whole: bool,
) -> PopulationProgram:
    """Return a population that steps as Loihi does.

    Parameters
    ----------
    population : PopulationProgram
        As it was lowered.
    own : Compartments
    arrivals : dict of str to list of (str, int)
        Of the exponent e < 0 the sum of mantissas is shifted; with 0 they are in units of u.
        None for a current: synapses act on the potential itself.
    integer : bool
        Truncate, wrap around and clip; otherwise the same with real numbers.
    whole : bool
        What arrives is whole numbers already.
    """
    code = population.code
    values, lines = dict(population.values), []
    states = {own.potential, *(m for c in own.currents for m in c.members)}
    kept = [v for v in code.variables if v.name not in states and v.role != "coefficient"]
    names = _Names({v.name for v in code.variables})
    used: list[Variable] = []

    def constant(name: str, value: Value) -> str:
        made = names.fresh(name)
        values[made] = value if isinstance(value, np.ndarray) else float(value)
        shared = not isinstance(value, np.ndarray)
        used.append(Variable(made, "1", "parameter", shared))
        return made

    added = []
    for current in own.currents:
        pending = arrivals.get(current.name)
        if pending is None:
            continue
        if not own.delta:
            used.append(_state(population, current.name))
            factor = constant(f"keep_{current.name}", _factor(current.decay))
            lines += _current(current.name, factor, pending, integer, whole)
            added.append(current.name)
            values |= _start(population, own, current, pending)
        else:
            lines.append(f"_in = {_sum(pending, integer, whole)}")
            added.append("_in")
            values |= {name: 0.0 for name, _ in pending}
        used += [Variable(name, "1", "state", False) for name, _ in pending]
        lines += [f"{name} = 0" for name, _ in pending]
    v = own.potential
    used.insert(0, _state(population, v))
    values[v] = _round((np.asarray(values[v]) - own.offset) / own.unit, integer)
    factor = constant(f"keep_{v}", _factor(own.decay))
    bias = constant("bias", _round(own.bias, integer))
    total = " + ".join([_decayed(v, factor, integer), *added, bias])
    limit = STATE_LIMIT - 1
    lines.append(f"{v} = clip({total}, -{limit}, {limit})" if integer else f"{v} = {total}")
    threshold = constant("threshold", own.threshold)
    gone = {x.name for x in code.variables} - {x.name for x in (*kept, *used)}
    changed = replace(
        code,
        variables=(*used, *kept),
        update="\n".join(lines),
        threshold=f"{v} > {threshold}",
        reset=f"{v} = 0",
        refractory=f"{own.late}*dt" if own.late else code.refractory,
        unless_refractory=code.unless_refractory and (v,),
        method="loihi",
        fixed=tuple(sorted({x.name for x in (*kept, *used) if x.role == "parameter"})),
    )
    values = {name: value for name, value in values.items() if name not in gone}
    return replace(population, code=changed, values=values)


def _current(
    name: str, factor: str, pending: list[tuple[str, int]], integer: bool, whole: bool
) -> list[str]:
    """Return the statements of u: decay, what arrived, and 24 bits."""
    lines = [f"{name} = {_decayed(name, factor, integer)} + {_sum(pending, integer, whole)}"]
    if integer:
        turn = 2 * STATE_LIMIT
        lines.append(f"{name} = {name} - {turn}*int({name} > {STATE_LIMIT})")
        lines.append(f"{name} = {name} + {turn}*int({name} <= -{STATE_LIMIT})")
    return lines


def _decayed(name: str, factor: str, integer: bool) -> str:
    return f"sign({name})*floor(abs({name})*{factor})" if integer else f"{name}*{factor}"


def _sum(pending: list[tuple[str, int]], integer: bool, whole: bool) -> str:
    terms = []
    for name, exponent in pending:
        if exponent < 0:
            scaled = f"{name}*{2.0**exponent!r}"
            terms.append(f"{ALIGNMENT}*" + (f"floor({scaled})" if integer else f"({scaled})"))
        else:
            terms.append(name if whole or not integer else f"floor({name} + 0.5)")
    return " + ".join(terms)


def _start(
    population: PopulationProgram,
    own: Compartments,
    current: Current,
    pending: list[tuple[str, int]],
) -> dict[str, Value]:
    """Return u = 0 and, as if it arrived just before the first step, the currents at t = 0."""
    values: dict[str, Value] = {current.name: 0.0}
    values |= {name: 0.0 for name, _ in pending}
    first: Any = 0.0
    for member in current.members:
        first = first + np.asarray(population.values[member]) * current.gain[member]
    free = next((name for name, exponent in pending if not exponent), None)
    if free is not None:
        steps = np.rint(np.asarray(first) / ALIGNMENT) * ALIGNMENT
        values[free] = (steps if np.any(first) else np.zeros_like(first))[()]
    return values


def _state(population: PopulationProgram, name: str) -> Variable:
    return replace(population.code.variable(name), role="state", shared=False)


def _factor(decay: Value) -> Value:
    return ((DECAY_UNITY - np.asarray(decay, np.float64)) / DECAY_UNITY)[()]


def _round(value: Value, integer: bool) -> Value:
    return np.rint(value)[()] if integer else value


class _Names:
    """Names for variables of the machine that the model has not."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def fresh(self, name: str) -> str:
        while name in self._taken:
            name += "x"
        self._taken.add(name)
        return name
