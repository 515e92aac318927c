"""Correlograms of binned spike trains: how spikes follow one another across lags.

Spikes are counted in bins; a correlogram at lag k counts the pairs of spikes of which the second
comes k bins after the first. Times are in ms and ascending, shape (n_spikes,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .intervals import sort_by_neuron
from .statistics import bins_of, whole_bins

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Measure = Literal["count", "rate", "coefficient"]


@dataclass(frozen=True)
class Bins:
    """The bins of a correlogram.

    Attributes
    ----------
    start_ms, stop_ms : float
        The stretch; what lies beyond the last whole bin is left out.
    bin_ms : float
    max_lag_ms : float
        Lags from minus this to this.
    """

    start_ms: float
    stop_ms: float
    bin_ms: float = 1.0
    max_lag_ms: float = 100.0

    @property
    def n_lags(self) -> int:
        """Largest lag in bins."""
        return round(self.max_lag_ms / self.bin_ms)

    @property
    def lags_ms(self) -> Floats:
        """All lags, (2 n_lags + 1,) ms."""
        return np.arange(-self.n_lags, self.n_lags + 1) * np.float64(self.bin_ms)

    @property
    def n_bins(self) -> int:
        """Number of whole bins."""
        return whole_bins(self.start_ms, self.stop_ms, self.bin_ms)

    def counts(self, times_ms: Floats) -> Floats:
        """Return the spikes in each bin, (n_bins,)."""
        index = bins_of(times_ms, self.start_ms, self.bin_ms)
        inside = (index >= 0) & (index < self.n_bins)
        return np.bincount(index[inside], minlength=self.n_bins).astype(np.float64)


def cross_correlogram(
    first_ms: Floats, second_ms: Floats, bins: Bins, measure: Measure = "coefficient"
) -> Floats:
    """Return the cross-correlogram of two spike trains, or of two populations pooled.

    Parameters
    ----------
    first_ms, second_ms : (n,) ms
        A positive lag means that the second follows the first.
    bins : Bins
    measure : {"count", "rate", "coefficient"}
        ``count``: pairs of spikes, C(k) = sum over t of x(t) y(t + k). ``rate``: rate of the
        second after a spike of the first in Hz, C(k) / (n_x bin), each lag divided by the share
        of bins that it has. ``coefficient``: covariance at that lag / (sd(x) sd(y)), the Pearson
        coefficient at lag 0; NaN where a train is constant.

    Returns
    -------
    (2 n_lags + 1,)

    Source: Perkel, Gerstein & Moore 1967, Biophys. J. 7:419.
    """
    x, y = bins.counts(first_ms), bins.counts(second_ms)
    overlap = np.maximum(bins.n_bins - np.abs(np.arange(-bins.n_lags, bins.n_lags + 1)), 1)
    if measure == "coefficient":
        spread = x.std() * y.std() * bins.n_bins
        with np.errstate(invalid="ignore", divide="ignore"):
            return _products(x - x.mean(), y - y.mean(), bins.n_lags) / spread
    products = _products(x, y, bins.n_lags)
    if measure == "count":
        return np.rint(products)
    n_spikes = max(x.sum(), 1.0)
    return products * bins.n_bins / overlap / (n_spikes * bins.bin_ms * 1e-3)


def _products(x: Floats, y: Floats, n_lags: int) -> Floats:
    """Return sum over t of x(t) y(t + k) for k from -n_lags to n_lags, by Fourier transform."""
    size = 1 << (x.size + n_lags).bit_length()
    product = np.fft.irfft(np.conj(np.fft.rfft(x, size)) * np.fft.rfft(y, size), size)
    return np.concatenate([product[size - n_lags :], product[: n_lags + 1]])


def auto_correlogram(times_ms: Floats, ids: Ids, n: int, bins: Bins) -> Floats:
    """Return the mean autocorrelogram of a population's neurons: rate after a spike, in Hz.

    The pair of a spike with itself is left out, so that a Poisson process gives its rate at
    every lag and a refractory period shows as a gap. The mean is over spikes: a neuron counts as
    often as it spikes.

    Returns
    -------
    (2 n_lags + 1,) Hz
        Symmetric; each lag is divided by the share of the bins that it has.
    """
    counts, n_spikes = _same_neuron(times_ms, ids, n, bins)
    lags = np.arange(bins.n_lags + 1)
    share = np.maximum(bins.n_bins - lags, 1) / max(bins.n_bins, 1)
    half = counts / share / (max(n_spikes, 1) * bins.bin_ms * 1e-3)
    return np.concatenate([half[:0:-1], half])


def _same_neuron(times_ms: Floats, ids: Ids, n: int, bins: Bins) -> tuple[Floats, int]:
    """Count ordered pairs of different spikes of one neuron by lag >= 0 in bins.

    Lag 0 counts both orders of a pair, as the two halves of the correlogram meet there.
    """
    index = bins_of(times_ms, bins.start_ms, bins.bin_ms)
    inside = (index >= 0) & (index < bins.n_bins)
    ordered, owner = sort_by_neuron(index[inside].astype(np.float64), ids[inside], n)
    counts = np.zeros(bins.n_lags + 1)
    for step in range(1, ordered.size):  # the step-th next spike of the same neuron
        lag = ordered[step:] - ordered[:-step]
        near = (owner[step:] == owner[:-step]) & (lag <= bins.n_lags)
        if not near.any():
            break
        counts += np.bincount(lag[near].astype(np.int64), minlength=counts.size)
    counts[0] *= 2
    return counts, ordered.size


def pair_correlogram(times_ms: Floats, ids: Ids, n: int, bins: Bins) -> Floats:
    """Return the mean cross-correlogram over all pairs of different neurons, in Hz.

    The rate of a neuron at a lag after a spike of another one, averaged over all ordered pairs:
    the pooled correlogram without the pairs of spikes of one and the same neuron. Independent
    neurons give their mean rate. NaN for fewer than two neurons.
    """
    if n < 2:
        return np.full(2 * bins.n_lags + 1, np.nan)
    x = bins.counts(times_ms)
    same, n_spikes = _same_neuron(times_ms, ids, n, bins)
    same[0] += n_spikes  # each spike with itself
    pooled = np.rint(_products(x, x, bins.n_lags)) - np.concatenate([same[:0:-1], same])
    overlap = bins.n_bins - np.abs(np.arange(-bins.n_lags, bins.n_lags + 1))
    share = np.maximum(overlap, 1) / max(bins.n_bins, 1)
    return pooled / share / (max(n_spikes, 1) * (n - 1) * bins.bin_ms * 1e-3)
