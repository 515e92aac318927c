"""Poisson background drawn from the counter-based streams, in blocks of steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import PoissonProgram
from ...streams import Purpose, words
from .objects import Neurons

_STEPS_PER_WORD = 4
BLOCK_WORDS = 1 << 19


class PoissonDrive:
    """Adds one Poisson input's kicks of each step to a variable of a Brian2 group.

    The word of neuron g at step s depends on (seed, input, g, s) alone, so blocks are an
    optimisation and steps may be asked for in any order.
    """

    def __init__(self, seed: int, poisson: PoissonProgram, neurons: Neurons) -> None:
        self._seed, self._poisson = seed, poisson
        self._ids = poisson.post.global_ids()
        self._where = poisson.post.local_ids()
        self._target = neurons.array(poisson.variable)
        guarded = poisson.variable in neurons.guarded
        self._writable = neurons.not_refractory() if guarded else None
        words_per_step = max(1, poisson.post.size)
        self._block = _STEPS_PER_WORD * max(1, BLOCK_WORDS // words_per_step // _STEPS_PER_WORD)
        self._padded = _padded(poisson.thresholds)
        self._drawn = -1
        self._kicks: NDArray[np.float64] = np.empty((0, 0))

    def apply(self, step: int) -> None:
        """Add the kicks of ``step``, except to refractory neurons of a guarded variable."""
        block, row = divmod(step, self._block)
        if block != self._drawn:
            counts = self.counts(block * self._block, self._block)
            self._kicks = np.multiply(self._poisson.weight, counts, dtype=np.float64)
            self._drawn = block
        kicked, kicks = self._where, self._kicks[row]
        if self._writable is not None:
            free = self._writable[kicked]
            kicked, kicks = kicked[free], kicks[free]
        self._target[kicked] += kicks

    def counts(self, first_step: int, n_steps: int) -> NDArray[np.int64]:
        """Return the counts of steps [first_step, first_step + n_steps), (n_steps, size).

        Both must be multiples of four, the number of steps that share a counter.
        """
        index = np.arange(first_step // _STEPS_PER_WORD, (first_step + n_steps) // _STEPS_PER_WORD)
        poisson = self._poisson
        drawn = words(self._seed, Purpose.POISSON, poisson.index, self._ids, index[:, np.newaxis])
        by_step = drawn.transpose(0, 2, 1).reshape(n_steps, self._ids.size)
        if poisson.table is None:
            above = np.searchsorted(poisson.thresholds[0], by_step, side="right")
            return poisson.first[0] + above
        counts = np.repeat(poisson.first[poisson.table][np.newaxis], n_steps, axis=0)
        for threshold in self._padded:
            counts += threshold[poisson.table] <= by_step
        return counts


def _padded(thresholds: tuple[NDArray[np.uint32], ...]) -> NDArray[np.uint64]:
    """Return the tables as columns, filled up with a number above all words: (longest, n)."""
    longest = max(table.size for table in thresholds)
    padded = np.full((longest, len(thresholds)), 2**32, np.uint64)
    for column, table in enumerate(thresholds):
        padded[: table.size, column] = table
    return padded
