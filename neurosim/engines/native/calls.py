"""Calls of tables over time and of users' functions in generated code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import numpy as np
from brian2.core.functions import Function
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...lowering.program import FunctionCode, NeuronCode, PopulationProgram
from ...lowering.tables import fine_steps
from .render import Renderer, identifier

_HEADER = 5  # numbers that describe a table; see include/table.hpp
_CALLED = re.compile(r"(\w+)\s*\(")


def table_names(code: NeuronCode) -> tuple[str, ...]:
    """Return the names of the tables that a model looks up, in storage order."""
    return tuple(f.name for f in code.functions if f.kind == "table")


def packed_tables(
    population: PopulationProgram, n_shared: int, dt: float
) -> Iterator[NDArray[np.float64]]:
    """Yield what follows the shared values in memory: the tables' headers, then their values."""
    tables = [population.tables[name] for name in table_names(population.code)]
    position = n_shared + _HEADER * len(tables)
    for table in tables:
        per_row = fine_steps(table.dt, dt)
        rows, columns = len(table.values), table.values[0].size
        yield np.array([position, rows, columns, table.dt / per_row, per_row], np.float64)
        position += table.values.size
    for table in tables:
        yield table.values.ravel()


def table_lines(code: NeuronCode, n_shared: int, words: set[str]) -> list[str]:
    """Declare the tables that occur."""
    return [
        f"const Table {_table(name)}(own_.shared, {n_shared + _HEADER * k});"
        for k, name in enumerate(table_names(code))
        if _table(name) in words
    ]


def definitions(code: NeuronCode) -> list[str]:
    """Return the C++ of the user's functions; UnsupportedError if one has none."""
    users = [f for f in code.functions if f.kind == "user"]
    for function in users:
        if not function.cpp:
            raise UnsupportedError(
                f"model {code.name!r}: the function {function.name!r} has no C++ form, which the "
                'native engine needs. Give it: Function(..., cpp="double f(double x) { ... }"), '
                "or use engine 'brian2'."
            )
    lines = [line for f in users for line in (f"namespace {_space(f)} {{", f.cpp, "}")]
    return [*lines, ""] if lines else []


def brian2_functions(code: NeuronCode) -> dict[str, Function]:
    """Return what Brian2's optimiser needs to know of the functions."""
    return {
        f.name: Function(_nothing, arg_units=[1] * len(f.units), return_unit=1)
        for f in code.functions
    }


Call = Callable[[Renderer, list[ast.expr]], str]


def neuron_calls(
    code: NeuronCode, population: Renderer, shared: Callable[[str], bool]
) -> dict[str, Call]:
    """Return how calls are rendered in the loop over neurons.

    A time that is the same for all neurons stays in double, as ``population`` renders it.
    """

    def look_up(renderer: Renderer, arguments: list[ast.expr], name: str) -> str:
        names = {n.id for n in ast.walk(arguments[0]) if isinstance(n, ast.Name)}
        first = population if all(shared(n) for n in names) else renderer
        given = [first.render_node(arguments[0])]
        given += [renderer.render_node(a) for a in arguments[1:]]
        return f"static_cast<real>({_table(name)}({', '.join(given)}))"

    calls: dict[str, Call] = {}
    for f in code.functions:
        if f.kind == "table":
            calls[f.name] = lambda r, a, name=f.name: look_up(r, a, name)  # type: ignore[misc]
        else:
            calls[f.name] = lambda r, a, f=f: f"static_cast<real>({_user_call(f, r, a)})"  # type: ignore[misc]
    return calls


def shared_calls(code: NeuronCode) -> dict[str, Call]:
    """Return how calls are rendered where all is in double."""
    calls: dict[str, Call] = {}
    for f in code.functions:
        if f.kind == "table":
            calls[f.name] = lambda r, a, name=f.name: f"{_table(name)}({_listed(r, a)})"  # type: ignore[misc]
        else:
            calls[f.name] = lambda r, a, f=f: _user_call(f, r, a)  # type: ignore[misc]
    return calls


def _nothing(*_: float) -> float:
    """Stand for a function: only its name and number of arguments matter."""
    return 0.0


def _listed(renderer: Renderer, arguments: list[ast.expr]) -> str:
    return ", ".join(renderer.render_node(argument) for argument in arguments)


def _user_call(function: FunctionCode, renderer: Renderer, arguments: list[ast.expr]) -> str:
    called = _CALLED.search(function.cpp)
    name = called[1] if called else function.name
    return f"{_space(function)}::{name}({_listed(renderer, arguments)})"


def _space(function: FunctionCode) -> str:
    return f"user_{function.name}_"


def _table(name: str) -> str:
    return f"{identifier(name)}_table_"
