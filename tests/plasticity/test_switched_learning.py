"""Whatever is switched and written whenever, weights are those of a loop over the spikes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracles import DT, DT_MS, driven_pairs, in_order
from oracles import START as WEIGHT

import neurosim as ns
from neurosim.units import ms, mV

STEPS = 200
START = {"learning": 1.0, "eta": 0.2, "w_max": 1.0, "w_low": 0.0, "tau": 5.0}  # mV, ms
UNITS = {"learning": 1, "eta": 1, "w_max": 1 * mV, "w_low": 1 * mV, "tau": 1 * ms}
PAIRS = 6

SIDE = st.lists(
    st.sets(st.integers(0, 90), min_size=3, max_size=10), min_size=PAIRS, max_size=PAIRS
)
WRITES = st.one_of(
    st.tuples(st.just("learning"), st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("eta"), st.floats(0, 1)),
    st.tuples(st.just("w_max"), st.floats(0.5, 2)),
    st.tuples(st.just("w_low"), st.floats(0, 0.45)),
    st.tuples(st.just("tau"), st.floats(1, 20)),
)
SCHEDULE = st.lists(st.tuples(st.integers(0, STEPS - 1), WRITES), min_size=2, max_size=6)


def rule():
    """Traces, one of each side; a weight; and one that decays towards its start by itself."""
    return ns.PlasticityRule(
        """
        dx/dt = -x/tau : 1 (event-driven)
        dy/dt = -y/tau : 1 (event-driven)
        du/dt = learning*(0.5*mV - u)/tau : volt (event-driven)
        """,
        on_pre="x += 1; w -= eta*0.5*mV*y; u += 0.1*mV",
        on_post="y += 1; w += eta*0.5*mV*x",
        parameters={n: START[n] * UNITS[n] for n in ("eta", "w_max", "tau")},
        bounds={"w": (0 * mV, "w_max")},
        initial={"u": 0.5 * mV},
        learns=["w"],
        name="switched",
    )


def by_hand(pre, post, schedule, delay):
    """[w, u, x] of one synapse in mV after all steps; writes come before the spikes of a step."""
    events = [(step, 2, 2 * n, what) for n, (step, what) in enumerate(schedule)]
    events += [(step, 3, side, None) for step, side in in_order(pre, post, delay)]
    now, values = dict(START), {"w": WEIGHT, "u": 0.5, "x": 0.0, "y": 0.0}
    last = 0
    for step, kind, side, what in [*sorted(events, key=lambda e: e[:3]), (STEPS, 2, 0, None)]:
        if step > STEPS or (step == STEPS and kind == 3):
            continue
        left = np.exp(-(step - last) * DT_MS / now["tau"])
        values["x"] *= left
        values["y"] *= left
        if now["learning"]:
            values["u"] = 0.5 + (values["u"] - 0.5) * left
        last = step
        if kind == 2:
            now |= {} if what is None else dict([what])
        elif side == 0:
            values["x"] += 1
            values["u"] += 0.1
            values["w"] -= now["learning"] * now["eta"] * 0.5 * values["y"]
        else:
            values["y"] += 1
            values["w"] += now["learning"] * now["eta"] * 0.5 * values["x"]
        values["w"] = min(max(values["w"], now["w_low"]), now["w_max"])
    return [values[name] for name in "wux"]


def simulated(pre, post, schedule, delay, engine):
    net = driven_pairs({"rule": rule()}, pre, post, delay=delay * DT)
    with ns.Simulation(net, dt=DT, engine=engine, threads=1, record=False) as sim:
        done = 0
        for step, (name, value) in schedule:
            if step > done:
                sim.run((step - done) * DT)
                done = step
            if name == "learning":
                sim.learning("rule", bool(value))
            else:
                sim.write("rule", name, value * UNITS[name])
        sim.run((STEPS - done) * DT)
        return [sim.read("rule", name) for name in "wux"]


def check(sides, schedule, delay, engine):
    pre, post = ([np.array(sorted(slots), int) * 2 + 1 for slots in side] for side in sides)
    schedule = sorted(schedule, key=lambda write: write[0])
    found = np.array(simulated(pre, post, schedule, delay, engine)).T
    found[:, :2] *= 1e3
    for k in range(PAIRS):
        expected = by_hand(pre[k], post[k], schedule, delay)
        np.testing.assert_allclose(found[k], expected, rtol=1e-10, atol=1e-12)


quick = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@settings(quick, max_examples=15)
@given(st.tuples(SIDE, SIDE), SCHEDULE, st.integers(0, 12))
def test_native_finds_what_a_loop_over_the_spikes_does(sides, schedule, delay):
    check(sides, schedule, delay, "native")


@settings(quick, max_examples=2)
@given(st.tuples(SIDE, SIDE), SCHEDULE, st.integers(0, 12))
def test_brian2_finds_what_a_loop_over_the_spikes_does(sides, schedule, delay):
    check(sides, schedule, delay, "brian2")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_many_schedules(engine):
    @settings(quick, max_examples=200 if engine == "native" else 30)
    @given(st.tuples(SIDE, SIDE), SCHEDULE, st.integers(0, 12))
    def run(sides, schedule, delay):
        check(sides, schedule, delay, engine)

    run()
