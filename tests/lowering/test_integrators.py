"""Which integrator is chosen, that each has its order, and that the work is done once."""

import re

import numpy as np
import pytest
from code_runner import step

import neurosim as ns
from neurosim.errors import EquationError
from neurosim.lowering import equations, integrators
from neurosim.lowering.expressions import evaluate
from neurosim.units import ms, mV, second

NONLINEAR = "dx/dt = -x**2/tau + y/tau : 1\ndy/dt = -y*x/tau : 1"


def lowered(model, dt=0.1 * ms):
    net = ns.Network()
    net.population("P", 1, model)
    return ns.lower(net, dt).populations[0]


@pytest.mark.parametrize(
    ("equations_", "method", "chosen"),
    [
        ("dx/dt = -x/tau : 1", None, "exact"),
        ("dx/dt = -x/tau : 1", "linear", "exact"),
        ("dx/dt = -x/tau : 1", "euler", "euler"),
        ("dx/dt = 1/tau : 1", None, "exact"),
        ("dx/dt = -x/tau + sin(t/tau)/tau : 1", None, "euler"),
        (NONLINEAR, None, "euler"),
        (NONLINEAR, "rk4", "rk4"),
        (NONLINEAR, "heun", "heun"),
        ("dx/dt = (y - x)/tau : 1\ndy/dt = -y*y/tau : 1", None, "euler"),
        ("x : 1", None, "none"),
    ],
)
def test_choice_of_the_method(equations_, method, chosen):
    parameters = {"tau": 10 * ms} if "tau" in equations_ else {}
    model = ns.NeuronModel(equations_, method=method, parameters=parameters)
    assert lowered(model).code.method == chosen


@pytest.mark.parametrize("method", ["exact", "linear", "exponential_euler"])
def test_a_method_that_does_not_apply_is_refused(method):
    model = ns.NeuronModel("dx/dt = -x**2/tau : 1", method=method, parameters={"tau": 1 * ms})
    with pytest.raises(EquationError, match="rk4"):
        lowered(model)


@pytest.mark.parametrize(
    ("method", "order"),
    [("euler", 1), ("heun", 1), ("milstein", 1), ("rk2", 2), ("rk4", 4), ("exponential_euler", 1)],
)
def test_convergence_order(method, order):
    # Heun and Milstein as Brian2 has them correct the noise only: without noise they are Euler's.
    # x' = -x y, y' = -y x: x - y is constant, x follows the logistic equation.
    model = ns.NeuronModel(
        "dx/dt = -x*y/tau : 1\ndy/dt = -y*x/tau : 1",
        method=method,
        parameters={"tau": 1 * second},
        initial={"x": 2, "y": 1},
    )
    exact = 1 / (1 - 0.5 * np.exp(-1.0))
    errors = []
    steps = (20, 40, 80)
    for n in steps:
        population = lowered(model, 1 / n * second)
        values = dict(population.values)
        for _ in range(n):
            values = step(population.code, values, dt=1 / n)
        errors.append(abs(values["x"] - exact))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-order, abs=0.15)


def test_exponential_euler_is_brian2s():
    from brian2 import Equations
    from brian2.stateupdaters.exponential_euler import exponential_euler

    model = ns.models.hodgkin_huxley(I_e=100 * ns.units.pA)
    population = lowered(model)
    after = step(population.code, population.values, dt=1e-4)
    names = dict(population.values) | {"dt": 1e-4}
    for line in exponential_euler(Equations(model.text.equations)).splitlines():
        target, expression = re.sub(r"(?<!\w)_(\w+)", r"new_\1", line).split(" = ", 1)
        value = evaluate(expression, names, "")
        if target.startswith("new_"):
            names[target] = value
            if not target.startswith("new_BA"):
                assert after[target[4:]] == pytest.approx(value, rel=1e-11)


def test_rates_keep_within_single_precision():
    update = lowered(ns.models.hodgkin_huxley_traub_miles()).code.update
    assert "exp(v/unit_mV)" not in update
    assert "**(1/" not in update


def test_refractory_variables_stand_still_in_other_methods_too():
    model = ns.NeuronModel(
        "dv/dt = -v*w/(tau*mV) : volt (unless refractory)\ndw/dt = v/tau : volt",
        refractory=2 * ms,
        threshold="v > 1*mV",
        method="rk4",
        parameters={"tau": 1 * ms},
        initial={"v": 1 * mV, "w": 1 * mV},
    )
    population = lowered(model)
    after = step(population.code, population.values, dt=1e-4, not_refractory=False)
    assert after["v"] == 1e-3
    assert after["w"] == pytest.approx(1e-3 + 1e-3 * 0.1)


def test_subexpressions_are_substituted_everywhere():
    model = ns.NeuronModel(
        "dv/dt = -x/tau : volt\nx = v - E : volt\ny = 2*x : volt",
        threshold="y > 1*mV",
        reset="v -= y",
        refractory="1*ms + x/mV*ms",
        parameters={"tau": 1 * ms, "E": 1 * mV},
    )
    code = lowered(model).code
    for text in (code.threshold, code.reset, code.refractory):
        assert "v - E" in text
        assert "y" not in text.replace("unit_", "")
    assert "x = v - E : volt" in code.equations


def test_work_is_done_once_and_read_back(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path))
    first = lowered(ns.NeuronModel(NONLINEAR, parameters={"tau": 3 * ms}))
    equations._lower.cache_clear()

    def never(*arguments):
        raise AssertionError("derived again")

    monkeypatch.setattr(integrators, "_derive", never)
    again = lowered(ns.NeuronModel(NONLINEAR, parameters={"tau": 4 * ms}))
    assert again.code == first.code


def test_a_changed_model_is_not_read_back(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path))
    one = lowered(ns.NeuronModel("dx/dt = -x**2/tau : 1", parameters={"tau": 3 * ms}))
    two = lowered(ns.NeuronModel("dx/dt = -x**3/tau : 1", parameters={"tau": 3 * ms}))
    three = lowered(
        ns.NeuronModel("dx/dt = -x**2/tau : 1", method="rk2", parameters={"tau": 3 * ms})
    )
    assert len({one.code.update, two.code.update, three.code.update}) == 3


def test_units_in_code_are_coefficients():
    population = lowered(
        ns.NeuronModel("dv/dt = -v/(3*ms) : volt", threshold="v > 10*mV", reset="v = 0*mV")
    )
    assert population.values["unit_mV"] == 1e-3
    assert population.code.threshold == "v > 10*unit_mV"
    assert population.code.variable("unit_mV").dimension == "V"
    assert mV
