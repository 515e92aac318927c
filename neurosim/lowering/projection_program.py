"""Projections as plain data: who connects to whom, and what is drawn for every synapse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..parallel.share import Share
from .machine_program import Grid

if TYPE_CHECKING:
    from .synapse_program import SynapseProgram


@dataclass(frozen=True, eq=False)
class Span:
    """Some neurons of a population or source.

    ``start`` is the first one's local id, ``first_id`` its network-wide id. ``members`` (size,)
    are the local ids, ascending; None when they are ``start`` to ``start + size - 1``.
    """

    population: str
    start: int
    size: int
    first_id: int
    members: NDArray[np.int64] | None = None

    def local_ids(self) -> NDArray[np.int64]:
        """Return the ids within the population, (size,), ascending."""
        if self.members is not None:
            return self.members
        return np.arange(self.start, self.start + self.size)

    def global_ids(self) -> NDArray[np.int64]:
        """Return the network-wide ids, (size,), ascending."""
        return self.local_ids() + (self.first_id - self.start)

    def local_ids_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ids within the population of the neurons at some positions in the span."""
        return positions + self.start if self.members is None else self.members[positions]

    def global_ids_at(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the network-wide ids of the neurons at some positions in the span."""
        if self.members is None:
            return positions + self.first_id
        return self.members[positions] + (self.first_id - self.start)

    def own(self, share: Share) -> NDArray[np.int64]:
        """Return the positions in the span of the neurons that a rank owns, ascending."""
        if self.members is not None:
            return np.flatnonzero(share.mine(self.members))
        first = (share.rank - self.start) % share.n_ranks
        return np.arange(first, self.size, share.n_ranks, dtype=np.int64)

    def own_count(self, share: Share) -> int:
        """Return how many neurons of the span a rank owns."""
        if self.members is not None:
            return int(share.mine(self.members).sum())
        return share.count(self.start + self.size) - share.count(self.start)

    def own_place(self, share: Share, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where owned neurons, by position in the span, stand among the owned ones."""
        if self.members is not None:
            return np.searchsorted(self.own(share), positions)
        return positions // share.n_ranks

    def positions_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in the span network-wide ids are; ``size`` for those that are not."""
        if self.members is None:
            found = ids - self.first_id
            return np.where((found >= 0) & (found < self.size), found, self.size)
        own = self.global_ids()
        found = np.searchsorted(own, ids)
        inside = own[np.minimum(found, self.size - 1)] == ids
        return np.where(inside, found, self.size)

    def overlap(self, other: Span) -> int:
        """Return how many neurons two spans share."""
        if self.members is None and other.members is None:
            stop = min(self.first_id + self.size, other.first_id + other.size)
            return max(0, stop - max(self.first_id, other.first_id))
        return int((self.positions_of(other.global_ids()) < self.size).sum())


@dataclass(frozen=True)
class RandomSources:
    """Each target draws ``indegree`` sources, uniformly.

    ``indegree`` has one number for each owned target, ascending, or one for all. Without
    ``multapses`` no source twice, without ``autapses`` not itself.
    """

    indegree: NDArray[np.int64]
    autapses: bool = True
    multapses: bool = True


@dataclass(frozen=True)
class RandomTargets:
    """Each source draws ``outdegree`` targets, uniformly; flags as in RandomSources.

    ``outdegree`` has one number for each source, or one for all.
    """

    outdegree: NDArray[np.int64]
    autapses: bool = True
    multapses: bool = True


@dataclass(frozen=True)
class BernoulliSources:
    """Each (source, target) pair is connected with the same probability, independently."""

    probability: float
    autapses: bool


@dataclass(frozen=True)
class AllSources:
    """Every source connects to every target."""

    autapses: bool


@dataclass(frozen=True)
class MatchingSource:
    """Source i connects to target i."""


@dataclass(frozen=True)
class ListedEdges:
    """Explicit edges, sorted by target (stable); ids local to the spans, arrays (n_edges,).

    Those whose target is owned.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]


Rule = RandomSources | RandomTargets | BernoulliSources | AllSources | MatchingSource | ListedEdges


