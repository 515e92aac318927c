"""How many synapses each target gets when their total number is fixed.

The numbers of all targets have a given sum, so each rank passes over all of them, a block at a
time, and keeps those of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..parallel.share import Share
from .draws import poisson_cdf, scaled
from .projection_program import Span

Index = NDArray[np.int64]
Cdf = Callable[[int], tuple[NDArray[np.float64], int]]

_ATTEMPTS = 1000
_BLOCK = 1 << 16  # targets worked on at a time
_DRAWS = 1 << 17  # synapses placed one by one at a time


@dataclass(frozen=True)
class Targets:
    """The targets among which synapses are shared.

    Attributes
    ----------
    span : Span
    weight : int
        Of each target in the draw: the number of sources it may have, or 1 if all may have the
        same.
    less : Span or None
        Neurons whose weight is one less: sources, if no neuron may be its own.
    share : Share
    """

    span: Span
    weight: int
    less: Span | None = None
    share: Share = field(default_factory=Share)

    @cached_property
    def fewer(self) -> int:
        """Number of targets whose weight is one less."""
        return 0 if self.less is None else self.less.overlap(self.span)

    @property
    def total(self) -> int:
        """Sum of the weights."""
        return self.weight * self.span.size - self.fewer

    def weights(self, positions: Index) -> Index:
        """Return the weights of some targets."""
        found = np.full(positions.size, self.weight, np.int64)
        if self.less is not None and self.fewer:
            ids = self.span.global_ids_at(positions)
            found -= self.less.positions_of(ids) < self.less.size
        return found

    def blocks(self) -> Iterator[Index]:
        """Yield the positions of all targets in blocks."""
        for start in range(0, self.span.size, _BLOCK):
            yield np.arange(start, min(start + _BLOCK, self.span.size))

    def mine(self, positions: Index) -> NDArray[np.bool_]:
        """Return which of some targets are owned."""
        return self.share.mine(self.span.local_ids_at(positions))

    def own_weights(self) -> Index:
        """Return the weights of the owned targets, ascending."""
        return self.weights(self.span.own(self.share))

    def tally(self, positions: Index) -> Index:
        """Return how often each owned target occurs, (n_own,)."""
        places = self.span.own_place(self.share, positions[self.mine(positions)])
        return np.bincount(places, minlength=self.span.own_count(self.share))

    def at(self, x: NDArray[np.float64]) -> Index:
        """Return the target that holds each of some numbers from 0 to ``total``.

        The first holds as many as its weight, the second the next ones, and so on.
        """
        order = np.argsort(x, kind="stable")
        ordered = x[order]
        found = np.full(x.size, self.span.size - 1)
        passed = 0
        for block in self.blocks():
            ends = passed + np.cumsum(self.weights(block))
            low, high = np.searchsorted(ordered, [passed, ends[-1]])
            inside = np.searchsorted(ends, ordered[low:high], side="right")
            found[order[low:high]] = block[0] + inside
            passed = int(ends[-1])
        return found


def multinomial_indegrees(seed: int, projection: int, n: int, targets: Targets) -> Index:
    """Share ``n`` synapses among targets, each synapse's pair uniform and independent.

    Every target first draws a Poisson count from its own stream, of a mean that makes
    n - 6 sqrt(n) synapses; the remainder, if the counts do not exceed n (else they are
    redrawn), is placed one by one. Given their sum, independent Poisson counts are multinomial,
    so the result is exactly the multinomial of n.

    Parameters
    ----------
    seed, projection : int
    n : int
    targets : Targets

    Returns
    -------
    (n_own,) int64
        Of the owned targets; those of all shares sum to ``n``.
    """
    share = (n - 6.0 * math.sqrt(n)) / targets.total if n else 0.0
    drawn = _Counts((seed, projection), n, targets, lambda w: poisson_cdf(share * w))
    own = drawn.own
    for start in range(0, n - drawn.total, _DRAWS):
        k = np.arange(start, min(start + _DRAWS, n - drawn.total))
        own = own + targets.tally(_placed((seed, projection), targets, k)[0])
    return own


def hypergeometric_indegrees(seed: int, projection: int, n: int, targets: Targets) -> Index:
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
        At most the sum of the weights.
    targets : Targets

    Returns
    -------
    (n_own,) int64
        Of the owned targets, none above its weight; those of all shares sum to ``n``.
    """
    pairs = targets.total
    if 2 * n > pairs:
        left_out = hypergeometric_indegrees(seed, projection, pairs - n, targets)
        return targets.own_weights() - left_out
    p = (n - 6.0 * math.sqrt(n)) / pairs if n else 0.0
    drawn = _Counts((seed, projection), n, targets, lambda w: binomial_cdf(w, p))
    rest = n - drawn.total
    draws = 3 * rest + 16
    while True:
        target, source = _placed((seed, projection), targets, np.arange(draws))
        free = np.flatnonzero(source >= drawn.of(target))
        pair = target[free] * (targets.weight + 1) + source[free]
        first = np.sort(np.unique(pair, return_index=True)[1])
        if first.size >= rest:
            return drawn.own + targets.tally(target[free[first[:rest]]])
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


