"""The code of a step in Loihi's integers, as the engine runs it for every compartment."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from ...lowering.program import PopulationProgram, Value, Variable
from .arithmetic import ALIGNMENT, DECAY_UNITY, STATE_LIMIT
from .scale import Compartments, Current, plain

_WORD = re.compile(r"[A-Za-z_]\w*")

Arrivals = dict[str, list[tuple[str, int]]]
"""By current: hidden variables that synapses add to, and the exponent of what they hold.

With exponent 0 they are in units of u; with a negative one their sum is still to be shifted.
"""


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
        Without a current's entry its synapses act on the variable itself.
    integer : bool
        Truncate, wrap around and clip; otherwise the same with real numbers.
    whole : bool
        What arrives is whole numbers already.
    """
    return _Builder(population, own, integer, whole).build(arrivals)


class _Builder:
    """Gathers the variables, values and statements of a population."""

    def __init__(
        self, population: PopulationProgram, own: Compartments, integer: bool, whole: bool
    ) -> None:
        self._population, self._own = population, own
        self._integer, self._whole = integer, whole
        states = {own.potential, *(m for c in own.currents for m in c.members)}
        code = population.code
        self._taken = {v.name for v in code.variables}
        pause = set(_WORD.findall(code.refractory))  # which may be written with units
        self._kept = [
            v
            for v in code.variables
            if v.name not in states and (v.role != "coefficient" or v.name in pause)
        ]
        self._made: list[Variable] = []
        self._values: dict[str, Value] = {v.name: population.values[v.name] for v in self._kept}
        self._lines: list[str] = []

    def build(self, arrivals: Arrivals) -> PopulationProgram:
        """Return the population."""
        own, population, v = self._own, self._population, self._own.potential
        start = (np.asarray(population.values[v]) - own.offset) / own.unit
        self._state(v, self._round(start))
        added = []
        for current in own.currents:
            pending = arrivals.get(current.name, [])
            if own.delta and pending:
                self._lines.append(f"_in = {self._sum(pending)}")
                added.append("_in")
            elif not own.delta:
                self._current(current, pending)
                added.append(current.name)
            self._empty(pending, self._first(current))
        factor = self._constant(f"keep_{v}", _factor(own.decay))
        bias = self._constant("bias", self._round(own.bias))
        total, limit = " + ".join([self._decayed(v, factor), *added, bias]), STATE_LIMIT - 1
        bounded = f"clip({total}, -{limit}, {limit})" if self._integer else total
        self._lines.append(f"{v} = {bounded}")
        threshold = self._constant("threshold", own.threshold)
        return replace(population, code=self._code(threshold), values=self._values)

    def _code(self, threshold: str) -> Any:
        code, v, late = self._population.code, self._own.potential, self._own.late
        variables = (*self._made, *self._kept)
        return replace(
            code,
            variables=variables,
            update="\n".join(self._lines),
            threshold=f"{v} > {threshold}",
            reset=f"{v} = 0",
            refractory=f"{late}*dt" if late else code.refractory,
            unless_refractory=code.unless_refractory and (v,),
            method="loihi",
            fixed=tuple(sorted(x.name for x in variables if x.role == "parameter")),
        )

    def _current(self, current: Current, pending: list[tuple[str, int]]) -> None:
        """Add the statements of u: decay, what arrived, and 24 bits."""
        u = current.name
        self._state(u, 0.0)
        factor = self._constant(f"keep_{u}", _factor(current.decay))
        self._lines.append(f"{u} = {self._decayed(u, factor)} + {self._sum(pending)}")
        if self._integer:
            turn = 2 * STATE_LIMIT
            self._lines.append(f"{u} = {u} - {turn}*int({u} > {STATE_LIMIT})")
            self._lines.append(f"{u} = {u} + {turn}*int({u} <= -{STATE_LIMIT})")

    def _sum(self, pending: list[tuple[str, int]]) -> str:
        terms = []
        for name, exponent in pending:
            if exponent < 0:
                scaled = f"{name}*{self._constant(f'shift_{name}', 2.0**exponent)}"
                terms.append(
                    f"{ALIGNMENT}*" + (f"floor({scaled})" if self._integer else f"({scaled})")
                )
            else:
                rounds = self._integer and not self._whole
                terms.append(f"floor({name} + 0.5)" if rounds else name)
        return " + ".join(terms)

    def _empty(self, pending: list[tuple[str, int]], first: Value) -> None:
        """Add hidden variables, emptied once they are read; the first holds what is there at 0."""
        for name, _ in pending:
            self._made.append(Variable(name, "1", "state", False))
            self._taken.add(name)
            self._values[name] = first
            self._lines.append(f"{name} = 0")
            first = 0.0

    def _first(self, current: Current) -> Value:
        """Return the currents at t = 0, as if they arrived just before the first step."""
        if self._own.delta:
            return 0.0
        total: Any = 0.0
        for member in current.members:
            total = total + np.asarray(self._population.values[member]) * current.gain[member]
        return plain(np.rint(total / ALIGNMENT) * ALIGNMENT if self._integer else total)

    def _decayed(self, name: str, factor: str) -> str:
        if not self._integer:
            return f"{name}*{factor}"
        return f"sign({name})*floor(abs({name})*{factor})"

    def _state(self, name: str, value: Value) -> None:
        known = self._population.code.variable(name)
        self._made.append(replace(known, role="state", shared=False))
        self._values[name] = value

    def _constant(self, name: str, value: Value) -> str:
        while name in self._taken:
            name += "x"
        self._taken.add(name)
        self._made.append(Variable(name, "1", "parameter", not isinstance(value, np.ndarray)))
        self._values[name] = value
        return name

    def _round(self, value: Any) -> Value:
        return plain(np.rint(value)) if self._integer else plain(value)


def _factor(decay: Value) -> Value:
    return plain((DECAY_UNITY - np.asarray(decay, np.float64)) / DECAY_UNITY)
