"""Encoders: from numbers to spikes, for ``net.spike_source("input", *trains, size=n)``.

Rate, latency and delta coding are those of Eshraghian et al., "Training spiking neural networks
using lessons from deep learning", Proc. IEEE 111:1016 (2023), sec. III and app. B; the time to the
first spike is that of Zhou et al., Front. Neurosci. 18 (2024), sec. 3.1. Neuron i encodes value i.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .description.quantities import SECOND, scalar
from .errors import DescriptionError
from .spike_trains import SpikeTrains, encoding_uniform, spike_trains

__all__ = ["delta", "latency", "rate", "time_to_first_spike"]

_GRID = 1e-6
_BLOCK_DRAWS = 1 << 20


def rate(intensities: ArrayLike, dt: Any, duration: Any = None, *, seed: int = 0) -> SpikeTrains:
    """Encode intensities as rates: in every step a spike with probability p = intensity.

    Parameters
    ----------
    intensities : (n,) or (n_steps, n) array
        In [0, 1]; constant, or one row per step.
    dt : Quantity of time
        Length of a step.
    duration : Quantity of time, optional
        A multiple of dt; needed with constant intensities, else the length of the array.
    seed : int
        Every spike is a function of (seed, neuron, step).

    Returns
    -------
    SpikeTrains
        Times are starts of steps. The expected rate of neuron i is intensity / dt.
    """
    array = _numbers(intensities, "rate: intensities", (1, 2))
    step = _positive(dt, "rate: dt")
    _check_range(array, 0.0, 1.0, "rate: intensities")
    if array.ndim == 2:
        if duration is not None:
            raise DescriptionError(
                "rate: intensities with one row per step have their own duration; leave it out."
            )
        n_steps = array.shape[0]
    else:
        if duration is None:
            raise DescriptionError("rate: constant intensities need a duration, such as 1*second.")
        n_steps = _steps(duration, step, "rate: duration")
    neurons = np.arange(array.shape[-1])
    found_steps, found_ids = [], []
    block = max(1, _BLOCK_DRAWS // max(1, neurons.size))
    for first in range(0, n_steps, block):
        steps = np.arange(first, min(first + block, n_steps))
        u = encoding_uniform(seed, "rate encoder", neurons, steps[:, np.newaxis])
        fired = u < (array if array.ndim == 1 else array[steps])
        rows, ids = fired.nonzero()
        found_steps.append(steps[rows])
        found_ids.append(ids)
    if not found_steps:
        return spike_trains(np.empty(0), np.empty(0, np.int64))
    return spike_trains(np.concatenate(found_steps) * step, np.concatenate(found_ids))


def latency(intensities: ArrayLike, tau: Any, threshold: float) -> SpikeTrains:
    """Encode intensities as latencies: one spike at t = tau ln(x / (x - theta)) where x > theta.

    This is when a leaky integrator of time constant ``tau`` driven by x reaches ``threshold``.
    Values up to the threshold give no spike.

    Parameters
    ----------
    intensities : (n,) array
    tau : Quantity of time
    threshold : float
        theta > 0, in units of the intensities.
    """
    x = _numbers(intensities, "latency: intensities", (1,))
    time_constant = _positive(tau, "latency: tau")
    if not 0 < threshold < np.inf:
        raise DescriptionError(f"latency: threshold is {threshold!r}; it must be > 0 and finite.")
    (ids,) = (x > threshold).nonzero()
    # log(x / (x - theta)) = -log1p(-theta / x), which keeps its digits where x is much larger
    return spike_trains(-time_constant * np.log1p(-threshold / x[ids]), ids)


def time_to_first_spike(values: ArrayLike, t_max: Any, maximum: float | None = None) -> SpikeTrains:
    """Encode values as times to the first spike: t = t_max (X_max - X) / X_max.

    Parameters
    ----------
    values : (n,) array
        X, in [0, X_max]. The largest value spikes at 0, the value 0 at ``t_max``.
    t_max : Quantity of time
    maximum : float, optional
        X_max > 0; by default the largest value.
    """
    x = _numbers(values, "time_to_first_spike: values", (1,))
    latest = _positive(t_max, "time_to_first_spike: t_max")
    largest = float(x.max(initial=0.0)) if maximum is None else float(maximum)
    if not 0 < largest < np.inf:
        raise DescriptionError(
            f"time_to_first_spike: the maximum is {largest!r}; it must be > 0 and finite."
        )
    _check_range(x, 0.0, largest, "time_to_first_spike: values")
    return spike_trains(latest * (largest - x) / largest, np.arange(x.size))


def delta(
    signal: ArrayLike,
    threshold: float,
    dt: Any,
    *,
    off_spikes: bool = False,
    reference: Literal["previous", "level"] = "previous",
) -> SpikeTrains:
    """Encode changes of signals: a spike where a signal has risen by more than a threshold.

    Parameters
    ----------
    signal : (n_samples, n) or (n_samples,) array
        Sample k is at time k dt.
    threshold : float
        > 0, in units of the signal.
    dt : Quantity of time
        Between samples.
    off_spikes : bool
        Also encode falls by more than the threshold, as spikes of neurons n to 2n - 1.
    reference : {"previous", "level"}
        What the change is counted from: the previous sample; or a level that starts at the first
        sample and moves by one threshold, towards the signal, at each spike (level crossing), so
        that slow changes are encoded too.

    Returns
    -------
    SpikeTrains
        A spike of sample k is at k dt; there is none at the first sample.
    """
    array = _numbers(signal, "delta: signal", (1, 2))
    array = array[:, np.newaxis] if array.ndim == 1 else array
    step = _positive(dt, "delta: dt")
    if not 0 < threshold < np.inf:
        raise DescriptionError(f"delta: threshold is {threshold!r}; it must be > 0 and finite.")
    if reference == "previous":
        change = np.diff(array, axis=0)
        up, down = change > threshold, change < -threshold
    elif reference == "level":
        up, down = _level_crossings(array, threshold, off_spikes)
    else:
        raise DescriptionError(f"delta: reference is {reference!r}; it is 'previous' or 'level'.")
    fired = np.concatenate([up, down], axis=1) if off_spikes else up
    rows, ids = fired.nonzero()
    return spike_trains(np.asarray((rows + 1) * step, np.float64), ids)


def _level_crossings(
    array: NDArray[np.float64], threshold: float, both: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return rises and falls, (n_samples - 1, n); without ``both`` the level falls freely."""
    level = array[:1].copy() if array.shape[0] else array
    up = np.zeros((max(0, array.shape[0] - 1), array.shape[1]), bool)
    down = np.zeros_like(up)
    for k, sample in enumerate(array[1:]):
        up[k] = sample - level[0] > threshold
        down[k] = sample - level[0] < -threshold
        level[0] += threshold * (up[k].astype(float) - down[k] * both)
        if not both:
            level[0] = np.minimum(level[0], sample)
    return up, down


