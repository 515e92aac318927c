"""Run the network of all rules on these ranks; with four, also on three, two and one of them.

Argument: the output, {number of ranks: digests of all values at the end} as JSON.
"""

import json
import sys
from pathlib import Path

from rule_networks import digests, final_values, network

import neurosim as ns
from neurosim.parallel.mpi import MPICommunicator
from neurosim.parallel.world import world
from neurosim.units import ms

DURATION = 60 * ms


def found(communicator):
    with ns.Simulation(
        network(), engine="native", threads=1, record=False, communicator=communicator
    ) as sim:
        sim.run(DURATION)
        return digests(final_values(sim))


def main():
    ranks = world()
    rank, n_ranks = ranks.share.rank, ranks.share.n_ranks
    results = {str(n_ranks): found(ranks)}
    if n_ranks == 4:
        mpi = sys.modules["mpi4py.MPI"]
        for split in ((0, 0, 0, 1), (0, 0, 1, 1)):
            part = MPICommunicator(mpi, mpi.COMM_WORLD.Split(split[rank], rank))
            results[str(part.share.n_ranks)] = found(part)
    everyone = ranks.gather(_text(json.dumps(results)), 0)
    if rank == 0:
        whole = {}
        for text in everyone:
            for key, value in json.loads(bytes(text).decode()).items():
                if whole.setdefault(key, value) != value:
                    raise SystemExit(f"ranks of {key} differ")
        Path(sys.argv[1]).write_text(json.dumps(whole))


def _text(text):
    import numpy as np

    return np.frombuffer(text.encode(), np.uint8)


if __name__ == "__main__":
    main()
