"""LIF networks on Loihi: units, registers, exponents, cores, what is told and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurosim.neuromorphic import Loihi, Loihi2, loihi_lif, loihi_weight
from neurosim.neuromorphic.linear import conductances_as_currents
from neurosim.neuromorphic.loihi import scale
from neurosim.neuromorphic.loihi.weights import exponent_for

import neurosim as ns
from neurosim import models
from neurosim.errors import DescriptionError, MappingError, UnknownNameError
from neurosim.units import Hz, ms, mV, nS, pA

DT = 0.1 * ms


def mapped(net, machine=None, dt=DT):
    """The mapping report; nothing is compiled."""
    return ns.Simulation(net, dt=dt, platform=machine or Loihi()).mapping


def one(model=None, weight=80 * pA, variable="I_syn", delay=1 * ms, n=10, **changes):
    net = ns.Network(seed=1)
    source = net.spike_source("in", times=[1] * ms, ids=[0], size=4)
    neurons = net.population("E", n, model or models.lif_curr_exp(**changes))
    net.project(source, neurons, ns.AllToAll(), variable, weight=weight, delay=delay)
    return net


def lively(seed: int = 3) -> ns.Network:
    """Currents, delta synapses, Poisson input, biases; both populations spike."""
    net = ns.Network(seed=seed)
    e = net.population(
        "E", 40, models.lif_curr_exp(I_e=300 * pA), initial={"v": "E_L + 5*mV*rand()"}
    )
    i = net.population("I", 20, models.lif_delta(I_e=400 * pA))
    weight = ns.Normal(80 * pA, 8 * pA, low=0 * pA)
    net.project(e, e, ns.Bernoulli(0.2), "I_syn", weight=weight, delay=ns.Uniform(1 * ms, 3 * ms))
    net.project(e, i, ns.Bernoulli(0.2), "v", weight=0.3 * mV, delay=1 * ms)
    net.project(i, e, ns.Bernoulli(0.2), "I_syn", weight=-200 * pA, delay=1 * ms)
    net.poisson(e, "I_syn", rate=8 * Hz, indegree=200, weight=87 * pA)
    net.record(e[:4], "v")
    net.record(e[:4], "I_syn")
    return net


def run_all(machines: dict) -> dict:
    return {n: ns.simulate(lively(), 200 * ms, dt=DT, platform=m) for n, m in machines.items()}


@pytest.fixture(scope="module")
def runs() -> dict:
    """One network natively, transparently with what only counts and checks, and as it is."""
    checks = {"delays": True, "limits": True, "count_load": True}
    transparent = Loihi.transparent(**checks)
    return run_all({"native": None, "transparent": transparent, "all": Loihi()})


@pytest.fixture(scope="module")
def alone() -> dict:
    """Each switch alone."""
    on = {"arithmetic": True, "parameters": True, "weights": True, "order": "machine"}
    return run_all({n: Loihi.transparent(**{n: value}) for n, value in on.items()})


def spikes(run) -> list[np.ndarray]:
    return [np.array(run.spikes(name)) for name in ("E", "I")]


@pytest.mark.slow
def test_transparent_is_native_bit_for_bit(runs) -> None:
    assert sum(s.shape[1] for s in spikes(runs["native"])) > 150
    for own, native in zip(spikes(runs["transparent"]), spikes(runs["native"]), strict=True):
        np.testing.assert_array_equal(own, native)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["arithmetic", "parameters", "weights"])
def test_each_switch_alone_changes_a_little(name: str, runs, alone) -> None:
    """Potentials move by less than a millivolt in the 20 ms before first spikes, not by 0."""
    own = alone[name].state("E", "v").values[:200]
    native = runs["native"].state("E", "v").values[:200]
    assert 0 < np.abs(own - native).max() < 1.0


@pytest.mark.slow
def test_order_alone_is_about_synapses_on_the_potential(runs, alone) -> None:
    """An input in the step of a spike is kept; currents are computed as ever."""
    e_native, i_native = spikes(runs["native"])
    e_order, i_order = spikes(alone["order"])
    first = min(i_native[0].min(), i_order[0].min()) + 1
    np.testing.assert_array_equal(e_native[:, e_native[0] < first], e_order[:, e_order[0] < first])
    assert not np.array_equal(i_native, i_order)


@pytest.mark.slow
def test_potentials_and_currents_are_in_millivolts_and_picoamperes(runs) -> None:
    v, i = (runs["all"].state("E", x).values for x in ("v", "I_syn"))
    assert -100 < v.min() < v.max() <= -50 + 1e-3
    assert 10 < i.max() < 5000
    unit = 1e3 * runs["all"].platform.mapping["details"]["scale"]["E"]["unit"]
    steps = (v + 65) / unit
    assert np.abs(steps - np.rint(steps)).max() < 0.5
    assert np.abs(v - runs["native"].state("E", "v").values)[:200].max() < 1.0


def test_registers_of_a_population() -> None:
    """Decays, threshold and bias by hand: tau_m 10 ms, tau_syn 0.5 ms, I_e 100 pA, dt 0.1 ms."""
    found = mapped(one(I_e=100 * pA))["details"]["scale"]["E"]
    unit = found["unit"]
    keep = math.exp(-0.01)
    assert found["decay_v"] == round(4096 * (1 - keep)) == 41
    assert found["decay_u"] == {"I_syn": round(4096 * (1 - math.exp(-0.2)))}
    assert found["vth"] * 64 * unit == pytest.approx(0.015, rel=1e-12)
    assert found["vth"] == math.floor((2**23 - 1) / 4 / 64)
    bias = 100e-12 / 250e-12 * 0.01 * (1 - keep) / unit
    exponent = max(0, math.ceil(math.log2(bias / 4095)))
    assert found["bias"] == round(bias / 2**exponent) * 2**exponent


@given(st.floats(-524160, 524160))
@settings(max_examples=300, deadline=None)
def test_a_bias_is_the_nearest_of_13_bits_and_an_exponent(bias: float) -> None:
    held = scale.register_bias(bias)
    exponent = next(e for e in range(8) if round(abs(bias)) <= 4095 * 2**e)
    assert held % 2**exponent == 0
    assert abs(held) <= 4095 * 2**exponent
    assert abs(held - bias) <= 2**exponent / 2 + 1e-9


@given(
    span=st.floats(1e-4, 1.0),
    bias=st.floats(0, 1.0),
    weight=st.floats(0, 1.0),
    headroom=st.floats(1, 100),
)
@settings(max_examples=300, deadline=None)
def test_everything_has_room_in_the_unit(span, bias, weight, headroom) -> None:
    unit = scale.choose_unit(span, bias, weight, headroom)
    mantissa = span / unit / 64
    assert mantissa == pytest.approx(round(mantissa), rel=1e-9)
    assert 1 <= round(mantissa) <= 131071
    if round(mantissa) > 1:
        assert span * headroom / unit <= 2**23
        assert bias / unit <= 4095 * 128 * (1 + 1e-9)
        assert weight / unit <= 254 * 2**13 * (1 + 1e-9)


@given(st.floats(1.0, 254 * 2**13), st.sampled_from(["excitatory", "inhibitory", "mixed"]))
def test_the_exponent_is_the_smallest_with_room(largest: float, mode: str) -> None:
    most = 254 if mode == "mixed" else 255
    found = exponent_for(largest, mode)
    assert largest <= 64 * most * 2**found * (1 + 1e-9)
    assert found == 0 or largest > 64 * most * 2 ** (found - 1) * (1 - 1e-9)


def test_rounded_weights_are_told() -> None:
    net = one(weight=ns.Uniform(-300 * pA, 500 * pA), n=200)
    report = mapped(net)
    row = next(r for r in report["rounded"] if r["what"] == "weights")
    kept = report["details"]["weights"][row["where"]]
    assert kept["mode"] == "mixed"
    unit = report["details"]["scale"]["E"]["unit"]
    a, b = math.exp(-0.01), math.exp(-0.2)
    gain = (a - b) / (1 / 0.5e-3 - 1 / 10e-3) / 250e-12 / unit
    quantum = 128 * 2 ** kept["exponent"] / gain
    assert row["count"] == row["of"] == 800
    assert row["clipped"] == 0
    assert 0.4 * quantum < row["worst"] <= 0.5 * quantum * (1 + 1e-9)


def test_weights_beyond_the_mantissa_are_clipped() -> None:
    report = mapped(one(weight=ns.Uniform(0 * pA, 500 * pA), n=200), Loihi(weight_exponents=0))
    row = next(r for r in report["rounded"] if r["what"] == "weights")
    assert 100 < row["clipped"] < 700


@pytest.mark.parametrize(
    ("neurons", "cores", "chips"),
    [(1024, 1, 1), (1025, 2, 1), (131_072, 128, 1), (131_073, 129, 2)],
)
def test_a_chip_is_128_cores_of_1024(neurons: int, cores: int, chips: int) -> None:
    used = mapped(one(n=neurons))["resources"]
    assert (used["cores"], used["chips"]) == (cores, chips)
    assert mapped(one(n=1_048_576), Loihi2())["resources"]["chips"] == 1


def test_chips_and_synapses_are_limited() -> None:
    with pytest.raises(MappingError, match="129 cores on 2 chips"):
        mapped(one(n=131_073), Loihi(chips=1))
    few = Loihi(synapses_per_chip=128 * 8)
    assert mapped(one(n=10), few)["resources"]["cores"] == 5
    with pytest.raises(MappingError, match="4 synapses per neuron; a core holds 1"):
        mapped(one(n=10), few.but(synapses_per_chip=128))


def test_one_report_lists_all_that_stands_in_the_way() -> None:
    net = one(delay=7 * ms, t_ref=7 * ms)
    net.population("H", 3, models.lif_cond_exp())
    x = net.population("X", 3, models.lif_curr_exp2(tau_inh=2 * ms))
    net.project(x, x, ns.AllToAll(), "I_exc", weight=1 * pA, delay=1 * ms)
    net.project(x, x, ns.AllToAll(), "I_exc", synapse=models.unreliable(), weight=1 * pA,
                delay=1 * ms, name="chancy")  # fmt: skip
    driven = net.population("Y", 3, models.lif_curr_exp())
    net.inject(driven, "I_e", ns.SineCurrent(10 * pA, 5 * Hz))
    with pytest.raises(MappingError) as error:
        mapped(net)
    for part in ("70 steps", "lif_cond_exp", "2 synaptic time constants", "short_delays", "chancy",
                 "a current that changes in time"):  # fmt: skip
        assert part in str(error.value)


def test_allowed_by_name() -> None:
    net = one(models.lif_curr_exp2(tau_inh=2 * ms), variable="I_exc", delay=7 * ms)
    machine = Loihi(allow="short_delays+extra_compartments")
    report = mapped(net, machine)
    assert report["resources"]["compartments"] == 20
    assert {name for name, *_ in report["approximated"]} == {"short_delays", "extra_compartments"}
    delays = next(r for r in report["rounded"] if r["what"] == "delays")
    assert (delays["worst_given"], delays["worst_became"]) == (70, 62)


def test_currents_that_decay_alike_share_a_compartment() -> None:
    net = one(models.lif_curr_exp2(), variable="I_inh", weight=-20 * pA)
    report = mapped(net)
    assert report["resources"]["compartments"] == 10
    assert report["details"]["scale"]["E"]["decay_u"].keys() == {"I_exc"}
    net.record(net.populations["E"] if isinstance(net.populations, dict) else net.populations[0],
               "I_inh")  # fmt: skip
    with pytest.raises(MappingError, match="summed into I_exc"):
        mapped(net)


def test_neurons_may_differ() -> None:
    """Time constants of each neuron: decays, and weights by the neuron's own gain."""
    taus = np.linspace(2, 20, 10) * ms
    report = mapped(one(tau_m=taus))
    low, high = report["details"]["scale"]["E"]["decay_v"]
    assert (low, high) == (
        round(4096 * -math.expm1(-0.1 / 20)),
        round(4096 * -math.expm1(-0.1 / 2)),
    )
    sim = ns.Simulation(one(tau_m=taus), dt=DT, platform=Loihi())
    weight = sim.program.projections[0].weight
    assert weight.kind == "listed"
    assert len(set(weight.values)) > 1


