"""A small state, and ranks that are threads to write it."""

import threading

import numpy as np

from neurosim.checkpoint import Header, opened, writer
from neurosim.engines.base import Snapshot, StateArray
from neurosim.parallel.communicator import Serial
from neurosim.parallel.share import Share

HEADER = Header(
    step=17,
    dt=1e-4,
    seed=2**64 - 1,
    precision="double",
    engine="native",
    digest="ab" * 32,
    version="1.2",
    warmup_end=5,
    end=40,
    n_spikes=12,
    recording="run.h5",
    recipe={"kind": "installed", "experiment": "brunel"},
)
SIZE = 1003


class Together:
    """Ranks that are threads of this process."""

    def __init__(self, n_ranks):
        self.n_ranks = n_ranks
        self.barrier_ = threading.Barrier(n_ranks)
        self.given = [None] * n_ranks

    def rank(self, rank):
        return _Rank(self, rank)


class _Rank(Serial):
    def __init__(self, group, rank):
        self.group, self.share = group, Share(rank, group.n_ranks)

    def gather(self, values, root=None):
        self.group.given[self.share.rank] = np.array(values)
        self.group.barrier_.wait()
        found = list(self.group.given)
        self.group.barrier_.wait()
        return found if root in (None, self.share.rank) else [part[:0] for part in found]

    def sum(self, values):
        return np.sum(self.gather(np.asarray(values)), axis=0)

    def smallest(self, values):
        return np.min(self.gather(np.asarray(values)), axis=0)

    def broadcast(self, data, root=0):
        return self.gather(np.frombuffer(data, np.uint8))[root].tobytes()


def whole_state():
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 9, SIZE)
    return {
        "origin": np.array([3]),
        "populations/E/variables/v": rng.normal(size=SIZE),
        "populations/E/small": rng.normal(size=SIZE).astype("<f4"),
        "populations/none/v": np.empty(0),
        "projections/E->E/counts": counts,
        "projections/E->E/w": rng.normal(size=counts.sum()),
        "spikes": np.stack([np.repeat(np.arange(10), 3), np.tile([1, 4, 7], 10)], axis=1),
    }


def snapshot_of(whole, share):
    """The part of a rank; events are known to more than one rank."""
    counts = whole["projections/E->E/counts"]
    mine = np.repeat(share.mine(np.arange(SIZE)), counts)
    kept = whole["spikes"][:, 1] % (share.n_ranks + 1) != share.rank
    kept |= share.n_ranks == 1

    def array(kind, values, size=0, known=""):
        return StateArray(kind, values.dtype.str, lambda: values, size, known)

    return Snapshot(
        17,
        {
            "origin": array("same", whole["origin"]),
            **{
                name: array("neurons", share.part(whole[name]), len(whole[name]))
                for name in whole
                if name.startswith("populations") or name.endswith("counts")
            },
            "projections/E->E/w": array(
                "synapses", whole["projections/E->E/w"][mine], 0, "projections/E->E/counts"
            ),
            "spikes": array("events", whole["spikes"][kept]),
        },
    )


def write_on(path, n_ranks, header=HEADER):
    group, whole, errors = Together(n_ranks), whole_state(), []

    def run(rank):
        try:
            member = group.rank(rank)
            writer.write(path, header, snapshot_of(whole, member.share), member)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


def read_all(path, share):
    with opened(path) as saved:
        return saved.header, {n: a.read() for n, a in saved.snapshot(share).arrays.items()}