class _Counts:
    """Every target's count from the distribution of its weight, drawn until they sum to <= n.

    Attributes
    ----------
    total : int
        Their sum.
    own : (n_own,) int64
        Those of the owned targets.
    """

    def __init__(self, key: tuple[int, int], n: int, targets: Targets, cdf: Cdf) -> None:
        self._key, self._targets, self._attempt = key, targets, -1
        self.total, self.own = 0, np.zeros(targets.span.own_count(targets.share), np.int64)
        if n - 6.0 * math.sqrt(n) <= 0:
            return
        kinds = {targets.weight} if targets.fewer < targets.span.size else set()
        kinds |= {targets.weight - 1} if targets.fewer else set()
        self._tables = {weight: cdf(weight) for weight in sorted(kinds)}
        for attempt in range(_ATTEMPTS):
            total, own = self._draw(attempt)
            if total <= n:
                self._attempt, self.total, self.own = attempt, total, own
                return

    def _draw(self, attempt: int) -> tuple[int, Index]:
        total, own = 0, [self.own[:0]]
        for block in self._targets.blocks():
            counts = self._at(block, attempt)
            total += int(counts.sum())
            own.append(counts if self._targets.share.whole else counts[self._targets.mine(block)])
        return total, np.concatenate(own)

    def _at(self, positions: Index, attempt: int) -> Index:
        ids = self._targets.span.global_ids_at(positions)
        word = streams.words(self._key[0], streams.Purpose.INDEGREE, self._key[1], ids, attempt)
        u = streams.uniform53(word[:, 0], word[:, 1])
        if len(self._tables) == 1:
            table, first = next(iter(self._tables.values()))
            return first + np.searchsorted(table, u, side="right")
        counts, weights = np.zeros(positions.size, np.int64), self._targets.weights(positions)
        for weight, (table, first) in self._tables.items():
            which = weights == weight
            counts[which] = first + np.searchsorted(table, u[which], side="right")
        return counts

    def of(self, positions: Index) -> Index:
        """Return the counts of some targets."""
        if self._attempt < 0:
            return np.zeros(positions.size, np.int64)
        return self._at(positions, self._attempt)


def _placed(key: tuple[int, int], targets: Targets, k: Index) -> tuple[Index, Index]:
    """Return a target, by weight, and a number below its weight for each draw k."""
    first = targets.span.global_ids_at(np.zeros(1, np.int64))
    word = streams.words(key[0], streams.Purpose.REMAINDER, key[1], first, k)
    if targets.fewer in (0, targets.span.size):
        target = scaled(word[:, 0], word[:, 1], targets.span.size)
    else:
        u = streams.uniform53(word[:, 0], word[:, 1])
        target = targets.at(np.floor(u * targets.total))
    return target, scaled(word[:, 2], word[:, 3], targets.weights(target))
