"""Homeostatic rules: closed forms for any spikes, and the rates they bring neurons to."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neurosim.plasticity import RULES
from told import DT, DT_MS, EQUATIONS, SCALE, connect, obedient, random_trains, told

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError
from neurosim.units import Hz, ms, mV, pA, second

P = ns.plasticity
STEPS = 300
ENGINES = ["native", "brian2"]
SLOTS = st.integers(0, (STEPS - 2) // 2)
# hypothesis draws the smallest first: some pairs are never without spikes
TRAINS = [st.sets(SLOTS, min_size=least, max_size=12) for least in (0, 3, 6, 6)]


@st.composite
def two_sides(draw):
    sides = [[draw(train) for train in TRAINS] for _ in range(2)]
    return [[np.array(sorted(s), int) * 2 + 1 for s in side] for side in sides]


def examples(count):
    return settings(
        max_examples=count, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


# -- inhibitory plasticity ------------------------------------------------------------------------


def vogels_weight(pre, post, p, w):
    """Every pair strengthens, every presynaptic spike weakens by 2 rho_0 tau."""
    events = sorted([(s, 0) for s in pre] + [(s, 1) for s in post])
    for k, (now, side) in enumerate(events):
        lags = [(now - s) * DT_MS for s, other in events[:k] if other != side]
        change = np.exp(-np.array(lags) / p["tau"]).sum()
        change -= 0 if side else 2 * p["rho_0"] * 1e-3 * p["tau"]
        w = np.clip(w + p["eta"] * change, 0, 1)
    return w


def check_vogels(sides, engine):
    pre, post = sides
    p = {n: q.value for n, q in RULES["vogels_sprekeler"].chosen()[1].items()}
    rules, expected = {}, {}
    for eta in (1e-4, 0.08):
        label = f"vs_{eta:g}".replace(".", "_").replace("-", "_")
        rules[label] = P.vogels_sprekeler(w_max=SCALE, eta=eta)
        start = float(np.float32(0.5e-3)) / 1e-3
        expected[label] = [
            vogels_weight(a, b, p | {"eta": eta}, start) for a, b in zip(pre, post, strict=True)
        ]
    net = connect(told(obedient(), pre, post), rules)
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        sim.run(STEPS * DT)
        for label in rules:
            found = sim.read(label, "w") / 1e-3
            np.testing.assert_allclose(found, expected[label], rtol=0, atol=1e-10, err_msg=label)


@examples(5)
@given(two_sides())
def test_inhibitory_plasticity_native(sides):
    check_vogels(sides, "native")


@examples(3)
@given(two_sides())
def test_inhibitory_plasticity_brian2(sides):
    check_vogels(sides, "brian2")


def test_inhibition_of_negative_weights_grows_below_zero():
    rng = np.random.default_rng(3)
    pre, post = (random_trains(rng, 3, STEPS, 12) for _ in range(2))
    found = []
    for sign in (1, -1):
        rule = P.vogels_sprekeler(w_max=sign * SCALE, eta=1e-3)
        net = connect(told(obedient(), pre, post), {"rule": rule}, weight=sign * 0.5 * SCALE)
        with ns.Simulation(net, dt=DT, record=False) as sim:
            sim.run(STEPS * DT)
            found.append(sim.read("rule", "w"))
    np.testing.assert_allclose(found[1], -found[0], rtol=1e-14)
    assert np.ptp(found[0]) > 0


# -- thresholds, rates and currents of neurons that spike when told --------------------------------


def everything_adapts():
    """A neuron with all that keeps account of its spikes."""
    model = obedient(
        f"{EQUATIONS}\ndz/dt = (I_e - z*pA)/(pA*second) : 1", parameters={"I_e": 0 * pA}
    )
    model = P.adaptive_threshold(model, jump=0.5, tau=8 * ms, rest=-0.25)
    model = P.with_rate(model, tau=12 * ms, target_rate=30 * Hz)
    return model


def after(model, trains, engine, names, steps=STEPS):
    net = told(model, [[1]] * len(trains), trains)
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        sim.run(steps * DT)
        return {name: sim.read("cells", name) for name in names}


def elapsed(train, steps=STEPS):
    """Time from each spike to the state at a step; a reset acts after the step's update."""
    return (steps - 1 - np.asarray(train, float)) * DT_MS


