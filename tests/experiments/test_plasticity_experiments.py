"""Experiments on STDP: small versions run, numbers have independent oracles, full ones pass."""

import json
import math

import numpy as np
import pytest
from neurosim.experiments import clopath, hpc_benchmark, song_abbott, stdp_window, triplet_frequency
from neurosim.networks import hpc_benchmark as hpc
from neurosim.networks.microcircuit import excitatory_stdp, microcircuit
from neurosim.networks.pairings import driven_synapses, pairings
from neurosim.networks.song_abbott import song_abbott as song_network
from scipy.special import lambertw

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import ms, pA

MORE = {
    "clopath": ["pairing", "held"],
    "stdp_window": ["window", "dependence", "pairing"],
    "triplet_frequency": ["pairing"],
    "hpc_benchmark": ["hpc_benchmark"],
    "plastic_microcircuit": ["static", "learning"],
}
CHECKS = {
    "stdp_window": 14,
    "triplet_frequency": 12,
    "clopath": 16,
    "song_abbott": 15,
    "hpc_benchmark": 5,
    "plastic_microcircuit": 12,
}


def run_small(experiment, name, folder):
    results = experiment.run(quick=True, output=folder / "out", name=name, threads=1)
    files = {p.name for p in (folder / "out").iterdir()}
    assert "results.json" in files
    assert (folder / "out" / "figure.png").read_bytes()[:4] == b"\x89PNG"
    kept = json.loads((folder / "out" / "results.json").read_text())
    assert kept["metrics"]
    assert results.passed, results.table()
    return results


