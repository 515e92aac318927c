"""Connection rules: who connects to whom, as rules that any process can apply to its neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .names import check_count
from .quantities import scalar

MAX_SYNAPSES = 2**40


@dataclass(frozen=True)
class FixedTotalNumber:
    """Exactly ``n`` synapses, source and target drawn uniformly with replacement.

    Multapses (several synapses of a pair) and autapses (onto oneself) can occur.
    """

    n: int

    def __post_init__(self) -> None:
        count = check_count(self.n, "FixedTotalNumber: n", smallest=0, largest=MAX_SYNAPSES)
        object.__setattr__(self, "n", count)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_total_number", "n": self.n}


@dataclass(frozen=True)
class Bernoulli:
    """Each pair is connected with probability ``p``, independently, at most once.

    ``autapses=False`` leaves out synapses of a neuron onto itself.
    """

    p: float
    autapses: bool = True

    def __post_init__(self) -> None:
        p = scalar(self.p, DIMENSIONLESS, "Bernoulli: p")
        if not 0 <= p <= 1:
            raise DescriptionError(f"Bernoulli: p is {p!r}; a probability lies in [0, 1].")
        object.__setattr__(self, "p", p)
        _check_flag(self.autapses, "Bernoulli: autapses")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "bernoulli", "p": self.p, "autapses": self.autapses}


@dataclass(frozen=True)
class AllToAll:
    """Every source connects to every target once; ``autapses=False`` leaves out oneself."""

    autapses: bool = True

    def __post_init__(self) -> None:
        _check_flag(self.autapses, "AllToAll: autapses")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "all_to_all", "autapses": self.autapses}


@dataclass(frozen=True)
class OneToOne:
    """Source i connects to target i; both sides must have the same size."""

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "one_to_one"}


@dataclass(frozen=True, eq=False)
class Edges:
    """Explicit synapses ``pre[k] -> post[k]``; a pair may occur more than once.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_edges,)
        Indices within the source and target given to ``project``.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]

    def __init__(self, pre: ArrayLike, post: ArrayLike) -> None:
        object.__setattr__(self, "pre", index_array(pre, "Edges: pre"))
        object.__setattr__(self, "post", index_array(post, "Edges: post"))
        if self.pre.size != self.post.size:
            raise DescriptionError(
                f"Edges: pre has {self.pre.size} entries and post {self.post.size}; "
                "give one source and one target per synapse."
            )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "edges", "n": int(self.pre.size)}


Rule = FixedTotalNumber | Bernoulli | AllToAll | OneToOne | Edges


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
    copy = array.astype(np.int64)
    copy.flags.writeable = False
    return copy


def _check_flag(value: Any, what: str) -> None:
    if not isinstance(value, (bool, np.bool_)):
        raise DescriptionError(f"{what} must be True or False, not {value!r}.")