@pytest.mark.parametrize("engine", ENGINES)
def test_adapting_threshold_and_rate(engine):
    rng = np.random.default_rng(1)
    trains = random_trains(rng, 6, STEPS, 15)
    found = after(everything_adapts(), trains, engine, ["theta", "rate", "missing"])
    end = STEPS * DT_MS
    theta, rate, missing = [], [], []
    for train in trains:
        since = elapsed(train)
        theta.append(0.5 * np.exp(-since / 8).sum() - 0.25 * (1 - np.exp(-end / 8)))
        rate.append(1e3 / 12 * np.exp(-since / 12).sum())
        missing.append(30e-3 * end - (1 - np.exp(-since / 12)).sum())
    np.testing.assert_allclose(found["theta"], theta, rtol=1e-10)
    np.testing.assert_allclose(found["rate"], rate, rtol=1e-10)
    np.testing.assert_allclose(found["missing"], missing, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_regulated_threshold_and_intrinsic_current(engine):
    rng = np.random.default_rng(2)
    trains = random_trains(rng, 6, STEPS, 15)
    equations = f"{EQUATIONS}\ndz/dt = (I_e - z*pA)/(pA*second) : 1"
    model = obedient(equations, parameters={"I_e": 0 * pA})
    model = P.regulated_threshold(model, target_rate=40 * Hz, jump=0.25)
    found = after(model, trains, engine, ["theta"])["theta"]
    end = STEPS * DT_MS
    wanted = [0.25 * (len(t) - 40e-3 * end) for t in trains]
    np.testing.assert_allclose(found, wanted, rtol=1e-10)

    model = obedient(equations, parameters={"I_e": 0 * pA})
    model = P.intrinsic_plasticity(
        model, target_rate=40 * Hz, gain=2 * pA / Hz, tau_rate=9 * ms, tau_intrinsic=50 * ms
    )
    found = after(model, trains, engine, ["I_intrinsic"])["I_intrinsic"] / 1e-12
    wanted = [2e3 / 50 * (40e-3 * end - (1 - np.exp(-elapsed(t) / 9)).sum()) for t in trains]
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


# -- networks -------------------------------------------------------------------------------------


def lif(**parameters):
    values = {"tau": 10 * ms, "V_th": 15 * mV, "I_e": 20 * mV} | parameters
    return ns.NeuronModel(
        "dv/dt = (I_e - v)/tau : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters=values,
    )


def rates_of(model, duration, start, engine="native", n=20):
    """Rates of neurons that are driven by 16 to 40 mV, from ``start`` on, and their last state."""
    drive = np.linspace(16, 40, n) * mV
    net = ns.Network(seed=1)
    net.population("E", n, model(I_e=drive))
    run = ns.simulate(net, duration, dt=DT, engine=engine)
    times, ids = run.spikes("E")
    late = np.asarray(times) * 1e-3 > float(start)  # in ms
    return np.bincount(ids[late], minlength=n) / (float(duration) - float(start))


def test_regulated_threshold_brings_every_neuron_to_its_rate():
    """Driven by 16 to 40 mV neurons fire at 30 to 160 Hz; with regulation at 20 Hz."""
    free = rates_of(lif(), 1 * second, 0 * second)
    model = P.regulated_threshold(lif(), target_rate=20 * Hz, jump=0.5 * mV)
    kept = rates_of(model, 12 * second, 6 * second)
    assert free.min() > 25
    assert free.max() > 140
    np.testing.assert_allclose(kept, 20, rtol=0.02)


def test_intrinsic_current_brings_every_neuron_to_its_rate():
    model = P.intrinsic_plasticity(
        lif(), target_rate=20 * Hz, gain=2 * mV / Hz, tau_rate=200 * ms, tau_intrinsic=10 * second
    )
    np.testing.assert_allclose(rates_of(model, 16 * second, 10 * second), 20, rtol=0.02)


def test_adaptive_threshold_spreads_the_spikes():
    """Diehl & Cook's theta: the excess over threshold is what is left, so rates come together."""
    free = rates_of(lif(), 1 * second, 0 * second)
    model = P.adaptive_threshold(lif(), jump=0.5 * mV, tau=1e4 * second)
    adapted = rates_of(model, 6 * second, 3 * second)
    assert adapted.max() < 0.15 * free.max()


def test_same_spikes_in_both_engines():
    model = P.adaptive_threshold(P.with_rate(lif()), jump=0.5 * mV, tau=1 * second)
    found = []
    for engine in ENGINES:
        net = ns.Network(seed=1)
        net.population("E", 20, model(I_e=np.linspace(16, 40, 20) * mV))
        with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
            sim.run(200 * ms)
            found.append((sim.read("E", "theta"), sim.read("E", "rate")))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)


