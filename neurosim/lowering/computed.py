"""Subexpressions of a model, worked out from the values of its variables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .expressions import Value, evaluate, names_in
from .program import PopulationProgram
from .tables import look_up


def functions_of(population: PopulationProgram, dt: float) -> dict[str, Callable[..., Any]]:
    """Return what a population's code may call besides the language's functions."""
    tables = {n: partial(look_up, table, dt) for n, table in population.tables.items()}
    return {**tables, **population.callables}


def computed_values(
    population: PopulationProgram,
    name: str,
    read: Callable[[str], NDArray[np.float64]],
    step: int,
    dt: float,
) -> NDArray[np.float64]:
    """Return the current values of a subexpression.

    Parameters
    ----------
    population : PopulationProgram
    name : str
        One of ``population.code.subexpressions``.
    read : callable
        From a variable's name to its current values, (size,).
    step : int
        The step that comes next.
    dt : float
        Seconds.

    Returns
    -------
    (size,) float64 array
    """
    code = dict(population.code.subexpressions)[name]
    values: dict[str, Value] = {
        "t": step * dt,
        "dt": dt,
        "t_in_timesteps": float(step),
        "i": np.arange(population.size, dtype=np.float64),
        "N": float(population.size),
    }
    for variable in population.code.variables:
        if variable.name in names_in(code):
            shared = variable.role == "coefficient" and variable.shared
            values[variable.name] = (
                population.values[variable.name] if shared else read(variable.name)
            )
    where = f"population {population.name!r}: {name!r}"
    found = evaluate(code, values, where, functions=functions_of(population, dt))
    return np.array(np.broadcast_to(np.asarray(found, np.float64), (population.size,)))
