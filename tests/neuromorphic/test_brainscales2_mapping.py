"""What BrainScaleS-2 makes of a network before it runs, looked at without compiling anything."""

import numpy as np
import pytest
from neurosim.neuromorphic.brainscales2 import BrainScaleS2, correlation_synapse, facts

import neurosim as ns
from neurosim import plasticity
from neurosim.errors import MappingError
from neurosim.lowering.edges import instantiate
from neurosim.units import Hz, ms, mV, nS, pA, pF

IDEAL = BrainScaleS2.transparent()


def network(delay=0 * ms, size=30, model=None, **parameters):
    net = ns.Network(seed=3)
    model = ns.models.lif_curr_exp(tau_syn=2 * ms) if model is None else model
    e = net.population("E", size, model(**parameters) if parameters else model)
    i = net.population("I", 10, ns.models.lif_curr_exp(tau_syn=2 * ms))
    exc = ns.Normal(40 * pA, 8 * pA)
    net.project(e, i, ns.Bernoulli(0.3), "I_syn", weight=exc, delay=delay, name="e")
    net.project(i, [e, i], ns.Bernoulli(0.3), "I_syn", weight=-100 * pA, delay=delay)
    return net


def mapped(net, chip, dt=0.1 * ms):
    return ns.Simulation(net, platform=chip, dt=dt, record=False)


def values(simulation, name, population="E"):
    found = simulation.program.population(population)
    return np.broadcast_to(found.values[name], found.size)


def weights(simulation, name="e"):
    (found,) = (p for p in simulation.program.projections if p.name == name)
    return found.weight.values


def row(simulation, where, what):
    (found,) = (
        r
        for r in simulation.mapping["rounded"]
        if r["where"] == where and r["what"].startswith(what)
    )
    return found


def test_with_everything_off_the_program_is_the_original():
    net = network(delay=1.5 * ms)
    plain, same = mapped(net, None).program, mapped(net, IDEAL).program
    assert same.description == plain.description
    for a, b in zip(plain.projections, same.projections, strict=True):
        assert type(a.rule) is type(b.rule)
        assert (a.weight, a.delay.first) == (b.weight, b.delay.first)
    assert all(a.values == b.values for a, b in zip(plain.populations, same.populations, strict=1))


def test_the_given_network_is_not_changed():
    net = network()
    before = net.describe()
    mapped(net, BrainScaleS2())
    assert net.describe() == before
    assert not net.injections


def test_weights_are_whole_steps_of_six_bits():
    one = mapped(network(), IDEAL.but(quantise_weights=True))
    steps = one.mapping["details"]["weight step"]
    whole = weights(one) / steps["I.I_syn excitatory"]
    assert np.allclose(whole, np.rint(whole))
    assert whole.min() >= 1
    assert whole.max() == pytest.approx(63)
    told = row(one, "e", "weights")
    assert told["changed"] > 0.9 * told["count"]
    assert told["worst"] <= steps["I.I_syn excitatory"] / 2 * 1.0001
    # inhibition has a strength of its own, so that its one weight is 63 steps
    assert steps["E.I_syn inhibitory"] == pytest.approx(100e-12 / 63)


def test_weights_of_poisson_inputs_are_steps_of_their_receptor():
    net = network()
    net.poisson(net.populations["I"], "I_syn", rate=8 * Hz, indegree=10, weight=10 * pA)
    one = mapped(net, IDEAL.but(quantise_weights=True))
    step = one.mapping["details"]["weight step"]["I.I_syn excitatory"]
    (given,) = one.program.poisson
    assert given.weight == pytest.approx(np.rint(10e-12 / step) * step)
    told = row(one, given.name, "weights")
    assert (told["count"], told["worst_given"]) == (1, 10e-12)
    assert told["worst_became"] == given.weight


