"""Which expressions may stand in a model, a parameter or an initial value: a whitelist.

Strings are parsed into a syntax tree and every node must be arithmetic on known names; nothing
a user writes is ever evaluated as Python.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable

from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS

from ..errors import EquationError, ExpressionError, UnsupportedError

MAX_LENGTH = 5000
MAX_DEPTH = 200
MAX_EXPONENT = 64
RANDOM_FUNCTIONS = frozenset({"rand", "randn"})
FUNCTIONS = frozenset(DEFAULT_FUNCTIONS) - {"poisson", "rand", "randn"}
CONSTANTS = {name: float(DEFAULT_CONSTANTS[name].value) for name in ("pi", "e")}
UNITS = frozenset(DEFAULT_UNITS)

_OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow,
    ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Load,
)  # fmt: skip
_NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Name, ast.Call)
_FOLDED: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_]\w*)\s*(\+|-|\*|/|%|\*\*|//)?=(?!=)\s*(.+?)\s*\Z", re.S)


def parse(code: str, where: str) -> ast.Expression:
    """Parse an expression and refuse everything that is not plain arithmetic.

    Parameters
    ----------
    code : str
    where : str
        What the expression is, the start of every message.

    Raises
    ------
    ExpressionError
        Not an expression, too long, too deep, or with syntax or names that are not allowed.
    """
    if not isinstance(code, str):
        raise ExpressionError(f"{where} must be a string, not {type(code).__name__}.")
    if len(code) > MAX_LENGTH:
        raise ExpressionError(
            f"{where} has {len(code)} characters; at most {MAX_LENGTH} are allowed. Split it up."
        )
    text = " ".join(code.split())
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{where}: {_short(text)!r} is not a valid expression.") from error
    _check(tree, where, text, 0)
    return tree


def names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names an expression uses as values, and those it calls."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {function.id for function in calls if isinstance(function, ast.Name)}
    values = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in calls]
    used = {node.id for node in values}
    return used, called


def check_calls(called: Iterable[str], where: str, *, random: bool) -> None:
    """Refuse calls of anything but Brian2's functions; random ones only where asked for."""
    for name in sorted(called):
        if name in FUNCTIONS or (random and name in RANDOM_FUNCTIONS):
            continue
        if name in RANDOM_FUNCTIONS or name == "poisson":
            raise UnsupportedError(
                f"{where} calls {name}(), which is not supported there. rand() and randn() are in "
                "equations, threshold, reset, parameters and initial values; for a random "
                "background use Network.poisson."
            )
        allowed = sorted(FUNCTIONS | RANDOM_FUNCTIONS if random else FUNCTIONS)
        raise ExpressionError(
            f"{where} calls {name!r}, which is not a known function. Known: {', '.join(allowed)}."
        )


def statements(code: str, where: str) -> list[tuple[str, str | None, str]]:
    """Split reset-like code into (variable, operator or None, expression) statements."""
    parts = []
    for line in re.split(r"[;\n]", re.sub(r"#[^\n]*", "", code)):
        if not line.strip():
            continue
        match = _ASSIGNMENT.match(line)
        if match is None:
            raise EquationError(
                f"{where}: {_short(line.strip())!r} is not a statement such as 'v = V_r' or "
                "'w += b'."
            )
        target, sign, expression = match.groups()
        if target.startswith("_"):
            raise ExpressionError(f"{where}: the name {target!r} must not start with '_'.")
        parse(expression, where)
        parts.append((target, sign, expression))
    return parts


def rename(code: str, replacements: dict[str, str]) -> str:
    """Replace whole identifiers in an expression."""
    if not replacements:
        return code
    pattern = r"(?<![\w.])(" + "|".join(map(re.escape, replacements)) + r")(?!\w)"
    return re.sub(pattern, lambda match: replacements[match.group(1)], code)


def _check(node: ast.AST, where: str, text: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError(f"{where} is nested more than {MAX_DEPTH} levels deep; split it up.")
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ExpressionError(
                f"{where}: {_short(text)!r} calls something that is not a plain function of "
                "positional arguments, such as exp(x)."
            )
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            if not isinstance(node.value, bool):
                raise ExpressionError(
                    f"{where}: {_short(text)!r} contains {node.value!r}; only numbers are allowed."
                )
        elif not abs(node.value) < 1e300:
            raise ExpressionError(f"{where}: {_short(text)!r} contains a number beyond 1e300.")
    elif not isinstance(node, _NODES + _OPERATORS):
        raise ExpressionError(
            f"{where}: {_short(text)!r} uses {type(node).__name__}, which expressions may not. "
            "Allowed: numbers, names, + - * / // % **, comparisons, and, or, not, function calls."
        )
    if isinstance(node, ast.Name) and node.id.startswith("_"):
        raise ExpressionError(f"{where}: the name {node.id!r} must not start with '_'.")
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        raise ExpressionError(
            f"{where}: {_short(text)!r} chains comparisons. Join two with 'and' instead."
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        _check_power(node, where, text)
    for child in ast.iter_child_nodes(node):
        _check(child, where, text, depth + 1)


def _check_power(node: ast.BinOp, where: str, text: str) -> None:
    """Refuse towers of constants such as 9**9**9, which would take forever to work out."""
    if not abs(_constant(node.right)) <= MAX_EXPONENT:
        raise ExpressionError(
            f"{where}: {_short(text)!r} has an exponent that is a power of constants or beyond "
            f"{MAX_EXPONENT}."
        )


def _constant(node: ast.AST) -> float:
    """Return the value of an expression of numbers; 0 if it has names, NaN if it has powers."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return -_constant(node.operand)
    if any(isinstance(child, (ast.Name, ast.Call)) for child in ast.walk(node)):
        return 0.0
    if isinstance(node, ast.BinOp) and type(node.op) in _FOLDED:
        left, right = _constant(node.left), _constant(node.right)
        return _FOLDED[type(node.op)](left, right) if right else math.nan
    return math.nan


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
