"""NeuronModel to NeuronCode: abstract code with every name in it declared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import Dimension

from ..description import syntax
from ..description.brian2_errors import UNIT_PREFIX
from ..description.equations import Declared
from ..description.functions import Callee, TimedArray
from ..description.models import NeuronModel
from ..description.quantities import SECOND, declaration, symbol
from .equation_text import equation_text
from .exact import Coefficient, LinearSystem, coefficient_values, propagate
from .integrators import integrate, substitutions
from .noise import NoiseSites
from .program import EventCode, FunctionCode, NeuronCode, Value, Variable

# Typical magnitudes in SI units; number formats without a wide exponent scale by them.
_SCALES = {"V": 1e-3, "A": 1e-12, "F": 1e-12, "S": 1e-9, "s": 1e-3, "ohm": 1e6, "Hz": 1.0}


@dataclass(frozen=True)
class LoweredModel:
    """A model's code, and what its coefficients are made of.

    Attributes
    ----------
    code : NeuronCode
    system : LinearSystem or None
    coefficients : tuple of Coefficient
    """

    code: NeuronCode
    system: LinearSystem | None
    coefficients: tuple[Coefficient, ...]

    def derived(self, values: dict[str, Value], dt: float, where: str) -> dict[str, Value]:
        """Return the values of the coefficients for a population's parameter values."""
        if self.system is None or not self.coefficients:
            return {}
        found = coefficient_values(self.system, self.coefficients, values, dt, where)
        for name, value in found.items():
            if self.code.variable(name).shared and isinstance(value, np.ndarray):
                found[name] = float(value[0])
        return found


def lower_model(
    model: NeuronModel,
    varying: frozenset[str],
    written: frozenset[str],
    dt: float = 0.0,
    observed: frozenset[str] = frozenset(),
) -> LoweredModel:
    """Lower a model as one population uses it.

    Parameters
    ----------
    model : NeuronModel
    varying : frozenset of str
        Parameters that differ from neuron to neuron.
    written : frozenset of str
        Variables that synapses or inputs add to.
    dt : float
        Time step in seconds.
    observed : frozenset of str
        Subexpressions that are worked out as every step starts, to be sampled.

    Returns
    -------
    LoweredModel
    """
    tables = {n: c for n, c in model.callees.items() if isinstance(c, TimedArray)}
    steady = frozenset(name for name, table in tables.items() if holds_within(table.dt, dt))
    return _lower(
        model.declared,
        model.name,
        model.method,
        tuple(sorted(model.callees.items())),
        varying,
        written,
        steady,
        observed,
    )


def holds_within(table_dt: float, dt: float) -> bool:
    """Return whether a table keeps its value within every step, by Brian2's rule."""
    return 0 < dt <= table_dt and (table_dt / dt).is_integer()


@lru_cache(maxsize=256)
def _lower(
    declared: Declared,
    name: str,
    method: str | None,
    callees: tuple[tuple[str, Callee], ...],
    varying: frozenset[str],
    written: frozenset[str],
    steady: frozenset[str],
    observed: frozenset[str],
) -> LoweredModel:
    states = _states(declared, written)
    units = {UNIT_PREFIX + unit: DEFAULT_UNITS[unit].dim for unit in declared.units}
    dims = {key: d for key, d in declared.dims.items() if key not in declared.subexpressions}
    derived = (*declared.held, *sorted(observed))
    fixed = frozenset((dims.keys() - {*states, *derived}) | units.keys())
    step = integrate(declared, method, fixed, f"model {name!r}", steady)
    system: LinearSystem | None = None
    coefficients: tuple[Coefficient, ...] = ()
    if "system" in step:
        system = LinearSystem.from_json(step["system"])
        step["update"], coefficients = propagate(system, _prefixes(dims.keys() | units.keys()))
    uneven = {c.name for c in coefficients if system and system.names_behind(c) & varying}
    coefficient_dims = _coefficient_dims(system, coefficients, dims)
    all_dims = declared.dims | units | coefficient_dims
    roles = [(state, "state", False) for state in states]
    roles += [(key, "derived", False) for key in derived]
    roles += [(k, "parameter", k not in varying) for k in dims if k not in (*states, *derived)]
    roles += [(key, "coefficient", True) for key in sorted(units)]
    roles += [(c.name, "coefficient", c.name not in uneven) for c in coefficients]
    variables = tuple(
        _variable(key, all_dims[key], role, shared, key in declared.booleans)
        for key, role, shared in roles
    )
    code = NeuronCode(
        name=name,
        equations=equation_text(declared, variables, all_dims),
        variables=variables,
        refractory_kind=declared.refractory_kind,  # type: ignore[arg-type]
        unless_refractory=declared.unless_refractory,
        method=step["method"],
        functions=tuple(_function(key, callee) for key, callee in callees),
        subexpressions=tuple(substitutions(declared).items()),
        fixed=_behind(system, coefficients, dims),
        **_codes(declared, step, observed, f"model {name!r}"),
    )
    return LoweredModel(code, system, coefficients)


