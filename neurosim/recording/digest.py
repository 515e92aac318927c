"""The fingerprint of a run: SHA-256 of all its spikes."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike


class SpikeDigest:
    """SHA-256 of a list of spikes, taken piece by piece.

    The list is the (step, network-wide neuron id) pairs sorted by step, then id, as
    little-endian int64, the two of a pair side by side. Pieces must come in that order.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, steps: ArrayLike, ids: ArrayLike) -> None:
        """Add spikes: ``steps`` and ``ids``, both (n_spikes,), sorted."""
        pairs = np.empty((np.size(steps), 2), dtype="<i8")
        pairs[:, 0] = steps
        pairs[:, 1] = ids
        self._hash.update(pairs.data)

    def hexdigest(self) -> str:
        """Return the digest of what was added so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()
