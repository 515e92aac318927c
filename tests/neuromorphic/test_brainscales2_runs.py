"""Networks run on BrainScaleS-2: ideal, with everything on, with sensors and a rule."""

import sys
from pathlib import Path

import numpy as np
import pytest
from neurosim.neuromorphic.brainscales2 import (
    BrainScaleS2,
    correlation_synapse,
    facts,
    plasticity_rule,
)

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import Hz, ms, pA

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

IDEAL = BrainScaleS2.transparent(allow="currents")
DURATION = 150 * ms
STRENGTH = ns.Normal(40 * pA, 8 * pA)
NOISY = "currents"


def model(mean=380 * pA):
    """Return neurons that differ and are noisy: one kernel for an ideal chip and any other."""
    apart = "1e-3*mV*(i - (N - 1)/2)"
    return ns.models.lif_curr_exp(
        tau_m="10*ms + 1e-6*ms*i", tau_syn="2*ms + 1e-6*ms*i", E_L=f"-65*mV + {apart}",
        V_th=f"-50*mV + {apart}", V_r=f"-65*mV + {apart}", I_e=mean,
    )  # fmt: skip


def network():
    net = ns.Network(seed=3)
    e, i = net.population("E", 30, model()), net.population("I", 10, model())
    for cells in (e, i):
        net.inject(cells, "I_e", ns.NoisyCurrent(0 * pA, 10 * pA))
    net.project(e, [e, i], ns.Bernoulli(0.3), "I_syn", weight=STRENGTH, delay=0 * ms)
    net.project(i, [e, i], ns.Bernoulli(0.3), "I_syn", weight=-100 * pA, delay=0 * ms)
    net.poisson(e, "I_syn", rate=8 * Hz, indegree=500, weight=10 * pA)
    net.record(e[:7], "v", every=1 * ms)
    return net


def run(chip, threads=1):
    return ns.simulate(network(), DURATION, platform=chip, threads=threads)


def spikes(recording):
    return [array.tolist() for name in ("E", "I") for array in recording.spikes(name)]


@pytest.fixture(scope="module")
def native():
    return run(None)


@pytest.fixture(scope="module")
def usual():
    return run(BrainScaleS2(allow=NOISY))


def potentials(recording):
    return recording.state("E", "v").values * 1e-3


def test_ideal_chip_gives_the_spikes_of_the_native_engine(native):
    assert spikes(run(IDEAL)) == spikes(native)
    assert len(spikes(native)[0]) > 100


def test_limits_and_readings_leave_the_spikes_as_they_are(native):
    # readings change what is seen; limits, what is refused
    watched = run(IDEAL.but(limits=True, cadc=True, readout_noise=1.2))
    assert spikes(watched) == spikes(native)
    assert not np.array_equal(potentials(watched), potentials(native))


def test_same_chip_and_trial_on_any_threads(usual, native):
    assert spikes(run(BrainScaleS2(allow=NOISY), threads=3)) == spikes(usual)
    assert spikes(usual) != spikes(native)


def test_a_run_that_went_on_from_a_checkpoint_is_the_same(usual, tmp_path):
    chip, output = BrainScaleS2(allow=NOISY), tmp_path / "run.h5"
    with ns.Simulation(network(), platform=chip, output=output, threads=1) as simulation:
        simulation.run(70 * ms)
        simulation.checkpoint(tmp_path / "run.ckpt.h5")
    resumed = ns.Simulation(network(), platform=chip, resume=tmp_path / "run.ckpt.h5", threads=1)
    with resumed as simulation:
        simulation.run(80 * ms)
    found = ns.read(output)
    assert spikes(found) == spikes(usual)
    assert np.array_equal(potentials(found), potentials(usual))


RANKS = """
import sys
import numpy as np, neurosim as ns
sys.path.insert(0, sys.argv[1])
from test_brainscales2_runs import network, with_learning
from neurosim.neuromorphic import BrainScaleS2
from neurosim.units import ms
chip = BrainScaleS2(allow="currents")
with ns.Simulation(with_learning(network()), platform=chip, output=sys.argv[2]) as sim:
    sim.run(150*ms)
    np.save(sys.argv[2] + ".npy", sim.read("learns", "w"))
"""


