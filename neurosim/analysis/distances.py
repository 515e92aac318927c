"""Distances between spike trains: ascending times in ms, shape (n_spikes,)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import AnalysisError


def victor_purpura(first_ms: ArrayLike, second_ms: ArrayLike, cost_per_ms: float) -> float:
    """Return the least cost of turning one spike train into the other.

    Adding or deleting a spike costs 1, moving it by dt costs ``cost_per_ms`` |dt|. Cost 0 gives
    the difference of the counts; a very large one, the number of spikes that do not coincide.

    Source: Victor & Purpura 1996, J. Neurophysiol. 76:1310.
    """
    if not cost_per_ms >= 0:
        raise AnalysisError(f"the cost of moving a spike is {cost_per_ms} per ms; it must be >= 0")
    a, b = (np.asarray(x, dtype=np.float64) for x in (first_ms, second_ms))
    ramp = np.arange(b.size + 1, dtype=np.float64)
    row = ramp.copy()
    for k, time in enumerate(a):
        # Without insertions first; then the best place to start a run of insertions.
        best = np.empty_like(row)
        best[0] = k + 1.0
        best[1:] = np.minimum(row[1:] + 1.0, row[:-1] + cost_per_ms * np.abs(b - time))
        row = np.minimum.accumulate(best - ramp) + ramp
    return float(row[-1])


def van_rossum(first_ms: ArrayLike, second_ms: ArrayLike, tau_ms: float) -> float:
    """Return the distance of the trains after a causal exponential kernel.

    D^2 = 1/tau times the integral of (f - g)^2, each spike turned into exp(-t/tau); a spike more
    costs 1/2 in D^2, two that are far apart 1.

    Source: van Rossum 2001, Neural Comput. 13:751, eq. 2.2.
    """
    if not tau_ms > 0:
        raise AnalysisError(f"the time constant is {tau_ms} ms; it must be positive")
    a, b = (np.asarray(x, dtype=np.float64) for x in (first_ms, second_ms))
    squared = _overlap(a, a, tau_ms) + _overlap(b, b, tau_ms) - 2.0 * _overlap(a, b, tau_ms)
    return float(np.sqrt(max(squared, 0.0) / 2.0))


def _overlap(a: np.ndarray, b: np.ndarray, tau_ms: float) -> float:
    """Return the sum over all pairs of exp(-|dt| / tau), a row of pairs at a time."""
    return sum(float(np.exp(-np.abs(b - time) / tau_ms).sum()) for time in a)
