"""Tianjic: cores of 256 by 256, rounds of 5050 cycles, 8-bit weights, 32 of them."""

from __future__ import annotations

import numpy as np
import pytest
from neurosim.neuromorphic.tianjic import Tianjic

import neurosim as ns
from neurosim import models
from neurosim.errors import MappingError
from neurosim.units import Hz, ms, pA


def network(n_in=20, n=30, rule=None, weight=50 * pA, n_pops=1):
    net = ns.Network(seed=2)
    source = net.spike_source("in", times=[1, 2] * ms, ids=[0, 0], size=n_in)
    for k in range(n_pops):
        neurons = net.population(f"E{k}", n, models.lif_curr_exp())
        net.project(source, neurons, rule or ns.AllToAll(), "I_syn", weight=weight, delay=1 * ms)
    return net


def mapped(net, machine=None, dt=1 * ms):
    """The mapping report; nothing is compiled."""
    return ns.Simulation(net, dt=dt, platform=machine or Tianjic()).mapping


def test_a_chip_has_39936_neurons() -> None:
    full = mapped(network(256, 156 * 256))
    assert (full["resources"]["cores"], full["resources"]["chips"]) == (156, 1)
    assert full["resources"]["neurons"] == 39_936
    more = mapped(network(256, 39_937))
    assert (more["resources"]["cores"], more["resources"]["chips"]) == (157, 2)


def test_300_inputs_take_two_cores() -> None:
    net = network(300, 1)
    with pytest.raises(MappingError, match="300 inputs to a neuron: 2 cores"):
        mapped(net)
    report = mapped(net, Tianjic(allow="split_neurons"))
    assert report["resources"]["cores"] == 2
    assert report["approximated"][0][0] == "split_neurons"


def test_chips_can_be_limited() -> None:
    with pytest.raises(MappingError, match="157 cores on 2 chips"):
        mapped(network(256, 39_937), Tianjic(chips=1))


def test_weights_have_8_bits_on_a_scale_of_their_target() -> None:
    given = np.array([127.0, 63.4, -126.6, 0.2])
    net = ns.Network(seed=1)
    source = net.spike_source("in", times=[1] * ms, ids=[0], size=4)
    e = net.population("E", 4, models.lif_curr_exp())
    net.project(source, e, ns.OneToOne(), "I_syn", weight=127 * pA, delay=1 * ms,
                name="scale")  # fmt: skip
    net.project(source, e, ns.Edges([0, 1, 2, 3], [0, 1, 2, 3]), "I_syn",
                weight=given * pA, delay=1 * ms, name="listed")  # fmt: skip
    alone = Tianjic.transparent(weights=True)
    rows = {r["where"]: r for r in mapped(net, alone)["rounded"]}
    assert rows["scale"]["changed"] == 0
    assert rows["listed"]["changed"] == 3
    assert rows["listed"]["worst"] == pytest.approx(0.4e-12)


def test_weights_that_differ_are_32_at_most() -> None:
    net = network(100, 100, weight=ns.Uniform(10 * pA, 100 * pA))
    sim = ns.Simulation(net, dt=1 * ms, platform=Tianjic())
    grid = sim.program.projections[0].weight.grid
    held = np.unique(grid.apply(np.linspace(10e-12, 100e-12, 5001)))
    steps = held / (100e-12 / 127)
    assert 16 <= held.size <= 32
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert np.ptp(np.diff(np.rint(steps))) == 0


@pytest.mark.slow
def test_a_step_is_a_round_or_several() -> None:
    """5050 cycles at 300 MHz: 16.83 us; 60 rounds are about 1.01 ms; 0.4 W: 6.73 uJ a round."""
    run = ns.simulate(network(), 60 * ms, dt=1 * ms, platform=Tianjic())
    energy = run.platform.execution["energy"]
    assert energy["t_run"] == pytest.approx(60 * 5050 / 300e6, rel=1e-12)
    assert energy["t_run"] == pytest.approx(1.01e-3, rel=1e-9)
    assert energy["t_run"] / 60 == pytest.approx(16.83e-6, rel=3e-4)
    assert energy["E_run"] / 60 == pytest.approx(6.73e-6, rel=1e-3)
    peak = energy["alternatives"]["peak of 950 mW"]["E_run"]
    assert peak == pytest.approx(0.95 * energy["t_run"])


def test_rounds_take_5050_cycles() -> None:
    tick = Tianjic().cost_model().clock.tick.value
    assert 60 * tick == pytest.approx(1.01e-3, rel=1e-9)
    assert tick == pytest.approx(16.83e-6, rel=3e-4)
    assert 0.4 * tick == pytest.approx(6.73e-6, rel=1e-3)
    assert Tianjic(rounds=3).cost_model().clock.tick.value == pytest.approx(3 * tick)


def test_other_models_are_refused() -> None:
    net = ns.Network(seed=1)
    net.population("E", 3, models.adex())
    with pytest.raises(MappingError, match="adex"):
        mapped(net)


def lively() -> ns.Network:
    net = ns.Network(seed=5)
    e = net.population("E", 60, models.lif_curr_exp())
    weight = ns.Normal(80 * pA, 20 * pA, low=0 * pA)
    net.project(e, e, ns.Bernoulli(0.1), "I_syn", weight=weight, delay=2 * ms)
    net.poisson(e, "I_syn", rate=8 * Hz, indegree=2500, weight=87.8 * pA)
    return net


@pytest.mark.slow
def test_transparent_is_native_and_switches_act_alone() -> None:
    spikes = {}
    for name, machine in {
        "native": None,
        "transparent": Tianjic.transparent(),
        "limits": Tianjic.transparent(limits=True),
        "weights": Tianjic.transparent(weights=True),
        "indices": Tianjic.transparent(weight_indices=True),
        "all": Tianjic(),
    }.items():
        run = ns.simulate(lively(), 200 * ms, dt=0.5 * ms, platform=machine)
        spikes[name] = np.array(run.spikes("E"))
    assert spikes["native"].shape[1] > 100
    for same in ("transparent", "limits"):
        np.testing.assert_array_equal(spikes[same], spikes["native"])
    for other in ("weights", "indices", "all"):
        assert not np.array_equal(spikes[other], spikes["native"])
        assert 0.8 < spikes[other].shape[1] / spikes["native"].shape[1] < 1.25


def test_what_no_source_confirms_is_listed() -> None:
    listed = {a.name: a.fact for a in Tianjic().assumptions()}
    assert listed["weights"] == "2"
    assert listed["state"] == listed["size"] == listed["rounds"] == "U"


def test_weights_of_zero_are_left() -> None:
    assert mapped(network(weight=0 * pA))["resources"]["cores"] == 1
