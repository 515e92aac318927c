"""What connection rules have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .names import MAX_SIZE
from .views import PopulationView


class ConnectionRule(ABC):
    """Base of the rules; each says itself whether it fits two sides."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""

    def check(  # noqa: B027 (most rules fit any two sides)
        self, pre: PopulationView, post: PopulationView, where: str
    ) -> None:
        """Raise DescriptionError unless the rule can connect ``pre`` to ``post``."""


def shared(pre: PopulationView, post: PopulationView) -> int:
    """Return how many neurons are among the sources and among the targets."""
    if pre.parent is not post.parent:
        return 0
    if pre.members is None and post.members is None:
        stop = min(pre.start + pre.size, post.start + post.size)
        return max(0, stop - max(pre.start, post.start))
    listed, other = (pre, post) if pre.members is not None else (post, pre)
    ids = listed.indices
    if other.members is not None:
        return int(np.isin(ids, other.members, assume_unique=True).sum())
    return int(((ids >= other.start) & (ids < other.start + other.size)).sum())


def index_array(values: ArrayLike, what: str) -> NDArray[np.int64]:
    """Return indices as a read-only int64 vector; DescriptionError if they are none."""
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DescriptionError(
            f"{what} must be a one-dimensional array of whole numbers, not "
            f"{array.dtype} of shape {array.shape}."
        )
    if array.size and int(array.min()) < 0:
        where = int(np.argmin(array))
        raise DescriptionError(f"{what} has the negative index {array[where]} at {where}.")
    if array.size and int(array.max()) > MAX_SIZE:
        raise DescriptionError(
            f"{what} has the index {array.max()}; no population is larger than {MAX_SIZE}."
        )
    copy = array.astype(np.int64)
    copy.flags.writeable = False
    return copy
