"""Networks on Loihi, TrueNorth and Tianjic on these ranks.

python integer_machines.py OUTPUT: digests of spikes and mapping reports of every machine.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from neurosim.neuromorphic import Loihi, Tianjic, TrueNorth

import neurosim as ns
from neurosim.models import lif_cond_exp, lif_curr_exp, lif_delta
from neurosim.parallel.world import world
from neurosim.units import Hz, ms, mV, nS, pA

MACHINES = {
    "loihi": Loihi(allow="all", neurons_per_core=64),
    "loihi each": Loihi(allow="all", synapse_rule="each", weight_exponents=-1, unit=1e-7),
    "truenorth": TrueNorth(allow="all"),
    "tianjic": Tianjic(allow="all"),
}


def network() -> ns.Network:
    """Neurons that differ, weights that are drawn, every kind of synapse; sizes are odd."""
    net = ns.Network(seed=11)
    taus = np.linspace(8, 12, 61) * ms
    e = net.population("E", 61, lif_curr_exp(tau_m=taus), initial={"v": "E_L + 9*mV*rand()"})
    i = net.population("I", 23, lif_delta(), initial={"v": "E_L + 9*mV*rand()"})
    g = net.population("G", 9, lif_cond_exp())
    weight = ns.Normal(150 * pA, 30 * pA, low=0 * pA)
    net.project(e, e, ns.FixedTotalNumber(400), "I_syn", weight=weight, delay=1.5 * ms)
    net.project(e, i, ns.Bernoulli(0.2), "v", weight=ns.Uniform(0.2 * mV, 0.6 * mV), delay=1 * ms)
    net.project(i, e, ns.Bernoulli(0.2), "I_syn", weight=-200 * pA, delay=1 * ms)
    net.project(e, g, ns.AllToAll(), "g_exc", weight=2 * nS, delay=1 * ms)
    listed = ns.Edges([0, 5, 22], [8, 1, 3])
    net.project(i, g, listed, "g_inh", weight=np.array([1, 2, 3]) * nS, delay=2 * ms)
    net.poisson(e, "I_syn", rate=8 * Hz, indegree=900, weight=150 * pA)
    net.poisson(i, "v", rate=8 * Hz, indegree=400, weight=0.5 * mV)
    return net


def digests(threads: int = 1) -> dict[str, list]:
    """Spikes, and what the mapping report says, of every machine."""
    found = {}
    for name, machine in MACHINES.items():
        with ns.Simulation(network(), dt=0.5 * ms, platform=machine, threads=threads) as sim:
            sim.run(100 * ms)
            told = json.dumps(sim.mapping, sort_keys=True, default=float)
        run = sim.recording
        spikes = None if run is None else run.spikes_sha256()
        found[name] = [spikes, hashlib.sha256(told.encode()).hexdigest()]
    return found


if __name__ == "__main__":
    made = digests()
    if world().share.rank == 0:
        Path(sys.argv[1]).write_text(json.dumps(made))
