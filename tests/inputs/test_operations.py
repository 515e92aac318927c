"""run_regularly: as Brian2 runs it, the same on both engines, for any neurons and threads."""

import brian2
import numpy as np
import pytest
from brian2 import ms, mV, nA, volt
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, EquationError, UnknownNameError

EQUATIONS = """
    dv/dt = (v_inf - v)/tau : volt (unless refractory)
    du/dt = -u/(7*ms) : 1
    v_inf = R*I : volt
    I : amp
    """
PARAMETERS = {"tau": 10 * ms, "R": 0.1 * volt / nA, "step": 0.5 * mV}
MODEL = ns.NeuronModel(
    EQUATIONS,
    threshold="v > 10*mV",
    reset="v = 0*mV",
    refractory=1.5 * ms,
    parameters={k: v for k, v in PARAMETERS.items() if k != "step"},
)
CODES = (
    ("x = 3*v_inf/mV + i; v = clip(v + 0.2*mV*sin(x) + 0.1*mV*t/ms, 0*mV, 12*mV)", 0.5, "start"),
    ("I += 5*pA*int(i < N/2) + 1*pA*int(t > 4*ms)", 1.0, "end"),
    ("u = u + 0.25*int(not_refractory)", None, "start"),
    ("I = 0.99*I", 2.0, "start"),
)


def network(n=20, seed=5):
    net = ns.Network(seed=seed)
    p = net.population("p", n, MODEL, initial={"v": "10*mV*i/N", "I": "50*pA + 8*pA*i"})
    net.record(p, ["v", "u", "I"])
    return net, p


def values(run):
    return {name: run.state("p", name).values for name in ("v", "u", "I")}


def plain_brian2(n=20, part=slice(None), duration=15):
    """The same network as a user of Brian2 writes it."""
    group = brian2.NeuronGroup(
        n,
        EQUATIONS,
        threshold="v > 10*mV",
        reset="v = 0*mV",
        refractory=1.5 * ms,
        method="exact",
        namespace=PARAMETERS,
        dt=0.1 * ms,
        name="plain_neurons*",
    )
    group.v = "10*mV*i/N"
    group.I = "50*pA + 8*pA*i"
    chosen = group[part] if part != slice(None) else group
    for k, (code, every, when) in enumerate(CODES):
        chosen.run_regularly(code, dt=(every or 0.1) * ms, when=when, order=k + 1)
    monitor = brian2.StateMonitor(group, ["v", "u", "I"], record=True, when="start")
    spikes = brian2.SpikeMonitor(group)
    brian2.Network(group, monitor, spikes, *([chosen] if chosen is not group else [])).run(
        duration * ms, namespace=PARAMETERS
    )
    found = {name: np.asarray(getattr(monitor, name)).T for name in ("v", "u", "I")}
    return found, np.asarray(spikes.t / ms), np.asarray(spikes.i)


def declare(net, neurons):
    for code, every, when in CODES:
        net.run_regularly(neurons, code, None if every is None else every * ms, when)


def scaled(found):
    return {"v": found["v"] * 1e3, "u": found["u"], "I": found["I"] * 1e12}


@pytest.mark.parametrize("part", [slice(None), slice(4, 15)], ids=["all", "part"])
def test_as_plain_brian2_does_it(engine, part):
    net, p = network()
    declare(net, p if part == slice(None) else p[part])
    run = ns.simulate(net, 15 * ms, engine=engine)
    expected, times, ids = plain_brian2(part=part)
    assert times.size > 10
    order = np.lexsort((ids, times))
    np.testing.assert_allclose(run.spikes("p")[0], times[order], rtol=1e-9)
    np.testing.assert_array_equal(run.spikes("p")[1], ids[order])
    for name, trace in scaled(expected).items():
        np.testing.assert_allclose(values(run)[name], trace, atol=1e-9)


def random_network(n=30):
    net, p = network(n)
    net.run_regularly(
        p[::3],
        "kick = rand() < 0.4\nv = v + 1*mV*int(kick)*randn()\nI += 1*pA*(i + 1)/N",
        every=0.3 * ms,
    )
    net.run_regularly(p, "tau = 10*ms + 2*ms*rand(); R = R*(1 + 0.01*randn())", 2 * ms, "end")
    net.run_regularly(p[[2, 3, 17]], "u = rand(); v += 0.1*mV*u*int(not_refractory)")
    net.run_regularly(p[5:25], "v = v + 0.05*mV*randn()")
    return net