@pytest.mark.slow
def test_state_is_read_and_written_in_volts() -> None:
    net = one(loihi_lif(du=100, dv=10, vth=1000), weight=loihi_weight(3), variable="u")
    mixed = ns.Network(seed=1)
    mixed.population("E", 3, models.lif_curr_exp())
    with ns.Simulation(mixed, dt=DT, platform=Loihi()) as sim:
        sim.prepare()
        np.testing.assert_allclose(sim.read("E", "v"), -0.065)
        sim.write("E", "v", np.array([-60.0, -61.0, -62.0]) * mV)
        unit = sim.mapping["details"]["scale"]["E"]["unit"]
        np.testing.assert_allclose(sim.read("E", "v"), [-0.06, -0.061, -0.062], atol=unit)
        assert sim.read("E", "tau_m") == pytest.approx(0.01)
    assert mapped(net, dt=1 * ms)["details"]["scale"]["E"]["vth"] == 1000


@pytest.mark.parametrize(
    "changes", [{"du": 4096}, {"dv": -1}, {"vth": 131_072}, {"bias_mant": 4096}, {"bias_exp": 8},
                {"refractory": 65}, {"vth": 1.5}],
)  # fmt: skip
def test_registers_have_their_ranges(changes: dict) -> None:
    net = one(loihi_lif(**changes), weight=loihi_weight(3), variable="u")
    with pytest.raises(MappingError, match="whole number"):
        mapped(net, dt=1 * ms)


