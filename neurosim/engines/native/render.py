"""Expressions as C++: Brian2 parses and optimises, this renders one node after another."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from brian2.parsing.rendering import NodeRenderer

from ...errors import UnsupportedError

_FUNCTIONS = """abs arccos arcsin arctan ceil clip cos cosh exp expm1 exprel floor int log log10
log1p sign sin sinh sqrt tan tanh timestep"""
FUNCTIONS = frozenset(_FUNCTIONS.split())

# Names the generated code uses for itself end in _, _d or _array; a user's name that would clash
# with one of them, with C++ or with a function of the headers is given another ending.
_OWN_ENDINGS = ("_", "_d", "_array", "_user")
_TAKEN = """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl
concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype
default delete do double dynamic_cast else enum errno explicit export extern false float for friend
goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
protected public register reinterpret_cast requires return short signed sizeof static static_assert
static_cast struct switch template this thread_local throw true try typedef typeid typename union
unsigned using virtual void volatile wchar_t while xor xor_eq
real lane_int block_size Fixed Fraction Weight Count guarded power floor_divide mod as_int pow linux
unix NULL"""
_RESERVED = frozenset(_TAKEN.split()) | FUNCTIONS

_COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_SMALL_POWERS = tuple(float(n) for n in range(1, 17))
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def identifier(name: str) -> str:
    """Return a C++ identifier for a variable of a model."""
    return f"{name}_user" if name in _RESERVED or name.endswith(_OWN_ENDINGS) else name


def _value(node: ast.Constant) -> float:
    return float(node.value)  # type: ignore[arg-type]


class Renderer(NodeRenderer):
    """Render abstract-code expressions for scalar type ``number``.

    Parameters
    ----------
    number : {"real", "double"}
        Type that literals are written in: per-neuron code computes in the state's type, what is
        shared by a population in double.
    name : callable
        From a variable's name to what stands for it in the generated code.
    functions : mapping, optional
        How calls of functions that the language does not have are rendered, by name.
    """

    def __init__(
        self,
        number: str,
        name: Callable[[str], str],
        functions: Mapping[str, Callable[[Renderer, list[ast.expr]], str]] | None = None,
    ) -> None:
        super().__init__()
        self.number = number
        self.name = name
        self.functions = functions or {}

    # Methods are named after the classes of Python's syntax tree, as NodeRenderer wants them.

    def render_Name(self, node: ast.Name) -> str:  # noqa: D102, N802
        return self.name(node.id)

    def render_Constant(self, node: ast.Constant) -> str:  # noqa: D102, N802
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        return f"{self.number}({_value(node)!r})"

    def render_Call(self, node: ast.Call) -> str:  # noqa: D102, N802
        name = node.func.id  # type: ignore[attr-defined]
        if name in self.functions:
            return self.functions[name](self, node.args)
        if name not in FUNCTIONS:
            raise UnsupportedError(
                f"the native engine has no function {name!r}; it has "
                f"{', '.join(sorted(FUNCTIONS))}. Write the expression with these."
            )
        spelled = "as_int" if name == "int" else name
        return f"{spelled}({', '.join(self.render_node(argument) for argument in node.args)})"

    def render_BinOp(self, node: ast.BinOp) -> str:  # noqa: D102, N802
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        left, right = self.render_node(node.left), self.render_node(node.right)
        if isinstance(node.op, ast.Mod):
            return f"mod({left}, {right})"
        if isinstance(node.op, ast.FloorDiv):
            return f"floor_divide({left}, {right})"
        return f"({left} {_ARITHMETIC[type(node.op)]} {right})"

    def _power(self, node: ast.BinOp) -> str:
        base = self.render_node(node.left)
        exponent = node.right
        if isinstance(exponent, ast.Constant) and _value(exponent) in _SMALL_POWERS:
            return f"power<{int(_value(exponent))}>({base})"
        return f"pow({base}, {self.render_node(exponent)})"

    def render_BoolOp(self, node: ast.BoolOp) -> str:  # noqa: D102, N802
        # Both sides are free of effects: without short cuts the loop stays without branches.
        joint = " & " if isinstance(node.op, ast.And) else " | "
        return f"bool({joint.join(f'bool({self.render_node(v)})' for v in node.values)})"

    def render_Compare(self, node: ast.Compare) -> str:  # noqa: D102, N802
        left, right = self.render_node(node.left), self.render_node(node.comparators[0])
        return f"({left} {_COMPARISONS[type(node.ops[0])]} {right})"

    def render_UnaryOp(self, node: ast.UnaryOp) -> str:  # noqa: D102, N802
        operand = self.render_node(node.operand)
        if isinstance(node.op, ast.Not):
            return f"(!{operand})"
        return f"(-{operand})" if isinstance(node.op, ast.USub) else operand
