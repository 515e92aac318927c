"""Small networks that together use everything that a rank takes its share of."""

import numpy as np
from neurosim.networks.brunel import brunel
from neurosim.networks.microcircuit import microcircuit
from neurosim.networks.vogels_abbott import vogels_abbott

import neurosim as ns
from neurosim.units import Hz, metre, ms, mV, nS, pF

_NOISY = """
dv/dt = (E_L - v + I)/tau + sigma*xi*tau**-0.5 : volt (unless refractory)
dI/dt = -I/tau_s : volt
tau : second
E_L : volt (shared)
drive = v - E_L : volt
"""
_CONDUCTANCE = """
dv/dt = (g_L*(E_L - v) + g_e*(0*mV - v) + g_i*(-80*mV - v))/C : volt (unless refractory)
dg_e/dt = -g_e/(5*ms) : siemens
dg_i/dt = -g_i/(10*ms) : siemens
"""


def _models():
    noisy = ns.NeuronModel(
        _NOISY,
        threshold="v > -50*mV",
        reset="v = E_L - 5*mV*rand()",
        refractory=2 * ms,
        method="euler",
        parameters={
            "tau": "(8 + 4*rand())*ms",
            "E_L": -60 * mV,
            "tau_s": 3 * ms,
            "sigma": 4 * mV,
        },
        name="noisy",
    )
    conductance = ns.NeuronModel(
        _CONDUCTANCE,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=3 * ms,
        parameters={"C": 200 * pF, "g_L": ns.Normal(10 * nS, 1 * nS, low=5 * nS), "E_L": -60 * mV},
        method="exponential_euler",
        name="conductance",
    )
    return noisy, conductance


def everything(shortest=0.1):
    """Every rule, every distribution of weights and delays, noise, Poisson, sources, views.

    Parameters
    ----------
    shortest : float
        The smallest delay in ms.
    """
    net = ns.Network(seed=2024)
    noisy, conductance = _models()
    n = 61
    e = net.population(
        "E",
        n,
        noisy,
        initial={"v": "-60*mV + 12*mV*rand()"},
        positions=ns.UniformBox([1, 1] * metre),
    )
    i = net.population("I", 23, conductance, initial={"v": ns.Uniform(-60 * mV, -49 * mV)})
    few = net.population("few", 3, conductance, initial={"v": -55 * mV})
    one = net.population("one", 1, noisy)
    rng = np.random.default_rng(7)
    spikes = np.sort(rng.integers(1, 700, 90)) * 0.1
    source = net.spike_source("input", times=spikes * ms, ids=np.arange(90) % 11, size=11)
    _rules(net, (e, i, few, one, source), shortest)
    net.poisson(e, "I", rate=900 * Hz, indegree=3, weight=1.5 * mV)
    net.poisson(i[::2], "g_e", rate="300*Hz + 20*Hz*i", indegree=2, weight=1 * nS)
    net.poisson(few, "g_e", rate=ns.StepRate([0, 20] * ms, [2000, 4000] * Hz), weight=2 * nS)
    net.record(e[5:50], ["v", "drive"], every=0.7 * ms)
    net.record(i[[1, 5, 6, 20]], "g_e")
    net.record(few, "v", every=0.5 * ms, start=3 * ms)
    net.record_sum(e, "v", every=0.3 * ms)
    net.record_mean(i[::3], "g_e*(0*mV - v)", every=1 * ms)
    return net


def _rules(net, populations, shortest):
    e, i, few, one, source = populations
    near, spread = shortest * ms, ns.Uniform(max(shortest, 0.1) * ms, (shortest + 4) * ms)
    rng = np.random.default_rng(3)
    net.project(
        e,
        e,
        ns.FixedTotalNumber(400),
        "I",
        weight=ns.Normal(1 * mV, 0.3 * mV, low=0 * mV),
        delay=spread,
    )
    net.project(e, i, ns.Bernoulli(0.2), "g_e", weight=ns.LogNormal(1 * nS, 0.5), delay=near)
    net.project(
        i,
        e,
        ns.FixedInDegree(6, multapses=False),
        "I",
        weight=ns.Uniform(-2 * mV, -1 * mV),
        delay=ns.Exponential(2 * ms) if shortest < 0.2 else near,
    )
    net.project(i, i, ns.FixedOutDegree(4), "g_i", weight=ns.Exponential(1 * nS), delay=spread)
    net.project(e[3:9], few, ns.AllToAll(), "g_e", weight=1 * nS, delay=near)
    net.project(few, e[[0, 7, 60]], ns.OneToOne(), "I", weight=5 * mV, delay=(shortest + 1) * ms)
    net.project(source, i[4:15], ns.OneToOne(), "g_e", weight=8 * nS, delay=near)
    net.project(one, few, ns.AllToAll(), "g_i", weight=1 * nS, delay=near)
    net.project(few, one, ns.AllToAll(), "I", weight=3 * mV, delay=spread)
    pairs = rng.integers(0, 61, 150), rng.integers(0, 23, 150)
    net.project(
        e,
        i,
        ns.Edges(*pairs),
        "g_e",
        weight=rng.uniform(0.1, 1, 150) * nS,
        delay=(shortest + 0.1 * rng.integers(0, 30, 150)) * ms,
        name="listed",
    )
    net.project(
        e,
        e[::2],
        ns.Pairwise("0.3*exp(-distance/(0.2*metre))"),
        "I",
        weight="0.5*mV*exp(-distance/metre)",
        delay=f"{shortest}*ms + 3*ms*distance/metre" if shortest >= 0.1 else near,
        name="near",
    )


def columns(scale=0.01, indegree_scale=0.05):
    """The microcircuit, much smaller."""
    return microcircuit(scale=scale, seed=12, indegree_scale=indegree_scale)


def random_network(scale=0.02):
    """Brunel's network, with delta synapses."""
    return brunel(scale=scale, seed=4)


def conductances(scale=0.1):
    """The COBA benchmark; its delays are 0."""
    return vogels_abbott(scale=scale, seed=3)


def plastic():
    """Synapses with traces, a weight that both sides change, and a square root that may fail."""
    net = ns.Network(seed=8)
    model = ns.NeuronModel(
        "dv/dt = (I - v)/(10*ms) : volt (unless refractory)\nI : volt",
        threshold="v > 1*mV",
        reset="v = 0*mV",
        refractory=1 * ms,
        name="driven",
    )
    e = net.population("E", 17, model, initial={"v": "1*mV*rand()"})
    net.inject(e, "I", ns.StepCurrent([0, 5] * ms, [1.4, 1.7] * mV), name="drive")
    changing = ns.SynapseModel(
        "dpast/dt = -past/(5*ms) : 1 (event-driven)\nw : volt\nleft : 1\nx : 1",
        on_pre="v_post += w; past += 1; x = sqrt(left)",
        on_post="w = clip(w + past*0.01*mV, 0*mV, 1*mV)",
        parameters={"left": ns.Uniform(1, 2)},
    )
    net.project(
        e,
        e,
        ns.Bernoulli(0.4, autapses=False),
        synapse=changing,
        weight=ns.Normal(0.1 * mV, 0.03 * mV, low=0 * mV),
        delay=ns.Uniform(0.5 * ms, 2 * ms),
    )
    return net
