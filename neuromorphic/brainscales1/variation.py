"""Random numbers of a chip and of a trial: by place on the wafer, never by rank or order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...elementary import ndtri
from ...streams import Purpose, name_id, uniform53, words

Floats = NDArray[np.float64]


def uniform(
    seed: int, what: str, ids: ArrayLike, index: ArrayLike = 0, purpose: Purpose = Purpose.CHIP
) -> Floats:
    """Return numbers in (0, 1) for what something is, at each (id, index).

    Parameters
    ----------
    seed : int
        Of the chip or its mapping; of the trial with ``purpose`` TRIAL.
    what : str
        Names the stream: ``"noise of E->I"``.
    ids, index : array_like of int
        Broadcast against each other; 32 bits.
    purpose : Purpose
        CHIP or TRIAL.
    """
    word = words(seed, purpose, name_id(what), ids, index)
    return np.minimum(uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)


def normal(
    seed: int, what: str, ids: ArrayLike, index: ArrayLike = 0, purpose: Purpose = Purpose.CHIP
) -> Floats:
    """Return standard normal numbers; see :func:`uniform`."""
    return ndtri(uniform(seed, what, ids, index, purpose))


def deviation(
    seed: int,
    what: str,
    ids: ArrayLike,
    sd: float,
    most: float = np.inf,
    purpose: Purpose = Purpose.CHIP,
) -> Floats:
    """Return normal deviations of standard deviation ``sd``, clipped to +- ``most``."""
    return np.clip(sd * normal(seed, what, ids, 0, purpose), -most, most)
