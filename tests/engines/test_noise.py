"""Random numbers in running code: xi, rand() and randn() in equations, threshold and reset."""

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV
from scipy import stats

import neurosim as ns
from neurosim import streams
from neurosim.errors import EquationError, UnsupportedError

OU = "dv/dt = (mu - v)/tau + sigma*sqrt(2/tau)*xi : volt"
OU_VALUES = {"mu": -60 * mV, "sigma": 3 * mV, "tau": 5 * ms}


def ou(equations=OU, method=None, **options):
    return ns.NeuronModel(equations, parameters=OU_VALUES, method=method, **options)


COLOURED = """
    dv/dt = (mu - v + eta)/tau : volt (unless refractory)
    deta/dt = -eta/(2*ms) + sigma*sqrt(2/tau)*xi_slow + 0.2*sigma*sqrt(2/tau)*xi_fast : volt
    """
MULTIPLICATIVE = "dv/dt = (mu - v)/tau + 0.3*(v - mu - 2*sigma)*sqrt(2/tau)*xi : volt"
DRAWN = "dv/dt = (mu - v)/tau + 3*sigma*(rand() - rand() + 0.1*randn())/ms : volt"
SPIKING = {
    "threshold": "v > -57*mV + 0.5*mV*randn()",
    "reset": "v = mu - 4*mV + 2*mV*rand()\nv += 0.1*mV*randn()",
    "refractory": "1.5*ms",
}
MODELS = {
    "euler": (OU, None, "euler"),
    "heun": (OU, "heun", "heun"),
    "multiplicative": (MULTIPLICATIVE, None, "heun"),
    "milstein": (MULTIPLICATIVE, "milstein", "milstein"),
    "coloured": (COLOURED, None, "euler"),
    "rand in an equation": (DRAWN, None, "euler"),
}


def network(model, size=200, seed=5, recurrent=True):
    net = ns.Network(seed=seed)
    group = net.population("E", size, model, initial={"v": "-60*mV + mV*rand()"})
    if recurrent:
        net.project(group, group, ns.Bernoulli(0.1), "v", weight=0.1 * mV, delay=1.5 * ms)
    net.record(group, "v", every=1 * ms)
    return net


def recorded(net, engine="native", steps=(600,), **options):
    with ns.Simulation(net, dt=0.1 * ms, engine=engine, progress=False, **options) as sim:
        for n in steps:
            sim.run(n * 0.1 * ms)
        final = sim.read("E", "v")
        method = sim.program.populations[0].code.method
    recording = sim.recording
    return recording.spikes("E"), recording.state("E", "v").values, final, method


