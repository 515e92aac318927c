"""Populations, projections, inputs and recorders are checked when they are declared."""

import json

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError
from neurosim.units import Hz, ms, mV, nS, pA, second


@pytest.fixture
def net():
    return ns.Network(seed=3)


@pytest.fixture
def e(net):
    return net.population("E", 80, ns.models.lif_curr_exp())


@pytest.fixture
def i(net):
    return net.population("I", 20, ns.models.lif_curr_exp())


GOOD = {"weight": 20 * pA, "delay": 1.5 * ms}


def refused(error, words, function, *arguments, **options):
    with pytest.raises(error) as caught:
        function(*arguments, **options)
    for word in words:
        assert word in str(caught.value)


def test_lists_give_one_projection_for_each_pair(net, e, i):
    made = net.project([e, i], [e, i], ns.FixedTotalNumber(10), "I_syn", **GOOD)
    assert [p.name for p in made] == ["E->E", "E->I", "I->E", "I->I"]
    again = net.project(e, i, ns.OneToOne() if e.size == i.size else ns.AllToAll(), "I_syn", **GOOD)
    assert again.name == "E->I:2"


def test_views_are_contiguous_slices(e):
    assert (e[10:30].start, e[10:30].size, e[10:30].label) == (10, 20, "E[10:30]")
    assert (e[-1].start, e[-1].size) == (79, 1)
    assert (e[10:30][5:].start, e[10:30][5:].size) == (15, 15)
    refused(DescriptionError, ["step -2", "order"], e.__getitem__, slice(10, 0, -2))
    refused(DescriptionError, ["'E'", "80"], e.__getitem__, 80)
    refused(DescriptionError, ["empty"], e.__getitem__, slice(5, 5))
    refused(DescriptionError, ["ascending", "Edges"], e.__getitem__, [2, 1])
    refused(DescriptionError, ["E[10:30]"], e[10:30].__getitem__, 20)


@pytest.mark.parametrize("size", [0, -1, 2.5, "3", None, True, 2**31])
def test_sizes_are_positive_whole_numbers(net, size):
    refused(DescriptionError, ["'P'"], net.population, "P", size, ns.models.lif_delta())


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "é", "-a", "a b", "a\n", "x" * 200, 3, None])
def test_names_are_letters_digits_and_dashes(net, name):
    refused(DescriptionError, ["name"], net.population, name, 5, ns.models.lif_delta())
    refused(DescriptionError, ["name"], net.spike_source, name, times=[1] * ms, ids=[0])


def test_names_are_unique(net, e):
    refused(DescriptionError, ["'E'", "unique"], net.population, "E", 5, ns.models.iaf())
    refused(DescriptionError, ["'E'"], net.spike_source, "E", times=[1] * ms, ids=[0])
    net.project(e, e, ns.AllToAll(), "I_syn", name="loop", **GOOD)
    for name in ("loop", "a/b"):
        with pytest.raises(DescriptionError, match=f"'{name}'"):
            net.project(e, e, ns.AllToAll(), "I_syn", name=name, **GOOD)


def test_a_model_not_called_is_named(net):
    refused(DescriptionError, ["Call it"], net.population, "P", 5, ns.models.lif_delta)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"weight": 20 * mV}, DimensionError, ["E->I", "weight", "A"]),
        ({"weight": 20}, DimensionError, ["weight", "amp"]),
        ({"weight": float("nan") * pA}, DescriptionError, ["weight", "nan"]),
        ({"weight": float("inf") * pA}, DescriptionError, ["weight", "inf"]),
        ({"weight": ns.Normal(1 * nS, 1 * nS)}, DimensionError, ["weight"]),
        ({"weight": [1, 2] * pA}, DescriptionError, ["weight", "Edges"]),
        ({"weight": "3*pAmp"}, DescriptionError, ["weight", "pAmp"]),
        ({"weight": None}, DescriptionError, ["weight"]),
        ({"delay": -1 * ms}, DescriptionError, ["delay", "negative", "E->I"]),
        ({"delay": 1 * mV}, DimensionError, ["delay", "second"]),
        ({"delay": float("nan") * ms}, DescriptionError, ["delay", "nan"]),
        ({"delay": ns.Uniform(-3 * ms, -1 * ms)}, DescriptionError, ["delay"]),
        ({"variable": "I_sin"}, UnknownNameError, ["Did you mean 'I_syn'", "v"]),
        ({"variable": "tau_m"}, UnknownNameError, ["tau_m", "I_syn"]),
        ({"rule": ns.OneToOne()}, DescriptionError, ["80", "20", "OneToOne"]),
        ({"rule": ns.Edges([80], [0])}, DescriptionError, ["pre", "80"]),
        ({"rule": ns.Edges([0], [20])}, DescriptionError, ["post", "20"]),
        ({"rule": "all"}, DescriptionError, ["'all'", "AllToAll"]),
        ({"rule": ns.AllToAll}, DescriptionError, ["rule"]),
        (
            {"rule": ns.Edges([0, 1], [0, 1]), "weight": [1, 2, 3] * pA},
            DescriptionError,
            ["weight", "2 edges"],
        ),
        (
            {"rule": ns.Edges([0, 1], [0, 1]), "delay": [1, -2] * ms},
            DescriptionError,
            ["negative"],
        ),
    ],
)
def test_mistakes_in_projections_are_named(net, changes, error, words):
    e = net.population("E", 80, ns.models.lif_curr_exp())
    i = net.population("I", 20, ns.models.lif_curr_exp())
    given = {"rule": ns.FixedTotalNumber(10), "variable": "I_syn"} | GOOD | changes
    refused(error, words, net.project, e, i, **given)
    assert net.projections == []


