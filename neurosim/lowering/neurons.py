"""The neurons that values are worked out for: those a rank owns, or any others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..parallel.share import Share

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neurons:
    """Some of the ``size`` neurons of a population or view.

    Attributes
    ----------
    where : (n,) int64 array or slice
        Which: indices in the population or view.
    ids : (n,) int64
        Their network-wide ids.
    first_id : int
        Network-wide id of the population's or view's first neuron.
    size : int
    """

    where: Index | slice
    ids: Index
    first_id: int
    size: int

    def part(self, values: NDArray) -> NDArray:
        """Return the rows of these neurons; contiguous, which NumPy's functions depend on."""
        return np.ascontiguousarray(values[self.where])

    def bad(self, value: float | NDArray[np.float64]) -> str:
        """Return the first of their values that is not finite, and whose it is."""
        array = np.atleast_1d(np.asarray(value, dtype=np.float64))
        index = int(np.flatnonzero(~np.isfinite(array))[0])
        place = f" for neuron {self.ids[index] - self.first_id}" if array.size > 1 else ""
        return f"{array[index]}{place}"


def neurons_at(local: Index, first_id: int, size: int) -> Neurons:
    """Return neurons of a population, by their ids within it."""
    return Neurons(local, local + first_id, first_id, size)


def owned(first_id: int, size: int, share: Share) -> Neurons:
    """Return the neurons of a population that a share owns."""
    where = slice(share.rank, None, share.n_ranks)
    return Neurons(where, share.ids(size) + first_id, first_id, size)
