"""What plasticity rules must not lack, and how a bad one is named: the rule and the line."""

import json

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    EquationError,
    ExpressionError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.lowering.digest import network_digest
from neurosim.units import ms, mV, second

GOOD = {
    "equations": """
    dx/dt = -x/tau : 1 (event-driven)
    dy/dt = -y/tau : 1 (event-driven)
    dc/dt = -c/tau_c : 1 (clock-driven)
    """,
    "on_pre": "target_post += w\nx += 1\nw -= 0.01*w_max*y",
    "on_post": "y += 1\nw += 0.01*w_max*x\nc += x",
    "parameters": {"tau": 20 * ms, "tau_c": 1 * second, "w_max": 1 * mV},
    "bounds": {"w": (0 * mV, "w_max")},
    "eligibility": ["c"],
    "name": "mine",
}


def rule(**changes):
    return ns.PlasticityRule(**{**GOOD, **changes})


def with_line(number, line):
    """The equations with one line replaced, 1 to 3."""
    lines = GOOD["equations"].strip().split("\n")
    lines[number - 1] = line
    return "\n".join(lines)


def network(n=6):
    net = ns.Network(seed=2)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 10*mV", reset="v = 0*mV")
    return net, net.population("E", n, model)


def project(model, variable="v", rule=None, **given):
    net, e = network()
    given.setdefault("weight", 0.5 * mV)
    return net, net.project(e, e, rule or ns.AllToAll(), variable, synapse=model, **given)


