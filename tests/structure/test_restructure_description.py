"""What may be restructured, what is refused by name, and what a recording tells of it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import neurosim as ns
from neurosim.cli.info import command as info
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    RecordingError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.lowering.digest import network_digest
from neurosim.units import Hz, ms, mV, pA

FOUR = ns.FixedInDegree(4)
REWIRE = ns.plasticity.rewire(weakest=1)


def network(rule=FOUR, seed=1, **given):
    net = ns.Network(seed=seed)
    model = ns.NeuronModel(
        "dv/dt = (16*mV - v)/(10*ms) : volt\ndz/dt = 0*Hz : 1\nq : volt",
        threshold="v > 15*mV",
        reset="v = 0*mV",
        initial={"v": "15*mV*rand()", "z": "6*rand()"},
    )
    e = net.population("E", 20, model)
    given = {"weight": 0.1 * mV, "delay": ns.Uniform(1 * ms, 2 * ms)} | given
    net.project(e, e, rule, "v", name="E-E", **given)
    net.project(net.spike_source("in", times=[] * ms, ids=[], size=5), e, ns.AllToAll(), "v",
                weight=1 * mV, delay=1 * ms, name="in-E")  # fmt: skip
    return net


def run(net, until=30, **options):
    with ns.Simulation(net, dt=0.1 * ms, threads=1, **options) as sim:
        sim.run(until * ms)
        return sim.synapses("E-E")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("E-F", REWIRE), UnknownNameError, "unknown projection 'E-F'.*Did you mean 'E-E'"),
        (("E-E", "rewire"), DescriptionError, "'rewire' is no rule. Give ns.plasticity.rewire"),
        (("E-E", ns.plasticity.rewire), DescriptionError, "cannot be called with one argument"),
        (("E-E", ns.plasticity.rewire(weakest=1, by="c")), UnknownNameError, "variable 'c'"),
        (("E-E", ns.plasticity.rewire(below=1 * pA)), DimensionError, "below has the unit A"),
        (("E-E", ns.plasticity.grow_and_prune("z", "zz")), UnknownNameError, "variable 'zz'"),
        (("E-E", ns.plasticity.grow_and_prune("z", "q")), DescriptionError, "'q' has a unit"),
        (("in-E", ns.plasticity.grow_and_prune("z", "z")), DescriptionError, "'in', a spike sourc"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, words):
    net = network()
    with pytest.raises(error, match=words):
        net.restructure(*arguments, every=1 * ms)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"every": 0 * ms}, DescriptionError, "every is .*; it must be > 0"),
        ({"every": 1 * mV}, DimensionError, "every has the unit V"),
        ({"every": 1 * ms, "start": -1 * ms}, DescriptionError, "start is .*0 or more"),
        ({"every": 1.05 * ms}, DescriptionError, "every of 1.05 ms is not a multiple of dt"),
        ({"every": 1 * ms, "weight": 1 * pA}, DimensionError, "new weight has the unit A"),
        ({"every": 1 * ms, "weight": 1 * mV}, DescriptionError, "all its synapses have one weig"),
        ({"every": 1 * ms, "delay": -1 * ms}, DescriptionError, "delay -0.001 s is negative"),
        ({"every": 1 * ms, "delay": 3 * ms}, DescriptionError, "new delays go from 3 to 3 ms"),
    ],
)
def test_times_weights_and_delays_are_checked(given, error, words):
    with pytest.raises(error, match=words):
        restructured(**given)


def restructured(**given):
    net = network()
    net.restructure("E-E", REWIRE, **given)
    return run(net, record=False)


def test_one_rule_for_a_projection():
    net = network()
    net.restructure("E-E", REWIRE, every=1 * ms)
    with pytest.raises(DescriptionError, match="it has a rule already"):
        net.restructure("E-E", REWIRE, every=1 * ms)


def test_events_other_than_spikes_are_refused():
    net = network()
    burst = ns.NeuronModel(
        "x : 1", threshold="x > 1", reset="x = 0", events={"burst": "x > 0.5"}, name="bursting"
    )
    b = net.population("B", 3, burst)
    model = ns.SynapseModel(on_pre="x_post += 1", events={"pre": "burst"})
    net.project(b, b, ns.AllToAll(), synapse=model, name="B-B")
    net.restructure("B-B", lambda now: ns.StructureChange(), every=1 * ms)
    with pytest.raises(UnsupportedError, match=r"'pre' listens to the event 'burst'.*event_source"):
        ns.lower(net, 0.1 * ms)


def test_brian2_refuses_by_name():
    net = network()
    net.restructure("E-E", REWIRE, every=1 * ms)
    with pytest.raises(UnsupportedError, match="synapses of 'E-E' come and go, Brian2's cannot"):
        run(net, engine="brian2")


def change(**given):
    return lambda now: ns.StructureChange(**given)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda now: None, "the rule of 'E-E' answered NoneType"),
        (change(delete=np.ones(3, bool)), "delete has the shape .3,.; a mask has one entry for"),
        (change(delete=[80]), "delete goes from 80 to 80; it must be from 0 to 79"),
        (change(delete=[0.5]), "delete must be a row of integers"),
        (change(source=[1]), "1 sources and 0 targets"),
        (change(source=[20], target=[0]), "source goes from 20 to 20; it must be from 0 to 19"),
        (change(source=[1], target=[0], delay=[10.5]), "whole numbers of steps"),
        (change(source=[1], target=[0], delay=[1, 2]), "delay must be one number or 1 of them"),
        (
            change(source=[1], target=[0], values={"c": 1}),
            "unknown variable of single synapses 'c'",
        ),
        (change(post={"z": [1, 2]}), "'z' must be one number or 20 of them"),
        (change(post={"z": np.nan}), "must be finite"),
        (lambda now: ns.StructureChange(now.words([0], 0, 128)), "asks for stream 128"),
    ],
)
def test_wrong_answers_are_refused(rule, words):
    net = network()
    net.restructure("E-E", rule, every=1 * ms)
    with pytest.raises(DescriptionError, match=words):
        run(net, record=False)


def test_listed_values_need_a_rule_that_gives_them():
    edges = ns.Edges([0, 1, 2], [3, 4, 5])
    given = {"weight": [1, 2, 3] * mV, "delay": [1, 1, 2] * ms}
    added = {"source": [7], "target": [7]}
    for more, words in (({}, "delay is listed"), ({"delay": [10]}, "'w' is listed")):
        net = network(edges, **given)
        net.restructure("E-E", change(**added, **more), every=20 * ms)
        with pytest.raises(DescriptionError, match=words):
            run(net, record=False)
    net = network(edges, **given)
    net.restructure("E-E", change(**added, delay=[10], values={"w": 4e-3}), every=20 * ms)
    assert run(net, record=False).tolist()[-1] == (7, 7, 10)
    net = network(edges, **given)
    net.restructure("E-E", change(**added), every=20 * ms, weight=1 * mV, delay=2 * ms)
    assert run(net, record=False).tolist()[-1] == (7, 7, 20)


def test_new_weights_keep_to_their_bounds():
    """As they are then: the bound may have been written while running."""
    rule = ns.PlasticityRule(
        on_pre="target_post += w; w = w + eta*w_max",
        bounds={"w": (0 * mV, "w_max")},
        parameters={"w_max": 1 * mV, "eta": 0.0},
    )
    net = network(synapse=rule, weight=0.5 * mV)
    net.restructure("E-E", change(source=[1], target=[2], values={"w": 1.5e-3}), every=10 * ms)
    with ns.Simulation(net, dt=0.1 * ms, threads=1, record=False) as sim:
        sim.run(10 * ms)
        sim.write("E-E", "w_max", 2 * mV)
        sim.run(10 * ms)
        assert sim.read("E-E", "w").max() == 1.5e-3
        sim.write("E-E", "w_max", 1 * mV)
        with pytest.raises(DescriptionError, match=r"outside|bounds"):
            sim.run(10 * ms)


def test_a_rule_that_changes_nothing_leaves_the_network_as_it_is(tmp_path):
    """A plain projection becomes one with a model; spikes stay the same."""
    digests = []
    for restructured in (False, True):
        net = network()
        if restructured:
            net.restructure("E-E", change(), every=1 * ms)
        output = tmp_path / f"{restructured}.h5"
        with ns.Simulation(net, dt=0.1 * ms, threads=1, output=output) as sim:
            sim.run(100 * ms)
        digests.append(ns.read(output).spikes_sha256())
    assert digests[0] == digests[1]


def test_neurons_are_written_and_views_keep_to_their_neurons():
    net = network()
    e = net.populations["E"]
    net.project(e[3:9], e[[2, 5, 11]], ns.FixedInDegree(2), "v", weight=0.1 * mV, delay=1 * ms,
                name="part")  # fmt: skip
    seen = {}

    def rule(now):
        seen["ids"] = now.sources.tolist(), now.targets.tolist()
        seen["z"] = now.pre("z"), now.post("z")
        seen["own"] = now.own_sources.tolist()
        pre = {"z": np.arange(6.0)}
        return ns.StructureChange([0], [5], [2], pre=pre, post={"z": [7.0, 8.0, 9.0]})

    net.restructure("part", rule, every=10 * ms)
    with ns.Simulation(net, dt=0.1 * ms, record=False) as sim:
        before = sim.read("E", "z")
        sim.run(15 * ms)
        z, table = sim.read("E", "z"), sim.synapses("part")
    assert seen["ids"] == ([3, 4, 5, 6, 7, 8], [2, 5, 11])
    assert seen["own"] == [-1, 2, -1]
    np.testing.assert_array_equal(seen["z"][0], before[3:9])
    np.testing.assert_array_equal(seen["z"][1], before[[2, 5, 11]])
    expected = before.copy()
    expected[3:9] = np.arange(6)
    expected[[2, 5, 11]] = 7, 8, 9
    np.testing.assert_array_equal(z, expected)
    assert np.bincount(table["target"], minlength=12)[[2, 5, 11]].tolist() == [1, 2, 3]
    assert table["source"][-1] == 8


def grown(net):
    rule = ns.plasticity.grow_and_prune("z", "z", vacant_loss=0)
    net.restructure("E-E", rule, every=5 * ms, start=0 * ms)
    return net


def test_a_recording_tells_what_came_and_went(tmp_path):
    output = tmp_path / "run.h5"
    table = run(grown(network()), 12, output=output)
    recorded = ns.read(output)
    trace = recorded.structure("E-E")
    np.testing.assert_array_equal(trace.times_ms, [0, 0, 5, 10])
    assert trace.n_synapses[0] == 80 == recorded.synapse_counts["E-E"]
    assert trace.n_synapses[-1] == table.size < 80
    np.testing.assert_array_equal(np.diff(trace.n_synapses), (trace.created - trace.deleted)[1:])
    np.testing.assert_allclose(trace.density, trace.n_synapses / 400)
    np.testing.assert_allclose(trace.C_eff, (trace.n_synapses + 100) / 400)  # and from the source
    whole = recorded.structure()
    np.testing.assert_array_equal(whole.n_synapses, trace.n_synapses + 100)
    assert recorded.metrics().C_eff == trace.C_eff[0]
    told = CliRunner().invoke(info, [str(output), "--json"])
    assert json.loads(told.output)["structure"]["E-E"]["n_synapses"] == table.size
    assert "synapses that come and go" in CliRunner().invoke(info, [str(output)]).output
    recorded.plot("structure", tmp_path / "structure.png")
    assert (tmp_path / "structure.png").stat().st_size > 10_000
    with pytest.raises(UnknownNameError, match="unknown restructured projection 'in-E'"):
        recorded.structure("in-E")


def test_a_recording_without_structural_plasticity_says_so(tmp_path):
    output = tmp_path / "run.h5"
    with ns.Simulation(network(), dt=0.1 * ms, threads=1, output=output) as sim:
        sim.run(1 * ms)
    with pytest.raises(RecordingError, match=r"no projection of .* has structural plasticity"):
        ns.read(output).structure()


def test_what_tells_networks_apart():
    """Checkpoints and ranks compare digests: rules, times and a function's text count."""
    made = [network()]
    for rule in (REWIRE, ns.plasticity.rewire(weakest=2), ns.plasticity.grow_and_prune("z", "z")):
        made.append(network())
        made[-1].restructure("E-E", rule, every=1 * ms)
    made.append(network())
    made[-1].restructure("E-E", REWIRE, every=2 * ms)
    for n in (0, 1):
        made.append(network())
        made[-1].restructure("E-E", (first, second)[n], every=1 * ms)
    assert len({network_digest(net) for net in made}) == len(made)
    assert network_digest(grown(network())) == network_digest(grown(network()))
    account = made[1].describe()["restructurings"]
    assert account == [
        {"rule": "rewire", "by": "w", "below": None, "weakest": 1, "probability": 1.0}
        | {"projection": "E-E", "every": 0.001}
    ]
    assert json.loads(json.dumps(account)) == account


def first(now):
    return ns.StructureChange()


def second(now):
    return ns.StructureChange([0])


def test_a_rate_of_change_with_poisson_inputs_is_the_same_for_any_chunks():
    """Runs of several lengths, as a user may cut them, change synapses at the same steps."""
    tables = []
    for lengths in ((30,), (5, 5, 20), (0.1, 12.3, 17.6)):
        net = network(weight=ns.Uniform(0 * mV, 1 * mV))
        net.poisson(net.populations["E"], "v", rate=300 * Hz, weight=2 * mV)
        net.restructure("E-E", ns.plasticity.rewire(weakest=1), every=5 * ms)
        with ns.Simulation(net, dt=0.1 * ms, threads=1, record=False) as sim:
            for length in lengths:
                sim.run(length * ms)
            tables.append(sim.synapses("E-E"))
    np.testing.assert_array_equal(tables[1], tables[0])
    np.testing.assert_array_equal(tables[2], tables[0])
