"""How SpiNNaker scales weights: the left shift of each synapse type's ring buffer.

The algorithm of sPyNNaker's ``population_vertex.py`` (``get_ring_buffer_shifts``); sheet,
section 1.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FULL = 0xFFFF
CONDUCTANCE_SCALE = 1024


@dataclass
class Running:
    """Mean and variance of items that are added in groups, as sPyNNaker keeps them."""

    n: float = 0
    mean: float = 0.0
    _squares: float = 0.0

    def add(self, mean: float, variance: float, n: float) -> None:
        """Add ``n`` items by their mean and variance."""
        if n <= 0:
            return
        whole, off = self.n + n, mean - self.mean
        self._squares += variance * (n - 1.0) + off * off * self.n * n / whole
        self.mean = (self.n * self.mean + n * mean) / whole
        self.n = whole

    @property
    def variance(self) -> float:
        """Of all items."""
        return self._squares / (self.n - 1.0) if self.n > 1 else 0.0


@dataclass
class Incoming:
    """What arrives at one synapse type, gathered over projections.

    Attributes
    ----------
    steps_per_second : float
        Ticks per second of simulated time.
    scale : float
        Global scale of weights: 1, or 1024 for conductances.
    sigma : float
        Standard deviations that the sum is allowed for (``ring_buffer_sigma``).
    rate : float
        Expected spikes of a neuron per second.
    total : float
        Sum of all weights that can arrive in a tick, without the global scale (as the machine's
        tools have it).
    biggest : float
        Largest weight, with the global scale.
    """

    steps_per_second: float
    scale: float = 1.0
    sigma: float = 5.0
    rate: float = 30.0
    total: float = 0.0
    biggest: float = 0.0
    weights: Running = field(default_factory=Running)
    delays: Running = field(default_factory=Running)
    rates: Running = field(default_factory=Running)

    def add(
        self,
        *,
        mean: float,
        variance: float,
        largest: float,
        connections: float,
        delay_variance: float = 0.0,
        rate: float | None = None,
        per_tick: float | None = None,
    ) -> None:
        """Add a projection.

        Parameters
        ----------
        mean, variance, largest : float
            Of its weights' magnitudes, in the machine's unit (nA, uS) without the global scale.
        connections : float
            Synapses onto one neuron.
        delay_variance : float
        rate, per_tick : float, optional
            Of a source that knows its own: spikes per second, most spikes in a tick.
        """
        if per_tick is None:
            per_tick = max(1.0, self.rate / self.steps_per_second)
        self.weights.add(mean * self.scale, variance * self.scale**2, connections)
        self.biggest = max(self.biggest, largest * self.scale)
        self.delays.add(0.0, delay_variance, connections)
        self.rates.add(self.rate if rate is None else rate, 0.0, connections)
        self.total += per_tick * (largest * connections)

    @property
    def expected(self) -> float:
        """Largest sum to expect in a tick, in scaled units: M."""
        if self.delays.variance == 0:
            return max(self.total, self.biggest)
        bound = upper_bound(
            self.weights.mean,
            math.sqrt(self.weights.variance),
            self.weights.n,
            self.rates.mean,
            self.steps_per_second,
            self.sigma,
        )
        return max(min(bound, self.total), self.biggest)

    @property
    def shift(self) -> int:
        """Left shift of the ring buffer: p."""
        return shift_for(self.expected)


def upper_bound(
    mean: float, spread: float, connections: float, rate: float, steps: float, sigma: float
) -> float:
    """Return U: mean and ``sigma`` standard deviations of the weights that arrive in a tick."""
    a = connections * rate / steps
    variance = 0.0
    if spread > 0:
        k = round(a + 3 * math.sqrt(a))
        variance = a * spread**2 * poisson_below(a, k)
    return a * mean + sigma * math.sqrt(a * mean**2 + variance)


def poisson_below(mean: float, k: int) -> float:
    """Return P(count < k) of a Poisson count."""
    if k <= 0:
        return 0.0
    terms = (
        math.exp(-mean + i * math.log(mean) - math.lgamma(i + 1)) if mean > 0 else float(i == 0)
        for i in range(k)
    )
    return min(1.0, math.fsum(terms))


def shift_for(largest: float) -> int:
    """Return the left shift for a largest sum M: the ring then reaches to more than M.

    Examples
    --------
    >>> [shift_for(m) for m in (0.5, 1.0, 1.5, 2.0, 5.7386, 50, 51.2)]
    [0, 1, 1, 2, 3, 6, 6]
    """
    p = math.ceil(max(0.0, math.log2(largest))) if largest > 0 else 0
    return p + 1 if 2**p <= largest else p


def weight_scale(shift: int, scale: float = 1.0) -> float:
    """Return the integer weight that stands for 1 nA, or 1 uS with the global scale 1024."""
    return 2.0 ** (15 - shift) * scale


def weight_to_integer(weight: float, shift: int, scale: float = 1.0) -> int:
    """Return a weight as 16 bits hold it: its magnitude, halves to even, upper bits lost."""
    return round(abs(weight) * weight_scale(shift, scale)) & FULL


def integer_to_input(weight: int, shift: int) -> int:
    """Return the s16.15 number that an integer weight is read as."""
    return weight << shift
