"""What a run on SpiNNaker tells, on any ranks: printed by rank 0 as JSON into the file named."""

import json
import sys

import numpy as np
from neurosim.neuromorphic import SpiNNaker

import neurosim as ns
from neurosim.parallel.world import world
from neurosim.units import Hz, ms, nS, pA


def network():
    net = ns.Network(seed=5)
    e = net.population("E", 60, ns.models.lif_curr_exp(), initial={"v": "E_L + 5*mV*randn()"})
    c = net.population("C", 20, ns.models.lif_cond_exp())
    net.project(e, e, ns.Bernoulli(0.2), "I_syn", weight=ns.Normal(50 * pA, 200 * pA),
                delay=ns.Uniform(0.1 * ms, 3 * ms), name="mixed")  # fmt: skip
    rng = np.random.default_rng(1)
    net.project(e, c, ns.Edges(rng.integers(0, 60, 400), rng.integers(0, 20, 400)), "g_exc",
                weight=rng.uniform(0.5, 3, 400) * nS, delay=1 * ms, name="listed")  # fmt: skip
    net.project(e, c, ns.FixedInDegree(5), "g_inh", weight=1 * nS, delay=0 * ms, name="none")
    net.poisson(e, "I_syn", rate=20 * Hz, indegree=1000, weight=90 * pA)
    return net


def told(output, threads=1):
    """Return spikes, mapping and counters of a run."""
    machine = SpiNNaker(events_per_second=200_000.0)
    ns.simulate(network(), 60 * ms, dt=0.1 * ms, platform=machine, output=output, threads=threads)
    if world().share.rank:
        return None
    run = ns.read(output)
    execution = run.platform.execution
    return {
        "spikes": [np.asarray(x).round(4).tolist() for p in "EC" for x in run.spikes(p)],
        "mapping": run.platform.mapping,
        "execution": {k: execution[k] for k in ("counters", "spikes", "router", "cores")},
    }


if __name__ == "__main__":
    found = told(sys.argv[2])
    if found is not None:
        with open(sys.argv[1], "w") as file:
            json.dump(found, file)
