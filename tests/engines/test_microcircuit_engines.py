"""The cortical microcircuit at scale 0.1: native and brian2 spike alike for one second."""

import numpy as np
import pytest
from neurosim.networks.microcircuit import microcircuit

import neurosim as ns
from neurosim.units import ms

STEPS = 5_000


@pytest.mark.parametrize("seed", [55])
def test_microcircuit_spikes_are_the_same(start, native, brian2_engine, seed):
    program = ns.lower(microcircuit(scale=0.1, seed=seed), 0.1 * ms)
    spikes = []
    for engine, threads in ((native, 2), (brian2_engine, 1)):
        executable = start(engine, program, threads)
        counts = [executable.synapse_count(p.name) for p in program.projections]
        degrees = [executable.outdegrees(p.name) for p in program.projections]
        chunk = executable.advance(STEPS)
        executable.close()
        spikes.append((np.stack([chunk.spike_steps, chunk.spike_ids], axis=1), counts, degrees))
    (fast, fast_counts, fast_degrees), (slow, slow_counts, slow_degrees) = spikes
    assert fast_counts == slow_counts
    assert 2.9e6 < sum(slow_counts) < 3.1e6
    for a, b in zip(fast_degrees, slow_degrees, strict=True):
        np.testing.assert_array_equal(a, b)
    assert slow.shape[0] > 10_000
    np.testing.assert_array_equal(fast, slow)
