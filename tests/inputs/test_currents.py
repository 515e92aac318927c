"""Injected currents: each kind against its definition, on both engines, on any neurons."""

import numpy as np
import pytest
from brian2 import Hz, mA, ms, mV, nA, pA, second, volt
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError

DT = 0.1
CELL = ns.NeuronModel(
    "dv/dt = (-v + R*I)/tau : volt\nI : amp",
    threshold="v > 10*mV",
    reset="v = 0*mV",
    parameters={"tau": 10 * ms, "R": 0.1 * volt / nA},
)


def cells(n, seed=1, initial=None):
    net = ns.Network(seed=seed)
    return net, net.population("p", n, CELL, initial=initial)


def traces(net, duration_ms, engine, **options):
    """I in pA of every step, (n_steps, n)."""
    net.record(net.populations["p"], "I")
    return ns.simulate(net, duration_ms * ms, engine=engine, **options).state("p", "I").values


def everything(n=12):
    """A network with every kind of current, on all, some and scattered neurons."""
    net, p = cells(n, seed=8, initial={"I": "90*pA + 2*pA*i", "v": "9*mV*rand()"})
    net.inject(p, "I", ns.StepCurrent([1, 4] * ms, [50, 20] * pA))
    net.inject(p[3:7], "I", ns.ConstantCurrent([1, 2, 3, 4] * pA, start=2 * ms, stop=5 * ms))
    net.inject(p[::5], "I", ns.SineCurrent(30 * pA, 200 * Hz, 0.3, 5 * pA, start=1.5 * ms))
    net.inject(p[[1, 2, 8]], "I", ns.RecordedCurrent(np.arange(24).reshape(8, 3) * pA, 0.25 * ms))
    net.inject(p, "I", ns.NoisyCurrent(0 * pA, 40 * pA, tau=2 * ms))
    net.inject(p[6:], "I", ns.NoisyCurrent(10 * pA, 40 * pA, every=0.5 * ms, stop=7 * ms))
    return net


def test_deterministic_kinds_and_their_sum(engine):
    net, p = cells(10, initial={"I": 7 * pA})
    net.inject(p, "I", ns.StepCurrent([0.25, 1, 2] * ms, [10, -20, 0] * pA))
    net.inject(p[2:4], "I", ns.ConstantCurrent(3 * pA, start=0.5 * ms, stop=1.5 * ms))
    sine = ns.SineCurrent(5 * pA, 100 * Hz, phase=0.4, offset=1 * pA, start=1 * ms, stop=2.5 * ms)
    net.inject(p[4::3], "I", sine)
    samples = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]) * pA
    net.inject(p[[0, 9]], "I", ns.RecordedCurrent(samples, 0.3 * ms, start=0.5 * ms))
    found = traces(net, 4, engine)
    t = np.arange(40) * DT
    expected = np.full((40, 10), 7.0)
    step = np.select([t < 0.25, t < 1 - 1e-9, t < 2 - 1e-9], [0, 10, -20], 0.0)
    expected += step[:, None]
    expected[5:15, 2:4] += 3
    k = np.arange(10, 25)
    wave = 1 + 5 * np.sin(2 * np.pi * 100 * (k - 10) * DT * 1e-3 + 0.4)
    expected[10:25, [4, 7]] += wave[:, None]
    expected[5:14, 0] += np.repeat([1, 3, 5], 3)
    expected[5:14, 9] += np.repeat([2, 4, 6], 3)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


def test_samples_finer_than_dt_take_the_latest(engine):
    net, p = cells(1)
    net.inject(p, "I", ns.RecordedCurrent(np.arange(1, 9) * pA, 0.05 * ms))
    np.testing.assert_allclose(traces(net, 0.6, engine)[:, 0], [1, 3, 5, 7, 0, 0], atol=1e-9)


def test_the_current_of_a_step_acts_in_it(engine):
    """v follows the closed form from the step on in which the current is there."""
    net, p = cells(1)
    net.inject(p, "I", ns.ConstantCurrent(50 * pA, start=1 * ms))
    net.record(p, "v")
    v = ns.simulate(net, 5 * ms, engine=engine).state("p", "v").values[:, 0]
    expected = -5 * np.expm1(-np.maximum(np.arange(50) * DT - 1, 0) / 10)
    np.testing.assert_allclose(v, expected, atol=1e-12)


