"""The cost model: seconds as a sum of counts, each times a coefficient, never negative.

    update  = step_s steps + neuron_s updates
    deliver = arrival_s arrivals + segment_s segments + event_s events
    exchange = hop_s hops + byte_s received

The counts are those of :class:`neurosim.scaling.work.Work`. Coefficients are fitted to measured
runs by non-negative least squares of the relative errors, so no run outweighs the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .work import Work

UPDATE = ("step_s", "neuron_s")
DELIVER = ("arrival_s", "segment_s", "event_s")
EXCHANGE = ("hop_s", "byte_s")
_COUNTS = {
    "step_s": "steps",
    "neuron_s": "updates",
    "arrival_s": "arrivals",
    "segment_s": "segments",
    "event_s": "events",
    "hop_s": "hops",
    "byte_s": "received",
}


@dataclass(frozen=True)
class Coefficients:
    """Seconds per count; the defaults are typical of a core of 2024 and a cluster's network."""

    step_s: float = 3e-7
    neuron_s: float = 3e-9
    arrival_s: float = 4e-9
    segment_s: float = 6e-9
    event_s: float = 1e-9
    hop_s: float = 3e-6
    byte_s: float = 2e-10

    def seconds(self, work: Work) -> Seconds:
        """Return what the work takes."""
        counts = work.as_dict()

        def cost(names: Sequence[str]) -> float:
            return float(sum(getattr(self, name) * counts[_COUNTS[name]] for name in names))

        return Seconds(cost(UPDATE), cost(DELIVER), cost(EXCHANGE))

    def as_dict(self) -> dict[str, float]:
        """Return the coefficients by name."""
        return asdict(self)

    def updated(self, values: Mapping[str, object]) -> Coefficients:
        """Return coefficients with those of ``values`` that are known and are numbers >= 0."""
        known = {
            name: float(values[name])  # type: ignore[arg-type]
            for name in (f.name for f in fields(self))
            if isinstance(values.get(name), int | float) and 0 <= float(values[name]) < 1  # type: ignore[arg-type]
        }
        return replace(self, **known)


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds per biological second of one rank."""

    update: float
    deliver: float
    exchange: float

    @property
    def total(self) -> float:
        """Return the sum: the real-time factor, if all ranks are alike."""
        return self.update + self.deliver + self.exchange


def fitted(
    start: Coefficients,
    names: Sequence[str],
    works: Sequence[Work],
    seconds: Sequence[float],
    trust: float = 0.0,
) -> Coefficients:
    """Return ``start`` with some coefficients fitted to what runs took.

    Parameters
    ----------
    names : sequence of str
        Which; the others do not enter.
    works, seconds : sequences of equal length
        Counts, and the measured time of the part.
    trust : float
        Weight of the ratios among the coefficients of ``start``, as a share of a run's: what
        few runs cannot tell apart keeps them.
    """
    counts = np.array([[getattr(work, _COUNTS[name]) for name in names] for work in works])
    measured = np.asarray(seconds, np.float64)
    before = np.array([getattr(start, name) for name in names])
    foreseen = counts @ before
    usable = (measured > 0) & (foreseen > 0)
    if not usable.any():
        return start
    expected = before * np.median(measured[usable] / foreseen[usable])
    found = nonnegative(counts[usable], measured[usable], expected, trust)
    return replace(start, **dict(zip(names, map(float, found), strict=True)))


def nonnegative(
    counts: ArrayLike, seconds: ArrayLike, expected: ArrayLike | None = None, trust: float = 0.0
) -> NDArray[np.float64]:
    """Return the coefficients >= 0 of least relative squares, (n,).

    Parameters
    ----------
    counts : (m, n)
    seconds : (m,)
        Runs of 0 seconds are left out.
    expected : (n,), optional
        What the coefficients are drawn to where the runs leave them open; 0: not drawn.
    trust : float
        How much: the weight of a relative deviation of theirs, where a run's is 1.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - slow to import

    matrix, measured = np.asarray(counts, np.float64), np.asarray(seconds, np.float64)
    used = measured > 0
    rows, wanted = [matrix[used] / measured[used, None]], [np.ones(int(used.sum()))]
    if expected is not None and trust > 0:
        prior = np.asarray(expected, np.float64)
        known = prior > 0
        rows.append(np.eye(prior.size)[known] / prior[known, None] * trust)
        wanted.append(np.full(int(known.sum()), trust))
    relative = np.vstack(rows)
    if not relative.size:
        return np.zeros(matrix.shape[1])
    size = np.maximum(relative.max(axis=0), 1e-300)
    return nnls(relative / size, np.concatenate(wanted))[0] / size
