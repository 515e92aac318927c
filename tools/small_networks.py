"""Small networks that between them use every model, rule, synapse, input and recorder there is.

A feature is a function that declares populations of its own in a network; ``networks()`` puts
features together, so that a few programs cover all. A test sees to it that no public rule,
distribution, waveform or model is missing.
"""

import numpy as np

import neurosim as ns
from neurosim.description.quantities import named_unit
from neurosim.models.catalogue import ENTRIES
from neurosim.units import Hz, mm, ms, mV, nS, pA, pF

FEATURES = {}
DT_MS = {"models": 0.025}


def feature(group):
    """Put a function of (network, name of its population) on the list of a group."""

    def put(declare):
        FEATURES[declare.__name__] = (group, declare)
        return declare

    return put


def networks():
    """Return (name, network, dt in ms) of each group of features."""
    found = []
    for group in dict.fromkeys(group for group, _ in FEATURES.values()):
        net = ns.Network(seed=3, name=group, weight_bits=64 if group == "connections" else 32)
        for k, (of, declare) in enumerate(FEATURES.values()):
            if of == group:
                declare(net, f"P{k}")
        found.append((group, net, DT_MS.get(group, 0.1)))
    return found


def leaky(**changes):
    """Return a leaky neuron that fires by itself, with a synaptic current."""
    values = {"E_L": -50 * mV, "tau": 10 * ms, "C": 200 * pF, "tau_s": 2 * ms, "I_e": 0 * pA}
    return ns.NeuronModel(
        """
        dv/dt = (E_L - v)/tau + (I_s + I_e)/C : volt (unless refractory)
        dI_s/dt = -I_s/tau_s : amp
        """,
        threshold="v > -52*mV",
        reset="v = -65*mV",
        refractory=2 * ms,
        parameters=values | changes,
    )


def start(net, name, size=23, model=None):
    """Declare a population that fires."""
    return net.population(name, size, model or leaky(), initial={"v": "-65*mV + 13*mV*rand()"})


def catalogue_feature(entry):
    """Return a feature: a catalogue model with synapses on each of its inputs."""

    def declare(net, name):
        unit = next(p.unit for p in entry.parameters if p.name == "I_e")
        model = entry.model(I_e=1.2 * entry.figure.current * named_unit(unit))
        cells = net.population(name, 5, model)
        for one in entry.inputs:
            weight = one.weight * named_unit(one.unit)
            net.project(cells, cells, ns.Bernoulli(0.4), one.variable, weight=weight, delay=1 * ms)
            net.poisson(cells, one.variable, rate=500 * Hz, weight=weight)
        net.record(cells, model.declared.differential)

    return declare


for _entry in ENTRIES.values():
    FEATURES[f"model {_entry.name}"] = ("models", catalogue_feature(_entry))

RULES = {
    "FixedTotalNumber": lambda n: ns.FixedTotalNumber(5 * n),
    "Bernoulli": lambda n: ns.Bernoulli(0.2, autapses=False),
    "AllToAll": lambda n: ns.AllToAll(autapses=False),
    "OneToOne": lambda n: ns.OneToOne(),
    "Edges": lambda n: ns.Edges([0, n - 1, 2, 2], [1, 0, n - 1, n - 1]),
    "FixedInDegree": lambda n: ns.FixedInDegree(4, autapses=False, multapses=False),
    "Pairwise": lambda n: ns.Pairwise("0.5*exp(-abs(i - j)/5)", condition="i != j"),
    "FixedOutDegree": lambda n: ns.FixedOutDegree(4, autapses=False, multapses=False),
}


def rule_feature(make):
    """Return a feature: a population connected by a rule, whole and in parts."""

    def declare(net, name):
        cells = start(net, name)
        for pre, post in (
            (cells, cells),
            (cells[::2], cells[[*range(11), 22]]),
            (cells[3:9], cells[3:9]),
        ):
            args = {"weight": 40 * pA, "delay": 1.5 * ms}
            net.project(pre, post, make(min(pre.size, post.size)), "I_s", **args)

    return declare


for _name, _make in RULES.items():
    FEATURES[f"rule {_name}"] = ("connections", rule_feature(_make))

DISTRIBUTIONS = {
    "Normal": lambda one: ns.Normal(one, one / 3, low=0.2 * one),
    "Uniform": lambda one: ns.Uniform(0.1 * one, 2 * one),
    "LogNormal": lambda one: ns.LogNormal(one, 0.5),
    "Exponential": lambda one: ns.Exponential(one, high=5 * one),
}


