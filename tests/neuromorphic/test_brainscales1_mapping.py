"""What a network becomes on BrainScaleS-1: nothing here is compiled."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from neurosim.neuromorphic.brainscales1 import BrainScaleS1, circuits, hardware_stp, weights

import neurosim as ns
from neurosim.errors import MappingError
from neurosim.lowering.lower import lower
from neurosim.parallel.communicator import Serial
from neurosim.parallel.share import Share
from neurosim.units import Hz, ms, mV, nS, pA, pF

CELL = {"C_m": 200 * pF, "g_L": 10 * nS, "E_L": -65 * mV, "V_r": -65 * mV}


def network(n=300, weight=None, **parameters):
    """Two populations, all kinds of inputs."""
    net = ns.Network(seed=3)
    e = net.population("E", n, ns.models.adex_cond_exp(**CELL, V_T=-50 * mV, **parameters))
    i = net.population("I", 60, ns.models.lif_cond_exp(**CELL, V_th=-50 * mV))
    weight = ns.Normal(1 * nS, 0.3 * nS, low=0 * nS) if weight is None else weight
    net.project(e, [e, i], ns.FixedInDegree(20), "g_exc", weight=weight, delay=2 * ms)
    net.project(i, [e, i], ns.Bernoulli(0.2), "g_inh", weight=4 * nS, delay=1 * ms)
    source = net.spike_source("S", np.arange(100) * ms, np.arange(100) % 5, size=5)
    net.project(source, e, ns.AllToAll(), "g_exc", weight=1 * nS, delay=1 * ms)
    net.poisson(e, "g_exc", rate=100 * Hz, weight=1.5 * nS)
    return net


def mapped(machine, net=None, share=None, ranks=None):
    """Return (program, report)."""
    program = lower(network() if net is None else net, 0.1 * ms, share)
    found = machine.map(program, Serial() if ranks is None else ranks)
    return found.program, found.report


def alone(**switch):
    return BrainScaleS1.transparent(**switch)


def projection(program, name):
    return next(p for p in program.projections if p.name == name)


def test_transparent_changes_nothing():
    program = lower(network(), 0.1 * ms)
    assert BrainScaleS1.transparent().map(program, Serial()).program is program


def test_delays_are_those_of_the_wires():
    program, report = mapped(alone(fixed_delays=True))
    steps = {p.name: (p.delay.smallest, p.delay.largest) for p in program.projections}
    assert steps["S->E"] == (50, 50)
    assert {v for k, v in steps.items() if k != "S->E"} == {(8, 8)}
    told = {r["where"]: r for r in report["rounded"] if r["what"] == "delays"}
    assert told["E->I"]["worst_given"] == pytest.approx(2.0)
    assert told["E->I"]["worst_became"] == pytest.approx(0.8)


def test_weights_are_digital():
    """Every weight is g(n) of its row's gain over the scale, or off; the mean is kept."""
    shared = alone(digital_weights=True, shared_gain=True)
    program, report = mapped(shared)
    scale = float(weights.conductance_scale(1e4, 4, 200e-12))
    own = projection(program, "E->E").weight.values
    possible = weights.conductance(np.arange(16)) / scale * 1e-9
    assert np.abs(own[:, None] - possible).min(axis=1).max() < 1e-18
    counts = report["details"]["digital_weights"]["E->E"]
    assert sum(counts) == own.size == 6000
    inhibitory = projection(program, "I->E").weight.values
    strong = weights.conductance(np.arange(16), 3.575) / scale * 1e-9
    assert np.abs(inhibitory[:, None] - strong).min(axis=1).max() < 1e-18
    # 4 nS lies between two: stochastic rounding gives both, with the mean of the digital weight
    digital = weights.digital(4.0 * scale, 3.575)
    two = np.searchsorted(strong, inhibitory - 1e-18)
    assert set(two) == {int(np.floor(digital)), int(np.ceil(digital))}
    error = np.sqrt((digital % 1) * (1 - digital % 1) / two.size)
    assert abs(two.mean() - digital) < 4 * error  # binomial, 4 standard errors
    nearest, _ = mapped(shared.but(rounding="nearest"))
    assert np.unique(projection(nearest, "I->E").weight.values).size == 1


