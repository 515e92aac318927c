"""Rewiring: weak synapses are replaced by others of the same targets.

A rule is shown the synapses onto a rank's own neurons (:class:`neurosim.Wiring`) and answers with
those that go and those that come. Random numbers are named by neurons and synapses, never drawn
in sequence, so that the answers of all ranks together are those of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.quantities import scalar
from ..description.structure import StructureRule
from ..description.wiring import StructureChange, Wiring, ranks_within
from ..errors import DescriptionError
from ..lowering.draws import scaled

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FREE = 8  # sources are tried at random where at least one in so many is free


@dataclass(frozen=True, eq=False)
class Rewire(StructureRule):
    """What :func:`rewire` returns."""

    by: str
    below: float | None
    weakest: float | int | None
    probability: float
    given: Any = None

    @property
    def synaptic(self) -> tuple[str, ...]:  # type: ignore[override]
        """The variable that tells weak synapses."""
        return (self.by,)

    def check(self, dims: Callable[[str, str], Any], where: str) -> None:
        """Refuse a threshold of another unit than the variable's."""
        if self.given is not None:
            scalar(self.given, dims("synapse", self.by), f"{where}: rewire: below")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        account: dict[str, Any] = {"rule": "rewire", "by": self.by}
        account |= {"below": self.below, "weakest": self.weakest}
        return account | {"probability": self.probability}

    def change(self, now: Wiring) -> StructureChange:
        """Return the weak synapses and as many new ones of the same targets."""
        strength = np.abs(now.values(self.by))
        weak = np.zeros(now.n_synapses, bool)
        if self.below is not None:
            weak |= strength < abs(self.below)
        if self.weakest is not None:
            weak |= weakest(now.target, strength, self._numbers(now.indegree()))
        if self.probability < 1:
            drawn = now.uniform(now.target_ids[now.target], now.number(), stream=1)
            weak &= drawn < self.probability
        target = now.target[weak]
        return StructureChange(weak, redrawn_sources(now, ~weak, target), target)

    def _numbers(self, indegree: Ints) -> Ints:
        if isinstance(self.weakest, int):
            return np.minimum(indegree, self.weakest)
        return np.floor(indegree * float(self.weakest or 0.0)).astype(np.int64)


def rewire(
    *,
    below: Any = None,
    weakest: float | int | None = None,
    by: str = "w",
    probability: float = 1.0,
) -> Rewire:
    """Replace weak synapses by synapses of the same targets from sources drawn anew.

    In-degrees stay as they are. Sources are drawn uniformly among all that the projection
    connects, without autapses or multapses where its connection rule has none.

    Parameters
    ----------
    below : Quantity, optional
        Synapses whose ``by`` is nearer to 0 than this are weak.
    weakest : int or float, optional
        So many of each target are weak: a number, or a share of its in-degree between 0 and 1
        (rounded down). Of equally strong ones the older go first. With ``below``, either makes a
        synapse weak.
    by : str
        Variable of the synapses whose distance from 0 is a synapse's strength.
    probability : float
        With which a weak synapse is replaced, independently.

    Returns
    -------
    StructureRule

    Examples
    --------
    >>> net.restructure("E-E", ns.plasticity.rewire(below=0.1*pA), every=1*second)  # doctest: +SKIP
    """
    if below is None and weakest is None:
        raise DescriptionError(
            "rewire: nothing says which synapses are weak. Give below=0.1*pA, weakest=2 (of each "
            "target) or weakest=0.1 (a tenth of them)."
        )
    if weakest is not None:
        _check_weakest(weakest)
    if isinstance(probability, bool) or not 0 <= probability <= 1:
        raise DescriptionError(f"rewire: probability is {probability!r}; it lies in [0, 1].")
    threshold = None if below is None else scalar(below, None, "rewire: below")
    return Rewire(str(by), threshold, weakest, float(probability), below)


def _check_weakest(weakest: Any) -> None:
    whole = isinstance(weakest, int) and not isinstance(weakest, bool)
    share = isinstance(weakest, float) and 0 < weakest < 1
    if not share and not (whole and weakest > 0):
        raise DescriptionError(
            f"rewire: weakest is {weakest!r}; it is a number of synapses (1, 2, ...) or a share "
            "between 0 and 1 of each target's."
        )