def _behind(
    system: LinearSystem | None, coefficients: tuple[Coefficient, ...], dims: dict[str, Dimension]
) -> tuple[str, ...]:
    """Return the parameters that coefficients are worked out from."""
    if system is None:
        return ()
    names = set().union(*(system.names_behind(c) for c in coefficients))
    return tuple(sorted(names & dims.keys()))


def _codes(declared: Declared, step: dict, observed: frozenset[str], where: str) -> dict[str, Any]:
    """Return the code of every phase, subexpressions written out and random calls named."""
    replace = substitutions(declared)
    sites = NoiseSites(declared.dims.keys(), where)
    drawn = {given: sites.name(function) for given, function in step.get("drawn", {}).items()}

    def final(code: str) -> str:
        return sites.replace(syntax.rename(code, replace | drawn))

    lookups = [f"{name} = {call}" for name, call in step.get("looked_up", {}).items()]
    codes: dict[str, Any] = {
        "update": final("\n".join([*lookups, step.get("update", "")])).strip("\n"),
        "threshold": final(declared.threshold),
        "reset": final(declared.reset),
        "refractory": final(declared.refractory),
        "events": tuple(EventCode(n, final(c), final(code)) for n, c, code in declared.events),
    }
    whole = declared.integers
    codes["start"] = "\n".join(
        f"{n} = int({final(code)})" if n in whole else f"{n} = {final(code)}"
        for n, code in (declared.held | {n: replace[n] for n in sorted(observed)}).items()
    )
    return codes | {"noise": sites.found}


def _function(name: str, callee: Callee) -> FunctionCode:
    if isinstance(callee, TimedArray):
        units = ("second", "1")[: callee.values.ndim]
        return FunctionCode(name, "table", units, declaration(callee.dim))
    units = tuple(declaration(dim) for dim in callee.arg_dims)
    cpp = "" if callee.cpp is None else callee.definition(name)
    return FunctionCode(name, "user", units, declaration(callee.dim), cpp)


def unit_values(code: NeuronCode) -> dict[str, Value]:
    """Return the values of the units that a model's code uses, SI."""
    return {
        v.name: float(DEFAULT_UNITS[v.name.removeprefix(UNIT_PREFIX)])
        for v in code.variables
        if v.role == "coefficient" and v.name.startswith(UNIT_PREFIX)
    }


def _states(declared: Declared, written: frozenset[str]) -> tuple[str, ...]:
    """Return the variables that can change during a run."""
    free = [name for name in declared.declared if name not in declared.held]
    changing = [name for name in free if name in declared.assigned or name in written]
    given = [n for n in declared.dims if n in written and n not in declared.equations]
    return (*declared.differential, *changing, *given)


def _variable(name: str, dim: Dimension, role: str, shared: bool, boolean: bool) -> Variable:
    unit = symbol(dim)
    return Variable(name, unit, role, shared, _SCALES.get(unit, 1.0), boolean)  # type: ignore[arg-type]


def _prefixes(taken: set[str]) -> dict[str, str]:
    """Return prefixes of coefficient names that no name of the model starts with."""
    prefixes = {}
    for kind, first in (
        ("P", "P"),
        ("Q", "Q"),
        ("C", "C"),
        ("Pf", "Pr"),
        ("Qf", "Qr"),
        ("Cf", "Cr"),
    ):
        prefix = first
        while any(name.startswith(f"{prefix}_") for name in taken):
            prefix += kind[0].lower()
        prefixes[kind] = prefix
    return prefixes


def _coefficient_dims(
    system: LinearSystem | None, coefficients: tuple[Coefficient, ...], dims: dict[str, Dimension]
) -> dict[str, Dimension]:
    found: dict[str, Dimension] = {}
    for c in coefficients:
        names = system.names if system is not None else ()
        row = dims[names[c.row]]
        if c.kind == "C":
            found[c.name] = row
        else:
            ratio = row / dims[names[c.column]]
            found[c.name] = ratio * SECOND if c.kind == "Q" else ratio
    return found
