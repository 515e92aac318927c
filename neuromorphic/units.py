"""A machine's own units: a coherent system in which its arithmetic is done."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..description.quantities import dimensions, unit_of_symbol

_FACTOR = re.compile(r"(m|kg|s|A|K|mol|cd)(?:\^(-?\d+))?")


def _base_powers(dimension: str) -> dict[str, float]:
    """Return the powers of metre, kilogram, second and ampere in a unit as Brian2 prints it."""
    factors = [_FACTOR.fullmatch(part) for part in dimension.split()]
    if dimension != "1" and all(factors):  # one without a name of its own
        found = {f[1]: float(f[2] or 1) for f in factors if f is not None}
        return {name: found.get(name, 0.0) for name in ("kg", "m", "s", "A")}
    dim: Dimension = DIMENSIONLESS if dimension == "1" else dimensions(unit_of_symbol(dimension))
    return {name: dim.get_dimension(name) for name in ("kg", "m", "s", "A")}


@dataclass(frozen=True)
class UnitSystem:
    """Units of time, potential and current, in SI units; all others follow from these.

    In (ms, mV, nA) a capacitance is in nF, a resistance in MOhm and a conductance in uS, so that
    an equation holds for the numbers as it does for the quantities.
    """

    second: float = 1.0
    volt: float = 1.0
    ampere: float = 1.0

    def of(self, dimension: str) -> float:
        """Return the unit of a dimension, written as Brian2 prints a base unit, in SI units."""
        powers = _base_powers(dimension)
        volts = powers["kg"]
        scale = self.volt**volts
        scale *= self.second ** (powers["s"] + 3 * volts)
        scale *= self.ampere ** (powers["A"] + volts)
        return float(f"{scale:.12g}")

    def value(self, si: float | np.ndarray, dimension: str) -> float | np.ndarray:
        """Return an SI value in the machine's units, to 15 decimals as it was typed."""
        given = np.asarray(si, np.float64) / self.of(dimension)
        with np.errstate(divide="ignore", invalid="ignore"):
            digits = 14 - np.floor(np.log10(np.abs(given)))
        usual = np.isfinite(digits) & (np.abs(digits) < 290)
        power = 10.0 ** np.where(usual, digits, 0.0)
        typed = np.where(usual, np.rint(given * power) / power, given)
        return float(typed) if typed.ndim == 0 else typed


SI = UnitSystem()
MILLI_NANO = UnitSystem(second=1e-3, volt=1e-3, ampere=1e-9)
"""ms, mV, nA: PyNN's units, and SpiNNaker's."""