def test_settings_are_checked() -> None:
    for wrong in (8, -9, {"a": 9}, 1.5):
        with pytest.raises(DescriptionError, match="-8 to 7"):
            Loihi(weight_exponents=wrong)
    with pytest.raises(DescriptionError, match="1 to 8"):
        Loihi(weight_bits=9)
    with pytest.raises(UnknownNameError, match="each"):
        Loihi(synapse_rule="every")
    with pytest.raises(UnknownNameError, match="short_delays"):
        Loihi(allow="shorter_delays")


@pytest.mark.slow
def test_the_account_of_a_run(runs) -> None:
    """Events of every core, traffic, and time as the sum over steps of the busiest core."""
    done = runs["all"].platform.execution
    events = sum(done["core_events"])
    energy = {i["what"]: i for i in done["energy"]["items"]}
    assert 0.97 < events / energy["synaptic_events"]["count"] <= 1  # the last steps' not yet
    assert energy["synaptic_events"]["each"] == 35.5e-12
    spiked = sum(s.shape[1] for s in spikes(runs["all"]))
    held = 30  # 60 neurons on 2 cores
    expected = (
        2000 * (0.6e-6 + held * 9.7e-9) + done["busiest_core_events"] * 3.8e-9 + spiked / 2 * 30e-9
    )
    assert done["energy"]["t_run"] == pytest.approx(expected, rel=1e-9)
    assert done["traffic"]["packets"] <= 2 * spiked


