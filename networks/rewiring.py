"""Neurons that choose their inputs: many sources, of which some fire together.

A neuron has few synapses for many sources. Learning by spike timing keeps those of the sources
that fire together; rewiring gives the others' places another try.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import FixedInDegree
from ..description.wiring import StructureChange, Wiring
from ..errors import UnknownNameError
from ..plasticity import entry
from ..plasticity.structural import redrawn_sources, rewire
from ..units import Hz, ms, mV, second  # type: ignore[attr-defined]

N_SOURCES, N_TOGETHER = 400, 80
N_TARGETS, INDEGREE = 60, 40
RATE = 10.0  # Hz, of every source
SHARED = 0.5  # of the spikes of a source that fires together with others
JITTER_MS = 2.0
PERIOD_S = 20.0
W_MAX_MV = 1.0
WAYS = ("weak", "random", "fixed")

Way = Literal["weak", "random", "fixed"]
Spikes = tuple[NDArray[np.float64], NDArray[np.int64]]


def source_spikes(seed: int) -> Spikes:
    """Return (times in ms, source) of one period, all sources at the same rate.

    The first ``N_TOGETHER`` copy spikes of a common train, each with probability ``SHARED`` and
    up to ``JITTER_MS`` late, and have spikes of their own besides. No source has two spikes within
    0.2 ms.
    """
    rng = np.random.default_rng(seed)
    common = rng.uniform(0, PERIOD_S * 1e3 - JITTER_MS, rng.poisson(RATE * PERIOD_S))
    times, ids = [], []
    for source in range(N_SOURCES):
        together = source < N_TOGETHER
        kept = common[rng.random(common.size) < SHARED] if together else common[:0]
        own = rng.poisson(RATE * PERIOD_S * (1 - SHARED if together else 1))
        train = np.concatenate(
            [kept + rng.uniform(0, JITTER_MS, kept.size), rng.uniform(0, PERIOD_S * 1e3, own)]
        )
        train = np.unique(np.round(train, 1))
        train = train[(train < PERIOD_S * 1e3) & (np.diff(train, prepend=-1.0) > 0.15)]
        times.append(train)
        ids.append(np.full(train.size, source))
    return np.concatenate(times), np.concatenate(ids)


def turned_at_random(probability: float) -> Any:
    """Return a rule that replaces synapses whatever they weigh, as a control."""

    def rule(now: Wiring) -> StructureChange:
        gone = now.uniform(now.target_ids[now.target], now.number(), stream=5) < probability
        target = now.target[gone]
        return StructureChange(gone, redrawn_sources(now, ~gone, target), target)

    return rule


def rewiring(seed: int = 1, *, way: Way = "weak", every: Any = None) -> Network:
    """Return neurons with few plastic synapses from many sources.

    Parameters
    ----------
    seed : int
    way : {"weak", "random", "fixed"}
        Which synapses are replaced: those with less than a tenth of the largest weight; as many
        or so at random; none.
    every : Quantity of time, optional
        Between replacements; 1 s by default.
    """
    if way not in WAYS:
        raise UnknownNameError("way of rewiring", way, WAYS)
    every = 1 * second if every is None else every
    net = Network(seed=seed, name=f"rewiring_{way}")
    neuron = NeuronModel(
        "dv/dt = (-70*mV - v)/(10*ms) : volt (unless refractory)",
        threshold="v > -54*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        initial={"v": "-70*mV + 10*mV*rand()"},
        name="lif",
    )
    times, ids = source_spikes(seed)
    sources = net.spike_source(
        "sources", times=times * ms, ids=ids, size=N_SOURCES, period=PERIOD_S * second
    )
    neurons = net.population("neurons", N_TARGETS, neuron)
    net.poisson(neurons, "v", rate=900 * Hz, weight=1 * mV)
    rule = entry("pair_stdp").rule(w_max=W_MAX_MV * mV, A_plus=0.02, A_minus=0.027)
    net.project(
        sources,
        neurons,
        FixedInDegree(INDEGREE, multapses=False),
        "v",
        synapse=rule,
        weight=W_MAX_MV / 2 * mV,
        delay=1 * ms,
        name="learnt",
    )
    if way == "weak":
        net.restructure("learnt", rewire(below=0.1 * W_MAX_MV * mV), every=every)
    elif way == "random":
        net.restructure("learnt", turned_at_random(0.013), every=every)
    return net