def test_weight_beyond_the_strongest_row_is_clipped():
    program, report = mapped(alone(digital_weights=True), network(weight=50 * nS))
    told = next(r for r in report["rounded"] if r["where"] == "E->E" and r["what"] == "weights")
    assert told["clipped"] == told["count"] == 6000
    largest = 12.1 * float(weights.characteristic(15)) / 432.912
    np.testing.assert_allclose(projection(program, "E->E").weight.values, largest * 1e-9)
    default = alone(digital_weights=True, row_gains="default")
    program, _ = mapped(default, network(weight=3 * nS))
    np.testing.assert_allclose(
        projection(program, "E->E").weight.values, float(weights.characteristic(15)) / 432.912e9
    )


def test_weight_noise():
    """w max(0, N(1, s)): mean, spread and share of zeros, 5,000 synapses or more; 4 sigma."""
    for sd in (0.2, 0.5):
        program, _ = mapped(alone(weight_noise=sd), network(weight=1 * nS))
        ratio = projection(program, "E->E").weight.values / 1e-9
        assert abs(ratio.mean() - 1) < 4 * sd / np.sqrt(ratio.size) + 0.01 * (sd > 0.3)
        if sd < 0.3:
            assert abs(ratio.std() - sd) < 4 * sd / np.sqrt(2 * ratio.size)
        assert ratio.min() >= 0
    other, _ = mapped(alone(weight_noise=0.5, chip_seed=1), network(weight=1 * nS))
    again, _ = mapped(alone(weight_noise=0.5, trial_seed=1), network(weight=1 * nS))
    assert (projection(other, "E->E").weight.values / 1e-9 != ratio).mean() > 0.9
    np.testing.assert_array_equal(projection(again, "E->E").weight.values / 1e-9, ratio)


def test_random_loss():
    """Null: each synapse is lost with the probability given; 4 standard errors."""
    program, report = mapped(alone(synapse_loss=0.3))
    for name, found in report["details"]["synapses"].items():
        n = found["requested"]
        assert abs(found["loss"] - 0.3) < 4 * np.sqrt(0.21 / n)
        assert projection(program, name).total == found["realised"]
    assert all(r["requested"] > r["realised"] for r in report["lost"])


def test_fan_in():
    """One circuit has 224 inputs: of 300 asked for 224 are kept, less one for a Poisson train."""
    net = ns.Network(seed=1)
    e = net.population("E", 400, ns.models.lif_cond_exp(**CELL))
    net.project(e, e[:50], ns.FixedInDegree(200), "g_exc", weight=1 * nS, delay=1 * ms)
    net.project(e, e[:50], ns.FixedInDegree(100), "g_inh", weight=1 * nS, delay=1 * ms)
    net.poisson(e[:10], "g_exc", rate=10 * Hz, weight=1 * nS)
    machine = alone(mapping_loss=True, denmems=1)
    _, report = mapped(machine, net)
    lost = [r["requested"] - r["realised"] for r in report["lost"] if "inputs" in r["why"]]
    assert sum(lost) == 50 * 300 - (10 * 223 + 40 * 224)
    # what is lost is chosen among all alike: a hypergeometric share, 4 standard errors
    assert abs(lost[0] / sum(lost) - 2 / 3) < 4 * np.sqrt(2 / 9 / sum(lost))
    _, free = mapped(machine.but(denmems=2), net)
    assert not any("inputs" in r["why"] for r in free["lost"])