@dataclass(frozen=True)
class Draw:
    """A value drawn by inversion: ``kind`` applied to u in (low_u, high_u).

    With q = low_u + u (high_u - low_u): constant: a; uniform: a + (b - a) q;
    normal: a + b ndtri(q); lognormal: exp(a + b ndtri(q)); exponential: -a log(1 - q).
    ``listed`` takes one value per edge from ``values``, in the order of the listed edges.
    The result is clipped to [low, high], which only rounding can leave, and put on the ``grid``.
    """

    kind: Literal["constant", "uniform", "normal", "lognormal", "exponential", "listed"]
    a: float = 0.0
    b: float = 0.0
    low_u: float = 0.0
    high_u: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    values: NDArray[np.float64] | None = None
    grid: Grid | None = None

    def gridded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return drawn values as they are on the grid."""
        return values if self.grid is None else self.grid.apply(values)

    @property
    def constant(self) -> float:
        """What a constant draw gives."""
        return self.a if self.grid is None else float(self.grid.apply(self.a))


@dataclass(frozen=True)
class DelayDraw:
    """Delays in steps.

    ``thresholds`` (n,) uint32, ascending: the delay is ``first`` + the number of thresholds
    that are <= a 32-bit word (none for a constant). ``values`` (n_edges,) lists them instead, and
    ``bounds`` are then the shortest and longest on all ranks, where a rank knows them.
    """

    first: int
    thresholds: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    values: NDArray[np.int64] | None = None
    bounds: tuple[int, int] | None = None

    @property
    def known(self) -> bool:
        """Whether this rank can tell any delay: not if all that are listed are of other ranks."""
        return self.values is None or self.bounds is not None or self.values.size > 0

    @property
    def smallest(self) -> int:
        """Shortest delay that can occur, in steps."""
        if self.bounds is not None:
            return self.bounds[0]
        if self.values is None or not self.values.size:
            return self.first
        return int(self.values.min())

    @property
    def largest(self) -> int:
        """Longest delay that can occur, in steps."""
        if self.bounds is not None:
            return self.bounds[1]
        if self.values is not None:
            return int(self.values.max(initial=0))
        return self.first + self.thresholds.size


@dataclass(frozen=True)
class ProjectionProgram:
    """Synapses whose effect is ``variable += weight``, from one span of neurons to another.

    With a ``synapse`` it is what that says; ``variable`` is then empty or for information.
    ``index`` is the order of declaration and keys the random streams. Weights are used as
    float32 (``weight_bits`` 32) or float64 (64) by every engine. The rule's and the listed arrays
    are of the targets that ``share`` owns; ``total`` is the number of synapses of all shares, where
    a rank knows it. ``restructured``: its synapses come and go, see ``Program.structures``.
    """

    name: str
    index: int
    pre: Span
    post: Span
    variable: str
    rule: Rule
    weight: Draw
    delay: DelayDraw
    weight_bits: Literal[32, 64] = 32
    synapse: SynapseProgram | None = None
    share: Share = field(default_factory=Share)
    total: int | None = None
    restructured: bool = False

    @property
    def delays(self) -> list[tuple[int, int]]:
        """(shortest, longest) delay of each presynaptic pathway, in steps, that a rank knows."""
        own = [(self.delay.smallest, self.delay.largest)] if self.delay.known else []
        if self.synapse is None:
            return own
        found = []
        for i, _ in self.synapse.pathways("pre"):
            delay = self.synapse.delays[i]
            found += own if delay is None else [(delay, delay)]
        return found

    @property
    def expected_synapses(self) -> float:
        """How many synapses there will be on all ranks; the mean where that is random.

        What a rank lists itself without knowing the whole counts as if all listed as many.
        """
        if self.total is not None:
            return float(self.total)
        if isinstance(self.rule, (RandomSources, ListedEdges)) and not self.share.whole:
            own = max(self.post.own_count(self.share), 1)
            return self.own_synapses * self.post.size / own
        return self._expected(self.post.size)

    @property
    def own_synapses(self) -> float:
        """How many synapses the share will have; the mean where that is random."""
        return self._expected(self.post.own_count(self.share))

    def _expected(self, targets: int) -> float:
        rule, pre, post = self.rule, self.pre, self.post
        if isinstance(rule, RandomSources):
            return float(np.broadcast_to(rule.indegree, targets).sum())
        if isinstance(rule, RandomTargets):
            drawn = float(np.broadcast_to(rule.outdegree, pre.size).sum())
            return drawn * targets / post.size
        if isinstance(rule, ListedEdges):
            return float(rule.pre.size)
        if isinstance(rule, MatchingSource):
            return float(targets)
        pairs = float(pre.size) * targets
        pairs -= 0 if rule.autapses else pre.overlap(post) * targets / post.size
        return pairs * (rule.probability if isinstance(rule, BernoulliSources) else 1.0)
