"""On every rank: use all of the communicator, and write what came out as JSON."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from neurosim.errors import ParallelError
from neurosim.parallel.agreement import require_same
from neurosim.parallel.world import world

OUTPUT = Path(sys.argv[1])
ranks = world()
RANK, SIZE = ranks.share.rank, ranks.share.n_ranks


def message(action):
    try:
        action()
    except ParallelError as error:
        return str(error)
    return ""


def reductions():
    tenths = ranks.sum(np.array([0.1, 0.2, 1e16 * (-1) ** RANK]))
    return {
        "sum": ranks.sum([[1, RANK], [2**40, 0]]).tolist(),
        "sum_shape": np.shape(ranks.sum(2.5)),
        "sum_float": tenths.tolist(),
        "smallest": ranks.smallest([RANK, -RANK]).tolist(),
        "largest": ranks.largest(np.array([RANK / 2, -1.5])).tolist(),
        "largest_type": str(ranks.largest([True]).dtype),
        "infinite": ranks.largest([-np.inf]).tolist(),
        "refused": message(lambda: ranks.sum(["a"])),
    }


def gathering():
    rows = np.full((RANK, 2), RANK, np.float32)
    records = np.array([(RANK, 0.5)], [("id", "i4"), ("t", "f8")])
    return {
        "rows": [part.tolist() for part in ranks.gather(rows)],
        "rows_type": str(ranks.gather(rows)[0].dtype),
        "nothing": [part.shape for part in ranks.gather(np.zeros((0, 3)))],
        "flags": [part.tolist() for part in ranks.gather(np.array([RANK == 1]))],
        "records": [part["id"].tolist() for part in ranks.gather(records)],
        "transposed": [part.tolist() for part in ranks.gather(np.arange(6).reshape(2, 3).T)],
        "assembled": ranks.share.assemble(ranks.gather(ranks.share.ids(7))).tolist(),
        "refused": message(lambda: ranks.gather(np.array([None]))),
    }


def to_one():
    """What the second rank alone gets."""
    rows = np.full((2 * RANK, 2), RANK, np.int16)
    found = [part.tolist() for part in ranks.gather(rows, root=1)]
    ranks.gather(np.zeros((0, 3)), root=0)
    return found


def broadcasts():
    many = bytes(range(256)) * 1000
    return {
        "text": ranks.broadcast(f"from {RANK}".encode(), 1).decode(),
        "empty": ranks.broadcast(b"" if RANK == 0 else b"x").decode(),
        "many": ranks.broadcast(many if RANK == SIZE - 1 else b"", SIZE - 1) == many,
    }


def agreements():
    require_same(ranks, {"seed": 1, "network": "a" * 64})
    return {
        "differ": message(
            lambda: require_same(ranks, {"seed": 1 + (RANK == 2), "network": "a", "dt": 0.1})
        ),
        "digests": message(lambda: require_same(ranks, {"network": f"{RANK % 2:064x}"[::-1]})),
    }


def library():
    handles = ranks.messages.handles
    child = "from neurosim.parallel.world import world; print(world().share.n_ranks)"
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
    return {
        "kind": ranks.messages.kind,
        "names": sorted(handles),
        "addresses": min(value for name, value in handles.items() if name.startswith("MPI_")) > 0,
        "ranks_of_a_child": int(done.stdout),
        "same": ranks is world(),
    }


def idle_processor():
    """Seconds of CPU that waiting 1 s for rank 0 costs: waits must leave shared cores alone."""
    before = time.process_time()
    if RANK == 0:
        time.sleep(1)
    ranks.barrier()
    return time.process_time() - before


parts = (reductions, gathering, to_one, broadcasts, agreements, library, idle_processor)
results = {part.__name__: part() for part in parts}
(OUTPUT / f"{RANK}.json").write_text(json.dumps(results))
if RANK == 0:
    time.sleep(1.5)  # the others are at their end: they wait, and nothing is printed
os.environ["DONE"] = "1"
