"""SpiNNaker's random numbers: Marsaglia's KISS generators, WELL1024a, and its Poisson sources.

Sheet, section 1.4; spinn_common ``random.c``, sPyNNaker ``poisson.c``. Plain Python integers, one
number at a time. The engine does not use these streams, as every random number of a network is a
function of its seed and place (:mod:`neurosim.streams`); it draws from the same distributions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...elementary import ndtri
from ...errors import DescriptionError

_WORD = 0xFFFF_FFFF
SLOW_BELOW = 0.01  # expected spikes per tick
FAST_ABOVE = 10.0
ISI_SCALE = 1000


class Generator(Protocol):
    """Gives words of 32 random bits."""

    def __call__(self) -> int:
        """Return the next word."""


@dataclass
class Kiss64:
    """Marsaglia's KISS with a 64-bit product, the default; ``x``, ``y``, ``z``, ``c`` its state."""

    x: int = 123456789
    y: int = 987654321
    z: int = 43219876
    c: int = 6543217

    @classmethod
    def seeded(cls, seed: Sequence[int]) -> Kiss64:
        """Return the generator of a seed of four words, made valid as the machine does.

        Raises
        ------
        DescriptionError
            Not four words.
        """
        if len(seed) != 4:
            raise DescriptionError(f"a seed of {len(seed)} words is not allowed; it must have 4.")
        x, y, z, c = (int(word) & _WORD for word in seed)
        return cls(x, y or 13031301, z, c % 698769068 + 1)

    def __call__(self) -> int:
        """Return the next word of 32 bits."""
        self.x = 314527869 * self.x + 1234567 & _WORD
        self.y = _xorshift(self.y)
        product = 4294584393 * self.z + self.c
        self.c, self.z = product >> 32, product & _WORD
        return self.x + self.y + self.z & _WORD


@dataclass
class Kiss32:
    """Marsaglia's KISS without products; ``x``, ``y``, ``z``, ``w``, ``c`` its state."""

    x: int = 123456789
    y: int = 234567891
    z: int = 345678912
    w: int = 456789123
    c: int = 0

    def __call__(self) -> int:
        """Return the next word of 32 bits."""
        self.y = _xorshift(self.y)
        total = self.z + self.w + self.c & _WORD
        self.z, self.c, self.w = self.w, total >> 31, total & 0x7FFF_FFFF
        self.x = self.x + 1411392427 & _WORD
        return self.x + self.y + self.w & _WORD


def _xorshift(y: int) -> int:
    y ^= y << 5 & _WORD
    y ^= y >> 7
    return y ^ y << 22 & _WORD


@dataclass
class Well1024a:
    """L'Ecuyer and Panneton's WELL1024a; ``state`` is 32 words."""

    state: list[int] = field(default_factory=lambda: _first_words(Kiss64(), 32))
    index: int = 0

    def __call__(self) -> int:
        """Return the next word of 32 bits."""
        state, i = self.state, self.index
        z0 = state[i + 31 & 31]
        m1, m2, m3 = (state[i + k & 31] for k in (3, 24, 10))
        z1 = state[i] ^ m1 ^ m1 >> 8
        z2 = m2 ^ m2 << 19 & _WORD ^ m3 ^ m3 << 14 & _WORD
        state[i] = z1 ^ z2
        new = z0 ^ z0 << 11 & _WORD ^ z1 ^ z1 << 7 & _WORD ^ z2 ^ z2 << 13 & _WORD
        self.index = i + 31 & 31
        state[self.index] = new
        return new


def _first_words(draw: Generator, n: int) -> list[int]:
    return [draw() for _ in range(n)]


def exponential(draw: Generator) -> int:
    """Return an exponential variate of mean 1, s16.15, by von Neumann's comparisons."""
    whole = 0
    while True:
        first = last = draw()
        while True:
            other = draw()
            if last < other:
                return (whole << 15) + (first >> 17)
            last = draw()
            if last >= other:
                break
        whole += 1


def gaussian(draw: Generator) -> int:
    """Return a standard normal variate, s16.15, of a word's 16 high bits.

    The machine has an approximation by tables and polynomials; this is the function itself,
    rounded: an assumption in the last bits.
    """
    level = (draw() >> 16) + 0.5
    return round(float(ndtri(np.float64(level / 65536))) * 32768)


def knuth(draw: Generator, exp_minus_mean: int) -> int:
    """Return a Poisson count by Knuth's product, given exp(-mean) as u0.32; 0 where that is 0."""
    if not exp_minus_mean:
        return 0
    product, count = _WORD, 0
    while True:
        count += 1
        product = product * draw() >> 32
        if product <= exp_minus_mean:
            return count - 1


def rounded_square(normal: int, root: int) -> int:
    """Return ``round((normal/2 + root)^2)``, both s16.15, halves up: a Poisson count's stand-in."""
    value = (normal >> 1) + root
    return (value * value >> 15) + (1 << 14) >> 15


@dataclass
class PoissonSource:
    """One neuron of a Poisson source, tick by tick.

    Parameters
    ----------
    rate : float
        Hz.
    dt : float
        Seconds per tick.
    draw : Generator
        Shared by the sources of a core.

    Raises
    ------
    DescriptionError
        The rate is negative or the tick is not positive.
    """

    rate: float
    dt: float
    draw: Generator
    countdown: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not (self.rate >= 0 and self.dt > 0):
            raise DescriptionError(
                f"a Poisson source of {self.rate:g} Hz in ticks of {self.dt:g} s is not allowed; "
                "the rate must not be negative and the tick above 0."
            )
        self.mean = int(self.rate * self.dt * 32768)  # expected spikes per tick, s16.15
        self.isi = int(1 / (self.rate * self.dt)) if self.rate else 0  # whole ticks
        if self.method == "isi" and self.isi:
            self.countdown = self._interval()

    @property
    def method(self) -> str:
        """How counts are made: "isi", "knuth" or "gaussian", by the expected spikes per tick."""
        if self.mean < int(SLOW_BELOW * 32768):
            return "isi"
        return "knuth" if self.mean < FAST_ABOVE * 32768 else "gaussian"

    def tick(self) -> int:
        """Return the number of spikes in the next tick."""
        if self.method == "knuth":
            return knuth(self.draw, int(math.exp(-self.mean / 32768) * 2**32))
        if self.method == "gaussian":
            return rounded_square(gaussian(self.draw), int(math.sqrt(self.mean * 32768)))
        if not self.isi:
            return 0
        count = 0
        while self.countdown < ISI_SCALE:
            count += 1
            self.countdown += self._interval()
        self.countdown -= ISI_SCALE
        return count

    def _interval(self) -> int:
        """Return the time to the next spike, in thousandths of ticks."""
        scaled = exponential(self.draw) * ISI_SCALE
        return (scaled + (1 << 14) >> 15) * self.isi & _WORD
