"""Closed forms, on every engine: rates, postsynaptic potentials, propagators, orders."""

import numpy as np
import pytest
from brian2 import ms, mV, nA, pA

import neurosim as ns

DT = 0.1 * ms


def simulated(start, engine, net, duration, dt=DT):
    program = ns.lower(net, dt)
    return start(engine, program).advance(round(duration / dt))


def intervals(chunk, neuron):
    """Inter-spike intervals in steps."""
    return np.diff(chunk.spike_steps[chunk.spike_ids == neuron])


# --- rate of the leaky neuron -----------------------------------------------------------------

MU = np.array([20.5, 25.0, 30.0])  # mV; threshold 20, reset 10, tau 20 ms, refractory 2 ms
PUBLISHED = [15.90, 41.71, 63.04]  # Hz, 1/(t_ref + tau ln((mu - V_r)/(mu - theta)))


@pytest.mark.parametrize("dt_ms", [0.1, 0.05])
def test_rate_of_the_leaky_neuron(start, engine, dt_ms):
    model = ns.models.lif_delta(tau_m=20 * ms, E_L=MU * mV, V_th=20 * mV, V_r=10 * mV, t_ref=2 * ms)
    net = ns.Network()
    net.population("n", 3, model)
    chunk = simulated(start, engine, net, 600 * ms, dt_ms * ms)
    climb_ms = 20 * np.log((MU - 10) / (MU - 20))
    for k in range(3):
        exact = 2 + climb_ms[k]
        found = intervals(chunk, k)
        assert found.size > 6
        # the threshold is seen at the end of the step, refractoriness counts from its start
        assert set(found) == {round(2 / dt_ms) - 1 + int(np.ceil(climb_ms[k] / dt_ms))}
        rate = 1e3 / (found.mean() * dt_ms)
        assert abs(rate - PUBLISHED[k]) < rate**2 * dt_ms * 1e-3 + 0.005
        assert abs(1e3 / exact - PUBLISHED[k]) < 0.005


def test_no_spike_below_rheobase(start, engine):
    model = ns.models.lif_delta(tau_m=20 * ms, E_L=[19.999, 20.001] * mV, V_th=20 * mV, V_r=10 * mV)
    net = ns.Network()
    net.population("n", 2, model)
    assert set(simulated(start, engine, net, 500 * ms).spike_ids) == {1}


def test_rate_of_the_perfect_integrator(start, engine):
    # 15 mV at 300 pA / 250 pF = 1.2 mV/ms: 12.5 ms, after 2 ms of refractoriness
    net = ns.Network()
    net.population("n", 1, ns.models.iaf(I_e=300 * pA), initial={"v": -65 * mV})
    found = intervals(simulated(start, engine, net, 400 * ms), 0)
    # v > V_th is strict and 125 steps of 0.12 mV end at V_th up to rounding: 125 or 126 of them
    assert found.size > 20
    assert set(found) <= {19 + 125, 19 + 126}


# --- postsynaptic potentials --------------------------------------------------------------------


def psp(t_ms, tau_m, tau_s, j_over_c):
    """Response to one spike: j/C tau_m tau_s/(tau_m - tau_s) (exp(-t/tau_m) - exp(-t/tau_s))."""
    if tau_m == tau_s:
        return j_over_c * t_ms * np.exp(-t_ms / tau_m)
    scale = tau_m * tau_s / (tau_m - tau_s)
    return j_over_c * scale * (np.exp(-t_ms / tau_m) - np.exp(-t_ms / tau_s))


def one_spike(model, variable, weight, delay=1.5 * ms):
    net = ns.Network()
    target = net.population("n", 1, model, initial={"v": "E_L"})
    source = net.spike_source("in", times=[5] * ms, ids=[0], size=1)
    net.project(source, target, ns.OneToOne(), variable, weight=weight, delay=delay)
    net.record(target, model.states)
    return net


@pytest.mark.parametrize("tau_syn", [0.5, 2.0, 9.999999, 10.0])
def test_postsynaptic_potential(start, engine, tau_syn):
    net = one_spike(ns.models.lif_curr_exp(tau_syn=tau_syn * ms), "I_syn", 100 * pA)
    trace = simulated(start, engine, net, 80 * ms).states[0][:, 0] * 1e3 + 65
    t = np.arange(trace.size) * 0.1
    onset = 66  # emitted at step 50, 15 steps of delay; seen from the start of the next step
    weight = float(np.float32(100e-12)) * 1e12
    expected = psp(t[: trace.size - onset], 10.0, tau_syn, weight / 250)
    assert np.abs(trace[:onset]).max() < 1e-12
    # near-equal time constants cancel in the closed form, not in the propagator
    tolerance = 1e-11 if tau_syn != 9.999999 else 1e-6
    np.testing.assert_allclose(trace[onset:], expected, atol=tolerance)
    assert expected.max() > 0.1


def test_alpha_current(start, engine):
    net = one_spike(ns.models.lif_curr_alpha(tau_syn=2 * ms), "J_syn", np.e * 100 * pA)
    states = simulated(start, engine, net, 60 * ms).states
    current = states[1][:, 0] * 1e12
    t = np.arange(current.size - 66) * 0.1
    np.testing.assert_allclose(current[66:], 100 * np.e * t / 2 * np.exp(-t / 2), rtol=1e-6)
    assert abs(current.max() - 100) < 1e-4


