"""Record a small network, flushing all the time; a file per rank has its process id.

Usage: recorded_run.py OUTPUT MILLISECONDS
"""

import functools
import os
import sys

import neurosim as ns
from neurosim import output
from neurosim.parallel.world import world
from neurosim.units import ms, mV


def network():
    """Two populations, a source, and recorders of every kind."""
    net = ns.Network(seed=3)
    model = ns.NeuronModel(
        "dv/dt = (25*mV - v)/(10*ms) : volt (unless refractory)",
        threshold="v > 20*mV", reset="v = 0*mV", refractory=2 * ms,
    )  # fmt: skip
    e = net.population("E", 60, model, initial={"v": "20*mV*rand()"})
    i = net.population("I", 20, model, initial={"v": "20*mV*rand()"})
    source = net.spike_source("input", times=[1, 2, 3, 4.5] * ms, ids=[0, 1, 2, 3], size=4)
    net.project(e, i, ns.Bernoulli(0.2), "v", weight=0.1 * mV, delay=1.5 * ms)
    net.project(i, e, ns.Bernoulli(0.2), "v", weight=-0.1 * mV, delay=1.5 * ms)
    net.project(source, e, ns.AllToAll(), "v", weight=1 * mV, delay=1.5 * ms)
    net.record(e[:2], "v", every=1 * ms)  # nobody's on the third rank
    net.record(i, "v", every=1 * ms)
    net.record_sum(i, "v", every=1 * ms)
    net.record_mean(e, "v**2*exp(v/(10*mV))", every=1 * ms)
    return net


if __name__ == "__main__":
    output.RecordingWriter = functools.partial(output.RecordingWriter, flush_interval_s=0.005)
    path, duration = sys.argv[1], float(sys.argv[2])
    with ns.Simulation(network(), output=path, threads=1) as simulation:
        simulation.run(1 * ms)
        with open(f"{path}.{world().share.rank}.pid", "w") as file:
            file.write(str(os.getpid()))
        simulation.run(duration * ms)
