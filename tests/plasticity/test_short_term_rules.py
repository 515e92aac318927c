"""Short-term plasticity: recursions over spikes, NEST's numbers, and after long silence."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neurosim.plasticity import RULES
from scipy.linalg import expm
from told import DT, DT_MS, connect, obedient, told

import neurosim as ns
from neurosim.units import ms, mV

P = ns.plasticity
STEPS = 400
ENGINES = ["native", "brian2"]
# hypothesis draws the smallest first: some trains are never without spikes
TRAINS = [st.sets(st.integers(1, STEPS - 2), min_size=n, max_size=15) for n in (0, 1, 2, 5, 9)]
U, TAU_REC, TAU_FAC, TAU_PSC = 0.3, 300.0, 200.0, 3.0

# as NEST's users would give the same synapse in each form
FORMS = {
    "brian2": lambda: P.tsodyks_markram(U=U, tau_f=TAU_FAC * ms, tau_d=TAU_REC * ms),
    "tsodyks2": lambda: P.tsodyks2(
        facilitation="decaying", U=U, tau_rec=TAU_REC * ms, tau_fac=TAU_FAC * ms
    ),
    "tsodyks2_depressing": lambda: P.tsodyks2(U=U, tau_rec=TAU_REC * ms),
    "tsodyks": lambda: P.tsodyks(
        facilitation="decaying",
        U=U,
        tau_rec=TAU_REC * ms,
        tau_fac=TAU_FAC * ms,
        tau_psc=TAU_PSC * ms,
    ),
    "tsodyks_depressing": lambda: P.tsodyks(U=U, tau_rec=TAU_REC * ms, tau_psc=TAU_PSC * ms),
}


def two_states(times, facilitates):
    """u x of each spike, by the recursion over the intervals (Fuhrmann et al. 2002)."""
    u, x, sent = U, 1.0, []
    for k, now in enumerate(times):
        if k:
            h = now - times[k - 1]
            x = 1 + (x - u * x - 1) * np.exp(-h / TAU_REC)
            u = U + u * (1 - U) * np.exp(-h / TAU_FAC) if facilitates else U
        sent.append(u * x)
    return sent


def three_states(times, facilitates):
    """The same with resources that are inactive for a while, by the exponential of their matrix."""
    u, state, sent = 0.0, np.array([1.0, 0.0, 1.0]), []
    rates = np.array([[-1 / TAU_REC, -1 / TAU_REC, 1 / TAU_REC], [0, -1 / TAU_PSC, 0], [0, 0, 0]])
    last = None
    for now in times:
        if last is not None:
            state = expm(rates * (now - last)) @ state
            u *= np.exp(-(now - last) / TAU_FAC)
        u = u + U * (1 - u) if facilitates else U
        sent.append(u * state[0])
        state = state + np.array([-1.0, 1.0, 0.0]) * sent[-1]
        last = now
    return sent


def expected(form, times):
    states = three_states if form.startswith("tsodyks") and "2" not in form else two_states
    return states(times, not form.endswith("depressing"))


def sum_sent(trains, engine, forms, steps=STEPS, dt=DT):
    """The sum of what the spikes of each train add, for a weight of 1 mV, by form."""
    n = len(trains)
    net = ns.Network(seed=1)
    spikes = np.concatenate(trains), np.repeat(np.arange(n), [len(t) for t in trains])
    pre = net.spike_source("pre", spikes[0] * dt, spikes[1], size=n)
    for name in forms:
        cells = net.population(name, n, ns.NeuronModel("g : 1\ndx/dt = -x/second : 1"))
        net.project(
            pre, cells, ns.OneToOne(), "g", synapse=FORMS[name](), weight=1, delay=0 * ms,
            name=f"to_{name}",
        )  # fmt: skip
    with ns.Simulation(net, dt=dt, engine=engine, record=False) as sim:
        sim.run(steps * dt)
        return {name: sim.read(name, "g") for name in forms}


def check(trains, engine):
    found = sum_sent(trains, engine, FORMS)
    for form, sums in found.items():
        wanted = [sum(expected(form, t * DT_MS)) for t in trains]
        np.testing.assert_allclose(sums, wanted, rtol=0, atol=1e-10, err_msg=form)
    np.testing.assert_allclose(found["brian2"], found["tsodyks2"], rtol=1e-12)


def examples(count):
    return settings(
        max_examples=count, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@st.composite
def trains(draw):
    return [np.array(sorted(draw(train)), int) for train in TRAINS]


@examples(4)
@given(trains())
def test_recursions_native(drawn):
    check(drawn, "native")


@examples(2)
@given(trains())
def test_recursions_brian2(drawn):
    check(drawn, "brian2")


TIMES = np.array([10.0, 20.0, 25.0, 60.0, 160.0, 161.0, 400.0])
# weights that a weight_recorder of NEST 3.10 has for spikes at TIMES, weight 1
NEST = {
    "tsodyks2": (
        {"facilitation": "decaying", "U": 0.3, "tau_rec": 300 * ms, "tau_fac": 200 * ms},
        [0.3, 0.35474593198012, 0.23451562708576, 0.15356101266749, 0.19735729196929,
         0.10035544705327, 0.25562182540165],
    ),
    "tsodyks2_default": (
        {},
        [0.5, 0.25310554987653, 0.12887954137568, 0.08308469904414, 0.09541254348702,
         0.04827128569654, 0.147030076888],
    ),
    "tsodyks": (
        {"facilitation": "decaying", "U": 0.3, "tau_rec": 300 * ms, "tau_fac": 200 * ms},
        [0.3, 0.35333518717025, 0.23175168973523, 0.15080143378744, 0.19616157100413,
         0.09936812375912, 0.25504767168724],
    ),
    "tsodyks_default": (
        {},
        [0.5, 0.25220978092376, 0.12802536526321, 0.08235337376119, 0.09495306323805,
         0.04799139793189, 0.1467642980518],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEST)
def test_every_spike_as_in_nest(name):
    """What each spike adds equals what NEST 3.10 transmits, to the digits printed."""
    choices, weights = NEST[name]
    rule = RULES[name.removesuffix("_default")].rule(**choices)
    n = TIMES.size  # source k has the first k + 1 spikes
    trains = [TIMES[: k + 1] for k in range(n)]
    net = ns.Network(seed=1)
    pre = net.spike_source(
        "pre", np.concatenate(trains) * ms, np.repeat(np.arange(n), np.arange(n) + 1), size=n
    )
    cells = net.population("cells", n, ns.NeuronModel("g : 1\ndx/dt = -x/second : 1"))
    net.project(pre, cells, ns.OneToOne(), "g", synapse=rule, weight=1, delay=1 * ms)
    with ns.Simulation(net, dt=DT, record=False) as sim:
        sim.run(402 * ms)
        sums = sim.read("cells", "g")
    np.testing.assert_allclose(np.diff(sums, prepend=0.0), weights, rtol=0, atol=2e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_recovered_after_long_silence(engine):
    """A quotient of growing exponentials would overflow after 2 s of silence (tau_psc = 3 ms)."""
    steps = np.array([1, 3, 4900])
    found = sum_sent([steps], engine, FORMS, steps=5000, dt=1 * ms)
    for form, sums in found.items():
        np.testing.assert_allclose(sums, sum(expected(form, steps * 1.0)), rtol=1e-12, err_msg=form)


def test_state_between_spikes_is_of_now():
    net = connect(told(obedient(), [np.array([10])], [[]]), {"rule": FORMS["tsodyks"]()}, 1 * mV)
    with ns.Simulation(net, dt=DT, record=False) as sim:
        sim.run(110 * DT)
        u, x, y = (sim.read("rule", name)[0] for name in "uxy")
    h = 10.0
    np.testing.assert_allclose(u, U * np.exp(-h / TAU_FAC), rtol=1e-12)
    np.testing.assert_allclose(y, U * np.exp(-h / TAU_PSC), rtol=1e-12)
    inactive = 1 - x - y
    gone = U * TAU_REC / (TAU_PSC - TAU_REC) * (np.exp(-h / TAU_PSC) - np.exp(-h / TAU_REC))
    np.testing.assert_allclose(inactive, gone, rtol=1e-10)
