"""Calls of tables and users' functions in equations that are integrated exactly."""

from __future__ import annotations

import ast

from brian2.equations.codestrings import Expression
from brian2.equations.equations import Equations, SingleEquation

from ..description import syntax
from .expressions import names_in


class Settled:
    """Whether the value of an expression is known before the run and stays.

    Parameters
    ----------
    fixed : frozenset of str
        Names that keep their value during a run.
    callees : frozenset of str
        Functions that are not evaluated before the run.
    """

    def __init__(self, fixed: frozenset[str], callees: frozenset[str]) -> None:
        self._fixed, self._callees = fixed, callees

    def __call__(self, code: str) -> bool:
        """Return whether ``code`` is settled."""
        return names_in(code) <= self._fixed and not self._calls(code)

    def _calls(self, code: str) -> bool:
        return bool(syntax.names(ast.parse(code, mode="eval"))[1] & self._callees)

    def name_calls(
        self, terms: list[tuple[int, str]]
    ) -> tuple[list[tuple[int, str]], dict[str, str]]:
        """Return (row, expression) terms with names for those that call, and the names' terms."""
        named: dict[str, str] = {}
        renamed = []
        for row, given in terms:
            code = given
            if self._calls(given):
                code = f"called_{len(named)}_"
                named[code] = given
            renamed.append((row, code))
        return renamed, named


class TableCalls:
    """Gives names to calls of tables at the step's own time, ``I(t)`` or ``I(t, i)``.

    Attributes
    ----------
    calls : dict of str to str
        Each name's call.
    tables : dict of str to str
        Each name's table.
    """

    def __init__(self, steady: frozenset[str]) -> None:
        self._steady = steady
        self.calls: dict[str, str] = {}
        self.tables: dict[str, str] = {}

    def replace(self, equations: Equations) -> Equations:
        """Return equations with names in place of the calls."""
        if not self._steady:
            return equations
        changed = []
        for name, e in equations.items():
            expr = None if e.expr is None else Expression(self._expression(e.expr.code))
            changed.append(SingleEquation(e.type, name, e.dim, e.var_type, expr, e.flags))
        return Equations(changed)

    def _expression(self, code: str) -> str:
        tree = _Replacer(self).visit(ast.parse(" ".join(code.split()), mode="eval"))
        return ast.unparse(tree)

    def name(self, call: ast.Call) -> str | None:
        """Return the name for a call, None if it keeps standing."""
        table = call.func.id if isinstance(call.func, ast.Name) else ""
        at = call.args[0] if call.args else None
        if table not in self._steady or not (isinstance(at, ast.Name) and at.id == "t"):
            return None
        code = ast.unparse(call)
        for name, known in self.calls.items():
            if known == code:
                return name
        name = f"table_{len(self.calls)}_"
        self.calls[name], self.tables[name] = code, table
        return name


class _Replacer(ast.NodeTransformer):
    def __init__(self, calls: TableCalls) -> None:
        self._calls = calls

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = self._calls.name(node)
        if name is None:
            return self.generic_visit(node)
        return ast.copy_location(ast.Name(name, ast.Load()), node)
