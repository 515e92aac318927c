"""BrainScaleS-1 running: Heun's method, delays, noise, plasticity as built, the account.

Plasticity takes long to compile: it is among the slow tests.
"""

import numpy as np
import pytest
from neurosim.neuromorphic.brainscales1 import (
    BrainScaleS1,
    hardware_stdp,
    hardware_stp,
    stdp_controller,
    weights,
)
from neurosim.neuromorphic.brainscales1.plasticity import UTILISATION

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import Hz, ms, mV, nS, pA, pF, second

CELL = {"C_m": 200 * pF, "g_L": 10 * nS, "E_L": -65 * mV, "V_r": -65 * mV}
alone = BrainScaleS1.transparent


def upstroke():
    """An AdEx neuron near threshold with decaying conductances, and one that spikes."""
    net = ns.Network(seed=1)
    cell = ns.models.adex_cond_exp(**CELL, a=2 * nS, b=20 * pA, tau_exc=4 * ms)
    net.population(
        "A", 2, cell, initial={"v": [-60, -46] * mV, "g_exc": [3, 9] * nS, "g_inh": 2 * nS}
    )
    net.record("A", "v", every=0.5 * ms)
    return net


def heun(steps, h, neuron):
    """Integrate literally; return the potential every 0.5 ms until the spike."""
    v, w, ge, gi = (-0.060, -0.046)[neuron], 0.0, (3e-9, 9e-9)[neuron], 2e-9
    found = []

    def slopes(v, w, ge, gi):
        up = 10e-9 * 2e-3 * np.exp((np.clip(v, -1, 0.02) + 50.4e-3) / 2e-3)
        current = 10e-9 * (-0.065 - v) + up - w + ge * (0.0 - v) + gi * (-0.08 - v)
        return np.array([
            current / 200e-12, (2e-9 * (np.clip(v, -1, 0.02) + 0.065) - w) / 0.144,
            -ge / 4e-3, -gi / 10e-3,
        ])  # fmt: skip

    y = np.array([v, w, ge, gi])
    for k in range(steps):
        if k % round(0.5e-3 / h) == 0:
            found.append(y[0])
        first = slopes(*y)
        y = y + h / 2 * (first + slopes(*(y + h * first)))
        if y[0] > 0.02:
            break
    return np.array(found)


def test_heun():
    """Literally Heun's, step by step until the spike; a spike ends well."""
    machine = alone(integrator="heun", integration_step_ms=0.05)
    run = ns.simulate(upstroke(), 20 * ms, platform=machine, threads=1)
    trace = np.asarray(run.states("A", "v").values) * 1e-3
    for neuron in (0, 1):
        expected = heun(400, 5e-5, neuron)
        assert expected.size < 40 or neuron == 0
        np.testing.assert_allclose(trace[: expected.size, neuron], expected, rtol=1e-7)
    _, ids = run.spikes("A")
    assert (ids == 1).sum() >= 1
    assert np.isfinite(trace).all()
    assert trace.max() < 25e-3
    coarse, fine, exact = (heun(round(10e-3 / h), h, 0) for h in (1e-4, 5e-5, 1e-6))
    ratio = np.abs(coarse[-1] - exact[-1]) / np.abs(fine[-1] - exact[-1])
    assert ratio == pytest.approx(4, rel=0.1)  # of second order


def lifs(n=2000, weight=None):
    """Neurons that nothing drives but, with a weight, a source and each other."""
    net = ns.Network(seed=2)
    cell = ns.models.lif_cond_exp(**CELL, V_th=-50 * mV, t_ref=2 * ms)
    e = net.population("E", n, cell, initial={"v": "E_L"})
    source = net.spike_source("S", [10, 40] * ms, [0, 0], size=1)
    if weight is not None:
        net.project(source, e, ns.AllToAll(), "g_exc", weight=weight, delay=1 * ms)
        net.project(e, e, ns.FixedInDegree(20), "g_exc", weight=0.5 * nS, delay=1 * ms)
        net.project(e, e, ns.FixedInDegree(10), "g_inh", weight=3 * nS, delay=1 * ms)
        net.poisson(e, "g_exc", rate=250 * Hz, weight=4 * nS)
    net.record(e[:5], "g_exc", every=0.1 * ms)
    net.record(e[:1000], "v", every=20 * ms)
    return net


def test_external_spikes_arrive_after_five_milliseconds():
    net = lifs(5, weight=100 * nS)
    net.poisson_inputs.clear()
    run = ns.simulate(net, 20 * ms, platform=alone(fixed_delays=True), threads=1)
    g = np.asarray(run.states("E", "g_exc").values)[:, 0]
    (first,) = np.flatnonzero(g > 0)[:1]
    assert first == 100 + 50 + 1  # added at the end of its step, sampled as the next one starts


