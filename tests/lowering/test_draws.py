"""Distributions, counts and in-degrees: exact tables, and statistics at a stated level.

Statistical tests use a fixed seed and reject at p < 1e-4 under the null that the sample is
drawn from the stated distribution: one false alarm in 10,000 choices of the seed.
"""

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim import streams
from neurosim.errors import DescriptionError
from neurosim.lowering.degrees import Targets, multinomial_indegrees
from neurosim.lowering.draws import (
    delay_draw,
    draw_values,
    on_grid,
    poisson_cdf,
    poisson_table,
    value_draw,
)
from neurosim.lowering.program import Span
from neurosim.units import ms, pA

LEVEL = 1e-4
DT = 1e-4


def targets(m):
    return Targets(Span("E", 0, m, 100), 1)


def words(n, k=0):
    return streams.words(17, streams.Purpose.EDGES, 5, np.arange(n), k)


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        (ns.Normal(20 * pA, 2 * pA), stats.norm(20e-12, 2e-12)),
        (ns.Normal(2 * pA, 2 * pA, low=0 * pA), stats.truncnorm(-1, np.inf, 2e-12, 2e-12)),
        (ns.Normal(-2 * pA, 2 * pA, high=0 * pA), stats.truncnorm(-np.inf, 1, -2e-12, 2e-12)),
        (ns.Normal(0 * pA, 1 * pA, low=1 * pA, high=2 * pA), stats.truncnorm(1, 2, 0, 1e-12)),
        (ns.Uniform(-1 * pA, 3 * pA), stats.uniform(-1e-12, 4e-12)),
        (ns.LogNormal(3 * pA, 0.7), stats.lognorm(0.7, scale=3e-12)),
        (ns.Exponential(5 * pA), stats.expon(scale=5e-12)),
        (ns.Exponential(5 * pA, high=4 * pA), stats.truncexpon(0.8, scale=5e-12)),
    ],
)
def test_values_follow_their_distribution(given, reference):
    draw = value_draw(given, "here")
    values = draw_values(draw, streams.uniform32(words(20000)[:, 3]))
    assert stats.kstest(values, reference.cdf).pvalue > LEVEL
    assert values.min() >= draw.low
    assert values.max() <= draw.high


def test_a_standard_deviation_of_zero_is_a_constant():
    assert value_draw(ns.Normal(3 * pA, 0 * pA), "").kind == "constant"
    assert delay_draw(ns.Normal(1.54 * ms, 0 * ms), DT, "").first == 15
    with pytest.raises(DescriptionError, match="dt / 2"):
        delay_draw(ns.Normal(0.04 * ms, 0 * ms), DT, "here")


def test_bounds_that_leave_nothing_are_refused():
    with pytest.raises(DescriptionError, match=r"here.*Widen"):
        value_draw(ns.Normal(0 * pA, 1 * pA, low=40 * pA), "here")


@pytest.mark.parametrize(
    ("given", "cdf"),
    [
        (ns.Normal(1.5 * ms, 0.75 * ms), stats.norm(1.5e-3, 0.75e-3).cdf),
        (ns.Normal(0.2 * ms, 0.1 * ms), stats.norm(0.2e-3, 0.1e-3).cdf),
        (ns.Uniform(0 * ms, 2 * ms), stats.uniform(0, 2e-3).cdf),
        (ns.Exponential(1 * ms), stats.expon(scale=1e-3).cdf),
        (ns.LogNormal(1 * ms, 0.5), stats.lognorm(0.5, scale=1e-3).cdf),
        (ns.Normal(1 * ms, 1 * ms, low=0.5 * ms, high=1.5 * ms), stats.norm(1e-3, 1e-3).cdf),
    ],
)
def test_delays_are_redrawn_below_half_a_step_and_rounded(given, cdf):
    draw = delay_draw(given, DT, "here")
    low = max(DT / 2, given.low if given.low is not None else 0.0)
    high = given.high if given.high is not None else np.inf
    edges = (np.arange(draw.first, draw.largest) + 0.5) * DT
    assert draw.first == max(1, int(np.floor(low / DT + 0.5)))
    expected = (cdf(edges) - cdf(low)) / (cdf(high) - cdf(low))
    assert draw.thresholds == pytest.approx(np.floor(expected * 2.0**32), abs=2)
    assert (np.diff(draw.thresholds.astype(np.int64)) > 0).all()


