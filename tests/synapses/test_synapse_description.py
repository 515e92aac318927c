"""What synapse models may say, and how what they may not is named."""

import numpy as np
import pytest
from brian2 import ms, mV, nS, pA, pF

import neurosim as ns
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    EquationError,
    NumericalError,
    UnknownNameError,
    UnsupportedError,
)

NEURON = """
    dv/dt = -v/tau + I_gap/C : volt
    I_gap : amp
    half = v/2 : volt
    """


def network():
    net = ns.Network(seed=2)
    model = ns.NeuronModel(
        NEURON, threshold="v > 1*mV", reset="v = 0*mV", parameters={"tau": 10 * ms, "C": 100 * pF}
    )
    return net, net.population("E", 6, model)


def project(synapse, variable=None, rule=None, **given):
    net, e = network()
    return net, net.project(e, e, rule or ns.AllToAll(), variable, synapse=synapse, **given)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"equations": "x : 1"}, EquationError, ["no effect", "on_pre"]),
        ({"on_pre": "v_pots += w"}, UnknownNameError, ["v_pots", "v_post"]),
        ({"on_pre": "v_post += ww"}, UnknownNameError, ["ww", "Did you mean 'w'"]),
        (
            {"on_pre": "x = 2*x", "parameters": {"x": 1}},
            EquationError,
            ["declare it", "x : 1", "line 1"],
        ),
        (
            {"on_pre": "v_post += w", "parameters": {"q": 1}},
            UnknownNameError,
            ["q", "nothing uses"],
        ),
        (
            {"equations": "dx/dt = -x/second : 1", "on_pre": "x += 1"},
            EquationError,
            ["clock-driven"],
        ),
        ({"equations": "v_post = w : 1", "on_pre": "v_post += w"}, EquationError, ["summed"]),
        ({"equations": "x_pre = w : 1 (summed)"}, UnsupportedError, ["x_pre", "target"]),
        ({"equations": "i : 1", "on_pre": "i += 1"}, EquationError, ["'i'"]),
        ({"on_pre": "v_post += __import__('os')"}, DescriptionError, []),
        (
            {"on_pre": {"a": "v_post += w"}, "on_post": {"a": "v_post += w"}},
            DescriptionError,
            ["'a'"],
        ),
        ({"on_pre": "v_post += w", "events": {"b": "burst"}}, UnknownNameError, ["b", "pre"]),
        (
            {"equations": "x : 1", "on_pre": "x += 1", "parameters": {"x": 1}},
            DescriptionError,
            ["initial"],
        ),
        ({"on_pre": "v_post += w", "parameters": {"w": 1 * mV}}, DescriptionError, ["weight="]),
        ({"on_pre": 3}, EquationError, ["int"]),
        ({"on_pre": "v_post += w", "method": "gsl"}, UnsupportedError, ["GSL"]),
    ],
)
def test_models_that_cannot_be_are_named(arguments, error, words):
    with pytest.raises(error) as caught:
        ns.SynapseModel(**arguments, name="mine")
    for word in ["mine", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("model", "given", "error", "words"),
    [
        ({"on_pre": "u_post += 1*mV"}, {}, UnknownNameError, ["u_post", "v_post"]),
        ({"on_pre": "half_post += 1*mV"}, {}, UnknownNameError, ["half_post"]),
        ({"on_pre": "v_post += 1*pA"}, {}, DimensionError, ["v_post"]),
        ({"on_pre": "target_post += w"}, {"weight": 1 * mV}, DescriptionError, ["target_post"]),
        ({"on_pre": "v_post += w"}, {"weight": 1 * mV}, EquationError, ["declaring", "w : "]),
        (
            {"equations": "I_gap_post = w*v_pre : volt (summed)\nw : 1"},
            {"weight": 1},
            DimensionError,
            ["I_gap"],
        ),
        (
            {"equations": "w : 1\nv_post = w*v_pre : volt (summed)"},
            {"weight": 1},
            EquationError,
            ["without an equation"],
        ),
        ({"equations": "w : volt", "on_pre": "v_post += w"}, {}, DescriptionError, ["weight="]),
        (
            {"equations": "w : volt", "on_pre": "v_post += w"},
            {"weight": 1 * pA},
            DimensionError,
            ["weight"],
        ),
        (
            {"equations": "x : volt (constant)", "on_pre": "v_post += x"},
            {},
            DescriptionError,
            ["x", "parameters"],
        ),
        (
            {"equations": "w : siemens\nI_gap_post = w*(v_pre - v_post) : amp (summed)"},
            {"weight": 1 * nS, "delay": 1 * ms},
            DescriptionError,
            ["delay"],
        ),
        ({"on_pre": "v_post += 1*mV"}, {"delay": {"pree": 1 * ms}}, UnknownNameError, ["pree"]),
        ({"on_pre": "v_post += 1*mV"}, {"delay_post": 1 * ms}, DescriptionError, ["on_post"]),
        ({"on_pre": "v_post += 1*mV"}, {"weight": 1 * mV}, DescriptionError, ["no variable"]),
        ({"on_pre": "v_post += 1*mV", "events": "burst"}, {}, UnknownNameError, ["burst", "spike"]),
        (
            {"on_pre": {"a": "v_post += 1*mV", "b": "v_post += 1*mV"}},
            {"delay": {"a": ns.Uniform(1 * ms, 2 * ms), "b": ns.Uniform(1 * ms, 2 * ms)}},
            DescriptionError,
            ["'a' and 'b'"],
        ),
        ({"on_pre": "v_post += 1*mV"}, {"delay": -1 * ms}, DescriptionError, ["negative"]),
        (
            {"on_pre": "v_post += p", "parameters": {"p": np.ones(3) * mV}},
            {},
            DescriptionError,
            ["Edges"],
        ),
        ({"on_pre": "v_post += p", "parameters": {"p": "v_prr"}}, {}, UnknownNameError, ["v_prr"]),
    ],
)
def test_projections_that_cannot_be_are_named(model, given, error, words):
    with pytest.raises(error) as caught:
        project(ns.SynapseModel(**model), **given)
    for word in ["E->E", *words]:
        assert word in str(caught.value)