def distribution_feature(make):
    """Return a feature: weights, delays and a parameter drawn from a distribution."""

    def declare(net, name):
        cells = start(net, name, model=leaky(tau=make(10 * ms)))
        args = {"weight": make(30 * pA), "delay": make(2 * ms)}
        net.project(cells, cells, ns.Bernoulli(0.3), "I_s", **args)

    return declare


for _name, _make in DISTRIBUTIONS.items():
    FEATURES[f"distribution {_name}"] = ("drawn", distribution_feature(_make))


@feature("drawn")
def sources(net, name):
    cells = start(net, name)
    source = net.spike_source(name + "S", [0, 0.1, 7, 7, 29.9] * ms, ids=[0, 1, 1, 0, 2])
    net.project(source, cells, ns.AllToAll(), "I_s", weight=50 * pA, delay=0 * ms)
    net.project(cells, cells, ns.AllToAll(), "v", weight=-0.3 * mV, delay=0 * ms)
    net.record(cells[2:5], ["v", "I_s"], every=0.7 * ms)


@feature("drawn")
def poisson_rates_of_their_own(net, name):
    cells = start(net, name)
    net.poisson(cells[::3], "I_s", rate=ns.Uniform(0 * Hz, 900 * Hz), indegree=3, weight=20 * pA)


@feature("drawn")
def noise(net, name):
    model = ns.NeuronModel(
        "dv/dt = (-50*mV - v)/tau + 2*mV*xi*tau**-0.5 : volt (unless refractory)",
        threshold="v > -52*mV - 1*mV*rand()",
        reset="v = -65*mV + 2*mV*randn()",
        refractory=2 * ms,
        parameters={"tau": 10 * ms},
    )
    cells = start(net, name, model=model)
    net.project(cells, cells, ns.Bernoulli(0.3), "v", weight=0.4 * mV, delay=0.3 * ms)


WAVES = {
    "StepCurrent": lambda: ns.StepCurrent([5, 20] * ms, [80, -20] * pA),
    "ConstantCurrent": lambda: ns.ConstantCurrent(90 * pA, start=4 * ms, stop=25 * ms),
    "SineCurrent": lambda: ns.SineCurrent(70 * pA, 60 * Hz),
    "RecordedCurrent": lambda: ns.RecordedCurrent(np.arange(60) * pA, 0.5 * ms),
    "NoisyCurrent": lambda: ns.NoisyCurrent(50 * pA, 30 * pA),
}


def wave_feature(make):
    """Return a feature: an injected current."""

    def declare(net, name):
        cells = start(net, name)
        net.inject(cells[::2], "I_e", make())
        net.record(cells[:3], "v")

    return declare


for _name, _make in WAVES.items():
    FEATURES[f"wave {_name}"] = ("inputs", wave_feature(_make))


RATES = {
    "StepRate": lambda: ns.StepRate([0, 10] * ms, [900, 100] * Hz),
    "SineRate": lambda: ns.SineRate(500 * Hz, 400 * Hz, 50 * Hz),
    "ArrayRate": lambda: ns.ArrayRate(np.arange(30) * 30 * Hz, 1 * ms),
}


def rate_feature(make):
    """Return a feature: Poisson input of a rate that changes."""

    def declare(net, name):
        net.poisson(start(net, name), "I_s", rate=make(), weight=30 * pA)

    return declare


for _name, _make in RATES.items():
    FEATURES[f"rate {_name}"] = ("inputs", rate_feature(_make))


@feature("inputs")
def space_and_expressions(net, name):
    cells = net.population(name, 30, leaky(), positions=ns.UniformBox([1, 1] * mm, periodic=True))
    args = {"weight": "40*pA*exp(-distance/(1*mm))", "delay": "1*ms + distance/(1*mm)*2*ms"}
    net.project(cells, cells, ns.Pairwise(ns.gaussian(0.6, 0.4 * mm)), "I_s", **args)
    source = net.spike_source(name + "S", times=[1, 2] * ms, ids=[0, 1], period=3.5 * ms)
    net.project(source, cells, ns.AllToAll(), "v", weight=1 * mV, delay=0.2 * ms)


