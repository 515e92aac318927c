"""Statistics against closed forms, by hand, and against Elephant."""

import time

import numpy as np
import pytest

from neurosim.analysis import statistics

DURATION_MS = 20_000.0


def renewal(n, rate_hz, order, seed, duration_ms=DURATION_MS):
    """Gamma renewal processes, as (times ascending, ids)."""
    rng = np.random.default_rng(seed)
    count = int(rate_hz * duration_ms / 1e3 * 2 + 50)
    # Discarding the first intervals makes the processes stationary.
    times = np.cumsum(rng.gamma(order, 1e3 / rate_hz / order, (n, count + 20)), axis=1)
    times -= times[:, 19:20]
    ids = np.repeat(np.arange(n), count + 20)
    times = times.ravel()
    inside = (times > 0) & (times < duration_ms)
    by_time = np.argsort(times[inside], kind="stable")
    return times[inside][by_time], ids[inside][by_time]


def trains(times, ids, n, stop_ms):
    import neo

    return [neo.SpikeTrain(times[ids == k], units="ms", t_stop=stop_ms) for k in range(n)]


def test_rates_count_silent_neurons():
    rates = statistics.firing_rates(np.array([0, 2, 2, 2]), 4, 500.0)
    assert list(rates) == [2.0, 0.0, 6.0, 0.0]


def test_cv_by_hand():
    # Neuron 0: intervals 1, 3 -> mean 2, sd 1. Neuron 1: a clock. Neuron 2: too few spikes.
    times = np.array([0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 9.0])
    ids = np.array([0, 0, 1, 2, 1, 2, 1, 0, 2])
    assert list(statistics.cv_isi(times, ids, 3, min_spikes=3)[:2]) == [0.5, 0.0]
    assert statistics.cv_isi(times, ids, 3, min_spikes=4).size == 0
    assert statistics.cv_isi(times[:0], ids[:0], 3).size == 0


@pytest.mark.parametrize("order", [1, 2, 5, 20])
def test_cv_of_gamma_processes_is_the_closed_form(order):
    # Null: mean CV = 1 / sqrt(k). Large-sample sd of a CV over m intervals is
    # CV sqrt((1/2 + CV^2) / m) or less; level 1e-5 two-sided (4.4 sd); seed fixed.
    n, rate = 200, 20.0
    times, ids = renewal(n, rate, order, seed=order)
    cv = statistics.cv_isi(times, ids, n)
    expected = 1 / np.sqrt(order)
    m = rate * DURATION_MS / 1e3
    sd = expected * np.sqrt((0.5 + expected**2) / m / n)
    bias = expected / m  # of order 1/m for finite samples
    assert cv.size == n
    assert abs(cv.mean() - expected) < 4.4 * sd + bias


def test_cv_agrees_with_elephant():
    from elephant.statistics import cv, isi

    times, ids = renewal(30, 8.0, 1, seed=3, duration_ms=2000.0)
    ours = statistics.cv_isi(times, ids, 30)
    theirs = [
        cv(isi(train.magnitude)) for train in trains(times, ids, 30, 2000.0) if len(train) >= 5
    ]
    assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("n", [30, 70_000])
def test_cv_for_few_and_many_neurons_is_the_same(n):
    times, ids = renewal(30, 8.0, 1, seed=4)
    assert np.array_equal(statistics.cv_isi(times, ids, n), statistics.cv_isi(times, ids, 30))


def test_correlations_agree_with_elephant():
    import elephant.spike_train_correlation as stc
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain

    times, ids = renewal(20, 30.0, 1, seed=5, duration_ms=3000.0)
    # A common input, so that correlations are not all near zero; times on a 0.1 ms grid.
    common = np.arange(5.0, 3000.0, 37.0)
    times = np.concatenate([times, np.tile(common, 10)])
    ids = np.concatenate([ids, np.repeat(np.arange(10), common.size)])
    order = np.argsort(times, kind="stable")
    times, ids = np.round(times[order], 1), ids[order]
    order = np.argsort(times, kind="stable")
    times, ids = times[order], ids[order]
    inside = times < 3000.0
    times, ids = times[inside], ids[inside]
    ours = statistics.correlations(times, ids, 0.0, 3000.0)
    binned = BinnedSpikeTrain(
        trains(times, ids, 20, 3000.0), bin_size=2 * pq.ms, t_start=0 * pq.ms, t_stop=3000 * pq.ms
    )
    theirs = stc.correlation_coefficient(binned, binary=False)[np.triu_indices(20, k=1)]
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert ours.max() > 0.3


