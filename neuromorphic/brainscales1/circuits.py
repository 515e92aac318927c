"""What BrainScaleS-1 is made of: sizes, times, and how quantities are set on the chip.

Numbers are those of ``docs/brainscales1.md``, with their sources. Times "on the wafer" are wall
time; biological time is ``speedup`` times longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DENMEMS = 512
"""Membrane circuits of a HICANN chip, in two rows of 256."""
RETICLES, HICANNS_PER_RETICLE = 48, 8
HICANNS = RETICLES * HICANNS_PER_RETICLE
FPGAS = 48
WAFERS = 20
DRIVERS_PER_HALF, ROWS_PER_DRIVER, COLUMNS = 112, 2, 256
ROWS_PER_HALF = DRIVERS_PER_HALF * ROWS_PER_DRIVER
SYNAPSES = 2 * ROWS_PER_HALF * COLUMNS
ENCODER_INPUTS = 64
"""Membrane circuits whose spikes leave on one line, through one priority encoder."""
USABLE_ADDRESSES = 63
"""Of 6 bits; address 0 is kept for background."""
FLOATING_GATE_BLOCK = 128
"""Membrane circuits that share one reset potential."""
HORIZONTAL_LINES, VERTICAL_LINES = 64, 256

OFFSET_S = 20e-6
"""Wall time before biological time 0."""
ENCODER_S = 10e-9
"""Wall time per spike of a priority encoder: two clocks of 5 ns."""
FPGA_SLOT_S = 8e-9
HICANN_INPUT_HZ, FPGA_INPUT_HZ = 17.8e6, 125e6

CODES = 1023
"""Largest value of a 10-bit floating gate."""
FULL_VOLT, FULL_NANOAMPERE = 1.8, 2500.0
CAPACITANCE = {"big": 2.16456e-12, "small": 164.2e-15}
"""Farad of one membrane circuit."""

LEGS_S = (60e-9, 60e-9)
"""Wall time from neuron to driver and from driver to neuron; together 1.2 ms at 10^4."""
STDP_COLUMN_SETS, STDP_SET_SYNAPSES = 8, 32
"""Of a row: the controller reads and writes a set at a time."""

FACETS = {
    "threshold": (0.05, 0.1), "reset": (0.1, 0.2), "leak": (0.5, 0.5), "refractory": (0.5, 0.5),
    "weight": (0.6, 0.7), "tau_syn": (0.25, 0.5), "stp_strength": (0.1, 0.2),
    "stp_tau": (0.2, 0.4), "capacitance": (0.1, 0.2),
}  # fmt: skip
"""Spreads on the FACETS chip, Bill et al. 2010, table 1: sigma and pi over the mean."""

TAU_M = {"big": (5.41e-3, 482e-3), "small": (1.083e-3, 96.3e-3)}
"""Shortest and longest membrane time constant, biological seconds at a speed-up of 10^4."""
TAU_REFRAC_MAX, TAU_SYN_MAX = 17.3e-3, 15.1e-3
TAU_W = (29.3e-3, 354e-3)
DELTA_T = (1.2e-3, 13.5e-3)
"""Volt, biological: 12 to 135 mV on the chip, which has ten times the potentials."""
REFERENCE_SPEEDUP = 1e4


def decoded(address: int) -> tuple[int, int]:
    """Return what of a driver and of its synapses a 6-bit address selects: 2 and 4 bits."""
    return address >> 4, address & 15


def hardware_volt(volt: ArrayLike) -> Floats:
    """Return the potential on the chip of a biological one; both in volt."""
    return 10.0 * np.asarray(volt, np.float64) + 1.2


def biological_volt(volt: ArrayLike) -> Floats:
    """Return the biological potential of one on the chip; both in volt."""
    return (np.asarray(volt, np.float64) - 1.2) / 10.0


def voltage_code(volt: ArrayLike) -> Floats:
    """Return the floating gate's value, not rounded, of a potential on the chip (volt)."""
    return np.asarray(volt, np.float64) * (CODES / FULL_VOLT)


def current_code(nanoampere: ArrayLike) -> Floats:
    """Return the floating gate's value, not rounded, of a current (nA)."""
    return np.asarray(nanoampere, np.float64) * (CODES / FULL_NANOAMPERE)


