"""From equations to one step: the state updater, ours for linear systems, else Brian2's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import brian2
import numpy as np
import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.codestrings import Expression
from brian2.equations.equations import DIFFERENTIAL_EQUATION, Equations, SingleEquation
from brian2.equations.refractory import add_refractoriness
from brian2.parsing.sympytools import sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.stateupdaters.exact import get_linear_system

from .. import _version
from ..description import syntax
from ..description.brian2_errors import UNIT_PREFIX
from ..description.equations import Declared
from ..description.quantities import SECOND
from ..errors import EquationError
from ..store import cached_text
from .calls import Settled, TableCalls
from .exact import LinearSystem
from .expressions import names_in
from .noise import CALL, set_apart

_DEFAULT = ("exact", "euler", "heun")
_FORMAT = 7


def integrate(
    declared: Declared,
    method: str | None,
    fixed: frozenset[str],
    where: str,
    steady: frozenset[str] = frozenset(),
) -> dict:
    """Return how a model advances by one step; kept in the store, as it is slow to work out.

    Parameters
    ----------
    declared : Declared
    method : str or None
        None chooses as Brian2's NeuronGroup does: exact if linear, else Euler.
    fixed : frozenset of str
        Names that keep their value during a run.
    where : str
        The model, for messages.
    steady : frozenset of str
        Tables over time that keep their value within a step.

    Returns
    -------
    dict
        ``method``, and either ``system`` (a LinearSystem) or ``update`` (statements) with
        ``drawn``: what the names in it that stand for random calls are, "rand" or "randn".
        ``looked_up``: names in either that stand for calls of tables, and those calls.
    """
    content = {
        "format": _FORMAT,
        "versions": _versions(),
        "equations": sorted(str(equation) for equation in declared.equations.values()),
        "dimensions": {name: str(dim) for name, dim in sorted(declared.dims.items())},
        "units": sorted(declared.units),
        "refractory": declared.refractory_kind,
        "method": method,
        "fixed": sorted(fixed),
        "steady": sorted(steady),
        "called": {n: str(c.brian2_function()._arg_units) for n, c in declared.callees.items()},
    }
    key = "neurosim.lowering.integrators " + json.dumps(content, sort_keys=True)
    step: dict = json.loads(
        cached_text(key, lambda: json.dumps(_derive(declared, method, fixed, where, steady)))
    )
    return step


def _versions() -> list[str]:
    return [_version.__version__, brian2.__version__, sympy.__version__]


def _derive(
    declared: Declared,
    method: str | None,
    fixed: frozenset[str],
    where: str,
    steady: frozenset[str],
) -> dict:
    if not declared.differential:
        return {"method": "none", "update": ""}
    reasons = []
    calls = bool(CALL.search(" ".join(e.expr.code for e in _right_sides(declared))))
    for name in (method,) if method else _DEFAULT:
        try:
            _check_random(declared, calls, name)
            if name in ("exact", "linear"):
                return _exact(declared, fixed, steady)
            equations, drawn = _without_calls(declared.equations)
            variables = _variables(declared) | {n: Variable(n) for n in drawn}
            update = _brian_update(declared, equations, variables, name)
            return {"method": name, "update": update, "drawn": drawn}
        except UnsupportedEquationsException as error:
            reasons.append(f"{name}: {' '.join(str(error).split())}")
    raise EquationError(
        f"{where} cannot be integrated with {' or '.join(repr(m) for m in _tried(method))} "
        f"({'; '.join(reasons)}). Choose another method, such as 'euler', 'rk4' or "
        "'exponential_euler'."
    )


def _right_sides(declared: Declared) -> list[SingleEquation]:
    return [declared.equations[name] for name in declared.differential]


def _check_random(declared: Declared, calls: bool, method: str) -> None:
    if method in ("exact", "linear") and declared.equations.is_stochastic:
        raise UnsupportedEquationsException("it does not integrate noise")
    if calls and method != "euler":
        raise UnsupportedEquationsException(
            "rand() and randn() in an equation would be drawn anew at each of its stages; only "
            "'euler' takes them there. Use xi, or draw once in a subexpression marked "
            "'(constant over dt)'"
        )


def _tried(method: str | None) -> tuple[str, ...]:
    return (method,) if method else _DEFAULT


def _exact(declared: Declared, fixed: frozenset[str], steady: frozenset[str]) -> dict:
    """Return the exact step, tables that are constant within it looked up at its start."""
    looked_up = TableCalls(steady)
    equations = looked_up.replace(declared.equations)
    variables = _variables(declared)
    variables |= {
        name: Variable(name, dimensions=declared.callees[table].dim)
        for name, table in looked_up.tables.items()
    }
    system, called = _linear_system(declared, equations, variables, fixed)
    step: dict[str, Any] = {"method": "exact", "looked_up": looked_up.calls | called}
    if system is not None:
        return step | {"system": system.to_json()}
    return step | {"update": _brian_update(declared, equations, variables, "exact")}


def _linear_system(
    declared: Declared, equations: Equations, variables: dict[str, Any], fixed: frozenset[str]
) -> tuple[LinearSystem | None, dict[str, str]]:
    """Return the equations as a linear system, and names in it with the calls they stand for.

    The system is None where M changes during a run.

    Raises Brian2's UnsupportedEquationsException if the equations are not linear.
    """
    names, coefficients, constants = get_linear_system(equations, variables)
    n = len(names)
    matrix = {
        (i, j): sympy_to_str(coefficients[i, j])
        for i in range(n)
        for j in range(n)
        if coefficients[i, j] != 0
    }
    settled = Settled(fixed, frozenset(declared.callees))
    offsets = [(i, code) for i in range(n) for code in _terms(constants[i], settled)]
    in_matrix = set().union(*map(names_in, matrix.values()), set())
    in_offsets = set().union(*(names_in(code) for _, code in offsets), set())
    if "t" in in_matrix | in_offsets or (in_matrix | in_offsets) & set(names):
        raise UnsupportedEquationsException("the equations change within a time step.")
    if not all(settled(code) for code in matrix.values()):
        return None, {}
    offsets, called = settled.name_calls(offsets)
    held = declared.unless_refractory
    return LinearSystem(tuple(names), matrix, tuple(offsets), held, fixed), called


def _terms(expression: Any, settled: Callable[[str], bool]) -> list[str]:
    """Split a sum into what keeps its value during a run and what does not; 0 has no terms."""
    parts: dict[bool, list[Any]] = {True: [], False: []}
    for term in sympy.Add.make_args(sympy.expand(expression)):
        if term != 0:
            parts[settled(sympy_to_str(term))].append(term)
    return [sympy_to_str(sympy.Add(*terms)) for terms in parts.values() if terms]


def _without_calls(equations: Equations) -> tuple[Equations, dict[str, str]]:
    """Replace random calls by names, and return what each name stands for."""
    codes = {n: e.expr.code for n, e in equations.items() if e.type == DIFFERENTIAL_EQUATION}
    codes, drawn = set_apart(codes)
    changed = [
        SingleEquation(e.type, n, e.dim, e.var_type, Expression(codes[n]), e.flags)
        if n in codes
        else e
        for n, e in equations.items()
    ]
    return (Equations(changed) if drawn else equations), drawn


def _brian_update(
    declared: Declared, equations: Equations, variables: dict[str, Any], method: str
) -> str:
    """Return the statements of one of Brian2's state updaters."""
    if declared.refractory_kind != "none":
        equations = add_refractoriness(equations)
    if method != "exponential_euler":
        code = str(StateUpdateMethod.apply_stateupdater(equations, variables, method))
        return code.replace("dt**.5", "sqrt(dt)")  # a power need not have the same bits everywhere
    return _exponential_euler(equations, variables, declared)