def test_strong_weights_are_split_over_synapses():
    chip = IDEAL.but(quantise_weights=True, limits=True, delays="none", synapses_per_weight=2)
    one, net = mapped(network(), chip), network()
    step = one.mapping["details"]["weight step"]["I.I_syn excitatory"]
    whole = np.rint(weights(one) / step).astype(int)
    assert whole.max() == 126
    several = one.mapping["details"]["weights split over several synapses"]
    # every inhibitory weight is the strongest of its receptor, so that it takes two synapses
    others = [p for p in one.program.projections if p.name != "e"]
    inhibitory = sum(instantiate(one.program, p).post.size for p in others)
    assert several == (whole > 63).sum() + inhibitory
    used = one.mapping["resources"]["synapses"]
    assert used == facts.synapses_needed(whole).sum() + 2 * inhibitory
    assert (
        mapped(net, chip.but(synapses_per_weight=1)).mapping["details"][
            "weights split over several synapses"
        ]
        == 0
    )


def test_delays_are_refused_or_left_out():
    with pytest.raises(MappingError) as refused:
        mapped(network(delay=1.5 * ms), BrainScaleS2())
    text = str(refused.value)
    assert "delays up to 1.5 ms; the chip has no delays" in text
    assert all(name in text for name in ("'e'", "'I->E'", "'I->I'"))
    one = mapped(network(delay=1.5 * ms), BrainScaleS2(allow="delays"))
    assert {p.delay.largest for p in one.program.projections} == {0}
    assert [a[0] for a in one.mapping["approximated"]] == ["delays"] * 3
    later = mapped(network(), BrainScaleS2(event_delay_us=0.3))
    assert {p.delay.largest for p in later.program.projections} == {3}  # 0.3 ms of biology


def test_all_that_is_in_the_way_is_listed_at_once():
    net = network(delay=1 * ms, size=600, V_th=-40 * mV, tau_m=100 * ms)
    extra = net.population("X", 5, ns.models.izhikevich())
    net.inject(extra, "I_e", ns.ConstantCurrent(1 * mV / ms))
    net.run_regularly(extra, "u = 0*volt/second", 10 * ms)
    learns = plasticity.pair_stdp(w_max=1 * pA)
    source = net.spike_source("s", [1] * ms, [0], size=2)
    net.project(source, net.populations["E"], ns.AllToAll(), "I_syn", synapse=learns, weight=1 * pA)
    net.poisson(net.populations["E"], "I_syn", rate=8 * Hz, indegree=1000, weight=20 * pA)
    with pytest.raises(MappingError) as refused:
        mapped(net, BrainScaleS2())
    text = str(refused.value)
    for part in (
        "model 'izhikevich'",
        "tau_m (tau_m) of 600 neurons",
        "615 circuits are needed; 1 chip(s) have 512",
        "'X.I_e'",
        "X.operation0",
        "'pair_stdp'",
        "4.8e+09 events per hardware second; 8 generators make 1e+09",
        "delays up to 1 ms",
    ):
        assert part in text, part
    allowed = mapped(net, BrainScaleS2(allow="all"))
    names = {a[0] for a in allowed.mapping["approximated"]}
    wanted = set(BrainScaleS2.approximations) - {"structure", "synapse_loss"}
    assert names == wanted


def test_networks_that_would_mostly_be_lost_are_not_drawn():
    net = ns.Network()
    many = net.population("E", 2000, ns.models.lif_curr_exp(tau_syn=2 * ms))
    net.project(many, many, ns.AllToAll(), "I_syn", weight=1 * pA, delay=0 * ms)
    # 4 chips have 524 288 places for 4 million synapses
    with pytest.raises(MappingError, match="4000000 synapses; the chips that the neurons need"):
        mapped(net, BrainScaleS2(allow="all"))


def fan_in(inputs, **settings):
    net = ns.Network(seed=1)
    source = net.spike_source("s", [1] * ms, [0], size=inputs)
    cell = net.population("E", 3, ns.models.lif_curr_exp(tau_syn=2 * ms))
    net.project(source, cell, ns.AllToAll(), "I_syn", weight=5 * pA, delay=0 * ms, name="e")
    return mapped(net, BrainScaleS2(**settings))


