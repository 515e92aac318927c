"""The numbers of a BrainScaleS-2 chip, and the arithmetic that follows from them.

Sources: HCO electronicvisions/halco, CALIX electronicvisions/calix, PNB pynn-brainscales, DEMO
brainscales2-demos, LNX libnux, PANG model-sw-pong. Times are hardware times unless a name says
otherwise: with a speed-up of 1000, a hardware microsecond is a biological millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DescriptionError

SPEEDUP = 1000  # HCO, PNB
NEURONS, QUADRANTS = 512, 4  # HCO: two rows of 256; a quadrant has 128
ARRAYS, ROWS, COLUMNS = 2, 256, 256  # HCO
DRIVERS, PADI_BUSES = 128, 4  # HCO: of each array; a driver serves two rows
SYNAPSES = ARRAYS * ROWS * COLUMNS
WEIGHT_MAX, LABELS = 63, 64  # PNB, HCO: 6 bits each; the sign belongs to the row
CAPMEM_VOLTAGES, CAPMEM_CURRENTS = 8, 16  # HCO: cells of a neuron
CAPMEM_CELLS = CAPMEM_VOLTAGES + CAPMEM_CURRENTS
CAPMEM_MAX = 1022  # HCO: 10 bits
CADC_CHANNELS, CADC_MAX = 1024, 255  # HCO: 8 bits, two channels a column and array
CADC_RATE = 1.85e6  # samples per second, CALIX
CADC_TRUSTED = (30, 210)  # LSB, CALIX
GENERATORS, GENERATOR_RATE = 8, 125e6  # HCO: background sources; events per second of one
PROCESSORS, VECTOR_BYTES = 2, 128  # LNX: 128 numbers of 8 bits, or 64 of 16
READOUT_NOISE = 1.2  # LSB, standard deviation, CALIX
CADC_SPREAD_WARNING = 3.0  # LSB, CALIX
CAPMEM_DITHER = 5  # codes, CALIX
CALIBRATED_SHARE = 0.3  # of the spread before calibration, at most, CALIX
LEAK, RESET, THRESHOLD = 80, 70, 125  # LSB, CALIX's usual targets
TAU_M, TAU_SYN, T_REF, CAPACITANCE = 10e-6, 10e-6, 2e-6, 63  # CALIX's usual targets
SENSOR_TAU, SENSOR_AMPLITUDE = 5e-6, 0.5  # CALIX: correlation sensors
CHIP_POWER = 0.2  # W, Cramer 2022: less than this at 85 000 inferences per second
PONG_POWER = 0.057  # W, Wunderlich 2019
MNIST_ENERGY, MNIST_TIME = 8.4e-6, 48e-6  # J, s, Goeltz


@dataclass(frozen=True)
class Range:
    """What a parameter can be calibrated to: from ``low`` to ``high``."""

    low: float
    high: float
    unit: str

    def clip(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the nearest values within the range."""
        return np.clip(np.asarray(values, np.float64), self.low, self.high)


RANGES = {  # CALIX; hardware seconds
    "leak": Range(50, 160, "LSB"),
    "reset": Range(50, 160, "LSB"),
    "threshold": Range(50, 220, "LSB"),
    "tau_m": Range(0.5e-6, 60e-6, "s"),
    "tau_syn": Range(0.3e-6, 30e-6, "s"),
    "t_ref": Range(0.04e-6, 32e-6, "s"),
    "capacitance": Range(0, 63, "LSB"),
}


def split(weight: int) -> list[int]:
    """Return the weights of the synapses that together have a weight: each at most 63.

    Examples
    --------
    >>> split(130), split(-64), split(0)
    ([63, 63, 4], [-63, -1], [])
    """
    sign, left = (1 if weight > 0 else -1), abs(int(weight))
    full, rest = divmod(left, WEIGHT_MAX)
    return [sign * WEIGHT_MAX] * full + ([sign * rest] if rest else [])


def synapses_needed(weights: ArrayLike) -> NDArray[np.int64]:
    """Return how many synapses each weight, in steps, takes: |w| / 63 rounded up."""
    magnitude = np.abs(np.asarray(weights, np.int64))
    return -(-magnitude // WEIGHT_MAX)


def hardware_seconds(biological: float, speedup: float = SPEEDUP) -> float:
    """Return how long the chip takes for a biological time, both in seconds."""
    return biological / speedup


def digitise(values: ArrayLike) -> NDArray[np.float64]:
    """Return what the CADC says of values in LSB: whole numbers from 0 to 255."""
    return np.clip(np.rint(np.asarray(values, np.float64)), 0.0, float(CADC_MAX))


def trusted(readings: ArrayLike) -> NDArray[np.bool_]:
    """Return which readings of the CADC lie where it is linear."""
    found = np.asarray(readings)
    return (found >= CADC_TRUSTED[0]) & (found <= CADC_TRUSTED[1])


def realised_time(
    wanted: ArrayLike, name: str, codes: str = "geometric", shift: ArrayLike = 0
) -> NDArray[np.float64]:
    """Return the time constant that a 10-bit bias current gives.

    Parameters
    ----------
    wanted : array_like
        Hardware seconds; brought into the parameter's range first.
    name : {"tau_m", "tau_syn"}
    codes : {"geometric", "inverse"}
        How codes 0 to 1022 are spread over the range: equal ratios, or a time in inverse
        proportion to the code. An assumption: no source opened gives the curve.
    shift : array_like of int
        Codes by which the cell misses.
    """
    span = RANGES[name]
    time = span.clip(wanted)
    if codes == "geometric":
        ratio = np.log(span.high / span.low)
        code = np.rint(CAPMEM_MAX * np.log(time / span.low) / ratio)
        return span.low * np.exp(ratio * np.clip(code + shift, 0, CAPMEM_MAX) / CAPMEM_MAX)
    code = np.clip(np.rint(CAPMEM_MAX * span.low / time) + shift, 1, CAPMEM_MAX)
    return np.asarray(CAPMEM_MAX * span.low / code)


def multiply(
    inputs: ArrayLike, weights: ArrayLike, gain: float = 1.0, noise: ArrayLike = 0.0
) -> NDArray[np.int64]:
    """Return a layer of the chip's non-spiking mode: 5-bit inputs, 6-bit weights, 8-bit results.

    Parameters
    ----------
    inputs : (..., n) int
        0 to 31.
    weights : (n, m) int
        -63 to 63, each on a pair of rows.
    gain : float
        Steps of the result for a product of 1; depends on the calibration.
    noise : array_like
        Added before the result is digitised, in steps of the result.

    Returns
    -------
    (..., m) int64
        -128 to 127; what is beyond stays at the end.

    Raises
    ------
    DescriptionError
        A number does not fit.
    """
    x, w = np.asarray(inputs, np.int64), np.asarray(weights, np.int64)
    for what, array, low, high in (("inputs", x, 0, 31), ("weights", w, -WEIGHT_MAX, WEIGHT_MAX)):
        if array.size and (array.min() < low or array.max() > high):
            raise DescriptionError(
                f"multiply: {what} are {array.min()} to {array.max()}; they must be {low} to "
                f"{high}. Scale and round them first."
            )
    result = gain * (x @ w) + np.asarray(noise, np.float64)
    return np.clip(np.rint(result), -128, 127).astype(np.int64)