def test_equations_that_cannot_be_solved_between_spikes_are_named():
    model = ns.SynapseModel("dx/dt = -x**2/second : 1 (event-driven)", on_pre="x += 1")
    net, _ = project(model)
    with pytest.raises(EquationError, match="event-driven equations must be linear"):
        ns.lower(net, 0.1 * ms)


def test_a_sum_of_event_driven_variables_is_named():
    model = ns.SynapseModel(
        "dx/dt = -x/second : 1 (event-driven)\nI_gap_post = x*pA : amp (summed)", on_pre="x += 1"
    )
    net, _ = project(model)
    with pytest.raises(EquationError, match="'x' is event-driven"):
        ns.lower(net, 0.1 * ms)


def test_adding_a_constant_weight_takes_the_fast_path():
    model = ns.SynapseModel(on_pre="target_post += w")
    net, made = project(model, "v", weight=1 * mV, delay=1 * ms)
    assert made.synapse is None
    assert made.variable == "v"
    assert ns.lower(net, 0.1 * ms).projections[0].synapse is None
    named = ns.SynapseModel("w : volt", on_pre="v_post += w")
    assert project(named, weight=1 * mV, delay=1 * ms)[1].synapse is None


def test_native_refuses_what_writes_the_source_by_name():
    net, _ = project(ns.SynapseModel(on_pre="v_pre += 1*mV"))
    with pytest.raises(UnsupportedError, match=r"E->E.*v_pre.*engine='brian2'"):
        ns.simulate(net, 1 * ms, engine="native")
    ns.simulate(net, 1 * ms, engine="brian2")


def test_plain_projections_still_need_all_three():
    net, e = network()
    with pytest.raises(DescriptionError, match="weight is missing"):
        net.project(e, e, ns.AllToAll(), "v", delay=1 * ms)


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_a_synaptic_nan_is_named(engine):
    net = ns.Network(seed=1)
    source = net.spike_source("source", [1, 2, 3] * ms, [0, 1, 2], size=3)
    e = net.population("E", 3, ns.NeuronModel("dv/dt = -v/second : 1"))
    model = ns.SynapseModel("x : 1", on_pre="x = sqrt(x - 2)", initial={"x": [3, 1, 3]})
    net.project(source, e, ns.Edges([0, 1, 2], [2, 1, 0]), synapse=model, name="net")
    with pytest.raises(NumericalError) as caught:
        ns.simulate(net, 5 * ms, engine=engine)
    for word in ("'x'", "synapse 1", "'net'"):
        assert word in str(caught.value)


