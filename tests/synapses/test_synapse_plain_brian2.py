"""Synapse models beside scripts that use Brian2's own Synapses, equations as they are written."""

import brian2
import numpy as np
import pytest
from brian2 import ms, mV

import neurosim as ns

NEURON = """
    dv/dt = (I - v + I_gap)/tau : volt (unless refractory)
    I : volt (constant)
    I_gap : volt
    """
SIZE, N_EDGES = 30, 250
TAU = 10 * ms
STDP = """
    dApre/dt = -Apre/taupre : 1 (event-driven)
    dApost/dt = -Apost/taupost : 1 (event-driven)
    w : volt
    """
ON_PRE = "v_post += w; Apre += 0.05; w = clip(w + Apost*mV, 0*mV, 2*mV)"
ON_POST = "Apost += -0.06; w = clip(w + Apre*mV, 0*mV, 2*mV)"
CLOCKED = """
    dc/dt = -c/tau_c : 1 (clock-driven)
    dk/dt = (v_post/mV - k*c)/tau_k : 1 (clock-driven)
    w : volt
    """
GAP = "w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)"
MODELS = {
    "stdp": (STDP, ON_PRE, ON_POST, {"taupre": 20 * ms, "taupost": 18 * ms}, True),
    "clocked": (CLOCKED, "v_post += w*k/10; c += 1", "c += 0.5",
                {"tau_c": 15 * ms, "tau_k": 30 * ms}, True),
    "gap": (GAP, None, None, {}, False),
}  # fmt: skip
PARTS = ("w", "Apre", "Apost", "c", "k")


def numbers(spiking):
    rng = np.random.default_rng(5)
    pre, post = rng.integers(0, SIZE, N_EDGES), rng.integers(0, SIZE, N_EDGES)
    if spiking:
        weight = np.float32(rng.uniform(0, 1e-3, N_EDGES)).astype(float) * brian2.volt
    else:
        weight = np.float32(rng.uniform(0.01, 0.05, N_EDGES)).astype(float)
    return pre, post, weight, rng.integers(1, 30, N_EDGES) * 0.1 * ms


DRIVE = np.linspace(8, 14, SIZE) * mV
START = np.linspace(0, 9, SIZE) * mV


def plain(name):
    equations, on_pre, on_post, constants, spiking = MODELS[name]
    pre, post, weight, delay = numbers(spiking)
    brian2.start_scope()
    brian2.prefs.codegen.target = "numpy"
    brian2.defaultclock.dt = 0.1 * ms
    group = brian2.NeuronGroup(
        SIZE, NEURON, threshold="v > 10*mV", reset="v = 0*mV", refractory=2 * ms, method="exact",
        namespace={"tau": TAU}, name="neurons",
    )  # fmt: skip
    group.I, group.v = DRIVE, START
    synapses = brian2.Synapses(
        group, group, equations, on_pre=on_pre, on_post=on_post, namespace=constants,
        name="synapses", method="euler" if name == "clocked" else None,
    )  # fmt: skip
    synapses.connect(i=pre, j=post)
    synapses.w = weight
    if on_pre:
        synapses.pre.delay = delay
    spikes = brian2.SpikeMonitor(group)
    traces = brian2.StateMonitor(group, "v", record=True)
    brian2.Network(group, synapses, spikes, traces).run(200 * ms)
    order = np.argsort(post, kind="stable")
    values = {p: np.asarray(getattr(synapses, p))[order] for p in PARTS if p in synapses.variables}
    if name == "stdp":  # Brian2 shows traces as of the synapse's last event, we as of now
        elapsed = 200 * ms - synapses.lastupdate[:][order]
        for trace, constant in (("Apre", "taupre"), ("Apost", "taupost")):
            values[trace] = values[trace] * np.exp(-np.asarray(elapsed / constants[constant]))
    return np.asarray(spikes.t / ms), np.asarray(spikes.i), np.asarray(traces.v), values


def ours(name, engine):
    equations, on_pre, on_post, constants, spiking = MODELS[name]
    pre, post, weight, delay = numbers(spiking)
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        NEURON, threshold="v > 10*mV", reset="v = 0*mV", refractory=2 * ms,
        parameters={"tau": TAU, "I": DRIVE},
    )  # fmt: skip
    e = net.population("E", SIZE, model, initial={"v": START})
    synapse = ns.SynapseModel(
        equations, on_pre=on_pre, on_post=on_post, parameters=constants,
        method="euler" if name == "clocked" else None,
    )  # fmt: skip
    net.project(
        e, e, ns.Edges(pre, post), synapse=synapse, weight=weight,
        delay=delay if spiking else None, name="net",
    )  # fmt: skip
    net.record(e, "v")
    with ns.Simulation(net, engine=engine, threads=2) as sim:
        sim.run(200 * ms)
        values = {p: sim.read("net", p) for p in PARTS if p in equations}
    times, ids = sim.recording.spikes("E")
    trace = sim.recording.state("E", "v")
    return times, ids, np.asarray(trace[1] if isinstance(trace, tuple) else trace.values), values


@pytest.mark.parametrize("engine", ["native", "brian2"])
@pytest.mark.parametrize("name", MODELS)
def test_same_spikes_traces_and_synapses(name, engine):
    times, ids, v, values = plain(name)
    own_times, own_ids, own_v, own_values = ours(name, engine)
    assert times.size > 100
    order = np.lexsort((ids, times))
    np.testing.assert_allclose(own_times, times[order], atol=1e-9)
    np.testing.assert_array_equal(own_ids, ids[order])
    own_v = own_v if own_v.shape == v.T.shape else own_v.T
    np.testing.assert_allclose(own_v, v.T * _factor(own_v, v), rtol=1e-9, atol=1e-11)
    assert own_values.keys() == values.keys()
    for part, value in values.items():
        np.testing.assert_allclose(own_values[part], value, rtol=1e-9, atol=1e-12)


def _factor(own, plain_values):
    """Recorded traces may be in mV, Brian2's are in volt."""
    return 1e3 if np.abs(own).max() > 100 * np.abs(plain_values).max() else 1.0
