"""Events besides spikes as sources: recorded and projected, the same on both engines."""

import numpy as np
import pytest
from brian2 import ms, mV

import neurosim as ns
from neurosim.errors import DescriptionError, UnknownNameError

CELL = """
    dv/dt = (mu - v)/tau : volt (unless refractory)
    mu : volt
    n : integer
    """
OPTIONS = {
    "threshold": "v > 10*mV",
    "reset": "v = 0*mV",
    "refractory": 1 * ms,
    "events": {"high": "v > 9.5*mV and n < 40", "rare": "rand() < 0.002"},
    "on_event": {"high": "n += 1"},
}


def network():
    model = ns.NeuronModel(
        CELL, **OPTIONS, parameters={"mu": "(10.5 + 4*rand())*mV", "tau": 8 * ms}
    )
    net = ns.Network(seed=4)
    a = net.population("A", 90, model)
    b = net.population("B", 33, model, initial={"v": "9*mV*rand()"})
    given = net.spike_source("given", np.arange(1, 40) * ms, np.arange(39) % 5, 5)
    net.record(b, ["rare", "spikes"])
    high = net.event_source(a, "high", "bursts")
    net.project(high, b, ns.Bernoulli(0.2), "v", weight=0.2 * mV, delay=1.2 * ms)
    net.project("B-rare", a, ns.Bernoulli(0.2), "v", weight=-1 * mV, delay=0.3 * ms)
    net.project(given, a, ns.Bernoulli(0.5), "v", weight=0.3 * mV, delay=0.3 * ms)
    return net


def run(engine, steps=(400,), **options):
    with ns.Simulation(network(), dt=0.1 * ms, engine=engine, progress=False, **options) as sim:
        for n in steps:
            sim.run(n * 0.1 * ms)
        counts = sim.read("A", "n")
    recording = sim.recording
    return {
        name: recording.spikes(name) for name in ("A", "B", "given", "bursts", "B-rare")
    }, counts


def assert_same(one, other):
    for name in one[0]:
        for a, b in zip(one[0][name], other[0][name], strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one[1], other[1])


def test_events_are_recorded_and_projected(native, brian2_engine):
    ours = run("native", threads=1)
    spikes, counts = ours
    assert spikes["A"][0].size > 50
    assert spikes["B-rare"][0].size > 5
    np.testing.assert_array_equal(np.bincount(spikes["bursts"][1], minlength=90), counts)
    assert_same(ours, run("brian2"))
    assert_same(ours, run("native", threads=3))
    assert_same(ours, run("native", threads=2, steps=(1, 150, 249)))


def test_mistakes_are_named():
    net = network()
    with pytest.raises(UnknownNameError, match=r"'low'.*high"):
        net.event_source("A", "low")
    with pytest.raises(UnknownNameError, match="population 'given'"):
        net.event_source("given", "high")
    with pytest.raises(DescriptionError, match="already"):
        net.event_source("A", "high", "B")
    with pytest.raises(DescriptionError, match="slice"):
        net.record(net.populations["A"][:5], "rare")
    assert net.event_source("A", "high", "bursts") is net.sources["bursts"]
