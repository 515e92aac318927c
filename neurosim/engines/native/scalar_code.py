"""Code in the arithmetic of another machine: rendered as it stands, nothing rearranged."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import UnsupportedError
from ...lowering.machine_program import Scalar
from .render import Renderer, identifier

_TYPES = {"s16.15": "Fixed", "float32": "float"}
_POWERS_OF_TWO = tuple(1 << n for n in range(16))
_FUNCTIONS = {
    "s16.15": frozenset(["abs", "ceil", "clip", "exp", "floor", "int", "sign"]),
    "float32": frozenset(["abs", "ceil", "clip", "exp", "floor", "int", "log", "sign", "sqrt"]),
}


def number_type(scalar: Scalar | None) -> str:
    """Return the C++ type of a neuron's numbers in the loop."""
    return "real" if scalar is None else _TYPES[scalar.format]


class ScalarRenderer(Renderer):
    """Renders expressions in a machine's arithmetic.

    Parameters
    ----------
    scalar : Scalar
    model : str
        For messages.
    functions : mapping
        As of Renderer.
    """

    def __init__(
        self,
        scalar: Scalar,
        model: str,
        functions: Mapping[str, Callable[[Renderer, list[ast.expr]], str]],
    ) -> None:
        super().__init__(number_type(scalar), identifier, functions)
        self._scalar, self._model = scalar, model

    def render_Constant(self, node: ast.Constant) -> str:  # noqa: D102, N802
        if self._scalar.format != "s16.15" or isinstance(node.value, bool):
            return super().render_Constant(node)
        return f"Fixed::literal({float(node.value)!r})"  # type: ignore[arg-type]

    def render_Call(self, node: ast.Call) -> str:  # noqa: D102, N802
        name = node.func.id  # type: ignore[attr-defined]
        allowed = _FUNCTIONS[self._scalar.format]
        if name not in allowed and name not in self.functions:
            raise UnsupportedError(
                f"model {self._model!r}: {name}() cannot be computed in {self._scalar.format}; "
                f"there are {', '.join(sorted(allowed))}. Write the equations with these."
            )
        if name == "int":  # of a number, or of a truth value
            number = number_type(self._scalar)
            return f"as_int({number}({self.render_node(node.args[0])}))"
        return super().render_Call(node)

    def render_BinOp(self, node: ast.BinOp) -> str:  # noqa: D102, N802
        right = node.right
        if self._scalar.format != "s16.15" or not isinstance(node.op, ast.Div):
            return super().render_BinOp(node)
        if isinstance(right, ast.Constant) and right.value in _POWERS_OF_TWO:
            shift = _POWERS_OF_TWO.index(right.value)  # which rounds down as a division does
            return f"Fixed::of({self.render_node(node.left)}.bits >> {shift})"
        return super().render_BinOp(node)

    def _power(self, node: ast.BinOp) -> str:
        text = super()._power(node)
        if text.startswith("pow("):
            raise UnsupportedError(
                f"model {self._model!r}: only whole powers from 1 to 16 can be computed in "
                f"{self._scalar.format}. Write the equations with these."
            )
        return text


def assignments(code: str, known: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, operator, expression) of each statement; ":=" declares a name.

    Parameters
    ----------
    code : str
        Lines ``x = ...``, ``x += ...``, in Python's syntax.
    known : mapping
        Names that are declared already.
    """
    found, declared = [], set(known)
    for line in ast.parse("\n".join(part.strip() for part in code.splitlines())).body:
        if isinstance(line, ast.AugAssign) and isinstance(line.target, ast.Name):
            name = line.target.id
            symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(line.op)]
            found.append((name, "=", f"{name} {symbol} ({ast.unparse(line.value)})"))
        elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            name = line.targets[0].id
            found.append((name, "=" if name in declared else ":=", ast.unparse(line.value)))
            declared.add(name)
        else:
            raise UnsupportedError(f"a statement is not an assignment: {ast.unparse(line)!r}.")
    return found
