"""Models are checked when they are declared: names, dimensions, flags, and what is refused."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    EquationError,
    ExpressionError,
    NeurosimError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.lowering.expressions import evaluate
from neurosim.units import Hz, ms, mV, nS, pA, pF, volt

LIF = "dv/dt = (E_L - v)/tau_m + I/C_m : volt (unless refractory)\ndI/dt = -I/tau_s : amp"
PARAMETERS = {"E_L": -65 * mV, "tau_m": 10 * ms, "C_m": 250 * pF, "tau_s": 1 * ms}

CIRCLE = {"tau_m": "tau_s", "tau_s": "tau_m"}


def model(equations=LIF, parameters=PARAMETERS, **changes):
    given = {"threshold": "v > -50*mV", "reset": "v = E_L", "refractory": 2 * ms} | changes
    return ns.NeuronModel(equations, parameters=parameters, **given)


def test_a_model_knows_its_parts():
    lif = model()
    assert lif.states == ("v", "I")
    assert lif.declared.unless_refractory == ("v",)
    assert lif.declared.refractory_kind == "duration"
    assert lif.describe()["parameters"]["tau_m"] == {"value": 0.01, "unit": "s"}


def test_calling_a_model_changes_values_of_a_copy_only():
    lif = model()
    other = lif(tau_m=20 * ms, E_L="-60*mV + 1*mV*randn()")
    assert other.parameters["tau_m"].content == pytest.approx(0.02)
    assert lif.parameters["tau_m"].content == pytest.approx(0.01)
    assert other.parameters["E_L"].content == "-60*mV + 1*mV*randn()"


def test_own_names_may_stand_on_continuation_lines_and_beside_comments():
    lif = model(
        """
        dv/dt = (E_L - v)/tau_m   # leak: the usual
                + I/C_m : volt (unless refractory)
        dI/dt = -I/tau_s : amp
        """
    )
    assert lif.states == ("v", "I")


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"parameters": PARAMETERS | {"tau_m": 10 * mV}}, DimensionError, ["'v'", "inconsistent"]),
        ({"parameters": PARAMETERS | {"C_m": 250 * nS}}, DimensionError, ["'v'"]),
        ({"threshold": "v > 3*ms"}, DimensionError, ["threshold"]),
        ({"threshold": "v"}, EquationError, ["threshold", "condition"]),
        ({"reset": "v = 3*ms"}, DimensionError, ["reset of 'v'", "V", "s"]),
        ({"reset": "V = E_L"}, UnknownNameError, ["'V'", "reset", "v"]),
        ({"reset": "v > E_L"}, EquationError, ["reset", "v = V_r"]),
        ({"reset": "v += 1*mV; I *= 2*mV"}, DimensionError, ["reset of 'I'"]),
        ({"reset": "tau_m = 1*ms"}, UnknownNameError, ["tau_m"]),
        ({"refractory": 2 * mV}, DimensionError, ["refractory", "second"]),
        ({"refractory": "2*mV"}, DimensionError, ["refractory", "second"]),
        ({"refractory": "v"}, DimensionError, ["refractory"]),
        ({"refractory": "I/pA"}, EquationError, ["neither a duration nor a condition"]),
        ({"refractory": -1 * ms}, DescriptionError, ["refractory", ">= 0"]),
        ({"refractory": None}, EquationError, ["unless refractory", "refractory=2*ms"]),
        ({"threshold": "v > V_thr"}, UnknownNameError, ["V_thr", "threshold"]),
        ({"method": "rk5"}, UnknownNameError, ["rk5", "rk4"]),
        ({"method": "gsl_rk8pd"}, UnsupportedError, ["GSL", "rk4"]),
        ({"parameters": PARAMETERS | {"tua": 1 * ms}}, UnknownNameError, ["tua", "nothing refers"]),
        ({"parameters": PARAMETERS | {"tau_m": float("nan") * ms}}, DescriptionError, ["tau_m"]),
        ({"parameters": PARAMETERS | {"tau_m": [1, float("inf")] * ms}}, DescriptionError, ["1"]),
        ({"parameters": PARAMETERS | {"tau_m": "10*ms*q"}}, UnknownNameError, ["'q'", "tau_m"]),
        ({"parameters": PARAMETERS | CIRCLE}, DescriptionError, ["circle"]),
        ({"parameters": PARAMETERS | {"v": 1 * mV}}, EquationError, ["'v'", "initial"]),
        ({"name": "my model"}, DescriptionError, ["my model"]),
        ({"initial": {"x": 1 * mV}}, UnknownNameError, ["'x'", "v"]),
        ({"initial": {"E_L": 1 * mV}}, DescriptionError, ["E_L", "parameter"]),
        ({"initial": {"v": 1 * ms}}, DimensionError, ["initial value of 'v'", "volt"]),
    ],
)  # fmt: skip
def test_mistakes_are_named(changes, error, words):
    with pytest.raises(error) as caught:
        model(**changes)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("equations", "error", "words"),
    [
        ("dv/dt = -v/tau_m + xi*mV : volt", DimensionError, ["'v'", "V"]),
        ("dv/dt = -v/tau_m + rand()*mV : volt", DimensionError, ["'v'", "V"]),
        ("dv/dt = -v/tau_m + poisson(1)*mV/ms : volt", UnsupportedError, ["poisson()"]),
        ("dv/dt = -v/tau_m : volt\nk : 1 (linked)", UnsupportedError, ["linked", "(summed)"]),
        ("dv/dt = -v/tau_m : volt\nk = v/mV : boolean", EquationError, ["'k'", "condition"]),
        ("dv/dt = -v/tau_m : volt\nk = 2*v : volt (shared)", EquationError, ["'k'", "'v'"]),
        ("dv/dt = -v/tau_m : volt\nk = i : 1 (shared)", EquationError, ["'k'", "'i'"]),
        (
            "dv/dt = -v/tau_m : volt\nk = rand() : 1 (shared, constant over dt)",
            UnsupportedError,
            ["'k'", "random", "TimedArray"],
        ),
        (
            "dv/dt = -v/tau_m : volt\nk = int(not_refractory) : 1 (constant over dt)",
            EquationError,
            ["not_refractory"],
        ),
        ("dv/dt = -v/tau_m : mV", EquationError, ["mV", "volt"]),
        ("dv/dt = -v/tau_m : volts", EquationError, ["volts"]),
        ("dv/dt = -v/tau_m volt", EquationError, []),
        ("dv/dt = -v/tau_m : volt\ndv/dt = v/tau_m : volt", EquationError, ["v"]),
        ("dv/dt = -q/tau_m : volt", UnknownNameError, ["'q'"]),
        ("dv/dt = -v*E_l/tau_m : volt", UnknownNameError, ["E_l", "Did you mean 'E_L'"]),
        ("dv/dt = -v/tau_m : volt\nmV : volt", EquationError, ["mV", "unit"]),
        ("dv/dt = -v/tau_m : volt\nexp : 1", EquationError, ["exp"]),
        ("dt/dt = -t/tau_m : volt", EquationError, ["'t'", "reserved"]),
        ("dv/dt = v*(1 < 2 < 3)/tau_m : volt", ExpressionError, ["and"]),
        ("dv/dt = -v/tau_m + foo(v)/ms : volt", ExpressionError, ["foo", "exp"]),
    ],
)
def test_what_equations_may_not_hold_is_named(equations, error, words):
    with pytest.raises(error) as caught:
        ns.NeuronModel(
            equations,
            reset="v = E_L",
            refractory=1 * ms,
            parameters={"tau_m": 10 * ms, "E_L": 1 * mV},
        )
    for word in words:
        assert word in str(caught.value)


def test_a_shared_parameter_takes_one_value():
    text = "dv/dt = -v/tau : volt\ntau : second (shared, constant)"
    assert ns.NeuronModel(text, parameters={"tau": 1 * ms}).states == ("v",)
    with pytest.raises(DescriptionError, match="shared"):
        ns.NeuronModel(text, parameters={"tau": "1*ms*(1 + rand())"})


def test_unknown_parameter_of_a_variant_lists_the_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'tau_m'"):
        model()(tau_mm=1 * ms)
    with pytest.raises(DimensionError, match="tau_m"):
        model()(tau_m=1 * Hz)


PLAIN = "dv/dt = (I(t) - v)/tau : volt\nk : integer\nb : boolean"
TABLE = ns.TimedArray([1, 2] * mV, dt=1 * ms)


def half(x):
    return x / 2


HALF = ns.Function(half, cpp="x/2", arg_units=[volt], return_unit=volt)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"parameters": {"I": TABLE}}, UnknownNameError, ["'tau'"]),
        ({"equations": PLAIN.replace("I(t)", "I")}, ExpressionError, ["'I'", "I(...)"]),
        ({"equations": PLAIN.replace("I(t)", "I(t, i)")}, ExpressionError, ["I"]),
        ({"equations": PLAIN.replace("I(t)", "I(v)")}, DimensionError, ["I"]),
        ({"equations": PLAIN.replace("I(t)", "I(t)/ms")}, DimensionError, ["'v'"]),
        ({"more": {"f": HALF}}, UnknownNameError, ["'f'", "nothing refers"]),
        ({"more": {"v": HALF}}, EquationError, ["'v'", "function"]),
        ({"more": {"exp": HALF}}, EquationError, ["'exp'"]),
        ({"events": {"e": "v"}}, EquationError, ["event 'e'", "condition"]),
        ({"events": {"e": "v > 1*ms"}}, DimensionError, ["event 'e'"]),
        ({"events": {"spike": "v > 1*mV"}}, DescriptionError, ["spike", "threshold"]),
        ({"events": {"e f": "v > 1*mV"}}, DescriptionError, ["e f"]),
        ({"events": {"e": "lastspike > 1*ms"}}, EquationError, ["event 'e'", "lastspike"]),
        ({"on_event": {"e": "v = 0*mV"}}, UnknownNameError, ["'e'", "on_event"]),
        (
            {"events": {"e": "v > 1*mV"}, "on_event": {"e": "tau = 1*ms"}},
            UnknownNameError,
            ["event 'e'", "tau"],
        ),
        (
            {"events": {"e": "v > 1*mV"}, "on_event": {"e": "k += int(not_refractory)"}},
            EquationError,
            ["event 'e'", "not_refractory"],
        ),
        ({"reset": "k = 1*mV"}, DimensionError, ["'k'"]),
        ({"reset": "b = k"}, EquationError, ["'b'", "condition"]),
        ({"reset": "b += 1"}, EquationError, ["'b'", "condition"]),
        ({"reset": "x = 2*v"}, UnknownNameError, ["'x'", "reset"]),
        ({"reset": "x += 2*v; v = x"}, UnknownNameError, ["'x'", "reset"]),
        ({"reset": "mV = v; v = mV"}, EquationError, ["mV", "unit"]),
        ({"reset": "x = 2; v = x"}, DimensionError, ["'v'"]),
    ],
)
def test_mistakes_with_functions_events_and_types_are_named(changes, error, words):
    parameters = {"I": TABLE, "tau": 1 * ms} | changes.pop("more", {})
    given = {"equations": PLAIN, "parameters": parameters, "reset": "v = 0*mV"}
    with pytest.raises(error) as caught:
        ns.NeuronModel(**(given | {"threshold": "v > 2*mV", "refractory": 1 * ms} | changes))
    for word in words:
        assert word in str(caught.value)


def test_what_functions_are_made_of_is_checked():
    with pytest.raises(DescriptionError, match="values"):
        ns.TimedArray([1, float("nan")] * mV, dt=1 * ms)
    with pytest.raises(DescriptionError, match="shape"):
        ns.TimedArray(np.zeros((2, 2, 2)) * mV, dt=1 * ms)
    with pytest.raises(DescriptionError, match="positive"):
        ns.TimedArray([1, 2] * mV, dt=0 * ms)
    with pytest.raises(DimensionError, match="dt"):
        ns.TimedArray([1, 2] * mV, dt=1 * mV)
    with pytest.raises(DescriptionError, match="callable"):
        ns.Function("x", arg_units=[1], return_unit=1)
    with pytest.raises(DescriptionError, match="cpp"):
        ns.Function(half, cpp=3, arg_units=[volt], return_unit=volt)


def test_variants_call_functions_of_the_same_kind():
    made = ns.NeuronModel(PLAIN, parameters={"I": TABLE, "tau": 1 * ms})
    assert made(I=ns.TimedArray([3] * mV, dt=2 * ms)).callees["I"].dt == 2e-3
    with pytest.raises(DescriptionError, match="'I' is a TimedArray"):
        made(I=HALF)
    with pytest.raises(DescriptionError, match="'I' is a function"):
        made(I=1 * mV)
    with pytest.raises(DimensionError, match="'I'"):
        made(I=ns.TimedArray([3], dt=2 * ms))
    with pytest.raises(UnknownNameError, match="'J'"):
        made(J=TABLE)


def test_integers_and_truth_values_are_whole_when_the_network_is_lowered():
    from neurosim.lowering.lower import lower

    made = ns.NeuronModel(PLAIN, parameters={"I": TABLE, "tau": 1 * ms})
    for initial, words in (({"k": "i/2"}, "'k'.*integer"), ({"b": "i"}, "'b'.*truth value")):
        net = ns.Network()
        net.population("E", 3, made, initial=initial)
        with pytest.raises(DescriptionError, match=words):
            lower(net, 0.1 * ms)


INJECTIONS = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "v.__class__",
    "v.real",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "getattr(v, 'x')",
    "lambda: v",
    "(lambda x: x)(v)",
    "[x for x in (1, 2)]",
    "{'a': 1}",
    "'a string'",
    'f"{v}"',
    "v if v else E_L",
    "v; import os",
    "v\nimport os",
    "v } ; system(\"true\"); {",
    "v); std::abort(); (",
    "v /* */",
    "v // 1 \n #include <cstdlib>",
    "__builtins__",
    "_private",
    "v @ v",
    "v << 2",
    "v[0]",
    "*v",
    "v := 3",
    "yield v",
    "exp(x=v)",
    "exp(*v)",
    "9**9**9**9",
    "2**100000",
    "v*1e999",
    "0x41()",
    "b'a'",
    "(" * 500 + "v" + ")" * 500,
    "-" * 1000 + "v",
    "v" + " + v" * 10000,
    "None",
    "...",
    "1j*v",
    "v\x00",
    "ｖ.x",
]  # fmt: skip


@pytest.mark.parametrize("code", INJECTIONS)
def test_code_in_expressions_is_refused(code):
    lif = model()
    for declare in (
        lambda: model(LIF.replace("I/C_m", f"({code})/C_m")),
        lambda: model(threshold=f"{code} > 0*mV"),
        lambda: model(reset=f"v = {code}"),
        lambda: model(refractory=code),
        lambda: lif(tau_m=code),
        lambda: ns.Network().population("E", 2, lif, initial={"v": code}),
    ):
        with pytest.raises(NeurosimError):
            declare()


@pytest.mark.parametrize("code", [code for code in INJECTIONS if "#" not in code])
def test_code_is_refused_by_the_parser_and_the_evaluator(code):
    with pytest.raises(NeurosimError):
        evaluate(code, {"v": 1.0, "E_L": 1.0}, "here")


@pytest.mark.parametrize(
    "unit",
    [
        "volt**9**9**9**9",
        "volt**999999999",
        "__import__('os')",
        "volt; x",
        "().__class__",
        "volt[0]",
    ],
)
def test_code_in_units_is_refused(unit):
    with pytest.raises(NeurosimError):
        ns.NeuronModel(f"dv/dt = -v/tau : {unit}", parameters={"tau": 1 * ms})


@pytest.mark.parametrize("name", ["x; import os", "__class__", "a.b", "v}", "x y", "", "1x", "_x"])
def test_code_in_names_is_refused(name):
    with pytest.raises(NeurosimError):
        model(parameters=PARAMETERS | {name: 1 * ms})
    with pytest.raises(NeurosimError):
        ns.NeuronModel(f"dv/dt = -v/tau : volt\n{name} : volt (x)", parameters={"tau": 1 * ms})


def test_arrays_are_copied_and_checked_when_the_population_is_made():
    tau = [1, 2, 3] * ms
    lif = model()(tau_m=tau)
    tau[0] = 9 * ms
    net = ns.Network()
    assert net.population("E", 3, lif).parameters["tau_m"].content[0] == pytest.approx(0.001)
    with pytest.raises(DescriptionError, match="3 values for 4 neurons"):
        net.population("F", 4, lif)


def test_weights_have_the_dimension_of_their_target():
    net = ns.Network()
    e = net.population("E", 3, model())
    with pytest.raises(DimensionError, match=r"projection 'E->E': weight .* V"):
        net.project(e, e, ns.AllToAll(), "v", weight=1 * pA, delay=1 * ms)