def test_delays_of_the_microcircuit_by_chi_square():
    draw = delay_draw(ns.Normal(1.5 * ms, 0.75 * ms), DT, "")
    word = words(50000)[:, 2]
    steps = draw.first + np.searchsorted(draw.thresholds, word, side="right")
    reference = stats.truncnorm((0.05 - 1.5) / 0.75, np.inf, 1.5e-3, 0.75e-3)
    edges = np.concatenate([[0], (np.arange(1, 35) + 0.5) * DT, [np.inf]])
    counts = np.histogram(steps, np.concatenate([np.arange(0.5, 35), [1e9]]))[0]
    expected = np.diff(reference.cdf(edges)) * steps.size
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > LEVEL


@pytest.mark.parametrize("value", [0.0, 1.0, 1.5, 0.1, 1000.3])
def test_constant_delays_on_the_grid(value):
    assert on_grid(value * 1e-3, DT, "delay") == round(value * 10)


def test_a_delay_off_the_grid_names_its_neighbours():
    with pytest.raises(DescriptionError, match=r"0\.14 ms .* 0\.1 ms and 0\.2 ms"):
        delay_draw(0.14e-3, DT, "projection 'E->I'")


@pytest.mark.parametrize("mean", [1e-6, 0.128, 1.28, 3.7, 30.0, 700.0, 5e4])
def test_poisson_tables_against_scipy(mean):
    table = poisson_table(mean, "")
    k = table.first + np.arange(table.thresholds.size)
    exact = stats.poisson.cdf(k, mean)
    assert table.thresholds / 2.0**32 == pytest.approx(exact, abs=3e-10)
    assert stats.poisson.cdf(table.first - 1, mean) < 2.0**-32
    cdf, low = poisson_cdf(mean)
    exact = stats.poisson.cdf(low + np.arange(cdf.size), mean)
    assert np.abs(cdf - exact).max() < 1e-13


def test_poisson_limits():
    assert poisson_table(0.0, "").thresholds.size == 0
    assert poisson_table(0.0, "").first == 0
    with pytest.raises(DescriptionError, match="rate"):
        poisson_table(1e9, "Poisson input to 'E'")


@pytest.mark.parametrize(("n", "m"), [(0, 5), (1, 5), (30, 7), (5000, 50), (100000, 33), (40, 1)])
def test_indegrees_sum_to_the_total(n, m):
    for seed in range(5):
        degrees = multinomial_indegrees(seed, 3, n, targets(m))
        assert degrees.sum() == n
        assert degrees.min() >= 0


@pytest.mark.parametrize(("n", "m"), [(60, 4), (4000, 4)])
def test_indegrees_are_multinomial(n, m):
    """Null: each is binomial(n, 1/m), and two of them have the multinomial's covariance."""
    draws = np.array([multinomial_indegrees(seed, 0, n, targets(m)) for seed in range(3000)])
    for column in draws.T:
        reference = stats.binom(n, 1 / m)
        cuts = np.unique(reference.ppf(np.linspace(0.05, 0.95, 12)))
        bins = np.concatenate([[-1], cuts, [n]])
        expected = np.diff(reference.cdf(bins)) * len(draws)
        counts = np.histogram(column, bins + 0.5)[0]
        assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > LEVEL
    covariance = np.cov(draws.T)
    sd = n / m * (1 - 1 / m) * np.sqrt(2 / len(draws))
    assert covariance[0, 1] == pytest.approx(-n / m**2, abs=4 * sd)


def test_indegrees_depend_on_seed_and_projection_only():
    one = multinomial_indegrees(1, 0, 1000, targets(50))
    assert np.array_equal(one, multinomial_indegrees(1, 0, 1000, targets(50)))
    assert not np.array_equal(one, multinomial_indegrees(2, 0, 1000, targets(50)))
    assert not np.array_equal(one, multinomial_indegrees(1, 1, 1000, targets(50)))
