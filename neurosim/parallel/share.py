"""Which neurons a rank owns: round-robin over every population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """The part of every population that one rank owns.

    Of a population's neurons, numbered from 0, rank ``r`` of ``n`` owns r, r + n, r + 2n, ...

    Attributes
    ----------
    rank, n_ranks : int
    """

    rank: int = 0
    n_ranks: int = 1

    @property
    def whole(self) -> bool:
        """Whether there is one rank, which owns everything."""
        return self.n_ranks == 1

    def count(self, size: int) -> int:
        """Return how many of the first ``size`` neurons of a population are owned."""
        return max(0, -(-(size - self.rank) // self.n_ranks))

    def ids(self, size: int) -> NDArray[np.int64]:
        """Return the owned local ids of a population of ``size``, (count,), ascending."""
        return np.arange(self.rank, size, self.n_ranks, dtype=np.int64)

    def mine(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some local ids are owned, (n_ids,)."""
        return ids % self.n_ranks == self.rank

    def position(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where owned local ids stand among the owned ones, (n_ids,)."""
        return ids // self.n_ranks

    def part(self, values: NDArray) -> NDArray:
        """Return the owned rows of an array with one row per neuron of a population."""
        return values[self.rank :: self.n_ranks]

    def assemble(self, parts: Sequence[NDArray]) -> NDArray:
        """Return the rows of all ranks in order of the neurons; the inverse of ``part``."""
        if self.whole:
            return parts[0]
        whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
        for rank, part in enumerate(parts):
            whole[rank :: self.n_ranks] = part
        return whole