def test_correlation_of_equal_opposite_and_independent_trains():
    times = np.repeat(np.arange(0, 4000, 4.0), 2)
    ids = np.tile([0, 1], 1000)
    assert statistics.correlations(times, ids, 0.0, 4000.0) == pytest.approx([1.0])
    times[1::2] += 2.0
    assert statistics.correlations(times, ids, 0.0, 4000.0) == pytest.approx([-1.0])
    # Null: zero mean correlation. The sd of one is 1 / sqrt(bins); pairs are uncorrelated;
    # level 1e-5 two-sided (4.4 sd); seed fixed.
    times, ids = renewal(60, 20.0, 1, seed=6)
    found = statistics.correlations(times, ids, 0.0, DURATION_MS)
    assert found.size == 60 * 59 // 2
    assert abs(found.mean()) < 4.4 / np.sqrt(DURATION_MS / 2) / np.sqrt(found.size)


def test_correlations_choose_among_active_neurons_by_seed():
    times, ids = renewal(150, 5.0, 1, seed=7, duration_ms=2000.0)
    ids = ids * 3  # two of three neurons are silent
    arguments = (times, ids, 0.0, 2000.0)
    assert statistics.correlations(*arguments, max_neurons=50).size == 50 * 49 // 2
    first, again, other = (
        statistics.correlations(*arguments, max_neurons=50, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_correlations_in_blocks_of_bins_are_the_same(monkeypatch):
    times, ids = renewal(20, 30.0, 1, seed=8, duration_ms=3000.0)
    whole = statistics.correlations(times, ids, 0.0, 3000.0)
    monkeypatch.setattr(statistics, "_BLOCK_BINS", 7)
    assert statistics.correlations(times, ids, 0.0, 3000.0) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("spikes", [0, 1])
def test_correlations_need_two_active_neurons(spikes):
    times, ids = np.arange(spikes) * 1.0, np.zeros(spikes, np.int64)
    assert statistics.correlations(times, ids, 0.0, 100.0).size == 0


def test_spikes_on_the_edge_of_a_bin_belong_to_the_later_one():
    # 0.1 ms grid: 500.2 - 500.0 is below 0.2 in floating point.
    steps = np.arange(5000, 5100)
    times = steps / 10
    centres, rate = statistics.population_rate(times, 1, 500.0, 510.0, bin_ms=0.2)
    assert np.array_equal(rate, np.full(50, 10_000.0))
    assert centres[0] == pytest.approx(500.1)


def test_active_neurons_per_whole_window():
    times = np.array([0.0, 1.0, 1.0, 9.9, 10.0, 19.9, 20.0, 29.0])
    ids = np.array([0, 1, 0, 2, 0, 0, 1, 2])
    found = statistics.active_neurons(times, ids, 3, 0.0, 29.5, window_ms=10.0)
    assert list(found) == [3, 1]


def test_ks_distance_is_that_of_scipy():
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(1)
    a, b = rng.normal(size=100), np.round(rng.normal(0.3, 1, size=77), 1)
    assert statistics.ks_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic, abs=1e-12)
    assert statistics.ks_distance([1, 2, 3], [1, 2, 3]) == 0.0
    assert statistics.ks_distance([1, 2], [3]) == 1.0
    assert np.isnan(statistics.ks_distance([], [1.0]))


def test_a_full_scale_second_is_analysed_in_seconds():
    # Not a benchmark: a loop over neurons or spikes in Python would take minutes.
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 100_000, 2_500_000)) / 10
    ids = rng.integers(0, 60_000, times.size)
    start = time.perf_counter()
    statistics.cv_isi(times, ids, 60_000)
    statistics.correlations(times, ids, 0.0, 10_000.0)
    statistics.active_neurons(times, ids, 60_000, 0.0, 10_000.0, window_ms=100.0)
    statistics.population_rate(times, 60_000, 0.0, 10_000.0)
    assert time.perf_counter() - start < 10.0