def test_a_spike_source_has_no_variables(net, e):
    source = net.spike_source("in", times=[1, 2] * ms, ids=[0, 1])
    net.project(source, e, ns.AllToAll(), "I_syn", **GOOD)
    refused(DescriptionError, ["in"], net.project, e, source, ns.AllToAll(), "I_syn", **GOOD)
    refused(DescriptionError, ["spikes"], net.record, source, "v")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"times": [-1] * ms, "ids": [0]}, ["negative"]),
        ({"times": [1, 2] * ms, "ids": [0]}, ["2 times and 1 ids"]),
        ({"times": [1] * ms, "ids": [-1]}, ["negative index"]),
        ({"times": [1] * ms, "ids": [0.5]}, ["whole numbers"]),
        ({"times": [1] * ms, "ids": [5], "size": 5}, ["5", "0 to 4"]),
        ({"times": [float("nan")] * ms, "ids": [0]}, ["nan"]),
        ({"times": [] * ms, "ids": []}, ["size"]),
        ({"times": [1, 2] * mV, "ids": [0, 1]}, ["second"]),
    ],
)
def test_mistakes_in_spike_sources_are_named(net, arguments, words):
    refused(DescriptionError, words, net.spike_source, "in", **arguments)


def test_neurons_of_another_network_are_refused(net, e):
    other = ns.Network()
    given = (e, ns.AllToAll(), "I_syn")
    refused(DescriptionError, ["another network"], other.project, e, *given, **GOOD)
    refused(UnknownNameError, ["'F'", "Known: E"], net.project, "F", *given, **GOOD)
    refused(DescriptionError, ["int"], net.project, 3, *given, **GOOD)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"rate": -1 * Hz}, DescriptionError, ["rate", "negative"]),
        ({"rate": 1 * second}, DimensionError, ["rate"]),
        ({"rate": [1, 2] * Hz}, DescriptionError, ["2 values for 80"]),
        ({"indegree": -1}, DescriptionError, ["indegree"]),
        ({"indegree": float("nan")}, DescriptionError, ["indegree"]),
        ({"weight": 1 * mV}, DimensionError, ["weight"]),
        ({"variable": "x"}, UnknownNameError, ["I_syn"]),
    ],
)
def test_mistakes_in_poisson_inputs_are_named(net, e, changes, error, words):
    given = {"variable": "I_syn", "rate": 8 * Hz, "weight": 1 * pA} | changes
    refused(error, words, net.poisson, e, **given)


def test_recorders(net, e, i):
    net.record(e[:10], ["v", "I_syn"], every=1 * ms)
    net.record(e, "v")
    assert [r.name for r in net.recorders] == ["E.v", "E.I_syn", "E.v:2"]
    assert net.spikes_of == ("E", "I")
    net.record_spikes([i])
    assert net.spikes_of == ("I",)
    net.record(e, "spikes")
    assert net.spikes_of == ("E", "I")
    net.record_spikes([])
    assert net.spikes_of == ()
    refused(DescriptionError, ["slice"], net.record, e[:10], "spikes")
    refused(UnknownNameError, ["'w'", "spikes", "v"], net.record, e, "w")
    refused(UnknownNameError, ["'X'"], net.record_spikes, ["X"])
    refused(DescriptionError, ["every"], net.record, e, "v", every=0 * ms)
    refused(DimensionError, ["every"], net.record, e, "v", every=1 * mV)


def test_initial_values_are_checked(net):
    lif = ns.models.lif_delta()
    refused(DimensionError, ["'v'", "'P'"], net.population, "P", 3, lif, initial={"v": 1 * ms})
    refused(DescriptionError, ["2 values for 3"], net.population, "P", 3, lif, {"v": [1, 2] * mV})
    refused(UnknownNameError, ["E_l"], net.population, "P", 3, lif, {"v": "E_l + 1*mV"})
    refused(UnknownNameError, ["'u'"], net.population, "P", 3, lif, {"u": 1 * mV})
    refused(DescriptionError, ["nan"], net.population, "P", 3, lif, {"v": float("nan") * mV})


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "x"])
def test_seeds_are_64_bit(seed):
    refused(DescriptionError, ["seed"], ns.Network, seed)


def test_the_description_is_plain_json(net, e, i):
    net.project(e, i, ns.Bernoulli(0.1), "I_syn", weight=ns.Normal(1 * pA, 1 * pA), delay=1 * ms)
    net.project(e, i, ns.Edges([0], [1]), "I_syn", weight=[1] * pA, delay=[1] * ms)
    net.poisson(e, "I_syn", rate=np.arange(80) * Hz, weight=1 * pA)
    net.record(e, "v")
    text = json.dumps(net.describe(), allow_nan=False)
    account = json.loads(text)
    assert account["seed"] == 3
    assert account["projections"][0]["rule"] == {"rule": "bernoulli", "p": 0.1, "autapses": True}
    assert account["populations"][0]["model"]["parameters"]["tau_m"]["unit"] == "s"
