"""Values typed on the command line: times such as ``500ms`` and settings such as ``g=-4``.

Settings are parsed, never evaluated: numbers, strings, lists and arithmetic with units.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import click

from ..errors import DescriptionError

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TIME = re.compile(rf"\s*({_NUMBER})\s*\*?\s*(s|second|seconds|ms|us|min)\s*\Z")
_PER_SECOND = {"s": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e3, "us": 1e6, "min": 1 / 60}
_NUMBER_UNIT = re.compile(rf"\s*({_NUMBER})(?![eE][+-]?\d)\s*([A-Za-z].*)\Z", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*\Z")
_LONGEST = 1000
_LARGEST_POWER = 20
_REFUSALS = (
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class TimeType(click.ParamType):
    """A time with its unit, as seconds.

    Parameters
    ----------
    positive : bool
        Refuse zero, too; negative times are always refused.
    """

    name = "time"

    def __init__(self, positive: bool = False) -> None:
        self.positive = positive

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds that the text stands for."""
        if isinstance(value, float):
            return value
        match = _TIME.match(value)
        if match is None:
            self.fail(f"{value!r} is not a time; write a number and a unit, such as 500ms or 1s")
        # dividing rounds once, so that 0.1ms is the float nearest to 1e-4
        seconds = float(match[1]) / _PER_SECOND[match[2]]
        least = "more than 0" if self.positive else "0 or more"
        if not math.isfinite(seconds) or seconds < 0 or (self.positive and seconds == 0):
            self.fail(f"{value!r} is not allowed; the time must be finite and {least}")
        return seconds


def parse_settings(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of ``name=value`` texts.

    Raises
    ------
    DescriptionError
        A text is not an assignment, names something twice, or its value is not allowed.
    """
    settings: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise DescriptionError(f"--set {text!r} is not of the form name=value.")
        if name in settings:
            raise DescriptionError(f"--set {name}=... is given twice; give it once.")
        settings[name] = parse_value(value.strip(), f"--set {name}")
    return settings


def parse_value(text: str, where: str) -> Any:
    """Return the number, quantity, string, list or dict that ``text`` stands for.

    ``20*ms`` and ``20 ms`` are quantities; a single word that is no unit is a string.

    Raises
    ------
    DescriptionError
        Anything else: calls, attributes, names that are no units, too long a text.
    """
    if not text or len(text) > _LONGEST:
        raise DescriptionError(
            f"{where}: the value has {len(text)} characters; 1 to {_LONGEST} are allowed."
        )
    from brian2.units.fundamentalunits import DimensionMismatchError  # noqa: PLC0415 - slow

    if _WORD.match(text) and _unit(text) is None and text not in ("True", "False", "None"):
        return text
    match = _NUMBER_UNIT.match(text)
    source = f"{match[1]}*{match[2]}" if match else text
    try:
        return _evaluate(ast.parse(source, mode="eval").body)
    except (*_REFUSALS, DimensionMismatchError) as e:
        raise DescriptionError(
            f"{where}: {text!r} is not allowed ({e}). Allowed are numbers, strings in quotes, "
            "True, False, None, lists, and arithmetic with units such as 20*ms or 1.5*nS."
        ) from e


def _unit(name: str) -> Any:
    from .. import units  # noqa: PLC0415 - imports Brian2, which is slow

    found = None if name.startswith("_") else getattr(units, name, None)
    return found if isinstance(found, units.Quantity) else None


def _evaluate(node: ast.expr) -> Any:  # noqa: PLR0911 - one return for each kind of node
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.Name(id=name):
            unit = _unit(name)
            if unit is None:
                raise ValueError(f"{name!r} is not a unit")
            return unit
        case ast.List(elts=elements):
            return [_evaluate(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(_evaluate(element) for element in elements)
        case ast.Dict(keys=keys, values=values):
            return _evaluate_dict(keys, values)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            value = _number(_evaluate(operand))
            return -value if isinstance(node.op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _arithmetic(type(op), _evaluate(left), _evaluate(right))
    raise ValueError(f"{type(node).__name__} may not be used here")


def _evaluate_dict(keys: list[ast.expr | None], values: list[ast.expr]) -> dict[str, Any]:
    result = {}
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise ValueError("keys must be strings in quotes")
        result[key.value] = _evaluate(value)
    return result


def _arithmetic(operation: type, left: Any, right: Any) -> Any:
    left, right = _number(left), _number(right)
    if operation is ast.Pow:
        if not isinstance(right, int | float) or abs(right) > _LARGEST_POWER:
            raise ValueError(f"powers must be numbers up to {_LARGEST_POWER}")
        # integers would grow without bound under nested powers; floats overflow with an error
        left = float(left) if isinstance(left, int) else left
    return _OPERATORS[operation](left, right)


def _number(value: Any) -> Any:
    # quantities are numpy arrays of dimension 0; everything else with arithmetic is refused
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not hasattr(value, "dim"):
        raise ValueError("arithmetic is for numbers and units")
    return value
