"""Synapses made and removed by activity: elements of both sides that grow, meet and are lost.

The rule is that of M. Butz & A. van Ooyen (2013) as S. Diaz-Pier et al. (2016) put it into a
simulator; how elements grow is up to the neurons' equations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.quantities import show
from ..description.structure import StructureRule
from ..description.wiring import StructureChange, Wiring, ranks_within
from ..errors import DescriptionError
from .structural import Ints, Mask, first_of_each, members, random_keys, taken_pairs


@dataclass(frozen=True, eq=False)
class GrowAndPrune(StructureRule):
    """What :func:`grow_and_prune` returns."""

    axon: str
    dendrite: str
    vacant_loss: float

    @property
    def of_sources(self) -> tuple[str, ...]:  # type: ignore[override]
        """The number of axonal elements."""
        return (self.axon,)

    @property
    def of_targets(self) -> tuple[str, ...]:  # type: ignore[override]
        """The number of dendritic elements."""
        return (self.dendrite,)

    def check(self, dims: Callable[[str, str], Any], where: str) -> None:
        """Refuse elements that are no plain numbers."""
        for side, name in (("pre", self.axon), ("post", self.dendrite)):
            if not dims(side, name).is_dimensionless:
                raise DescriptionError(
                    f"{where}: grow_and_prune: {name!r} has a unit (1 is "
                    f"{show(1.0, dims(side, name))}); elements are counted: '{name} : 1'."
                )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        names = {"axon": self.axon, "dendrite": self.dendrite}
        return {"rule": "grow_and_prune", **names, "vacant_loss": self.vacant_loss}

    def change(self, now: Wiring) -> StructureChange:
        """Return synapses that lost an element, and new ones between vacant elements."""
        axons, dendrites = _whole(now.pre(self.axon)), _whole(now.post(self.dendrite))
        lost = lost_axons(now, axons)
        lost |= lost_dendrites(now, ~lost, dendrites)
        source, target = now.source[~lost], now.target[~lost]
        indegree = np.bincount(target, minlength=now.targets.size)
        outdegree = now.sum(np.bincount(source, minlength=now.sources.size).astype(np.int64))
        new = met(now, ~lost, axons - outdegree, dendrites - indegree)
        outdegree = outdegree + now.sum(np.bincount(new[0], minlength=now.sources.size))
        indegree = indegree + np.bincount(new[1], minlength=now.targets.size)
        kept = (
            self._kept(now.pre(self.axon), outdegree),
            self._kept(now.post(self.dendrite), indegree),
        )
        written = {"pre": {self.axon: kept[0]}, "post": {self.dendrite: kept[1]}}
        return StructureChange(lost, *new, **written)  # type: ignore[arg-type]

    def _kept(self, elements: NDArray[np.float64], connected: Ints) -> NDArray[np.float64]:
        """Return the elements less what is lost of those without a synapse."""
        elements = np.maximum(elements, 0.0)
        vacant = np.maximum(np.floor(elements) - connected, 0.0)
        return elements - self.vacant_loss * vacant


def grow_and_prune(axon: str, dendrite: str, *, vacant_loss: float = 0.1) -> GrowAndPrune:
    """Make and remove synapses as neurons grow and lose the elements that synapses are made of.

    Every neuron has numbers of axonal and dendritic elements, variables of its model that grow
    and shrink with its activity (see the page on structural plasticity). A synapse takes an
    element of each side. At each restructuring, sources and then targets with fewer (whole)
    elements than synapses lose synapses, drawn uniformly among their own; then vacant elements of
    the two sides meet in random pairs, until one side has none left. A pair that the projection's
    connection rule does not allow (a neuron with itself, or connected already) stays vacant.

    Parameters
    ----------
    axon, dendrite : str
        State variables of sources and targets, without unit. Numbers below 0 are set to 0.
    vacant_loss : float
        Share of the elements still vacant that is lost at each restructuring (NEST's
        ``tau_vacant``, 0.1 there).

    Returns
    -------
    StructureRule

    References
    ----------
    M. Butz & A. van Ooyen, PLoS Comput. Biol. 9, e1003259, 2013; S. Diaz-Pier, M. Naveau, M.
    Butz-Ostendorf & A. Morrison, Front. Neuroanat. 10:57, 2016.
    """
    if isinstance(vacant_loss, bool) or not 0 <= vacant_loss <= 1:
        raise DescriptionError(f"grow_and_prune: vacant_loss is {vacant_loss!r}; it is in [0, 1].")
    return GrowAndPrune(str(axon), str(dendrite), float(vacant_loss))


def _whole(elements: NDArray[np.float64]) -> Ints:
    return np.floor(np.maximum(elements, 0.0)).astype(np.int64)


def lost_axons(now: Wiring, axons: Ints) -> Mask:
    """Return which synapses go because their sources have too few elements; collective.

    Each goes with the same probability as the others of its source, on whatever rank these are.
    """
    surplus = np.maximum(now.outdegree() - axons, 0)
    at = np.flatnonzero(surplus[now.source] > 0)
    number, ids = now.number()[at], now.target_ids[now.target[at]]
    key = random_keys(now.words(ids, number, stream=1)).view(np.int64)
    own = np.stack([now.source[at], key, ids, number], axis=1)
    rows = now.gather(own)
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    gone = ordered[ranks_within(ordered[:, 0]) < surplus[ordered[:, 0]]]
    lost = np.zeros(now.n_synapses, bool)
    # a synapse is named by its target and its number among the target's
    base = int(max(now.indegree().max(initial=0), rows[:, 3].max(initial=0))) + 1
    lost[at] = members(np.sort(gone[:, 2] * base + gone[:, 3]), ids * base + number)
    return lost


def lost_dendrites(now: Wiring, kept: Mask, dendrites: Ints) -> Mask:
    """Return which of the synapses that are kept go because their targets have too few elements."""
    indegree = np.bincount(now.target[kept], minlength=now.targets.size)
    surplus = np.maximum(indegree - dendrites, 0)
    key = random_keys(now.words(now.target_ids[now.target], now.number(), stream=2))
    at = np.flatnonzero(kept)
    order = at[np.lexsort((key[at], now.target[at]))]
    lost = np.zeros(now.n_synapses, bool)
    lost[order] = ranks_within(now.target[order]) < surplus[now.target[order]]
    return lost


def met(now: Wiring, kept: Mask, axons: Ints, dendrites: Ints) -> tuple[Ints, Ints]:
    """Return (source, target) positions of the rank's synapses between vacant elements; collective.

    Parameters
    ----------
    now : Wiring
    kept : (n_synapses,) bool
    axons : (n_sources,) int64
        Vacant ones of every source.
    dendrites : (n_targets,) int64
        Vacant ones of the rank's targets.
    """
    vacant = now.gather(np.stack([now.target_ids, dendrites], axis=1))
    vacant = vacant[np.argsort(vacant[:, 0])]
    source = _shuffled(now, now.source_ids, axons, stream=3)
    target = _shuffled(now, vacant[:, 0], vacant[:, 1], stream=4)
    n = min(source.size, target.size)
    source, ids = source[:n], vacant[target[:n], 0]
    place = np.searchsorted(now.target_ids, ids)  # the rank's targets ascend
    place = np.minimum(place, max(now.targets.size - 1, 0))
    own = now.target_ids[place] == ids if now.targets.size else np.zeros(n, bool)
    source, at = source[own], place[own]
    pairs = at * now.sources.size + source
    allowed = ~members(taken_pairs(now, kept), pairs)
    if not now.multapses:
        allowed &= first_of_each(pairs)
    return source[allowed], at[allowed]


def _shuffled(now: Wiring, ids: Ints, numbers: Ints, stream: int) -> Ints:
    """Return whose each element is, in the random order in which elements meet."""
    owner = np.repeat(np.arange(ids.size), np.maximum(numbers, 0))
    keys = random_keys(now.words(ids[owner], ranks_within(owner), stream))
    return owner[np.argsort(keys, kind="stable")]
