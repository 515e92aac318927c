"""Run the network that learns, with all that changes while it runs, on these ranks.

python learning_on_ranks.py OUTPUT THREADS: digests at every stop, and after going on from
a checkpoint of every stop.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "synapses"))
from learning_network import STOPS, change, digest, network

import neurosim as ns
from neurosim.parallel.world import world
from neurosim.units import ms


def course(threads, folder=None, resume=None):
    """Digests at every stop; with a folder, a checkpoint of each is written there."""
    found = []
    options = {} if resume is None else {"resume": folder / f"{resume}.ckpt.h5"}
    with ns.Simulation(network(), engine="native", threads=threads, record=False, **options) as sim:
        for stop in STOPS:
            if resume is None or stop > resume:
                sim.run(40 * ms)
                change(sim, stop)
                found.append(digest(sim))
                if folder is not None and resume is None:
                    sim.checkpoint(folder / f"{stop}.ckpt.h5")
    return found


if __name__ == "__main__":
    output, threads = Path(sys.argv[1]), int(sys.argv[2])
    digests = {"whole": course(threads, output.parent)}
    digests |= {str(stop): course(threads, output.parent, stop) for stop in STOPS[:3]}
    if world().share.rank == 0:
        output.write_text(json.dumps(digests))