def with_learning(net):
    """Return a network that has synapses with sensors as well."""
    source = net.spike_source("s", np.arange(40) * 3.0 * ms, np.arange(40) % 6, 6)
    synapse = correlation_synapse(0.5 * pA, tau=20 * ms, amplitude=36.0)
    weight, to = ns.Normal(14.0, 4.0, low=0.0), net.populations["I"]
    net.project(source, to, ns.AllToAll(), "I_syn", synapse=synapse, weight=weight, name="learns")
    plasticity_rule(net, "learns", "w + 0.1*causal - 0.05*acausal", 50 * ms)
    return net


@pytest.mark.slow
def test_any_number_of_ranks_gives_the_same(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(RANKS)
    found = []
    for ranks in (1, 3):
        output = tmp_path / f"run{ranks}.h5"
        launch([script, Path(__file__).parent, output], ranks, check=True)
        recording = ns.read(output)
        found.append(
            (recording.spikes_sha256(), potentials(recording).tobytes(),
             np.load(f"{output}.npy").tobytes())
        )  # fmt: skip
    assert found[0] == found[1]


def test_trials_differ_and_chips_differ(usual):
    ones = [
        usual,
        run(BrainScaleS2(allow=NOISY, trial_seed=1)),
        run(BrainScaleS2(allow=NOISY, chip_seed=2)),
    ]
    found = [spikes(one) for one in ones]
    assert found[0] != found[1]
    assert found[0] != found[2]
    assert found[1] != found[2]


def test_recorded_membranes_are_eight_bit_readings(native):
    watched = run(IDEAL.but(cadc=True, readout_noise=1.2))
    lsb = 15e-3 / 45
    readings = (potentials(watched) + 65e-3) / lsb + 80
    assert np.allclose(readings, np.rint(readings), atol=1e-6)
    assert readings.min() >= 0
    assert readings.max() <= 255
    errors = readings - ((potentials(native) + 65e-3) / lsb + 80)
    # rounding adds 1/12; the sd of 1050 samples is within 9 % (4 sigma)
    assert errors.std() == pytest.approx(np.sqrt(1.2**2 + 1 / 12), rel=0.09)
    assert abs(errors.mean()) < 4 * 1.24 / np.sqrt(errors.size)
    again = run(IDEAL.but(cadc=True, readout_noise=1.2, trial_seed=1))
    assert not np.array_equal(potentials(again), potentials(watched))


def test_account_has_both_times_and_the_energy():
    with ns.Simulation(network(), platform=BrainScaleS2(allow=NOISY), record=False) as simulation:
        simulation.run(DURATION)
        report = simulation.prepare().execution_report()
    assert report["biological time (s)"] == pytest.approx(0.15)
    assert report["hardware time (s)"] == pytest.approx(150e-6)
    assert report["energy (J)"] == pytest.approx(0.175 * 150e-6)
    assert report["energy (J) at the prototype's 57 mW"] == pytest.approx(0.057 * 150e-6)
    assert report["spikes per hardware second"] == pytest.approx(report["spikes"] / 150e-6)
    assert report["synaptic events"] > report["spikes"]


def test_membrane_fluctuates_as_much_as_it_says():
    net = ns.Network(seed=3)
    e = net.population("E", 100, model(0 * pA))
    net.record(e, "v", every=20 * ms)
    found = ns.simulate(net, 620 * ms, platform=IDEAL.but(membrane_noise=3.0), threads=1)
    values = found.state("E", "v").values[3:] * 1e-3  # six membrane time constants are over
    # 2800 samples two time constants apart, each worth about 0.98: the sd within 5.5 % (4 sigma)
    assert values.std() == pytest.approx(3.0 * 15e-3 / 45, rel=0.055)
    assert values.mean() == pytest.approx(-65e-3, abs=4 * 1e-3 / np.sqrt(2700))


def driven(chip):
    """Return the rates of 100 neurons that all get the same input."""
    net = ns.Network(seed=3)
    source = net.spike_source("t", np.arange(40) * 0.2 * ms + 1 * ms, np.arange(40), period=10 * ms)
    e = net.population("E", 100, model(0 * pA))
    net.inject(e, "I_e", ns.NoisyCurrent(0 * pA, 0 * pA))
    net.project(source, e, ns.AllToAll(), "I_syn", weight=55 * pA, delay=0 * ms)
    recording = ns.simulate(net, 400 * ms, platform=chip, threads=1)
    return np.bincount(recording.spikes("E")[1], minlength=100) / 0.4


@pytest.mark.parametrize(
    ("name", "values"),
    [("strength_spread", (0.05, 0.15, 0.4)), ("weight_spread", (0.2, 0.6, 1.8))],
)
def test_rates_spread_more_the_more_synapses_do(name, values):
    rates = [driven(IDEAL.but(calibrated=False, **{name: v})) for v in (0.0, *values)]
    spread = [float(r.std()) for r in rates]
    assert spread[0] < 0.1
    assert rates[0][0] > 10
    assert all(np.diff(spread) > 0)


TAU, AMPLITUDE, CEILING = 64.0, 36.0, 128.0  # of the Pong task, ms and LSB
SOURCES, TARGETS = 6, 4


RULE = "w + bump + rate*causal*success"


def learning(chip, weight=None, rate=0.125, bump=0.0):
    """Return stored correlations, weights before and after, and the spikes in ms."""
    net = ns.Network(seed=5)
    rng = np.random.default_rng(1)
    count = 60
    times, ids = rng.integers(1, 1990, count) * 0.1, rng.integers(0, SOURCES, count)
    unique = sorted({(round(t, 1), int(i)) for t, i in zip(times, ids, strict=True)})
    source = net.spike_source("s", [t for t, _ in unique] * ms, [i for _, i in unique], SOURCES)
    model = ns.models.lif_curr_exp(tau_syn=2 * ms, I_e="(360 + 15*i)*pA")
    cell = net.population("E", TARGETS, model)
    synapse = correlation_synapse(
        0.5 * pA, tau=TAU * ms, amplitude=AMPLITUDE, ceiling=CEILING, offset=32.0
    )
    weight = ns.Normal(14.0, 4.0, low=0.0) if weight is None else weight
    net.project(source, cell, ns.AllToAll(), "I_syn", synapse=synapse, weight=weight, name="e")
    parameters = {"success": 0.0, "rate": rate, "bump": bump}
    plasticity_rule(net, "e", RULE, 200 * ms, parameters=parameters)
    found = {}

    def look(now):
        found["stored"] = now.read("e", "stored_causal")
        found["acausal"] = now.read("e", "stored_acausal")
        found["before"] = now.read("e", "w")
        now.write("e", "success", 0.7)

    callback = ns.Callback(look, every=200 * ms, start=200 * ms)
    simulation = ns.Simulation(net, platform=chip, callbacks=[callback], threads=1)
    with simulation:
        simulation.run(201 * ms)
        found["after"] = simulation.read("e", "w")
        found["left"] = simulation.read("e", "stored_causal")
        found["table"] = simulation.synapses("e")
    times, ids = simulation.recording.spikes("E")
    found["post"] = [times[(ids == k) & (times < 200)] for k in range(TARGETS)]
    found["pre"] = [np.array([t for t, i in unique if i == k]) for k in range(SOURCES)]
    return found


def literal(pre, post):
    """Nearest neighbours, each spike in one pair of a kind: causal and acausal sums, full at 128.

    At one time the source comes first.
    """
    events = sorted([(round(t, 1), 0) for t in pre] + [(round(t, 1), 1) for t in post])
    causal = acausal = 0.0
    last = {0: None, 1: None}
    for time, side in events:
        other = last[1 - side]
        if other is not None:
            worth = AMPLITUDE * np.exp(-(time - other) / TAU)
            if side:
                causal = min(causal + worth, CEILING)
            else:
                acausal = min(acausal + worth, CEILING)
            last[1 - side] = None
        last[side] = time
    return causal, acausal


@pytest.fixture(scope="module")
def learnt():
    return learning(IDEAL)


def test_sensors_are_nearest_neighbour_pairs(learnt):
    table = learnt["table"]
    wanted = [literal(learnt["pre"][s], learnt["post"][t]) for s, t in
              zip(table["source"], table["target"], strict=True)]  # fmt: skip
    assert np.allclose(learnt["stored"], [c for c, _ in wanted], rtol=1e-9)
    assert np.allclose(learnt["acausal"], [a for _, a in wanted], rtol=1e-9)
    assert len(np.unique(learnt["stored"])) > SOURCES
    assert (learnt["stored"] == CEILING).any()


def test_rule_changes_weights_as_the_reference_does(learnt):
    wanted = np.clip(np.round(learnt["before"] + 0.125 * learnt["stored"] * 0.7), 0, 63)
    assert np.array_equal(learnt["after"], wanted)
    assert not learnt["left"].any()  # the sensors are cleared


def test_weights_round_to_even_and_end_at_0_and_63():
    whole = learning(IDEAL.but(quantise_weights=True), rate=0.0, bump=0.5)
    assert np.array_equal(whole["after"], 2 * np.round((whole["before"] + 0.5) / 2))
    wide = learning(IDEAL, ns.Uniform(-0.5, 90.0), rate=0.0, bump=-20.0)
    assert np.array_equal(wide["after"], np.clip(np.round(wide["before"] - 20.0), 0, 63))
    assert {0.0, 63.0} <= set(wide["after"])


def test_readings_of_the_rule_are_eight_bits(learnt):
    chip = IDEAL.but(cadc=True, quantise_weights=True)
    found = learning(chip)
    read = facts.digitise(np.floor(found["stored"] + 0.5))
    wanted = np.clip(np.round(found["before"] + 0.125 * read * 0.7), 0, 63)
    assert np.array_equal(found["after"], wanted)
    assert (found["before"] % 1 == 0).all()
    assert (learnt["before"] % 1 != 0).any()


def test_noise_of_readings_is_large_as_it_says_and_of_the_trial(learnt):
    chip = IDEAL.but(cadc=True, readout_noise=4.0)
    found = learning(chip, rate=1.0, bump=-60.0)
    middle = (found["after"] > 0) & (found["after"] < 63)
    wrong = found["after"] - (found["before"] - 60.0 + 0.7 * found["stored"])
    assert middle.sum() > 5
    # 0.7 times 4 LSB; the sd of n normal numbers within 4 sigma
    assert wrong[middle].std() == pytest.approx(2.8, rel=4 / np.sqrt(2 * middle.sum()))
    sites = [
        tuple(noise.site for noise in learned(chip.but(trial_seed=trial)).synapse.code.noise)
        for trial in range(20)
    ]
    assert len(set(sites)) == 20
    assert max(max(s) for s in sites) < 256


def learned(chip):
    net = ns.Network()
    cell = net.population("E", 2, ns.models.lif_curr_exp(tau_syn=2 * ms))
    synapse = correlation_synapse(1 * pA)
    net.project(cell, cell, ns.AllToAll(), "I_syn", synapse=synapse, weight=10.0, name="e")
    plasticity_rule(net, "e", "w + causal", 10 * ms)
    (found,) = ns.Simulation(net, platform=chip, record=False).program.projections
    return found


def test_a_rule_needs_sensors():
    net = ns.Network()
    cell = net.population("E", 2, ns.models.lif_curr_exp())
    net.project(cell, cell, ns.AllToAll(), "I_syn", weight=1 * pA, delay=0 * ms, name="plain")
    with pytest.raises(DescriptionError, match="'plain' has no correlation sensors"):
        plasticity_rule(net, "plain", "w", 1 * ms)
    with pytest.raises(DescriptionError, match="tau is"):
        correlation_synapse(1 * pA, tau=0 * ms)
    with pytest.raises(DescriptionError, match="ceiling"):
        correlation_synapse(1 * pA, ceiling=0.0)
