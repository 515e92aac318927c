"""What a rule of structural plasticity sees of a projection, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Quantity
from numpy.typing import ArrayLike, NDArray

from .. import streams
from ..errors import DescriptionError
from .quantities import SECOND, quantity

OWN_STREAMS = 128
"""Streams of random numbers that rules may use; those from here on draw new synapses' values."""


@dataclass(frozen=True, eq=False)
class StructureChange:
    """Which synapses go and which come.

    Attributes
    ----------
    delete : (n_synapses,) bool, or (k,) int
        Of the synapses that the rule was shown: a mask, or their positions.
    source, target : (n_new,) int
        Of the new synapses, positions in ``Wiring.sources`` and ``Wiring.targets``.
    delay : (n_new,) int, optional
        Steps; by default drawn as the projection's, or as ``restructure`` was told.
    values : dict of str to (n_new,) float
        Of synaptic variables, SI units; those not given are drawn as at t = 0.
    pre, post : dict of str to (n_sources,) or (n_targets,) float
        New values of state variables of the sources, the same on every rank, and of the rank's
        targets, SI units.
    """

    delete: ArrayLike = ()
    source: ArrayLike = ()
    target: ArrayLike = ()
    delay: ArrayLike | None = None
    values: Mapping[str, ArrayLike] = field(default_factory=dict)
    pre: Mapping[str, ArrayLike] = field(default_factory=dict)
    post: Mapping[str, ArrayLike] = field(default_factory=dict)


def _nothing_to_read(side: str, variable: str) -> NDArray[np.float64]:
    raise DescriptionError(f"{variable!r} of the {side} side is not known here.")


def _alone(values: NDArray) -> list[NDArray]:
    return [values]


