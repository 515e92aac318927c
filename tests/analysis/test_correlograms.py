"""Correlograms against brute force, Poisson processes and Elephant."""

import numpy as np
import pytest
from spike_samples import DURATION_MS, neo_trains, on_grid, renewal

from neurosim.analysis.correlograms import (
    Bins,
    auto_correlogram,
    cross_correlogram,
    pair_correlogram,
)

SHORT = Bins(0.0, 2000.0, 1.0, 20.0)


def pairs(first, second, bins):
    """Count pairs by lag, in a loop."""
    x, y = (np.floor(t / bins.bin_ms + 1e-7).astype(int) for t in (first, second))
    counts = np.zeros(2 * bins.n_lags + 1)
    for a in x:
        for b in y:
            if abs(b - a) <= bins.n_lags:
                counts[b - a + bins.n_lags] += 1
    return counts


def test_counts_are_those_of_a_loop():
    first, _ = renewal(1, 60.0, 1, seed=1, duration_ms=2000.0)
    second, _ = renewal(1, 40.0, 2, seed=2, duration_ms=2000.0)
    found = cross_correlogram(first, second, SHORT, "count")
    assert np.array_equal(found, pairs(first, second, SHORT))
    assert np.array_equal(cross_correlogram(second, first, SHORT, "count"), found[::-1])
    assert SHORT.lags_ms[[0, 20, 40]].tolist() == [-20.0, 0.0, 20.0]


def test_a_follower_shows_at_its_lag():
    first, _ = renewal(1, 20.0, 1, seed=3)
    bins = Bins(0.0, DURATION_MS, 1.0, 20.0)
    on = np.floor(first) + 0.5
    found = cross_correlogram(on, on + 7.0, bins)
    assert bins.lags_ms[np.argmax(found)] == 7.0
    assert found.max() == pytest.approx(1.0, abs=0.01)


def test_coefficient_at_lag_zero_is_the_pearson_coefficient():
    first, _ = renewal(1, 60.0, 1, seed=4, duration_ms=2000.0)
    second = np.sort(np.concatenate([first[::2], renewal(1, 20.0, 1, 5, 2000.0)[0]]))
    x, y = SHORT.counts(first), SHORT.counts(second)
    found = cross_correlogram(first, second, SHORT)
    assert found[SHORT.n_lags] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert np.isnan(cross_correlogram(first, first[:0], SHORT)).all()


def test_independent_poisson_processes_have_the_rate_at_every_lag():
    first, _ = renewal(1, 50.0, 1, seed=6)
    second, _ = renewal(1, 30.0, 1, seed=7)
    found = cross_correlogram(first, second, Bins(0.0, DURATION_MS, 1.0, 50.0), "rate")
    # Null: counts are Poisson with mean 50 * 30 * 20 s * 1 ms = 30; 101 lags, level 1e-5: 5.3 sd.
    assert np.all(np.abs(found - 30.0) < 30.0 * 5.3 / np.sqrt(30.0))
    assert found.mean() == pytest.approx(30.0, rel=0.1)


def test_agreement_with_elephant():
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import cross_correlation_histogram

    times, ids = on_grid(*renewal(2, 40.0, 1, seed=8, duration_ms=1990.0))
    binned = BinnedSpikeTrain(
        neo_trains(times, ids, 2, 2000.0), bin_size=1 * pq.ms, t_start=0 * pq.ms, t_stop=2 * pq.s
    )
    first, second = times[ids == 0], times[ids == 1]
    window = {"window": [-20, 20], "border_correction": False}
    theirs, lags = cross_correlation_histogram(binned[0], binned[1], **window)
    assert np.array_equal(lags, np.arange(-20, 21))
    assert np.array_equal(
        cross_correlogram(first, second, SHORT, "count"), theirs.magnitude.ravel()
    )
    theirs, _ = cross_correlation_histogram(
        binned[0], binned[1], cross_correlation_coefficient=True, **window
    )
    # Elephant subtracts the product of the means for all bins, also those beyond the overlap.
    x, y = SHORT.counts(first), SHORT.counts(second)
    missing = [
        x.mean() * y[:k].sum() + y.mean() * x[x.size - k :].sum() - k * x.mean() * y.mean()
        if k >= 0
        else x.mean() * y[k:].sum() + y.mean() * x[:-k].sum() + k * x.mean() * y.mean()
        for k in SHORT.lags_ms.astype(int)
    ]
    correction = np.array(missing) / (x.std() * y.std() * x.size)
    found = cross_correlogram(first, second, SHORT) - correction
    assert found == pytest.approx(theirs.magnitude.ravel(), abs=1e-12)


def test_autocorrelogram_and_pairs_are_those_of_loops():
    times, ids = renewal(4, 40.0, 2, seed=9, duration_ms=2000.0)
    trains = [times[ids == k] for k in range(4)]
    own = sum(pairs(t, t, SHORT) for t in trains)
    own[SHORT.n_lags] -= times.size
    share = (SHORT.n_bins - np.abs(np.arange(-20, 21))) / SHORT.n_bins
    seconds = times.size * 1e-3
    assert auto_correlogram(times, ids, 4, SHORT) == pytest.approx(own / share / seconds)
    other = sum(pairs(trains[a], trains[b], SHORT) for a in range(4) for b in range(4) if a != b)
    found = pair_correlogram(times, ids, 4, SHORT)
    assert found == pytest.approx(other / share / seconds / 3)
    assert np.isnan(pair_correlogram(times, ids * 0, 1, SHORT)).all()


def test_autocorrelogram_of_a_poisson_and_of_a_regular_process():
    times, ids = renewal(50, 20.0, 1, seed=10)
    bins = Bins(0.0, DURATION_MS, 1.0, 50.0)
    found = auto_correlogram(times, ids, 50, bins)
    # Null: Poisson counts of mean 20000 * 20 Hz * 1 ms = 400 in each of 51 lags, 5.2 sd; lag 0
    # counts each pair twice.
    spread = np.where(bins.lags_ms == 0, np.sqrt(2), 1.0)
    assert np.all(np.abs(found - 20.0) < 5.2 * 20.0 / np.sqrt(400.0) * spread)
    clock = np.arange(1, 200) * 10.0 + 0.5
    regular = auto_correlogram(clock, np.zeros(clock.size, int), 1, SHORT)
    assert set(SHORT.lags_ms[regular > 0]) == {-20.0, -10.0, 10.0, 20.0}


def test_nothing_to_correlate():
    none, ids = np.empty(0), np.empty(0, np.int64)
    assert not cross_correlogram(none, none, SHORT, "count").any()
    assert not auto_correlogram(none, ids, 3, SHORT).any()
    assert not pair_correlogram(none, ids, 3, SHORT).any()
