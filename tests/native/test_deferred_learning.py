"""Learning at spikes of the target that waits for the source's next one leaves no trace of it."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.native.codegen import synapse_key
from neurosim.units import Hz, ms, mV

PAIRS = {
    "equations": """
        dx/dt = -x/(20*ms) : 1 (event-driven)
        dy/dt = -y/(30*ms) : 1 (event-driven)
        """,
    "on_pre": "target_post += w; x += 1; w = clip(w - 0.02*y*mV, 0*mV, 1*mV)",
    "on_post": "y += 1; w = clip(w + 0.021*x*mV, 0*mV, 1*mV)",
}
MODELS = {
    "pairs": PAIRS,
    # what the target's synapses share is read at its spike, before and after it changes there
    "noted": PAIRS | {"on_post": "w = clip(w + 0.01*x*y*mV, 0*mV, 1*mV); y += 1; w -= 0.001*y*mV"},
    # nothing of the source's, and a weight that never changes
    "counted": {
        "equations": "n : 1",
        "on_pre": "target_post += w*int(n < 40)",
        "on_post": "n += w/mV",
    },
    # two pathways of the source, with delays of their own
    "two_ways": {
        "equations": "n : 1",
        "on_pre": {"hit": "target_post += w*int(n < 40)", "learn": "n = 0.9*n"},
        "on_post": "n += w/mV",
    },
}


def network(model, looked_at):
    """A few sources are silent while their targets spike more often than is kept of them."""
    net = ns.Network(seed=4)
    cell = ns.NeuronModel(
        "dv/dt = (drive - v)/(10*ms) : volt", threshold="v > 10*mV", reset="v = 0*mV",
        parameters={"drive": ns.Uniform(10.2 * mV, 60 * mV)},
    )  # fmt: skip
    cells = net.population("E", 90, cell, initial={"v": "10*mV*rand()"})
    rates = np.r_[np.zeros(20), np.full(40, 5.0), np.full(30, 60.0)]
    drive = net.poisson_population("P", 90, rate=rates * Hz)
    delay = (
        {"hit": ns.Uniform(0.3 * ms, 4 * ms), "learn": 1 * ms} if model == "two_ways" else 2 * ms
    )
    net.project(
        drive, cells, ns.Bernoulli(0.4), "v", synapse=ns.SynapseModel(**MODELS[model]),
        weight=ns.Uniform(0 * mV, 1 * mV), delay=delay, delay_post=0.7 * ms, name="in",
    )  # fmt: skip
    if looked_at:
        net.record("in", "w" if model in ("pairs", "noted") else "n", synapses=[0], every=500 * ms)
    return net


def final(net, threads=2, pieces=(900.0,)):
    with ns.Simulation(net, threads=threads, engine="native") as sim:
        for piece in pieces:
            sim.run(piece * ms)
        names = (
            ("w", "x", "y")
            if "x" in sim.program.projections[0].synapse.code.event_driven
            else ("n",)
        )
        values = [sim.read("in", name) for name in names]
    return sim.summary().spikes_sha256, values


def defers(net):
    program = ns.lower(net, 0.1 * ms)
    return synapse_key(program, program.projections[0]).defers


@pytest.mark.parametrize("model", MODELS)
def test_the_bits_are_those_of_learning_at_once(model):
    assert defers(network(model, False))
    assert not defers(network(model, True))
    spikes, at_once = final(network(model, True))
    assert max(np.ptp(values) for values in at_once) > 0
    for threads, pieces in ((1, (900.0,)), (3, (0.1, 450.0, 449.9))):
        found, later = final(network(model, False), threads, pieces)
        assert found == spikes
        for one, other in zip(at_once, later, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_looked_at_in_between_is_up_to_date():
    seen = []

    def look(now):
        seen.append(now.read("in", "w"))

    for looked_at in (True, False):
        with ns.Simulation(
            network("pairs", looked_at), threads=2, callbacks=[ns.Callback(look, 50 * ms)]
        ) as sim:
            sim.run(200 * ms)
    for at_once, later in zip(seen[: len(seen) // 2], seen[len(seen) // 2 :], strict=True):
        np.testing.assert_array_equal(at_once, later)
    assert np.ptp(seen[3] - seen[1]) > 0


@pytest.mark.parametrize(("precision", "most"), [("double", 24), ("single", 16)])
def test_a_synapse_that_learns_takes_little_memory(precision, most):
    net = ns.Network(seed=1)
    cell = ns.models.lif_delta()
    cells = net.population("E", 2000, cell)
    rule = ns.plasticity.pair_stdp(w_max=1 * mV)
    net.project(
        cells, cells, ns.FixedInDegree(500), "v", synapse=rule, weight=0.1 * mV, delay=1 * ms
    )
    with ns.Simulation(net, precision=precision, threads=2, record=False) as sim:
        sim.run(1 * ms)
        assert sim.summary().bytes_per_synapse <= most
