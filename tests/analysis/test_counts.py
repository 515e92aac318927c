"""Counts in windows: Fano factors, sparseness, synchrony of counts."""

from itertools import pairwise

import numpy as np
import pytest
from spike_samples import DURATION_MS, neo_trains, on_grid, renewal

from neurosim.analysis import counts


@pytest.mark.parametrize("order", [1, 4])
def test_fano_factor_tends_to_the_square_of_the_cv(order):
    # Null: F = CV^2 = 1/k for windows much longer than an interval, up to 1/windows (ddof 0)
    # and (1 - CV^4)/6 per mean count. The sd of F over w windows is about F sqrt(2/w).
    n, rate, window = 200, 40.0, 500.0
    times, ids = renewal(n, rate, order, seed=20 + order)
    found = counts.fano_factors(times, ids, n, 0.0, DURATION_MS, window_ms=window)
    windows, mean = DURATION_MS / window, rate * window / 1e3
    cv2 = 1 / order
    expected = (cv2 + (1 - cv2**2) / 6 / mean) * (1 - 1 / windows)
    assert found.size == n
    assert abs(found.mean() - expected) < 4.4 * expected * np.sqrt(2 / windows / n)


def test_fano_factor_by_hand_and_sparse(monkeypatch):
    times = np.array([1.0, 2.0, 11.0, 25.0])
    ids = np.array([0, 0, 0, 2])
    found = counts.fano_factors(times, ids, 3, 0.0, 40.0, window_ms=10.0)
    assert found == pytest.approx([(5 / 4 - 9 / 16) / (3 / 4), (1 / 4 - 1 / 16) / (1 / 4)])
    monkeypatch.setattr(counts, "_DENSE", 0)
    assert counts.fano_factors(times, ids, 3, 0.0, 40.0, window_ms=10.0) == pytest.approx(found)


def test_fano_factor_agrees_with_elephant():
    from elephant.statistics import fanofactor

    times, ids = on_grid(*renewal(5, 20.0, 2, seed=6, duration_ms=2000.0))
    inside = times < 2000.0
    times, ids = times[inside], ids[inside]
    ours = counts.fano_factors(times, ids, 5, 0.0, 2000.0, window_ms=100.0)
    for k, train in enumerate(neo_trains(times, ids, 5, 2000.0)):
        edge = np.arange(21) * 100.0 - 1e-6
        pieces = [
            train[(train.magnitude >= low) & (train.magnitude < high)]
            for low, high in pairwise(edge)
        ]
        assert ours[k] == pytest.approx(fanofactor(pieces), rel=1e-12)


def test_sparseness_of_known_rates():
    assert counts.treves_rolls([3.0, 3.0, 3.0]) == pytest.approx(1.0)
    assert counts.treves_rolls([5.0, 0.0, 0.0, 0.0]) == pytest.approx(0.25)
    assert counts.sparseness([3.0, 3.0, 3.0]) == pytest.approx(0.0)
    assert counts.sparseness([5.0, 0.0, 0.0, 0.0]) == pytest.approx(1.0)
    assert np.isnan(counts.treves_rolls([0.0, 0.0]))
    assert np.isnan(counts.sparseness([1.0]))
    # Exponential rates: a = 1/2; sd of the estimate below 2 / sqrt(n).
    rates = np.random.default_rng(1).exponential(5.0, 100_000)
    assert counts.treves_rolls(rates) == pytest.approx(0.5, abs=4.4 * 2 / np.sqrt(rates.size))


def test_sparseness_of_poisson_counts_is_the_closed_form():
    # a = <n>^2 / <n^2> = m / (1 + m) for Poisson counts of mean m, so 1 - a = 1 / (1 + m).
    n, rate = 400, 10.0
    times, ids = renewal(n, rate, 1, seed=7)
    mean = rate * 0.1
    population = counts.population_sparseness(times, ids, n, 0.0, DURATION_MS)
    lifetime = counts.lifetime_sparseness(times, ids, n, 0.0, DURATION_MS)
    assert population.size == 200
    assert lifetime.size == n
    # Level 1e-5; the sd of one value is below 1 / sqrt(terms), of order 1/terms its bias.
    for values, terms in ((population, n), (lifetime, 200)):
        expected = (1 / (1 + mean)) / (1 - 1 / terms)
        bound = 4.4 / np.sqrt(terms * values.size) + 2 / terms
        assert abs(values.mean() - expected) < bound


def test_sparseness_where_nothing_spikes():
    times, ids = np.array([5.0]), np.array([1])
    found = counts.population_sparseness(times, ids, 3, 0.0, 20.0, window_ms=10.0)
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1])


def test_count_synchrony():
    times, _ = renewal(100, 20.0, 1, seed=8)
    found = counts.count_synchrony(times, 0.0, DURATION_MS)
    # Null: Poisson counts, 1; sd sqrt(2 / bins), level 1e-5.
    assert abs(found - 1.0) < 4.4 * np.sqrt(2 / (DURATION_MS / 3))
    one, _ = renewal(1, 20.0, 1, seed=9)
    together = np.repeat(one, 50)
    assert counts.count_synchrony(together, 0.0, DURATION_MS) == pytest.approx(
        50 * counts.count_synchrony(one, 0.0, DURATION_MS)
    )
    assert np.isnan(counts.count_synchrony(one[:0], 0.0, 100.0))
