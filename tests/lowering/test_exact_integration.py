"""Linear equations are integrated exactly: closed forms, equal time constants, refractoriness."""

import numpy as np
import pytest
from code_runner import step
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import neurosim as ns
from neurosim.lowering.exact import matrix_exponential, propagators
from neurosim.lowering.expressions import evaluate
from neurosim.units import ms, mV, nS, pA, pF


def lowered(model, dt=0.1 * ms, size=1, **initial):
    net = ns.Network()
    net.population("P", size, model, initial)
    return ns.lower(net, dt).populations[0]


def run(population, n, dt):
    values = dict(population.values)
    for _ in range(n):
        values = step(population.code, values, dt=dt)
    return values


def psp(t, weight, tau_m, tau_s, c_m):
    """Return the potential after a current of peak ``weight`` decaying with tau_s."""
    if tau_m == tau_s:
        return weight / c_m * t * np.exp(-t / tau_m)
    factor = weight / c_m * tau_m * tau_s / (tau_m - tau_s)
    return factor * (np.exp(-t / tau_m) - np.exp(-t / tau_s))


@pytest.mark.parametrize("tau_s", [0.5, 9.999999, 10.0, 25.0])
@pytest.mark.parametrize("dt_ms", [0.1, 1.0, 7.3])
def test_psp_is_the_closed_form_for_any_dt(tau_s, dt_ms):
    lif = ns.models.lif_curr_exp(E_L=0 * mV, tau_syn=tau_s * ms)
    population = lowered(lif, dt_ms * ms, v=0 * mV, I_syn=100 * pA)
    assert population.code.method == "exact"
    found = run(population, 5, dt_ms * 1e-3)["v"]
    expected = psp(5 * dt_ms * 1e-3, 100e-12, 10e-3, tau_s * 1e-3, 250e-12)
    # Near-equal constants cancel in the closed form, not in the exponential.
    assert found == pytest.approx(expected, rel=1e-8 if tau_s == 9.999999 else 1e-12)


def test_alpha_current_has_equal_time_constants():
    population = lowered(ns.models.lif_curr_alpha(E_L=0 * mV), J_syn=100 * pA, v=0 * mV)
    t = 10e-4
    assert run(population, 10, 1e-4)["I_syn"] == pytest.approx(
        100e-12 * t / 0.5e-3 * np.exp(-t / 0.5e-3), rel=1e-13
    )


def test_ten_short_steps_are_one_long_step():
    lif = ns.models.lif_curr_exp(I_e=300 * pA)
    short = run(lowered(lif, 0.1 * ms, I_syn=50 * pA), 10, 1e-4)
    long = run(lowered(lif, 1 * ms, I_syn=50 * pA), 1, 1e-3)
    assert short["v"] == pytest.approx(long["v"], rel=1e-13)
    assert short["I_syn"] == pytest.approx(long["I_syn"], rel=1e-13)


def test_constant_current_charges_exponentially():
    population = lowered(ns.models.lif_delta(I_e=200 * pA))
    steady = 200e-12 * 10e-3 / 250e-12
    expected = -65e-3 + steady * (1 - np.exp(-2e-3 / 10e-3))
    assert run(population, 20, 1e-4)["v"] == pytest.approx(expected, rel=1e-13)


def test_plain_integrate_and_fire_is_linear_in_time():
    population = lowered(ns.models.iaf(I_e=100 * pA))
    assert population.code.method == "exact"
    assert run(population, 7, 1e-4)["v"] == pytest.approx(-65e-3 + 100 / 250 * 0.7e-3, rel=1e-14)


def test_same_as_brian2_where_brian2_can():
    from brian2 import Equations
    from brian2.stateupdaters.exact import exact

    lif = ns.models.lif_curr_exp2(tau_exc=2 * ms, tau_inh=7 * ms, I_e=50 * pA)
    population = lowered(lif, v=-60 * mV, I_exc=30 * pA, I_inh=-20 * pA)
    text = lif.text.equations.replace(" (unless refractory)", "")
    lines = exact(Equations(text)).splitlines()
    names = dict(population.values) | {"dt": 1e-4}
    after = step(population.code, population.values, dt=1e-4)
    for line in lines:
        target, expression = line.split(" = ", 1)
        if target.startswith("_"):
            assert after[target[1:]] == pytest.approx(evaluate(expression, names, ""), rel=1e-12)