def test_drivers():
    """A chip has 224 drivers: those of 230 lines that serve two synapses are there, few others."""
    net = ns.Network(seed=1)
    sources = net.population("E", 16 * 230, ns.models.lif_cond_exp(**CELL))
    target = net.population("T", 1, ns.models.lif_cond_exp(**CELL))
    pre = np.arange(0, 16 * 230, 16)
    pre = np.concatenate([pre, pre[:220] + 1])  # 220 lines with two synapses, 10 with one
    net.project(sources, target, ns.Edges(pre, np.zeros(pre.size, int)), "g_exc", weight=1 * nS,
                delay=1 * ms)  # fmt: skip
    program, report = mapped(alone(mapping_loss=True), net)
    (lost,) = report["lost"]
    assert "drivers" in lost["why"]
    assert (lost["requested"], lost["realised"]) == (450, 2 * 220 + 4)
    kept = np.unique(program.projections[0].rule.pre // 16)
    np.testing.assert_array_equal(kept, np.arange(224))


@pytest.mark.parametrize(
    ("denmems", "per_line", "lines", "each", "drivers", "full"),
    [(4, 16, 89, 10, 224, 8), (1, 63, 30, 7, 112, 6)],
)
def test_a_driver_serves_one_portion(denmems, per_line, lines, each, drivers, full):
    """Portions of as many synapses as a neuron has circuits, two at least; the full ones first."""
    net = ns.Network(seed=1)
    sources = net.population("E", per_line * lines, ns.models.lif_cond_exp(**CELL))
    target = net.population("T", 1, ns.models.lif_cond_exp(**CELL))
    pre = (np.arange(lines)[:, None] * per_line + np.arange(each)).reshape(-1)
    net.project(sources, target, ns.Edges(pre, np.zeros(pre.size, int)), "g_exc", weight=1 * nS,
                delay=1 * ms)  # fmt: skip
    program, report = mapped(alone(mapping_loss=True, denmems=denmems), net)
    degree = np.bincount(program.projections[0].rule.pre // per_line, minlength=lines)
    taken = full // max(denmems, 2) * lines
    np.testing.assert_array_equal(degree, np.where(np.arange(lines) < drivers - taken, each, full))
    assert report["resources"]["synapse drivers"] == drivers


def test_parameters_are_on_the_gates():
    program, report = mapped(alone(digital_parameters=True, parameter_ranges=True))
    e = program.population("E").values
    code = circuits.voltage_code(circuits.hardware_volt(e["V_T"]))
    assert code == pytest.approx(round(float(code)), abs=1e-9)
    tau = e["C_m"] / e["g_L"]
    assert 1023 * 5.41e-3 / tau == pytest.approx(round(1023 * 5.41e-3 / tau), abs=1e-9)
    assert e["C_m"] == 200e-12
    assert {r["what"] for r in report["rounded"]} >= {"V_T", "tau_m", "tau_exc", "tau_w", "Delta_T"}


def test_adaptation_is_rounded_where_its_range_is_given():
    program, _ = mapped(alone(digital_parameters=True), network(a=3 * nS, b=33 * pA))
    assert program.population("E").values["b"] == pytest.approx(33e-12, rel=1e-15)
    machine = alone(digital_parameters=True, largest_a_ns=100, largest_b_pa=1000)
    program, _ = mapped(machine, network(a=3 * nS, b=33 * pA))
    values = program.population("E").values
    assert values["a"] == pytest.approx(round(3 / 100 * 1023) / 1023 * 100e-9)
    assert values["b"] == pytest.approx(round(33 / 1000 * 1023) / 1023 * 1000e-12)


def test_uncut_spreads_are_those_of_normal_numbers():
    """Null: relative spread of thresholds on the chip; 4 standard errors."""
    machine = alone(fixed_pattern=True, calibrated=False, cut_spreads=False)
    values = mapped(machine, network(n=2000))[0].population("E").values
    away = (values["V_T"] + 50e-3) / 70e-3
    assert abs(away.std() - 0.05) < 4 * 0.05 / np.sqrt(4000)
    assert np.abs(away).max() > 0.1
    assert values["g_L"].min() > 0


def test_ranges_clip_and_tell():
    net = network(tau_w=600 * ms, tau_exc=20 * ms)
    program, report = mapped(alone(parameter_ranges=True), net)
    e = program.population("E").values
    assert e["tau_w"] == pytest.approx(354e-3)
    assert e["tau_exc"] == pytest.approx(15.1e-3)
    told = {r["what"]: r for r in report["rounded"] if r["where"] == "E"}
    assert told["tau_w"]["clipped"] == 300
    assert told["tau_w"]["worst_given"] == pytest.approx(600)
    faster, _ = mapped(alone(parameter_ranges=True, speedup=1e5), net)
    assert faster.population("E").values["tau_w"] == 0.6  # ranges are of time on the wafer


def test_one_reset_for_a_block():
    """128 circuits, 32 neurons of four, have the mean of what they ask for."""
    net = network()
    values = np.linspace(-70, -60, 300)
    net.populations["E"].parameters["V_r"] = ns.models.adex_cond_exp(V_r=values * mV).parameters[
        "V_r"
    ]
    program, report = mapped(alone(shared_reset=True), net)
    found = program.population("E").values["V_r"]
    for start in range(0, 300, 32):
        np.testing.assert_allclose(
            found[start : start + 32], values[start : start + 32].mean() * 1e-3, rtol=1e-9
        )
    assert next(s for s in report["shared"] if s["where"] == "E")["groups"] == 10


def test_mismatch_is_of_the_place_on_the_chip():
    """The same for another trial, another for another chip; five times less when calibrated."""
    machine = alone(fixed_pattern=True, calibrated=False)

    def leak(one):
        return mapped(one)[0].population("E").values["g_L"] / 10e-9 - 1

    first = leak(machine)
    np.testing.assert_array_equal(first, leak(machine.but(trial_seed=7)))
    assert np.corrcoef(first, leak(machine.but(chip_seed=7)))[0, 1] < 4 / np.sqrt(300)
    calibrated = leak(machine.but(calibrated=True))
    np.testing.assert_allclose(calibrated, first * 0.2, rtol=1e-12)
    assert np.abs(first).max() == pytest.approx(0.5)
    # a network with something in front is elsewhere on the chip
    moved = ns.Network(seed=3)
    moved.population("front", 32, ns.models.lif_cond_exp(**CELL))
    moved.population("E", 300, ns.models.adex_cond_exp(**CELL))
    shifted = mapped(machine, moved)[0].population("E").values["g_L"] / 10e-9 - 1
    np.testing.assert_array_equal(shifted[: 300 - 32], first[32:])


def test_mismatch_is_of_potentials_on_the_chip():
    """Null: threshold and reset have 5 and 10 % of 0.7 and 0.55 V, cut at twice; 4 sigma."""
    machine = alone(fixed_pattern=True, calibrated=False)
    values = mapped(machine, network(n=2000))[0].population("E").values
    cut_sd = 0.9594  # of a normal number clipped to +- 2
    for name, asked, sd in (("V_T", -50e-3, 0.05 * 70e-3), ("V_r", -65e-3, 0.1 * 55e-3)):
        away = values[name] - asked
        assert np.abs(away).max() <= 2 * sd * (1 + 1e-9)
        assert abs(away.std() - cut_sd * sd) < 4 * sd / np.sqrt(2 * 2000)
    assert values["E_L"] == -65e-3
    assert values["tau_w"] == pytest.approx(0.144, rel=1e-15)


def test_trials_differ():
    machine = alone(trial_potential_mv=0.3, trial_cv=0.02)

    def threshold(one):
        return mapped(one)[0].population("E").values["V_T"] + 50e-3

    first = threshold(machine)
    np.testing.assert_array_equal(first, threshold(machine.but(chip_seed=5)))
    assert np.corrcoef(first, threshold(machine.but(trial_seed=1)))[0, 1] < 4 / np.sqrt(300)
    assert abs(first.std() - 0.3e-3) < 4 * 0.3e-3 / np.sqrt(600)


def test_input_beyond_the_links():
    """300 trains of 10 kHz where 600 kHz fit: a fifth is sent, of sources too."""
    net = network()
    net.poisson(net.populations["E"], "g_exc", rate=10000 * Hz, weight=1 * nS)
    program, report = mapped(alone(input_bandwidth=True), net)
    asked = 300 * 10100 + 5 * 20 / 0.0991
    share = report["details"]["input"]["sent"]
    assert share == pytest.approx(600_000 / asked, rel=1e-4)
    assert program.poisson[1].mean[0] == pytest.approx(1.0 * share)
    left = program.sources[0].steps.size
    assert left + report["details"]["input"]["dropped_of_sources"] == 100
    assert 0 < left < 50
    untouched, _ = mapped(alone(input_bandwidth=True))
    assert untouched.poisson[0].mean[0] == pytest.approx(0.01)


def test_lines():
    """A gate of encoders, one of FPGAs; sixteen neurons of four circuits share an encoder."""
    program, _ = mapped(alone(spike_bandwidth=True))
    neurons, stimuli = program.machine.gates
    assert neurons.per_step == pytest.approx(1.0)
    assert stimuli.per_step == pytest.approx(1.25)
    assert neurons.own_place
    np.testing.assert_array_equal(neurons.group[:300], np.arange(300) // 16)
    assert (neurons.group[360:] == -1).all()
    assert (stimuli.group[:360] == -1).all()
    slow, _ = mapped(alone(spike_bandwidth=True, speedup=1e3))
    assert slow.machine.gates[0].per_step == pytest.approx(10.0)


def test_everything_in_the_way_is_told_at_once():
    net = ns.Network(seed=1)
    odd = net.population("odd", 10, ns.models.izhikevich())
    lif = ns.models.lif_cond_exp(**CELL, I_e=10 * pA)
    e = net.population("E", 60_000, lif)
    net.project(e[:5], e[:5], ns.AllToAll(), "g_exc", weight=-1 * nS, delay=1 * ms)
    rule = ns.plasticity.pair_stdp(w_max=1 * nS)
    net.project(e[:5], e[:5], ns.AllToAll(), "g_exc", weight=1 * nS, delay=1 * ms, synapse=rule,
                name="learns")  # fmt: skip
    net.run_regularly(odd, "v = v", every=1 * ms)
    net.inject(odd, "I_e", ns.ConstantCurrent(1 * mV / ms))
    with pytest.raises(MappingError) as refused:
        mapped(BrainScaleS1(), net)
    text = str(refused.value)
    for word in ("izhikevich", "10 pA", "negative", "pair_stdp", "2 wafers", "injection",
                 "operation"):  # fmt: skip
        assert word in text, word


def test_two_wafers_and_shifted_leak_where_allowed():
    net = ns.Network(seed=1)
    net.population("E", 60_000, ns.models.lif_cond_exp(**CELL, I_e=10 * pA))
    machine = BrainScaleS1.transparent(limits=True, wafers=2, allow="offset_as_leak")
    program, report = mapped(machine, net)
    assert report["resources"]["wafers"] == 2
    assert program.populations[0].values["E_L"] == pytest.approx(-64e-3)
    assert program.populations[0].values["I_e"] == 0


def test_currents_become_conductances_where_allowed():
    """Half-way to threshold a weight has the effect it was given with."""
    net = ns.Network(seed=1)
    e = net.population("E", 50, ns.models.lif_curr_exp())
    net.project(e, e, ns.FixedInDegree(5), "I_syn", weight=90 * pA, delay=1 * ms)
    net.project(e, e, ns.FixedInDegree(5), "I_syn", weight=ns.Normal(-90 * pA, 9 * pA),
                delay=1 * ms, name="inh")  # fmt: skip
    with pytest.raises(MappingError, match="current_as_conductance"):
        mapped(BrainScaleS1(), net)
    machine = BrainScaleS1.transparent(limits=True, allow="current_as_conductance")
    program, report = mapped(machine, net)
    assert program.populations[0].code.name == "lif_cond_exp"
    exc, inh = program.projections
    assert (exc.variable, inh.variable) == ("g_exc", "g_inh")
    centre = -57.5e-3
    values = program.populations[0].values
    assert exc.weight.constant * (values["E_exc"] - centre) == pytest.approx(90e-12)
    assert float(inh.weight.gridded(np.array([-90e-12]))[0]) * (
        centre - values["E_inh"]
    ) == pytest.approx(90e-12)
    assert values["C_m"] / values["g_L"] == pytest.approx(10e-3)
    assert report["approximated"][0][0] == "current_as_conductance"


def test_synapses_as_built_are_taken():
    net = ns.Network(seed=1)
    e = net.population("E", 40, ns.models.lif_cond_exp(**CELL))
    net.project(e, e, ns.FixedInDegree(5), "g_exc", weight=1 * nS, delay=1 * ms,
                synapse=hardware_stp("facilitation", cap=2))  # fmt: skip
    program, report = mapped(BrainScaleS1(), net)
    assert program.projections[0].total == 200
    assert report["memory"]["synapses"] == 200
    assert report["resources"]["neurons per HICANN"] == 128
    synapse = program.projections[0].synapse
    assert "w" not in synapse.values  # a weight of each synapse's own: the machine's, not 1 nS
    assert not synapse.code.variable("w").shared
    assert "w : siemens (constant)" in synapse.code.declarations
    assert np.unique(program.projections[0].weight.values).size == 200  # each with noise


def test_depression_of_the_catalogue():
    """U becomes the nearest of the eight, weights are what a first spike transmits over it."""
    net = ns.Network(seed=1)
    e = net.population("E", 40, ns.models.lif_cond_exp(**CELL))
    rule = ns.plasticity.tsodyks2(U=0.3)
    net.project(e, e, ns.FixedInDegree(5), "g_exc", weight=4 * nS, delay=1 * ms, synapse=rule)
    machine = BrainScaleS1.transparent(digital_weights=True, shared_gain=True, limits=True)
    program, report = mapped(machine, net)
    (own,) = program.projections
    assert own.synapse.values["U"] == 0.2929
    scale = float(weights.conductance_scale(1e4, 4, 200e-12))
    possible = weights.conductance(np.arange(1, 16)) / scale * 1e-9
    first = own.weight.values * 0.2929
    assert np.abs(first[:, None] - possible).min(axis=1).max() < 1e-18
    assert abs(first - 1.2e-9).max() < np.diff(possible).max()
    assert {r["what"] for r in report["rounded"]} == {"U", "weights"}
    both = ns.plasticity.tsodyks2(facilitation="decaying")
    net.project(e, e, ns.FixedInDegree(5), "g_exc", weight=4 * nS, delay=1 * ms, synapse=both,
                name="both")  # fmt: skip
    with pytest.raises(MappingError, match="without facilitation"):
        mapped(machine, net)


class ThreadRanks:
    """Ranks that are threads of this process."""

    def __init__(self, rank, shared):
        self.share, self._shared = Share(rank, len(shared["slots"])), shared

    def gather(self, values, root=None):
        slots, meeting = self._shared["slots"], self._shared["meeting"]
        slots[self.share.rank] = np.atleast_1d(np.asarray(values))
        meeting.wait()
        found = list(slots)
        meeting.wait()
        return found

    def sum(self, values):
        return sum(self.gather(values)).reshape(np.shape(values))

    def largest(self, values):
        return np.max(self.gather(values), axis=0)

    def smallest(self, values):
        return np.min(self.gather(values), axis=0)


def on_ranks(machine, n_ranks, net):
    shared = {"slots": [None] * n_ranks, "meeting": threading.Barrier(n_ranks, timeout=60)}
    found = [None] * n_ranks

    def run(rank):
        try:
            found[rank] = mapped(machine, net, Share(rank, n_ranks), ThreadRanks(rank, shared))
        except BaseException:
            shared["meeting"].abort()
            raise

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_any_number_of_ranks_maps_alike():
    """Parameters, weights, losses and reports of three ranks are those of one."""
    machine = BrainScaleS1(denmems=1, synapse_loss=0.1)
    net = network(n=400)
    e = net.populations["E"]
    resets = ns.models.adex_cond_exp(V_r=np.linspace(-70, -60, 400) * mV).parameters["V_r"]
    e.parameters["V_r"] = resets
    strong = (
        np.where(np.isin(np.arange(50), [7, 10, 13, 16]), 20.0, 0.3) * nS
    )  # one synapse chooses a chip's gain
    net.project(e, e, ns.Edges(np.arange(50), np.arange(50)), "g_exc", weight=strong,
                delay=1 * ms, name="one")  # fmt: skip
    net.project(e, e, ns.FixedInDegree(250), "g_exc", weight=0.5 * nS, delay=1 * ms, name="more")
    program, report = mapped(machine, net)
    assert any("inputs" in r["why"] for r in report["lost"])
    parts = on_ranks(machine, 3, net)
    for own, told in parts:
        assert told == report
        assert own.share.n_ranks == 3
    for name in ("E", "I"):
        whole = program.population(name).values
        for key, value in whole.items():
            if np.ndim(value):
                own = [p.population(name).values[key] for p, _ in parts]
                np.testing.assert_array_equal(Share(0, 3).assemble(own), value, err_msg=key)
    for one in program.projections:
        rows = [projection(p, one.name) for p, _ in parts]
        post = np.concatenate([r.rule.post for r in rows])
        order = np.argsort(post, kind="stable")
        np.testing.assert_array_equal(post[order], one.rule.post)
        for of in (lambda r: r.rule.pre, lambda r: r.weight.values):
            np.testing.assert_array_equal(np.concatenate([of(r) for r in rows])[order], of(one))


def test_settings_of_one_machine_do_not_reach_another():
    """``but`` and ``transparent`` make new machines."""
    machine = BrainScaleS1()
    assert replace(machine, denmems=8) == machine.but(denmems=8) != machine
