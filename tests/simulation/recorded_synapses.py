"""A network that learns, with every kind of recorder of synapses."""

import neurosim as ns
from neurosim.units import ms, mV, pA

RULE = """
da/dt = -a/tau : 1 (event-driven)
db/dt = -b/(20*ms) : 1 (event-driven)
dz/dt = (level - z)/tau : 1 (event-driven)
dc/dt = -c/(5*ms) : 1 (clock-driven)
level : 1
share = w/w_max : 1
w : volt
"""


def network(n=60, weight_bits=64):
    """Traces of source and target alike, others of each synapse, and a parameter to be written."""
    net = ns.Network(seed=5, weight_bits=weight_bits)
    cell = ns.NeuronModel(
        "dv/dt = (E_L - v)/(10*ms) + I/(250*pF) : volt (unless refractory)",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        parameters={"E_L": -65 * mV, "I": ns.Uniform(300 * pA, 700 * pA)},
        initial={"v": "-65*mV + 15*mV*rand()"},
    )
    e = net.population("E", n, cell)
    rule = ns.SynapseModel(
        RULE,
        on_pre="v_post += share*w; a += 0.1; z += 0.2; c += 1; w = clip(w + b*eta, 0*mV, w_max)",
        on_post="b -= 0.1; w = clip(w + (a + z)*eta, 0*mV, w_max)",
        parameters={
            "tau": 15 * ms, "w_max": 0.5 * mV, "eta": 0.05 * mV,
            "level": ns.Uniform(0, 1),
        },
        initial={"z": ns.Uniform(0, 1), "a": 0.3},
    )  # fmt: skip
    net.project(
        e,
        e,
        ns.Bernoulli(0.15),
        synapse=rule,
        weight=ns.Uniform(0 * mV, 0.5 * mV),
        delay=ns.Uniform(0.3 * ms, 3 * ms),
        name="learns",
    )
    return net


CHOSEN = [7, 1, 333, 150]
TRACED = ("w", "a", "b", "z", "c", "level", "z*a + eta/w_max")


def record_everything(net):
    """All at intervals, chosen ones in every step, some drawn at random, a histogram."""
    net.record("learns", "w", every=2.5 * ms)
    net.record("learns", "z + b", every=3 * ms, start=1 * ms, stop=8 * ms, name="sums")
    net.record("learns", TRACED, synapses=CHOSEN)
    net.record("learns", "share", synapses=5, every=0.7 * ms, start=0.5 * ms, name="few")
    net.record_histogram("learns", "share", bins=(0.1, 0.9, 8), every=1 * ms)
    return net


def pairs():
    """Pair-based STDP as catalogued, whose work at spikes of a target may wait."""
    net = network()
    net.projections.clear()
    e = net.populations["E"]
    net.project(
        e,
        e,
        ns.Bernoulli(0.15),
        "v",
        synapse=ns.plasticity.pair_stdp(w_max=0.5 * mV, A_plus=0.1, A_minus=0.12),
        weight=ns.Uniform(0 * mV, 0.5 * mV),
        delay=0.5 * ms,
        name="learns",
    )
    net.record("learns", "w", every=1.2 * ms)
    net.record("learns", ["w", "x_source", "x_target"], synapses=range(0, 300, 7), every=0.3 * ms)
    net.record("learns", "w", synapses=[5], every=6 * ms, name="seldom")
    return net