BAD = [
    # an unknown name, in an equation, a statement, a bound, what is learnt, an eligibility trace
    ({"equations": with_line(2, "dy/dt = -y/tau_y : 1 (event-driven)")}, UnknownNameError,
     ["line 2", "dy/dt = -y/tau_y", "tau_y", "tau"]),
    ({"on_post": "y += 1\nw += 0.01*w_max*z\nc += x"}, UnknownNameError,
     ["on_post, line 2", "w += 0.01*w_max*z", "'z'"]),
    ({"on_pre": "target_post += w\nxx += 1"}, UnknownNameError, ["on_pre, line 2", "'xx'"]),
    ({"bounds": {"w": (0 * mV, "w_mux")}}, UnknownNameError, ["bounds", "w_mux", "w_max"]),
    ({"bounds": GOOD["bounds"] | {"v": None}}, UnknownNameError, ["bounds", "'v'"]),
    ({"learns": ["w", "q"]}, UnknownNameError, ["learns", "'q'"]),
    ({"eligibility": ["e"]}, UnknownNameError, ["eligibility", "'e'", "Known"]),
    # a learnt variable without bounds
    ({"bounds": {}}, DescriptionError,
     ["on_pre, line 3", "w -= 0.01*w_max*y", "no bounds", "None"]),
    ({"learns": ["w", "c"]}, DescriptionError, ["on_post, line 3", "c += x", "'c'"]),
    ({"learns": []}, DescriptionError, ["learns is empty", "SynapseModel"]),
    ({"bounds": {"w": (1 * mV, 0 * mV)}}, DescriptionError, ["low (0.001 V)", "high (0.0 V)"]),
    ({"bounds": {"w": 3 * mV}}, DescriptionError, ["(low, high)"]),
    ({"bounds": [0, 1]}, DescriptionError, ["dict"]),
    ({"bounds": {"w": (0 * mV, "sin(w_max)")}}, ExpressionError, ["sin(w_max)"]),
    # Dale's law
    ({"sign": "excitatory", "bounds": {"w": (-1 * mV, "w_max")}}, DescriptionError,
     ["on_pre, line 3", "excitatory", "-0.001 V", "change sign"]),
    ({"sign": "inhibitory"}, DescriptionError, ["line 3", "inhibitory", "change sign"]),
    ({"sign": "excitatory", "bounds": {"w": None}}, DescriptionError, ["line 3", "lower"]),
    ({"sign": "inhibitory", "bounds": {"w": (-1 * mV, None)}}, DescriptionError, ["upper"]),
    ({"sign": "exc"}, DescriptionError, ["'exc'", "'excitatory'"]),
    # an eligibility trace that does not decay
    ({"equations": with_line(3, "dc/dt = 1/tau_c : 1 (clock-driven)")}, EquationError,
     ["line 3", "does not decay", "dc/dt = -c/tau"]),
    ({"equations": with_line(3, "dc/dt = c/tau_c : 1 (clock-driven)")}, EquationError,
     ["line 3", "does not decay", "1/s times itself"]),
    ({"equations": with_line(3, "c : 1\nk = tau_c : second")}, EquationError,
     ["line 3", "no differential"]),
    # event-driven equations that are not linear
    ({"equations": with_line(1, "dx/dt = -x**2/tau : 1 (event-driven)")}, EquationError,
     ["line 1", "dx/dt = -x**2/tau", "not linear", "clock-driven"]),
    ({"equations": with_line(2, "dy/dt = -x*y/tau : 1 (event-driven)")}, EquationError,
     ["line 2", "'y'", "not linear"]),
    ({"equations": with_line(2, "dy/dt = -rate*y : 1 (event-driven)\nrate = x/tau : Hz")},
     EquationError, ["line 2", "not linear"]),
    ({"equations": with_line(2, "dy/dt = -y*t/tau**2 : 1 (event-driven)")}, EquationError,
     ["line 2", "time t"]),
    # syntax, units, names that are taken
    ({"equations": with_line(2, "dy/dt = -y/ : 1 (event-driven)")}, ExpressionError, ["line 2"]),
    ({"equations": with_line(2, "dy/dt = -y/tau : nonsense (event-driven)")}, EquationError,
     ["line 2"]),
    ({"equations": with_line(2, "dy/dt = -y/tau : 10**400 (event-driven)")}, EquationError,
     ["line 2", "not a unit"]),
    ({"equations": with_line(2, "dy/dt = -y/tau : 1")}, EquationError,
     ["line 2", "clock-driven"]),
    ({"equations": with_line(2, "dy/dt = -y/tau : 1 (shared)")}, UnsupportedError, ["line 2"]),
    ({"equations": with_line(2, "learning : 1")}, EquationError, ["line 2", "known by itself"]),
    ({"on_pre": "target_post += w\nlearning = 0"}, EquationError,
     ["on_pre, line 2", "sim.learning"]),
    ({"parameters": GOOD["parameters"] | {"learning": 0}}, DescriptionError, ["project()"]),
    ({"equations": GOOD["equations"] + "\nw_low : 1"}, DescriptionError, ["w_low", "Rename"]),
    ({"on_pre": "target_post + w"}, EquationError, ["on_pre, line 1", "not a statement"]),
    ({"source": 3}, DescriptionError, ["source"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "words"), BAD)
def test_bad_rules_are_named_with_their_line(changes, error, words):
    with pytest.raises(error) as caught:
        rule(**changes)
    for word in ["plasticity rule 'mine'", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "given", "error", "words"),
    [
        ({"on_post": "y += 1\nw += 0.01*x"}, {}, DimensionError, ["on_post, line 2", "'w'"]),
        ({"bounds": {"w": (0, 1)}}, {}, DimensionError, ["bounds of 'w'", "V"]),
        ({}, {"weight": 2 * mV}, DescriptionError, ["weight: 0.002 V", "[0.0 V, 0.001 V]"]),
        ({}, {"weight": ns.Normal(0.5 * mV, 0.1 * mV)}, DescriptionError, ["-inf", "low and high"]),
        ({}, {"weight": ns.Uniform(0.5 * mV, 1.5 * mV)}, DescriptionError, ["0.0015 V"]),
        (
            {},
            {"rule": ns.Edges([0, 1], [1, 0]), "weight": [0.5, -0.1] * mV},
            DescriptionError,
            ["-0.0001 V"],
        ),
        (
            {"bounds": {"w": (None, None)}, "sign": None, "learns": ["w", "c"]},
            {},
            DescriptionError,
            ["'c' is learnt"],
        ),
        (
            {"bounds": GOOD["bounds"] | {"c": (1, 2)}},
            {},
            DescriptionError,
            ["'c' at t = 0: 0.0 is outside"],
        ),
        (
            {"parameters": GOOD["parameters"] | {"w_max": ns.Uniform(1 * mV, 2 * mV)}},
            {},
            DescriptionError,
            ["'w_max' differs from synapse to synapse"],
        ),
        ({}, {"learning": 2}, DescriptionError, ["learning is 2"]),
    ],
)
def test_projections_with_bad_rules_are_named(changes, given, error, words):
    with pytest.raises(error) as caught:
        project(rule(**changes), **given)
    for word in ["mine" if "learning" not in given else "E->E", *words]:
        assert word in str(caught.value)