def test_engines_threads_and_chunks_agree():
    found = []
    for engine, threads, parts in (
        ("brian2", 1, [25]),
        ("native", 1, [25]),
        ("native", 3, [25]),
        ("native", 2, [0.1, 7.7, 3.2, 14]),
    ):
        with ns.Simulation(random_network(), engine=engine, threads=threads) as sim:
            for part in parts:
                sim.run(part * ms)
            tau = sim.read("p", "tau")
        found.append((sim.recording.spikes("p"), values(sim.recording), tau))
    assert found[0][0][0].size > 20
    for spikes, traces, tau in found[1:]:
        np.testing.assert_array_equal(spikes[0], found[0][0][0])
        np.testing.assert_array_equal(spikes[1], found[0][0][1])
        np.testing.assert_array_equal(tau, found[0][2])
        for name, trace in traces.items():
            np.testing.assert_allclose(trace, found[0][1][name], atol=1e-9)


def test_random_numbers_are_drawn_for_each_neuron_and_time():
    """Null: rand() is uniform, randn() normal, all independent. KS at 1e-3, seed 21."""
    net = ns.Network(seed=21)
    p = net.population("p", 2000, ns.NeuronModel("a : 1\nb : 1\nc : 1"))
    net.record(p, ["a", "b", "c"])
    net.run_regularly(p, "a = rand(); b = randn(); c = rand()")
    run = ns.simulate(net, 0.5 * ms)
    a, b, c = (run.state("p", name).values[1:] for name in "abc")
    for row in range(4):
        assert stats.kstest(a[row], "uniform").pvalue > 1e-3
        assert stats.kstest(b[row], "norm").pvalue > 1e-3
    for x, y in ((a[0], a[1]), (a[0], c[0]), (a[0], stats.norm.cdf(b[0])), (a[0][1:], a[0][:-1])):
        assert abs(np.corrcoef(x, y)[0, 1]) < 4 / np.sqrt(1999)
    # another seed, other numbers; a second operation draws its own
    net.seed = 22
    assert (ns.simulate(net, 0.2 * ms).state("p", "a").values[1] != a[0]).all()


def test_operations_run_in_order_and_see_each_other(engine):
    net = ns.Network(seed=1)
    p = net.population("p", 3, ns.NeuronModel("a : 1\nb : 1"))
    net.record(p, ["a", "b"])
    net.run_regularly(p, "a = a + 1")
    net.run_regularly(p[1:], "b = 10*a + i", every=0.2 * ms)
    net.run_regularly(p, "a = a + 100", every=0.3 * ms, when="end")
    run = ns.simulate(net, 0.5 * ms, engine=engine)
    np.testing.assert_array_equal(run.state("p", "a").values[:, 0], [0, 101, 102, 103, 204])
    np.testing.assert_array_equal(
        run.state("p", "b").values,
        [[0, 0, 0], [0, 10, 11], [0, 10, 11], [0, 1030, 1031], [0, 1030, 1031]],
    )


def test_nan_is_found_where_it_arises(engine):
    net = ns.Network(seed=1)
    p = net.population("p", 300, ns.NeuronModel("a : 1\nb : 1"))
    net.run_regularly(p, "b = log(1.5 - a*int(i == 277))", when="end")
    net.run_regularly(p, "a = t/ms")
    with pytest.raises(ns.errors.NumericalError, match=r"'b' of neuron 277 .*1\.6 ms"):
        ns.simulate(net, 5 * ms, engine=engine, threads=2 if engine == "native" else 0)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("w = 1", EquationError, "changes no variable"),
        ("", EquationError, "changes no variable"),
        ("I = 1*mV", DimensionError, "A is needed"),
        ("v_inf = 1*mV", DescriptionError, "computed"),
        ("I = what", UnknownNameError, "'what'"),
        ("I = __import__('os')", ns.errors.ExpressionError, "__import__"),
        ("I +", EquationError, "not a statement"),
        ("x = 1; x = 2; I = x*pA", EquationError, "assigned twice"),
        ("x += 1; I = x*pA", EquationError, "before it has a value"),
        ("mV = 1; I = mV*pA", EquationError, "unit"),
        ("t = 1*ms", EquationError, "cannot be assigned"),
        ("rand = 1; I = 1*pA", EquationError, "function"),
        ("I = 1*pA*(" + "+".join(["rand()"] * 17) + ")", ns.errors.UnsupportedError, "17 times"),
        (3, EquationError, "string"),
    ],
)
def test_refused_code(code, error, words):
    net, p = network()
    with pytest.raises(error, match=words):
        net.run_regularly(p, code)