def test_parameters_may_differ_from_neuron_to_neuron():
    tau = np.array([5.0, 10.0, 0.5, 10.0])
    many = lowered(ns.models.lif_curr_exp(tau_m=tau * ms), size=4, I_syn=80 * pA)
    assert not many.code.variable("P_v_v").shared
    assert many.code.variable("P_I_syn_I_syn").shared
    for k, value in enumerate(tau):
        one = lowered(ns.models.lif_curr_exp(tau_m=value * ms), I_syn=80 * pA)
        assert run(many, 3, 1e-4)["v"][k] == run(one, 3, 1e-4)["v"]


ADAPTIVE = ns.NeuronModel(
    """
    dv/dt = (g_L*(E_L - v) - w)/C_m : volt (unless refractory)
    dw/dt = (a*(v - E_L) - w)/tau_w : amp
    du/dt = (w/nS - u)/tau_w : volt
    """,
    threshold="v > -50*mV",
    reset="v = -58*mV",
    refractory=3 * ms,
    parameters={
        "g_L": 10 * nS, "E_L": -70 * mV, "C_m": 200 * pF, "a": 4 * nS, "tau_w": 30 * ms,
    },
    initial={"v": -58 * mV, "w": 20 * pA},
)  # fmt: skip


@pytest.mark.parametrize("refractory", [False, True])
def test_what_depends_on_a_frozen_variable_sees_it_frozen(refractory):
    population = lowered(ADAPTIVE)
    values = dict(population.values)
    for _ in range(30):
        values = step(population.code, values, dt=1e-4, not_refractory=not refractory)

    def slope(t, x):
        v, w, u = x
        dv = (10e-9 * (-70e-3 - v) - w) / 200e-12
        dw = (4e-9 * (v + 70e-3) - w) / 30e-3
        return [0.0 if refractory else dv, dw, (w / 1e-9 - u) / 30e-3]

    exact = solve_ivp(slope, (0, 3e-3), [-58e-3, 20e-12, 0.0], rtol=1e-12, atol=1e-18).y[:, -1]
    assert [values["v"], values["w"], values["u"]] == pytest.approx(exact, rel=1e-9)
    assert values["v"] == -58e-3 or not refractory


def test_inputs_that_synapses_write_are_constant_over_a_step_only():
    model = ns.NeuronModel(
        "dv/dt = (E_L - v)/tau + I/C : volt\nI : amp",
        parameters={"E_L": 0 * mV, "tau": 10 * ms, "C": 100 * pF},
        initial={"I": 10 * pA},
    )
    net = ns.Network()
    p = net.population("P", 1, model)
    net.poisson(p, "I", rate=0 * ns.units.Hz, weight=1 * pA)
    population = ns.lower(net, 0.1 * ms).populations[0]
    assert population.code.variable("I").role == "state"
    assert population.code.update.startswith("_v = P_v_v*v + Q_v_v*(I/C) + C")
    expected = 10e-12 * 10e-3 / 100e-12 * (1 - np.exp(-0.01))
    assert step(population.code, population.values, dt=1e-4)["v"] == pytest.approx(expected)


def test_names_of_coefficients_avoid_the_users():
    model = ns.NeuronModel(
        "dv/dt = (P_v_v - v)/tau + C_v/C_w : volt",
        parameters={"P_v_v": 1 * mV, "tau": 10 * ms, "C_v": 1 * pA, "C_w": 1 * pF},
    )
    names = [v.name for v in lowered(model).code.variables]
    assert len(set(names)) == len(names)
    assert lowered(model).values["P_v_v"] == pytest.approx(1e-3)


@pytest.mark.parametrize(("norm", "digits"), [(1e-3, 14), (0.3, 14), (2.0, 13), (40.0, 11)])
def test_matrix_exponential_against_scipy(norm, digits):
    rng = np.random.default_rng(8)
    a = rng.normal(size=(20, 5, 5))
    a *= norm / np.abs(a).sum(axis=2).max()
    expected = np.stack([expm(x) for x in a])
    error = np.abs(matrix_exponential(a) - expected).max(axis=(1, 2))
    assert (error <= 10.0**-digits * np.abs(expected).max(axis=(1, 2))).all()


def test_propagators_keep_their_digits_in_si_units():
    # 1/C beside 1/tau: entries differ by 1e7; the closed form is exact.
    m = np.array([[[-100.0, 4e9], [0.0, -2000.0]]])
    p, q = propagators(m, 1e-4)
    assert p[0, 0, 1] == pytest.approx(4e9 * (np.exp(-0.01) - np.exp(-0.2)) / 1900.0, rel=1e-14)
    assert q[0, 0, 0] == pytest.approx(-np.expm1(-0.01) / 100.0, rel=1e-14)
    assert p[0, 1, 0] == 0.0