def test_rows_run_out_at_256_inputs():
    assert fan_in(250).mapping["resources"]["rows in the fullest array"] == 250  # as a demo has
    fits = fan_in(256)
    assert fits.mapping["resources"]["rows in the fullest array"] == 256
    assert fits.mapping["resources"]["synapses"] == 3 * 256
    assert fits.mapping["resources"]["synapse drivers"] == 128
    with pytest.raises(MappingError, match="300 rows of synapses in an array; an array has 256"):
        fan_in(300)
    joined = fan_in(300, circuits_per_neuron=2)
    assert joined.mapping["resources"]["rows in the fullest array"] == 150
    assert joined.mapping["resources"]["neuron circuits"] == 6
    lossy = fan_in(300, allow="synapse_loss")
    (lost,) = lossy.mapping["lost"]
    assert (lost["requested"], lost["realised"]) == (900, 768)
    (edges,) = (p.rule for p in lossy.program.projections)
    assert np.bincount(edges.post).tolist() == [256] * 3
    other = fan_in(300, allow="synapse_loss", chip_seed=2).program.projections[0].rule
    again = fan_in(300, allow="synapse_loss", trial_seed=2).program.projections[0].rule
    assert np.array_equal(again.pre, edges.pre)
    assert not np.array_equal(other.pre, edges.pre)


def test_both_signs_need_rows_of_their_own():
    net = ns.Network(seed=1)
    source = net.spike_source("s", [1] * ms, [0], size=150)
    cell = net.population("E", 2, ns.models.lif_curr_exp(tau_syn=2 * ms))
    for weight, target in ((5 * pA, cell[:1]), (-5 * pA, cell[1:])):
        net.project(source, target, ns.AllToAll(), "I_syn", weight=weight, delay=0 * ms)
    with pytest.raises(MappingError, match="300 rows"):
        mapped(net, BrainScaleS2())


def test_conductances_that_inhibit_are_on_inhibitory_rows():
    net = ns.Network(seed=1)
    source = net.spike_source("s", [1] * ms, [0], size=100)
    cell = net.population("E", 2, ns.models.lif_cond_exp())
    for k, variable in enumerate(("g_exc", "g_inh")):
        net.project(source, cell[k : k + 1], ns.AllToAll(), variable, weight=1 * nS, delay=0 * ms)
    one = mapped(net, BrainScaleS2())
    # neither neuron has more than 100 inputs; their array needs rows for both
    assert one.mapping["resources"]["rows in the fullest array"] == 200
    steps = one.mapping["details"]["weight step"]
    assert set(steps) == {"E.g_exc excitatory", "E.g_inh inhibitory"}


def test_adex_neurons_are_brought_to_the_whole_range():
    net = ns.Network(seed=1)
    model = ns.models.adex(E_L=-70 * mV, V_peak=0 * mV, V_r=-58.2 * mV, V_T=-50.1 * mV)
    net.population("E", 4, model)
    one = mapped(net, IDEAL.but(translate=True))
    found = {name: values(one, name)[0] for name in ("E_L", "V_peak", "V_r", "V_T")}
    # 140 LSB of 0.5 mV from rest to the top
    assert found == pytest.approx({"E_L": -70e-3, "V_peak": 0.0, "V_r": -58e-3, "V_T": -50e-3})
    wanted = facts.realised_time(281e-12 / 30e-9 / 1e3, "tau_m") * 1e3
    assert 281e-12 / values(one, "g_L")[0] == pytest.approx(wanted)


def test_potentials_are_whole_readings():
    only = IDEAL.but(translate=True)
    one = mapped(network(E_L=-65 * mV, V_th=-50 * mV, V_r=-67.9 * mV), only)
    lsb = 15e-3 / 45  # from 80 at rest to 125 at threshold
    assert values(one, "V_th")[0] == -50e-3
    assert values(one, "E_L")[0] == -65e-3
    assert values(one, "V_r")[0] == pytest.approx(-65e-3 - 9 * lsb)  # 71.3, so 71
    told = row(one, "E", "V_r")
    assert (told["changed"], told["clipped"]) == (30, 0)
    low = mapped(network(V_r=-90 * mV), only.but(allow=("clipped_parameters",)))
    assert values(low, "V_r")[0] == pytest.approx(-65e-3 - 30 * lsb)  # 50 is the lowest
    with pytest.raises(MappingError, match="V_r of 30 neurons is out of the range"):
        mapped(network(V_r=-90 * mV), only.but(limits=True))