def test_membrane_noise():
    """Null: the sd of a resting membrane is that asked for; another trial, another noise."""

    def resting(trial):
        machine = alone(membrane_noise_mv=0.5, trial_seed=trial)
        run = ns.simulate(lifs(1000), 400 * ms, platform=machine, threads=1)
        return np.asarray(run.states("E", "v").values)[5:] + 65.0

    first = resting(0)
    last = first[-1]
    assert abs(last.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * last.size)
    assert abs(last.mean()) < 4 * 0.5 / np.sqrt(last.size)
    np.testing.assert_array_equal(first, resting(0))
    assert abs(np.corrcoef(last, resting(1)[-1])[0, 1]) < 4 / np.sqrt(last.size)


def test_weight_noise_spreads_rates():
    """Variance of rates over neurons grows with each step of the noise."""
    spread = []
    for sd in (0.0, 0.5, 1.0, 1.5):
        run = ns.simulate(lifs(1000, 1 * nS), 1 * second, platform=alone(weight_noise=sd),
                          threads=1)  # fmt: skip
        _, ids = run.spikes("E")
        spread.append(np.bincount(ids, minlength=1000).var())
    assert (np.diff(spread) > 0).all(), spread


def test_account_of_a_run():
    """Both times, spikes by cause, the energy of a wafer; encoders that are too slow lose some."""
    machine = BrainScaleS1.transparent(spike_bandwidth=True, input_bandwidth=True, speedup=1e5,
                                       l1_loss=0.1)  # fmt: skip
    run = ns.simulate(lifs(1000, 1 * nS), 1 * second, platform=machine, threads=1)
    told = run.platform.execution
    assert told["time"]["hardware_s"] == pytest.approx(1e-5)
    assert told["time"]["wall_s"] == pytest.approx(3e-5)
    neurons = told["spikes"]["l1_neuron_sent"]
    total = run.spikes("E")[0].size
    assert 0 <= total - neurons["sent"] <= 64  # some still wait
    assert neurons["mean_wait_ms"] > 0
    # null: lost at random with probability 0.1; 4 standard errors
    assert abs(neurons["lost_at_random"] / total - 0.1) < 4 * np.sqrt(0.09 / total)
    before = told["spikes"]["l2_down_before_sim"]
    asked = 1000 * 250 + 2 / 0.0401
    assert before["share"] == pytest.approx(1 - 60_000 / asked, rel=1e-3)
    assert told["energy"]["E_run"] == pytest.approx(2000 * 3e-5)


SOURCE = np.array([10, 25, 31, 60, 62, 90, 140, 145, 160, 180.0])


@pytest.fixture(scope="module")
def learnt():
    """A synapse of each kind onto neurons that other spikes make fire; (recording, values)."""
    net = ns.Network(seed=1)
    e = net.population("E", 4, ns.models.lif_cond_exp(**CELL, t_ref=2 * ms, tau_exc=1 * ms))
    times = np.concatenate([SOURCE, [12, 29, 64, 66, 88, 143, 150, 185]])
    ids = np.r_[np.zeros(SOURCE.size, int), np.ones(8, int)]
    source = net.spike_source("S", times * ms, ids, size=2)
    common = {"delay": 0 * ms}
    for target, mode, cap in ((0, "depression", 7), (1, "facilitation", 0)):
        net.project(source[:1], e[target : target + 1], ns.AllToAll(), "g_exc", weight=1 * nS,
                    synapse=hardware_stp(mode, cap=cap, strength=0.8, reference=0.3,
                                         tau_rec=40 * ms), name=mode, **common)  # fmt: skip
    net.project(source[:1], e[2:], ns.AllToAll(), "g_exc", weight=2 * nS, name="learns",
                synapse=hardware_stdp(digital=3), **common)  # fmt: skip
    stdp_controller(net, "learns", every=50 * ms, threshold_causal=0.12, threshold_acausal=0.12)
    net.project(source[1:], e[2:3], ns.AllToAll(), "g_exc", weight=400 * nS, **common)
    net.record(e, "g_exc", every=0.1 * ms)
    values = []
    with ns.Simulation(net, platform=alone(), threads=1) as sim:
        for _ in range(4):
            # the controller comes at the end of the step that starts at 50 ms, 100 ms, ...
            sim.run((49.9 if values else 50) * ms)
            before = [sim.read("learns", x) for x in ("causal", "acausal")]
            sim.run(0.1 * ms)
            values.append([*before, *(sim.read("learns", x) for x in ("d", "causal"))])
    return sim.recording, values