@pytest.mark.parametrize("name", MODELS)
def test_stochastic_models_agree_spike_for_spike(native, brian2_engine, name):
    equations, method, expected = MODELS[name]
    net = network(ou(equations, method, **SPIKING))
    ours, theirs = (recorded(net, engine) for engine in ("native", "brian2"))
    assert ours[3] == expected
    assert ours[0][0].size > 60
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_noise_does_not_depend_on_threads_or_chunks(native, precision):
    net = network(ou(COLOURED, **SPIKING), size=150)
    first = recorded(net, threads=1, precision=precision)
    for options in (
        {"threads": 2},
        {"threads": 3, "steps": (1, 7, 192, 400)},
    ):
        other = recorded(net, precision=precision, **options)
        for a, b in zip(first[0], other[0], strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(first[2], other[2])


def test_the_ornstein_uhlenbeck_process_has_its_closed_form(native):
    """Null: after 20 tau, v is normal with mean mu and the variance of Euler's scheme.

    KS at level 0.001, seed 5: the neurons are independent, one sample of each.
    """
    model = ou()
    net = ns.Network(seed=5)
    net.population("E", 4000, model, initial={"v": "mu"})
    with ns.Simulation(net, dt=0.1 * ms, engine="native", record=False, progress=False) as sim:
        sim.run(100 * ms)
        early = sim.read("E", "v")
        sim.run(5 * ms)
        late = sim.read("E", "v")
    a = 0.1 / 5  # dt/tau: v' = (1 - a) v + sigma sqrt(2 a) randn has variance sigma^2/(1 - a/2)
    sd = 3e-3 / np.sqrt(1 - a / 2)
    assert stats.kstest(late, "norm", args=(-60e-3, sd)).pvalue > 1e-3
    # the autocorrelation over 50 steps is (1 - a)^50; its standard error is about 1/sqrt(4000)
    correlation = np.corrcoef(early, late)[0, 1]
    assert abs(correlation - (1 - a) ** 50) < 4 / np.sqrt(4000)


TWO_SOURCES = """
    dv/dt = (mu - v)/tau + sigma*sqrt(1/tau)*(xi_a + xi_b) : volt
    dw/dt = -w/tau + sigma*sqrt(1/tau)*(xi_a - xi_b) + (v - mu)/tau : volt
    """


@pytest.mark.parametrize(
    ("equations", "method"),
    [
        (OU, "euler"),
        (OU, "heun"),
        (MULTIPLICATIVE, "heun"),
        (MULTIPLICATIVE, "milstein"),
        (TWO_SOURCES, "euler"),
    ],
)
def test_brian2_itself_has_the_same_distribution(native, equations, method):
    """Null: v after 4 ms, from a common start, is distributed as in Brian2's own simulation.

    Two-sample KS at level 0.001, 3000 neurons each, seeds 5 (here) and 7 (Brian2).
    """
    net = ns.Network(seed=5)
    net.population("E", 3000, ou(equations, method), initial={"v": -58 * mV})
    with ns.Simulation(net, dt=0.1 * ms, engine="native", record=False, progress=False) as sim:
        sim.run(4 * ms)
        ours = {"v": sim.read("E", "v")}
        if "dw/dt" in equations:
            ours["w"] = sim.read("E", "w")
    brian2.seed(7)
    group = brian2.NeuronGroup(
        3000,
        equations,
        method=method,
        namespace=OU_VALUES,
        dt=0.1 * ms,
        codeobj_class=brian2.codegen.runtime.numpy_rt.NumpyCodeObject,
    )
    group.v = -58 * mV
    brian2.Network(group).run(4 * ms, namespace={})
    theirs = {name: np.asarray(getattr(group, name)) for name in ours}
    for name, values in ours.items():
        assert stats.ks_2samp(values, theirs[name]).pvalue > 1e-3
    if "w" in ours:
        one, other = (np.corrcoef(x["v"], x["w"])[0, 1] for x in (ours, theirs))
        assert abs(one - other) < 5 / np.sqrt(3000)


def test_a_poisson_process_by_its_threshold(native):
    """Null: counts of 400 neurons over 2000 steps with p = 0.01 are binomial.

    Chi-square at level 0.001, seed 5.
    """
    model = ns.NeuronModel("rate : Hz", threshold="rand() < rate*dt", parameters={"rate": 100 * Hz})
    net = ns.Network(seed=5)
    net.population("E", 400, model)
    run = ns.simulate(net, 200 * ms, dt=0.1 * ms, engine="native", progress=False)
    counts = np.bincount(run.spikes("E")[1], minlength=400)
    edges = np.array([-1, 14, 17, 19, 21, 23, 26, 2000])
    expected = np.diff(stats.binom.cdf(edges, 2000, 0.01)) * 400
    observed = np.histogram(counts, edges + 0.5)[0]
    assert stats.chisquare(observed, expected * 400 / expected.sum()).pvalue > 1e-3


def test_no_two_calls_or_neurons_or_steps_share_numbers(native):
    equations = "\n".join(f"x{k} : 1" for k in range(4))
    reset = "x0 = rand()\nx1 = rand()\nx2 = randn()\nx3 = rand()"
    model = ns.NeuronModel(equations, threshold="rand() < 2", reset=reset)
    net = ns.Network(seed=5)
    net.population("A", 70, model)
    net.population("B", 70, model)
    seen = []
    with ns.Simulation(net, dt=0.1 * ms, engine="native", record=False, progress=False) as sim:
        for _ in range(5):
            sim.run(0.1 * ms)
            seen += [sim.read(p, f"x{k}") for p in "AB" for k in range(4)]
    seen = np.concatenate(seen)
    assert np.unique(seen).size == seen.size == 5 * 2 * 4 * 70


def test_the_native_numbers_are_those_of_the_streams(native):
    model = ns.NeuronModel(
        "u : 1\nz : 1", threshold="True or rand() < 0", reset="u = rand(); z = randn()"
    )
    net = ns.Network(seed=2**40 + 17)
    net.population("A", 3, model)
    net.population("B", 130, model)
    ids = np.arange(3, 133)
    with ns.Simulation(net, dt=0.1 * ms, engine="native", record=False, progress=False) as sim:
        sim.run(0.7 * ms)
        u, z = sim.read("B", "u"), sim.read("B", "z")
        sites = {noise.kind: noise.site for noise in sim.program.populations[1].code.noise[1:]}
    np.testing.assert_array_equal(u, streams.noise_rand(2**40 + 17, ids, 6, sites["uniform"]))
    np.testing.assert_array_equal(z, streams.noise_randn(2**40 + 17, ids, 6, sites["normal"]))


def test_steps_beyond_32_bits_have_numbers_of_their_own():
    low, high = (streams.noise_rand(1, np.arange(50), step, 3) for step in (7, 7 + 2**32))
    assert np.intersect1d(low, high).size == 0


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"equations": OU, "method": "rk4"}, EquationError, ["rk4", "stochastic"]),
        ({"equations": OU, "method": "exact"}, EquationError, ["exact", "noise"]),
        ({"equations": DRAWN, "method": "rk4"}, EquationError, ["rk4", "constant over dt"]),
        ({"equations": MULTIPLICATIVE, "method": "euler"}, EquationError, ["multiplicative"]),
    ],
)
def test_methods_that_do_not_integrate_noise_say_so(changes, error, words):
    from neurosim.lowering.lower import lower

    net = network(ou(**changes), recurrent=False)
    with pytest.raises(error) as caught:
        lower(net, 0.1 * ms)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"equations": OU + "\nk = rand() : 1"}, EquationError, ["'k'", "constant over dt"]),
        ({"equations": OU + "\nk = xi : Hz**0.5"}, EquationError, ["'k'", "xi"]),
        ({"threshold": "v > xi*mV*ms**0.5"}, EquationError, ["threshold", "randn()"]),
        ({"refractory": "2*ms*rand()"}, UnsupportedError, ["refractory", "rand()"]),
    ],
)
def test_noise_that_would_mean_something_else_is_refused(changes, error, words):
    with pytest.raises(error) as caught:
        ou(**{"threshold": "v > -50*mV", **changes})
    for word in words:
        assert word in str(caught.value)
