"""Random numbers of a chip and of a trial: by place on the wafer, never by rank or order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import streams
from ...elementary import ndtri

Floats = NDArray[np.float64]

_PURPOSE = 50
"""Last word of the counter, which no purpose of the simulation itself has."""


def uniform(seed: int, what: str, ids: ArrayLike, index: ArrayLike = 0) -> Floats:
    """Return numbers in (0, 1) for what something is, at each (id, index).

    Parameters
    ----------
    seed : int
        Of the chip, the trial or the mapping.
    what : str
        Names the stream: ``"noise of E->I"``.
    ids, index : array_like of int
        Broadcast against each other; 32 bits.
    """
    word = streams.words(seed, _PURPOSE, streams.name_id(what), ids, index)
    return np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)


def normal(seed: int, what: str, ids: ArrayLike, index: ArrayLike = 0) -> Floats:
    """Return standard normal numbers; see :func:`uniform`."""
    return ndtri(uniform(seed, what, ids, index))


def deviation(
    seed: int, what: str, ids: ArrayLike, sd: float, most: float = np.inf, index: ArrayLike = 0
) -> Floats:
    """Return normal deviations of standard deviation ``sd``, clipped to +- ``most``."""
    return np.clip(sd * normal(seed, what, ids, index), -most, most)
