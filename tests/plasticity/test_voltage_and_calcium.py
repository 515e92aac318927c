"""Clopath's and Graupner & Brunel's rules against SciPy at rtol 1e-12, within their integrators'
order; and what the neuron of the former does."""

from itertools import pairwise

import numpy as np
import pytest
from neurosim.plasticity import RULES
from oracles import DT, SCALE, START, driven_pairs, values_after
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim.units import ms, mV, nA, second

ENGINES = ["native", "brian2"]
CLOPATH = {n: p.value for n, p in RULES["clopath"].chosen()[1].items() if p.value is not None}
# the unit of A_LTD is 1/mV, that of A_LTP 1/mV^2; times in ms and potentials in mV below
PERIOD, HEIGHT, LEVEL, TAU = 37.0, 40.0, -55.0, 5.0


def waving(pre_times, dt):
    """One synapse onto a cell whose potential swings, with spikes of the source at given times."""
    net = ns.Network(seed=1)
    pre = net.spike_source("pre", np.asarray(pre_times) * ms, np.zeros(len(pre_times), int), size=1)
    cell = ns.NeuronModel(
        """
        dv/dt = (level + height*sin(2*pi*t/period) - v)/tau : volt
        dg/dt = -g/(5*ms) : volt
        """,
        parameters={
            "level": LEVEL * mV,
            "height": HEIGHT * mV,
            "period": PERIOD * ms,
            "tau": TAU * ms,
        },
        initial={"v": "level"},
        method="rk4",
    )
    cells = net.population("cell", 1, ns.plasticity.voltage_traces(cell))
    rule = ns.plasticity.clopath(w_0=SCALE, w_max=2 * SCALE)
    net.project(
        pre, cells, ns.AllToAll(), "g", synapse=rule, weight=0.5 * SCALE, delay=0 * ms, name="rule"
    )
    return net


def clopath_weight(pre_times, dt, until):
    """The weight by SciPy; a spike acts at the end of its step."""
    theta_minus, theta_plus = CLOPATH["theta_minus"], CLOPATH["theta_plus"]

    def right(t, y):
        v, minus, plus, x, _ = y
        ltp = CLOPATH["A_LTP"] * x / CLOPATH["tau_x"]
        ltp *= max(v - theta_plus, 0) * max(plus - theta_minus, 0)
        drive = LEVEL + HEIGHT * np.sin(2 * np.pi * t / PERIOD)
        return [(drive - v) / TAU, (v - minus) / 10, (v - plus) / 7, -x / CLOPATH["tau_x"], ltp]

    y, now = np.array([LEVEL, -70.6, -70.6, 0, START]), 0.0
    for then in [*(np.asarray(pre_times) + dt), until]:
        y = solve_ivp(right, (now, then), y, rtol=1e-12, atol=1e-13, max_step=0.5).y[:, -1]
        if then < until:
            y[4] -= CLOPATH["A_LTD"] * max(y[1] - theta_minus, 0)
            y[3] += 1
        now = then
    return y[4]


@pytest.mark.parametrize("engine", ENGINES)
def test_clopath_converges_to_its_equations_at_first_order(engine):
    times, errors = [5, 21, 30, 44, 71, 80], []
    for dt in (0.1, 0.05, 0.025) if engine == "native" else (0.1, 0.05):
        found = values_after(
            waving(times, dt), ["rule"], round(100 / dt), engine=engine, dt=dt * ms
        )["rule"][0]
        expected = clopath_weight(times, dt, 100.0)
        errors.append(abs(found / 1e-3 - expected))
    assert abs(expected - START) > 0.02
    assert errors[0] < 0.01 * abs(expected - START)
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 2, rtol=0.1)