def test_expressions_outside_the_bounds_are_refused_when_they_are_known():
    net, _ = project(rule(), weight="0.5*mV + 0.1*mV*i")
    ns.lower(net, 0.1 * ms)
    net, _ = project(rule(), weight="0.9*mV + 0.1*mV*i")
    with pytest.raises(DescriptionError, match=r"'w' at t = 0: 0.0014\d* V is outside"):
        ns.lower(net, 0.1 * ms)
    model = rule(bounds=GOOD["bounds"] | {"c": (0, 1)}, initial={"c": "i/4"})
    net, _ = project(model)
    with pytest.raises(DescriptionError, match=r"'c' at t = 0: 1\.25 is outside"):
        ns.lower(net, 0.1 * ms)


def test_bounds_hold_for_weights_that_nothing_changes():
    fixed = ns.SynapseModel(on_pre="target_post += w", bounds={"w": (0 * mV, 1 * mV)})
    project(fixed, weight=1 * mV, delay=1 * ms)
    with pytest.raises(DescriptionError, match=r"0\.002 V is outside"):
        project(fixed, weight=2 * mV, delay=1 * ms)


def test_weights_of_a_file_are_checked(tmp_path):
    net, e = network()
    net.project(e, e, ns.AllToAll(), "v", weight=0.5 * mV, delay=1 * ms)
    ns.write_sonata_edges(net, tmp_path / "edges.h5", 0.1 * ms)
    edges = ns.Edges.from_sonata(tmp_path / "edges.h5")
    made = project(rule(sign="excitatory"), rule=edges, weight=None)[1]
    assert made.weight.max() == pytest.approx(0.5e-3)
    with pytest.raises(DescriptionError, match="outside its bounds"):
        project(rule(bounds={"w": (0 * mV, 0.4 * mV)}), rule=edges, weight=None)


EVERY_STEP = [
    ("dx/dt = -x/second : 1 (event-driven)\nz_post = x : 1 (summed)", "line 2"),
    ("dx/dt = -x/second : 1 (clock-driven)\ndy/dt = x/second : 1 (event-driven)", "line 2"),
    ("dx/dt = -x**2/second : 1 (event-driven)", "line 1"),
]


@pytest.mark.parametrize(("equations", "line"), EVERY_STEP)
def test_lines_are_named_when_a_model_is_lowered(equations, line):
    net = ns.Network(seed=1)
    e = net.population("E", 3, ns.NeuronModel("dv/dt = -v/second : 1\nz : 1"))
    model = ns.SynapseModel(equations, on_pre="x += 1", name="mine")
    net.project(e, e, ns.AllToAll(), synapse=model)
    with pytest.raises(EquationError) as caught:
        ns.lower(net, 0.1 * ms)
    assert "mine" in str(caught.value)
    assert line in str(caught.value)


@pytest.mark.parametrize("weight", [0.5 * mV, ns.Uniform(0 * mV, 1 * mV)])
def test_weights_of_the_wrong_sign_are_refused(weight):
    inhibitory = rule(bounds={"w": (None, 0 * mV)}, sign="inhibitory")
    project(inhibitory, weight=-0.5 * mV)
    with pytest.raises(DescriptionError, match=r"outside its bounds|inhibitory"):
        project(inhibitory, weight=weight)
    excitatory = rule(bounds={"w": (0 * mV, None)}, sign="excitatory")
    project(excitatory, weight=weight)