def test_a_parameter_of_the_catalogue_takes_a_current(engine):
    """A constant current injected into I_e is I_e: the same spikes."""
    found = []
    for injected in (False, True):
        net = ns.Network(seed=2)
        model = ns.models.lif_curr_exp()
        p = net.population("p", 5, model if injected else model(I_e=400 * pA))
        if injected:
            net.inject(p, "I_e", ns.ConstantCurrent(400 * pA))
        times, ids = ns.simulate(net, 100 * ms, engine=engine).spikes("p")
        found.append((times, ids))
    assert found[0][0].size == 15
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_engines_threads_and_chunks_agree():
    found = []
    for engine, threads, parts in (
        ("brian2", 1, [20]),
        ("native", 1, [20]),
        ("native", 3, [20]),
        ("native", 2, [0.3, 4.4, 0.1, 15.2]),
    ):
        net = everything()
        net.record(net.populations["p"], ["I", "v"])
        with ns.Simulation(net, engine=engine, threads=threads) as sim:
            for part in parts:
                sim.run(part * ms)
        run = sim.recording
        found.append((run.spikes("p"), run.state("p", "I").values, run.state("p", "v").values))
    assert found[0][0][0].size > 5
    for spikes, current, v in found[1:]:
        np.testing.assert_array_equal(spikes[0], found[0][0][0])
        np.testing.assert_array_equal(spikes[1], found[0][0][1])
        np.testing.assert_array_equal(current, found[0][1])
        np.testing.assert_allclose(v, found[0][2], atol=1e-9)


def test_single_precision_injects_the_same_to_its_digits():
    exact = traces(everything(), 10, "native")
    single = traces(everything(), 10, "native", precision="single")
    np.testing.assert_allclose(single, exact, atol=1e-4)


def test_ornstein_uhlenbeck_is_stationary_and_exact():
    """Null: values are normal(20, 15) pA at any time, correlated as exp(-lag/tau).

    Kolmogorov-Smirnov at 1e-3; correlations within 4 standard errors. Seed 11.
    """
    net, p = cells(3000, seed=11)
    net.inject(p, "I", ns.NoisyCurrent(20 * pA, 15 * pA, tau=1 * ms))
    found = traces(net, 4, "native")
    for step in (0, 1, 39):
        assert stats.kstest((found[step] - 20) / 15, "norm").pvalue > 1e-3
    for lag in (1, 5, 10, 20):
        r = np.corrcoef(found[5], found[5 + lag])[0, 1]
        rho = np.exp(-lag * DT)
        assert abs(r - rho) < 4 * (1 - rho**2) / np.sqrt(3000)
    # neurons are independent of each other
    assert abs(np.corrcoef(found[:, :1500].ravel(), found[:, 1500:].ravel())[0, 1]) < 0.05


def test_white_noise_holds_for_its_interval():
    """Null: values of different intervals are independent normal(0, 10) pA. KS at 1e-3, seed 12."""
    net, p = cells(2000, seed=12)
    net.inject(p, "I", ns.NoisyCurrent(0 * pA, 10 * pA, every=0.5 * ms, start=0.2 * ms))
    found = traces(net, 2, "native")
    assert (found[:2] == 0).all()
    assert (np.diff(found[5:10], axis=0) == 0).all()
    assert (found[9] != found[10]).all()
    assert stats.kstest(found[5] / 10, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(found[5], found[10])[0, 1]) < 4 / np.sqrt(2000)