def _numbers(values: ArrayLike, what: str, ndims: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{what} must be numbers without unit.") from error
    if array.ndim not in ndims:
        shapes = " or ".join("(n,)" if n == 1 else "(n_steps, n)" for n in ndims)
        raise DescriptionError(f"{what} have shape {array.shape}; {shapes} is needed.")
    if not np.isfinite(array).all():
        raise DescriptionError(f"{what} must be finite; some are not.")
    return array


def _check_range(array: NDArray[np.float64], low: float, high: float, what: str) -> None:
    if array.size and (array.min() < low or array.max() > high):
        raise DescriptionError(
            f"{what} range from {array.min():g} to {array.max():g}; they must lie in "
            f"[{low:g}, {high:g}]. Scale them."
        )


def _positive(value: Any, what: str) -> float:
    seconds = scalar(value, SECOND, what)
    if seconds <= 0:
        raise DescriptionError(f"{what} is {seconds!r} s; it must be > 0.")
    return seconds


def _steps(duration: Any, dt: float, what: str) -> int:
    exact = scalar(duration, SECOND, what) / dt
    steps = round(exact)
    if steps < 0 or abs(exact - steps) > _GRID:
        raise DescriptionError(f"{what} is {exact:.6g} steps of dt; give a whole number of them.")
    return steps