def test_clopath_does_not_learn_below_its_thresholds():
    net = ns.Network(seed=1)
    cells = net.population("cell", 1, ns.plasticity.clopath_neuron())
    pre = net.spike_source("pre", [10, 50] * ms, [0, 0], size=1)
    net.project(
        pre, cells, ns.AllToAll(), "I_syn", delay=0 * ms, name="rule", weight=0.5 * nA,
        synapse=ns.plasticity.clopath(w_0=1 * nA, w_max=1 * nA, theta_minus=-40 * mV),
    )  # fmt: skip
    assert values_after(net, ["rule"], 600, engine="brian2")["rule"][0] == np.float32(0.5e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_neuron_spikes_for_two_milliseconds(engine):
    net = ns.Network(seed=1)
    cell = net.population("cell", 1, ns.plasticity.clopath_neuron())
    net.project(
        net.spike_source("kick", [20, 60] * ms, [0, 0], size=1), cell, ns.AllToAll(), "I_syn",
        weight=9 * nA, delay=0.1 * ms,
    )  # fmt: skip
    net.record(cell, ["v", "V_T", "z", "w_ad", "u_plus"])
    with ns.Simulation(net, engine=engine) as sim:
        sim.run(70 * ms)
    recording = sim.recording
    names = ("v", "V_T", "z", "u_plus")
    found = {n: np.asarray(recording.state("cell", n).values)[:, 0] for n in names}
    assert recording.spikes("cell")[0].size == 2
    held = np.isclose(found["v"], 33.0)
    assert np.count_nonzero(held) == 2 * 20  # of 0.1 ms each
    after = np.flatnonzero(held)[19] + 1
    assert found["v"][after] == pytest.approx(-49.5)
    before = found["u_plus"][after - 20]
    assert found["u_plus"][after - 1] == before
    assert found["u_plus"][after] == pytest.approx(33 + (before - 33) * np.exp(-2 / 7))
    assert found["V_T"][after] == pytest.approx(-30.4)
    assert found["z"][after] == pytest.approx(400)
    below = found["v"][~held]
    assert below.max() < 33 + 25  # the upswing is bounded


PAIRS = 12
CALCIUM = {"C_source": 1.0, "C_target": 2.0, "theta_d": 1.0, "theta_p": 1.3, "tau_Ca": 20.0}
CALCIUM |= {"gamma_d": 200.0, "gamma_p": 321.808, "rho_star": 0.5, "tau": 5000.0}


def told():
    """Spikes of pairs of neurons, in steps of 0.1 ms."""
    rng = np.random.default_rng(3)
    return [
        [np.sort(rng.choice(900, 12, replace=False)) * 2 + 2 for _ in range(PAIRS)] for _ in "ab"
    ]


def efficacy(pre, post, until, rho):
    """The efficacy by SciPy, in pieces: c is known in closed form, and so are its crossings."""
    p = CALCIUM
    events = sorted([(t, p["C_source"]) for t in pre] + [(t, p["C_target"]) for t in post])
    now, c, crossings = 0.0, 0.0, 0
    for then, jump in [*events, (until, 0.0)]:
        ends = [now]
        for theta in sorted((p["theta_p"], p["theta_d"]), reverse=True):
            if c > theta:
                ends.append(min(now + p["tau_Ca"] * np.log(c / theta), then))
                crossings += ends[-1] < then
        ends.append(then)
        for start, end in pairwise(ends):
            if end > start:
                level = c * np.exp(-(0.5 * (start + end) - now) / p["tau_Ca"])
                rho = _piece(rho, end - start, level)
        c = c * np.exp(-(then - now) / p["tau_Ca"]) + jump
        crossings += 2 * bool(jump)
        now = then
    return rho, crossings


def _piece(rho, duration, level):
    p = CALCIUM
    up = p["gamma_p"] * (level > p["theta_p"])
    down = p["gamma_d"] * (level > p["theta_d"])

    def right(_, y):
        return (-y * (1 - y) * (p["rho_star"] - y) + up * (1 - y) - down * y) / p["tau"]

    return solve_ivp(right, (0, duration), [rho], rtol=1e-12, atol=1e-14).y[0, -1]


@pytest.mark.parametrize("engine", ENGINES)
def test_calcium_moves_the_efficacy_as_its_equations_say(engine):
    pre, post = told()
    rule = ns.plasticity.graupner_brunel(noise="none", tau=5 * second, rho=0.3)
    delay = {"transmit": 1 * ms, "calcium": 13.7 * ms}
    net = driven_pairs({"rule": rule}, pre, post, weight=0.1 * mV, delay={"rule": delay})
    found = values_after(net, ["rule"], 2100, engine=engine, variable="rho")["rule"]
    errors, bounds = [], []
    for i in range(PAIRS):
        # spikes act at the end of the step in which they arrive
        times = (pre[i] + 1) * 0.1 + 13.7, (post[i] + 1) * 0.1
        expected, crossings = efficacy(*times, 210.0, 0.3)
        errors.append(abs(found[i] - expected))
        # a threshold is crossed somewhere within a step, in which the drift is of one side
        bounds.append(crossings * CALCIUM["gamma_p"] / CALCIUM["tau"] * 0.1)
        assert abs(expected - 0.3) > 0.05
    assert max(errors) < max(bounds) / 10
    assert (np.array(errors) < bounds).all()


def test_noise_of_the_efficacy_has_its_variance():
    """H0: above both thresholds rho diffuses with 2 sigma^2/tau. Chi-square, 1e-6 two-sided.

    Without drift (gammas 0) and short of the cubic term's time, the variance of rho after T above
    both thresholds is 2 sigma^2 T/tau; n = 4000 synapses, seed 9.
    """
    n, sigma, tau, duration = 4000, 0.5, 150.0, 0.05
    net = ns.Network(seed=9)
    cells = net.population("cells", n, ns.NeuronModel("dg/dt = -g/(5*ms) : volt"))
    pre = net.spike_source("pre", np.full(n, 1) * DT, np.arange(n), size=n)
    rule = ns.plasticity.graupner_brunel(
        sigma=sigma, gamma_p=0.0, gamma_d=0.0, C_source=1e6, rho=0.5, tau_Ca=1000 * ms
    )
    net.project(
        pre, cells, ns.OneToOne(), "g", synapse=rule, weight=0.1 * mV, name="rule",
        delay={"transmit": 0 * ms, "calcium": 0 * ms},
    )  # fmt: skip
    steps = 2 + round(duration / 1e-4)
    rho = values_after(net, ["rule"], steps, engine="brian2", variable="rho")["rule"]
    expected = 2 * sigma**2 * duration / tau
    spread = 4.9 * np.sqrt(2 / n)  # of a variance's estimate
    assert abs(rho.var() / expected - 1) < spread + 1e-3
    assert abs(rho.mean() - 0.5) < 4.9 * np.sqrt(expected / n)


def test_the_efficacy_goes_to_its_stable_states():
    net = ns.Network(seed=1)
    cells = net.population("cells", 2, ns.NeuronModel("dg/dt = -g/(5*ms) : volt"))
    pre = net.spike_source("pre", [150] * ms, [0], size=2)
    rule = ns.plasticity.graupner_brunel(noise="none", tau=5 * ms, rho=np.array([0.45, 0.55]))
    net.project(
        pre, cells, ns.Edges([0, 1], [0, 1]), "g", synapse=rule, weight=0.1 * mV, name="rule",
        delay={"transmit": 0 * ms, "calcium": 0 * ms},
    )  # fmt: skip
    rho = values_after(net, ["rule"], 1000, engine="brian2", variable="rho")["rule"]
    np.testing.assert_allclose(rho, [0, 1], atol=1e-2)


def test_the_transmitted_strength_is_between_one_and_b():
    net = ns.Network(seed=1)
    cells = net.population("cells", 3, ns.NeuronModel("dx/dt = -x/second : 1\ng : volt"))
    pre = net.spike_source("pre", [0.1, 0.1, 0.1] * ms, [0, 1, 2], size=3)
    rule = ns.plasticity.graupner_brunel(b=5.0, rho=np.array([0.0, 0.5, 1.0]), noise="none")
    net.project(
        pre, cells, ns.Edges([0, 1, 2], [0, 1, 2]), "g", synapse=rule, weight=0.25 * mV,
        delay={"transmit": 0.2 * ms, "calcium": 13.7 * ms},
    )  # fmt: skip
    with ns.Simulation(net, engine="brian2", record=False) as sim:
        sim.run(1 * ms)
        g = sim.read("cells", "g")
    np.testing.assert_allclose(g / 0.25e-3, [1, 3, 5], rtol=1e-6)
