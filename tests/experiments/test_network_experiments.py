"""Every network experiment: the small version runs and is kept, the full one passes its checks."""

import json

import numpy as np
import pytest
from neurosim.experiments import clustered, decision, izhikevich_2003, vogels_abbott

import neurosim as ns
from neurosim.errors import DescriptionError, UnknownNameError
from neurosim.units import ms, mV

SIMULATIONS = {
    "brunel": ["A", "B", "C", "D"],
    "clustered": ["uniform", "clustered", "stimulus"],
    "decision": ["example", "trials"],
    "izhikevich_2003": ["network"],
    "microcircuit": ["microcircuit"],
    "synfire": ["packets"],
    "vogels_abbott": ["cuba"],
    "working_memory": ["cue0", "nothing"],
}
CHECKS = {
    "brunel": 11,
    "clustered": 5,
    "decision": 6,
    "izhikevich_2003": 5,
    "microcircuit": 8,
    "synfire": 4,
    "vogels_abbott": 6,
    "working_memory": 6,
}


@pytest.mark.parametrize("name", SIMULATIONS)
def test_small_version_is_run_and_kept(name, tmp_path):
    _, experiment = ns.load_experiment(name)
    results = experiment.run(quick=True, output=tmp_path / "out", name=name, threads=1)
    assert list(results.recordings) == SIMULATIONS[name]
    files = {p.name for p in (tmp_path / "out").iterdir()}
    assert files == {f"{n}.h5" for n in SIMULATIONS[name]} | {"results.json", "figure.png"}
    kept = json.loads((tmp_path / "out" / "results.json").read_text())
    assert kept["metrics"]
    assert kept["experiment"] == name
    assert (tmp_path / "out" / "figure.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATIONS)
def test_full_version_passes_its_checks(name):
    _, experiment = ns.load_experiment(name)
    results = experiment.run(name=name)
    assert len(results.checks) == CHECKS[name]
    failed = [check for check in results.checks if not check.passed]
    assert not failed, results.table()


@pytest.mark.slow
def test_self_sustained_activity_equals_brian2():
    """The same spikes for 100 ms and more; rates of a second within 5 %."""
    results = vogels_abbott.perform(ns.Runs(duration=1000 * ms, warmup=200 * ms), compare=True)
    compared = [check for check in results.checks if "Brian2" in check.name]
    assert len(compared) == 9
    assert all(check.passed for check in compared), results.table()


def test_brunel_theory_holds_at_another_size():
    """Rate of C at scale 0.4, where theory gives 60.3 Hz, within 5 %."""
    _, experiment = ns.load_experiment("brunel")
    results = experiment.run(scale=0.4, duration=500 * ms, settings={"regime": "C"}, threads=2)
    check = results.check("C: rate (Hz)")
    assert check.expected == pytest.approx(60.3, abs=0.1)
    assert check.passed, results.table()


def test_packets_travel_or_die():
    _, experiment = ns.load_experiment("synfire")
    results = experiment.run(quick=True, threads=1)
    assert len(results.checks) == 4
    assert results.passed, results.table()


def test_settings_are_declared():
    for name in SIMULATIONS:
        _, experiment = ns.load_experiment(name)
        for setting in experiment.parameters:
            assert setting.help
    with pytest.raises(DescriptionError, match="allowed are"):
        ns.load_experiment("brunel")[1].run(settings={"regime": "E"})
    with pytest.raises(UnknownNameError, match="regime"):
        ns.load_experiment("brunel")[1].run(settings={"regmie": "A"})
    with pytest.raises(DescriptionError, match="one size"):
        ns.load_experiment("synfire")[1].run(scale=0.5)


@pytest.mark.parametrize(
    "name", ["brunel", "clustered", "izhikevich_2003", "vogels_abbott", "working_memory"]
)
def test_too_short_a_run_is_refused_before_it_begins(name, tmp_path):
    _, experiment = ns.load_experiment(name)
    with pytest.raises(DescriptionError, match="at least"):
        experiment.run(quick=True, duration=10 * ms)
    shortest = experiment.run(quick=True, duration=experiment.shortest, threads=1)
    assert shortest.figure is not None


def test_brunel_without_any_input_is_silent():
    _, experiment = ns.load_experiment("brunel")
    results = experiment.run(quick=True, settings={"regime": "C", "eta": 0}, threads=1)
    assert results.metrics["C"]["rate_hz"] == 0
    assert results.metrics["C"]["theory_hz"] == 0


def test_equal_until_finds_the_first_difference():
    same, other = (_driven(late) for late in (0.0, 0.5))
    assert vogels_abbott.equal_until(same, _driven(0.0)) == pytest.approx(10.0)
    assert vogels_abbott.equal_until(same, other) == pytest.approx(5.1)  # the step after the kick


def _driven(late):
    """Two neurons that spike at 1 ms and at 5 ms or a little later."""
    net = ns.Network()
    cells = net.population("E", 3, ns.models.lif_delta())
    source = net.spike_source("source", np.array([1.0, 5.0 + late]) * ms, [0, 1], size=3)
    net.project(source, cells, ns.OneToOne(), "v", weight=100 * mV, delay=0 * ms)
    return ns.simulate(net, 10 * ms, threads=1)


def test_rhythms_are_found():
    frequencies = np.arange(0, 200, 2.0)
    density = (
        0.1 + np.exp(-((frequencies - 8) ** 2) / 4) + 0.5 * np.exp(-((frequencies - 36) ** 2) / 40)
    )
    found = izhikevich_2003.rhythms(frequencies, density)
    assert (found["alpha_hz"], found["gamma_hz"]) == (8, 36)
    assert found["alpha_over_trough"] == pytest.approx(11, rel=0.05)
    assert found["gamma_over_trough"] == pytest.approx(6, rel=0.05)


def test_weibull_is_fitted():
    coherences = [0.0, 0.03, 0.06, 0.12, 0.25, 0.5]
    curve = [1 - 0.5 * np.exp(-((c / 0.09) ** 1.5)) for c in coherences]
    alpha, beta = decision.fit_weibull(coherences, curve)
    assert alpha == pytest.approx(0.09, rel=0.03)
    assert beta == pytest.approx(1.5, abs=0.1)


def test_stimulus_has_the_coherence_asked_for():
    one, other = decision.stimulus([0.5, 0.0], 300.0, 2000.0, 1500.0, seed=1)
    at = one.times >= 0.3 - 1e-9
    first = at & (one.times < 1.8 - 1e-9)
    # 30 draws of sd 4 Hz: the mean has sd 0.73 Hz
    assert one.values[first].mean() == pytest.approx(60, abs=3)
    assert other.values[first].mean() == pytest.approx(20, abs=3)
    assert one.values[~at].sum() == 0
    assert one.values[-1] == 0


def test_counts_of_pairs_in_a_cluster_correlate():
    """Two clusters of ten Poisson neurons with common and own spikes, seed 1."""
    rng = np.random.default_rng(1)
    times, ids = [], []
    for cluster in range(2):
        common = rng.uniform(0, 50_000, 500)
        for k in range(10):
            own = rng.uniform(0, 50_000, 500)
            times.append(np.concatenate([common, own]))
            ids.append(np.full(1000, 10 * cluster + k))
    times, ids = np.concatenate(times), np.concatenate(ids)
    order = np.argsort(times)
    same, other = clustered._pairs((times[order], ids[order]), 20, 50_000.0, 10)
    assert same.size == 90
    assert same.mean() == pytest.approx(0.5, abs=0.05)
    assert other.mean() == pytest.approx(0.0, abs=0.05)
