"""Connection rules: who connects to whom, as rules that any process can apply to its neurons."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .edge_files import sonata_edges, sparse_edges
from .names import MAX_SIZE, check_count
from .quantities import scalar
from .views import PopulationView

MAX_SYNAPSES = 2**40


class ConnectionRule(ABC):
    """Base of the rules; each says itself whether it fits two sides."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""

    def check(  # noqa: B027 (most rules fit any two sides)
        self, pre: PopulationView, post: PopulationView, where: str
    ) -> None:
        """Raise DescriptionError unless the rule can connect ``pre`` to ``post``."""


@dataclass(frozen=True)
class FixedTotalNumber(ConnectionRule):
    """Exactly ``n`` synapses, the pair of each drawn uniformly.

    Parameters
    ----------
    n : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a pair may have several synapses; if not, every set of ``n`` pairs is equally
        likely.
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        count = check_count(self.n, "FixedTotalNumber: n", smallest=0, largest=MAX_SYNAPSES)
        object.__setattr__(self, "n", count)
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_total_number", "n": self.n} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough pairs."""
        pairs = pre.size * post.size - (0 if self.autapses else shared(pre, post))
        if self.n > (pairs if not self.multapses or not pairs else self.n):
            raise DescriptionError(
                f"{where}: FixedTotalNumber({self.n}) needs {self.n} pairs, but there are {pairs} "
                f"between {pre.label!r} and {post.label!r}. Lower n, or allow "
                f"{'multapses' if pairs else 'autapses'}."
            )


@dataclass(frozen=True)
class FixedInDegree(ConnectionRule):
    """Each target has exactly ``k`` synapses from sources drawn uniformly.

    Parameters
    ----------
    k : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a source may be drawn again; if not, every set of ``k`` sources is equally likely.
    """

    k: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", check_count(self.k, "FixedInDegree: k", smallest=0))
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_indegree", "k": self.k} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough sources for a target."""
        _check_degree(self, pre, shared(pre, post), where, "sources")


@dataclass(frozen=True)
class FixedOutDegree(ConnectionRule):
    """Each source has exactly ``k`` synapses to targets drawn uniformly.

    Parameters
    ----------
    k : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a target may be drawn again; if not, every set of ``k`` targets is equally likely.
    """

    k: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", check_count(self.k, "FixedOutDegree: k", smallest=0))
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_outdegree", "k": self.k} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough targets for a source."""
        _check_degree(self, post, shared(pre, post), where, "targets")


@dataclass(frozen=True)
class Bernoulli(ConnectionRule):
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
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "bernoulli", "p": self.p, "autapses": self.autapses}


@dataclass(frozen=True)
class AllToAll(ConnectionRule):
    """Every source connects to every target once; ``autapses=False`` leaves out oneself."""

    autapses: bool = True

    def __post_init__(self) -> None:
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "all_to_all", "autapses": self.autapses}


@dataclass(frozen=True)
class OneToOne(ConnectionRule):
    """Source i connects to target i; both sides must have the same size."""

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "one_to_one"}

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError unless both sides have the same size."""
        if pre.size != post.size:
            raise DescriptionError(
                f"{where}: OneToOne needs equal sizes, but {pre.label!r} has {pre.size} neurons "
                f"and {post.label!r} {post.size}. Take slices of equal size, or use Edges."
            )


@dataclass(frozen=True, eq=False)
class Edges(ConnectionRule):
    """Explicit synapses ``pre[k] -> post[k]``; a pair may occur more than once.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_edges,)
        Indices within the source and target given to ``project``.
    weight, delay : (n_edges,) Quantity, optional
        What ``project`` takes where it is given none.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Any = None
    delay: Any = None
    shape: tuple[int, int] | None = None

    def __init__(
        self, pre: ArrayLike, post: ArrayLike, *, weight: Any = None, delay: Any = None
    ) -> None:
        object.__setattr__(self, "pre", index_array(pre, "Edges: pre"))
        object.__setattr__(self, "post", index_array(post, "Edges: post"))
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "delay", delay)
        if self.pre.size != self.post.size:
            raise DescriptionError(
                f"Edges: pre has {self.pre.size} entries and post {self.post.size}; "
                "give one source and one target per synapse."
            )

    @classmethod
    def from_sparse(cls, matrix: Any, unit: Any = None) -> Edges:
        """Return the stored entries of a matrix as edges with weights.

        Parameters
        ----------
        matrix : scipy sparse matrix, or (n_pre, n_post) array of which entries that are not 0 count
            Rows are sources, columns targets.
        unit : Quantity, optional
            What the entries are multiplied with to give ``weight``.
        """
        found, shape = sparse_edges(matrix, unit)
        edges = cls(found.pre, found.post, weight=found.weight)
        object.__setattr__(edges, "shape", (int(shape[0]), int(shape[1])))
        return edges

    @classmethod
    def from_sonata(
        cls, path: str | os.PathLike[str], population: str | None = None, unit: Any = None
    ) -> Edges:
        """Return the edges of a SONATA file, with ``syn_weight`` and ``delay`` (ms) if it has them.

        Parameters
        ----------
        path : path
        population : str, optional
            Which edge population; needed if the file has several.
        unit : Quantity, optional
            Unit of ``syn_weight``; by default what its attribute ``units`` says, if that is text
            of fixed length, else 1.

        Raises
        ------
        EdgeFileError
            No such file, no SONATA edges, or damaged.
        UnknownNameError
            The file has no such population.
        """
        found = sonata_edges(path, population, unit)
        return cls(found.pre, found.post, weight=found.weight, delay=found.delay)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "edges", "n": int(self.pre.size)}

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if an index is beyond the neurons of its side."""
        if self.shape is not None and self.shape != (pre.size, post.size):
            raise DescriptionError(
                f"{where}: the matrix of Edges.from_sparse is {self.shape[0]} x {self.shape[1]}, "
                f"but {pre.label!r} has {pre.size} neurons (rows) and {post.label!r} {post.size}."
            )
        for side, indices, label in ((pre, self.pre, "pre"), (post, self.post, "post")):
            largest = int(indices.max(initial=-1))
            if largest >= side.size:
                raise DescriptionError(
                    f"{where}: Edges: {label} has the index {largest}, but {side.label!r} has "
                    f"{side.size} neurons (0 to {side.size - 1})."
                )


Rule = ConnectionRule


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


def _check_degree(
    rule: FixedInDegree | FixedOutDegree, side: PopulationView, overlap: int, where: str, what: str
) -> None:
    """Raise DescriptionError unless every neuron can draw ``rule.k`` partners from ``side``."""
    own = 1 if overlap and not rule.autapses else 0
    candidates = side.size - own
    if rule.k > (candidates if not rule.multapses or not candidates else rule.k):
        raise DescriptionError(
            f"{where}: {type(rule).__name__}({rule.k}) needs {rule.k} {what}, but {side.label!r} "
            f"offers {candidates} of {side.size} neurons{' (not oneself)' if own else ''}. Lower "
            f"k, or allow {'multapses' if candidates else 'autapses'}."
        )


def _flags(rule: Any) -> dict[str, bool]:
    return {"autapses": bool(rule.autapses), "multapses": bool(rule.multapses)}


def _check_flags(rule: Any) -> None:
    for name in ("autapses", "multapses"):
        value = getattr(rule, name, True)
        if not isinstance(value, (bool, np.bool_)):
            raise DescriptionError(
                f"{type(rule).__name__}: {name} must be True or False, not {value!r}."
            )