@pytest.mark.slow
@pytest.mark.parametrize(("target", "sign", "u"), [(0, -1, 0.4), (1, 1, 0.25)])
def test_short_term_plasticity(learnt, target, sign, u):
    """The inactive share and its factor, spike by spike."""
    assert u in UTILISATION
    run, _ = learnt
    g = np.asarray(run.states("E", "g_exc").values)[:, target]
    inactive, last = 0.0, SOURCE[0]
    for t in SOURCE:
        inactive *= np.exp(-(t - last) / 40)
        last, step = t, round(t * 10)
        jump = g[step + 1] - g[step] * (1 - 0.1 / 1.0)  # Euler's decay over the step
        assert jump == pytest.approx(1 + sign * 0.8 * (inactive - 0.3), rel=1e-5)
        inactive += u * (1 - inactive)


@pytest.mark.slow
def test_stdp_and_its_controller(learnt):
    """Capacitors by nearest neighbours, thresholds, tables, and that looked-up ones are emptied."""
    run, values = learnt
    times, ids = run.spikes("E")
    post = np.sort(times[ids == 2])
    assert post.size >= 6
    events = sorted([(t, 0) for t in SOURCE] + [(round(t, 1), 1) for t in post])
    causal = acausal = 0.0
    last = [-np.inf, -np.inf]
    d, k = 3, 0
    for turn in range(4):
        while k < len(events) and events[k][0] < 50 * (turn + 1):
            t, side = events[k]
            if side:
                causal += 0.1 * np.exp(-(t - last[0]) / 20)
            else:
                acausal += 0.1 * np.exp(-(t - last[1]) / 20)
            last[side], k = t, k + 1
        found_causal, found_acausal, found_d, emptied = (x[0] for x in values[turn])
        assert found_causal == pytest.approx(causal, abs=1e-9)
        assert found_acausal == pytest.approx(acausal, abs=1e-9)
        over = (causal >= 0.12, acausal >= 0.12)
        d = {(1, 0): min(d + 1, 15), (0, 1): max(d - 1, 0)}.get(tuple(map(int, over)), d)
        assert found_d == d
        if any(over):
            causal = acausal = 0.0
            assert emptied == 0
    untouched = [x[2][1] for x in values]
    assert untouched == [3, 3, 3, 3]  # the other target never fires


@pytest.mark.slow
def test_conductance_of_a_learning_synapse(learnt):
    """g(d) over g(15) of the full scale."""
    run, _ = learnt
    g = np.asarray(run.states("E", "g_exc").values)[:, 3]
    expected = 2 * weights.characteristic(3) / weights.characteristic(15)
    assert g[101] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.slow
def test_depression_of_the_catalogue_is_that_of_the_circuits():
    """tsodyks2 of weight w on the machine, and the circuits' own of weight w U."""
    net = ns.Network(seed=2)
    source = net.spike_source("S", np.array([10, 20, 30, 60]) * ms, np.zeros(4, int), size=1)
    e = net.population("E", 2, ns.models.lif_cond_exp(**CELL, V_th=0 * mV))
    common = {"delay": 0 * ms}
    rule = ns.plasticity.tsodyks2(U=0.2929, tau_rec=100 * ms)
    net.project(source, e[:1], ns.AllToAll(), "g_exc", weight=4 * nS, synapse=rule, **common)
    own = hardware_stp(cap=2, tau_rec=100 * ms)
    net.project(source, e[1:], ns.AllToAll(), "g_exc", weight=4 * 0.2929 * nS, synapse=own,
                name="own", **common)  # fmt: skip
    net.record(e, "g_exc", every=1 * ms)
    machine = alone(digital_weights=True, rounding="nearest")
    run = ns.simulate(net, 80 * ms, platform=machine, threads=1)
    g = np.asarray(run.states("E", "g_exc").values)
    np.testing.assert_allclose(g[:, 0], g[:, 1], rtol=1e-5)
    scale = float(weights.conductance_scale(1e4, 4, 200e-12))
    whole = weights.round_digital(weights.digital(4 * 0.2929 * scale), None)
    first = float(weights.conductance(whole)) / scale
    assert g[11, 0] == pytest.approx(first * (1 - 0.1 / 5) ** 9, rel=1e-5)


def test_tables_of_the_controller_are_checked():
    net = lifs(5)
    net.project("E", "E", ns.AllToAll(), "g_exc", weight=1 * nS, delay=1 * ms, name="p",
                synapse=hardware_stdp())  # fmt: skip
    for table in ((1, 2), (16,) * 16):
        with pytest.raises(DescriptionError, match="16 whole numbers"):
            stdp_controller(net, "p", every=10 * ms, causal=table)
