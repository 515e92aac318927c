"""Every kind of synapse model: native and brian2 agree, whatever the threads and the chunks."""

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synapse_networks import KINDS, neurons, run, traced

import neurosim as ns


def values_of(trace):
    return np.asarray(trace[1] if isinstance(trace, tuple) else trace.values)


@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_brian2(kind):
    reference = run(traced(KINDS[kind]()), "brian2")
    native = run(traced(KINDS[kind]()), "native", threads=2)
    assert reference[0]["E"][0].size > 30
    for name, spikes in reference[0].items():
        for a, b in zip(spikes, native[0][name], strict=True):
            np.testing.assert_array_equal(a, b)
    for name, trace in reference[1].items():
        a, b = values_of(trace), values_of(native[1][name])
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9 * np.abs(a).max())
    for name, values in reference[2].items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(native[2][name], values, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_results_depend_on_neither_threads_nor_chunks(kind):
    whole = run(KINDS[kind](), "native", 60 * ms, threads=1)
    for threads, cuts in ((2, 1), (3, 4), (4, 2), (1, 3)):
        other = run(KINDS[kind](), "native", 60 * ms, threads=threads, cuts=cuts)
        for name, spikes in whole[0].items():
            for a, b in zip(spikes, other[0][name], strict=True):
                np.testing.assert_array_equal(a, b)
        for name, values in whole[2].items():
            np.testing.assert_array_equal(other[2][name], values)


@pytest.mark.parametrize("kind", ["gap_junctions", "pair_stdp", "calcium", "gating"])
def test_single_precision_stays_near_double(kind):
    double = run(traced(KINDS[kind]()), "native", 15 * ms)
    single = run(traced(KINDS[kind]()), "native", 15 * ms, precision="single")
    a, b = (values_of(result[1]["E", "v"]) for result in (double, single))
    # float32 carries 24 bits; 150 steps of roundoff stay far below 1e-4 of the scale, unless a
    # spike moves by a step, which it may in a few of 20 neurons
    assert np.mean(np.abs(a - b) > 1e-4 * np.abs(a).max()) < 0.02


@st.composite
def synapses(draw):
    """Edges among 20 neurons with weights (mV), delays (steps) and variables of any kind."""
    n = draw(st.integers(1, 60))
    index = st.lists(st.integers(0, 19), min_size=n, max_size=n)
    value = st.floats(-3, 3, width=32)
    return {
        "pre": draw(index),
        "post": draw(index),
        "weight": draw(st.lists(value, min_size=n, max_size=n)),
        "x": draw(st.lists(value, min_size=n, max_size=n)),
        "delay": draw(st.lists(st.integers(0, 40), min_size=n, max_size=n)),
        "delay_post": draw(st.integers(0, 30)),
    }


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(synapses())
def test_any_edges_weights_and_delays(drawn):
    results = []
    for engine in ("brian2", "native"):
        net, e = neurons()
        model = ns.SynapseModel(
            """
            dA/dt = (x - A)/(10*ms) : 1 (event-driven)
            x : 1
            x_syn : 1
            w : volt
            """,
            on_pre="v_post += w*A; x = clip(x + 0.5*g_post/mV, -3, 3)",
            on_post="A -= 0.5; x_syn += A; w += 0.1*mV",
            initial={"x": np.array(drawn["x"])},
        )
        net.project(
            e,
            e,
            ns.Edges(drawn["pre"], drawn["post"]),
            synapse=model,
            weight=np.array(drawn["weight"]) * mV,
            delay=np.array(drawn["delay"]) * 0.1 * ms,
            delay_post=drawn["delay_post"] * 0.1 * ms,
        )
        results.append(run(net, engine, 40 * ms, threads=2))
    for a, b in zip(*(result[0]["E"] for result in results), strict=True):
        np.testing.assert_array_equal(a, b)
    for name, values in results[0][2].items():
        np.testing.assert_allclose(results[1][2][name], values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_a_projection_without_synapses_sums_to_nothing(engine):
    net, e = neurons()
    model = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    net.project(e, e, ns.Edges([], []), synapse=model, weight=1.0, name="none")
    with ns.Simulation(net, engine=engine, record=False) as sim:
        sim.write("E", "I_gap", 1e-3)
        sim.run(1 * ms)
        assert (sim.read("E", "I_gap") == 0).all()
        assert sim.synapses("none").size == 0


def test_more_targets_than_16_bits_count():
    size = 70_000
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : 1\ntotal : 1", parameters={})
    e = net.population("E", size, model, initial={"v": 1.0})
    source = net.spike_source("source", [1] * 3 * ms, [0, 1, 2], size=3)
    targets = [5, 65_536, 69_999]
    adds = ns.SynapseModel("n : 1", on_pre="v_post += n", initial={"n": np.arange(3.0) + 1})
    net.project(source, e, ns.Edges([0, 1, 2], targets), synapse=adds)
    total = ns.SynapseModel("total_post = v_pre : 1 (summed)")
    net.project(e, e, ns.Edges([69_999, 5], [5, 69_999]), synapse=total)
    with ns.Simulation(net, threads=1, record=False) as sim:
        sim.run(1.1 * ms)
        v, sums = sim.read("E", "v"), sim.read("E", "total")
        decayed = np.exp(-0.11)
        np.testing.assert_allclose(v[targets], decayed + np.array([1, 2, 3]), rtol=1e-12)
        np.testing.assert_allclose(v[[0, 65_535]], decayed, rtol=1e-12)
        np.testing.assert_allclose(sums[[5, 69_999, 0]], [np.exp(-0.1), np.exp(-0.1), 0])
