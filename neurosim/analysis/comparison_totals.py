"""A comparison of two recordings in a few numbers: all populations together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .comparison import Comparison


@dataclass(frozen=True)
class Totals:
    """What a comparison comes to; NaN where there are no values.

    Attributes
    ----------
    identical : bool
    first_difference_ms : float or None
    rate_a, rate_b : float
        Mean over all neurons of all populations compared, Hz.
    rate_change : float
        rate_b / rate_a - 1.
    rate_ks, cv_ks, correlation_ks : float
        Largest Kolmogorov-Smirnov distance among the populations.
    cv_shift, correlation_shift : float
        Mean over populations, each counting as many times as it has values.
    coincidence : float
        Spikes that coincide beyond chance: mean over populations, each counting by its spikes.
    """

    identical: bool
    first_difference_ms: float | None
    rate_a: float
    rate_b: float
    rate_change: float
    rate_ks: float
    cv_ks: float
    correlation_ks: float
    cv_shift: float
    correlation_shift: float
    coincidence: float

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON-able data; what is unknown is None."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }


def totals(found: Comparison) -> Totals:
    """Return a comparison in a few numbers."""
    every = list(found.populations.values())
    rate_a = _mean((one.rate.mean_a, one.size_a) for one in every)
    rate_b = _mean((one.rate.mean_b, one.size_b) for one in every)
    first = found.first_difference
    return Totals(
        identical=found.identical,
        first_difference_ms=None if first is None else first.time_ms,
        rate_a=rate_a,
        rate_b=rate_b,
        rate_change=rate_b / rate_a - 1.0 if rate_a else math.nan,
        rate_ks=_largest(one.rate.ks for one in every),
        cv_ks=_largest(one.cv.ks for one in every),
        correlation_ks=_largest(one.correlation.ks for one in every),
        cv_shift=_mean((one.cv.shift, min(one.cv.n_a, one.cv.n_b)) for one in every),
        correlation_shift=_mean(
            (one.correlation.shift, min(one.correlation.n_a, one.correlation.n_b)) for one in every
        ),
        coincidence=_mean(
            (one.trains.coincidence, one.spikes_a + one.spikes_b)
            for one in every
            if one.trains is not None
        ),
    )


def _mean(weighted: Iterable[tuple[float, int]]) -> float:
    known = [(value, weight) for value, weight in weighted if math.isfinite(value)]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else math.nan


def _largest(values: Iterable[float]) -> float:
    return max((value for value in values if math.isfinite(value)), default=math.nan)
