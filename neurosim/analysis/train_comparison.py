"""How alike the spike trains of the same neurons are in two runs, and their statistics."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import statistics
from .coincidences import Spikes, coincidence_factor, partners, trains_of
from .distances import van_rossum, victor_purpura
from .two_samples import ks_test

Values = NDArray[np.float64]
_MOST_SPIKES = 20_000
"""Spikes of a population whose distances are computed; their cost grows with the square."""


@dataclass(frozen=True)
class Looks:
    """What is looked at, and how finely.

    Attributes
    ----------
    start_ms, stop_ms : float
    window_ms : float
        Spikes at most so far apart coincide; moving one farther costs as much as two spikes.
    tau_ms : float
        Of van Rossum's distance.
    bin_ms : float
        Of the counts that are correlated.
    max_neurons : int
        So many neurons, drawn at random, have their distances and correlations computed.
    seed : int
        Of that choice.
    """

    start_ms: float
    stop_ms: float
    window_ms: float = 2.0
    tau_ms: float = 10.0
    bin_ms: float = 2.0
    max_neurons: int = 200
    seed: int = 0

    @property
    def duration_ms(self) -> float:
        """Length of the stretch."""
        return self.stop_ms - self.start_ms

    def inside(self, spikes: Spikes) -> Spikes:
        """Return the spikes of the stretch."""
        times, ids = spikes
        low, high = np.searchsorted(times, (self.start_ms, self.stop_ms))
        return times[low:high], ids[low:high]


@dataclass(frozen=True)
class Distributions:
    """A statistic of the neurons, or pairs of them, in both runs; NaN where there is none.

    Attributes
    ----------
    n_a, n_b : int
        Values.
    mean_a, mean_b, sd_a, sd_b : float
    ks : float
        Kolmogorov-Smirnov distance.
    p : float
        Its p-value if neurons were independent; pairs count as many values as they have neurons.
    """

    n_a: int
    n_b: int
    mean_a: float
    mean_b: float
    sd_a: float
    sd_b: float
    ks: float
    p: float

    @property
    def shift(self) -> float:
        """Mean of b minus mean of a."""
        return self.mean_b - self.mean_a

    @classmethod
    def of(cls, a: Values, b: Values, *, pairs: bool = False) -> Distributions:
        """Compare two samples, of neurons or of their pairs."""
        independent = (_members(a.size), _members(b.size)) if pairs else None
        distance, p = ks_test(a, b, independent)
        means, spreads = ([_or_nan(f, x) for x in (a, b)] for f in (np.mean, np.std))
        return cls(a.size, b.size, means[0], means[1], spreads[0], spreads[1], distance, p)


def _or_nan(statistic: Callable[[Values], np.floating[Any]], values: Values) -> float:
    return float(statistic(values)) if values.size else math.nan


def _members(pairs: int) -> int:
    """Return the neurons whose pairs these are; a few more if some pairs are left out."""
    return math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2) if pairs else 0


@dataclass(frozen=True)
class Trains:
    """The spike trains of the same neurons in both runs; NaN where there are no spikes.

    Attributes
    ----------
    shared : float
        Share of all spikes that have a partner in the other run within the window.
    coincidence : float
        The same beyond chance: 1 all, 0 as many as Poisson trains of these rates.
    victor_purpura : float
        Distance per spike: 0 the same, 1 nothing within the window.
    van_rossum : float
        Squared distance per spike of one run: 0 the same, about 1 unrelated.
    victor_purpura_others, van_rossum_others : float
        The same between a neuron of a and another neuron of b: what unrelated trains have.
    n_neurons : int
        Neurons whose distances these are.
    rate_change, rate_change_se : float
        Mean over neurons of rate in b minus rate in a, and its standard error, Hz.
    rate_pattern : float
        Correlation over neurons between their rates in a and in b.
    """

    shared: float
    coincidence: float
    victor_purpura: float
    victor_purpura_others: float
    van_rossum: float
    van_rossum_others: float
    n_neurons: int
    rate_change: float
    rate_change_se: float
    rate_pattern: float


def compare_trains(a: Spikes, b: Spikes, n: int, looks: Looks) -> Trains:
    """Compare the trains of ``n`` neurons that are the same in both runs."""
    a, b = looks.inside(a), looks.inside(b)
    counts_a, counts_b = (np.bincount(ids, minlength=n) for _, ids in (a, b))
    total = int(counts_a.sum() + counts_b.sum())
    pairs = int(partners(a, b, n, looks.window_ms)[0].sum())
    chosen = _choice(counts_a + counts_b, looks)
    trains_a, trains_b = trains_of(a, chosen), trains_of(b, chosen)
    same = _distances(trains_a, trains_b, looks)
    others = _distances(trains_a, trains_b[1:] + trains_b[:1], looks)
    change = (counts_b - counts_a) * (1e3 / looks.duration_ms)
    return Trains(
        shared=2 * pairs / total if total else math.nan,
        coincidence=coincidence_factor(
            pairs, counts_a, counts_b, looks.window_ms / looks.duration_ms
        ),
        victor_purpura=same[0],
        victor_purpura_others=others[0] if chosen.size > 1 else math.nan,
        van_rossum=same[1],
        van_rossum_others=others[1] if chosen.size > 1 else math.nan,
        n_neurons=int(chosen.size),
        rate_change=float(change.mean()),
        rate_change_se=float(change.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan,
        rate_pattern=_pearson(counts_a, counts_b),
    )


def _choice(counts: NDArray[np.int64], looks: Looks) -> NDArray[np.int64]:
    """Return some neurons with a spike in either run; fewer where they have many spikes."""
    active = np.flatnonzero(counts)
    np.random.default_rng(looks.seed).shuffle(active)
    active = active[: looks.max_neurons]
    return active[: max(1, int(np.searchsorted(np.cumsum(counts[active]), _MOST_SPIKES)))]


def _distances(a: list[Values], b: list[Values], looks: Looks) -> tuple[float, float]:
    """Return Victor-Purpura's distance and van Rossum's squared, per spike."""
    total = sum(train.size for train in (*a, *b))
    if not total:
        return math.nan, math.nan
    cost = 2.0 / looks.window_ms
    moves = sum(victor_purpura(x, y, cost) for x, y in zip(a, b, strict=True))
    squares = sum(van_rossum(x, y, looks.tau_ms) ** 2 for x, y in zip(a, b, strict=True))
    return moves / total, 2.0 * squares / total


def _pearson(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    if a.size < 2 or not (a.std() and b.std()):
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])


def rates_of(spikes: Spikes, n: int, looks: Looks) -> Values:
    """Return every neuron's rate in the stretch, (n,) Hz."""
    return statistics.firing_rates(looks.inside(spikes)[1], n, looks.duration_ms)


def cvs_of(spikes: Spikes, n: int, looks: Looks) -> Values:
    """Return the CV of the intervals of neurons with enough spikes."""
    return statistics.cv_isi(*looks.inside(spikes), n)


def correlations_of(spikes: Spikes, n: int, looks: Looks) -> Values:
    """Return the correlation of the counts of pairs of neurons."""
    return statistics.correlations(
        *looks.inside(spikes), looks.start_ms, looks.stop_ms,
        bin_ms=looks.bin_ms, max_neurons=looks.max_neurons, seed=looks.seed,
    )  # fmt: skip


STATISTICS = {"rate": rates_of, "cv": cvs_of, "correlation": correlations_of}
"""What of a population is compared as distributions; each returns values of neurons or pairs."""