def scaled(engine, trains, *, gamma):
    """Weights of four synapses onto each of the neurons that spike when told, scaled every 5 ms."""
    n = len(trains)
    model = P.with_rate(obedient(), tau=12 * ms, target_rate=60 * Hz)
    net = told(model, [[1]] * n, trains)
    rule = ns.PlasticityRule(
        on_pre="target_post += w",
        parameters={"w_max": 4 * mV},
        bounds={"w": (0 * mV, "w_max")},
    )
    inputs = net.spike_source("inputs", [1] * ms, [0], size=4)
    net.project(
        inputs, net.populations["cells"], ns.AllToAll(), "g", synapse=rule,
        weight=ns.Uniform(0.1 * mV, 1 * mV), delay=0 * ms, name="in",
    )  # fmt: skip
    P.scaling(net, "in", target_rate=60 * Hz, beta=0.4, gamma=gamma, every=5 * ms)
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        before, targets = sim.read("in", "w"), sim.synapses("in")["target"]
        sim.run(STEPS * DT)
        return before, sim.read("in", "w"), targets


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("gamma", [0.0, 3.0])
def test_scaling_is_the_exponential_of_what_is_missing(engine, gamma):
    """At the start of steps 0, 50, ... all weights of a target change by one factor."""
    rng = np.random.default_rng(4)
    trains = random_trains(rng, 5, STEPS, 15)
    before, found, targets = scaled(engine, trains, gamma=gamma)
    factors = []
    for train in trains:
        exponent = 0.0
        for step in range(0, STEPS, 50):
            since = elapsed(train[train < step], step)
            rate = 1e3 / 12 * np.exp(-since / 12).sum()
            missing = 60e-3 * step * DT_MS - (1 - np.exp(-since / 12)).sum()
            exponent += 5e-3 * (0.4 * (60 - rate) + gamma * missing)
        factors.append(np.exp(exponent))
    wanted = np.minimum(before * np.array(factors)[targets], 4e-3)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


# -- what is refused ------------------------------------------------------------------------------


def test_thresholds_that_are_not_one_comparison_are_refused():
    model = ns.NeuronModel("v : 1\nu : 1", threshold="v > 1 and u > 0", reset="v = 0")
    with pytest.raises(DescriptionError, match="must be one comparison"):
        P.adaptive_threshold(model, jump=0.1)
    with pytest.raises(DescriptionError, match="must be one comparison"):
        P.regulated_threshold(ns.NeuronModel("v : 1"), target_rate=5 * Hz, jump=0.1)


def test_turned_comparisons_are_raised_too():
    model = ns.NeuronModel("v : 1", threshold="1 <= v", reset="v = 0")
    assert P.adaptive_threshold(model, jump=0.1).text.threshold == "v >= (1) + theta"


def test_jumps_of_another_unit_are_refused():
    with pytest.raises(DimensionError, match="jump"):
        P.adaptive_threshold(lif(), jump=0.1)


def test_intrinsic_plasticity_needs_a_current():
    with pytest.raises(UnknownNameError, match="I_x"):
        P.intrinsic_plasticity(lif(), target_rate=5 * Hz, gain=1 * mV / Hz, current="I_x")


def test_rates_of_what_never_spikes_are_refused():
    with pytest.raises(DescriptionError, match="no threshold"):
        P.with_rate(ns.NeuronModel("dx/dt = -x/second : 1"))
