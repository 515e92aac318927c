"""Networks that learn, in YAML and TOML: the weights of Python, and errors that say where."""

import textwrap

import numpy as np
import pytest

import neurosim as ns
from neurosim.config.network import understand
from neurosim.config.tree import parse_tree
from neurosim.errors import ConfigError
from neurosim.units import ms, mV

YAML = """
neurosim: 1
network: {seed: 3}
settings: {top: 0.5 mV}
models:
  lif:
    equations: "dv/dt = (I - v)/(10*ms) : volt"
    threshold: v > 10*mV
    reset: v = 0*mV
    parameters: {I: 12 mV}
synapses:
  stdp: {rule: pair_stdp, w_max: top, pairing: nearest_symmetric, sign: excitatory}
  mine:
    equations: "dc/dt = -c/tau : 1 (event-driven)"
    on_pre: target_post += w; c += 1
    on_post: w += 0.01*c*w_max
    parameters: {tau: 20 ms, w_max: top}
    bounds: {w: [0 mV, w_max], c: [none, 20]}
    eligibility: c
populations:
  E: {size: 12, model: lif, initial: {v: 10*mV*rand()}}
projections:
  - {pre: E, post: E, rule: Bernoulli(0.3), variable: v, weight: 0.2 mV, delay: 1 ms,
     synapse: stdp, name: a}
  - {pre: E, post: E, rule: Bernoulli(0.3), variable: v, weight: 0.2 mV, delay: 1 ms,
     synapse: mine, name: b, learning: false}
  - {pre: E, post: E, rule: Bernoulli(0.3), variable: v, weight: 0.2 mV, delay: 1 ms,
     synapse: {rule: pair_stdp, w_max: 2*top, A_plus: 0.02}, name: "E -> E"}
run_regularly:
  - {neurons: a, code: "w *= 1 - d", every: 10 ms, start: 5 ms, parameters: {d: 0.01}}
  - {neurons: E, code: "v += 0.1*mV", every: 5 ms}
record:
  - {neurons: "E -> E", variables: w, every: 20 ms, synapses: 5}
record_histogram:
  - {projection: a, bins: [0 mV, top, 10], every: 20 ms}
"""
TOML = """
neurosim = 1
network.seed = 3
settings.top = "0.5 mV"
run_regularly = [
  {neurons = "a", code = "w *= 1 - d", every = "10 ms", start = "5 ms", parameters = {d = 0.01}},
  {neurons = "E", code = "v += 0.1*mV", every = "5 ms"},
]
record = [{neurons = "E -> E", variables = "w", every = "20 ms", synapses = 5}]
record_histogram = [{projection = "a", bins = ["0 mV", "top", 10], every = "20 ms"}]
[models.lif]
equations = "dv/dt = (I - v)/(10*ms) : volt"
threshold = "v > 10*mV"
reset = "v = 0*mV"
parameters.I = "12 mV"
[synapses.stdp]
rule = "pair_stdp"
w_max = "top"
pairing = "nearest_symmetric"
sign = "excitatory"
[synapses.mine]
equations = "dc/dt = -c/tau : 1 (event-driven)"
on_pre = "target_post += w; c += 1"
on_post = "w += 0.01*c*w_max"
parameters = {tau = "20 ms", w_max = "top"}
bounds = {w = ["0 mV", "w_max"], c = ["none", 20]}
eligibility = "c"
[populations]
E = {size = 12, model = "lif", initial = {v = "10*mV*rand()"}}
[[projections]]
pre = "E"
post = "E"
rule = "Bernoulli(0.3)"
variable = "v"
weight = "0.2 mV"
delay = "1 ms"
synapse = "stdp"
name = "a"
[[projections]]
pre = "E"
post = "E"
rule = "Bernoulli(0.3)"
variable = "v"
weight = "0.2 mV"
delay = "1 ms"
synapse = "mine"
name = "b"
learning = false
[[projections]]
pre = "E"
post = "E"
rule = "Bernoulli(0.3)"
variable = "v"
weight = "0.2 mV"
delay = "1 ms"
synapse = {rule = "pair_stdp", w_max = "2*top", A_plus = 0.02}
name = "E -> E"
"""


