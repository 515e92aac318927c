"""Checks of a model's parts once Brian2 has read them: flags, types, units, conditions."""

from __future__ import annotations

import re
from typing import Any

from brian2.core.variables import Variable
from brian2.equations.equations import (
    BOOLEAN,
    DIFFERENTIAL_EQUATION,
    INTEGER,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
)
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, DimensionMismatchError

from ..errors import (
    DimensionError,
    EquationError,
    ExpressionError,
    UnknownNameError,
    UnsupportedError,
)
from . import syntax
from .brian2_errors import brian2_message
from .quantities import SECOND, require_dimensions, symbol

_FLAGS = {
    DIFFERENTIAL_EQUATION: {"unless refractory", "shared"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"shared", "constant over dt"},
}
_LINKED = (
    "For values of other neurons use a projection with a SynapseModel whose variable is marked "
    "(summed); for values that stay, a parameter."
)


def check_kinds(equations: Equations, parameters: dict[str, Dimension], where: str) -> None:
    """Check flags and types, and that parameters are not computed by the equations."""
    for name, equation in equations.items():
        if equation.type == SUBEXPRESSION:
            _check_noise(name, equation, where)
        for flag in equation.flags:
            if flag not in _FLAGS[equation.type]:
                hint = _LINKED if flag == "linked" else ""
                raise UnsupportedError(
                    f"{where}: the flag '{flag}' of {name!r} is not supported there. "
                    f"Supported: {', '.join(sorted(_FLAGS[equation.type]))}. {hint}".strip()
                )
        if name in parameters:
            if equation.type == SUBEXPRESSION:
                raise EquationError(
                    f"{where}: {name!r} is computed by the equations and cannot be a parameter."
                )
            if equation.type == DIFFERENTIAL_EQUATION:
                raise EquationError(
                    f"{where}: {name!r} is a state variable. Give its value at t = 0 as "
                    f"initial={{{name!r}: ...}} of the population instead."
                )
            require_dimensions(parameters[name], equation.dim, f"{where}: parameter {name!r}")


def check_shared(equations: Equations, where: str) -> None:
    """Refuse shared equations that would differ from neuron to neuron."""
    shared = {n for n, e in equations.items() if "shared" in e.flags}
    for name in sorted(shared):
        if equations[name].expr is None:
            continue
        used, called = syntax.names(syntax.parse(equations[name].expr.code, where))
        mixed = sorted((used & set(equations.keys()) - shared) | (used & {"i", "lastspike"}))
        if mixed:
            raise EquationError(
                f"{where}: {name!r} is shared by all neurons but uses {mixed[0]!r}, which each "
                f"neuron has its own of. Declare {mixed[0]!r} shared too, or drop the flag."
            )
        if called & syntax.RANDOM_FUNCTIONS or any(n.startswith("xi") for n in used):
            raise UnsupportedError(
                f"{where}: {name!r} is shared by all neurons and random; a number drawn for all "
                "neurons is not supported. Let one neuron of another population draw it, or give "
                "a TimedArray of random numbers."
            )


def _check_noise(name: str, equation: Any, where: str) -> None:
    """Refuse subexpressions that would be another random number at each use."""
    used, called = syntax.names(syntax.parse(equation.expr.code, where))
    if any(n == "xi" or n.startswith("xi_") for n in used):
        raise EquationError(
            f"{where}: {name!r} uses xi, which stands in differential equations only. Write it "
            "there, or make the subexpression's noise 'randn()' (constant over dt)."
        )
    random = sorted(called & syntax.RANDOM_FUNCTIONS)
    if random and "constant over dt" not in equation.flags:
        raise EquationError(
            f"{where}: {name!r} calls {random[0]}(), which would give another number wherever "
            f"{name!r} is used. Mark it '(constant over dt)': one number per step."
        )


def check_equation_units(equations: Equations, variables: dict, where: str) -> None:
    """Check that every right-hand side has the unit, or type, that its equation declares."""
    for name, equation in equations.items():
        if equation.expr is None:
            continue
        expected = equation.dim
        if equation.type == DIFFERENTIAL_EQUATION:
            expected = expected / SECOND
        what = f"{where}: the right-hand side of {name!r}"
        dim = _dimensions(equation.expr.code, variables, what)
        require_dimensions(dim, expected, what)
        if equation.var_type == BOOLEAN:
            check_condition(equation.expr.code, variables, what)


def check_condition(code: str, variables: dict, where: str) -> None:
    """Refuse what is not a condition; empty code is fine."""
    if not code:
        return
    _dimensions(code, variables, where)
    if not _is_boolean(code, variables, where):
        raise EquationError(f"{where}: {code!r} is not a condition such as 'v > V_th'.")


def refractory_kind(code: str, variables: dict, where: str) -> str:
    """Return whether refractoriness is "none", a "duration" or a "condition"."""
    if not code:
        return "none"
    dim = _dimensions(code, variables, where)
    if dim is SECOND or dim == SECOND:
        return "duration"
    if dim is not DIMENSIONLESS:
        raise DimensionError(
            f"{where} has the unit {symbol(dim)}; give a duration in units of second, or a "
            "condition such as 'v > V_th'."
        )
    if not _is_boolean(code, variables, where):
        raise EquationError(f"{where}: {code!r} is neither a duration nor a condition.")
    return "condition"


def check_statements(
    parts: list[tuple[str, str | None, str]],
    equations: Equations,
    variables: dict[str, Any],
    where: str,
) -> str:
    """Check the statements run on a spike or event, and return them as code.

    A name that the equations do not know holds a value for the statements after it.
    """
    variables = dict(variables)
    lines = []
    for k, (target, sign, code) in enumerate(parts):
        what = f"{where} of {target!r}"
        if target not in equations:
            later = " ".join(text for _, _, text in parts[k + 1 :])
            if sign or target in variables or not re.search(rf"\b{target}\b", later):
                raise UnknownNameError("variable", target, equations, where)
            variables[target] = Variable(target, dimensions=_dimensions(code, variables, what))
            lines.append(f"{target} = {code}")
            continue
        equation = equations[target]
        if equation.type == SUBEXPRESSION or "constant" in equation.flags:
            raise EquationError(f"{what}: it is constant or computed, so it cannot be assigned.")
        if "shared" in equation.flags:
            raise EquationError(f"{what}: it is shared by all neurons, so none may assign it.")
        full = f"{target} {sign} ({code})" if sign else code
        require_dimensions(_dimensions(full, variables, what), equation.dim, what)
        if equation.var_type == BOOLEAN:
            check_condition(full, variables, what)
        if equation.var_type == INTEGER:
            lines.append(f"{target} = int({full})")
        else:
            lines.append(f"{target} {sign or ''}= {code}")
    return "\n".join(lines)


def _is_boolean(code: str, variables: dict, where: str) -> bool:
    try:
        return bool(is_boolean_expression(code, variables))
    except (SyntaxError, ValueError) as error:
        raise EquationError(f"{where}: {brian2_message(error)}") from error


def _dimensions(code: str, variables: dict, where: str) -> Dimension:
    try:
        return parse_expression_dimensions(code, variables)
    except DimensionMismatchError as error:
        raise DimensionError(f"{where}: {brian2_message(error)}") from error
    except (SyntaxError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ExpressionError(f"{where}: {brian2_message(error)}") from error