def test_time_constants_are_brought_into_range():
    chip = IDEAL.but(translate=True, allow=("clipped_parameters",))
    one = mapped(network(tau_m=100 * ms, tau_syn=0.1 * ms, t_ref=40 * ms), chip)
    assert values(one, "tau_m")[0] == pytest.approx(60e-3)
    assert values(one, "tau_syn")[0] == pytest.approx(0.3e-3)
    assert values(one, "t_ref")[0] == pytest.approx(32e-3)
    model = ns.models.lif_cond_exp(C_m=200 * pF, g_L=10 * nS)
    net = ns.Network()
    net.population("E", 4, model)
    found = mapped(net, IDEAL.but(translate=True))
    wanted = facts.realised_time(20e-6, "tau_m") * 1e3
    assert 200e-12 / values(found, "g_L")[0] == pytest.approx(wanted)


def test_notes_say_what_readings_are_worth():
    def notes(every, **settings):
        net = network()
        net.record(net.populations["E"], "v", every=every)
        return " ".join(mapped(net, BrainScaleS2(**settings)).mapping["notes"])

    assert "0.1 us of the chip; a converter takes 0.541 us" in notes(0.1 * ms)
    usual = notes(1 * ms)
    assert "us of the chip" not in usual
    assert "below 30 or above 210 LSB" in usual
    assert "calibration warns" not in usual
    assert "differ by 4 LSB" in notes(1 * ms, calibrated=False)
    assert notes(0.1 * ms, cadc=False) == ""


SPREADS = {
    "potential_spread": {"E_L", "V_r", "V_th"},
    "time_spread": {"tau_m", "tau_syn"},
    "strength_spread": {"weights"},
    "weight_spread": {"weights"},
    "capmem_dither": {"E_L", "V_r", "V_th", "tau_m", "tau_syn"},
}


def pattern(chip, net):
    one = mapped(net, chip)
    names = ("E_L", "V_r", "V_th", "tau_m", "tau_syn", "t_ref", "C_m")
    found = {name: values(one, name) for name in names}
    return found | {"weights": weights(one)}


@pytest.mark.parametrize("name", SPREADS)
def test_each_spread_alone_changes_what_it_should(name):
    net = network()
    usual = BrainScaleS2.imperfections()[name]
    plain = pattern(IDEAL.but(potential_spread=0.0, quantise_weights=True), net)
    chip = IDEAL.but(**{name: usual}, quantise_weights=True)
    found = pattern(chip, net)
    assert {n for n in plain if not np.array_equal(plain[n], found[n])} == SPREADS[name]
    trial, other = pattern(chip.but(trial_seed=5), net), pattern(chip.but(chip_seed=5), net)
    for what in SPREADS[name]:
        assert np.array_equal(trial[what], found[what]) == (name != "capmem_dither")
        assert not np.array_equal(other[what], found[what])


def test_spread_is_as_large_as_it_says_and_smaller_when_calibrated():
    net = network(size=500)
    sds = []
    for spread in (0.05, 0.1, 0.2):
        for calibrated in (True, False):
            chip = IDEAL.but(time_spread=spread, calibrated=calibrated)
            sds.append(values(mapped(net, chip), "tau_m").std() / 10e-3)
    wanted = np.array([0.015, 0.05, 0.03, 0.1, 0.06, 0.2])
    # sd of a sample sd of 500 normal numbers is 3.2 %; five of them
    assert np.allclose(sds, wanted, rtol=0.16)
    chip = IDEAL.but(potential_spread=4.0)
    assert values(mapped(net, chip), "E_L").std() == pytest.approx(1.2 * 15e-3 / 45, rel=0.16)


def test_what_differs_about_a_circuit_differs_by_itself():
    one = mapped(network(size=500), IDEAL.but(potential_spread=4.0, time_spread=0.2))
    found = np.corrcoef([values(one, n) for n in ("E_L", "V_r", "V_th", "tau_m", "tau_syn")])
    # independent: r of 500 pairs is within 4 standard errors, 4/sqrt(500)
    assert np.abs(found - np.eye(5)).max() < 0.18
    other = values(one, "tau_m", "I") / 10e-3
    assert not np.allclose(other, values(one, "tau_m")[:10] / 10e-3)