def test_hops_are_counted_by_hand() -> None:
    """Cores 0 and 20 of one chip: tiles 0 and 5, which are (0, 0) and (1, 1)."""
    from neurosim.neuromorphic.loihi.place import traffic
    from neurosim.neuromorphic.placement import cut, place

    net = ns.Network(seed=1)
    a = net.population("A", 1, models.lif_curr_exp())
    net.population("B", 19, models.lif_curr_exp())
    c = net.population("C", 1, models.lif_curr_exp())
    net.project(a, c, ns.AllToAll(), "I_syn", weight=1 * pA, delay=1 * ms)
    program = ns.Simulation(net, dt=DT).program
    slices = [s for p in program.populations for s in cut(p.name, p.size, 1)]
    placed = place(slices, cores_per_chip=128, chips_per_board=1)
    found = traffic(program, placed, {"A": 7, "B": 100, "C": 3}, {"A->C": 1.0})
    assert found == {"packets": 7.0, "hops_east_west": 7.0, "hops_north_south": 7.0}


@pytest.mark.slow
def test_threads_make_no_difference(runs) -> None:
    other = ns.simulate(lively(), 200 * ms, dt=DT, platform=Loihi(), threads=1)
    for own, first in zip(spikes(other), spikes(runs["all"]), strict=True):
        np.testing.assert_array_equal(own, first)


