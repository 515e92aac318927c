"""A user's own experiment; run it with ``neurosim run examples/my_experiment.py --set g=6``."""

import neurosim as ns
from neurosim.units import Hz, ms, mV, second

lif = ns.NeuronModel(
    "dv/dt = (E_L - v)/tau : volt (unless refractory)",
    threshold="v > -50*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    parameters={"E_L": -65 * mV, "tau": 20 * ms},
)


def build(scale=1.0, seed=1, g=10.0, w=0.2 * mV):
    """Return the network; the parameters after seed can be changed with --set."""
    net = ns.Network(seed=seed, name="mine")
    start = {"v": "E_L + 10*mV*rand()"}
    exc = net.population("E", round(800 * scale), lif, initial=start)
    inh = net.population("I", round(200 * scale), lif, initial=start)
    delay = ns.Uniform(0.5 * ms, 2.5 * ms)
    net.project(exc, [exc, inh], ns.Bernoulli(0.1), "v", weight=w, delay=delay)
    net.project(inh, [exc, inh], ns.Bernoulli(0.1), "v", weight=-g * w, delay=delay)
    net.poisson([exc, inh], "v", rate=8 * Hz, indegree=800, weight=w)
    return net


def checks(run):
    """Return what must be true of the recording; ``--check`` makes the command fail otherwise."""
    rates = run.rates()
    return [ns.Check.between(f"rate of {name} (Hz)", rates[name], 1, 100) for name in rates]


experiment = ns.Experiment(
    build=build,
    checks=checks,
    duration=1 * second,
    warmup=200 * ms,
    description="a balanced network of my own",
    quick={"duration": 100 * ms, "warmup": 50 * ms},
)
