"""Networks for runs on machines, their digests, and all machines on these ranks.

python noisy_networks.py OUTPUT THREADS [chip]: digests of every machine, or of one noisy chip.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import neurosim as ns
from neurosim import neuromorphic as machines
from neurosim.models import lif_cond_exp, lif_curr_exp
from neurosim.parallel.world import world
from neurosim.units import Hz, ms, mV, nS, pA, pF

_LIF = {"C_m": 200 * pF, "E_L": -70 * mV, "V_th": -55 * mV, "V_r": -70 * mV, "t_ref": 2 * ms}


def conductances(seed=1):
    """Forty neurons with conductance synapses, Poisson input and a source of spikes."""
    net = ns.Network(seed=seed)
    lif = lif_cond_exp(**_LIF, g_L=10 * nS, tau_exc=5 * ms, tau_inh=5 * ms)
    e = net.population("E", 40, lif, initial={"v": ns.Uniform(-70 * mV, -55 * mV)})
    net.project(
        e, e, ns.FixedInDegree(8), "g_exc", weight=ns.Uniform(0.3 * nS, 0.7 * nS), delay=1 * ms
    )
    net.project(e, e, ns.FixedInDegree(4), "g_inh", weight=ns.Uniform(1 * nS, 3 * nS), delay=1 * ms)
    source = net.spike_source("source", times=[5, 10, 50, 51] * ms, ids=[0, 1, 2, 0], size=3)
    net.project(source, e, ns.AllToAll(), "g_exc", weight=3 * nS, delay=1 * ms)
    net.poisson(e, "g_exc", rate=10 * Hz, indegree=100, weight=0.6 * nS)
    return net


def currents(seed=1):
    """The same with current synapses."""
    net = ns.Network(seed=seed)
    lif = lif_curr_exp(**_LIF, tau_m=20 * ms, tau_syn=5 * ms)
    e = net.population("E", 40, lif, initial={"v": ns.Uniform(-70 * mV, -55 * mV)})
    net.project(
        e, e, ns.FixedInDegree(8), "I_syn", weight=ns.Uniform(20 * pA, 40 * pA), delay=1 * ms
    )
    net.project(
        e, e, ns.FixedInDegree(4), "I_syn", weight=ns.Uniform(-40 * pA, -20 * pA), delay=1 * ms
    )
    net.poisson(e, "I_syn", rate=10 * Hz, indegree=100, weight=40 * pA)
    return net


MACHINES = {
    "spinnaker": (currents, 1 * ms, {}),
    "brainscales1": (conductances, 0.1 * ms, {}),
    "brainscales2": (conductances, 0.1 * ms, {"allow": ("delays",)}),
    "loihi": (currents, 1 * ms, {}),
}
MAPPED = MACHINES | dict.fromkeys(
    ("spinnaker2", "loihi2", "truenorth", "tianjic"), (currents, 1 * ms, {"allow": ("all",)})
)
CLASSES = {
    "spinnaker2": "SpiNNaker2",
    "loihi2": "Loihi2",
    "truenorth": "TrueNorth",
    "tianjic": "Tianjic",
    "spinnaker": "SpiNNaker",
    "brainscales1": "BrainScaleS1",
    "brainscales2": "BrainScaleS2",
    "loihi": "Loihi",
}


DT = 0.1 * ms
BETWEEN_TRIALS = {"fixed_pattern": True, "weight_noise": 0.2, "trial_potential_mv": 0.3}


def simulated(build, dt, platform=None, threads=1, seed=1):
    """The recording of 200 ms of a network."""
    options = {"dt": dt, "engine": "native", "threads": threads}
    return ns.simulate(build(seed), 200 * ms, platform=platform, **options)


def digest(build, dt, platform=None, threads=1):
    """The digest of all spikes."""
    return simulated(build, dt, platform, threads).spikes_sha256()


def digests(threads):
    """The digest of the run of every machine, everything switched on."""
    found = {}
    for name, (build, dt, settings) in MACHINES.items():
        machine = getattr(machines, CLASSES[name])(**settings)
        found[name] = digest(build, dt, machine, threads)
    return found


def noisy_chip(threads):
    """The digest of a BrainScaleS-1 chip whose circuits differ, from trial to trial as well."""
    made = machines.BrainScaleS1.transparent(**BETWEEN_TRIALS, chip_seed=1, trial_seed=1)
    return {"chip": digest(conductances, DT, made, threads)}


if __name__ == "__main__":
    of_all = digests if len(sys.argv) < 4 else noisy_chip
    found = of_all(int(sys.argv[2]))
    if world().share.rank == 0:
        Path(sys.argv[1]).write_text(json.dumps(found))
