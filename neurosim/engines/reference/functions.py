"""What a model's code calls, as Brian2's Functions."""

from __future__ import annotations

from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import dimensions_and_type_from_string

from ...lowering.program import FunctionCode, PopulationProgram
from ...lowering.tables import look_up


def namespace(population: PopulationProgram, dt: float) -> dict[str, brian2.Function]:
    """Return the functions of a population's code by name."""
    return {f.name: _function(f, population, dt) for f in population.code.functions}


def _function(code: FunctionCode, population: PopulationProgram, dt: float) -> brian2.Function:
    if code.kind == "table":
        table = population.tables[code.name]

        def called(*arguments: Any) -> Any:
            return look_up(table, dt, *arguments)
    else:
        python = population.callables[code.name]

        def called(*arguments: Any) -> Any:
            return np.asarray(python(*arguments), np.float64)

    function = brian2.Function(
        called,
        arg_units=[_unit(unit) for unit in code.units],
        return_unit=_unit(code.unit),
        arg_names=[f"x{k}" for k in range(len(code.units))],
    )
    function.implementations.add_implementation("numpy", code=called)
    return function


def _unit(text: str) -> Any:
    return brian2.get_unit(dimensions_and_type_from_string(text)[0])
