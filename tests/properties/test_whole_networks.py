"""Any network: native gives the spikes and traces of brian2, and any number of threads the same.

Hypothesis draws networks and shrinks what fails. The short profile runs in CI; with
``-m slow``, or ``NEUROSIM_NETWORKS=N``, more are drawn.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from network_strategies import networks

import neurosim as ns
from neurosim import units
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.errors import CompilerNotFoundError

STEPS = 300
FEW = int(os.environ.get("NEUROSIM_NETWORKS", "8"))
SETTINGS = {
    "deadline": None,
    "derandomize": "NEUROSIM_NETWORKS" not in os.environ,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate, Phase.shrink],
}


def outcome(engine, program, threads=1):
    """Return spikes, samples and synapse counts of a run cut into two pieces."""
    try:
        executable = get_engine(engine).compile(program, EngineOptions(threads, "double"))
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    try:
        executable.build()
        chunks = [executable.advance(STEPS // 3), executable.advance(STEPS - STEPS // 3)]
        counts = [executable.synapse_count(p.name) for p in program.projections]
    finally:
        executable.close()
    spikes = np.concatenate([np.stack([c.spike_steps, c.spike_ids], 1) for c in chunks])
    samples = [np.concatenate(parts) for parts in zip(*[c.states for c in chunks], strict=True)]
    return spikes, samples, counts


def check(spec):
    program = ns.lower(spec.build(), spec.dt_ms * units.ms)
    fast = outcome("native", program)
    slow = outcome("brian2", program)
    note(f"{len(slow[0])} spikes, synapses {slow[2]}")
    assert fast[2] == slow[2]
    np.testing.assert_array_equal(fast[0], slow[0])
    for recorder, a, b in zip(program.state_recorders, fast[1], slow[1], strict=True):
        assert np.isfinite(b).all(), recorder
        np.testing.assert_allclose(
            a, b, rtol=1e-9, atol=1e-9 * np.abs(b).max(initial=0.0), err_msg=recorder.variable
        )
    for threads in (2, 3, 4):
        other = outcome("native", program, threads)
        np.testing.assert_array_equal(other[0], fast[0])
        for a, b in zip(other[1], fast[1], strict=True):
            np.testing.assert_array_equal(a, b)


@settings(max_examples=FEW, **SETTINGS)
@given(networks())
def test_native_equals_brian2_for_any_network(spec):
    check(spec)


@pytest.mark.slow
@settings(max_examples=400, **SETTINGS)
@given(networks())
def test_native_equals_brian2_for_many_networks(spec):
    check(spec)
