"""Steps and milliseconds: the one rule by which a recording turns one into the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class StepClock:
    """Time of a step in ms, and back.

    When dt is a whole number of nanoseconds, the time of step s is the double nearest to
    s * dt: s * dt_ns is exact in float64 up to 2**53 ns (104 days) and one division rounds
    once, so step 3 of 0.1 ms is 0.3, not 0.30000000000000004. For any other dt it is s * dt
    rounded once. In both cases ``round(t / dt)`` gives the step back.
    """

    def __init__(self, dt_ms: float) -> None:
        self.dt_ms = float(dt_ms)
        nanoseconds = round(self.dt_ms * 1e6)
        near = abs(self.dt_ms * 1e6 - nanoseconds) <= 1e-9 * abs(nanoseconds)
        self._nanoseconds = nanoseconds if near and nanoseconds > 0 else 0

    def time_ms(self, steps: ArrayLike) -> NDArray[np.float64]:
        """Return the times of ``steps`` in ms, same shape."""
        counts = np.asarray(steps, dtype=np.float64)
        if self._nanoseconds:
            return counts * self._nanoseconds / 1e6
        return counts * self.dt_ms

    def steps(self, times_ms: ArrayLike) -> NDArray[np.int64]:
        """Return the steps nearest to ``times_ms``, same shape."""
        return np.rint(np.asarray(times_ms, dtype=np.float64) / self.dt_ms).astype(np.int64)
