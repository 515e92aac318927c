"""Evaluation of checked expressions on NumPy arrays, in SI units, without ``eval``."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from numpy.typing import NDArray

from .. import streams
from ..description import syntax
from ..elementary import ndtri
from ..errors import ExpressionError, UnknownNameError

Value = float | NDArray[np.float64]

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _exprel(x: Value) -> Any:
    """Return (exp(x) - 1) / x, 1 at 0."""
    values = np.asarray(x, dtype=np.float64)
    small = np.abs(values) < 1e-16
    return np.where(small, 1.0, np.expm1(values) / np.where(small, 1.0, values))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        *("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log10", "expm1", "log1p"),
        *("sqrt", "ceil", "floor", "arcsin", "arccos", "arctan", "abs", "sign", "clip"),
    )
} | {
    "exprel": _exprel,
    "int": lambda x: np.trunc(np.asarray(x, dtype=np.float64)),
    "timestep": lambda x, dt: np.trunc((np.asarray(x) + 1e-3 * dt) / dt),
}


class RandomNumbers:
    """``rand()`` and ``randn()`` of an expression: a function of (seed, neuron, name, call).

    Parameters
    ----------
    seed : int
    purpose : streams.Purpose
    name : str
        Variable or parameter the numbers are for; keys the stream.
    ids : (n,) int array
        Network-wide neuron ids.
    """

    def __init__(
        self, seed: int, purpose: streams.Purpose, name: str, ids: NDArray[np.int64]
    ) -> None:
        self._key = (seed, purpose, streams.name_id(name))
        self._ids = ids
        self._calls = 0

    def rand(self) -> NDArray[np.float64]:
        """Return uniform numbers in (0, 1), (n,); other numbers at each call.

        The one word in 2**54 that would round to 1 gives the number before it.
        """
        word = streams.words(*self._key, self._ids, self._calls)
        self._calls += 1
        return np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)

    def randn(self) -> NDArray[np.float64]:
        """Return standard normal numbers, (n,); other numbers at each call."""
        return ndtri(self.rand())


def evaluate(
    code: str,
    values: Mapping[str, Value],
    where: str,
    random: RandomNumbers | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Value:
    """Evaluate an expression.

    Parameters
    ----------
    code : str
    values : mapping of str to float or array
        Names the expression may use, SI units; units and constants are known besides.
    where : str
        What is evaluated, the start of every message.
    random : RandomNumbers, optional
        Source of rand() and randn(); without it they are refused.
    functions : mapping of str to function, optional
        Known besides the language's, and used instead of NumPy's of the same name.

    Raises
    ------
    ExpressionError, UnknownNameError
    """
    body = _parsed(code, where, random is not None, frozenset(functions or ()))
    with np.errstate(all="ignore"):
        return _Evaluator(values, where, random, functions or {}).visit(body)


class _Evaluator(ast.NodeVisitor):
    def __init__(
        self,
        values: Mapping[str, Value],
        where: str,
        random: RandomNumbers | None,
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.values, self.where, self.random = values, where, random
        self.functions = {**_FUNCTIONS, **functions}

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value if isinstance(node.value, bool) else float(node.value)  # type: ignore[arg-type]

    def visit_Name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.values:
            return self.values[name]
        if name in syntax.CONSTANTS:
            return syntax.CONSTANTS[name]
        if name in syntax.UNITS:
            return float(DEFAULT_UNITS[name])
        raise UnknownNameError("name", name, self.values, self.where)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        return _BINARY[type(node.op)](self.visit(node.left), self.visit(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return np.logical_not(value)
        return -value if isinstance(node.op, ast.USub) else value

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(join, (self.visit(value) for value in node.values))

    def visit_Compare(self, node: ast.Compare) -> Any:
        operands = [self.visit(x) for x in (node.left, *node.comparators)]
        pairs = zip(node.ops, operands[:-1], operands[1:], strict=True)
        return reduce(np.logical_and, (_COMPARE[type(op)](a, b) for op, a, b in pairs))

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.id  # type: ignore[attr-defined]
        arguments = [self.visit(argument) for argument in node.args]
        if name in syntax.RANDOM_FUNCTIONS and self.random is not None:
            return self.random.rand() if name == "rand" else self.random.randn()
        return self.functions[name](*arguments)

    def generic_visit(self, node: ast.AST) -> Any:
        raise ExpressionError(f"{self.where} uses {type(node).__name__}, which is not allowed.")


@lru_cache(maxsize=1024)
def names_in(code: str) -> frozenset[str]:
    """Return the names an expression uses as values."""
    return frozenset(syntax.names(ast.parse(code, mode="eval"))[0]) if code else frozenset()


@lru_cache(maxsize=1024)
def _parsed(code: str, where: str, random: bool, functions: frozenset[str]) -> ast.expr:
    tree = syntax.parse(code, where)
    syntax.check_calls(syntax.names(tree)[1] - functions, where, random=random)
    return tree.body


def finite(value: Value) -> bool:
    """Return whether every number is finite."""
    return bool(np.isfinite(value).all())