@dataclass(frozen=True, eq=False)
class Wiring:
    """The synapses of a projection onto a rank's own neurons, as a step starts.

    Of several ranks each sees the synapses onto its own targets; its rule answers for these
    alone. Methods that communicate (:meth:`pre`, :meth:`gather`, :meth:`sum`) must be called by
    every rank, in the same order.

    Attributes
    ----------
    projection : str
    step : int
    dt : float
        Seconds.
    sources : (n_sources,) int64
        Ids in their population of all neurons that synapses may come from.
    targets : (n_targets,) int64
        Ids in their population of the rank's own neurons that synapses may go to.
    source, target : (n_synapses,) int64
        Of each synapse, its positions in ``sources`` and ``targets``; by target, within a target
        in order of age.
    delay : (n_synapses,) int64
        Steps.
    source_ids, target_ids : (n_sources,), (n_targets,) int64
        Network-wide ids of ``sources`` and ``targets``.
    autapses, multapses : bool
        Whether the projection's rule allows a neuron's synapse onto itself, and several synapses
        between the same two neurons.
    n_ranks : int
    """

    projection: str
    step: int
    dt: float
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    delay: NDArray[np.int64]
    source_ids: NDArray[np.int64]
    target_ids: NDArray[np.int64]
    autapses: bool = True
    multapses: bool = True
    n_ranks: int = 1
    seed: int = 0
    index: int = 0
    read: Callable[[str, str], NDArray[np.float64]] = _nothing_to_read
    exchange: Callable[[NDArray], list[NDArray]] = _alone

    @property
    def t(self) -> Quantity:
        """Time at which the step starts."""
        return quantity(self.step * self.dt, SECOND)

    @property
    def n_synapses(self) -> int:
        """Number of synapses shown, those onto the rank's own targets."""
        return int(self.source.size)

    @property
    def own_sources(self) -> NDArray[np.int64]:
        """Position in ``sources`` of each target itself, (n_targets,); -1 where it is none."""
        order = np.argsort(self.source_ids, kind="stable")
        ids = self.source_ids[order]
        found = np.minimum(np.searchsorted(ids, self.target_ids), max(ids.size - 1, 0))
        if not ids.size:
            return np.full(self.target_ids.size, -1, np.int64)
        return np.where(ids[found] == self.target_ids, order[found], -1)

    def values(self, variable: str) -> NDArray[np.float64]:
        """Return a variable of the synapses, (n_synapses,), SI units, as of now."""
        return self.read("synapse", variable)

    def pre(self, variable: str) -> NDArray[np.float64]:
        """Return a variable of the sources, (n_sources,), SI units; called by every rank."""
        return self.read("pre", variable)

    def post(self, variable: str) -> NDArray[np.float64]:
        """Return a variable of the rank's targets, (n_targets,), SI units."""
        return self.read("post", variable)

    def gather(self, values: NDArray) -> NDArray:
        """Return the rows of all ranks, one after the other; called by every rank."""
        return np.concatenate(self.exchange(np.ascontiguousarray(values)))

    def sum(self, values: NDArray) -> NDArray:
        """Return the sum over ranks of integers of equal shapes; called by every rank."""
        return np.sum(self.exchange(np.ascontiguousarray(values)), axis=0)

    def indegree(self) -> NDArray[np.int64]:
        """Return the number of synapses onto each of the rank's targets, (n_targets,)."""
        return np.bincount(self.target, minlength=self.targets.size).astype(np.int64)

    def outdegree(self) -> NDArray[np.int64]:
        """Return each source's number of synapses on all ranks; called by every rank."""
        return self.sum(np.bincount(self.source, minlength=self.sources.size).astype(np.int64))

    def number(self) -> NDArray[np.int64]:
        """Return how many synapses of the same target come before each one, (n_synapses,)."""
        return ranks_within(self.target)

    def words(self, ids: ArrayLike, index: ArrayLike, stream: int = 0) -> NDArray[np.uint32]:
        """Draw four random words for every (id, index) at this step.

        They depend on the network's seed, the projection, the step, ``stream``, ``ids`` and
        ``index`` alone: give what names a neuron or synapse whatever the number of ranks, such as
        ``target_ids[target]`` and :meth:`number`.

        Parameters
        ----------
        ids, index : array_like of int
            In [0, 2**32); broadcast against each other.
        stream : int
            In [0, 128): another one gives other numbers.

        Returns
        -------
        (..., 4) uint32
        """
        if not 0 <= stream < OWN_STREAMS:
            raise DescriptionError(
                f"the rule of {self.projection!r} asks for stream {stream}; there are "
                f"{OWN_STREAMS}, from 0."
            )
        return structure_words(self.seed, self.index, self.step, stream, ids, index)

    def uniform(self, ids: ArrayLike, index: ArrayLike, stream: int = 0) -> NDArray[np.float64]:
        """Draw numbers uniform in (0, 1); arguments as of :meth:`words`."""
        words = self.words(ids, index, stream)
        return streams.uniform53(words[..., 0], words[..., 1])


def structure_words(
    seed: int, projection: int, step: int, stream: int, ids: ArrayLike, index: ArrayLike
) -> NDArray[np.uint32]:
    """Draw the words that a projection's restructuring at a step uses; see ``Wiring.words``."""
    named = (step & 0xFFFFFFFF, step >> 32, projection * 256 + stream)
    return streams.synaptic_words(seed, streams.Purpose.STRUCTURE, named, ids, index)


def ranks_within(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many entries of the same group come before each, in order of the array."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    out = np.empty(groups.size, np.int64)
    out[order] = np.arange(groups.size) - np.searchsorted(ordered, ordered, side="left")
    return out


def integers(values: ArrayLike, below: int, what: str) -> NDArray[np.int64]:
    """Return positions as int64, (k,); DescriptionError unless all are in [0, below)."""
    given: NDArray[Any] = np.atleast_1d(np.asarray(values))
    if given.size == 0:
        return np.empty(0, np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise DescriptionError(
            f"{what} must be a row of integers, not {given.dtype} {given.shape}."
        )
    if given.min() < 0 or given.max() >= below:
        raise DescriptionError(
            f"{what} goes from {given.min()} to {given.max()}; it must be from 0 to {below - 1}."
        )
    return given.astype(np.int64)