def reversal_code(volt: ArrayLike) -> Floats:
    """Return the value, not rounded, of a synaptic reversal potential on the chip (volt)."""
    return 614.0 * np.asarray(volt, np.float64) - 16.0


def reversal_volt(code: ArrayLike) -> Floats:
    """Return the synaptic reversal potential on the chip (volt) of a value."""
    return (np.asarray(code, np.float64) + 16.0) / 614.0


def wall_time(biological: float, speedup: float) -> float:
    """Return the wall time (s) after the start of an experiment of a biological time (s)."""
    return OFFSET_S + biological / speedup


def biological_time(wall: float, speedup: float) -> float:
    """Return the biological time (s) of a wall time (s) after the start of an experiment."""
    return (wall - OFFSET_S) * speedup


@dataclass(frozen=True)
class Setting:
    """What values a circuit was given can become.

    Attributes
    ----------
    values : (n,) float64
        SI units.
    clipped : (n,) bool
        Outside the range of the circuit.
    """

    values: Floats
    clipped: NDArray[np.bool_]


def set_potential(volt: ArrayLike, *, digital: bool = True) -> Setting:
    """Return what biological potentials (V) become on a 10-bit floating gate of 0 to 1.8 V."""
    code = voltage_code(hardware_volt(volt))
    held, clipped = _held(code, 0, CODES, digital)
    became = biological_volt(held * (FULL_VOLT / CODES))
    return Setting(_or_given(volt, code, held, became), clipped)


def set_reversal(volt: ArrayLike, *, digital: bool = True) -> Setting:
    """Return what biological reversal potentials (V) become on their 10-bit floating gate."""
    code = reversal_code(hardware_volt(volt))
    held, clipped = _held(code, 0, CODES, digital)
    became = biological_volt(reversal_volt(held))
    return Setting(_or_given(volt, code, held, became), clipped)


def set_time(
    seconds: ArrayLike,
    shortest: float,
    longest: float,
    *,
    digital: bool = True,
    law: str = "proportional",
) -> Setting:
    """Return what time constants become that a 10-bit current sets.

    Parameters
    ----------
    seconds : array_like
    shortest, longest : float
        The range.
    digital : bool
        Whether there are 10 bits.
    law : {"proportional", "geometric"}
        The whole current gives the shortest time, and others the fraction that their inverse is of
        it; or values are equal steps of the logarithm over the range.
    """
    asked = np.asarray(seconds, np.float64)
    # 1e-9: a limit of the range, computed from a conductance and back, is inside
    clipped = (asked < shortest * (1 - 1e-9)) | (asked > longest * (1 + 1e-9))
    inside = np.clip(asked, shortest, longest)
    if not digital:
        return Setting(np.where(clipped, inside, asked), clipped)
    if law == "geometric":
        span = np.log(longest / shortest)
        code = np.rint(CODES * np.log(inside / shortest) / span)
        return Setting(shortest * np.exp(code * (span / CODES)), clipped)
    least = int(np.ceil(CODES * shortest / longest))
    code = np.clip(np.rint(CODES * shortest / inside), max(least, 1), CODES)
    return Setting(CODES * shortest / code, clipped)


def set_linear(value: ArrayLike, low: float, high: float, *, digital: bool = True) -> Setting:
    """Return what values become that follow a 10-bit floating gate whose largest gives ``high``."""
    asked = np.asarray(value, np.float64)
    clipped = (asked < low * (1 - 1e-9)) | (asked > high * (1 + 1e-9))
    inside = np.clip(asked, low, high)
    if not digital:
        return Setting(np.where(clipped, inside, asked), clipped)
    code = np.clip(np.rint(inside * (CODES / high)), np.ceil(low * (CODES / high)), CODES)
    return Setting(code * (high / CODES), clipped)


def _held(code: Floats, low: float, high: float, digital: bool) -> tuple[Floats, NDArray[np.bool_]]:
    clipped = (code < low - 0.5) | (code > high + 0.5)
    return np.clip(np.rint(code) if digital else code, low, high), clipped


def _or_given(given: ArrayLike, code: Floats, held: Floats, became: Floats) -> Floats:
    """Return what was given where the circuit has it as it is, without a detour's rounding."""
    return np.where(held == code, np.asarray(given, np.float64), became)
