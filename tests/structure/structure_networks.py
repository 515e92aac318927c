"""Networks whose synapses come and go, for threads, ranks and checkpoints alike."""

import numpy as np

import neurosim as ns
from neurosim.units import Hz, ms, mV

STDP = """
dx/dt = -x/(20*ms) : 1 (event-driven)
dy/dt = -y/(25*ms) : 1 (event-driven)
c : 1
w : volt
"""


def _neurons(net, name, size, rate, extra=""):
    model = ns.NeuronModel(
        "dv/dt = (13*mV - v)/(10*ms) : volt (unless refractory)\n"
        "dCa/dt = -Ca/(50*ms) : 1\n"
        "daxon/dt = nu*(1 - Ca/0.5) : 1\n"
        "ddendrite/dt = nu*(1 - Ca/0.6) : 1\n" + extra,
        threshold="v > 15*mV",
        reset="v = 0*mV; Ca += 0.3",
        refractory=2 * ms,
        parameters={"nu": 30 * Hz},
        initial={"v": "15*mV*rand()", "axon": "4 + 4*rand()", "dendrite": "4 + 4*rand()"},
    )
    population = net.population(name, size, model)
    net.poisson(population, "v", rate=rate, weight=1 * mV)
    return population


def everything():
    """STDP that is rewired, synapses that grow, a user's function, and others that stay."""
    net = ns.Network(seed=11)
    e, i = _neurons(net, "E", 41, 900 * Hz), _neurons(net, "I", 13, 700 * Hz)
    stdp = ns.SynapseModel(
        STDP,
        on_pre="v_post += w*c*int(rand() < 0.8); x += 0.02; w = clip(w + y*mV, 0*mV, 1*mV)",
        on_post={
            "post": "y -= 0.021; w = clip(w + x*mV, 0*mV, 1*mV)",
            "late": "w = clip(w - 0.01*mV*int(v_pre > 10*mV), 0*mV, 1*mV)",
        },
        parameters={"c": ns.Normal(1, 0.2, low=0)},
        initial={"x": 0.01},
    )
    net.project(
        e,
        e,
        ns.FixedInDegree(6, autapses=False, multapses=False),
        "v",
        synapse=stdp,
        weight=ns.Uniform(0 * mV, 0.6 * mV),
        delay=ns.Uniform(0.4 * ms, 4 * ms),
        delay_post={"post": 0.7 * ms, "late": 6 * ms},
        name="E-E",
    )
    net.restructure("E-E", ns.plasticity.rewire(weakest=0.4, probability=0.7), every=1.1 * ms)
    grown = {"weight": ns.Uniform(0.1 * mV, 0.4 * mV), "delay": ns.Uniform(0.3 * ms, 2 * ms)}
    net.project(e, i, ns.Bernoulli(0.1), "v", name="E-I", **grown)
    rule = ns.plasticity.grow_and_prune("axon", "dendrite", vacant_loss=0.2)
    net.restructure("E-I", rule, every=0.7 * ms, start=0.5 * ms)
    net.project(i[1:9], e[[0, 2, 3, 30]], ns.AllToAll(), "v", name="I-E", weight=-0.5 * mV,
                delay=0.3 * ms)  # fmt: skip
    net.restructure("I-E", turned, every=2 * ms)
    net.project(e, i, ns.Bernoulli(0.2), "v", weight=0.3 * mV, delay=ns.Uniform(0.3 * ms, 5 * ms))
    gap = ns.SynapseModel("I_gap_post = 0.01*(v_pre - v_post)/ms : volt/second (summed)")
    leaky = _neurons(net, "G", 9, 800 * Hz, "I_gap : volt/second")
    net.project(leaky, leaky, ns.Bernoulli(0.3), synapse=gap, name="gap")
    net.restructure("gap", turned, every=1.3 * ms)
    return net


def turned(now):
    """Half of the synapses are turned to the next source, those of the most active target."""
    drawn = now.uniform(now.target_ids[now.target], now.number()) < 0.5
    drawn &= now.post("v")[now.target] > np.median(now.gather(now.post("v")))
    source = (now.source[drawn] + 1) % now.sources.size
    return ns.StructureChange(drawn, source, now.target[drawn])
