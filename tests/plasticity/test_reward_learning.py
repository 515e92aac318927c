"""What rules with a third factor learn: trials that are judged, and trials with a teacher."""

import numpy as np
from brian2 import ms, mV
from scipy.stats import ttest_rel

import neurosim as ns

P = ns.plasticity
N, TRIAL = 20, 100

NOISY = ns.NeuronModel(
    "dv/dt = -v/(10*ms) : volt\nintensity = 40*hertz*exp((v - 6*mV)/(2*mV)) : hertz",
    threshold="rand() < intensity*dt",
    reset="v -= 3*mV",
    name="noisy",
)


def mean_reward(seed, *, shuffled, trials=160):
    """Mean reward of the last 40 trials; each of 20 neurons is to answer every other pattern.

    ``shuffled`` gives each neuron another one's reward: as much reward, for nothing it did.
    """
    rng = np.random.default_rng(seed)
    trial, line, step = np.nonzero(rng.random((trials, 10, 95)) < 0.04)
    net = ns.Network(seed=seed)
    inputs = net.spike_source(
        "inputs", (TRIAL * trial + step) * ms, 10 * (trial % 2) + line, size=20
    )
    cells = net.population("cells", N, P.with_reward(NOISY, learning_rate=0.1))
    rule = P.r_max(w_max=2 * mV, eta=0.03, trace="cleared")
    net.project(
        inputs, cells, ns.AllToAll(), "v", synapse=rule, weight=1 * mV, delay=1 * ms, name="rule"
    )
    rewards = []

    def judge(now):
        answered = np.isin(np.arange(N), now.spikes("cells")[1])
        reward = (answered == (len(rewards) % 2 == 0)).astype(float)
        rewards.append(reward.mean())
        now.write("cells", "reward", rng.permutation(reward) if shuffled else reward)
        now.write("cells", "outcome", 1)

    judged = ns.Callback(judge, every=TRIAL * ms, start=TRIAL * ms)
    with ns.Simulation(net, dt=1 * ms, record=False, callbacks=[judged]) as sim:
        sim.run((TRIAL * trials + 1) * ms)
    return np.mean(rewards[-40:])


def test_what_is_rewarded_is_learnt_and_what_is_not_is_not():
    """H0: own and another's reward are worth the same. Paired t test over 6 seeds, one-sided 1e-3.

    The control's mean reward stays within what chance gives (0.5) and a little more, as all
    neurons share the patterns.
    """
    own = [mean_reward(seed, shuffled=False) for seed in range(6)]
    control = [mean_reward(seed, shuffled=True) for seed in range(6)]
    assert ttest_rel(own, control, alternative="greater").pvalue < 1e-3
    assert np.mean(own) > 0.7
    assert abs(np.mean(control) - 0.5) < 0.1


def test_a_teacher_moves_the_synapses_of_a_group():
    """Teaching currents make spikes after those of both groups; only one has an error."""
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        "dv/dt = (I_teach - v)/(5*ms) : volt\nI_teach : volt\nx : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        name="taught",
    )
    output = net.population("output", 4, P.with_reward(model))
    teach = net.inject(output, "I_teach", ns.StepCurrent([0] * ms, [0] * mV))
    times = np.arange(10, 400, 100) * ms
    rule = P.hybrid_stdp(w_max=1 * mV, eta=0.0, kappa=1.0)
    for name in ("first", "second"):
        source = net.spike_source(name, times, np.zeros(4, int), size=1)
        net.project(
            source, output, ns.AllToAll(), "x", synapse=rule, weight=0.5 * mV, delay=0 * ms,
            name=f"from_{name}",
        )  # fmt: skip
    with ns.Simulation(net, dt=1 * ms, record=False) as sim:
        before = {name: sim.read(f"from_{name}", "w") for name in ("first", "second")}
        sim.write("from_first", "error", 1.0)
        for _ in range(4):
            sim.run(12 * ms)
            sim.set_input(teach.name, np.array([0, 0, 40, 40]) * mV)
            sim.run(8 * ms)
            sim.set_input(teach.name, 0 * mV)
            sim.run(70 * ms)
            sim.write("output", "outcome", 1)
            sim.run(10 * ms)
        after = {name: sim.read(f"from_{name}", "w") for name in ("first", "second")}
    np.testing.assert_array_equal(after["second"], before["second"])
    np.testing.assert_array_equal(after["first"][:2], before["first"][:2])
    assert (after["first"][2:] > before["first"][2:] + 0.02e-3).all()
