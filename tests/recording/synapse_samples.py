"""Synthetic samples of synapses, as one process records them and as ranks do."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from recording_samples import DT_MS, layout

from neurosim.parallel.share import Share
from neurosim.recording import RecordingWriter
from neurosim.recording.shards import piece_path, shard_layout, shard_path, start_piece
from neurosim.recording.synapse_layout import TABLE, SynapseLayout

ARGUMENTS = {"dt_ms": DT_MS, "seed": 7, "engine": "native", "threads": 1}
NO_SPIKES = np.empty(0, np.int64)


def table(n, seed):
    """``n`` synapses from 80 neurons to 20, by target; some targets have none."""
    rng = np.random.default_rng(seed)
    found = np.empty(n, TABLE)
    found["target"] = np.sort(rng.choice([0, 1, 2, 5, 6, 7, 13, 19], n))
    found["source"], found["delay"] = rng.integers(0, 80, n), rng.integers(1, 30, n)
    return found


TABLES = {0: table(60, 1), 55: table(47, 2)}
"""What the synapses connect, from a step on."""

CHOSEN = np.array([41, 3, 17])
LAYOUT = replace(
    layout(states=()),
    synapses=(
        SynapseLayout("p.w", "E_I", "w", "nS", "all", 10, 0, 1e9),
        SynapseLayout("p.w:2", "E_I", "w", "nS", "chosen", 3, 4, 1e9, "float32",
                      positions=CHOSEN, table=TABLES[0][CHOSEN]),
        SynapseLayout("p.x*2", "E_I", "x*2", "1", "histogram", 15, edges=np.linspace(0, 1, 6)),
        SynapseLayout("p.x", "E_I", "x", "1", "all", 25, 5),
    ),
)  # fmt: skip


def table_at(step):
    return TABLES[max(first for first in TABLES if first <= step)]


def values(step, index):
    """Values of all synapses in SI units, that tell recorder, step and synapse."""
    n = len(table_at(step))
    return (1 + index + step * 1e-3 + np.arange(n) / 7) * (1e-9 if index == 0 else 1.0)


def rows(steps, index, share):
    """Samples of the chosen synapses, or counts."""
    mine = share.mine(TABLES[0]["target"][CHOSEN])
    if index == 1:
        return np.array([values(step, 0)[:60][CHOSEN][mine] for step in steps])
    found = []
    for step in steps:
        own = np.flatnonzero(share.mine(table_at(step)["target"]))
        found.append(np.bincount((own + step) % 7, minlength=7))
    return np.array(found)


def due(own, first, stop, last):
    """The steps of a recorder in a stretch; of the last one also its end."""
    found = [s for s in range(first, stop) if s >= own.start and (s - own.start) % own.every == 0]
    return found + [stop] * last


def record(writer, first, stop, share=Share(), last=False, known=None):  # noqa: B008
    """Record the stretch [first, stop), sample by sample; ``known``: the table recorded before."""
    store = writer.synapses
    for step in range(first, stop + 1):
        for index, own in enumerate(LAYOUT.synapses):
            if step not in due(own, first, stop, last):
                continue
            mine = share.mine(table_at(step)["target"])
            if own.kind == "all":
                if known is not table_at(step):
                    known = table_at(step)
                    store.add_table("E_I", step, [known[mine][:9], known[mine][9:]])
                store.add_values(index, step, [values(step, index)[mine]])
            elif step < 55 or index != 1:
                store.add_rows(index, np.array([step]), rows([step], index, share))
        if step < stop:
            writer.append(SimpleNamespace(
                first_step=step, n_steps=1, spike_steps=NO_SPIKES, spike_ids=NO_SPIKES, states=[]
            ))  # fmt: skip
    return known


def serial(path, stop=100, finish=True):
    with RecordingWriter(path, LAYOUT, **ARGUMENTS) as writer:
        record(writer, 0, stop, last=True)
        if finish:
            writer.finish({})
    return path


def ranks(output, n_ranks, first, stop, reach=None, last=False):
    """Record a piece on ranks; with ``reach`` they end there, unfinished."""
    part = start_piece(output, LAYOUT, ARGUMENTS, n_ranks, first)
    for rank in range(n_ranks):
        share = Share(rank, n_ranks)
        own = replace(part, rank=rank if n_ranks > 1 else None, data_elsewhere=False)
        path = shard_path(output, part.piece, rank)
        if n_ranks == 1:
            path = piece_path(output, part.piece)
        lay = LAYOUT if n_ranks == 1 else shard_layout(LAYOUT, share, ())
        writer = RecordingWriter(path, lay, first_step=first, facts=own.attributes(), **ARGUMENTS)
        end = stop if reach is None else reach[rank]
        record(writer, first, end, share, last)
        if reach is None:
            writer.finish({})
        else:
            writer.flush()
            writer.close("running")
    return output
