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
    """Leave each group of synapse arrays the lines it has drivers for, the busiest first."""
    places: Places = draft.facts["places"]
    lines = places.n_lines
    keys = [(one.target * lines + places.line[one.source])[one.kept] for one in every]
    key, each = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_counts=True)
    pair, at = np.unique(places.group[key // lines] * lines + key % lines, return_inverse=True)
    rows = np.zeros((pair.size, 3), np.int64)
    rows[:, 0] = pair
    np.maximum.at(rows[:, 1], at, each)
    np.add.at(rows[:, 2], at, each)
    gone = _without_driver(draft, places, np.concatenate(draft.ranks.gather(rows)), inputs)
    if not gone.size:
        return
    for one in every:
        own = places.group[one.target] * lines + places.line[one.source]
        one.lose(np.isin(own, gone), DRIVERS)


def _without_driver(draft: Draft, places: Places, rows: Index, inputs: Index) -> Index:
    """Return the (group, line) pairs, as numbers, that have no driver.

    ``rows`` has for each pair of each rank: the pair, the most synapses that a neuron has from
    the line, and all of them.
    """
    pair, at = np.unique(rows[:, 0], return_inverse=True)
    most, total = np.zeros(pair.size, np.int64), np.zeros(pair.size, np.int64)
    np.maximum.at(most, at, rows[:, 1])
    np.add.at(total, at, rows[:, 2])
    needed = -(-most // places.per_driver)
    group = pair // places.n_lines
    trains = np.zeros(int(places.group.max(initial=0)) + 1, np.int64)
    np.add.at(trains, places.group, np.asarray(draft.ranks.sum(inputs)))
    room = places.drivers - -(-trains // USABLE_ADDRESSES)
    used = np.bincount(group, needed, minlength=trains.size)
    draft.facts["drivers"] = int(np.minimum(used, np.maximum(room, 0)).sum())
    gone = [np.empty(0, np.int64)]
    for full in np.flatnonzero(used > room):
        own = np.flatnonzero(group == full)
        order = own[np.lexsort((pair[own], -total[own]))]
        taken = np.cumsum(needed[order])
        gone.append(pair[order[taken > room[full]]])
    return np.concatenate(gone)


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
