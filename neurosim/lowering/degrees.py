"""How many synapses each target gets when their total number is fixed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .. import streams
from .draws import poisson_cdf, scaled

Index = NDArray[np.int64]
Cdf = Callable[[int], tuple[NDArray[np.float64], int]]

_ATTEMPTS = 1000


def multinomial_indegrees(
    seed: int, projection: int, n: int, ids: Index, candidates: Index | None = None
) -> Index:
    """Share ``n`` synapses among targets, each synapse's pair uniform and independent.

    Every target first draws a Poisson count from its own stream, of a mean that makes
    n - 6 sqrt(n) synapses; the remainder, if the counts do not exceed n (else they are
    redrawn), is placed one by one. Given their sum, independent Poisson counts are multinomial,
    so the result is exactly the multinomial of n.

    Parameters
    ----------
    seed, projection : int
    n : int
    ids : (m,) int64
        Network-wide ids of the targets, ascending.
    candidates : (m,) int64, optional
        Number of sources each target may have, its weight in the draw; equal by default.

    Returns
    -------
    (m,) int64, summing to ``n``
    """
    weights = np.ones(ids.size, np.int64) if candidates is None else candidates
    share = (n - 6.0 * math.sqrt(n)) / int(weights.sum()) if n else 0.0
    counts = _independent(seed, projection, n, ids, weights, lambda w: poisson_cdf(share * w))
    rest = n - int(counts.sum())
    target, _ = _placed(seed, projection, ids, weights, np.arange(rest))
    return counts + np.bincount(target, minlength=ids.size)


def hypergeometric_indegrees(
    seed: int, projection: int, n: int, ids: Index, candidates: Index
) -> Index:
    """Share ``n`` different (source, target) pairs among targets, every set equally likely.

    Every target first draws a binomial count, as if each of its pairs were taken with a
    probability that makes n - 6 sqrt(n) of all; if the counts do not exceed n (else they are
    redrawn), pairs not yet taken are added one by one, uniformly. All pairs are treated alike
    throughout, so every set of n pairs is equally likely. If more than half of the pairs are
    wanted, those left out are shared in this way.

    Parameters
    ----------
    seed, projection : int
    n : int
        At most the sum of ``candidates``.
    ids : (m,) int64
        Network-wide ids of the targets, ascending.
    candidates : (m,) int64
        Number of sources each target may have.

    Returns
    -------
    (m,) int64, summing to ``n``, none above its ``candidates``
    """
    pairs = int(candidates.sum())
    if 2 * n > pairs:
        return candidates - hypergeometric_indegrees(seed, projection, pairs - n, ids, candidates)
    p = (n - 6.0 * math.sqrt(n)) / pairs if n else 0.0
    counts = _independent(seed, projection, n, ids, candidates, lambda c: binomial_cdf(c, p))
    rest = n - int(counts.sum())
    draws = 3 * rest + 16
    while True:
        target, source = _placed(seed, projection, ids, candidates, np.arange(draws))
        free = np.flatnonzero(source >= counts[target])
        pair = target[free] * (int(candidates.max()) + 1) + source[free]
        first = np.sort(np.unique(pair, return_index=True)[1])
        if first.size >= rest:
            chosen = target[free[first[:rest]]]
            return counts + np.bincount(chosen, minlength=ids.size)
        draws *= 2


def binomial_cdf(n: int, p: float) -> tuple[NDArray[np.float64], int]:
    """Return P(count <= k) of a binomial count for k = low, low + 1, ..., and low.

    Built from the ratios of neighbours outwards from the mode, like
    :func:`neurosim.lowering.draws.poisson_cdf`.
    """
    mean = n * p
    spread = 10.0 * math.sqrt(mean) + 60.0
    low, high = max(0, math.floor(mean - spread)), min(n, math.ceil(mean + spread))
    mode = min(high, math.floor(mean))
    odds = p / (1.0 - p)
    up = np.arange(mode + 1, high + 1, dtype=np.float64)
    down = np.arange(mode, low, -1, dtype=np.float64)
    upward = np.cumprod((n - up + 1.0) / up * odds)
    downward = np.cumprod(down / ((n - down + 1.0) * odds)) if mode > low else down
    mass = np.concatenate([downward[::-1], [1.0], upward])
    total = np.cumsum(mass)
    return total / total[-1], low


def _independent(seed: int, projection: int, n: int, ids: Index, weights: Index, cdf: Cdf) -> Index:
    """Draw every target's count from the distribution of its weight until they sum to <= n."""
    counts = np.zeros(ids.size, np.int64)
    if n - 6.0 * math.sqrt(n) <= 0:
        return counts
    kinds = [(weights == weight, *cdf(int(weight))) for weight in np.unique(weights)]
    for attempt in range(_ATTEMPTS):
        word = streams.words(seed, streams.Purpose.INDEGREE, projection, ids, attempt)
        u = streams.uniform53(word[:, 0], word[:, 1])
        for which, table, first in kinds:
            counts[which] = first + np.searchsorted(table, u[which], side="right")
        if counts.sum() <= n:
            return counts
    return np.zeros(ids.size, np.int64)


def _placed(
    seed: int, projection: int, ids: Index, weights: Index, k: Index
) -> tuple[Index, Index]:
    """Return a target, by weight, and a number below its weight for each draw k."""
    word = streams.words(seed, streams.Purpose.REMAINDER, projection, ids[0], k)
    if (weights == weights[0]).all():
        target = scaled(word[:, 0], word[:, 1], ids.size)
    else:
        ends = np.cumsum(weights)
        u = streams.uniform53(word[:, 0], word[:, 1])
        target = np.searchsorted(ends, np.floor(u * int(ends[-1])), side="right")
        target = np.minimum(target, ids.size - 1)
    return target, scaled(word[:, 2], word[:, 3], weights[target])
