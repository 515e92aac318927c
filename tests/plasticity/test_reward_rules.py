"""Rules with a third factor equal their closed forms, whatever the spike trains."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neurosim.plasticity import RULES
from told import DT, DT_MS, EQUATIONS, SCALE, connect, obedient, pairings, random_trains, told

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import Hz, ms, mV, second

P = ns.plasticity
STEPS = 300
ENGINES = ["native", "brian2"]
SLOTS = st.integers(0, (STEPS - 2) // 2)
# hypothesis draws the smallest first: some pairs are never without spikes
TRAINS = [st.sets(SLOTS, min_size=least, max_size=12) for least in (0, 3, 6, 6)]


def numbers(name, **choices):
    """Defaults of a rule's parameters, times in ms."""
    return {n: p.value for n, p in RULES[name].chosen(**choices)[1].items()}


@st.composite
def two_sides(draw):
    sides = [[draw(train) for train in TRAINS] for _ in range(2)]
    return [[np.array(sorted(s), int) * 2 + 1 for s in side] for side in sides]


def examples(count):
    return settings(
        max_examples=count, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip


W_0 = float(np.float32(0.5e-3)) / 1e-3  # weights are drawn with 32 bits


def stretches(sim, writes, steps):
    """Run some steps; before step s do ``writes[s]``, a list of (population, variable, value)."""
    now = 0
    for step in [*sorted(s for s in writes if s < steps), steps]:
        if step > now:
            sim.run((step - now) * DT)
            now = step
        for where, variable, value in writes.get(step, ()):
            sim.write(where, variable, value)


# -- the survey's form ----------------------------------------------------------------------------


def direct_weight(pre, post, reward):
    """Every pair counts with the reward at its second spike."""
    w, p = W_0, numbers("reward_stdp")
    for step, change in pairings(pre, post, p):
        w = np.clip(w + 3.0 * reward(step) * change, 0, 1)
    return w


def check_direct(sides, engine):
    pre, post = sides
    rewards = {0: 0.0, 60: 1.5, 150: -0.7, 220: 2.0}

    def reward(step):
        return rewards[max(s for s in rewards if s <= step)]

    rules = {
        "shared": P.reward_stdp(w_max=SCALE, eta=3.0),
        "target": P.reward_stdp(w_max=SCALE, eta=3.0, reward="target"),
    }
    net = connect(told(P.with_modulator(obedient()), pre, post), rules)
    writes = {s: [("shared", "R", value), ("cells", "R", value)] for s, value in rewards.items()}
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        stretches(sim, writes, STEPS)
        found = {name: sim.read(name, "w") / 1e-3 for name in rules}
    expected = [direct_weight(a, b, reward) for a, b in zip(pre, post, strict=True)]
    for name in rules:
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-10, err_msg=name)


@examples(5)
@given(two_sides())
def test_reward_times_pair_native(sides):
    check_direct(sides, "native")


@examples(3)
@given(two_sides())
def test_reward_times_pair_brian2(sides):
    check_direct(sides, "brian2")


# -- eligibility ----------------------------------------------------------------------------------

TRIALS = {70: (1.0, 0.4), 150: (-0.5, -0.2), 250: (0.8, 0.0)}  # step: reward, error
EXPECTED_RATE = 0.3


def eligible_weight(pre, post, name, choices):
    p = numbers(name, **choices)
    changes = pairings(pre, post, p)
    w, expected, cleared = W_0, 0.0, -1
    for now, (reward, error) in TRIALS.items():
        c = sum(
            change * np.exp(-(now - step) * DT_MS / p["tau_c"])
            for step, change in changes
            if cleared < step <= now
        )
        success = reward - (expected if choices["baseline"] == "expected" else 0.0)
        factor = p["eta"] * success
        if name == "hybrid_stdp":
            factor += p["kappa"] * error
        w = np.clip(w + factor * c, 0, 1)
        expected += EXPECTED_RATE * (reward - expected)
        cleared = now if choices["trace"] == "cleared" else -1
    return w


def first_and_last(name):
    """Two forms of a rule, which differ in every choice."""
    every = RULES[name].variants()
    return [every[0], every[-1]]


def check_eligible(sides, engine, names, forms=first_and_last):
    pre, post = sides
    rules, choices = {}, {}
    for name in names:
        for variant in forms(name):
            label = "_".join([name, *variant.values()])
            rules[label] = RULES[name].rule(**variant, w_max=SCALE)
            choices[label] = (name, variant)
    model = P.with_modulator(P.with_reward(obedient(), learning_rate=EXPECTED_RATE), "error")
    net = connect(told(model, pre, post), rules)
    shared = [label for label, (n, v) in choices.items() if v.get("error") == "shared"]
    writes = {
        step: [
            ("cells", "reward", reward),
            ("cells", "outcome", 1.0),
            ("cells", "error", error),
            *((label, "error", error) for label in shared),
        ]
        for step, (reward, error) in TRIALS.items()
    }
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        stretches(sim, writes, STEPS)
        for label, (name, variant) in choices.items():
            expected = [
                eligible_weight(a, b, name, variant) for a, b in zip(pre, post, strict=True)
            ]
            found = sim.read(label, "w") / 1e-3
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10, err_msg=label)
        assert not sim.read("cells", "outcome").any()
        assert not sim.read("cells", "reward").any()


