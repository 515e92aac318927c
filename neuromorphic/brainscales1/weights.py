"""Synaptic weights of BrainScaleS-1: 4 bits, and a gain that a row of synapses shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DescriptionError
from .circuits import CAPACITANCE

Floats = NDArray[np.float64]

LARGEST = 15
COEFFICIENTS = (93.9406513768, 81.3443474483, -1.59734048208)
"""Of the default conductance in nS: a quadratic of the digital weight."""
REFERENCE_GMAX, REFERENCE_DIVISOR = 500, 11


@dataclass(frozen=True)
class RowGain:
    """One of the settings a row can have: a reference of the current, and its divisor.

    Attributes
    ----------
    v_gmax : int
        0 to 1023.
    divisor : int
        ``gmax_div``, 1 to 30.

    Raises
    ------
    DescriptionError
        A row cannot be set so.
    """

    v_gmax: int
    divisor: int

    def __post_init__(self) -> None:
        if not (0 <= self.v_gmax <= 1023 and 1 <= self.divisor <= 30):
            raise DescriptionError(
                f"a row's V_gmax is {self.v_gmax} and its divisor {self.divisor}; they are 0 to "
                "1023 and 1 to 30."
            )

    @property
    def factor(self) -> float:
        """Gain relative to the default row, whose conductance :func:`conductance` is."""
        return self.v_gmax * REFERENCE_DIVISOR / (REFERENCE_GMAX * self.divisor)


GAINS = (RowGain(200, 15), RowGain(500, 11), RowGain(650, 4), RowGain(550, 1))
"""The four that a quadrant has by default, weakest first."""


def synaptic_current(weight: ArrayLike, v_gmax: float, divisor: float) -> Floats:
    """Return the strength w V_gmax / gmax_div of a synapse, in units of the reference's."""
    return np.asarray(weight, np.float64) * v_gmax / divisor


def characteristic(weight: ArrayLike) -> Floats:
    """Return the default calibration's quadratic of a digital weight, in nS on the chip."""
    w = np.asarray(weight, np.float64)
    first, second, third = COEFFICIENTS
    return first + second * w + third * w * w


def conductance(weight: ArrayLike, gain: ArrayLike = 1.0) -> Floats:
    """Return the conductance on the chip (nS) of digital weights; the circuit is off at 0."""
    w = np.asarray(weight, np.float64)
    return np.where(w > 0, np.asarray(gain, np.float64) * characteristic(w), 0.0)


def digital(conductance_ns: ArrayLike, gain: ArrayLike = 1.0) -> Floats:
    """Return the digital weight, not rounded, of a conductance on the chip (nS).

    Below 0 for conductances under those of the quadratic at 0, above 15 for those too large.
    """
    first, second, third = COEFFICIENTS
    wanted = np.asarray(conductance_ns, np.float64) / np.asarray(gain, np.float64)
    root = second * second - 4.0 * third * (first - wanted)
    # beyond the quadratic's maximum there is no such weight; its place is far above 15 anyway
    return (-second + np.sqrt(np.maximum(root, 0.0))) / (2.0 * third)


def largest_conductance(gain: ArrayLike = 1.0) -> Floats:
    """Return the conductance on the chip (nS) of the largest weight."""
    return np.asarray(gain, np.float64) * float(conductance(LARGEST))


def choose_gain(wanted_ns: ArrayLike, factors: ArrayLike) -> Floats:
    """Return the gain of rows whose strongest synapse wants a conductance (nS on the chip).

    The smallest gain that reaches it, else the one that comes closest.
    """
    sorted_factors = np.sort(np.asarray(factors, np.float64))
    place = np.searchsorted(largest_conductance(sorted_factors), np.asarray(wanted_ns))
    return sorted_factors[np.minimum(place, sorted_factors.size - 1)]


def round_digital(weight: ArrayLike, uniform: ArrayLike | None) -> NDArray[np.int64]:
    """Return whole weights, 0 to 15.

    Parameters
    ----------
    weight : (n,) array_like
        As :func:`digital` gives them.
    uniform : (n,) array_like or None
        Numbers in (0, 1): a weight is rounded up with the probability of its fraction. None: to
        the nearest.
    """
    value = np.asarray(weight, np.float64)
    if uniform is None:
        whole = np.rint(value)
    else:
        below = np.floor(value)
        whole = below + (np.asarray(uniform) < value - below)
    return np.clip(whole, 0, LARGEST).astype(np.int64)


def conductance_scale(
    speedup: float, denmems: ArrayLike, membrane_farad: ArrayLike, capacitor: str = "big"
) -> Floats:
    """Return the factor from a biological conductance to one on the chip."""
    hardware = np.asarray(denmems, np.float64) * CAPACITANCE[capacitor]
    return speedup * hardware / np.asarray(membrane_farad, np.float64)
