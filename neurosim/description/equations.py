"""A model's equations, read and unit-checked by Brian2 when the model is declared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brian2.core.namespace import DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    FLOAT,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
)
from brian2.equations.equations import EquationError as BrianEquationError
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
from .quantities import SECOND, require_dimensions, symbol

MAX_EQUATIONS = 20000
_NOISE = SECOND**-0.5  # of xi: its integral over a time has the standard deviation sqrt(time)
UNIT_PREFIX = "unit_"
_RESERVED = frozenset(
    {"t", "dt", "i", "N", "t_in_timesteps", "not_refractory", "lastspike", "refractory", "spikes"}
)
_UNIT_TEXT = re.compile(r"[A-Za-z0-9_*/().\-+ ]*\Z")
_FLAGS = {
    DIFFERENTIAL_EQUATION: {"unless refractory"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"shared"},
}


@dataclass(frozen=True, eq=False)
class Declared:
    """A model's text, understood: which names there are, of which dimension and in which role.

    ``equations``, ``threshold``, ``reset`` and ``refractory`` are rewritten so that units are
    ordinary names (``mV`` becomes ``unit_mV``); ``units`` lists them.
    """

    equations: Equations
    threshold: str
    reset: str
    refractory: str
    refractory_kind: str
    dims: dict[str, Dimension]
    differential: tuple[str, ...]
    declared: tuple[str, ...]
    subexpressions: tuple[str, ...]
    unless_refractory: tuple[str, ...]
    assigned: frozenset[str]
    constant: frozenset[str]
    shared: frozenset[str]
    units: frozenset[str]


@dataclass(frozen=True)
class ModelText:
    """The strings of a model, as the user wrote them."""

    name: str
    equations: str
    threshold: str
    reset: str
    refractory: str


def declare(text: ModelText, parameters: dict[str, Dimension]) -> Declared:
    """Read and check a model.

    Parameters
    ----------
    text : ModelText
    parameters : dict of str to Dimension
        The parameters given with the model.

    Returns
    -------
    Declared

    Raises
    ------
    EquationError, DimensionError, ExpressionError, UnknownNameError, UnsupportedError
    """
    where = f"model {text.name!r}"
    units: set[str] = set()
    own = _own_names(text.equations) | set(parameters)
    equations = _parse(text.equations, own, units, where)
    _check_kinds(equations, parameters, where)
    dims = {name: equations[name].dim for name in equations} | parameters
    threshold = _rewrite(text.threshold, own, units, f"{where}: threshold", random=True)
    refractory = _rewrite(text.refractory, own, units, f"{where}: refractory")
    reset_parts = [
        (target, operator, _rewrite(code, own, units, f"{where}: reset", random=True))
        for target, operator, code in syntax.statements(text.reset, f"{where}: reset")
    ]
    known = dims | {UNIT_PREFIX + unit: DEFAULT_UNITS[unit].dim for unit in units}
    known |= {"t": SECOND, "dt": SECOND}
    variables = {name: Variable(name, dimensions=dim) for name, dim in known.items()}
    variables |= {n: DEFAULT_FUNCTIONS[n] for n in syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS}
    noise = {n: Variable(n, dimensions=_NOISE) for n in equations.stochastic_variables}
    _check_equation_units(equations, variables | noise, where)
    _check_threshold(threshold, variables, f"{where}: threshold")
    kind = _refractory_kind(refractory, variables, f"{where}: refractory")
    _check_reset(reset_parts, equations, variables, where)
    flagged = tuple(n for n in equations if "unless refractory" in equations[n].flags)
    if flagged and kind == "none":
        raise EquationError(
            f"{where}: {', '.join(flagged)} is marked 'unless refractory' but no refractory "
            "period is given. Add refractory=2*ms (or an expression), or drop the flag."
        )
    return Declared(
        equations=equations,
        threshold=threshold,
        reset="\n".join(f"{t} {op or ''}= {code}" for t, op, code in reset_parts),
        refractory=refractory,
        refractory_kind=kind,
        dims=dims,
        differential=tuple(n for n in equations if equations[n].type == DIFFERENTIAL_EQUATION),
        declared=tuple(n for n in equations if equations[n].type == PARAMETER),
        subexpressions=tuple(n for n in equations if equations[n].type == SUBEXPRESSION),
        unless_refractory=flagged,
        assigned=frozenset(target for target, _, _ in reset_parts),
        constant=frozenset(n for n in equations if "constant" in equations[n].flags),
        shared=frozenset(n for n in equations if "shared" in equations[n].flags),
        units=frozenset(units),
    )


def expression_dimensions(code: str, known: dict[str, Dimension], where: str) -> Dimension:
    """Return the dimensions of a parameter or initial-value expression, checking all of it.

    ``known`` are the names it may use besides units, ``i``, ``N``, ``pi`` and ``e``.
    """
    tree = syntax.parse(code, where)
    used, called = syntax.names(tree)
    syntax.check_calls(called, where, random=True)
    free = {"i", "N", *syntax.CONSTANTS, "True", "False"}
    for name in sorted(used - known.keys() - free):
        if name not in syntax.UNITS:
            raise UnknownNameError("name", name, [*known, "i", "N"], where)
    variables: dict[str, Any] = {n: Variable(n) for n in free - {"True", "False"}}
    variables |= {u: Variable(u, dimensions=DEFAULT_UNITS[u].dim) for u in used & syntax.UNITS}
    variables |= {n: Variable(n, dimensions=dim) for n, dim in known.items()}
    variables |= {f: DEFAULT_FUNCTIONS[f] for f in syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS}
    return _dimensions(" ".join(code.split()), variables, where)


def _own_names(equations: str) -> set[str]:
    """Return the names that equations define, before Brian2 has seen them."""
    pattern = r"^\s*(?:d(\w+)\s*/\s*dt\s*=|(\w+)\s*(?:=|:))"
    return {a or b for a, b in re.findall(pattern, equations, re.M)}


def _parse(text: str, own: set[str], units: set[str], where: str) -> Equations:
    if not isinstance(text, str) or len(text) > MAX_EQUATIONS:
        raise EquationError(f"{where}: equations must be a string of at most {MAX_EQUATIONS}.")
    lines = re.sub(r"#[^\n]*", "", text)
    for unit_text in re.findall(r":([^(\n]*)", lines):
        digits = re.search(r"\d{3}|\*\*[^*]*\*\*", unit_text)
        if not _UNIT_TEXT.match(unit_text) or digits or len(unit_text) > 100:
            raise EquationError(f"{where}: {unit_text.strip()[:80]!r} is not a unit.")
    clash = own & syntax.UNITS
    if clash:
        name = sorted(clash)[0]
        raise EquationError(f"{where}: {name!r} is the name of a unit; call it something else.")
    for name in sorted(own):
        _check_own_name(name, where)
    unitless = re.compile(r"(=)([^:]*)(:)")
    renamed = unitless.sub(
        lambda m: f"{m[1]} {_rewrite(m[2], own, units, where, random=True, noise=True)} {m[3]}",
        lines,
    )
    try:
        return Equations(renamed)
    except (BrianEquationError, SyntaxError, ValueError, TypeError) as error:
        raise EquationError(f"{where}: {_message(error)}") from error


def _check_own_name(name: str, where: str) -> None:
    if name.startswith("_"):
        raise ExpressionError(f"{where}: the name {name!r} must not start with '_'.")
    if name in _RESERVED or name.startswith(UNIT_PREFIX) or name.startswith("xi"):
        raise EquationError(f"{where}: the name {name!r} is reserved; call it something else.")
    if name in syntax.CONSTANTS or name in DEFAULT_FUNCTIONS:
        raise EquationError(
            f"{where}: {name!r} is a function or constant of the language; call it something else."
        )


def _rewrite(
    code: str,
    own: set[str],
    units: set[str],
    where: str,
    *,
    random: bool = False,
    noise: bool = False,
) -> str:
    """Check an expression's syntax and names, and turn units and constants into plain names.

    ``random`` allows rand() and randn(), ``noise`` allows xi.
    """
    if not code.strip():
        return ""
    tree = syntax.parse(code, where)
    used, called = syntax.names(tree)
    white = {name for name in used if name == "xi" or name.startswith("xi_")}
    if white and not noise:
        raise EquationError(
            f"{where} uses {sorted(white)[0]!r}, which stands in differential equations only. "
            "Use randn() here."
        )
    syntax.check_calls(called, where, random=random)
    replacements = {}
    for name in sorted(used - own - white - {"t", "dt", "True", "False", "not_refractory"}):
        if name in syntax.UNITS:
            units.add(name)
            replacements[name] = UNIT_PREFIX + name
        elif name in syntax.CONSTANTS:
            replacements[name] = repr(syntax.CONSTANTS[name])
        elif name in {"i", "N"}:
            raise UnsupportedError(
                f"{where} uses {name!r}. Give the model a parameter instead, such as "
                f"parameters=dict(k={name!r}), and use k."
            )
        else:
            raise UnknownNameError("name", name, own, where)
    return syntax.rename(" ".join(code.split()), replacements)


def _check_kinds(equations: Equations, parameters: dict[str, Dimension], where: str) -> None:
    for name, equation in equations.items():
        if equation.type == SUBEXPRESSION:
            _check_noise(name, equation, where)
        for flag in equation.flags:
            if flag not in _FLAGS[equation.type]:
                raise UnsupportedError(
                    f"{where}: the flag '{flag}' of {name!r} is not supported there. "
                    f"Supported: {', '.join(sorted(_FLAGS[equation.type]))}."
                )
        if equation.var_type != FLOAT:
            raise UnsupportedError(
                f"{where}: {name!r} is a {equation.var_type} variable, which is not supported "
                f"yet. Declare it as a number without unit: '{name} : 1'."
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


def _check_equation_units(equations: Equations, variables: dict, where: str) -> None:
    for name, equation in equations.items():
        if equation.expr is None:
            continue
        expected = equation.dim
        if equation.type == DIFFERENTIAL_EQUATION:
            expected = expected / SECOND
        what = f"{where}: the right-hand side of {name!r}"
        dim = _dimensions(equation.expr.code, variables, what)
        require_dimensions(dim, expected, what)


def _check_threshold(code: str, variables: dict, where: str) -> None:
    if not code:
        return
    _dimensions(code, variables, where)
    if not _is_boolean(code, variables, where):
        raise EquationError(f"{where}: {code!r} is not a condition such as 'v > V_th'.")


def _refractory_kind(code: str, variables: dict, where: str) -> str:
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


def _check_reset(parts: list, equations: Equations, variables: dict, where: str) -> None:
    for target, operator, code in parts:
        what = f"{where}: reset of {target!r}"
        if target not in equations:
            raise UnknownNameError("variable", target, equations, f"{where}: reset")
        equation = equations[target]
        if equation.type == SUBEXPRESSION or "constant" in equation.flags:
            raise EquationError(f"{what}: it is constant or computed, so it cannot be assigned.")
        if "shared" in equation.flags:
            raise EquationError(f"{what}: it is shared by all neurons, so none may assign it.")
        full = f"{target} {operator} ({code})" if operator else code
        require_dimensions(_dimensions(full, variables, what), equation.dim, what)


def _is_boolean(code: str, variables: dict, where: str) -> bool:
    try:
        return bool(is_boolean_expression(code, variables))
    except (SyntaxError, ValueError) as error:
        raise EquationError(f"{where}: {_message(error)}") from error


def _dimensions(code: str, variables: dict, where: str) -> Dimension:
    try:
        return parse_expression_dimensions(code, variables)
    except DimensionMismatchError as error:
        raise DimensionError(f"{where}: {_message(error)}") from error
    except (SyntaxError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ExpressionError(f"{where}: {_message(error)}") from error


def _message(error: BaseException) -> str:
    parts = [str(error.args[0]) if error.args else str(error)]
    cause = error.__cause__
    while cause is not None:
        parts.append(str(cause.args[0]) if cause.args else str(cause))
        cause = cause.__cause__
    text = " ".join(" ".join(part.split()) for part in parts)
    return re.sub(rf"\b{UNIT_PREFIX}(\w+)", r"\1", text)
