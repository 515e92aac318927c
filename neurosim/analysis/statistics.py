"""Statistics of spike trains, from arrays of times and neuron ids; NumPy only.

Times are in ms and ascending, ids are local to a population of ``n`` neurons; both arrays have
shape (n_spikes,). Definitions follow the reference data of the cortical microcircuit, so that
distributions can be compared by :func:`ks_distance`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK_BINS = 20_000


def firing_rates(ids: NDArray[np.int64], n: int, duration_ms: float) -> NDArray[np.float64]:
    """Return every neuron's spikes per second, silent ones included, (n,) Hz."""
    return np.bincount(ids, minlength=n) * np.float64(1e3 / duration_ms)


def cv_isi(
    times_ms: NDArray[np.float64], ids: NDArray[np.int64], n: int, min_spikes: int = 5
) -> NDArray[np.float64]:
    """Return the coefficient of variation of the inter-spike intervals per neuron.

    CV = sd / mean with the population sd (ddof 0). A Poisson process has CV 1, a gamma process
    of order k has 1 / sqrt(k), a clock 0.

    Parameters
    ----------
    times_ms, ids, n
        See the module.
    min_spikes : int
        Neurons with fewer spikes have no CV here.

    Returns
    -------
    (n_neurons_with_enough_spikes,), by ascending id
    """
    # A stable sort of 16-bit keys is a radix sort, several times faster than the general one.
    keys = ids.astype(np.uint16) if n <= 1 << 16 else ids
    order = np.argsort(keys, kind="stable")
    owner, ordered = ids[order], times_ms[order]
    same = owner[1:] == owner[:-1]
    owner, intervals = owner[1:][same], np.diff(ordered)[same]
    counts = np.bincount(owner, minlength=n)
    enough = counts >= max(min_spikes - 1, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, intervals, minlength=n) / counts
        deviations = (intervals - mean[owner]) ** 2
        variance = np.bincount(owner, deviations, minlength=n) / counts
        return np.sqrt(variance[enough]) / mean[enough]


def correlations(
    times_ms: NDArray[np.float64],
    ids: NDArray[np.int64],
    start_ms: float,
    stop_ms: float,
    *,
    bin_ms: float = 2.0,
    max_neurons: int = 200,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the Pearson correlation of the spike counts of pairs of neurons.

    Parameters
    ----------
    times_ms, ids
        See the module; spikes outside the window are ignored.
    start_ms, stop_ms : float
        The window; the part of it beyond the last whole bin is ignored.
    bin_ms : float
    max_neurons : int
        So many neurons are chosen at random among those with a spike; all if there are fewer.
    seed : int
        Of that choice.

    Returns
    -------
    (n_pairs,)
        Pairs of a neuron whose count never changes have no correlation and are left out.
    """
    n_bins = whole_bins(start_ms, stop_ms, bin_ms)
    bins = bins_of(times_ms, start_ms, bin_ms)
    inside = (bins >= 0) & (bins < n_bins)
    bins, ids = bins[inside], ids[inside]
    active = np.flatnonzero(np.bincount(ids)) if ids.size else ids
    if active.size > max_neurons:
        rng = np.random.default_rng(seed)
        active = np.sort(rng.choice(active, max_neurons, replace=False))
    if active.size < 2:
        return np.empty(0)
    row_of = np.full(int(ids.max()) + 1, -1)
    row_of[active] = np.arange(active.size)
    chosen = row_of[ids] >= 0
    total, product = _moments(bins[chosen], row_of[ids[chosen]], active.size, n_bins)
    covariance = product - np.outer(total, total) / n_bins
    spread = np.sqrt(np.diagonal(covariance))
    first, second = np.triu_indices(active.size, k=1)
    scale = spread[first] * spread[second]
    defined = scale > 0
    return covariance[first, second][defined] / scale[defined]


def _moments(
    bins: NDArray[np.int64], rows: NDArray[np.int64], n_rows: int, n_bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sums (n_rows,) and sums of products (n_rows, n_rows) of the counts, bin by bin.

    In blocks of bins: a quarter of an hour of 2 ms bins needs no more memory than 40 s.
    """
    total, product = np.zeros(n_rows), np.zeros((n_rows, n_rows))
    for first in range(0, n_bins, _BLOCK_BINS):
        width = min(_BLOCK_BINS, n_bins - first)
        low, high = np.searchsorted(bins, (first, first + width))
        flat = rows[low:high] * width + bins[low:high] - first
        counts = np.bincount(flat, minlength=n_rows * width).reshape(n_rows, width).astype(float)
        total += counts.sum(axis=1)
        product += counts @ counts.T
    return total, product


def population_rate(
    times_ms: NDArray[np.float64], n: int, start_ms: float, stop_ms: float, bin_ms: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rate per neuron over time.

    Returns
    -------
    centres_ms : (n_bins,) ms
    rate : (n_bins,) Hz
        Spikes per neuron and second in each whole bin of the window.
    """
    n_bins = whole_bins(start_ms, stop_ms, bin_ms)
    bins = bins_of(times_ms, start_ms, bin_ms)
    counts = np.bincount(bins[(bins >= 0) & (bins < n_bins)], minlength=n_bins)
    centres = start_ms + np.float64(bin_ms) * (np.arange(n_bins) + 0.5)
    return centres, counts * np.float64(1e3 / (n * bin_ms))


def active_neurons(
    times_ms: NDArray[np.float64],
    ids: NDArray[np.int64],
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    window_ms: float,
) -> NDArray[np.int64]:
    """Return how many of ``n`` neurons spike in each whole window, (n_windows,)."""
    return np.array(
        [_distinct(ids[part], n) for part in windows(times_ms, start_ms, stop_ms, window_ms)],
        dtype=np.int64,
    )


def windows(
    times_ms: NDArray[np.float64], start_ms: float, stop_ms: float, window_ms: float
) -> Iterator[slice]:
    """Yield the slice of the spikes in each whole window of [start_ms, stop_ms)."""
    count = whole_bins(start_ms, stop_ms, window_ms)
    edges = np.searchsorted(bins_of(times_ms, start_ms, window_ms), np.arange(count + 1))
    for low, high in pairwise(edges):
        yield slice(int(low), int(high))


def _distinct(ids: NDArray[np.int64], n: int) -> int:
    seen = np.zeros(n, dtype=bool)
    seen[ids] = True
    return int(np.count_nonzero(seen))


def whole_bins(start_ms: float, stop_ms: float, bin_ms: float) -> int:
    """Return how many whole bins fit, a stretch that rounding makes too short included."""
    return max(0, int(np.floor((stop_ms - start_ms) / bin_ms * (1 + 1e-12))))


def bins_of(times_ms: NDArray[np.float64], start_ms: float, bin_ms: float) -> NDArray[np.int64]:
    """Return the bin of each spike; a time that rounding puts just below an edge is on it."""
    return np.floor((times_ms - start_ms) / bin_ms + 1e-7).astype(np.int64)


def ks_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Return the two-sample Kolmogorov-Smirnov distance: max |F1 - F2|; NaN if one is empty."""
    a, b = np.sort(np.ravel(first)), np.sort(np.ravel(second))
    if not (a.size and b.size):
        return float("nan")
    points = np.concatenate([a, b])
    steps_a = np.searchsorted(a, points, side="right") / a.size
    steps_b = np.searchsorted(b, points, side="right") / b.size
    return float(np.abs(steps_a - steps_b).max())
