"""Courses over time on the grid of steps: what engines ask for the values of a stretch of steps.

Every engine takes the values from here, so that they are the same in all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class StepWave:
    """Holds ``values[k]`` from step ``steps[k]`` on; 0 before the first.

    Attributes
    ----------
    steps : (m,) int64, not descending
        Of equal ones the last counts.
    values : (m, width) float64
        A column for each owned neuron, or one for all.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Number of columns; 1: the same value for all neurons."""
        return int(self.values.shape[1])

    @property
    def largest(self) -> float:
        """Largest value that occurs."""
        return max(0.0, float(self.values.max(initial=0.0)))

    def rows(self, first_step: int, n_steps: int) -> Rows:
        """Return the values of steps: a table (n_rows, width), and each step's row (n_steps,).

        A row of -1 stands for zeros.
        """
        steps = np.arange(first_step, first_step + n_steps)
        row = np.searchsorted(self.steps, steps, side="right") - 1
        low, high = int(max(row[0], 0)), int(max(row[-1], 0))
        return np.ascontiguousarray(self.values[low : high + 1]), np.where(row < 0, -1, row - low)


@dataclass(frozen=True)
class SineWave:
    """``offset + amplitude sin(2 pi frequency (t - start) + phase)``, and 0 outside.

    Attributes
    ----------
    offset, amplitude, frequency, phase, dt : float
    start : int
        First step, where t - start is 0.
    stop : int or None
        First step after it.
    scale : float
        Multiplies the result.
    low : float
        Smaller results become this.
    """

    offset: float
    amplitude: float
    frequency: float
    phase: float
    dt: float
    start: int = 0
    stop: int | None = None
    scale: float = 1.0
    low: float = -math.inf
    width: int = 1

    @property
    def largest(self) -> float:
        """An upper bound of the values."""
        return max(0.0, (self.offset + abs(self.amplitude)) * self.scale)

    def rows(self, first_step: int, n_steps: int) -> Rows:
        """Return the values of steps; see :meth:`StepWave.rows`."""
        values = np.array([self._value(s) for s in range(first_step, first_step + n_steps)])
        return values.reshape(n_steps, 1), np.arange(n_steps)

    def _value(self, step: int) -> float:
        if step < self.start or (self.stop is not None and step >= self.stop):
            return 0.0
        # one by one: a vectorised sine could depend on where a stretch begins
        angle = 2 * math.pi * self.frequency * ((step - self.start) * self.dt) + self.phase
        return self.scale * max(self.low, self.offset + self.amplitude * math.sin(angle))


Wave = StepWave | SineWave


def constant_wave(values: NDArray[np.float64]) -> StepWave:
    """Return a course that always has the given value(s), (width,)."""
    return StepWave(np.zeros(1, np.int64), np.array(values, np.float64).reshape(1, -1))
