"""How values over time are looked up, for every engine the same."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .program import Table


def fine_steps(table_dt: float, dt: float) -> int:
    """Return into how many fine steps a row is divided: Brian2's power of 2, at least 1.

    Times are rounded to fine steps, at most an eighth of the time step, so that neither rounding
    errors nor the half steps of an integrator pick a neighbouring row.
    """
    return max(int(2 ** math.ceil(math.log2(8 / dt * table_dt))), 1)


def look_up(
    table: Table, dt: float, t: ArrayLike, column: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return a table's values.

    Parameters
    ----------
    table : Table
    dt : float
        The simulation's time step.
    t : array_like
        Times in seconds.
    column : array_like, optional
        For tables with columns; a column that there is not gives NaN.
    """
    per_row = fine_steps(table.dt, dt)
    found = np.trunc(np.rint(np.asarray(t) / (table.dt / per_row)) / per_row)
    row = np.clip(found, 0, len(table.values) - 1).astype(np.int64)
    if column is None:
        return table.values[row]
    chosen = np.asarray(column, np.float64)
    inside = (chosen >= 0) & (chosen < table.values.shape[1])
    values = table.values[row, np.where(inside, chosen, 0).astype(np.int64)]
    return np.where(inside, values, np.nan)
