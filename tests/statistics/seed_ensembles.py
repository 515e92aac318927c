"""Ensembles of runs that differ in their seed: samples per population, and distances between them.

A sample is a dict like those of tests/data: ``L4E_rate_hz`` -> one value per neuron, and so on.
"""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis.statistics import correlations, cv_isi, firing_rates, ks_distance
from neurosim.errors import CompilerNotFoundError
from neurosim.units import ms, second

DATA = Path(__file__).parents[1] / "data"
NEST_SEEDS = (101, 202, 303, 55)
POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
STATISTICS = ("rate_hz", "cv_isi", "correlation")
MEASURES = tuple((name, statistic) for name in POPULATIONS for statistic in STATISTICS)
WARMUP_MS, DURATION_MS = 500.0, 10_000.0


def nest_ensemble():
    """The four NEST runs of tests/data."""
    paths = [DATA / f"microcircuit-0.1-nest-seed{seed}.npz" for seed in NEST_SEEDS]
    return [dict(np.load(path)) for path in paths]


def simulated(network):
    """Run a network by the native engine and return its sample, in the reference's definitions."""
    try:
        run = ns.simulate(
            network, DURATION_MS * ms, warmup=WARMUP_MS * ms, dt=0.1 * ms, engine="native"
        )
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    stop = WARMUP_MS + DURATION_MS
    sample = {"duration_s": DURATION_MS * ms / second}
    for name in POPULATIONS:
        times, ids = run.spikes(name, WARMUP_MS, stop)
        n = run.populations[name].size
        sample[f"{name}_rate_hz"] = firing_rates(ids, n, DURATION_MS)
        sample[f"{name}_cv_isi"] = cv_isi(times, ids, n, min_spikes=5)
        sample[f"{name}_correlation"] = correlations(
            times, ids, WARMUP_MS, stop, bin_ms=2.0, max_neurons=200
        )
    return sample


def distances(samples):
    """Return Kolmogorov-Smirnov distances, (measures, samples, samples); NaN if one is empty.

    Values are compared as float32, as the reference is stored: many are equal (rates are multiples
    of 0.1 Hz), and digits beyond would tell equal ones apart.
    """
    out = np.zeros((len(MEASURES), len(samples), len(samples)))
    for m, (name, statistic) in enumerate(MEASURES):
        values = [np.float32(sample[f"{name}_{statistic}"]) for sample in samples]
        for i, j in combinations(range(len(samples)), 2):
            out[m, i, j] = out[m, j, i] = ks_distance(values[i], values[j])
    return out


def within(block):
    """Return the distances of a square block above its diagonal, (..., pairs)."""
    rows, columns = np.triu_indices(block.shape[-1], k=1)
    return block[..., rows, columns]


def exceeding(matrix, n_own):
    """Return the measures whose median own-to-other distance exceeds the largest among others.

    ``matrix`` is that of :func:`distances`, own samples first. NaN counts as exceeding.
    """
    median = np.median(matrix[:, :n_own, n_own:], axis=(1, 2))
    largest = within(matrix[:, n_own:, n_own:]).max(axis=-1)
    return [
        f"{name} {statistic}: {median[m]:.3f} > {largest[m]:.3f}"
        for m, (name, statistic) in enumerate(MEASURES)
        if not median[m] <= largest[m]
    ]
