"""Statements of a neuron model as C++: what is shared by the population, and what is per neuron."""

from __future__ import annotations

import re

import numpy as np
from brian2.codegen.translation import make_statements
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import Variable as BrianVariable
from brian2.units.fundamentalunits import DIMENSIONLESS

from ..checks import undefined_value
from .calls import brian2_functions, neuron_calls, shared_calls
from .kernel_key import KernelKey, Statements
from .render import Renderer, identifier
from .scalar_code import ScalarRenderer, assignments, number_type

_UNDEFINED = re.compile(r"\b(zoo|nan|oo)\b")  # what simplification makes of x/0


class NeuronStatements:
    """Renders the statements of a neuron model, in the arithmetic of its machine if it has one."""

    def __init__(self, key: KernelKey) -> None:
        self.key, self.code = key, key.code
        self.guarded = frozenset(
            () if key.code.refractory_kind == "none" else key.code.unless_refractory
        )
        self.variables = self._brian2_variables()
        self.population = Renderer(
            "double", lambda name: f"{identifier(name)}_d", shared_calls(self.code)
        )
        self.number = number_type(key.code.scalar)
        calls = neuron_calls(self.code, self.population, self._is_shared)
        self.neuron = (
            Renderer("real", identifier, calls)
            if key.code.scalar is None
            else ScalarRenderer(key.code.scalar, key.code.name, calls)
        )

    def _brian2_variables(self) -> dict:
        def variable(name: str, shared: bool, dtype: type = np.float64) -> BrianVariable:
            return BrianVariable(
                name, dimensions=DIMENSIONLESS, dtype=dtype, scalar=shared, constant=shared
            )

        known = {
            v.name: variable(v.name, v.shared, np.bool_ if v.boolean else np.float64)
            for v in self.code.variables
        }
        known |= {name: variable(name, True) for name in ("t", "dt", "N", "t_in_timesteps")}
        known |= {"i": variable("i", False), "lastspike": variable("lastspike", False)}
        known |= {noise.name: variable(noise.name, False) for noise in self.code.noise}
        known["not_refractory"] = variable("not_refractory", False, np.bool_)
        return DEFAULT_FUNCTIONS | known | brian2_functions(self.code)

    def _is_shared(self, name: str) -> bool:
        """Return whether a name stands for one value of the whole population."""
        known = self.variables.get(name)
        return name.startswith("_lio_") if known is None else bool(getattr(known, "scalar", False))

    def statements(self, code: str, block: str, guard: bool) -> Statements:
        """Render abstract code; writes to guarded variables are conditional if ``guard``."""
        if self.code.scalar is not None:
            return Statements([], self._as_it_stands(code, guard))
        shared, neuron = make_statements(code, self.variables, np.float64, blockname=block)
        for statement in (*shared, *neuron):
            if _UNDEFINED.search(statement.expr):
                raise undefined_value(self.code.name, code)
        lines = []
        for s in shared:
            lines.append(
                f"const auto {identifier(s.var)}_d = {self.population.render_expr(s.expr)};"
            )
        return Statements(lines, [self._statement(s, guard) for s in neuron])

    def _as_it_stands(self, code: str, guard: bool) -> list[str]:
        lines = []
        for name, operator, expression in assignments(code, self.variables):
            value, word = self.neuron.render_expr(expression), identifier(name)
            if operator == ":=":
                lines.append(f"const auto {word} = {value};")
            elif guard and name in self.guarded:
                lines.append(f"{word} = not_refractory ? {value} : {word};")
            else:
                lines.append(f"{word} = {value};")
        return lines

    def _statement(self, s, guard: bool) -> str:
        value, name = self.neuron.render_expr(s.expr), identifier(s.var)
        if s.op == ":=":
            return f"const auto {name} = {value};"
        if s.op != "=":
            value = f"({name} {s.op[:-1]} {value})"
        if guard and s.var in self.guarded:
            value = f"not_refractory ? {value} : {name}"
        return f"{name} = {value};"
