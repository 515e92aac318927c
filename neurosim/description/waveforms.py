"""Courses of currents and rates over time, for ``Network.inject`` and ``Network.poisson``.

Whatever its kind, a course has one value per step, the one at the step's start, the same for all
neurons or one for each of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError
from .quantities import HERTZ, SECOND, dimensions, scalar, symbol, to_si


class Waveform:
    """A course over time; see its kinds.

    Attributes
    ----------
    dim : Dimension
    width : int
        Number of neurons it distinguishes; 1: the same for all.
    """

    dim: Dimension
    width: int = 1

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account, SI units."""
        return {"kind": type(self).__name__, "unit": symbol(self.dim)}


class Steps(Waveform):
    """Holds ``values[k]`` from ``times[k]`` to the next time; 0 before the first.

    Attributes
    ----------
    times : (m,) float64, seconds, ascending
    values : (m, width) float64, SI
    """

    def __init__(
        self, times: NDArray[np.float64], values: NDArray[np.float64], dim: Dimension
    ) -> None:
        self.times, self.dim = times, dim
        self.values = values.reshape(times.size, -1)
        self.width = self.values.shape[1]

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account, SI units."""
        content: Any = {"n_values": self.times.size, "width": self.width}
        if self.values.size <= 64:
            content = {"times": self.times.tolist(), "values": self.values.tolist()}
        return super().describe() | content


class StepCurrent(Steps):
    """A current that changes at given times, PyNN's ``StepCurrentSource``.

    Parameters
    ----------
    times : (m,) Quantity of time
        Ascending. A change acts from the first step that starts at its time or later.
    amplitudes : (m,) or (m, n) Quantity
        Value from each time on; with n columns, one for each neuron. 0 before the first time.
    """

    def __init__(self, times: Any, amplitudes: Any) -> None:
        at, values, dim = _steps(times, amplitudes, "StepCurrent", "amplitudes")
        super().__init__(at, values, dim)


class ConstantCurrent(Steps):
    """A direct current between two times, PyNN's ``DCSource``.

    Parameters
    ----------
    amplitude : Quantity
        One, or one for each neuron.
    start, stop : Quantity of time, optional
        By default the whole run.
    """

    def __init__(self, amplitude: Any, start: Any = None, stop: Any = None) -> None:
        values = np.atleast_1d(to_si(amplitude, None, "ConstantCurrent: amplitude"))
        if values.ndim != 1:
            raise DescriptionError(
                f"ConstantCurrent: amplitude has shape {values.shape}; give one value, or one for "
                "each neuron."
            )
        begin, end = _interval(start, stop, "ConstantCurrent")
        times, rows = [begin], [values]
        if end < math.inf:
            times, rows = [begin, end], [values, np.zeros_like(values)]
        super().__init__(np.array(times), np.array(rows), dimensions(amplitude))


class RecordedCurrent(Steps):
    """A current given by its samples; 0 before ``start`` and after the last one.

    Parameters
    ----------
    values : (n_samples,) or (n_samples, n) Quantity
        Sample k holds from ``start + k*dt`` to the next; with n columns, one for each neuron.
    dt : Quantity of time
        Between samples; it need not be the run's.
    start : Quantity of time, optional
    """

    def __init__(self, values: Any, dt: Any, start: Any = None) -> None:
        begin, _ = _interval(start, None, "RecordedCurrent")
        times, rows, dim = _samples(values, dt, "RecordedCurrent", "values")
        super().__init__(begin + times, rows, dim)


class Sine(Waveform):
    """``offset + amplitude sin(2 pi frequency (t - start) + phase)`` in [start, stop), else 0.

    Attributes
    ----------
    amplitude, offset : float, SI
    frequency : float, Hz
    phase : float, radians
    start, stop : float, seconds
    """

    def __init__(
        self,
        amplitude: Any,
        frequency: Any,
        phase: float,
        offset: Any,
        interval: tuple[float, float],
        where: str,
    ) -> None:
        self.dim = dimensions(amplitude)
        self.amplitude = scalar(amplitude, None, f"{where}: amplitude")
        self.frequency = scalar(frequency, HERTZ, f"{where}: frequency")
        self.phase = scalar(phase, DIMENSIONLESS, f"{where}: phase")
        self.offset = scalar(offset, self.dim, f"{where}: offset")
        self.start, self.stop = interval
        if self.frequency < 0:
            raise DescriptionError(f"{where}: frequency is {self.frequency!r} Hz; it must be >= 0.")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account, SI units."""
        names = ("amplitude", "frequency", "phase", "offset", "start")
        return super().describe() | {name: getattr(self, name) for name in names}


class SineCurrent(Sine):
    """A sinusoidal current, PyNN's ``ACSource``.

    Parameters
    ----------
    amplitude : Quantity
    frequency : Quantity of rate
    phase : float
        Radians, at ``start``.
    offset : Quantity, optional
        Mean; 0 by default.
    start, stop : Quantity of time, optional
        The current is 0 outside of [start, stop).
    """

    def __init__(
        self,
        amplitude: Any,
        frequency: Any,
        phase: float = 0.0,
        offset: Any = None,
        start: Any = None,
        stop: Any = None,
    ) -> None:
        mean = 0 * amplitude if offset is None else offset
        interval = _interval(start, stop, "SineCurrent")
        super().__init__(amplitude, frequency, phase, mean, interval, "SineCurrent")


