"""Poisson input as SpiNNaker's sources make it: the distribution of counts of each algorithm.

Sheet, section 1.4; sPyNNaker ``poisson.c``. By expected spikes per tick: exponential intervals
below 0.01, Knuth's product with a 32-bit exp up to 10, a rounded square of a normal number above.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...lowering.draws import CountTable, poisson_table
from ...lowering.program import PoissonProgram
from . import fixed
from .random import FAST_ABOVE, SLOW_BELOW

_WORDS = 2.0**32


def source_table(mean: float, what: str) -> CountTable:
    """Return the table of counts per tick of one source.

    Parameters
    ----------
    mean : float
        Expected spikes per tick.
    what : str
        For messages.
    """
    bits = fixed.literal(mean)
    if bits < fixed.literal(SLOW_BELOW):  # the mean interval is a whole number of ticks
        return poisson_table(1 / math.floor(1 / mean) if mean > 0 else 0.0, what)
    if bits < FAST_ABOVE * fixed.ONE:
        kept = int(math.exp(-bits / fixed.ONE) * _WORDS)
        return poisson_table(math.log(_WORDS / kept), what)
    return _fast(bits / fixed.ONE)


def _fast(mean: float) -> CountTable:
    """Return the counts of ``round((z/2 + sqrt(mean))^2)`` with a standard normal z."""
    root = math.sqrt(mean)
    low = max(0, math.floor((max(0.0, root - 4.0)) ** 2))
    k = np.arange(low, math.ceil((root + 4.0) ** 2) + 1)
    upper = np.sqrt(k + 0.5)
    below = [_normal(2 * (u - root)) - _normal(2 * (-u - root)) for u in upper]
    words = np.floor(np.array(below) * _WORDS)
    first = int((words < 1).sum())
    kept = words[first:]
    kept = kept[kept < _WORDS]
    return CountTable(low + first, np.unique(kept.astype(np.uint32)))


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def as_sources(given: PoissonProgram) -> PoissonProgram:
    """Return a Poisson input of constant rate with the counts of the machine's sources."""
    if given.wave is not None:
        return given
    tables = [source_table(float(mean), given.name) for mean in given.mean]
    return replace(
        given,
        first=np.array([t.first for t in tables], np.int64),
        thresholds=tuple(t.thresholds for t in tables),
    )


def most_per_tick(mean: float) -> float:
    """Return the most spikes of a source in a tick that the planner allows for."""
    from scipy.stats import poisson  # noqa: PLC0415 (SciPy is slow to import)

    return 1.0 if mean < SLOW_BELOW else math.ceil(poisson.ppf(1 - 1 / 1000, mean)) + 1.0
