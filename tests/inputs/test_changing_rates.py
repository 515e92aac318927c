"""Poisson input whose rate changes: exact counts, engine by engine, and their statistics."""

import numpy as np
import pytest
from brian2 import Hz, kHz, ms, mV, second
from scipy import stats

import neurosim as ns
from neurosim.engines.reference.inputs import poisson_counts
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError

COUNTER = ns.NeuronModel("n : 1\nm : 1")


@pytest.mark.parametrize("mean", [0.0, 1e-6, 0.1, 1.0, 17.3, 700.0])
def test_counts_are_the_quantiles_of_the_poisson_distribution(mean):
    words = np.concatenate(
        [
            np.random.default_rng(1).integers(0, 2**32, 3000, dtype=np.uint32),
            np.array([0, 1, 2**31, 2**32 - 1], np.uint32),
        ]
    )
    counts = poisson_counts(np.array([mean]), words)
    if mean == 0:
        assert (counts == 0).all()
        return
    # P(count - 1) <= (word + 1) 2^-32 <= P(count), up to rounding of the sum
    u = (words.astype(float) + 1) / 2**32
    inside = words < 2**32 - 1
    below, above = stats.poisson.cdf(counts - 1, mean), stats.poisson.cdf(counts, mean)
    assert (below < u + 1e-11).all()
    assert (u[inside] < above[inside] + 1e-11).all()
    assert counts.max() < 2000


def counted(wave, engine, duration_ms, n=400, seed=3, span=slice(None), **options):
    """Counts of every step, (n_steps, n)."""
    net = ns.Network(seed=seed)
    p = net.population("p", n, COUNTER)
    net.poisson(p[span], "n", rate=wave, weight=1)
    net.record(p, "n")
    run = ns.simulate(net, duration_ms * ms, engine=engine, **options)
    return np.diff(run.state("p", "n").values, axis=0)


def test_a_constant_course_counts_as_the_constant_rate():
    wave = counted(ns.StepRate([0] * ms, [3000] * Hz), "native", 20)
    fixed = counted(3000 * Hz, "native", 20)
    np.testing.assert_array_equal(wave, fixed)


def test_step_rate_has_its_mean_in_every_piece():
    """Null: counts are Poisson of mean rate dt. Chi-square at 1e-3, seed 3."""
    rates = np.array([200.0, 8000.0, 0.0, 1500.0])
    counts = counted(ns.StepRate(np.arange(4) * 5 * ms, rates * Hz), "native", 20.1)
    for k, rate in enumerate(rates):
        part = counts[50 * k : 50 * (k + 1)].ravel().astype(int)
        mean = rate * 1e-4
        if mean == 0:
            assert not part.any()
            continue
        top = int(stats.poisson.ppf(1 - 5 / part.size, mean))
        observed = np.bincount(np.minimum(part, top), minlength=top + 1)
        expected = stats.poisson.pmf(np.arange(top), mean) * part.size
        expected = np.append(expected, part.size - expected.sum())
        assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_sine_rate_follows_its_course_and_is_cut_at_zero():
    """Null: the sum over n neurons in step k is Poisson(n rate(t_k) dt).

    No step off by 4.5 sigma, and chi-square of all at 1e-3; seed 3.
    """
    counts = counted(ns.SineRate(2000 * Hz, 3000 * Hz, 100 * Hz, 0.5), "native", 20.1)
    t = np.arange(200) * 1e-4
    rate = np.maximum(0, 2000 + 3000 * np.sin(2 * np.pi * 100 * t + 0.5))
    expected = 400 * rate * 1e-4
    total = counts.sum(axis=1)
    assert (total[rate == 0] == 0).all()
    some = expected > 0
    z = (total[some] - expected[some]) / np.sqrt(expected[some])
    assert np.abs(z).max() < 4.5
    assert stats.chi2.sf((z**2).sum(), some.sum()) > 1e-3


def everything(n=15):
    net = ns.Network(seed=7)
    model = ns.NeuronModel(
        "dv/dt = -v/(10*ms) : volt (unless refractory)",
        threshold="v > 5*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
    )
    p = net.population("p", n, model)
    rng = np.random.default_rng(5)
    net.poisson(p, "v", rate=ns.SineRate(9 * kHz, 12 * kHz, 80 * Hz), weight=0.3 * mV)
    net.poisson(
        p[1::2], "v", rate=ns.ArrayRate(rng.uniform(0, 9e3, (4, 7)) * Hz, 5 * ms), weight=0.2 * mV
    )
    net.poisson(p[3:9], "v", rate=ns.StepRate([3, 11] * ms, [2, 20] * kHz), weight=0.1 * mV)
    net.poisson(p, "v", rate=1 * kHz, weight=-0.2 * mV)
    net.record(p, "v")
    return net