def _variables(declared: Declared) -> dict[str, Any]:
    """Return Brian2's account of every name that the equations may use."""
    variables: dict[str, Any] = {n: Variable(n, dimensions=d) for n, d in declared.dims.items()}
    for unit in declared.units:
        variables[UNIT_PREFIX + unit] = Variable(unit, dimensions=DEFAULT_UNITS[unit].dim)
    for name in declared.integers:
        variables[name] = Variable(name, dtype=np.int64)
    for name in declared.booleans:
        variables[name] = Variable(name, dtype=bool)
    variables |= {n: Variable(n, dtype=np.int64) for n in ("i", "N", "t_in_timesteps")}
    variables["lastspike"] = Variable("lastspike", dimensions=SECOND)
    variables["not_refractory"] = Variable("not_refractory", dtype=bool)
    variables |= {name: DEFAULT_FUNCTIONS[name] for name in syntax.FUNCTIONS}
    return variables | {n: callee.brian2_function() for n, callee in declared.callees.items()}


def _exponential_euler(equations: Equations, variables: dict[str, Any], declared: Declared) -> str:
    """Apply Brian2's updater to one variable after another, with the others standing still.

    It treats each variable so anyway; but subexpressions that do not contain the variable stay
    names here. Expanded symbolically, the rate exp(-(v + 35 mV)/(10 mV)) would become powers of
    exp(v/mV), which leave the range of single precision.
    """
    resolved = substitutions(declared)
    prelude: dict[str, str] = {}
    steps, assignments = [], []
    for name in declared.differential:
        opaque = {s: f"_{s}" for s, code in resolved.items() if name not in names_in(code)}
        inner = {s: syntax.rename(code, opaque) for s, code in _nested(declared, opaque).items()}
        code = syntax.rename(syntax.rename(equations[name].expr.code, inner), opaque)
        prelude |= {s: resolved[s] for s in opaque if opaque[s] in names_in(code)}
        single = SingleEquation(
            DIFFERENTIAL_EQUATION, name, equations[name].dim, expr=Expression(code)
        )
        temporary = {opaque[s]: Variable(opaque[s], dimensions=declared.dims[s]) for s in opaque}
        step = StateUpdateMethod.apply_stateupdater(
            Equations([single]), variables | temporary, "exponential_euler"
        )
        *lines, assignment = step.split("\n")
        steps += lines
        assignments.append(assignment)
    return "\n".join([f"_{s} = {code}" for s, code in prelude.items()] + steps + assignments)


def _nested(declared: Declared, opaque: dict[str, str]) -> dict[str, str]:
    """Return the subexpressions that are not opaque in terms of those that are."""
    found: dict[str, str] = {}
    for equation in declared.equations.ordered:
        if equation.varname in declared.subexpressions and equation.varname not in opaque:
            found[equation.varname] = f"({syntax.rename(equation.expr.code, found)})"
    return found


def substitutions(declared: Declared) -> dict[str, str]:
    """Return each subexpression in terms of variables and parameters only."""
    return _nested(declared, {})
