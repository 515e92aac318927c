"""TrueNorth's neurons against a literal tick in Python's integers; limits, reports, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from neurosim.neuromorphic.truenorth import TrueNorth, truenorth_neuron

import neurosim as ns
from neurosim import models
from neurosim.errors import DescriptionError, MappingError, UnknownNameError
from neurosim.units import Hz, ms, mV, pA

TICKS, N_IN, N = 150, 8, 4
KINDS = {
    "plain": {"threshold": 40, "leak": -2, "negative_threshold": -30, "reset_potential": 3},
    "linear": {"threshold": 25, "leak": 1, "negative_threshold": -20, "reset": "linear"},
    "floor": {"threshold": 60, "leak": -3, "negative_threshold": -10, "saturates": True,
              "reset": "linear", "leak_mode": "reversing"},
    "still": {"threshold": 30, "leak": 6, "negative_threshold": -40, "reset": "none"},
}  # fmt: skip


def literal(kind: dict, weights, delays, inputs, own, own_delay) -> tuple[list, list]:
    """Tick after tick as RANC has it: integrate, leak, compare, reset or floor; 16 slots."""
    threshold, low = kind["threshold"], kind["negative_threshold"]
    mode, back = kind.get("reset", "absolute"), kind.get("reset_potential", 0)
    v, slots = [0] * N, [[0] * N for _ in range(16)]
    potentials, spikes = [], []
    for tick in range(TICKS):
        arrived, slots[tick % 16] = slots[tick % 16], [0] * N
        fired = []
        for k in range(N):
            v[k] += arrived[k]
            sign = (v[k] > 0) - (v[k] < 0) if kind.get("leak_mode") == "reversing" else 1
            v[k] += kind["leak"] * sign
            if v[k] >= threshold:
                fired.append(k)
                v[k] = {"absolute": back, "linear": v[k] - threshold, "none": v[k]}[mode]
            elif v[k] < low:
                below = {"absolute": -back, "linear": v[k] - low, "none": v[k]}
                v[k] = low if kind.get("saturates") else below[mode]
        for i in np.flatnonzero(inputs[tick]):
            for k in range(N):
                slots[(tick + delays[k][i]) % 16][k] += weights[k][i]
        for i in fired:
            for k in range(N):
                slots[(tick + own_delay) % 16][k] += own[k][i]
        potentials.append(list(v))
        spikes.append([int(k in fired) for k in range(N)])
    return potentials, spikes


def drawn(kind: str):
    """Weights of four values, delays of 1 to 15 ticks, inputs; seed: the kind's place."""
    rng = np.random.default_rng([7, list(KINDS).index(kind)])
    weights = rng.choice([9, -14], (N, N_IN))
    own = rng.choice([5, -6], (N, N))
    return (
        weights.tolist(),
        rng.integers(1, 16, (N, N_IN)).tolist(),
        rng.random((TICKS, N_IN)) < 0.3,
        own.tolist(),
        int(rng.integers(1, 16)),
    )


def simulated(kinds):
    """Some kinds in one network of integers."""
    net = ns.Network(seed=1)
    for name in kinds:
        kind = KINDS[name]
        weights, delays, inputs, own, own_delay = drawn(name)
        times, ids = np.nonzero(inputs)
        source = net.spike_source(f"{name}_in", times=times * ms, ids=ids, size=N_IN)
        neurons = net.population(name, N, truenorth_neuron(**kind))
        net.record(neurons, "v")
        post, pre = np.indices((N, N_IN)).reshape(2, -1)
        net.project(source, neurons, ns.Edges(pre, post), "v",
                    weight=np.ravel(weights), delay=np.ravel(delays) * ms)  # fmt: skip
        post, pre = np.indices((N, N)).reshape(2, -1)
        net.project(neurons, neurons, ns.Edges(pre, post), "v",
                    weight=np.ravel(own), delay=own_delay * ms)  # fmt: skip
    noisy = truenorth_neuron(threshold=-99, threshold_mask=255, reset="none")
    net.population("noisy", 200, noisy)
    return ns.simulate(net, (TICKS + 1) * ms, dt=1 * ms, platform=TrueNorth())


@pytest.fixture(scope="module")
def recording():
    return simulated(("plain", "floor"))


@pytest.mark.parametrize("name", ["plain", "floor"])
def test_a_tick_is_the_literal_one(name: str, recording) -> None:
    compare(name, recording)


