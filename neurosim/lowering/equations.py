"""NeuronModel to NeuronCode: abstract code with every name in it declared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import Dimension

from ..description import syntax
from ..description.equations import UNIT_PREFIX, Declared
from ..description.models import NeuronModel
from ..description.quantities import SECOND, declaration, symbol
from .exact import Coefficient, LinearSystem, coefficient_values, propagate
from .integrators import integrate, substitutions
from .noise import CALL, NoiseSites
from .program import NeuronCode, Value, Variable

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
    model: NeuronModel, varying: frozenset[str], written: frozenset[str]
) -> LoweredModel:
    """Lower a model as one population uses it.

    Parameters
    ----------
    model : NeuronModel
    varying : frozenset of str
        Parameters that differ from neuron to neuron.
    written : frozenset of str
        Variables that synapses or inputs add to.

    Returns
    -------
    LoweredModel
    """
    return _lower(model.declared, model.name, model.method, varying, written)


@lru_cache(maxsize=256)
def _lower(
    declared: Declared,
    name: str,
    method: str | None,
    varying: frozenset[str],
    written: frozenset[str],
) -> LoweredModel:
    states = _states(declared, written)
    units = {UNIT_PREFIX + unit: DEFAULT_UNITS[unit].dim for unit in declared.units}
    dims = {key: d for key, d in declared.dims.items() if key not in declared.subexpressions}
    fixed = frozenset((dims.keys() - set(states)) | units.keys())
    step = integrate(declared, method, fixed, f"model {name!r}")
    system: LinearSystem | None = None
    coefficients: tuple[Coefficient, ...] = ()
    update: str = step.get("update", "")
    if "system" in step:
        system = LinearSystem.from_json(step["system"])
        update, coefficients = propagate(system, _prefixes(dims.keys() | units.keys()))
    variables = [_variable(state, dims[state], "state", False) for state in states]
    variables += [
        _variable(key, dims[key], "parameter", key not in varying)
        for key in dims
        if key not in states
    ]
    variables += [_variable(key, dim, "coefficient", True) for key, dim in sorted(units.items())]
    uneven = {c.name for c in coefficients if system and system.names_behind(c) & varying}
    coefficient_dims = _coefficient_dims(system, coefficients, dims)
    variables += [
        _variable(c.name, coefficient_dims[c.name], "coefficient", c.name not in uneven)
        for c in coefficients
    ]
    all_dims = dims | units | coefficient_dims
    replace = substitutions(declared)
    sites = NoiseSites(all_dims.keys() | replace.keys(), f"model {name!r}")
    drawn = {given: sites.name(function) for given, function in step.get("drawn", {}).items()}
    code = NeuronCode(
        name=name,
        equations=_equations(declared, variables, all_dims),
        variables=tuple(variables),
        update=sites.replace(syntax.rename(update, replace | drawn)),
        threshold=sites.replace(syntax.rename(declared.threshold, replace)),
        reset=sites.replace(syntax.rename(declared.reset, replace)),
        refractory_kind=declared.refractory_kind,  # type: ignore[arg-type]
        refractory=syntax.rename(declared.refractory, replace),
        unless_refractory=declared.unless_refractory,
        method=step["method"],
        noise=sites.found,
    )
    return LoweredModel(code, system, coefficients)


def unit_values(code: NeuronCode) -> dict[str, Value]:
    """Return the values of the units that a model's code uses, SI."""
    return {
        v.name: float(DEFAULT_UNITS[v.name.removeprefix(UNIT_PREFIX)])
        for v in code.variables
        if v.role == "coefficient" and v.name.startswith(UNIT_PREFIX)
    }


def _states(declared: Declared, written: frozenset[str]) -> tuple[str, ...]:
    """Return the variables that can change during a run."""
    changing = [name for name in declared.declared if name in declared.assigned or name in written]
    given = [n for n in declared.dims if n in written and n not in declared.equations]
    return (*declared.differential, *changing, *given)


def _variable(name: str, dim: Dimension, role: str, shared: bool) -> Variable:
    unit = symbol(dim)
    return Variable(name, unit, role, shared, _SCALES.get(unit, 1.0))  # type: ignore[arg-type]


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


def _equations(declared: Declared, variables: list[Variable], dims: dict[str, Dimension]) -> str:
    """Return Brian2 equations that declare every variable of the code."""
    known = {variable.name: variable for variable in variables}
    lines = []
    for name, equation in declared.equations.items():
        if name in known and name not in declared.differential:
            continue
        left = f"d{name}/dt" if name in declared.differential else name
        flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
        code = " ".join(equation.expr.code.split())
        if declared.equations.is_stochastic or CALL.search(code):
            code = f"{name}/dt"  # what is drawn is in the update
        lines.append(f"{left} = {code} : {declaration(equation.dim)}{flags}")
    for variable in variables:
        if variable.name in declared.differential:
            continue
        listed = ""
        if variable.role != "state":
            listed = " (shared, constant)" if variable.shared else " (constant)"
        lines.append(f"{variable.name} : {declaration(dims[variable.name])}{listed}")
    return "\n".join(lines)
