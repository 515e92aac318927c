"""A model of one's own, in a network of excitation and inhibition; see the README."""

import neurosim as ns
from neurosim.units import Hz, ms, mV, second

lif = ns.NeuronModel(
    "dv/dt = (E_L - v)/tau : volt (unless refractory)",
    threshold="v > -50*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    parameters={"E_L": -65 * mV, "tau": 20 * ms},
)
net = ns.Network(seed=42)
exc = net.population("E", 3200, lif, initial={"v": "E_L + 10*mV*rand()"})
inh = net.population("I", 800, lif(tau=15 * ms), initial={"v": "E_L + 10*mV*rand()"})
late, soon = ns.Uniform(1 * ms, 3 * ms), ns.Uniform(0.5 * ms, 1.5 * ms)
net.project(exc, [exc, inh], ns.Bernoulli(0.1), "v", weight=0.2 * mV, delay=late)
net.project(inh, [exc, inh], ns.Bernoulli(0.1), "v", weight=-2 * mV, delay=soon)
net.poisson([exc, inh], "v", rate=8 * Hz, indegree=800, weight=0.2 * mV)
run = ns.simulate(net, 1 * second, warmup=200 * ms, output="own_model.h5")
print(run.rates(), ns.metrics(run).C_eff)
run.plot("raster", "own_model.png")