def test_set_input_and_write_change_a_current(engine):
    net, p = cells(4)
    net.record(p, "I")
    step = net.inject(p[:2], "I", ns.StepCurrent([0] * ms, [10] * pA), name="drive")
    assert step.name == "drive"

    def control(now):
        if now.step == 10:
            now.set_input("drive", [1e-12, 2e-12])
        if now.step == 20:
            now.write("p", "I", 5 * pA)
        if now.step == 30:
            now.set_input("drive", 0 * pA)

    run = ns.simulate(net, 4 * ms, engine=engine, callbacks=[ns.Callback(control, 1 * ms)])
    found = run.state("p", "I").values
    expected = np.repeat([[10, 10, 0, 0], [1, 2, 0, 0], [6, 7, 5, 5], [5, 5, 5, 5]], 10, axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    refused = (
        (lambda now: now.set_input("drove", 1 * pA), UnknownNameError),
        (lambda now: now.set_input("drive", 1 * mV), DimensionError),
        (lambda now: now.set_input("drive", [1.0, 2.0, 3.0]), DescriptionError),
        (lambda now: now.set_input("drive", np.nan), DescriptionError),
        (lambda now: now.set_input("drive", "much"), DescriptionError),
    )

    def try_all(now):
        for bad, error in refused:
            with pytest.raises(error):
                bad(now)

    # a new simulation starts from what was declared
    again = ns.simulate(net, 1 * ms, engine=engine, callbacks=[ns.Callback(try_all, 1 * ms)])
    np.testing.assert_allclose(again.state("p", "I").values[:, :2], 10, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda n, p: n.inject(p, "J", ns.ConstantCurrent(1 * pA)), UnknownNameError, "'J'"),
        (lambda n, p: n.inject(p, "v", ns.ConstantCurrent(1 * mV)), DescriptionError, "'v'"),
        (lambda n, p: n.inject(p, "I", ns.ConstantCurrent(1 * mV)), DimensionError, "A is needed"),
        (lambda n, p: n.inject(p, "I", 1 * pA), DescriptionError, "course over time"),
        (
            lambda n, p: n.inject(p, "I", ns.ConstantCurrent([1, 2] * pA)),
            DescriptionError,
            "2 columns for 4",
        ),
        (
            lambda n, p: [n.inject(p, "I", ns.ConstantCurrent(1 * pA), name="a") for _ in "ab"],
            DescriptionError,
            "already an input 'a'",
        ),
    ],
)
def test_refused_when_declared(call, error, words):
    net, p = cells(4)
    with pytest.raises(error, match=words):
        call(net, p)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ns.StepCurrent([1, 1] * ms, [1, 2] * pA), "ascending"),
        (lambda: ns.StepCurrent([-1, 1] * ms, [1, 2] * pA), ">= 0"),
        (lambda: ns.StepCurrent([1, 2] * ms, [1, 2, 3] * pA), "shape"),
        (lambda: ns.StepCurrent([1] * ms, [np.nan] * pA), "finite"),
        (lambda: ns.ConstantCurrent(1 * pA, start=2 * ms, stop=1 * ms), "before stop"),
        (lambda: ns.RecordedCurrent([] * pA, 1 * ms), "shape"),
        (lambda: ns.RecordedCurrent([1] * pA, 0 * ms), "dt"),
        (lambda: ns.SineCurrent(1 * pA, 1 * ms), "frequency"),
        (lambda: ns.SineCurrent(1 * pA, 1 * Hz, offset=1 * mV), "offset"),
        (lambda: ns.NoisyCurrent(0 * pA, -1 * pA), "sd"),
        (lambda: ns.NoisyCurrent(0 * pA, 1 * pA, tau=1 * ms, every=1 * ms), "not both"),
        (lambda: ns.NoisyCurrent(0 * pA, 1 * pA, tau=0 * ms), "tau"),
    ],
)
def test_refused_waves(make, words):
    with pytest.raises(DescriptionError, match=words):
        make()


def test_whatever_else_changes_the_variable_is_named():
    for other, words in (
        (
            lambda n, p: n.project(p, p, ns.AllToAll(), "I", weight=1 * pA, delay=1 * ms),
            "projection",
        ),
        (lambda n, p: n.poisson(p, "I", rate=1 * Hz, weight=1 * pA), "Poisson"),
        (lambda n, p: n.run_regularly(p, "I = 1*pA"), "operation"),
    ):
        net, p = cells(4)
        net.inject(p, "I", ns.ConstantCurrent(1 * mA))
        other(net, p)
        with pytest.raises(DescriptionError, match=words):
            ns.simulate(net, 1 * ms)
    net, p = cells(4)
    net.inject(p, "I", ns.NoisyCurrent(0 * pA, 1 * pA, every=0.25 * ms))
    with pytest.raises(DescriptionError, match="multiple of dt"):
        ns.simulate(net, 1 * second)