@pytest.mark.slow
def test_other_resets_are_the_literal_ones() -> None:
    for name in ("linear", "still"):
        compare(name, simulated((name,)))


def compare(name: str, recording) -> None:
    potentials, spikes = literal(KINDS[name], *drawn(name))
    fired = np.zeros((TICKS + 1, N), int)
    times, ids = recording.spikes(name)
    fired[np.rint(times).astype(int), ids] = 1
    assert np.sum(spikes) > 20
    np.testing.assert_array_equal(recording.state(name, "v").values[1:], potentials)
    np.testing.assert_array_equal(fired[:TICKS], spikes)


def test_what_is_told(recording) -> None:
    mapping, done = recording.platform.mapping, recording.platform.execution
    assert mapping["resources"]["cores"] == 3
    assert mapping["resources"]["chips"] == 1
    assert not any(r["changed"] for r in mapping["rounded"] if r["what"] == "weights")
    assert done["energy"]["t_run"] == pytest.approx((TICKS + 1) * 1e-3)
    assert done["energy"]["mean_power"] == pytest.approx(0.063)
    others = done["energy"]["alternatives"]
    events = sum(
        i["count"] for i in done["energy"]["items"] if i["what"] == "synaptic_events"
    ) or _events(recording)
    assert others["26 pJ per event"]["E_run"] == pytest.approx(26e-12 * events)
    assert others["SEN: 2.5 pJ per event"]["E_run"] == pytest.approx(2.5e-12 * events)
    each = others["46 GSOPS/W: 21.7 pJ per event"]["E_run"] / events
    assert each == pytest.approx(21.7e-12, rel=2e-3)


def _events(recording) -> int:
    return sum(
        int(recording.outdegree(name) @ np.bincount(
            recording.spikes(p.pre)[1], minlength=recording.populations[p.pre].size
        )[p.pre_start : p.pre_start + p.n_pre])
        for name, p in recording.projections.items()
    )  # fmt: skip


def network(n_in=20, n=30, rule=None, weight=3 * mV, delay=1 * ms, model="lif_delta", **changes):
    net = ns.Network(seed=2)
    source = net.spike_source("in", times=[1, 2] * ms, ids=[0, 0], size=n_in)
    neurons = net.population("E", n, getattr(models, model)(**changes))
    variable = "v" if model in ("lif_delta", "iaf") else "I_syn"
    net.project(source, neurons, rule or ns.AllToAll(), variable, weight=weight, delay=delay)
    return net


def mapped(net, machine, dt=1 * ms):
    """The mapping report; nothing is compiled."""
    return ns.Simulation(net, dt=dt, platform=machine).mapping


INTEGRATOR = {"model": "iaf", "t_ref": 0 * ms}


@pytest.mark.parametrize(
    ("n_in", "n", "cores"), [(256, 256, 1), (256, 257, 2), (100, 1024, 4), (1, 256 * 5 + 1, 6)]
)
def test_cores_hold_256_neurons(n_in: int, n: int, cores: int) -> None:
    report = mapped(network(n_in, n, **INTEGRATOR), TrueNorth())
    assert report["resources"]["cores"] == cores
    assert report["resources"]["chips"] == 1


def test_chips_hold_4096_cores() -> None:
    report = mapped(network(1, 4096 * 256 + 1, **INTEGRATOR), TrueNorth())
    assert (report["resources"]["cores"], report["resources"]["chips"]) == (4097, 2)


def test_more_than_256_inputs_are_split_or_refused() -> None:
    net = network(300, 10, **INTEGRATOR)
    with pytest.raises(MappingError, match="300 inputs to a neuron: 2 cores"):
        mapped(net, TrueNorth())
    assert mapped(net, TrueNorth(allow="split_neurons"))["resources"]["cores"] == 20


def test_different_inputs_take_more_cores() -> None:
    """512 matching inputs: 256 to a core. Random inputs share fewer."""
    matching = network(512, 512, rule=ns.OneToOne(), **INTEGRATOR)
    assert mapped(matching, TrueNorth())["resources"]["cores"] == 2
    random = network(1000, 256, rule=ns.Bernoulli(0.1), **INTEGRATOR)
    expected = 1000 * (1 - 0.9**2)
    assert expected <= 256 < 1000 * (1 - 0.9**3)
    assert mapped(random, TrueNorth())["resources"]["cores"] == 128


