"""Neurons that spike when told, of any model, and what happens to them and their synapses."""

import numpy as np

import neurosim as ns
from neurosim.units import ms, mV

DT = 0.1 * ms
DT_MS = 0.1
SCALE = 1 * mV  # w_max
EQUATIONS = "fire : 1\ng : volt"


def obedient(equations=EQUATIONS, **more):
    """A neuron that spikes a step after ``fire`` was raised by 1000."""
    return ns.NeuronModel(equations, threshold="fire > 0.5", reset="fire = 0", name="told", **more)


def told(model, pre, post, seed=1):
    """A network of pairs: sources "pre" and neurons "cells" that spike at the steps given.

    Steps of "cells" are at least 1; those of a neuron at least 2 apart.
    """
    net = ns.Network(seed=seed)

    def source(name, trains):
        steps = np.concatenate([np.asarray(t, int) for t in trains])
        ids = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
        return net.spike_source(name, steps * DT, ids, size=len(trains))

    source("pre", pre)
    cells = net.population("cells", len(post), model)
    kicks = source("kicks", [np.asarray(t, int) - 1 for t in post])
    net.project(kicks, cells, ns.OneToOne(), "fire", weight=1000, delay=0 * ms)
    return net


def connect(net, rules, weight=0.5 * SCALE):
    """One projection from "pre" to "cells" for each rule, pair by pair, without delay."""
    pre, cells = net.sources["pre"], net.populations["cells"]
    for name, rule in rules.items():
        net.project(
            pre, cells, ns.OneToOne(), "g", synapse=rule, weight=weight, delay=0 * ms, name=name
        )
    return net


def random_trains(rng, n, steps, spikes):
    """Steps of n neurons, at least 2 apart, from 1 on."""
    slots = np.arange(1, steps, 2)
    return [np.sort(rng.choice(slots, spikes, replace=False)) for _ in range(n)]


def pairings(pre, post, p):
    """(step, change of eligibility) of each spike: sums over all spikes of the other side."""
    pre, post = np.asarray(pre, float), np.asarray(post, float)
    found = []
    for now in pre:
        lags = (now - post[post < now]) * DT_MS
        found.append((now, -p["A_minus"] * np.exp(-lags / p["tau_minus"]).sum()))
    for now in post:
        lags = (now - pre[pre <= now]) * DT_MS
        found.append((now, p["A_plus"] * np.exp(-lags / p["tau_plus"]).sum()))
    return sorted(found)
