"""Inter-spike intervals against closed forms and Elephant."""

import time

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import beta
from spike_samples import DURATION_MS, neo_trains, renewal

from neurosim.analysis import intervals

# Large-sample sd of one neuron's value is about spread / sqrt(intervals), with these spreads
# (measured once for Poisson, where they are largest); the mean over neurons has sd / sqrt(n).
SPREAD = {"cv2": 0.9, "lv": 1.6, "lvr": 1.9}


def test_trains_and_intervals_by_hand():
    times = np.array([0.0, 1.0, 1.5, 3.0, 7.0])
    ids = np.array([2, 0, 2, 0, 2])
    found = intervals.trains(times, ids, 4)
    assert [list(train) for train in found] == [[1.0, 3.0], [], [0.0, 1.5, 7.0], []]
    gaps, owner = intervals.intervals(times, ids, 4)
    assert (list(gaps), list(owner)) == ([2.0, 1.5, 5.5], [0, 2, 2])


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("name", ["cv2", "lv"])
def test_gamma_processes_have_the_closed_form(name, order):
    # Null: the mean over neurons is the closed form; normal, level 1e-5 two-sided (4.4 sd).
    n, rate = 200, 20.0
    times, ids = renewal(n, rate, order, seed=10 + order)
    found = getattr(intervals, name)(times, ids, n)
    k = order
    expected = {"cv2": 2 / (k * 2 ** (2 * k - 1) * beta(k, k)), "lv": 3 / (2 * k + 1)}[name]
    assert found.size == n
    assert abs(found.mean() - expected) < 4.4 * SPREAD[name] / np.sqrt(rate * DURATION_MS / 1e3 * n)


@pytest.mark.parametrize("mean_ms", [20.0, 200.0])
def test_lvr_of_a_poisson_process_with_dead_time(mean_ms):
    # Successive intervals sum to s + 2R with s of a gamma density of order 2, and (a - b)^2 / s^2
    # is independent of s with mean 1/3, so LvR = E[s^2 (1 + 4R/(s + 2R)) / (s + 2R)^2].
    rng = np.random.default_rng(3)
    n, dead = 200_000, 5.0
    times = np.cumsum(dead + rng.exponential(mean_ms, n))
    ids = np.zeros(n, np.int64)

    def weighted(s):
        total = s + 2 * dead
        return s**2 / total**2 * (1 + 4 * dead / total) * s * np.exp(-s / mean_ms) / mean_ms**2

    expected = quad(weighted, 0, 50 * mean_ms)[0]
    # level 1e-5 two-sided with SPREAD as below
    assert abs(intervals.lvr(times, ids, 1)[0] - expected) < 4.4 * SPREAD["lvr"] / np.sqrt(n)
    assert intervals.lv(times, ids, 1)[0] < expected
    plain = intervals.lvr(times, ids, 1, refractoriness_ms=0.0)
    assert plain == pytest.approx(intervals.lv(times, ids, 1), rel=1e-12)


def test_a_clock_is_regular():
    times, ids = np.arange(100) * 10.0, np.zeros(100, np.int64)
    for name in ("cv2", "lv", "lvr"):
        assert getattr(intervals, name)(times, ids, 1) == pytest.approx([0.0], abs=1e-20)


def test_agreement_with_elephant():
    from elephant.statistics import cv2, lv, lvr

    times, ids = renewal(30, 8.0, 1, seed=4, duration_ms=2000.0)
    gaps = [
        np.diff(t.magnitude) for t in neo_trains(times, ids, 30, 2000.0) if t.magnitude.size >= 5
    ]
    assert len(gaps) > 20
    for ours, theirs in ((intervals.cv2, cv2), (intervals.lv, lv), (intervals.lvr, lvr)):
        assert ours(times, ids, 30) == pytest.approx([theirs(g) for g in gaps], rel=1e-12)


def test_isi_histogram_of_poisson_is_exponential():
    times, ids = renewal(100, 50.0, 1, seed=5)
    edges, density = intervals.isi_histogram(times, ids, 100, bin_ms=5.0, max_ms=50.0)
    total = intervals.intervals(times, ids, 100)[0].size
    share = np.exp(-edges[:-1] / 20.0) - np.exp(-edges[1:] / 20.0)
    # Null: counts are multinomial; normal, ten bins, level 1e-5 in all (4.9 sd each).
    error = density * 5.0 - share
    assert np.all(np.abs(error) < 4.9 * np.sqrt(share / total))


def test_isi_histogram_counts_an_interval_on_an_edge_above_it():
    times = np.arange(1, 50) * 3 * 0.1  # 0.3 ms in floating point is often just below
    edges, density = intervals.isi_histogram(times, np.zeros(49, int), 1, bin_ms=0.1, max_ms=1.0)
    assert np.flatnonzero(density).tolist() == [3]
    assert edges[3] == pytest.approx(0.3)
    empty = intervals.isi_histogram(times[:1], np.zeros(1, int), 1)[1]
    assert not empty.any()


@pytest.mark.parametrize("name", ["cv2", "lv", "lvr"])
def test_too_few_spikes_give_nothing(name):
    times, ids = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 0, 0, 1])
    assert getattr(intervals, name)(times, ids, 2).size == 0
    assert getattr(intervals, name)(times, ids, 2, min_spikes=4).size == 1
    assert getattr(intervals, name)(times[:0], ids[:0], 2).size == 0


def test_a_million_spikes_in_no_time():
    # Not a benchmark: a loop in Python would take a minute.
    rng = np.random.default_rng(0)
    times, ids = np.sort(rng.uniform(0, 1e5, 1_000_000)), rng.integers(0, 10_000, 1_000_000)
    start = time.perf_counter()
    for name in ("cv2", "lv", "lvr", "isi_histogram"):
        getattr(intervals, name)(times, ids, 10_000)
    assert time.perf_counter() - start < 4.0
