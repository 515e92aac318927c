"""The synapse models of the catalogue."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import UnknownNameError
from neurosim.units import ms, mV, nS, pA


def test_entries_are_documented_and_made():
    for name in ns.models.synapse_names():
        entry = ns.models.synapse_entry(name)
        assert getattr(ns.models, name)().name == name
        text = getattr(ns.models, name).__doc__
        assert entry.reference in text
        assert name in entry.example
    assert not set(ns.models.synapse_names()) & set(ns.models.names())
    with pytest.raises(UnknownNameError, match="gap_junction"):
        ns.models.synapse_entry("gap_junctoin")


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_two_coupled_cells_meet_at_their_mean(engine):
    """v_1 - v_2 decays with C_m/(g_L + 2 g): 250 pF, 25 nS, 50 nS of junction give 2 ms."""
    net = ns.Network()
    cells = net.population(
        "P", 2, ns.models.entry("lif_delta").coupled(), initial={"v": [-55, -65] * mV}
    )  # fmt: skip
    gap = ns.models.gap_junction()
    net.project(cells, cells, ns.AllToAll(autapses=False), "I_gap", synapse=gap, weight=50 * nS)
    net.record(cells, "v")
    run = ns.simulate(net, 4 * ms, dt=0.005 * ms, engine=engine, threads=1)
    v = run.state("P", "v")
    difference = v.values[:, 0] - v.values[:, 1]
    # the summed current is held over a step, so the decay is right to first order in dt
    assert difference == pytest.approx(10 * np.exp(-v.times_ms / 2), abs=0.02)


def test_gap_junctions_synchronise():
    """Two tonically firing cells half a period apart: together when coupled, apart when not."""
    entry = ns.models.entry("hodgkin_huxley_traub_miles")
    apart = {}
    for conductance in (0.0, 5.0):
        net = ns.Network()
        start = {"v": [-60, -80] * mV}
        cells = net.population("P", 2, entry.coupled(), initial=start)
        net.project(
            cells, cells, ns.AllToAll(autapses=False), "I_gap",
            synapse=ns.models.gap_junction(), weight=conductance * nS,
        )  # fmt: skip
        times, ids = ns.simulate(net, 800 * ms, dt=0.05 * ms, threads=1).spikes("P")
        first, second = (times[(ids == k) & (times > 600)] for k in (0, 1))
        apart[conductance] = np.abs(first[:, None] - second).min(axis=1).max()
    assert apart[0.0] > 5
    assert apart[5.0] < 1


def test_nmda_gating_sums_what_the_sources_carry():
    net = ns.Network()
    cells = net.population("P", 3, ns.models.lif_nmda(I_e=[600, 700, 0] * pA))
    gating = ns.models.nmda_gating()
    net.project(cells, cells, ns.AllToAll(autapses=False), synapse=gating, weight=2.0)
    net.record(cells, ["s", "s_NMDA", "v"])
    run = ns.simulate(net, 300 * ms, threads=1)
    s, total = run.state("P", "s").values, run.state("P", "s_NMDA").values
    # the sum is formed at the start of a step, after its sample was taken
    expected = 2 * (s.sum(axis=1, keepdims=True) - s)
    assert total[1:] == pytest.approx(expected[:-1], rel=1e-9, abs=1e-12)
    assert total[-1, 2] > 1
    assert run.state("P", "v").values[-1, 2] > -70


def test_unreliable_synapses_transmit_their_share():
    """Null: binomial with p = 0.3 of 200 x 40 events; four standard deviations."""
    net = ns.Network(seed=4)
    model = ns.NeuronModel("x : 1", name="counter")
    cells = net.population("P", 200, model, initial={"x": 0.0})
    times = np.arange(1, 41) * ms
    source = net.spike_source("s", times=times, ids=np.zeros(40, int), size=1)
    synapse = ns.models.unreliable(p=0.3)
    net.project(source, cells, ns.AllToAll(), "x", synapse=synapse, weight=1.0, delay=1 * ms)
    net.record(cells, "x")
    counts = ns.simulate(net, 50 * ms, threads=1).state("P", "x").values[-1]
    n = 200 * 40
    assert counts.sum() == pytest.approx(0.3 * n, abs=4 * np.sqrt(n * 0.3 * 0.7))
    assert counts.std() == pytest.approx(np.sqrt(40 * 0.3 * 0.7), rel=0.25)
