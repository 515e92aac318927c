"""Networks for the tests of sweeps; a file of its own, as worker processes import it."""

import os
import time

import neurosim as ns
from neurosim.units import ms


def build(g=1.0, tau=10 * ms, seed=1, n=20):
    """Neurons that fire by themselves; the larger ``g``, the less."""
    net = ns.Network(seed=seed)
    lif = ns.NeuronModel(
        "dv/dt = (25*mV/g - v)/tau : volt\ntau : second\ng : 1",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        parameters={"tau": tau, "g": g},
    )
    net.population("E", int(n), lif, initial={"v": "20*mV*rand()"})
    return net


def seedless(g=1.0):
    return build(g)


def becomes_nan(g=1.0, seed=1):
    """The voltage becomes NaN where ``g`` is above 1."""
    net = ns.Network(seed=seed)
    lif = ns.NeuronModel(
        "dv/dt = (25*mV - v)/(10*ms) + 1e-6*mV*log(1.5 - g)/ms : volt\ng : 1",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        parameters={"g": g},
        method="euler",
    )
    net.population("E", 3, lif)
    return net


def killed(g=1.0, seed=1):
    """The process is killed where ``g`` is 2."""
    if g == 2:
        os.kill(os.getpid(), 9)
    return build(g, seed=seed)


def wrong(g=1.0, seed=1):
    return build(g, sede=seed)


def slow(g=1.0, seed=1):
    time.sleep(0.5)
    return build(g, seed=seed)


def count(recording):
    return {"count": recording.metrics().n_spikes, "first": float(recording.spikes("E")[0][0])}


def not_numbers(recording):
    return [1, 2]


experiment = ns.Experiment(build=build, duration=20 * ms, warmup=10 * ms)


def perform(runs, g=1.0, which="both"):
    found = {}
    for name in ("one", "two") if which == "both" else ("one",):
        recording = runs.simulate(name, build(g, seed=runs.seed))
        found[name] = {"rate_hz": recording.metrics().populations["E"].rate_hz, "note": "text"}
    return ns.Results(metrics={**found, "g": g})


performed = ns.Experiment(perform=perform, duration=20 * ms, warmup=0 * ms)
