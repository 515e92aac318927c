"""Synapses whose both sides fire at given times, as in experiments on single synapses.

A synapse of its own for every pair of spike trains: a source that fires at the times of the one,
and a neuron that is made to fire at the times of the other. What is transmitted has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import OneToOne
from ..errors import DescriptionError
from ..units import ms

Times = NDArray[np.float64]


def pairings(
    lag_ms: float, rate_hz: float, count: int, first_ms: float = 100.0
) -> tuple[Times, Times]:
    """Return spike times (ms) of both sides: ``count`` pairs at a rate, post - pre = lag.

    The earlier spike of the first pair is at ``first_ms``.
    """
    earlier = np.asarray(first_ms + np.arange(count) * 1e3 / float(rate_hz), dtype=np.float64)
    return earlier + max(-lag_ms, 0.0), earlier + max(lag_ms, 0.0)


def relay() -> NeuronModel:
    """Return neurons that fire one step after ``v`` was raised; ``g`` collects input."""
    return NeuronModel("v : 1\ng : 1", threshold="v > 0.5", reset="v = 0", name="relay")


def driven_synapses(
    rules: Mapping[str, Any],
    pre_ms: Sequence[ArrayLike],
    post_ms: Sequence[ArrayLike],
    *,
    dt_ms: float,
    weight: Any = 1.0,
    delays: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 1,
) -> Network:
    """Return a network with one synapse of every rule for every pair of spike trains.

    Parameters
    ----------
    rules : dict of name to PlasticityRule
        A projection each, of that name, from ``pre`` to ``post``.
    pre_ms, post_ms : sequence of arrays
        Spike times in ms, of the same number of synapses. Those of the neurons must be later
        than the first step.
    dt_ms : float
        The step that the network will be run with: neurons are driven one step before they fire.
    weight : number or array (n,)
        Of all, or each, at t = 0.
    delays : dict of name to dict, optional
        ``delay`` and ``delay_post`` of projections; none by default.
    seed : int

    Raises
    ------
    DescriptionError
        There are not as many trains on both sides, or a neuron cannot fire that early.
    """
    if len(pre_ms) != len(post_ms):
        raise DescriptionError(
            f"driven_synapses: {len(pre_ms)} trains of sources and {len(post_ms)} of neurons; "
            "give one of each for every synapse."
        )
    n = len(pre_ms)
    post_times, post_ids = _flat(post_ms)
    if post_times.size and post_times.min() < dt_ms:
        raise DescriptionError(
            f"driven_synapses: a neuron would fire at {post_times.min():g} ms; it can from "
            f"{dt_ms:g} ms on, one step after it is driven."
        )
    network = Network(seed=seed, name="pairings", weight_bits=64)
    pre_times, pre_ids = _flat(pre_ms)
    pre = network.spike_source("pre", pre_times * ms, pre_ids, size=n)
    drive = network.spike_source("drive", (post_times - dt_ms) * ms, post_ids, size=n)
    post = network.population("post", n, relay())
    network.project(drive, post, OneToOne(), "v", weight=1.0, delay=0 * ms)
    for name, rule in rules.items():
        times = (delays or {}).get(name, {"delay": 0 * ms})
        network.project(pre, post, OneToOne(), "g", synapse=rule, weight=weight, name=name, **times)
    return network


def _flat(trains: Sequence[ArrayLike]) -> tuple[Times, NDArray[np.int64]]:
    """Return all times and whose they are, by time."""
    arrays = [np.asarray(train, dtype=float) for train in trains]
    times = np.concatenate(arrays) if arrays else np.empty(0)
    ids = np.repeat(np.arange(len(arrays)), [a.size for a in arrays])
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]
