"""Every kind of synapse model: native and brian2 agree, whatever the threads and the chunks."""

import numpy as np
import pytest
from brian2 import ms
from synapse_networks import KINDS, run, traced


def values_of(trace):
    return np.asarray(trace[1] if isinstance(trace, tuple) else trace.values)


@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_brian2(kind):
    reference = run(traced(KINDS[kind]()), "brian2")
    native = run(traced(KINDS[kind]()), "native", threads=2)
    assert reference[0]["E"][0].size > 30
    for name, spikes in reference[0].items():
        for a, b in zip(spikes, native[0][name], strict=True):
            np.testing.assert_array_equal(a, b)
    for name, trace in reference[1].items():
        a, b = values_of(trace), values_of(native[1][name])
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9 * np.abs(a).max())
    for name, values in reference[2].items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(native[2][name], values, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_results_depend_on_neither_threads_nor_chunks(kind):
    whole = run(KINDS[kind](), "native", 60 * ms, threads=1)
    for threads, cuts in ((2, 1), (3, 4), (4, 2), (1, 3)):
        other = run(KINDS[kind](), "native", 60 * ms, threads=threads, cuts=cuts)
        for name, spikes in whole[0].items():
            for a, b in zip(spikes, other[0][name], strict=True):
                np.testing.assert_array_equal(a, b)
        for name, values in whole[2].items():
            np.testing.assert_array_equal(other[2][name], values)


@pytest.mark.parametrize("kind", ["gap_junctions", "pair_stdp", "calcium", "gating"])
def test_single_precision_stays_near_double(kind):
    double = run(traced(KINDS[kind]()), "native", 15 * ms)
    single = run(traced(KINDS[kind]()), "native", 15 * ms, precision="single")
    a, b = (values_of(result[1]["E", "v"]) for result in (double, single))
    # float32 carries 24 bits; 150 steps of roundoff stay far below 1e-4 of the scale, unless a
    # spike moves by a step, which it may in a few of 20 neurons
    assert np.mean(np.abs(a - b) > 1e-4 * np.abs(a).max()) < 0.02