def test_calibrated_neurons_pass_the_acceptance_test_of_the_source():
    # all 512 neurons driven by a leak above threshold to 100 kHz: at least 90 % of the rates
    # must be within 0.9 and 1.15 of it, at least 85 % within 8 % + 8 kHz
    hold = 2e-3
    tau = (10e-3 - hold) / np.log((160 - 70) / (160 - 125))
    net = ns.Network()
    model = ns.models.lif_curr_exp(
        E_L=160 * mV, V_th=125 * mV, V_r=70 * mV, tau_m=tau * 1e3 * ms, t_ref=2 * ms,
        tau_syn=10 * ms,
    )  # fmt: skip
    net.population("E", 512, model)

    def rates(chip):
        one = mapped(net, chip)
        e, t, r = (values(one, n) for n in ("E_L", "V_th", "V_r"))
        period = hold + values(one, "tau_m") * np.log((e - r) / np.maximum(e - t, 1e-9))
        return 1e3 / period  # in hardware time

    assert rates(IDEAL) == pytest.approx(100e3)
    for seed in range(1, 6):
        chip = BrainScaleS2(chip_seed=seed)
        good = rates(chip) / 100e3
        assert np.mean((good >= 0.9) & (good <= 1.15)) >= 0.9
        assert np.mean(np.abs(good - 1) <= 0.16) >= 0.85
        raw = rates(chip.but(calibrated=False)) / 100e3
        assert np.mean((raw >= 0.9) & (raw <= 1.15)) < 0.7


def learning(**settings):
    net = ns.Network(seed=2)
    source = net.spike_source("s", [1] * ms, [0], size=8)
    cell = net.population("E", 8, ns.models.lif_curr_exp(tau_syn=2 * ms))
    synapse, weight = correlation_synapse(5 * pA), ns.Normal(14.0, 30.0)
    net.project(source, cell, ns.AllToAll(), "I_syn", synapse=synapse, weight=weight, name="e")
    one = mapped(net, BrainScaleS2(**settings))
    (found,) = one.program.projections
    return one, found


def test_sensors_differ_from_synapse_to_synapse():
    one, found = learning(sensor_spread=0.5, calibrated=False)
    amplitudes = found.synapse.values["amplitude_causal"].values
    times = found.synapse.values["tau_causal"].values
    assert amplitudes.shape == times.shape == (64,)
    assert amplitudes.mean() == pytest.approx(0.5, rel=0.2)
    assert times.mean() == pytest.approx(5e-3, rel=0.2)
    assert 0.3 < amplitudes.std() / 0.5 < 0.7
    again = learning(sensor_spread=0.5, calibrated=False, trial_seed=4)[1].synapse.values
    other = learning(sensor_spread=0.5, calibrated=False, chip_seed=4)[1].synapse.values
    assert np.array_equal(again["amplitude_causal"].values, amplitudes)
    assert not np.array_equal(other["amplitude_causal"].values, amplitudes)
    assert one.mapping["resources"]["synapses"] == 64


def test_synapses_that_learn_share_the_strength_of_their_neuron():
    _, found = learning(weight_spread=0.0, strength_spread=0.4)
    gain = found.synapse.values["gain"].values.reshape(8, 8)  # by target
    assert (gain == gain[:, :1]).all()
    assert np.unique(gain).size == 8
    _, found = learning(weight_spread=0.1, strength_spread=0.0)
    gain = found.synapse.values["gain"].values
    assert np.unique(gain).size == 64
    # 64 normal numbers: the sd within 35 % (4 sigma)
    assert gain.std() == pytest.approx(0.1, rel=0.35)


def test_weights_that_learn_are_0_to_63():
    one, found = learning(weight_spread=0.0, sensor_spread=0.0, strength_spread=0.0)
    grid = found.weight.grid
    assert grid.apply([-3.2, 0.5, 1.5, 14.4, 70.0]).tolist() == [0, 0, 2, 14, 63]
    told = row(one, "e", "weights")
    assert told["clipped"] > 10
    assert told["worst_became"] in (0.0, 63.0)