class NoisyCurrent(Waveform):
    """A random current, drawn for each neuron by itself: Ornstein-Uhlenbeck, or white.

    Parameters
    ----------
    mean, sd : Quantity
        Of the value at any time.
    tau : Quantity of time, optional
        Correlation time of an Ornstein-Uhlenbeck process, advanced exactly and stationary from
        the first step on. Without it the value is drawn anew in each interval.
    every : Quantity of time, optional
        Length of the intervals without ``tau``, a multiple of dt; dt by default. As in NEST's
        ``noise_generator``, the effect of white noise of a given ``sd`` depends on it.
    start, stop : Quantity of time, optional
        The current is 0 outside of [start, stop).
    """

    def __init__(
        self,
        mean: Any,
        sd: Any,
        tau: Any = None,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
    ) -> None:
        self.dim = dimensions(sd)
        self.sd = scalar(sd, None, "NoisyCurrent: sd")
        self.mean = scalar(mean, self.dim, "NoisyCurrent: mean")
        self.tau = None if tau is None else scalar(tau, SECOND, "NoisyCurrent: tau")
        self.every = None if every is None else scalar(every, SECOND, "NoisyCurrent: every")
        self.start, self.stop = _interval(start, stop, "NoisyCurrent")
        if self.sd < 0:
            raise DescriptionError(f"NoisyCurrent: sd is {self.sd!r}; it must be >= 0.")
        if self.tau is not None and self.every is not None:
            raise DescriptionError(
                "NoisyCurrent: give tau (Ornstein-Uhlenbeck) or every (white in intervals), not "
                "both."
            )
        for name, value in (("tau", self.tau), ("every", self.every)):
            if value is not None and value <= 0:
                raise DescriptionError(f"NoisyCurrent: {name} is {value!r} s; it must be > 0.")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account, SI units."""
        names = ("mean", "sd", "tau", "every", "start")
        return super().describe() | {name: getattr(self, name) for name in names}


class StepRate(Steps):
    """A rate that changes at given times.

    Parameters
    ----------
    times : (m,) Quantity of time
        Ascending.
    rates : (m,) or (m, n) Quantity of rate
        From each time on; with n columns, one for each neuron. 0 before the first time.
    """

    def __init__(self, times: Any, rates: Any) -> None:
        super().__init__(*_steps(times, rates, "StepRate", "rates"))
        _check_rates(self)


class SineRate(Sine):
    """The rate ``mean + amplitude sin(2 pi frequency t + phase)``, 0 where that is negative.

    Parameters
    ----------
    mean, amplitude : Quantity of rate
    frequency : Quantity of rate
    phase : float
        Radians.
    """

    def __init__(self, mean: Any, amplitude: Any, frequency: Any, phase: float = 0.0) -> None:
        super().__init__(amplitude, frequency, phase, mean, (0.0, math.inf), "SineRate")
        _check_rates(self)


class ArrayRate(Steps):
    """A rate given by its samples; 0 after the last one.

    Parameters
    ----------
    values : (n_samples,) or (n_samples, n) Quantity of rate
        Sample k holds from ``k*dt`` to the next; with n columns, one for each neuron.
    dt : Quantity of time
    """

    def __init__(self, values: Any, dt: Any) -> None:
        super().__init__(*_samples(values, dt, "ArrayRate", "values"))
        _check_rates(self)


def _check_rates(wave: Steps | Sine) -> None:
    name = type(wave).__name__
    if wave.dim is not HERTZ and wave.dim != HERTZ:
        raise DescriptionError(
            f"{name}: the values have the unit {symbol(wave.dim)}; rates are in Hz."
        )
    if isinstance(wave, Steps) and wave.values.size and wave.values.min() < 0:
        raise DescriptionError(
            f"{name}: a rate is {float(wave.values.min())!r} Hz; it must be >= 0."
        )


def _interval(start: Any, stop: Any, where: str) -> tuple[float, float]:
    begin = 0.0 if start is None else scalar(start, SECOND, f"{where}: start")
    end = math.inf if stop is None else scalar(stop, SECOND, f"{where}: stop")
    if not 0 <= begin < end:
        raise DescriptionError(
            f"{where}: it lasts from {begin!r} s to {end!r} s; start must be >= 0 and before stop."
        )
    return begin, end


def _steps(
    times: Any, values: Any, where: str, what: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], Dimension]:
    at = np.atleast_1d(to_si(times, SECOND, f"{where}: times"))
    rows = to_si(values, None, f"{where}: {what}")
    rows = np.atleast_1d(rows)
    if at.ndim != 1 or at.size == 0 or rows.ndim > 2 or rows.shape[0] != at.size or not rows.size:
        raise DescriptionError(
            f"{where}: times have shape {at.shape} and {what} {rows.shape}; give one value, or one "
            "row of values, per time."
        )
    if at[0] < 0 or (np.diff(at) <= 0).any():
        raise DescriptionError(f"{where}: times must be >= 0 and ascending.")
    return at, rows, dimensions(values)


def _samples(
    values: Any, dt: Any, where: str, what: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], Dimension]:
    rows = to_si(values, None, f"{where}: {what}")
    between = scalar(dt, SECOND, f"{where}: dt")
    if rows.ndim not in (1, 2) or rows.size == 0:
        raise DescriptionError(
            f"{where}: {what} have shape {rows.shape}; give (n_samples,) or (n_samples, n)."
        )
    if between <= 0:
        raise DescriptionError(f"{where}: dt is {between!r} s; it must be > 0.")
    times = between * np.arange(rows.shape[0] + 1)
    return times, np.concatenate([rows, np.zeros_like(rows[:1])]), dimensions(values)