def test_refused_arguments():
    net, p = network()
    with pytest.raises(DescriptionError, match="'start' or 'end'"):
        net.run_regularly(p, "u = 1", when="middle")
    with pytest.raises(DescriptionError, match="every"):
        net.run_regularly(p, "u = 1", every=0 * ms)
    source = net.spike_source("s", [1] * ms, [0])
    with pytest.raises(DescriptionError, match="spike source"):
        net.run_regularly(source, "u = 1")
    net.run_regularly(p, "u = 1; I = 1*pA", every=0.25 * ms)
    with pytest.raises(DescriptionError, match="multiple of dt"):
        ns.simulate(net, 1 * ms)
    constant = ns.NeuronModel("a : 1 (constant)\nb : 1 (shared)")
    other = net.population("q", 2, constant)
    for code in ("a = 1", "b = 1"):
        with pytest.raises(DescriptionError, match=r"constant|shared"):
            net.run_regularly(other, code)
    calm = net.population("r", 2, ns.NeuronModel("a : 1"))
    with pytest.raises(UnknownNameError, match="not_refractory"):
        net.run_regularly(calm, "a = int(not_refractory)")


def test_tables_functions_and_whole_numbers_in_operations():
    model = ns.NeuronModel(
        """
        dv/dt = (I + J(t) + K - v)/tau : volt
        I : volt
        n : integer
        b : boolean
        K = 2*mV*f(v/mV) : volt
        h = 3*mV*rand() : volt (constant over dt)
        w : volt
        """,
        threshold="v > 10*mV",
        reset="v = 0*mV; n += 1",
        parameters={
            "tau": 10 * ms,
            "J": ns.TimedArray([1, 5, 9] * mV, dt=5 * ms),
            "f": ns.Function(np.tanh, cpp="tanh(x0)", arg_units=[1], return_unit=1),
        },
    )
    runs = []
    for engine in ("native", "brian2"):
        net = ns.Network(seed=4)
        p = net.population("p", 9, model, initial={"v": "i*mV"})
        net.run_regularly(p, "I = J(t)*i/N + h; b = v > 5*mV; n = n + 2*int(b)", every=1 * ms)
        net.run_regularly(p[2:6], "w = K + 1*mV*f(1.0*i); tau = tau*1.001")
        net.record(p, ["v", "I", "n", "w", "tau"])
        runs.append(ns.simulate(net, 20 * ms, engine=engine))
    for name in ("v", "I", "n", "w", "tau"):
        first, other = (run.state("p", name).values for run in runs)
        assert np.ptp(first) > 0
        np.testing.assert_allclose(first, other, atol=1e-9)
    net = ns.Network(seed=4)
    p = net.population("p", 9, model)
    for code, words in (("n = 0.5*mV", "needed"), ("b = 3.0*n", "condition"), ("h = 1*mV", "comp")):
        with pytest.raises(DescriptionError, match=words):
            net.run_regularly(p, code)


def test_operations_keep_to_their_place_beside_gap_junctions():
    """Threads read each other's v between the operations of a step: the same for any number."""
    cell = ns.NeuronModel(
        "dv/dt = (-v + R*I_gap)/tau : volt\nI_gap : amp",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"tau": 10 * ms, "R": 0.1 * volt / nA},
    )
    gap = ns.SynapseModel("w : siemens\nI_gap_post = w*(v_pre - v_post) : amp (summed)")
    found = []
    for engine, threads in (("brian2", 1), ("native", 1), ("native", 3)):
        net = ns.Network(seed=3)
        p = net.population("p", 24, cell, initial={"v": "9*mV*rand()"})
        net.project(p, p, ns.Bernoulli(0.3), synapse=gap, weight=0.5 * brian2.nS)
        net.run_regularly(p, "v = v + 0.3*mV*rand()")
        net.run_regularly(p[::2], "v = v*0.99", when="end")
        net.record(p, "v")
        run = ns.simulate(net, 20 * ms, engine=engine, threads=threads)
        found.append((run.state("p", "v").values, *run.spikes("p")))
    assert found[0][1].size > 20
    for v, times, ids in found[1:]:
        np.testing.assert_array_equal(times, found[0][1])
        np.testing.assert_array_equal(ids, found[0][2])
        np.testing.assert_allclose(v, found[0][0], atol=1e-9)
