"""Counts of Poisson input are distributed as SpiNNaker's sources make them."""

import numpy as np
import pytest
from neurosim.neuromorphic.spinnaker.poisson import most_per_tick, source_table
from neurosim.neuromorphic.spinnaker.random import Kiss64, PoissonSource


def probabilities(table):
    edges = np.concatenate([[0], table.thresholds.astype(float), [2.0**32]]) / 2**32
    return np.arange(table.first, table.first + edges.size - 1), np.diff(edges)


@pytest.mark.parametrize("mean", [0.004, 0.3, 8.0, 25.0])
def test_counts_are_those_of_the_algorithm(mean):
    """The source itself, tick by tick: chi-square, 20 000 ticks, seed 1, level 1e-4."""
    from scipy.stats import chisquare

    counts, share = probabilities(source_table(mean, "test"))
    source = PoissonSource(mean / 1e-3, 1e-3, Kiss64.seeded([1, 2, 3, 4]))
    drawn = np.bincount([source.tick() for _ in range(20_000)], minlength=counts[-1] + 1)
    expected = np.zeros(drawn.size)
    expected[counts] = share * 20_000
    usual = expected >= 10
    observed = np.append(drawn[usual], drawn[~usual].sum())
    wanted = np.append(expected[usual], expected[~usual].sum())
    keep = wanted > 0
    assert (
        chisquare(observed[keep], wanted[keep] * observed[keep].sum() / wanted[keep].sum()).pvalue
        > 1e-4
    )


def test_rare_spikes_come_at_whole_mean_intervals():
    counts, share = probabilities(source_table(0.0065, "test"))
    assert counts @ share == pytest.approx(1 / 153, rel=1e-6)


def test_fast_sources_are_not_quite_poisson():
    counts, share = probabilities(source_table(40.0, "test"))
    mean = counts @ share
    assert mean == pytest.approx(40.25, abs=0.01)  # E (z/2 + sqrt L)^2 = L + 1/4
    assert share @ (counts - mean) ** 2 == pytest.approx(40 + 1 / 8 + 1 / 12, abs=0.05)


def test_most_spikes_in_a_tick():
    assert most_per_tick(0.001) == 1
    assert most_per_tick(0.8) == 5 + 1  # 999 of 1000 ticks have at most 5