def test_a_learnt_weight_needs_no_declaration():
    for variable, weight in (("v", 0.5 * mV), ("u", 0.5)):
        net = ns.Network(seed=1)
        model = ns.NeuronModel("dv/dt = -v/second : volt\ndu/dt = -u/second : 1")
        e = net.population("E", 3, model)
        learner = ns.SynapseModel(
            on_pre="target_post += w; w *= 1.1", bounds={"w": (0 * weight, 2 * weight)}
        )
        made = net.project(e, e, ns.AllToAll(), variable, synapse=learner, weight=weight)
        assert made.synapse.dims["w"] == e.model.declared.dims[variable]
        assert ns.lower(net, 0.1 * ms).projections[0].synapse.code.variable("w").role == "state"


def test_what_is_not_learnt_cannot_be_switched():
    net, e = network()
    with pytest.raises(DescriptionError, match=r"learns nothing.*learns=\['w'\]"):
        net.project(e, e, ns.AllToAll(), synapse=ns.SynapseModel("x : 1", on_pre="x += 1"),
                    learning=False)  # fmt: skip
    with pytest.raises(DescriptionError, match="nothing is learnt"):
        net.project(e, e, ns.AllToAll(), "v", weight=1 * mV, delay=1 * ms, learning=False)


def test_calling_a_rule_checks_its_new_values():
    mine = rule(sign="excitatory")
    other = mine(w_max=2 * mV)
    assert isinstance(other, ns.PlasticityRule)
    assert project(other, weight=1.5 * mV)[1].synapse.limits["w"].highest == 0.002
    with pytest.raises(DescriptionError, match="below high"):
        mine(w_max=-1 * mV)


def test_bounds_are_made_of_shared_parameters():
    limits = project(rule(bounds={"w": ("-2*w_max", "0.5*w_max + 1*mV")}))[1].synapse.limits
    assert (limits["w"].lowest, limits["w"].highest) == (-0.002, 0.0015)
    one_sided = project(rule(bounds={"w": (None, "w_max")}))[1].synapse.limits
    assert (one_sided["w"].lowest, one_sided["w"].highest) == (-np.inf, 0.001)
    assert project(rule(bounds={"w": None}))[1].synapse.limits == {}


def test_a_rule_is_described_and_told_apart():
    mine = rule(sign="excitatory", source="Somebody 2000")
    account = json.loads(json.dumps(project(mine)[1].describe()))["synapse"]
    assert account["bounds"] == {"w": ["0.0 V", "w_max"]}
    assert (account["learns"], account["sign"]) == (["w"], "excitatory")
    assert (account["eligibility"], account["source"]) == (["c"], "Somebody 2000")
    assert "mine" in repr(mine)
    networks = [
        project(rule())[0],
        project(rule(), learning=False)[0],
        project(rule(bounds={"w": (0 * mV, 1 * mV)}))[0],
        project(rule(bounds={"w": (0 * mV, 2 * mV)}))[0],
        project(rule(bounds={"w": None}))[0],
        project(rule(bounds=GOOD["bounds"] | {"x": (0, 5)}, learns=["w", "x"]))[0],
    ]
    assert len({network_digest(net) for net in networks}) == len(networks)
    assert network_digest(project(rule())[0]) == network_digest(networks[0])


def test_inhibition_and_units_in_texts():
    mine = ns.PlasticityRule(
        on_post="w += eta*(0.5*mV - w)",
        parameters={"eta": 0.1},
        bounds={"w": ("0*mV", "2*mV")},
        name="relaxing",
    )
    assert project(mine)[1].synapse.limits["w"].highest == 0.002
    with pytest.raises(UnsupportedError, match="GSL"):
        rule(method="gsl")