@pytest.mark.parametrize("dt_ms", [0.05, 0.1, 0.25, 0.5])
def test_exact_propagation_does_not_depend_on_dt(start, engine, dt_ms):
    net = one_spike(ns.models.lif_curr_exp(I_e=100 * pA), "I_syn", 200 * pA, delay=2 * ms)
    trace = simulated(start, engine, net, 40 * ms, dt_ms * ms).states[0][:, 0] * 1e3
    t = np.arange(trace.size) * dt_ms
    drive = 100 / 250 * 10 * (1 - np.exp(-t / 10))
    # the kick comes at the end of the step that starts at 7 ms
    since = np.clip(t - (7 + dt_ms), 0, None)
    weight = float(np.float32(200e-12)) * 1e12
    expected = drive - 65 + psp(since, 10.0, 0.5, weight / 250)
    np.testing.assert_allclose(trace, expected, atol=1e-11)


# --- order of the integrators -------------------------------------------------------------------

# v' = -w v, w' = -w in units of tau: w = exp(-t), v = exp(exp(-t) - 1)
DECAY = """
    dv/dt = -w*v/tau : 1
    dw/dt = -w/tau : 1
    """
ORDERS = [
    ("euler", 1),
    ("heun", 1),  # its correction is for noise: without noise Brian2's scheme is Euler's
    ("milstein", 1),
    ("exponential_euler", 1),
    ("rk2", 2),
    ("rk4", 4),
]


@pytest.mark.parametrize(("method", "order"), ORDERS)
def test_order_of_integrators(start, engine, method, order):
    model = ns.NeuronModel(DECAY, parameters={"tau": 1 * ms}, method=method, name="decay")
    dts = np.array([0.1, 0.05, 0.025, 0.0125])
    errors = []
    for dt in dts:
        net = ns.Network()
        net.population("n", 1, model, initial={"v": 1.0, "w": 1.0})
        executable = start(engine, ns.lower(net, dt * ms))
        executable.advance(round(2 / dt))
        errors.append(abs(executable.read("n", "v")[0] - np.exp(np.exp(-2.0) - 1)))
    slopes = np.diff(np.log(errors)) / np.diff(np.log(dts))
    assert abs(slopes[-1] - order) < 0.1, slopes
    assert errors[-1] > 1e-13  # otherwise rounding, not the scheme, was measured


# --- Hodgkin and Huxley's axon ------------------------------------------------------------------


def axon(start, engine, densities, *, duration, method, dt):
    """Spikes for steps of current from rest, in uA/cm2 over 20000 um2."""
    entry = ns.models.entry("hodgkin_huxley")
    default = entry.model()
    model = ns.NeuronModel(
        entry.equations,
        threshold=entry.threshold,
        refractory=entry.refractory,
        parameters={**default.parameters, "I_e": np.asarray(densities) * 0.2 * nA},
        method=method,
        name="axon",
    )
    net = ns.Network()
    net.population("n", len(densities), model, initial=entry.initial)
    return simulated(start, engine, net, duration, dt)


# the first order's error moves the rheobase by more than the gap at 0.02 ms
@pytest.mark.parametrize(("method", "dt_ms"), [("exponential_euler", 0.01), ("rk4", 0.02)])
def test_rheobase_of_the_axon(start, engine, method, dt_ms):
    chunk = axon(start, engine, [2.20, 2.25], duration=100 * ms, method=method, dt=dt_ms * ms)
    assert chunk.spike_ids.tolist() == [1]


def test_rates_of_the_axon(start, engine):
    # Runge-Kutta's error is far below the grid's, 0.02 ms in an interval of 12 to 15 ms
    densities = [6.2, 6.3, 10.0, 15.0, 20.0]
    chunk = axon(start, engine, densities, duration=250 * ms, method="rk4", dt=0.02 * ms)
    counts = np.bincount(chunk.spike_ids, minlength=5)
    assert counts[0] < 10 < counts[1]
    for neuron, rate in [(2, 68.3), (3, 78.6), (4, 86.4)]:
        last = 5e4 / intervals(chunk, neuron)[-1]
        assert abs(last - rate) < 0.15, (neuron, last)


# --- plain decay, and units ---------------------------------------------------------------------


def test_a_variable_of_any_dimension(start, engine):
    model = ns.NeuronModel(
        """
        dq/dt = r : coulomb
        dr/dt = -r/tau : amp
        da/dt = -a/tau : amp/second
        """,
        parameters={"tau": 5 * ms},
        name="charge",
    )
    net = ns.Network()
    net.population("n", 1, model, initial={"r": 2 * pA, "a": 3 * pA / ms})
    executable = start(engine, ns.lower(net, DT))
    executable.advance(100)
    decay = np.exp(-2.0)
    np.testing.assert_allclose(executable.read("n", "q"), 2e-12 * 5e-3 * (1 - decay), rtol=1e-12)
    np.testing.assert_allclose(executable.read("n", "a"), 3e-9 * decay, rtol=1e-12)