@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_values_are_read_and_written_in_the_order_of_the_table(engine):
    net, e = network()
    rng = np.random.default_rng(1)
    pre, post = rng.integers(0, 6, 20), rng.integers(0, 6, 20)
    values, delays = rng.random(20), rng.integers(0, 5, 20)
    model = ns.SynapseModel("x : 1", on_pre="x += 1", initial={"x": values})
    net.project(e, e, ns.Edges(pre, post), synapse=model, delay=delays * 0.1 * ms, name="net")
    order = np.argsort(post, kind="stable")
    with ns.Simulation(net, engine=engine, threads=2, record=False) as sim:
        table = sim.synapses("net")
        np.testing.assert_array_equal(table["source"], pre[order])
        np.testing.assert_array_equal(table["target"], post[order])
        np.testing.assert_array_equal(table["delay"], delays[order])
        np.testing.assert_array_equal(sim.read("net", "x"), values[order])
        sim.write("net", "x", np.arange(20.0))
        np.testing.assert_array_equal(sim.read("net", "x"), np.arange(20.0))
        with pytest.raises(UnknownNameError, match="'y'"):
            sim.read("net", "y")
        with pytest.raises(UnknownNameError, match="nothing"):
            sim.synapses("nothing")


def test_every_rule_takes_a_synapse_model():
    rules = [
        ns.FixedTotalNumber(30),
        ns.Bernoulli(0.5, autapses=False),
        ns.AllToAll(),
        ns.OneToOne(),
        ns.Edges([0, 5], [1, 1]),
        ns.FixedInDegree(3),
        ns.FixedOutDegree(2),
    ]
    model = ns.SynapseModel("x : 1", on_pre="x += 1", initial={"x": ns.Normal(1, 0.1)})
    tables = {}
    for engine in ("native", "brian2"):
        net, e = network()
        for k, rule in enumerate(rules):
            delay = ns.Uniform(0.1 * ms, 1 * ms)
            net.project(e, e, rule, synapse=model, delay=delay, name=f"rule{k}")
        with ns.Simulation(net, engine=engine, threads=2, record=False) as sim:
            names = [f"rule{k}" for k in range(len(rules))]
            tables[engine] = {n: (sim.synapses(n), sim.read(n, "x")) for n in names}
    for name, (table, x) in tables["brian2"].items():
        np.testing.assert_array_equal(tables["native"][name][0], table)
        np.testing.assert_array_equal(tables["native"][name][1], x)
        assert np.unique(x).size == x.size


def test_the_model_is_described():
    _, made = project(ns.SynapseModel("x : 1", on_pre="x += 1", name="mine"))
    assert made.describe()["synapse"]["name"] == "mine"
    assert made.describe()["synapse"]["on_pre"] == {"pre": "x += 1"}
    assert "mine" in repr(made.synapse.model)


def test_calling_a_model_changes_values_only():
    model = ns.SynapseModel("x : 1", on_pre="x += p", parameters={"p": 1.0}, initial={"x": 0.0})
    other = model(p=2.0, x=3.0)
    assert other.parameters["p"].content == 2.0
    assert other.initial["x"].content == 3.0
    assert model.parameters["p"].content == 1.0
    with pytest.raises(UnknownNameError, match="'q'"):
        model(q=1.0)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_nan_ends_networks_that_run_in_step(threads):
    """One thread stops in the middle of a step; the others must not wait for it."""
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        "dv/dt = (sqrt(limit - v) + total)/second : 1\nlimit : 1\ntotal : 1",
        parameters={"limit": np.array([2.0, 2.0, 0.1, 2.0, 2.0, 2.0])},
        method="euler",
    )
    e = net.population("E", 6, model)
    every = ns.SynapseModel("total_post = v_pre + 10 : 1 (summed)")
    net.project(e, e, ns.AllToAll(), synapse=every)
    with pytest.raises(NumericalError) as caught:
        ns.simulate(net, 50 * ms, engine="native", threads=threads)
    assert (caught.value.population, caught.value.variable, caught.value.neuron) == ("E", "v", 2)
