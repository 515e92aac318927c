"""Synapses that the wafer has no place for: too many on a neuron, too many lines at a chip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..draft import Draft
from ..report import Lost
from .circuits import USABLE_ADDRESSES
from .edges import Listed
from .places import Places, owned_ids
from .variation import uniform

if TYPE_CHECKING:
    from .platform import BrainScaleS1

Index = NDArray[np.int64]

_PORTIONS = 256  # more drivers than a chip has

FAN_IN = "more inputs than the neuron's circuits have synapses"
DRIVERS = "more input lines than the chip has synapse drivers"
AT_RANDOM = "lost at random, as set by synapse_loss"


def lose_synapses(draft: Draft, machine: BrainScaleS1, every: Sequence[Listed]) -> None:
    """Take the places of synapses away that the machine loses, and report them."""
    if machine.synapse_loss:
        for one in every:
            what = f"loss {one.projection.name}"
            u = uniform(machine.mapping_seed, what, one.target, one.index)
            one.lose(u < machine.synapse_loss, AT_RANDOM)
    if machine.mapping_loss:
        inputs = _poisson_inputs(draft)
        _by_fan_in(draft, machine, every, inputs)
        _by_drivers(draft, every, inputs)
    for one in every:
        _report(draft, one)


def _poisson_inputs(draft: Draft) -> Index:
    """Return how many Poisson inputs each neuron has, those of other ranks left 0."""
    counts = np.zeros(draft.program.n_neurons, np.int64)
    for given in draft.program.poisson:
        counts[owned_ids(given.post, draft.program)] += 1
    return counts


def _by_fan_in(draft: Draft, machine: BrainScaleS1, every: Sequence[Listed], inputs: Index) -> None:
    """Leave each neuron as many synapses as it has room for, chosen at random among all."""
    places: Places = draft.facts["places"]
    size = draft.program.n_neurons
    degree = np.zeros(size, np.int64)
    for one in every:
        degree += np.bincount(one.target[one.kept], minlength=size)
    room = np.maximum(places.fan_in - inputs, 0)
    full = degree > room
    if not full.any():
        return
    parts = [np.flatnonzero(one.kept & full[one.target]) for one in every]
    owner = np.repeat(np.arange(len(parts)), [part.size for part in parts])
    where = np.concatenate(parts)
    target = np.concatenate([one.target[at] for one, at in zip(every, parts, strict=True)])
    turn = np.concatenate([
        uniform(machine.mapping_seed, f"room {one.projection.name}", one.target[at], one.index[at])
        for one, at in zip(every, parts, strict=True)
    ])  # fmt: skip
    order = np.lexsort((turn, target))
    begins = np.searchsorted(target[order], target[order])
    out = order[np.arange(order.size) - begins >= room[target[order]]]
    for k, one in enumerate(every):
        gone = np.zeros(one.kept.size, bool)
        gone[where[out[owner[out] == k]]] = True
        one.lose(gone, FAN_IN)


def _by_drivers(draft: Draft, every: Sequence[Listed], inputs: Index) -> None:
    """Give the drivers of each group of synapse arrays to lines, where they serve most synapses.

    The d-th driver of a line serves, of each neuron's synapses from that line, the d-th portion.
    """
    places: Places = draft.facts["places"]
    parts = [np.flatnonzero(one.kept) for one in every]
    owner = np.repeat(np.arange(len(parts)), [part.size for part in parts])
    where = np.concatenate([np.empty(0, np.int64), *parts])
    pairs = [
        (one.target[at], places.line[one.source[at]]) for one, at in zip(every, parts, strict=True)
    ]
    target = np.concatenate([np.empty(0, np.int64), *(t for t, _ in pairs)])
    line = np.concatenate([np.empty(0, np.int64), *(x for _, x in pairs)])
    key = target * places.n_lines + line
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    portion = np.empty_like(key)
    begins = np.searchsorted(ordered, ordered)
    portion[order] = (np.arange(key.size) - begins) // places.per_driver
    driver = (places.group[target] * places.n_lines + line) * _PORTIONS
    driver += np.minimum(portion, _PORTIONS - 1)
    rows = np.stack(np.unique(driver, return_counts=True), axis=1)
    gone = _without_driver(draft, places, np.concatenate(draft.ranks.gather(rows)), inputs)
    if not gone.size:
        return
    out = np.isin(driver, gone)
    for k, one in enumerate(every):
        lost = np.zeros(one.kept.size, bool)
        lost[where[out & (owner == k)]] = True
        one.lose(lost, DRIVERS)


def _without_driver(draft: Draft, places: Places, rows: Index, inputs: Index) -> Index:
    """Return the drivers that there are not, of all that would serve a synapse.

    ``rows`` has for each driver that a rank's neurons want: its number, and their synapses.
    """
    driver, at = np.unique(rows[:, 0], return_inverse=True)
    serves = np.zeros(driver.size, np.int64)
    np.add.at(serves, at, rows[:, 1])
    group = driver // (places.n_lines * _PORTIONS)
    trains = np.zeros(int(places.group.max(initial=0)) + 1, np.int64)
    np.add.at(trains, places.group, np.asarray(draft.ranks.sum(inputs)))
    room = np.maximum(places.drivers - -(-trains // USABLE_ADDRESSES), 0)
    order = np.lexsort((driver, -serves, group))
    begins = np.searchsorted(group[order], group[order])
    served = np.arange(order.size) - begins < room[group[order]]
    draft.report.resources["synapse drivers"] = int(served.sum())
    return np.sort(driver[order[~served]])


def _report(draft: Draft, one: Listed) -> None:
    causes = (AT_RANDOM, FAN_IN, DRIVERS)
    counts = [one.kept.size, *(one.lost.get(why, 0) for why in causes)]
    requested, *lost = (int(n) for n in draft.ranks.sum(np.array(counts, np.int64)))
    left = requested
    for why, number in zip(causes, lost, strict=True):
        if number:
            draft.report.lost.append(Lost(one.projection.name, left, left - number, why))
            left -= number
    synapses = draft.report.details.setdefault("synapses", {})
    loss = 1 - left / requested if requested else 0.0
    synapses[one.projection.name] = {"requested": requested, "realised": left, "loss": loss}
