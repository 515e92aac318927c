"""Values written as text: numbers, units, lists and arithmetic on them. Parsed, never evaluated.

``20*ms``, ``20 ms``, ``[1*mV, 2*mV]`` and ``2*(g + 1)`` are values; attributes, indexing and calls
are refused, but for the constructors a caller offers (``Normal(20*pA, 2*pA)``).
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import DescriptionError, NeurosimError, UnknownNameError

Maker = Callable[..., Any]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER_UNIT = re.compile(rf"\s*({_NUMBER})(?![eE][+-]?\d)\s*([A-Za-z].*)\Z", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*\Z")
_CONSTANTS = ("True", "False", "None")
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


def parse_value(
    text: str,
    where: str,
    names: Mapping[str, Any] | None = None,
    makers: Mapping[str, Maker] | None = None,
) -> Any:
    """Return the number, quantity, string, list or dict that ``text`` stands for.

    ``20*ms`` and ``20 ms`` are quantities; a single word that is no unit is a string.

    Parameters
    ----------
    text : str
    where : str
        What it is, the start of every message.
    names : mapping, optional
        Values that may be used by name, before units.
    makers : mapping, optional
        What may be called: by its name, with values as arguments.

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

    reader = _Reader(names or {}, makers or {})
    if _WORD.match(text) and text not in _CONSTANTS and not reader.knows(text):
        return text
    try:
        return reader.value(ast.parse(spelled_out(text), mode="eval").body)
    except NeurosimError as error:
        raise DescriptionError(f"{where}: {error}") from error
    except (*_REFUSALS, DimensionMismatchError) as error:
        raise DescriptionError(
            f"{where}: {text!r} is not allowed ({error}). Allowed are numbers, strings in quotes, "
            "True, False, None, lists, and arithmetic with units such as 20*ms or 1.5*nS."
        ) from error


def spelled_out(text: str) -> str:
    """Return ``20 ms`` as ``20*ms`` and ``1 s`` as ``1*second``; everything else as it is."""
    match = _NUMBER_UNIT.match(text)
    if match is None:
        return text
    return f"{match[1]}*{'second' if match[2].strip() == 's' else match[2]}"


def unit(name: str) -> Any:
    """Return the unit of that name, or None."""
    from .. import units  # noqa: PLC0415 - imports Brian2, which is slow

    found = None if name.startswith("_") else getattr(units, name, None)
    return found if isinstance(found, units.Quantity) else None


class _Reader:
    """Turns a syntax tree into a value; every kind of node that is not named here is refused."""

    def __init__(self, names: Mapping[str, Any], makers: Mapping[str, Maker]) -> None:
        self.names, self.makers = names, makers

    def knows(self, word: str) -> bool:
        return word in self.names or word in self.makers or unit(word) is not None

    def value(self, node: ast.expr) -> Any:  # noqa: PLR0911 - one return for each kind of node
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None):
                return node.value
            case ast.Name(id=name):
                return self._named(name)
            case ast.List(elts=elements):
                return [self.value(element) for element in elements]
            case ast.Tuple(elts=elements):
                return tuple(self.value(element) for element in elements)
            case ast.Dict(keys=keys, values=values):
                return self._dict(keys, values)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                value = _number(self.value(operand))
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _arithmetic(type(op), self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if self.makers:
                return self._made(name, args, keywords)
        raise ValueError(f"{type(node).__name__} may not be used here")

    def _named(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if name in self.makers:
            return self.makers[name]()
        found = unit(name)
        if found is None:
            raise ValueError(f"{name!r} is not a unit")
        return found

    def _dict(self, keys: list[ast.expr | None], values: list[ast.expr]) -> dict[str, Any]:
        result = {}
        for key, value in zip(keys, values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise ValueError("keys must be strings in quotes")
            result[key.value] = self.value(value)
        return result

    def _made(self, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:
        if name not in self.makers:
            raise UnknownNameError("kind of value", name, self.makers)
        given: dict[str, Any] = {}
        for keyword in keywords:
            if keyword.arg is None or keyword.arg in given:
                raise ValueError(f"{name}(...) takes each argument once, as name=value")
            given[keyword.arg] = self.value(keyword.value)
        return self.makers[name](*[self.value(arg) for arg in args], **given)


def _arithmetic(operation: type, left: Any, right: Any) -> Any:
    left, right = _number(left, right), _number(right, left)
    if operation is ast.Pow:
        if not isinstance(right, int | float) or abs(right) > _LARGEST_POWER:
            raise ValueError(f"powers must be numbers up to {_LARGEST_POWER}")
        # integers would grow without bound under nested powers; floats overflow with an error
        left = float(left) if isinstance(left, int) else left
    return _OPERATORS[operation](left, right)


def _number(value: Any, other: Any = None) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or hasattr(value, "dim"):
        return value
    if isinstance(value, list) and hasattr(other, "dim"):
        import numpy as np  # noqa: PLC0415 - not for --help

        return np.array([_number(item) for item in value], dtype=np.float64)
    raise ValueError("arithmetic is for numbers and units")
