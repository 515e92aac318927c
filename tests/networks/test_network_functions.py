"""The networks of the experiments: their numbers, and small versions against other code."""

import numpy as np
import pytest
from neurosim.networks import decision as d
from neurosim.networks import working_memory as w
from neurosim.networks.clustered import clustered
from neurosim.networks.izhikevich_2003 import STEP, izhikevich_2003
from neurosim.networks.synfire import WEIGHT, Packet, packet_spikes, synfire_chain
from neurosim.networks.vogels_abbott import KINDS, vogels_abbott

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.lower import lower
from neurosim.units import Hz, ms


def spikes_of(recording):
    """Every spike as (time, id) per population."""
    found = {}
    for name in recording.neurons:
        times, ids = recording.spikes(name)
        order = np.lexsort((ids, times))
        found[name] = np.column_stack([times[order], ids[order]])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_vogels_abbott_is_the_same_on_both_engines(kind):
    runs = [
        ns.simulate(vogels_abbott(0.1, kind=kind), 60 * ms, engine=engine, threads=1)
        for engine in ("native", "brian2")
    ]
    first, second = (spikes_of(run) for run in runs)
    assert len(first["E"]) > 50
    for name in first:
        np.testing.assert_allclose(first[name], second[name])


def test_vogels_abbott_keeps_80_synapses_per_neuron():
    for scale in (0.1, 1.0):
        program = lower(vogels_abbott(scale), 0.1 * ms)
        synapses = sum(p.expected_synapses for p in program.projections)
        neurons = sum(p.size for p in program.populations)
        assert synapses / neurons == pytest.approx(80)


def test_izhikevich_is_the_program_of_the_paper():
    """Rates of 3 s beside the paper's program in NumPy, 3 seeds each; 12 % are 4 sd."""
    rates = []
    for seed in (1, 2, 3):
        run = ns.simulate(izhikevich_2003(seed=seed), 3000 * ms, dt=STEP, threads=1)
        rates.append([run.rates()["E"], run.rates()["I"]])
    expected = [_paper(seed, 3000) for seed in (1, 2, 3)]
    assert np.mean(rates, axis=0) == pytest.approx(np.mean(expected, axis=0), rel=0.12)


def _paper(seed, milliseconds):
    """The program of Izhikevich (2003), page 1572, in NumPy: rates of E and I in Hz."""
    rng = np.random.default_rng(seed)
    r = rng.random(1000)
    exc = np.arange(1000) < 800
    a, b = np.where(exc, 0.02, 0.02 + 0.08 * r), np.where(exc, 0.2, 0.25 - 0.05 * r)
    c, d = np.where(exc, -65 + 15 * r**2, -65.0), np.where(exc, 8 - 6 * r**2, 2.0)
    s = np.where(exc, 0.5, -1.0) * rng.random((1000, 1000))
    v = np.full(1000, -65.0)
    u = b * v
    counts = np.zeros(1000)
    for _ in range(milliseconds):
        drive = np.where(exc, 5.0, 2.0) * rng.standard_normal(1000)
        fired = v >= 30
        counts += fired
        v[fired] = c[fired]
        u[fired] += d[fired]
        drive += s[:, fired].sum(axis=1)
        for _ in range(2):
            v += 0.5 * (0.04 * v**2 + 5 * v + 140 - u + drive)
        u += a * (b * v - u)
    seconds = milliseconds / 1000
    return counts[exc].mean() / seconds, counts[~exc].mean() / seconds


def test_izhikevich_neurons_are_those_of_the_paper():
    with ns.Simulation(izhikevich_2003(), dt=STEP, threads=1) as simulation:
        r, c, d = (simulation.read("E", x) for x in ("r", "c", "d"))
        start = {x: simulation.read("I", x) for x in ("r", "c", "d", "v", "u")}
    np.testing.assert_allclose(c, -65 + 15 * r**2)
    np.testing.assert_allclose(d, 8 - 6 * r**2)
    assert (r.min(), r.max()) == pytest.approx((0, 1), abs=0.02)
    assert set(start["c"]) == {-65.0}
    assert set(start["d"]) == {2.0}
    np.testing.assert_allclose(start["u"], (0.25 - 0.05 * start["r"]) * start["v"])


def test_izhikevich_is_the_same_on_both_engines():
    runs = [
        ns.simulate(izhikevich_2003(0.1), 60 * ms, dt=STEP, engine=engine, threads=1)
        for engine in ("native", "brian2")
    ]
    first, second = (spikes_of(run) for run in runs)
    assert len(first["E"]) > 10
    for name in first:
        np.testing.assert_allclose(first[name], second[name])


