"""Parts of ranks, cut out of the same synthetic chunks that a serial recording is made of."""

import itertools
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
from recording_samples import DT_MS, chunk, layout

from neurosim.parallel import exact_sums, wide_sums
from neurosim.parallel.share import Share
from neurosim.recording import RecordingWriter, StateLayout
from neurosim.recording.shards import piece_path, shard_layout, shard_path, start_piece

IDS = np.arange(0, 40, 3)
ARGUMENTS = {"dt_ms": DT_MS, "seed": 7, "engine": "native", "warmup_ms": 5.0}


def whole_layout():
    """Recorders of each kind: in both precisions, out of order, summed, some on one rank only."""
    return layout(
        states=(
            StateLayout("v", "E", "v", "mV", IDS, 10, 1e3),
            StateLayout("one", "E", "v", "mV", np.array([7]), 3, 1e3, "float64", start=11),
            StateLayout("w", "I", "w", "pA", np.array([3, 1, 2]), 1, 1e12, "float64"),
            StateLayout("sum", "E", "sum(v)", "mV", IDS, 7, 1e3, "float64", reduce="sum"),
            StateLayout(
                "mean", "E", "mean(v*w)", "mV", IDS, 5, 1e3 / IDS.size, "float64", reduce="mean"
            ),
        ),
        description={"network": "test"},
    )


WORDS = (0, 0, 0, exact_sums.WORDS, wide_sums.WORDS)


def values(state, first, n_steps):
    """Values in SI units of each id, that tell step and neuron and are not round."""
    steps = np.arange(state.samples_before(first), state.samples_before(first + n_steps))
    steps = state.start + steps * state.every
    return np.sin(steps[:, None] * 0.1 + 1.0) * 1e-3 + np.asarray(state.ids)[None, :] / 3e3


def engine_words(rows):
    """What the native engine makes of values: multiples of 2^-90, counted in two words."""
    words = np.zeros((len(rows), exact_sums.WORDS), np.int64)
    for row, given in zip(words, rows, strict=True):
        total = sum(round(Fraction(float(value)) * 2**90) for value in given)
        row[:2] = total & (2**63 - 1), total >> 63
    return words


def piece_of(lay, first, n_steps, n_spikes=120):
    """A chunk as one process makes it."""
    whole = chunk(lay, first, n_steps, n_spikes)
    whole.states = []
    for state, words in zip(lay.states, WORDS, strict=True):
        rows = values(state, first, n_steps)
        if words == exact_sums.WORDS:
            rows = exact_sums.exact_total(engine_words(rows))[:, None]
        elif words:
            rows = wide_sums.row_sums(rows)[:, None]
        whole.states.append(rows)
    return whole


def part_of(lay, whole, share):
    """The part of a chunk that a rank has."""
    mine = np.zeros(whole.spike_ids.size, bool)
    for p in lay.populations:
        inside = (whole.spike_ids >= p.first_id) & (whole.spike_ids < p.first_id + p.size)
        own = share.mine(whole.spike_ids - p.first_id)
        if p.kind == "source":  # the last ones are events of neurons
            stimulus = whole.spike_ids - p.first_id < 3
            own = np.where(stimulus, share.rank == 0, own)
        mine |= inside & own
    states = []
    for state, words in zip(lay.states, WORDS, strict=True):
        own = replace(state, ids=state.ids[share.mine(state.ids)])
        rows = values(own, whole.first_step, whole.n_steps)
        if words == exact_sums.WORDS:
            rows = engine_words(rows)
        elif words:
            rows = wide_sums.row_words(rows)
        states.append(rows)
    return SimpleNamespace(
        first_step=whole.first_step,
        n_steps=whole.n_steps,
        spike_steps=whole.spike_steps[mine],
        spike_ids=whole.spike_ids[mine],
        states=states,
    )


def add_synapses(writer, lay, share=Share()):  # noqa: B008 - it cannot be changed
    """Synapse k of source s goes to neuron 3 s + 5 k."""
    for projection in lay.projections:
        degrees = np.zeros(projection.n_pre, np.uint32)
        for source in range(projection.n_pre):
            targets = (3 * source + 5 * np.arange(source % 9)) % projection.n_post
            degrees[source] = share.mine(targets).sum()
        writer.set_synapses(projection.name, int(degrees.sum()), degrees)


SUMMARY = {"timings": {"compile_s": 0.5, "simulate_s": 0.25}, "bytes_per_synapse": 8.0}


def serial(path, lay, steps, **kwargs):
    """Record chunks between the given steps as one process does."""
    with RecordingWriter(path, lay, threads=2, **ARGUMENTS, **kwargs) as writer:
        add_synapses(writer, lay)
        for first, last in itertools.pairwise(steps):
            writer.append(piece_of(lay, first, last - first))
        writer.finish(SUMMARY)
    return path


def ranks(output, lay, steps, n_ranks, continues=0, finish=True, reach=None):
    """Record a piece on several ranks, or by one process; ``reach[rank]`` chunks of each."""
    part = start_piece(output, lay, {**ARGUMENTS, "threads": 1}, n_ranks, continues)
    if n_ranks == 1:
        facts = replace(part, data_elsewhere=False).attributes()
        path = piece_path(output, part.piece)
        serial(path, lay, steps, first_step=part.first_step, facts=facts)
        return part
    for rank in range(n_ranks):
        record_rank(output, lay, steps, part, rank, finish, None if reach is None else reach[rank])
    return part


def record_rank(output, lay, steps, part, rank, finish=True, reach=None):
    share = Share(rank, part.n_ranks)
    own = replace(part, rank=rank, data_elsewhere=False)
    writer = RecordingWriter(
        shard_path(output, part.piece, rank),
        shard_layout(lay, share, WORDS),
        threads=1,
        first_step=part.first_step,
        facts=own.attributes(),
        collected={"host": "h"},
        **ARGUMENTS,
    )
    add_synapses(writer, lay, share)
    pairs = list(itertools.pairwise(steps))
    for first, last in pairs[: len(pairs) if reach is None else reach]:
        writer.append(part_of(lay, piece_of(lay, first, last - first), share))
    if finish:
        writer.finish(SUMMARY)
    else:
        writer.close("running")
