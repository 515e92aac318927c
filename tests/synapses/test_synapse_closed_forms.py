"""Synapse models against what pencil and SciPy say."""

import numpy as np
import pytest
from brian2 import ms, mV
from scipy.integrate import solve_ivp

import neurosim as ns

EVERY = ns.AllToAll(autapses=False)


def final(net, population, variable, duration, dt=0.1 * ms, engine="native"):
    with ns.Simulation(net, dt=dt, engine=engine, threads=2, record=False) as sim:
        sim.run(duration)
        return sim.read(population, variable)


def gap_pair(conductance=0.3):
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        "dv/dt = (-v + I_gap)/tau : volt\nI_gap : volt", parameters={"tau": 10 * ms}
    )
    pair = net.population("pair", 2, model, initial={"v": np.array([8.0, 0.0]) * mV})
    synapse = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    net.project(pair, pair, EVERY, synapse=synapse, weight=conductance)
    return net


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_gap_junction_pair(engine):
    """Mean and difference decay with 1/tau and (1 + 2g)/tau; the coupling is held over a step."""
    g, tau, dt, steps = float(np.float32(0.3)), 10.0, 0.1, 200
    v = final(gap_pair(), "pair", "v", steps * dt * ms, engine=engine)
    decay = np.exp(-dt / tau)
    mean, difference = 4e-3 * decay**steps, 8e-3 * (decay - 2 * g * (1 - decay)) ** steps
    np.testing.assert_allclose(v.mean(), mean, rtol=1e-12)
    np.testing.assert_allclose(v[0] - v[1], difference, rtol=1e-10)


def test_gap_junction_pair_converges_to_the_differential_equation():
    """The error of a coupling held over a step is of first order in dt."""
    g, t, tau = float(np.float32(0.3)), 20.0, 10.0
    exact = 8e-3 * np.exp(-t * (1 + 2 * g) / tau)
    errors = []
    for dt in (0.2, 0.1, 0.05):
        v = final(gap_pair(), "pair", "v", t * ms, dt=dt * ms)
        errors.append(abs(v[0] - v[1] - exact))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert errors[-1] < 0.01 * exact
    np.testing.assert_allclose(ratios, 2, rtol=0.05)


def test_nmda_gate_against_scipy():
    """The gate ds/dt = a x (1 - s) - s/tau_s with x kicked by spikes, integrated with rk4."""
    spike_steps = np.array([20, 120, 150, 700])
    net = ns.Network(seed=1)
    source = net.spike_source("source", spike_steps * 0.1 * ms, np.zeros(4, int), size=1)
    target = net.population("target", 1, ns.NeuronModel("dv/dt = (g - v)/(10*ms) : 1\ng : 1"))
    gate = ns.SynapseModel(
        """
        dx/dt = -x/tau_x : 1 (clock-driven)
        ds/dt = a*x*(1 - s) - s/tau_s : 1 (clock-driven)
        g_post = w*s : 1 (summed)
        w : 1
        """,
        on_pre="x += 1",
        parameters={"tau_x": 2 * ms, "tau_s": 100 * ms, "a": 0.5 / ms},
        method="rk4",
    )
    net.project(source, target, EVERY, synapse=gate, weight=0.5, delay=0 * ms, name="gate")
    with ns.Simulation(net, record=False) as sim:
        sim.run(100 * ms)
        s, g = sim.read("gate", "s"), sim.read("target", "g")
        sim.run(0.1 * ms)
        later = sim.read("target", "g")

    def right(_, y):
        return [-y[0] / 2, 0.5 * y[0] * (1 - y[1]) - y[1] / 100]

    y, now = np.zeros(2), 0.0
    # a spike of step n acts after that step's update, which reaches time (n + 1) dt
    for until in [*(spike_steps + 1) * 0.1, 100.0]:
        solved = solve_ivp(right, (now, until), y, rtol=1e-12, atol=1e-14)
        y, now = solved.y[:, -1] + [1.0, 0.0], until
    np.testing.assert_allclose(s, y[1], rtol=1e-7)  # rk4: (dt/tau_x)^4 = 6e-6, over few steps
    assert g[0] != 0.5 * s[0]  # a step behind: sums are of the values before the update
    np.testing.assert_allclose(later, 0.5 * s, rtol=1e-12)


