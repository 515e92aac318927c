"""What a core works out from a neuron's parameters, in its own arithmetic or in an ideal one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...lowering.machine_program import NumberFormat
from ...lowering.program import Value
from . import fixed

_WORD = 2.0**32


def each(function: Callable[..., tuple[float, ...]], *given: Value) -> list[Value]:
    """Return the results of a function of numbers, neuron by neuron.

    Parameters
    ----------
    function : callable
        From as many numbers as there are ``given`` to a tuple.
    given : float or (n,) float64
        Numbers, or one per neuron.

    Returns
    -------
    list of float or (n,) float64
        Numbers where all given are; computed once for each different set of numbers.
    """
    if not any(isinstance(g, np.ndarray) for g in given):
        return list(function(*(float(g) for g in given)))
    rows = np.stack(np.broadcast_arrays(*(np.asarray(g, np.float64) for g in given)), axis=1)
    if not len(rows):
        return [np.empty(0) for _ in function(*(1.0 for _ in given))]
    different, which = np.unique(rows, axis=0, return_inverse=True)
    found = np.array([function(*map(float, row)) for row in different])
    return [np.ascontiguousarray(column[which.reshape(-1)]) for column in found.T]


class Core:
    """The arithmetic of a core: s16.15, as SpiNNaker's cores have it.

    Numbers come as the host gives them, in ms, mV, nA, nF, MOhm, uS, and go as doubles that stand
    for the core's bits exactly.
    """

    format: NumberFormat | None = "s16.15"

    def host(self, value: Value) -> Value:
        """Return values as the host writes them."""
        return fixed.rounded(value)

    def fits(self, value: Any) -> bool:
        """Return whether values are in the range of the format."""
        bits = np.rint(np.asarray(value, np.float64) * fixed.ONE)
        return bool((np.isfinite(bits) & (bits >= -(2.0**31)) & (bits <= fixed.LARGEST)).all())

    def membrane(self, dt: float, tau: Value, c: Value) -> list[Value]:
        """Return ``e^(-dt/tau)`` and ``tau/c`` of a membrane."""

        def one(tau: float, c: float) -> tuple[float, float]:
            t, r = fixed.encode(tau), fixed.divide(fixed.encode(tau), fixed.encode(c))
            return fixed.decode(fixed.membrane_factor(fixed.encode(dt), t)), fixed.decode(r)

        return each(one, tau, c)

    def synapse(self, dt: float, tau: Value) -> list[Value]:
        """Return decay per tick, and what arriving weights are multiplied by, of 32 bits."""

        def one(tau: float) -> tuple[float, float]:
            decay, init = fixed.decay_and_init(fixed.encode(dt), fixed.encode(tau))
            return decay / _WORD, init / _WORD

        return each(one, tau)

    def alpha(self, dt: float, tau: Value) -> list[Value]:
        """Return decay per tick (32 bits) and ``dt/tau^2`` of an alpha-shaped synapse."""

        def one(tau: float) -> tuple[float, float]:
            step, t = fixed.encode(dt), fixed.encode(tau)
            slope = fixed.divide(step, fixed.multiply(t, t))
            return fixed.expulr(-fixed.divide(step, t)) / _WORD, fixed.decode(slope)

        return each(one, tau)

    def refractory(self, t_ref: Value, dt: float) -> Value:
        """Return the ticks that a membrane is held for."""
        step = fixed.encode(dt)
        return each(lambda t: (float(fixed.refractory_ticks(fixed.encode(t), step)),), t_ref)[0]

    def per_step(self, dt: float) -> float:
        """Return ``1/dt``."""
        return float(fixed.decode(fixed.divide(fixed.ONE, fixed.encode(dt))))


class Ideal:
    """Arithmetic in double, or in a core's float32 (the engine rounds to it); as for Core."""

    def __init__(self, number_format: NumberFormat | None = None) -> None:
        self.format = number_format

    def host(self, value: Value) -> Value:
        """Return the values."""
        return value

    def fits(self, value: Any) -> bool:
        """Return whether values are finite."""
        return bool(np.isfinite(value).all())

    def membrane(self, dt: float, tau: Value, c: Value) -> list[Value]:
        """Return ``e^(-dt/tau)`` and ``tau/c`` of a membrane."""
        return each(lambda tau, c: (math.exp(-dt / tau), tau / c), tau, c)

    def synapse(self, dt: float, tau: Value) -> list[Value]:
        """Return decay per tick, and what arriving weights are multiplied by."""
        return each(lambda tau: (math.exp(-dt / tau), -math.expm1(-dt / tau) * tau / dt), tau)

    def alpha(self, dt: float, tau: Value) -> list[Value]:
        """Return decay per tick and ``dt/tau^2`` of an alpha-shaped synapse."""
        return each(lambda tau: (math.exp(-dt / tau), dt / tau**2), tau)

    def refractory(self, t_ref: Value, dt: float) -> Value:
        """Return the ticks that a membrane is held for."""
        return each(lambda t: (float(math.ceil(t / dt - 1e-9)),), t_ref)[0]

    def per_step(self, dt: float) -> float:
        """Return ``1/dt``."""
        return 1.0 / dt


def arithmetic(name: str) -> Core | Ideal:
    """Return the arithmetic of a setting: "s16.15", "float32" or "float64"."""
    return Core() if name == "s16.15" else Ideal(None if name == "float64" else "float32")