@feature("drawn")
def tables_functions_events(net, name):
    double = ns.Function(
        lambda x: 2 * x, "double twice(double x) { return 2 * x; }", arg_units=[1], return_unit=1
    )
    model = ns.NeuronModel(
        """
        dv/dt = (-50*mV - v + 5*mV*wave(t, i % 2)*twice(0.5))/tau : volt (unless refractory)
        n : integer
        up : boolean
        """,
        threshold="v > -52*mV",
        reset="v = -65*mV; n += 1; up = n > 2",
        refractory=2 * ms,
        events={"high": "v > -54*mV and not up"},
        on_event={"high": "v -= 0.1*mV"},
        parameters={
            "tau": 10 * ms,
            "twice": double,
            "wave": ns.TimedArray(np.arange(20).reshape(10, 2) % 3, 2 * ms),
        },
    )
    start(net, name, model=model)


@feature("inputs")
def operations(net, name):
    cells = start(net, name)
    net.run_regularly(cells[::2], "v = v + 0.5*mV*rand(); I_e = 10*pA*randn()", every=1 * ms)
    net.run_regularly(cells, "v = clip(v, -70*mV, -40*mV)", when="end")


@feature("lockstep")
def gap_junctions(net, name):
    model = ns.NeuronModel(
        """
        dv/dt = (E_L - v)/tau + I_gap/C : volt (unless refractory)
        I_gap : amp
        """,
        threshold="v > -52*mV",
        reset="v = -65*mV",
        refractory=2 * ms,
        parameters={"E_L": -50 * mV, "tau": 10 * ms, "C": 200 * pF},
    )
    gap = ns.SynapseModel("w : siemens\nI_gap_post = w*(v_pre - v_post) : amp (summed)")
    cells = start(net, name, model=model)
    net.project(cells, cells, ns.Bernoulli(0.2), synapse=gap, weight=2 * nS)


@feature("synapses")
def depressing_synapses(net, name):
    depressing = ns.SynapseModel(
        "dx/dt = (1 - x)/tau_x : 1 (event-driven)",
        on_pre="target_post += w*x; x *= 1 - U",
        parameters={"tau_x": 50 * ms, "U": 0.4},
        initial={"x": 1},
    )
    cells = start(net, name)
    args = {"weight": 90 * pA, "delay": 1 * ms}
    net.project(cells, cells, ns.Bernoulli(0.3), "I_s", synapse=depressing, **args)


@feature("synapses")
def synapses_by_chance_and_after_spikes(net, name):
    chance = ns.SynapseModel(
        "z : 1",
        on_pre="target_post += w*int(rand() < p)",
        on_post="z += 1",
        parameters={"p": 0.3},
    )
    stepped = ns.SynapseModel(
        "dz/dt = -z/(5*ms) : 1 (clock-driven)", on_pre="z += 1; target_post += z*w"
    )
    cells = start(net, name)
    args = {"weight": 90 * pA, "delay": ns.Uniform(1 * ms, 3 * ms)}
    net.project(cells, cells, ns.Bernoulli(0.3), "I_s", synapse=chance, **args)
    net.project(cells, cells[:7], ns.Bernoulli(0.3), "I_s", synapse=stepped, weight=9 * pA)


@feature("learning")
def synapses_that_learn(net, name):
    """Traces kept once, learning that waits, of one delay and of several, and both with sums."""
    cells = start(net, name)
    pair = ns.plasticity.pair_stdp(w_max=90 * pA)
    triplet = ns.plasticity.triplet_stdp(w_0=50 * pA, w_max=90 * pA)
    args = {"weight": ns.Uniform(0 * pA, 90 * pA), "delay": 1 * ms}
    net.project(cells, cells, ns.Bernoulli(0.4), "I_s", synapse=pair, **args)
    net.project(cells, cells, ns.Bernoulli(0.4), "I_s", synapse=triplet, delay_post=2 * ms, **args)
    args["delay"] = ns.Uniform(0.5 * ms, 3 * ms)
    net.project(cells, cells, ns.Bernoulli(0.4), "I_s", synapse=pair, name=f"{name}-late", **args)
    for per in ("target", "source"):
        goal = 300 * pA
        ns.plasticity.normalise(net, f"{name}-late", total=goal, per=per, every=2 * ms)


@feature("structure")
def synapses_that_come_and_go(net, name):
    """A Simulation calls what changes a structure; here the engine replaces all by the same."""
    cells = start(net, name)
    rule = ns.plasticity.pair_stdp(w_max=90 * pA)
    args = {"weight": 40 * pA, "delay": 1.5 * ms, "name": f"{name}-new"}
    net.project(cells, cells, ns.Bernoulli(0.3), "I_s", synapse=rule, **args)
    net.restructure(f"{name}-new", ns.plasticity.rewire(weakest=0.2), every=5 * ms)
