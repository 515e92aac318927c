"""Whether two samples come from one distribution; NumPy only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .statistics import ks_distance

_MOST_EXACT = 10_000
"""Product of the sample sizes up to which the p-value is counted out."""


def ks_test(
    first: ArrayLike, second: ArrayLike, independent: tuple[int, int] | None = None
) -> tuple[float, float]:
    """Return the two-sample Kolmogorov-Smirnov distance and its p-value, two-sided.

    The null is that both samples are drawn independently from one continuous distribution. With
    equal values among them, as counts have, the p-value is at most too large. It is exact for
    small samples; for larger ones that of Kolmogorov's limit with Stephens' correction.

    Parameters
    ----------
    first, second : array_like
    independent : (int, int), optional
        As how many independent values the samples count, if fewer than they have.

    Returns
    -------
    distance, p : float
        NaN if a sample is empty.

    Source: Hodges 1958, Ark. Mat. 3:469; Stephens 1970, J. R. Stat. Soc. B 32:115.
    """
    distance = ks_distance(first, second)
    m, n = (np.size(first), np.size(second)) if independent is None else independent
    if math.isnan(distance) or not (m and n):
        return distance, math.nan
    if m * n <= _MOST_EXACT:
        return distance, _exact(math.ceil(distance * m * n - 1e-6), m, n)
    root = math.sqrt(m * n / (m + n))
    return distance, kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)


def _exact(height: int, m: int, n: int) -> float:
    """Return the share of orders of both samples whose distance is ``height`` / (m n) or more.

    An order is a path over a grid, a step for each value; followed point by point with the share
    of paths to it that have been that far from the diagonal.
    """
    if height <= 0:
        return 1.0
    shares = [float(j * m >= height) for j in range(n + 1)]
    for j in range(1, n + 1):
        shares[j] = max(shares[j], shares[j - 1])
    for i in range(1, m + 1):
        for j in range(n + 1):
            if abs(i * n - j * m) >= height:
                shares[j] = 1.0
            elif j:
                shares[j] = (i * shares[j] + j * shares[j - 1]) / (i + j)
    return shares[n]


def kolmogorov_tail(value: float) -> float:
    """Return the chance that Kolmogorov's limit variable is larger than ``value``."""
    if value < 1.0:  # the other of its two series, which then has few terms
        if value < 0.04:
            return 1.0
        odd = np.arange(1, 21, 2)
        below = np.exp(-((odd * math.pi / value) ** 2) / 8).sum()
        return float(1.0 - math.sqrt(2 * math.pi) / value * below)
    k = np.arange(1, 11)
    return float(min(1.0, 2 * np.sum(-((-1.0) ** k) * np.exp(-2 * (k * value) ** 2))))