def test_engines_threads_and_chunks_agree():
    found = []
    for engine, threads, parts in (
        ("brian2", 1, [25]),
        ("native", 1, [25]),
        ("native", 3, [25]),
        ("native", 2, [0.3, 7.7, 0.2, 16.8]),
    ):
        with ns.Simulation(everything(), engine=engine, threads=threads) as sim:
            for part in parts:
                sim.run(part * ms)
        found.append((sim.recording.spikes("p"), sim.recording.state("p", "v").values))
    assert found[0][0][0].size > 20
    for spikes, v in found[1:]:
        np.testing.assert_array_equal(spikes[0], found[0][0][0])
        np.testing.assert_array_equal(spikes[1], found[0][0][1])
        np.testing.assert_allclose(v, found[0][1], atol=1e-9)


def test_a_view_gets_its_columns_and_nobody_else_counts(engine):
    rates = np.array([[0.0, 50000.0, 10000.0]])
    counts = counted(ns.ArrayRate(rates * Hz, 10 * ms), engine, 15, n=9, span=[2, 3, 7])
    mean = counts[:99].mean(axis=0)
    np.testing.assert_array_equal(mean[[0, 1, 2, 4, 5, 6, 8]], 0)
    assert abs(mean[3] - 5) < 4 * np.sqrt(5 / 99)
    assert abs(mean[7] - 1) < 4 * np.sqrt(1 / 99)
    assert not counts[100:].any()  # the array has ended


def test_set_input_changes_the_rate(engine):
    net = ns.Network(seed=3)
    p = net.population("p", 50, COUNTER)
    drive = net.poisson(p, "n", rate=ns.StepRate([0] * ms, [0] * Hz), weight=1, indegree=10)
    net.record(p, "n")

    def control(now):
        now.set_input(drive.name, 2 * kHz if now.step == 13 else 0 * Hz)

    run = ns.simulate(net, 4 * ms, engine=engine, callbacks=[ns.Callback(control, 1.3 * ms)]).state(
        "p", "n"
    )
    steps = np.diff(run.values, axis=0).mean(axis=1)
    assert not steps[:13].any()
    assert not steps[26:].any()
    assert abs(steps[13:26].mean() - 2) < 4 * np.sqrt(2 / 13 / 50)


def test_what_is_refused(engine):
    net = ns.Network(seed=3)
    p = net.population("p", 5, COUNTER)
    for wave, error, words in (
        (lambda: ns.StepRate([0] * ms, [-1] * Hz), DescriptionError, ">= 0"),
        (lambda: ns.StepRate([0] * ms, [1] * mV), DescriptionError, "Hz"),
        (lambda: ns.ArrayRate(np.ones((3, 4)) * Hz, 1 * ms), DescriptionError, "4 columns"),
        (lambda: ns.NoisyCurrent(1 * Hz, 1 * Hz), DescriptionError, "not a rate"),
    ):
        with pytest.raises(error, match=words):
            net.poisson(p, "n", rate=wave(), weight=1)
    net.poisson(p, "n", rate=ns.StepRate([0] * ms, [8e6] * Hz), weight=1)
    with pytest.raises(DescriptionError, match="at most 700"):
        ns.simulate(net, 1 * ms, engine=engine)
    quiet = ns.Network(seed=3)
    p = quiet.population("p", 5, COUNTER)
    fixed = quiet.poisson(p, "n", rate=5 * Hz, weight=1)
    drive = quiet.poisson(p, "n", rate=ns.SineRate(5 * Hz, 5 * Hz, 1 * Hz), weight=1)
    with ns.Simulation(quiet, engine=engine) as sim:
        for name, value, error in (
            (fixed.name, 1 * Hz, UnknownNameError),
            (drive.name, 1 * second, DimensionError),
            (drive.name, -1 * Hz, DescriptionError),
            (drive.name, 8e6 * Hz, DescriptionError),
        ):
            with pytest.raises(error):
                sim.set_input(name, value)