@examples(3)
@given(two_sides())
def test_eligibility_is_learnt_when_rewarded_native(sides):
    check_eligible(sides, "native", ["eligibility_stdp", "hybrid_stdp"])


@examples(3)
@given(two_sides())
def test_eligibility_is_learnt_when_rewarded_brian2(sides):
    check_eligible(sides, "brian2", ["eligibility_stdp"])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_every_form_of_eligibility(engine):
    @examples(10 if engine == "native" else 2)
    @given(two_sides())
    def check(sides):
        names = ["eligibility_stdp", "hybrid_stdp"]
        check_eligible(sides, engine, names, lambda name: RULES[name].variants())

    check()


# -- dopamine -------------------------------------------------------------------------------------

RELEASES = {40: 0.5, 120: 0.25, 131: 0.125, 260: 0.5}


def dopamine_weight(pre, post, p, steps=STEPS, releases=RELEASES):
    """The integral of (d + d_0) c over time: a double sum of products of two exponentials."""
    changes = [(s * DT_MS, a) for s, a in pairings(pre, post, p)]
    end, tau_c, tau_d = steps * DT_MS, p["tau_c"], p["tau_d"]
    both = 1 / (1 / tau_c + 1 / tau_d)
    total = sum(a * p["d_0"] * tau_c * (1 - np.exp(-(end - t) / tau_c)) for t, a in changes)
    for t, a in changes:
        for step, amount in releases.items():
            s = step * DT_MS
            both_there = max(t, s)
            start = np.exp(-(both_there - t) / tau_c - (both_there - s) / tau_d)
            total += a * amount * start * both * (1 - np.exp(-(end - both_there) / both))
    return W_0 + p["eta"] * 1e-3 * total