def parsed(text, suffix):
    return understand(parse_tree(textwrap.dedent(text).encode(), f"net{suffix}"))


def in_python():
    net = ns.Network(seed=3)
    lif = ns.NeuronModel(
        "dv/dt = (I - v)/(10*ms) : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"I": 12 * mV},
    )
    e = net.population("E", 12, lif, initial={"v": "10*mV*rand()"})
    mine = ns.PlasticityRule(
        "dc/dt = -c/tau : 1 (event-driven)",
        on_pre="target_post += w; c += 1",
        on_post="w += 0.01*c*w_max",
        parameters={"tau": 20 * ms, "w_max": 0.5 * mV},
        bounds={"w": (0 * mV, "w_max"), "c": (None, 20)},
        eligibility="c",
    )
    stdp = ns.plasticity.pair_stdp(w_max=0.5 * mV, pairing="nearest_symmetric", sign="excitatory")
    given = {"weight": 0.2 * mV, "delay": 1 * ms}
    rule = ns.Bernoulli(0.3)
    a = net.project(e, e, rule, "v", synapse=stdp, name="a", **given)
    net.project(e, e, rule, "v", synapse=mine, name="b", learning=False, **given)
    other = ns.plasticity.pair_stdp(w_max=1 * mV, A_plus=0.02)
    net.project(e, e, rule, "v", synapse=other, name="E -> E", **given)
    net.run_regularly(a, "w *= 1 - d", every=10 * ms, start=5 * ms, parameters={"d": 0.01})
    net.run_regularly(e, "v += 0.1*mV", every=5 * ms)
    return net


def weights(net):
    with ns.Simulation(net, record=False, threads=1) as sim:
        sim.run(60 * ms)
        return {name: sim.read(name, "w") for name in ("a", "b", "E -> E")}


@pytest.mark.parametrize(("text", "suffix"), [(YAML, ".yaml"), (TOML, ".toml")])
def test_files_give_the_weights_of_python(text, suffix):
    found, expected = weights(parsed(text, suffix).build()), weights(in_python())
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    assert np.unique(found["b"]).size == 1
    assert np.unique(found["a"]).size > 5


def test_what_files_record_of_synapses():
    net = parsed(YAML, ".yaml").build()
    assert len(net.synapse_recorders) == 2
    assert isinstance(net.projections[1].synapse.model, ns.PlasticityRule)


BAD = [
    ("rule: pair_stdp, w_max: top, pairing", "rule: pear_stdp, w_max: top, pairing",
     ["synapses.stdp", "pear_stdp", "pair_stdp"]),
    ("pairing: nearest_symmetric", "pairing: nearest", ["synapses.stdp", "nearest_symmetric"]),
    ("A_plus: 0.02", "A_pluss: 0.02", ["projections[2].synapse", "A_pluss", "A_plus"]),
    ("[0 mV, w_max], c", "[0 mV], c", ["synapses.mine.bounds.w", "[low, high]"]),
    ("[0 mV, w_max], c", "[0 mV, w_mux], c", ["synapses.mine", "w_mux"]),
    ("dc/dt = -c/tau", "dc/dt = 1/tau", ["synapses.mine", "'mine'", "line 1", "decay"]),
    ("learning: false", "learning: perhaps", ["projections[1].learning", "true or false"]),
    ("{neurons: a, code", "{neurons: aa, code", ["run_regularly[0]", "'aa'", "E -> E"]),
    ("[0 mV, top, 10]", "[0 mV, top]", ["record_histogram[0].bins", "[low, high, number]"]),
    ("synapse: mine", "synapse: mone", ["projections[1].synapse", "mone", "mine"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), BAD)
def test_errors_tell_where(old, new, words):
    assert old in YAML
    with pytest.raises(ConfigError) as caught:
        parsed(YAML.replace(old, new), ".yaml").build()
    for word in ["net.yaml", *words]:
        assert word in str(caught.value)
