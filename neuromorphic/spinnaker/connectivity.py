"""What the planner expects of a projection: fan-in, fan-out into a core, weights and delays.

As sPyNNaker estimates them before anything is drawn (its connectors' ``get_n_connections_...``
and ``utility_calls.py``): probable maxima, so that the same network is always mapped alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...lowering.draws import draw_values
from ...lowering.program import (
    AllSources,
    BernoulliSources,
    DelayDraw,
    Draw,
    MatchingSource,
    ProjectionProgram,
    RandomSources,
    RandomTargets,
)
from ...parallel.communicator import Communicator

_POINTS = 4096  # of a distribution's quantiles, for its mean and variance
CHANCE = 1e-2


def probable_maximum(n_total: float, n_selected: float, share: float, chance: float) -> float:
    """Return the most of ``n_selected`` to expect where each is chosen with probability ``share``.

    Parameters
    ----------
    n_total : float
        Selections in all; the maximum is exceeded in any with probability ``chance``.
    """
    from scipy.stats import binom  # noqa: PLC0415 (SciPy is slow to import)

    if n_selected <= 0 or n_total <= 0:
        return 0.0
    return float(binom.ppf(1.0 - chance / n_total, n_selected, min(1.0, share)))


def most_into_neuron(  # noqa: PLR0911 (one for each rule)
    projection: ProjectionProgram, ranks: Communicator
) -> float:
    """Return the most synapses onto one neuron that the planner expects."""
    rule, n_pre, n_post = projection.rule, projection.pre.size, projection.post.size
    if isinstance(rule, AllSources):
        return n_pre
    if isinstance(rule, MatchingSource):
        return 1
    if isinstance(rule, BernoulliSources):
        return probable_maximum(n_pre * n_post, n_pre, rule.probability, CHANCE)
    if isinstance(rule, RandomTargets):
        total = np.broadcast_to(rule.outdegree, n_pre).sum()
        return probable_maximum(total, total, 1 / n_post, CHANCE)
    if isinstance(rule, RandomSources) and projection.total is not None:
        return probable_maximum(projection.total, projection.total, 1 / n_post, CHANCE)
    if isinstance(rule, RandomSources):
        return _largest(float(rule.indegree.max(initial=0)), ranks)
    counts = np.bincount(rule.post, minlength=1)
    return _largest(float(counts.max()), ranks)


def most_into_slice(  # noqa: PLR0911 (one for each rule)
    projection: ProjectionProgram, neurons: int, ranks: Communicator
) -> float:
    """Return the most synapses of one presynaptic neuron onto a core of so many neurons."""
    rule, n_pre, n_post = projection.rule, projection.pre.size, projection.post.size
    part = min(1.0, neurons / n_post)
    if isinstance(rule, AllSources):
        return min(neurons, n_post)
    if isinstance(rule, MatchingSource):
        return 1
    if isinstance(rule, BernoulliSources):
        within = min(neurons, n_post)
        return probable_maximum(n_pre * n_post, within, rule.probability, 1e-4)
    if isinstance(rule, RandomTargets):
        most = float(np.max(rule.outdegree))
        return probable_maximum(n_pre * n_post, most, part, 1e-5)
    if isinstance(rule, RandomSources) and projection.total is not None:
        total = projection.total
        inside = max(probable_maximum(total, total, part, CHANCE), 1.0)
        return max(probable_maximum(total, inside, 1 / n_pre, CHANCE), 1.0)
    if isinstance(rule, RandomSources):
        degree = _largest(float(rule.indegree.max(initial=0)), ranks)
        every = probable_maximum(n_pre * n_post, degree * n_post, 1 / n_pre, 1e-4)
        return probable_maximum(n_pre * n_post, every, part, 1e-5)
    targets = projection.post.local_ids_at(rule.post)
    n_slices = (int(projection.post.local_ids().max(initial=0)) // neurons) + 1
    return _most_listed(rule.pre * n_slices + targets // neurons, ranks)


def _most_listed(pairs: NDArray[np.int64], ranks: Communicator) -> float:
    """Return how often the most frequent of some numbers occurs, on all ranks together."""
    different, counts = np.unique(pairs, return_counts=True)
    if not ranks.share.whole:
        different = np.concatenate(ranks.gather(different))
        counts = np.concatenate(ranks.gather(counts.astype(np.int64)))
        order = np.argsort(different, kind="stable")
        starts = np.flatnonzero(np.diff(different[order], prepend=-1))
        counts = np.add.reduceat(counts[order], starts) if starts.size else counts
    return float(counts.max(initial=0))


def _largest(value: float, ranks: Communicator) -> float:
    return float(ranks.largest(np.array([value]))[0])


@dataclass(frozen=True)
class WeightFacts:
    """Magnitudes of weights: mean, variance and largest, in SI units; whether signs are mixed."""

    mean: float
    variance: float
    largest: float
    sign: int


def weight_facts(draw: Draw, synapses: float, ranks: Communicator) -> WeightFacts:
    """Return what is expected of a projection's weights.

    ``sign`` is 1 or -1 for weights of one sign, 0 for both. The largest of ``synapses`` drawn
    weights is the one exceeded with probability 1 in 100.
    """
    if draw.values is not None:
        return _listed(draw.values, ranks)
    if draw.kind == "constant":
        return WeightFacts(abs(draw.a), 0.0, abs(draw.a), -1 if draw.a < 0 else 1)
    points = draw_values(draw, (np.arange(_POINTS) + 0.5) / _POINTS)
    far = CHANCE / max(synapses, 1.0)
    ends = draw_values(draw, np.array([2.0**-32, 1 - 2.0**-32]))
    sign = 0 if ends[0] < 0 < ends[1] else -1 if ends[0] < 0 else 1
    tail = draw_values(draw, np.array([max(far, 2.0**-33), 1 - max(far, 2.0**-33)]))
    return WeightFacts(
        float(np.abs(points).mean()), float(np.abs(points).var()), float(np.abs(tail).max()), sign
    )


def _listed(values: NDArray[np.float64], ranks: Communicator) -> WeightFacts:
    size = np.abs(values)
    sums = ranks.sum(np.array([size.size, size.sum(), (size**2).sum()]))
    n, first, second = (float(x) for x in sums)
    low, high = ranks.largest(np.array([-values.min(initial=np.inf), values.max(initial=-np.inf)]))
    if not n:
        return WeightFacts(0.0, 0.0, 0.0, 1)
    sign = 0 if -low < 0 < high else -1 if -low < 0 else 1
    variance = max(0.0, second / n - (first / n) ** 2)
    return WeightFacts(first / n, variance, float(max(low, high, -low, -high)), sign)


def delay_variance(delay: DelayDraw, ranks: Communicator) -> float:
    """Return the variance of a projection's delays in steps."""
    if delay.values is not None:
        v = delay.values.astype(np.float64)
        n, first, second = ranks.sum(np.array([v.size, v.sum(), (v**2).sum()]))
        return max(0.0, float(second / n - (first / n) ** 2)) if n else 0.0
    if not delay.thresholds.size:
        return 0.0
    edges = np.concatenate([[0.0], delay.thresholds.astype(np.float64) / 2**32, [1.0]])
    share, steps = np.diff(edges), np.arange(edges.size - 1)
    return float(share @ steps**2 - (share @ steps) ** 2)
