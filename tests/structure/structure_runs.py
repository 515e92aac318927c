"""Run the network whose synapses come and go, and tell all that came of it, on any ranks.

python structure_runs.py FOLDER THREADS EXCHANGE [STOP]: with STOP a checkpoint is written at that
step, and the rest is run from it. Rank 0 writes FOLDER/found.json.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from structure_networks import everything

import neurosim as ns
from neurosim.parallel.world import world
from neurosim.units import ms

STEPS = 300
NAMES = ("E-E", "E-I", "I-E", "gap")


def _digest(values):
    data = np.ascontiguousarray(values)
    return f"{hashlib.sha256(data.tobytes()).hexdigest()[:16]} {data.shape}"


def _of(simulation):
    found = {}
    for projection in simulation.program.projections:
        if projection.name not in NAMES:
            continue
        found[projection.name] = _digest(simulation.synapses(projection.name))
        for variable in projection.synapse.code.variables:
            if not variable.shared:
                values = simulation.read(projection.name, variable.name)
                found[f"{projection.name}.{variable.name}"] = _digest(values)
    for name in ("v", "axon", "dendrite"):
        found[name] = _digest(simulation.read("E", name))
    return found


def run(folder, threads=1, exchange="auto", stop=None, resume_threads=None):
    """Run it into ``folder``; return digests of synapses, neurons, spikes and what was recorded."""
    output, kept = Path(folder) / "run.h5", Path(folder) / "run.ckpt.h5"
    options = {"threads": threads, "exchange": exchange, "output": output}
    done = 0
    if stop is not None:
        with ns.Simulation(everything(), dt=0.1 * ms, **options) as simulation:
            simulation.run(stop * 0.1 * ms)
            simulation.checkpoint(kept)
            simulation.run(3 * ms)  # what came after the checkpoint does not count
        done, options["resume"] = stop, kept
        options["threads"] = resume_threads or threads
    with ns.Simulation(everything(), dt=0.1 * ms, **options) as simulation:
        simulation.run((STEPS - done) * 0.1 * ms)
        found = _of(simulation)
    if world().share.rank == 0:
        recorded = ns.read(output)
        found["spikes"] = recorded.spikes_sha256()
        for name in (*NAMES, None):
            trace = recorded.structure(name)
            rows = np.stack([trace.times_ms, trace.created, trace.deleted, trace.n_synapses])
            found[f"structure of {name}"] = _digest(rows)
            found[f"C_eff of {name}"] = _digest(trace.C_eff)
    return found


if __name__ == "__main__":
    folder, threads, exchange, *stop = sys.argv[1:]
    result = run(folder, int(threads), exchange, int(stop[0]) if stop else None)
    if world().share.rank == 0:
        (Path(folder) / "found.json").write_text(json.dumps(result))