def test_packets():
    packets = [Packet(30, 0.0, 50.0), Packet(200, 2.0, 120.0)]
    times, ids = packet_spikes(packets, seed=1)
    assert np.all(times[:30] == 50.0)
    assert list(ids[:30]) == list(range(30))
    assert times[30:].mean() == pytest.approx(120, abs=0.5)
    assert times[30:].std() == pytest.approx(2, rel=0.2)
    with pytest.raises(DescriptionError, match="before"):
        synfire_chain([Packet(30, 5.0, 1.0)])
    with pytest.raises(DescriptionError, match="groups"):
        synfire_chain([Packet(30, 0.0, 50.0)], n_groups=1)


def test_synfire_weight_makes_a_potential_of_014_mv():
    """The peak of the response to one spike, by the sum of its closed form on a fine grid."""
    t = np.arange(0, 60, 1e-2)
    current = WEIGHT * t / 0.325 * np.exp(-t / 0.325)
    kernel = np.exp(-t / 10.0) / 250.0
    potential = np.convolve(current, kernel)[: t.size] * 1e-2
    assert potential.max() == pytest.approx(0.14, abs=0.005)


def test_clusters_keep_the_mean_probability():
    program = lower(clustered(0.2, clusters=4), 0.1 * ms)
    inside, between = 0.0, 0.0
    for p in program.projections:
        if p.name.startswith("E->E"):
            same = (p.pre.start, p.pre.size) == (p.post.start, p.post.size)
            inside += p.expected_synapses if same else 0
            between += 0 if same else p.expected_synapses
    assert (inside + between) / 800**2 == pytest.approx(0.2)
    assert (inside / (4 * 200**2)) / (between / (12 * 200**2)) == pytest.approx(2.5)
    with pytest.raises(DescriptionError, match="clusters"):
        clustered(0.2, clusters=7)


def test_pooled_gating_is_the_sum_over_all_pairs():
    """The NMDA gating that each cell feels, against the whole matrix of strengths."""
    network = w.working_memory(0.1, cue=None)
    with ns.Simulation(network, threads=1) as simulation:
        simulation.run(100 * ms)
        before = simulation.read("E", "s")
        simulation.run(0.1 * ms)
        felt = {name: simulation.read(name, "s_NMDA") for name in ("E", "I")}
    degrees = w.directions(before.size)
    matrix = w.connectivity(degrees[:, None] - degrees)
    assert before.max() > 0.1
    np.testing.assert_allclose(felt["E"], matrix @ before, rtol=1e-5)
    np.testing.assert_allclose(felt["I"], before.sum(), rtol=1e-5)


def test_decision_groups_feel_their_own_most():
    network = d.decision(0 * Hz, 0 * Hz, 0.1)
    with ns.Simulation(network, threads=1) as simulation:
        simulation.run(100 * ms)
        before = simulation.read("E", "s")
        simulation.run(0.1 * ms)
        felt = simulation.read("E", "s_NMDA")
    size = d.group_size(0.1)
    totals = [before[:size].sum(), before[size : 2 * size].sum(), before[2 * size :].sum()]
    low = 1 - 0.15 * 0.7 / 0.85
    expected = [
        1.7 * totals[0] + low * (totals[1] + totals[2]),
        1.7 * totals[1] + low * (totals[0] + totals[2]),
        sum(totals),
    ]
    np.testing.assert_allclose(felt[[0, size, 2 * size]], expected, rtol=1e-5)


def test_mean_strength_of_the_ring_is_1():
    grid = np.arange(3600) / 10
    for j_plus, sigma in ((1.62, 18.0), (3.0, 40.0)):
        assert w.connectivity(grid, j_plus, sigma).mean() == pytest.approx(1, abs=1e-4)
    assert w.connectivity(0.0) == pytest.approx(1.62)
    assert list(w.distance([10, 350, 190], 0)) == [10, -10, -170]


@pytest.mark.parametrize(
    "build",
    [
        lambda: vogels_abbott(kind="xyz"),
        lambda: vogels_abbott(0.001),
        lambda: izhikevich_2003(0.001),
        lambda: d.decision(0 * Hz, 0 * Hz, w_plus=9),
        lambda: w.working_memory(100),
    ],
)
def test_wrong_settings_are_refused_by_name(build):
    with pytest.raises(DescriptionError):
        build()