def test_one_report_lists_all_that_stands_in_the_way() -> None:
    net = network(300, 5, delay=20 * ms, weight=ns.Uniform(1 * mV, 3 * mV))
    with pytest.raises(MappingError) as error:
        mapped(net, TrueNorth())
    text = str(error.value)
    for part in ("linear_leak", "no_refractory", "four_weights", "up to 20 ticks", "300 inputs"):
        assert part in text
    allowed = mapped(net, TrueNorth(allow="all"))
    assert {name for name, *_ in allowed["approximated"]} == {
        "linear_leak", "no_refractory", "four_weights", "short_delays", "split_neurons",
    }  # fmt: skip


def test_other_models_are_refused() -> None:
    net = ns.Network(seed=1)
    net.population("E", 3, models.lif_cond_exp())
    with pytest.raises(MappingError, match="lif_cond_exp"):
        mapped(net, TrueNorth())


@pytest.mark.parametrize("changes", [{"leak": 300}, {"leak": 0.5}, {"threshold": 1.5}])
def test_integers_are_checked(changes: dict) -> None:
    net = ns.Network(seed=1)
    net.population("E", 3, truenorth_neuron(**{"threshold": 5} | changes))
    with pytest.raises(MappingError, match=next(iter(changes))):
        mapped(net, TrueNorth())


def test_unknown_modes_and_settings() -> None:
    with pytest.raises(UnknownNameError, match="sideways"):
        truenorth_neuron(threshold=3, reset="sideways")
    with pytest.raises(DescriptionError, match="tick"):
        TrueNorth(tick=-1.0)


def lively(seed: int = 5) -> ns.Network:
    net = ns.Network(seed=seed)
    e = net.population("E", 60, models.lif_delta(), initial={"v": "E_L + 10*mV*rand()"})
    net.project(e, e, ns.Bernoulli(0.1), "v", weight=0.4 * mV, delay=3 * ms)
    net.poisson(e, "v", rate=8 * Hz, indegree=200, weight=0.9 * mV)
    return net


@pytest.mark.slow
def test_transparent_is_native_and_switches_act_alone() -> None:
    """Order alone: every delay a tick shorter, nothing else."""
    spikes = {}
    shifted = lively()
    for name, machine in {
        "native": None,
        "transparent": TrueNorth.transparent(),
        "order": TrueNorth.transparent(order="machine"),
        "limits": TrueNorth.transparent(limits=True, delays=True),
        "weights": TrueNorth.transparent(weights=True),
        "all": TrueNorth(allow="all"),
    }.items():
        run = ns.simulate(lively(), 200 * ms, dt=1 * ms, platform=machine)
        spikes[name] = np.array(run.spikes("E"))
    assert spikes["native"].shape[1] > 100
    for same in ("transparent", "limits"):
        np.testing.assert_array_equal(spikes[same], spikes["native"])
    del shifted
    for other in ("order", "all"):
        assert not np.array_equal(spikes[other], spikes["native"])
    assert 0.3 < spikes["all"].shape[1] / spikes["native"].shape[1] < 3


def test_a_random_mask_spikes_as_often_as_it_should(recording) -> None:
    """Null: with v = 0 and a mask of 255 over a threshold of -99, P = 100/256 per neuron and tick.

    Binomial, two-sided, level 1e-4, seed 1.
    """
    fired = recording.spikes("noisy")[0]
    n, p = 200 * (TICKS + 1), 100 / 256
    z = (fired.size - n * p) / math.sqrt(n * p * (1 - p))
    assert abs(z) < 3.9


def test_currents_become_charges() -> None:
    """lif_curr_exp: a spike's weight times the sum of its propagated steps, in units of 255."""
    net = network(model="lif_curr_exp", weight=50 * pA)
    report = mapped(net, TrueNorth(allow="all"))
    scale = report["details"]["scale"]["E"]
    decay = math.exp(-1 / 0.5)
    a, b = 1 / 10, 1 / 0.5
    gain = (math.exp(-a) - math.exp(-b)) / (b - a) * 1e-3 / 250e-12
    volts = 50e-12 * gain / (1 - decay)
    assert scale["unit"] == pytest.approx(volts / 255, rel=1e-9)
    assert scale["threshold"] == round(0.015 / scale["unit"])
