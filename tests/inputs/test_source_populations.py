"""Poisson and gamma populations: renewal statistics by exact laws; the same on both engines."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError


def trains(times, ids, n):
    order = np.lexsort((times, ids))
    return np.split(times[order], np.searchsorted(ids[order], np.arange(1, n)))


def spread(times_ms, seed):
    """Times within their steps: a spike at step k lies anywhere in the 0.1 ms before."""
    return times_ms - 0.1 * np.random.default_rng(seed).random(times_ms.size)


@pytest.fixture(scope="module")
def sources():
    """A few seconds of many trains of each kind, on the native engine."""
    net = ns.Network(seed=31)
    net.poisson_population("poisson", 300, 40 * Hz)
    net.gamma_population("gamma3", 300, 40 * Hz, shape=3)
    net.gamma_population("ordinary", 4000, 10 * Hz, shape=4, stationary=False)
    net.gamma_population("resting", 4000, 10 * Hz, shape=4)
    net.poisson_population("sine", 400, ns.SineRate(60 * Hz, 50 * Hz, 5 * Hz))
    net.gamma_population(
        "course", 400, "base*(1 + sin(2*pi*5*Hz*t))", 2, parameters={"base": 50 * Hz}
    )
    net.poisson_population("ramp", 100, "(i + 1)*Hz")
    return ns.simulate(net, 2 * second)


@pytest.mark.parametrize(("name", "k"), [("poisson", 1), ("gamma3", 3)])
def test_intervals_are_gamma_distributed(sources, name, k):
    """Null: intervals are gamma(k), mean 25 ms. KS at 1e-3 and CV within 4 errors, seed 31."""
    times, ids = sources.spikes(name)
    # intervals that start in the first second and are shorter than the rest: hardly any is cut
    found = np.concatenate([np.diff(t)[t[:-1] < 1000] for t in trains(spread(times, 1), ids, 300)])
    law = stats.gamma(k, scale=25 / k)
    assert stats.kstest(found, law.cdf).pvalue > 1e-3
    cv = found.std() / found.mean()
    assert abs(cv - 1 / np.sqrt(k)) < 4 / np.sqrt(found.size)
    assert abs(found.mean() - 25) < 4 * 25 / np.sqrt(k * found.size)


def test_successive_intervals_are_independent(sources):
    """Null: no correlation. 4 standard errors, seed 31."""
    times, ids = sources.spikes("gamma3")
    pairs = [np.diff(t) for t in trains(times, ids, 300)]
    first = np.concatenate([p[:-1] for p in pairs])
    second_ = np.concatenate([p[1:] for p in pairs])
    assert abs(np.corrcoef(first, second_)[0, 1]) < 4 / np.sqrt(first.size)


def test_the_first_interval(sources):
    """Null: gamma(4) from an ordinary start; its forward recurrence time when stationary.

    Kolmogorov-Smirnov at 1e-3, seed 31.
    """
    law = stats.gamma(4, scale=25)
    x = np.linspace(0, 2000, 20001)
    forward = np.cumsum(law.sf(x)) * 0.1 / 100
    for name, cdf in (("ordinary", law.cdf), ("resting", lambda t: np.interp(t, x, forward))):
        times, ids = sources.spikes(name)
        first = np.array([t[0] for t in trains(spread(times, 2), ids, 4000)])
        assert stats.kstest(np.maximum(first, 0), cdf).pvalue > 1e-3


def test_stationary_trains_have_their_rate_from_the_start(sources):
    """Null: 40 Hz in every 100 ms. 4.5 standard errors (of Poisson counts, the larger)."""
    for name in ("poisson", "gamma3"):
        counts = np.histogram(sources.spikes(name)[0], np.arange(0, 2001, 100))[0]
        assert np.abs(counts - 1200).max() < 4.5 * np.sqrt(1200)


@pytest.mark.parametrize(
    ("name", "k", "rate"),
    [
        ("sine", 1, lambda t: 0.060 + 0.050 * np.sin(2 * np.pi * 5e-3 * t)),
        ("course", 2, lambda t: 0.050 * (1 + np.sin(2 * np.pi * 5e-3 * t))),
    ],
)
def test_time_rescaling_of_changing_rates(sources, name, k, rate):
    """Null: intervals of the integrated rate are gamma(k) of mean 1. KS at 1e-3, seed 31."""
    t = np.arange(0, 2000.05, 0.1)
    integral = np.concatenate([[0], np.cumsum(rate(t[:-1])) * 0.1])
    times, ids = sources.spikes(name)
    found = []
    for train in trains(spread(times, 3), ids, 400):
        rescaled = np.interp(train, t, integral)
        found.append(np.diff(rescaled)[rescaled[:-1] < integral[-1] / 2])
    found = np.concatenate(found)
    assert found.size > 10000
    assert stats.kstest(found, stats.gamma(k, scale=1 / k).cdf).pvalue > 1e-3


def test_a_rate_for_each_neuron(sources):
    """Null: counts are Poisson(2 (i + 1)). Chi-square at 1e-3, seed 31."""
    counts = np.bincount(sources.spikes("ramp")[1], minlength=100)
    expected = 2.0 * np.arange(1, 101)
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), 100) > 1e-3


def small(n=20):
    net = ns.Network(seed=9)
    a = net.poisson_population("a", n, "(20 + 5*i)*Hz")
    b = net.gamma_population("b", n, ns.StepRate([0, 20] * ms, [30, 200] * Hz), 3)
    c = net.gamma_population("c", n, "r*t/second*Hz", 2, parameters={"r": 2000})
    p = net.population("p", n, ns.NeuronModel("dv/dt = -v/(10*ms) : volt"))
    for source in (a, b, c):
        net.project(source, p, ns.Bernoulli(0.3), "v", weight=1 * mV, delay=0.5 * ms)
    net.record(p, "v")
    return net


def test_engines_threads_and_chunks_agree():
    def control(now):
        now.write("a", "rate", 300.0 * (now.step % 200 == 0))

    found = []
    for engine, threads, parts in (
        ("brian2", 1, [60]),
        ("native", 1, [60]),
        ("native", 3, [33.3, 26.7]),
    ):
        with ns.Simulation(
            small(), engine=engine, threads=threads, callbacks=[ns.Callback(control, 10 * ms)]
        ) as sim:
            for part in parts:
                sim.run(part * ms)
        run = sim.recording
        found.append([run.spikes(name) for name in "abc"] + [run.state("p", "v").values])
    for other in found[1:]:
        for mine, theirs in zip(found[0][:3], other[:3], strict=True):
            assert mine[0].size > 20
            np.testing.assert_array_equal(mine[0], theirs[0])
            np.testing.assert_array_equal(mine[1], theirs[1])
        np.testing.assert_allclose(other[3], found[0][3], atol=1e-9)
    in_pause = (found[0][0][0] > 10.1) & (found[0][0][0] < 20)
    assert not in_pause.any()


def test_what_is_refused():
    net = ns.Network(seed=1)
    for call, error, words in (
        (lambda: net.poisson_population("a", 5, -1 * Hz), DescriptionError, "negative"),
        (lambda: net.poisson_population("a", 5, 1 * ms), DimensionError, "Hz is needed"),
        (lambda: net.poisson_population("a", 5, [1, 2] * Hz), DescriptionError, "2 values for 5"),
        (lambda: net.poisson_population("a", 5, "f*Hz"), UnknownNameError, "'f'"),
        (lambda: net.poisson_population("a", 5, "f*t*Hz"), DescriptionError, "'f'"),
        (
            lambda: net.poisson_population("a", 5, 1 * Hz, parameters={"f": 1}),
            DescriptionError,
            "expression of t",
        ),
        (lambda: net.gamma_population("a", 5, 1 * Hz, 0), DescriptionError, "shape"),
        (lambda: net.gamma_population("a", 5, 1 * Hz, 65), DescriptionError, "at most 64"),
        (
            lambda: net.poisson_population("a", 5, ns.NoisyCurrent(1 * Hz, 1 * Hz)),
            DescriptionError,
            "not a rate",
        ),
    ):
        with pytest.raises(error, match=words):
            call()
        net.populations.clear()


def test_periodic_source_emits_again_and_again(engine):
    net = ns.Network(seed=4)
    source = net.spike_source("s", [0, 1, 1, 7.3] * ms, [0, 1, 2, 1], period=10 * ms)
    p = net.population("p", 3, ns.NeuronModel("dv/dt = -v/(10*ms) : volt"))
    net.project(source, p, ns.OneToOne(), "v", weight=1 * mV, delay=1 * ms)
    with ns.Simulation(net, engine=engine) as sim:
        for part in (3, 17, 0.1, 14.9):
            sim.run(part * ms)
        v = sim.read("p", "v")
    times, ids = sim.recording.spikes("s")
    expected = (np.array([0, 1, 1, 7.3]) + 10 * np.arange(4)[:, None]).ravel()
    np.testing.assert_allclose(times, expected[expected < 35], rtol=1e-9)
    np.testing.assert_array_equal(ids, np.tile([0, 1, 2, 1], 4)[: times.size])
    arrivals = [[1, 11, 21, 31], [2, 8.3, 12, 18.3, 22, 28.3, 32], [2, 12, 22, 32]]
    # an arrival acts after the update of its step; the last step is that at 34.9 ms
    kept = [sum(np.exp(-(34.9 - t) / 10) for t in row if t < 35) for row in arrivals]
    np.testing.assert_allclose(v, np.array(kept) * 1e-3, rtol=1e-6)


def test_a_period_that_does_not_fit_is_refused():
    net = ns.Network(seed=4)
    with pytest.raises(DescriptionError, match="longer than the time"):
        net.spike_source("s", [0, 10] * ms, [0, 0], period=10 * ms)
    net.spike_source("s", [0] * ms, [0], period=1.05 * ms)
    net.population("p", 1, ns.NeuronModel("dv/dt = -v/(10*ms) : volt"))
    with pytest.raises(DescriptionError, match=r"period.*multiple of dt"):
        ns.simulate(net, 1 * ms)