def check_dopamine(sides, engine, by):
    """``by`` whom dopamine is released: spikes of a population, or a write between two steps."""
    pre, post = sides
    p = numbers("dopamine_stdp") | {"eta": 20.0}
    net = told(P.with_dopamine(obedient()), pre, post)
    connect(net, {"da": P.dopamine_stdp(w_max=SCALE, eta=20 * Hz)})
    writes = {}
    if by == "population":
        # arrives a step before it acts: it is added to d_in after the thresholds of its step
        for k, (step, amount) in enumerate(RELEASES.items()):
            times = np.array([step - 1]) * DT
            spike = net.spike_source(f"vta{k}", times, [0], size=1)
            net.project(
                spike, net.populations["cells"], ns.AllToAll(), "d_in",
                weight=amount, delay=0 * ms,
            )  # fmt: skip
    else:
        writes = {step: [("cells", "d_in", amount)] for step, amount in RELEASES.items()}
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        stretches(sim, writes, STEPS)
        found = sim.read("da", "w") / 1e-3
    expected = [dopamine_weight(a, b, p) for a, b in zip(pre, post, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@examples(5)
@given(two_sides())
def test_dopamine_is_the_integral_native(sides):
    check_dopamine(sides, "native", "write")


@examples(3)
@given(two_sides())
def test_dopamine_is_the_integral_brian2(sides):
    check_dopamine(sides, "brian2", "write")


@pytest.mark.parametrize("engine", ENGINES)
def test_dopamine_released_by_a_population(engine):
    rng = np.random.default_rng(5)
    sides = [random_trains(rng, 4, STEPS, 8) for _ in range(2)]
    check_dopamine(sides, engine, "population")


def bounded_dopamine(pre, post, p):
    """The same from event to event, kept within the bounds at each."""
    changes = pairings(pre, post, p)
    steps = sorted({s for s, _ in changes} | set(RELEASES) | {STEPS})
    w, c, d, last = W_0, 0.0, 0.0, 0.0
    both = 1 / (1 / p["tau_c"] + 1 / p["tau_d"])
    for step in steps:
        h = (step - last) * DT_MS
        moved = c * d * both * (1 - np.exp(-h / both))
        moved += p["d_0"] * c * p["tau_c"] * (1 - np.exp(-h / p["tau_c"]))
        w = np.clip(w + p["eta"] * 1e-3 * moved, 0, 1)
        c, d, last = c * np.exp(-h / p["tau_c"]), d * np.exp(-h / p["tau_d"]), step
        c += sum(a for s, a in changes if s == step)
        d += RELEASES.get(step, 0.0)
    return w


@pytest.mark.parametrize("engine", ENGINES)
def test_dopamine_at_the_bounds_and_with_learning_switched_off(engine):
    rng = np.random.default_rng(6)
    pre = random_trains(rng, 6, STEPS - 20, 12)
    post = [train + (4 if k % 2 else -4) for k, train in enumerate(pre)]
    post = [train[train > 0] for train in post]
    p = numbers("dopamine_stdp") | {"eta": 3000.0}
    rules = {n: P.dopamine_stdp(w_max=SCALE, eta=3000 * Hz) for n in ("on", "off")}
    net = connect(told(P.with_dopamine(obedient()), pre, post), rules)
    writes = {step: [("cells", "d_in", amount)] for step, amount in RELEASES.items()}
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        sim.learning("off", False)
        stretches(sim, writes, STEPS)
        found, held = sim.read("on", "w") / 1e-3, sim.read("off", "w") / 1e-3
        sim.learning("off", True)
        assert np.array_equal(sim.read("off", "w") / 1e-3, held)
    expected = [bounded_dopamine(a, b, p) for a, b in zip(pre, post, strict=True)]
    assert min(expected) == 0
    assert max(expected) == 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(held, W_0, rtol=1e-12)


# -- reward maximisation --------------------------------------------------------------------------


def gradient_trace(pre, post, now, rate, p):
    """c at a step: what was done, minus what was to be expected at that rate (in 1/ms)."""
    pre, post = np.asarray(pre, float), np.asarray(post, float)
    tau_p, tau_c = p["tau_psp"], p["tau_c"]
    done = 0.0
    for step in post[post <= now]:
        psp = np.exp(-(step - pre[pre <= step]) * DT_MS / tau_p).sum()
        done += psp * np.exp(-(now - step) * DT_MS / tau_c)
    since = (now - pre[pre <= now]) * DT_MS
    both = 1 / (1 / tau_p - 1 / tau_c)
    return done - rate * both * (np.exp(-since / tau_c) - np.exp(-since / tau_p)).sum()


@pytest.mark.parametrize("engine", ENGINES)
def test_r_max_is_the_gradient(engine):
    rng = np.random.default_rng(7)
    n, p = 5, numbers("r_max")
    pre, post = (random_trains(rng, n, STEPS, 10) for _ in range(2))
    rates = np.linspace(5, 80, n)
    equations = f"{EQUATIONS}\nintensity : hertz (constant)"
    model = P.with_reward(obedient(equations, parameters={"intensity": rates * Hz}))
    net = connect(told(model, pre, post), {"r_max": P.r_max(w_max=SCALE, eta=0.004)})
    writes = {200: [("cells", "reward", 0.5), ("cells", "outcome", 1.0)]}
    with ns.Simulation(net, dt=DT, engine=engine, record=False) as sim:
        stretches(sim, writes, STEPS)
        w = sim.read("r_max", "w") / 1e-3
    expected = [
        np.clip(W_0 + 0.004 * 0.5 * gradient_trace(a, b, 200, rate * 1e-3, p), 0, 1)
        for a, b, rate in zip(pre, post, rates, strict=True)
    ]
    assert min(expected) > 0
    assert max(expected) < 1
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-10)


def test_r_max_learns_nothing_without_reward():
    """H0: neurons fire as their intensity says, so the mean of c is 0. z test, two-sided 1e-6."""
    n = 2000
    net = ns.Network(seed=11)
    pre = net.poisson_population("pre", n, rate=40 * Hz)
    model = ns.NeuronModel(
        "dx/dt = -x/(10*ms) : 1\ng : volt\nintensity = 20*Hz*exp(x) : hertz",
        threshold="rand() < intensity*dt",
        reset="x -= 0.1",
    )
    cells = net.population("cells", n, P.with_reward(model))
    net.project(pre, cells, ns.OneToOne(), "x", weight=0.3, delay=0 * ms)
    net.project(
        pre, cells, ns.OneToOne(), "g", synapse=P.r_max(w_max=SCALE), weight=0.5 * SCALE,
        delay=0 * ms, name="r_max",
    )  # fmt: skip
    with ns.Simulation(net, dt=DT, record=False) as sim:
        sim.run(300 * ms)
        c = sim.read("r_max", "c")
    assert c.std() > 0.1
    assert abs(c.mean()) < 4.9 * c.std() / np.sqrt(n)


# -- what is refused ------------------------------------------------------------------------------


def test_a_model_that_is_not_rewarded_is_told():
    net = told(obedient(), [[5]], [[7]])
    with pytest.raises(DescriptionError, match="expected_post"):
        connect(net, {"rule": P.eligibility_stdp(w_max=SCALE)})


def test_eligibility_without_decay_is_refused():
    with pytest.raises(DescriptionError, match="c"):
        ns.PlasticityRule(
            "dc/dt = 0/second : 1 (event-driven)",
            on_pre="target_post += w; c += 1",
            on_post="w += c*w_max",
            parameters={"w_max": SCALE},
            bounds={"w": (0 * mV, "w_max")},
            eligibility=["c"],
        )


def test_with_dopamine_twice_is_refused():
    once = P.with_dopamine(obedient(), tau_d=1 * second)
    with pytest.raises(DescriptionError, match="has 'd' already"):
        P.with_dopamine(once)
    with pytest.raises(DescriptionError, match="not a NeuronModel"):
        P.with_reward("lif")
