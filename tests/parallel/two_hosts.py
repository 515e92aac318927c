"""Simulate a small network, and print the digest of its spikes on the first rank."""

import sys

import neurosim as ns
from neurosim.parallel.leaving import is_first
from neurosim.units import ms, mV, nA, second

network = ns.Network(seed=3)
model = ns.NeuronModel(
    """dv/dt = (E_L - v + 20*mV*I/nA)/tau : volt (unless refractory)
    dI/dt = -I/(5*ms) : amp""",
    threshold="v > -50*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    parameters={"E_L": -45 * mV, "tau": 10 * ms},
    name="two_hosts",
)
neurons = network.population("E", 61, model, initial={"v": "-60*mV + 10*mV*rand()"})
network.project(neurons, neurons, ns.Bernoulli(0.2), "I", weight=0.2 * nA, delay=1.5 * ms)

with ns.Simulation(network, threads=1, output=sys.argv[1]) as simulation:
    simulation.run(0.2 * second)
if is_first():
    run = ns.read(sys.argv[1])
    print(len(run.spikes("E")[0]), run.spikes_sha256())