def test_small_version_is_run_and_kept(tmp_path):
    results = run_small(song_abbott.experiment, "song_abbott", tmp_path)
    assert list(results.recordings) == ["learning", "fixed"]
    assert len(results.metrics["weak"]) == song_abbott.RATES.size


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_small_version_of_others_is_run_and_kept(name, tmp_path):
    _, experiment = ns.load_experiment(name)
    results = run_small(experiment, name, tmp_path)
    assert list(results.recordings) == MORE[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_full_version_passes_its_checks(name):
    _, experiment = ns.load_experiment(name)
    results = experiment.run(name=name)
    assert len(results.checks) == CHECKS[name]
    assert results.passed, results.table()


def test_pairings_are_as_far_apart_as_said():
    for lag in (-7.0, 0.0, 12.0):
        pre, post = pairings(lag, 20.0, 5)
        np.testing.assert_allclose(post - pre, lag)
        np.testing.assert_allclose(np.diff(pre), 50.0)
        assert min(pre[0], post[0]) == 100.0


def test_trains_that_do_not_fit_are_refused():
    rule = {"r": ns.plasticity.pair_stdp(w_max=1.0)}
    with pytest.raises(DescriptionError, match="2 trains of sources and 1 of neurons"):
        driven_synapses(rule, [[1.0], [2.0]], [[1.0]], dt_ms=0.1)
    with pytest.raises(DescriptionError, match="one step after it is driven"):
        driven_synapses(rule, [[1.0]], [[0.0]], dt_ms=0.1)


def test_window_is_the_sum_over_all_pairs():
    lags = np.array([-30.0, -1.0, 0.0, 5.0, 80.0])
    expected = []
    for lag in lags:
        pre, post = pairings(lag, 1.0, 60)
        total = 0.0
        for t in pre:
            for s in post:
                size = 0.777 * math.exp((t - s) / 16.8) if s >= t else 0.0
                total += (size if s >= t else -0.273 * math.exp((s - t) / 33.7)) / 60
        expected.append(total)
    np.testing.assert_allclose(stdp_window.window(lags), expected, rtol=1e-12)


@pytest.mark.parametrize("nearest", [False, True])
def test_triplets_one_by_one(nearest):
    """All pairs and triplets, written as loops, of trains that share times."""
    rng = np.random.default_rng(3)
    pre, post = (np.unique(rng.integers(0, 300, 25)).astype(float) for _ in range(2))
    fit = triplet_frequency.Fit(0.01, 0.02, 0.03, 0.04, 60.0, 40.0, nearest=nearest)

    def trace(times, at, tau, strictly):
        values = [math.exp((t - at) / tau) for t in times if t < at or (t == at and not strictly)]
        return 0.0 if not values else values[-1] if nearest else sum(values)

    expected = 0.0
    for t in post:
        slow = trace(post, t, fit.tau_y, strictly=True)
        expected += trace(pre, t, 16.8, strictly=False) * (fit.a2_plus + fit.a3_plus * slow)
    for t in pre:
        slow = trace(pre, t, fit.tau_x, strictly=True)
        expected -= trace(post, t, 33.7, strictly=True) * (fit.a2_minus + fit.a3_minus * slow)
    assert triplet_frequency.closed_form(pre, post, fit) == pytest.approx(expected, rel=1e-12)


def steps_of_1_ms(rate, lag):
    """Return the change by five pairs of the voltage-based rule in steps of 1 ms.

    As in the authors' program: spikes of two steps at 29.4 and 32.862 mV, potentials filtered
    for the rule read three steps back, forward Euler.
    """
    rest, pre, post = -70.6, set(), set()
    for k in range(5):
        pre.add(round(20 + max(-lag, 0) + k * 1e3 / rate))
        post.add(round(20 + max(lag, 0) + k * 1e3 / rate))
    v, adaptation, after, threshold, phase = rest, 0.0, 0.0, -50.4, 0
    slow, fast, trace, change = [rest] * 4, [rest] * 4, 0.0, 0.0
    for t in range(max(pre | post) + 300):
        if phase == 2:
            v, adaptation, after, threshold, phase = (
                rest + 21.0984,
                adaptation + 0.0805,
                400,
                -30.4,
                0,
            )
        upswing = 60.0 * math.exp((v - threshold) / 2)
        slope = (-30 * (v - rest) + upswing - adaptation + after + 1e6 * (t in post)) / 281
        drift = (4 * (v - rest) - adaptation) / 144
        v, after, threshold = v + slope, after - after / 40, threshold + (-50.4 - threshold) / 50
        if phase == 1:
            v, phase = 32.862, 2
        else:
            adaptation += drift
            if v > 20:
                v, phase = 29.4, 1
        change += 8e-5 * max(v + 45.3, 0) * trace * max(fast[0] - rest, 0)
        change -= 14e-5 * (t in pre) * max(slow[0] - rest, 0)
        slow = [*slow[1:], slow[-1] + (v - slow[-1]) / 10]
        fast = [*fast[1:], fast[-1] + (v - fast[-1]) / 7]
        trace += ((t in pre) - trace) / 15
    return change


@pytest.mark.parametrize("order", clopath.PROGRAM)
def test_numbers_of_the_authors_program(order):
    """Fifteen bursts from a weight of 0.5, in percent of it."""
    lag = clopath.ORDERS[order]
    for rate, expected in zip((10.0, 20.0, 40.0, 50.0), clopath.PROGRAM[order], strict=True):
        found = 100 * (1 + 15 * steps_of_1_ms(rate, lag) / 0.5)
        assert found == pytest.approx(expected, abs=0.15)


def test_held_potential_step_by_step():
    potentials = np.array([-75.0, -60.0, -40.0])
    expected = []
    for v in potentials:
        minus, plus, trace, weight = max(v + 70.6, 0), max(v + 45.3, 0), 0.0, 0.0
        for step in range(500, 9800 + 1500):
            weight += 0.1 * 8e-5 * plus * minus * trace / 15
            trace -= 0.1 * trace / 15
            if step % 200 == 100 and step <= 5300:
                weight -= 14e-5 * minus
                trace += 1
        expected.append(weight)
    # 25 spikes from 50 ms at 50 Hz, then 150 ms; here from 50 to 530 ms and long enough
    np.testing.assert_allclose(clopath.held_change(potentials), expected, rtol=1e-4)


def test_jump_of_the_hpc_benchmark_is_that_of_its_formula():
    """NEST's script finds the time of the peak with Lambert's function."""
    ratio, rate = hpc.TAU_M / hpc.TAU_SYN, 1 / hpc.TAU_SYN - 1 / hpc.TAU_M
    peak = (-lambertw(-math.exp(-1 / ratio) / ratio, k=-1).real - 1 / ratio) / rate
    assert peak == pytest.approx(1.700759, abs=1e-5)
    decays = (math.exp(-peak / hpc.TAU_M) - math.exp(-peak / hpc.TAU_SYN)) / rate
    response = math.e / (hpc.TAU_SYN * hpc.C_M * rate)
    response *= decays - peak * math.exp(-peak / hpc.TAU_SYN)
    assert hpc.jump() == pytest.approx(hpc.PSP / response, rel=1e-9)


def test_hpc_benchmark_has_the_numbers_of_its_script():
    net = hpc.hpc_benchmark(0.1)
    assert [p.size for p in net.populations.values()] == [900, 225]
    learnt = {p.name: p for p in net.projections}[hpc.LEARNT]
    assert learnt.synapse is not None
    weight = hpc.equilibrium()
    up = hpc.LAMBDA * hpc.W_0 * weight**hpc.MU * hpc.TAU_PLUS
    assert up == pytest.approx(hpc.LAMBDA * hpc.ALPHA * weight * hpc.TAU_MINUS)
    with pytest.raises(DescriptionError, match="indegree_scale 2"):
        hpc.hpc_benchmark(0.1, indegree_scale=2)


def test_only_excitatory_synapses_of_the_microcircuit_learn():
    net = microcircuit(0.02, plastic=True)
    for projection in net.projections:
        pre, post = projection.name.split("->")
        learns = pre.endswith("E") and post.endswith("E")
        assert (projection.synapse is not None) == learns
    assert all(p.synapse is None for p in microcircuit(0.02).projections)


def test_rule_of_the_microcircuit_rests_at_its_weight():
    """Two trains without correlation: as many lags of either sign, up and down the same."""
    rule = excitatory_stdp(80 * pA)
    lags = np.arange(-300.0, 300.0) + 0.5
    trains = [pairings(lag, 1.0, 1, first_ms=1.0) for lag in lags]
    net = ns.Network(seed=1, weight_bits=64)
    post = net.population("post", lags.size, ns.NeuronModel(
        "v : 1\ng : amp", threshold="v > 0.5", reset="v = 0"))  # fmt: skip
    pre = net.spike_source("pre", [p[0] for p, _ in trains] * ms, range(lags.size), lags.size)
    times = np.array([p[0] - 0.5 for _, p in trains])
    drive = net.spike_source("drive", times * ms, range(lags.size), lags.size)
    net.project(drive, post, ns.OneToOne(), "v", weight=1.0, delay=0 * ms)
    net.project(pre, post, ns.OneToOne(), "g", synapse=rule, weight=80 * pA, delay=0 * ms, name="p")
    with ns.Simulation(net, dt=0.5 * ms, engine="brian2", record=False) as simulation:
        simulation.run(400 * ms)
        change = 1e12 * simulation.read("p", "w") / 80 - 1
    up, down = change[lags > 0].sum(), -change[lags < 0].sum()
    assert up == pytest.approx(down, rel=1e-3)
    assert up > 0.1


def test_song_abbott_refuses_rates_that_are_none():
    with pytest.raises(DescriptionError, match="rates above 0"):
        song_network([10.0, 0.0])


def test_full_versions_are_asked_for_what_nest_gave():
    assert hpc_benchmark.NEST_RATES.keys() == {"E", "I"}
    assert hpc.equilibrium() < hpc_benchmark.NEST_WEIGHT < 1.1 * hpc.equilibrium()
