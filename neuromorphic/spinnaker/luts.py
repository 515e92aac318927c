"""SpiNNaker's tables of exponential decay, and the s4.11 arithmetic of its traces.

Sheet, section 1.7; sPyNNaker ``plasticity/stdp/common.py``, ``maths.h``, ``stdp_typedefs.h``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DescriptionError

POINT = 11
ONE = 1 << POINT
TO_S1615 = 4  # left shift from s4.11 to s16.15


def int16(value: int) -> int:
    """Return the low 16 bits of an integer, as a signed number."""
    return (value + 0x8000 & 0xFFFF) - 0x8000


def multiply(a: int, b: int) -> int:
    """Return the s4.11 product of two numbers' low 16 bits, rounded down."""
    return int16(a) * int16(b) >> POINT


def to_s411(value: float) -> int:
    """Return the nearest s4.11 number, halves to even, as an integer.

    Raises
    ------
    DescriptionError
        It is not in [-16, 16).
    """
    found = round(value * ONE)
    if not -0x8000 <= found < 0x8000:
        raise DescriptionError(f"{value:g} is not allowed in s4.11; it must be in [-16, 16).")
    return found


@dataclass(frozen=True, eq=False)
class DecayTable:
    """``values[i]`` = floor(2048 exp(-i dt/tau)); after its end the decay is 0.

    Attributes
    ----------
    values : (length,) int16
    """

    values: NDArray[np.int16]

    @classmethod
    def of(cls, dt: float, tau: float) -> DecayTable:
        """Return the host's table for a time constant; both in the same unit.

        Raises
        ------
        DescriptionError
            Not positive.
        """
        if not (dt > 0 and 0 < tau < math.inf):
            raise DescriptionError(
                f"a decay with time constant {tau:g} in steps of {dt:g} is not allowed; both must "
                "be above 0 and finite."
            )
        rate = dt / tau
        length = 2 * math.ceil(math.log(ONE) / rate / 2)
        values = np.floor(np.exp(np.arange(length) * -rate) * ONE)
        return cls(values.astype(np.int16))

    def __len__(self) -> int:
        return self.values.size

    def __getitem__(self, ticks: int) -> int:
        return int(self.values[ticks]) if 0 <= ticks < self.values.size else 0

    @property
    def bytes(self) -> int:
        """Of a core's data memory: the entries and a word for length and shift."""
        return 4 + 2 * self.values.size