def weakest(groups: Ints, strength: NDArray[np.float64], numbers: Ints) -> Mask:
    """Return which entries are among the ``numbers[group]`` weakest of their group.

    Parameters
    ----------
    groups : (n,) int64
    strength : (n,) float64
    numbers : (n_groups,) int64

    Returns
    -------
    (n,) bool
        Of equally strong ones those that come first.
    """
    order = np.lexsort((strength, groups))
    chosen = np.zeros(groups.size, bool)
    chosen[order] = ranks_within(groups[order]) < numbers[groups[order]]
    return chosen


def redrawn_sources(now: Wiring, kept: Mask, target: Ints) -> Ints:
    """Draw a source for each new synapse.

    Parameters
    ----------
    now : Wiring
    kept : (n_synapses,) bool
        The synapses that stay.
    target : (n_new,) int64
        Positions in ``now.targets`` of the new ones' targets, ascending.

    Returns
    -------
    (n_new,) int64
        Positions in ``now.sources``: uniform among those that the projection's rule allows beside
        the synapses that stay and the other new ones.
    """
    n = now.sources.size
    taken = taken_pairs(now, kept)
    number = ranks_within(target)
    asked = np.bincount(target, minlength=now.targets.size)
    free = n - np.bincount(taken // max(n, 1), minlength=now.targets.size)
    found = np.full(target.size, -1, np.int64)
    _check_free(now, free, asked)
    few = free * _FREE < n
    for t in np.flatnonzero(few & (asked > 0)):
        found[target == t] = _among_few(now, taken[taken // n == t] % n, int(t), int(asked[t]))
    attempt = 0
    while (open_ := np.flatnonzero(found < 0)).size:
        at = target[open_]
        words = now.words(now.target_ids[at], attempt * asked[at] + number[open_])
        source = scaled(words[..., 0], words[..., 1], n)
        key = at * n + source
        fits = ~members(taken, key)
        if not now.multapses:
            fits &= first_of_each(key)
            taken = np.sort(np.concatenate([taken, key[fits]]))
        found[open_[fits]] = source[fits]
        attempt += 1
    return found


def taken_pairs(now: Wiring, kept: Mask) -> Ints:
    """Return target * n_sources + source of the pairs that may not be drawn, each once, sorted."""
    n = now.sources.size
    pairs = [np.empty(0, np.int64)]
    if not now.autapses:
        own = now.own_sources
        at = np.flatnonzero(own >= 0)
        pairs.append(at * n + own[at])
    if not now.multapses:
        pairs.append(now.target[kept] * n + now.source[kept])
    found = np.sort(np.concatenate(pairs))
    return found[np.diff(found, prepend=-1) > 0]


def _check_free(now: Wiring, free: Ints, asked: Ints) -> None:
    short = np.flatnonzero(free < asked if not now.multapses else (free < 1) & (asked > 0))
    if short.size:
        t = int(short[0])
        raise DescriptionError(
            f"restructuring of {now.projection!r}: neuron {now.targets[t]} shall have {asked[t]} "
            f"new synapses, but {free[t]} of {now.sources.size} sources are free."
        )


def _among_few(now: Wiring, taken: Ints, target: int, number: int) -> Ints:
    """Draw from a list of the free sources, where trying at random would take long."""
    free = np.setdiff1d(np.arange(now.sources.size), taken)
    if now.multapses:
        words = now.words(now.target_ids[target], np.arange(number), stream=2)
        return free[scaled(words[..., 0], words[..., 1], free.size)]
    key = random_keys(now.words(now.target_ids[target], free, stream=2))
    return free[np.argsort(key, kind="stable")[:number]]


def members(ascending: Ints, values: Ints) -> Mask:
    """Return which values are among sorted ones."""
    if not ascending.size:
        return np.zeros(values.size, bool)
    at = np.minimum(np.searchsorted(ascending, values), ascending.size - 1)
    return ascending[at] == values


def first_of_each(values: Ints) -> Mask:
    """Return which entries are the first with their value."""
    first = np.zeros(values.size, bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def random_keys(words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return a random number of 64 bits from each row of words, to sort by."""
    return words[..., 0].astype(np.uint64) << np.uint64(32) | words[..., 1]