TRACES = """
    dApre/dt = -Apre/taupre : 1 ({kind})
    dApost/dt = -Apost/taupost : 1 ({kind})
    w : 1
    """


def trains(rng, n, steps=2000, spikes=25):
    """Spike steps of n neurons, at least two steps apart."""
    found = [np.sort(rng.choice(steps // 2, spikes, replace=False)) * 2 for _ in range(n)]
    return np.concatenate(found), np.repeat(np.arange(n), spikes), found


def stdp_pairs(kind, n=40, delay=0 * ms, delay_post=0 * ms):
    """Pairs of neurons that spike when told; the postsynaptic ones a step after being kicked."""
    rng = np.random.default_rng(8)
    pre_steps, pre_ids, pre = trains(rng, n)
    post_steps, post_ids, post = trains(rng, n)
    net = ns.Network(seed=1)
    source = net.spike_source("pre", pre_steps * 0.1 * ms, pre_ids, size=n)
    kicks = net.spike_source("kicks", post_steps * 0.1 * ms, post_ids, size=n)
    relay = ns.NeuronModel("v : 1\ndx/dt = -x/second : 1", threshold="v > 0.5", reset="v = 0")
    cells = net.population("cells", n, relay)
    net.project(kicks, cells, ns.OneToOne(), "v", weight=1, delay=0 * ms)
    rule = ns.SynapseModel(
        TRACES.format(kind=kind),
        on_pre="Apre += 0.01; w += Apost",
        on_post="Apost += -0.012; w += Apre",
        parameters={"taupre": 20 * ms, "taupost": 15 * ms},
        method="exact" if kind == "clock-driven" else None,
    )
    net.project(
        source, cells, ns.OneToOne(), synapse=rule, weight=0.5, delay=delay,
        delay_post=delay_post, name="rule",
    )  # fmt: skip
    return net, pre, [steps + 1 for steps in post]


def closed_form(pre, post, delay=0, delay_post=0):
    """All pairs; at the same step the presynaptic pathway comes first."""
    change = 0.0
    for a in pre + delay:
        for b in post + delay_post:
            if a <= b:
                change += 0.01 * np.exp(-(b - a) * 0.1 / 20)
            else:
                change -= 0.012 * np.exp(-(a - b) * 0.1 / 15)
    return 0.5 + change


@pytest.mark.parametrize(("delay", "delay_post"), [(0, 0), (13, 4)])
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_pair_stdp_of_any_trains(engine, delay, delay_post):
    net, pre, post = stdp_pairs(
        "event-driven", delay=delay * 0.1 * ms, delay_post=delay_post * 0.1 * ms
    )
    with ns.Simulation(net, engine=engine, record=False) as sim:
        sim.run(210 * ms)
        w = sim.read("rule", "w")
    expected = [closed_form(a, b, delay, delay_post) for a, b in zip(pre, post, strict=True)]
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-10)


def test_event_driven_equals_clock_driven():
    results = []
    for kind in ("event-driven", "clock-driven"):
        net, _, _ = stdp_pairs(kind)
        with ns.Simulation(net, record=False) as sim:
            sim.run(210 * ms)
            results.append(sim.read("rule", "w"))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


def test_random_release_has_its_probability():
    """H0: events are transmitted independently with p = 0.3. Binomial, two-sided 1e-6; seed 4."""
    n = 400
    rng = np.random.default_rng(2)
    steps, ids, _ = trains(rng, n)
    net = ns.Network(seed=4)
    source = net.spike_source("source", steps * 0.1 * ms, ids, size=n)
    counter = net.population("counter", n, ns.NeuronModel("n : 1\ndx/dt = -x/second : 1"))
    release = ns.SynapseModel(on_pre="target_post += int(rand() < p)", parameters={"p": 0.3})
    net.project(source, counter, ns.OneToOne(), "n", synapse=release)
    counts = final(net, "counter", "n", 205 * ms)
    total, mean = 25 * n, 0.3 * 25 * n
    assert abs(counts.sum() - mean) < 4.9 * np.sqrt(total * 0.3 * 0.7)
    # independent between synapses: the variance of the counts is binomial too
    assert abs(counts.var() / (25 * 0.3 * 0.7) - 1) < 4.9 * np.sqrt(2 / n)
