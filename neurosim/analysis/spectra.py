"""Power spectra of population rates and other sampled signals, by Welch's method."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import AnalysisError
from .statistics import population_rate

Floats = NDArray[np.float64]


def welch(
    signal: ArrayLike, sampling_hz: float, *, segment: int | None = None
) -> tuple[Floats, Floats]:
    """Return the one-sided power spectral density.

    The signal is cut into segments that overlap by half, each without its mean and weighted by
    a Hann window; their periodograms are averaged.

    Parameters
    ----------
    signal : (n,)
    sampling_hz : float
    segment : int, optional
        Samples of a segment, by default an eighth of the signal's (at least 256 or all).

    Returns
    -------
    frequencies : (n_frequencies,) Hz, from 0 to half the sampling rate
    density : (n_frequencies,)
        Unit of the signal squared per Hz; its integral is the variance.

    Raises
    ------
    AnalysisError
        Fewer than 8 samples.

    Source: Welch 1967, IEEE Trans. Audio Electroacoust. 15:70.
    """
    values = np.asarray(signal, dtype=np.float64)
    if values.size < 8:
        raise AnalysisError(
            f"a spectrum of {values.size} samples was asked for; at least 8 are needed: take a "
            "longer stretch or a smaller bin"
        )
    width = min(values.size, segment or max(256, values.size // 8))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    starts = range(0, values.size - width + 1, width - width // 2)
    power = np.zeros(width // 2 + 1)
    for first in starts:
        part = values[first : first + width]
        power += np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    power *= 2.0 / (len(starts) * sampling_hz * np.sum(window**2))
    power[0] /= 2
    if width % 2 == 0:
        power[-1] /= 2
    return np.arange(power.size) * np.float64(sampling_hz / width), power


def rate_spectrum(
    times_ms: Floats,
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    bin_ms: float = 1.0,
    segment_ms: float | None = None,
) -> tuple[Floats, Floats]:
    """Return the power spectral density of a population's rate per neuron.

    Parameters
    ----------
    times_ms : (n_spikes,) ms
    n : int
    start_ms, stop_ms, bin_ms : float
        Spikes are counted in bins, so the spectrum reaches 1 / (2 bin).
    segment_ms : float, optional
        Length of a segment, the inverse of the resolution; by default 1 s or an eighth of the
        stretch, whichever is shorter.

    Returns
    -------
    frequencies : (n_frequencies,) Hz
    density : (n_frequencies,) Hz^2/Hz
        ``n`` independent Poisson neurons of rate r have 2 r / n at every frequency.
    """
    _, rate = population_rate(times_ms, n, start_ms, stop_ms, bin_ms)
    length = min(1000.0, (stop_ms - start_ms) / 8) if segment_ms is None else segment_ms
    return welch(rate, 1e3 / bin_ms, segment=max(8, round(length / bin_ms)))


def peak(frequencies: Floats, density: Floats, low_hz: float = 5.0) -> float:
    """Return the frequency of the largest power above ``low_hz``, in Hz; NaN if there is none."""
    inside = np.flatnonzero(frequencies >= low_hz)
    if not inside.size or not np.any(density[inside] > 0):
        return float("nan")
    return float(frequencies[inside[np.argmax(density[inside])]])
