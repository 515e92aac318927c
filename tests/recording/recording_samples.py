"""Synthetic networks and chunks for the tests of recordings."""

from types import SimpleNamespace

import numpy as np

from neurosim.recording import (
    Layout,
    PopulationLayout,
    ProjectionLayout,
    RecordingWriter,
    StateLayout,
)

DT_MS = 0.1


def layout(n_e=80, n_i=20, n_source=5, **kwargs):
    ids = np.arange(0, 40, 4)
    return Layout(
        populations=(
            PopulationLayout("E", 0, n_e, model="lif_curr_exp"),
            PopulationLayout("I", n_e, n_i, model="adex"),
            PopulationLayout("input", n_e + n_i, n_source, kind="source"),
        ),
        projections=(
            ProjectionLayout("E_I", "E", "I", n_e, n_i, "I_syn"),
            ProjectionLayout("input_E", "input", "E", n_source, n_e, "I_syn"),
        ),
        states=kwargs.pop(
            "states",
            (
                StateLayout("v", "E", "v", "mV", ids, 10, 1e3),
                StateLayout("v_exact", "E", "v", "mV", ids[:3], 5, 1e3, "float64"),
                StateLayout("w", "I", "w", "pA", np.array([3, 1]), 1, 1e12),
            ),
        ),
        description=kwargs.pop("description", {"network": "test", "long": "x" * 100_000}),
    )


def chunk(lay, first, n_steps, n_spikes, seed=0):
    """Draw spikes for steps [first, first + n_steps) and make the samples of the recorders."""
    rng = np.random.default_rng((seed, first))
    n_ids = sum(p.size for p in lay.populations)
    pairs = np.unique(
        np.stack(
            [rng.integers(first, first + n_steps, n_spikes), rng.integers(0, n_ids, n_spikes)]
        ),
        axis=1,
    )
    order = np.lexsort((pairs[1], pairs[0]))
    return SimpleNamespace(
        first_step=first,
        n_steps=n_steps,
        spike_steps=pairs[0][order],
        spike_ids=pairs[1][order],
        states=[samples(state, first, n_steps) for state in lay.states],
    )


def samples(state, first, n_steps):
    """Values in SI units that tell step and neuron: step * 1 u + id * 1 m."""
    steps = np.arange(-(-first // state.every) * state.every, first + n_steps, state.every)
    return steps[:, None] * 1e-6 + np.asarray(state.ids)[None, :] * 1e-3


def write(path, lay=None, n_chunks=20, n_steps=100, n_spikes=300, **kwargs):
    """Write a recording; return its layout and all (steps, ids)."""
    lay = lay or layout()
    kwargs = {"seed": 7, "engine": "native", "threads": 2, "warmup_ms": 50.0} | kwargs
    steps, ids = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    with RecordingWriter(path, lay, DT_MS, **kwargs) as writer:
        for projection in lay.projections:
            outdegree = np.arange(projection.n_pre, dtype=np.uint32)
            writer.set_synapses(projection.name, int(outdegree.sum()), outdegree)
        for k in range(n_chunks):
            piece = chunk(lay, k * n_steps, n_steps, n_spikes)
            steps.append(piece.spike_steps)
            ids.append(piece.spike_ids)
            writer.append(piece)
        writer.finish(
            {
                "timings": {"compile_s": 0.5, "build_s": 1.0, "simulate_s": 0.25},
                "bytes_per_synapse": 8.0,
                "spikes_sha256": "0" * 64,
                "peak_rss_bytes": np.int64(12),
            }
        )
    return lay, np.concatenate(steps), np.concatenate(ids)
