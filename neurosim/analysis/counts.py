"""Spike counts in windows: Fano factor, sparseness and synchrony of counts.

Times are in ms and ascending, ids are local to a population of ``n`` neurons; both arrays have
shape (n_spikes,). Only whole windows of the stretch are counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .statistics import bins_of, whole_bins

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_DENSE = 50_000_000


def count_moments(
    times_ms: Floats, ids: Ids, n: int, start_ms: float, stop_ms: float, window_ms: float
) -> tuple[Counts, int]:
    """Return the counts that are not zero, and the number of whole windows."""
    n_windows = whole_bins(start_ms, stop_ms, window_ms)
    window = bins_of(times_ms, start_ms, window_ms)
    inside = (window >= 0) & (window < n_windows)
    key = ids[inside] * n_windows + window[inside]
    if n * n_windows <= _DENSE:
        counts = np.bincount(key, minlength=1)
        key = np.flatnonzero(counts)
        counts = counts[key]
    else:
        key, counts = np.unique(key, return_counts=True)
    return Counts(key // max(n_windows, 1), key % max(n_windows, 1), counts), n_windows


class Counts:
    """Counts above zero: neuron, window and count of each, three arrays of one length."""

    def __init__(self, neuron: Ids, window: Ids, count: Ids) -> None:
        self.neuron, self.window, self.count = neuron, window, count.astype(np.float64)


def fano_factors(
    times_ms: Floats,
    ids: Ids,
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    window_ms: float = 100.0,
) -> Floats:
    """Return the Fano factor of each neuron that spikes: variance / mean of its counts.

    Population variance (ddof 0) over the windows. Poisson: 1 - 1/windows; a renewal process
    tends to CV^2 in long windows.

    Source: Fano 1947, Phys. Rev. 72:26; Nawrot et al. 2008, J. Neurosci. Methods 169:374.

    Returns
    -------
    (n_neurons_with_a_spike,), by ascending id
    """
    found, n_windows = count_moments(times_ms, ids, n, start_ms, stop_ms, window_ms)
    total = np.bincount(found.neuron, found.count, minlength=n)
    square = np.bincount(found.neuron, found.count**2, minlength=n)
    active = total > 0
    mean = total[active] / n_windows
    return (square[active] / n_windows - mean**2) / mean


def treves_rolls(rates: ArrayLike) -> float:
    """Return the activity sparseness a = <r>^2 / <r^2> of rates r >= 0; NaN if all are zero.

    1 when all are equal, 1/n when a single one is active; 1/2 for exponentially distributed
    rates.

    Source: Treves & Rolls 1991, Network 2:371; Rolls & Tovee 1995, J. Neurophysiol. 73:713.
    """
    values = np.asarray(rates, dtype=np.float64)
    return float(_ratio(values.sum(), np.sum(values**2), values.size))


def sparseness(rates: ArrayLike) -> float:
    """Return the sparseness (1 - a) / (1 - 1/n), a as of :func:`treves_rolls`.

    0 when all are equal, 1 when a single one is active.

    Source: Vinje & Gallant 2000, Science 287:1273.
    """
    values = np.asarray(rates, dtype=np.float64)
    return float(_selectivity(_ratio(values.sum(), np.sum(values**2), values.size), values.size))


def population_sparseness(
    times_ms: Floats,
    ids: Ids,
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    window_ms: float = 100.0,
) -> Floats:
    """Return the sparseness across the neurons in each window, (n_windows,).

    :func:`sparseness` of the counts of all ``n`` neurons; NaN where none spikes or n is 1. For
    independent Poisson neurons with mean count m it is about 1 / (1 + m).

    Source: Willmore & Tolhurst 2001, Network 12:255 (population sparseness).
    """
    found, n_windows = count_moments(times_ms, ids, n, start_ms, stop_ms, window_ms)
    total = np.bincount(found.window, found.count, minlength=n_windows)
    square = np.bincount(found.window, found.count**2, minlength=n_windows)
    return _selectivity(_ratio(total, square, n), n)


def lifetime_sparseness(
    times_ms: Floats,
    ids: Ids,
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    window_ms: float = 100.0,
) -> Floats:
    """Return the sparseness over the windows for each neuron that spikes, by ascending id.

    :func:`sparseness` of a neuron's counts in all windows.

    Source: Vinje & Gallant 2000; Willmore & Tolhurst 2001, Network 12:255 (lifetime sparseness).
    """
    found, n_windows = count_moments(times_ms, ids, n, start_ms, stop_ms, window_ms)
    total = np.bincount(found.neuron, found.count, minlength=n)
    square = np.bincount(found.neuron, found.count**2, minlength=n)
    active = total > 0
    return _selectivity(_ratio(total[active], square[active], n_windows), n_windows)


def count_synchrony(
    times_ms: Floats, start_ms: float, stop_ms: float, *, bin_ms: float = 3.0
) -> float:
    """Return the variance / mean of the spike count of the whole population; NaN without spikes.

    1 for independent Poisson neurons, up to the number of neurons when all spike together.

    Source: Potjans & Diesmann 2014, Cereb. Cortex 24:785 (synchrony, bins of 3 ms).
    """
    n_bins = whole_bins(start_ms, stop_ms, bin_ms)
    bins = bins_of(times_ms, start_ms, bin_ms)
    counts = np.bincount(bins[(bins >= 0) & (bins < n_bins)], minlength=n_bins)
    return float(counts.var() / counts.mean()) if counts.any() else float("nan")


def _ratio(total: ArrayLike, square: ArrayLike, n: int) -> Floats:
    """Return (sum/n)^2 / (sum of squares/n), NaN where there is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total, np.float64) ** 2 / (n * np.asarray(square, np.float64))


def _selectivity(a: Floats, n: int) -> Floats:
    return (1.0 - a) / (1.0 - 1.0 / n) if n > 1 else np.full_like(a, np.nan)