def test_what_no_source_confirms_is_listed() -> None:
    listed = {a.name for a in Loihi().assumptions()}
    assert {"synapses_per_chip", "static_watts", "tiles", "packets"} <= listed
    assert "neurons_per_core" in {a.name for a in Loihi2().assumptions()}
    assert {"arithmetic", "parameters", "weights", "order", "delays"} == set(Loihi.imperfections())


def test_conductances_are_refused_unless_allowed() -> None:
    """As currents: 1 nS pulls as at -55 mV; the propagator of a current by hand, dt 0.1 ms."""
    net = one(models.lif_cond_exp(), weight=1 * nS, variable="g_inh")
    with pytest.raises(MappingError, match="allow 'conductance_as_current'"):
        mapped(net)
    machine = Loihi(allow="conductance_as_current+extra_compartments")
    report = mapped(net, machine)
    assert {name for name, *_ in report["approximated"]} == set(machine.allow)
    kept = next(iter(report["details"]["weights"].values()))
    assert kept["mode"] == "inhibitory"
    program = ns.Simulation(net, dt=DT).program
    found = conductances_as_currents(program.populations[0], 1e-4)
    a, b = math.exp(-0.1 / 20), math.exp(-0.1 / 10)
    charge = (a - b) / (100.0 - 50.0) / 200e-12
    assert found.gain["g_inh"] == pytest.approx(charge * (-0.08 + 0.055), rel=1e-9)
    assert found.fade["g_inh"] == pytest.approx(b)
    assert found.drive == pytest.approx(-0.06 * (1 - a))


def test_a_changed_model_is_not_the_catalogues() -> None:
    cells = ns.NeuronModel(
        "dv/dt = -v/(10*ms) - g_exc*v/(1*ms) : 1\ndg_exc/dt = -g_exc/(5*ms) : 1",
        threshold="v > 1", reset="v = 0", method="euler", name="lif_cond_exp",
    )  # fmt: skip
    with pytest.raises(MappingError, match="not a linear leak"):
        mapped(one(cells, weight=0.1, variable="g_exc"), Loihi(allow="all"))


def test_a_refractory_period_may_be_written_with_its_unit() -> None:
    model = ns.NeuronModel(
        "dv/dt = -v/tau : volt (unless refractory)\ntau : second",
        threshold="v > 15*mV", reset="v = 0*mV", refractory=2 * ms, parameters={"tau": 10 * ms},
    )  # fmt: skip
    net = one(model, weight=20 * mV, variable="v", n=2)
    with ns.Simulation(net, dt=DT, platform=Loihi(), record=False) as sim:
        sim.run(5 * ms)
        code = sim.program.populations[0].code
    assert code.refractory != "t_ref"
