"""Neurons that find the sources which fire together: the small version, the sources, the checks."""

import numpy as np
import pytest
from neurosim.experiments.rewiring import experiment
from neurosim.networks.rewiring import (
    INDEGREE,
    N_SOURCES,
    N_TARGETS,
    N_TOGETHER,
    PERIOD_S,
    RATE,
    rewiring,
    source_spikes,
)

from neurosim.errors import UnknownNameError


def test_small_version_is_run_and_kept(tmp_path):
    results = experiment.run(quick=True, output=tmp_path / "out", name="rewiring", threads=1)
    assert list(results.recordings) == ["weak", "random", "fixed"]
    assert results.metrics["fixed"]["created"] == 0
    assert results.metrics["random"]["created"] > 100
    assert results.metrics["C_eff"]["first"] == INDEGREE / N_TARGETS
    assert (tmp_path / "out" / "figure.png").exists()
    for way in ("weak", "random"):
        trace = results.recordings[way].structure("learnt")
        assert (trace.n_synapses == INDEGREE * N_TARGETS).all()


def test_sources_have_one_rate_and_some_fire_together():
    """All at 10 Hz (4 standard errors of Poisson counts); the first group coincides, not others."""
    times, ids = source_spikes(3)
    counts = np.bincount(ids, minlength=N_SOURCES) / PERIOD_S
    for group in (slice(N_TOGETHER), slice(N_TOGETHER, None)):
        n = counts[group].size
        # the group's common train has a count of its own
        error = np.sqrt(RATE / PERIOD_S * (0.25 + 1 / n))
        assert abs(counts[group].mean() - RATE) < 4 * error
    binned = np.zeros((N_SOURCES, int(PERIOD_S * 200)))
    np.add.at(binned, (ids, (times / 5).astype(int)), 1)
    correlation = np.corrcoef(binned)
    off = ~np.eye(N_SOURCES, dtype=bool)
    together = correlation[:N_TOGETHER, :N_TOGETHER][off[:N_TOGETHER, :N_TOGETHER]]
    alone = correlation[N_TOGETHER:, N_TOGETHER:][off[N_TOGETHER:, N_TOGETHER:]]
    assert together.mean() > 0.15
    assert abs(alone.mean()) < 0.005


def test_unknown_ways_are_refused():
    with pytest.raises(UnknownNameError, match="unknown way of rewiring 'strong'"):
        rewiring(way="strong")


@pytest.mark.slow
def test_checks_are_met():
    results = experiment.run()
    failed = [check for check in results.checks if not check.passed]
    assert not failed
    assert len(results.checks) == 7
