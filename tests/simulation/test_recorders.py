"""Recorders on both engines: windows, subsets, sums, expressions, the field potential."""

import math

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError, UnsupportedError
from neurosim.units import ms, mV, nS, pA

EQUATIONS = """
dv/dt = (I_total/g_L - (v - E_L))/tau : volt
dI/dt = -I/tau_s : amp
I_total = I + I_e : amp
"""


def network(n=600):
    model = ns.NeuronModel(
        EQUATIONS,
        threshold="v > V_th",
        reset="v = E_L",
        parameters={
            "g_L": 10 * nS, "E_L": -60 * mV, "tau": 10 * ms, "tau_s": 5 * ms,
            "I_e": ns.Uniform(80 * pA, 160 * pA), "V_th": -50 * mV,
        },
        name="cell",
    )  # fmt: skip
    net = ns.Network(seed=3)
    e = net.population("E", n, model, initial={"v": "E_L + 10*mV*rand()"})
    net.project(e, e, ns.Bernoulli(0.05), "I", weight=5 * pA, delay=1 * ms)
    return net, e


def run(net, tmp_path, engine, threads=1, **kwargs):
    with ns.Simulation(
        net, engine=engine, threads=threads, output=tmp_path / f"{engine}{threads}.h5", **kwargs
    ) as simulation:
        for duration in (3.3 * ms, 0.1 * ms, 11.6 * ms):
            simulation.run(duration)
    return simulation.recording


@pytest.fixture(scope="module", params=[("native", 1), ("native", 3), ("brian2", 1)])
def recording(request, tmp_path_factory):
    net, e = network()
    net.record(e, "v")
    net.record(e, "I", every=0.5 * ms, start=1.2 * ms, stop=9 * ms, name="window")
    net.record(e[[5, 7, 100]], ["I_total", "I*(v - E_L)"], every=1 * ms)
    net.record_sum(e[::3], "v", every=0.3 * ms)
    net.record_mean(e, "v", every=1 * ms, start=5 * ms)
    net.record_mean(e[:50], "v - E_L", every=1 * ms)
    net.record_lfp(e, "I", "I_e + 0*I", every=0.2 * ms)
    return run(net, tmp_path_factory.mktemp("recorders"), *request.param)


def test_window_and_interval(recording):
    v = recording.states("E", "v")
    assert v.values.shape == (150, 600)
    part = recording.states("E", "I")
    assert part.times_ms == pytest.approx(np.arange(1.2, 9.0, 0.5))
    assert part.values.shape == (16, 600)
    assert recording.states("E", "window").values.shape == part.values.shape


def test_subexpressions_and_expressions(recording):
    total = recording.states("E", "I_total")
    assert total.ids.tolist() == [5, 7, 100]
    assert total.times_ms == pytest.approx(np.arange(15.0))
    assert total.unit == "pA"
    product = recording.states("E", "I*(v - E_L)")
    v = recording.states("E", "v", ids=[5, 7, 100]).values[::10]
    currents = product.values / ((v + 60.0) * 1e-15)  # W to fA mV
    background = total.values - currents
    assert background == pytest.approx(np.broadcast_to(background[0], (15, 3)), abs=1e-6)
    assert np.all((background > 80) & (background < 160))


def test_sums_and_means(recording):
    v = recording.states("E", "v").values
    total = recording.states("E", "sum(v)")
    assert total.ids.tolist() == list(range(0, 600, 3))
    expected = [math.fsum(row) for row in v[::3, ::3]]
    assert total.values[:, 0] == pytest.approx(expected, rel=1e-13)
    mean = recording.states("E", "mean(v)")
    assert mean.times_ms == pytest.approx(np.arange(5.0, 15.0))
    assert mean.values[:, 0] == pytest.approx(v[50::10].mean(axis=1), rel=1e-13)
    other = recording.states("E", "mean(v - E_L)").values[:, 0]
    assert other == pytest.approx(v[::10, :50].mean(axis=1) + 60.0, rel=1e-12)


def test_lfp_is_of_the_currents(recording):
    times, lfp = recording["E"].lfp(weight=0.0, delay_ms=0.0)
    currents = recording.states("E", "sum(abs(I))").values[:, 0]
    assert times == pytest.approx(np.arange(0, 15, 0.2))
    assert np.corrcoef(lfp, currents)[0, 1] == pytest.approx(1.0)


def test_sums_are_the_same_bits_for_any_number_of_threads(tmp_path):
    net, e = network(1000)
    net.record_sum(e, "v", every=0.1 * ms)
    net.record_sum(e[1::7], "I", every=0.1 * ms)
    runs = [run(net, tmp_path, "native", threads) for threads in (1, 2, 5)]
    for label in ("sum(v)", "sum(I)"):
        first, *others = (r.states("E", label).values for r in runs)
        assert np.ptp(first) > 0
        assert all(np.array_equal(first, other) for other in others)


def test_a_sum_beyond_the_range_is_not_a_number(tmp_path):
    net = ns.Network()
    model = ns.NeuronModel("dx/dt = x/(1*ms) : 1")
    net.record_sum(net.population("A", 5, model, initial={"x": 1.0}), "x", every=1 * ms)
    for engine in ("native", "brian2"):
        found = ns.simulate(net, 30 * ms, engine=engine, threads=1).states("A", "sum(x)").values
        finite = np.isfinite(found[:, 0])
        assert finite[:18].all()
        assert not finite[20:].any()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("volts",), UnknownNameError, "I_total"),
        (("v + I",), DimensionError, "units"),
        (("v*rand()",), UnsupportedError, "random"),
        (("v", {"every": 0 * ms}), DescriptionError, "> 0"),
        (("v", {"start": 5 * ms, "stop": 5 * ms}), DescriptionError, "later than start"),
        (("v", {"start": -1 * ms}), DescriptionError, "0 or later"),
        (("v", {"every": 3 * mV}), DimensionError, "every"),
    ],
)
def test_what_cannot_be_recorded(arguments, error, words):
    net, e = network(10)
    variable, *rest = arguments
    with pytest.raises(error, match=words):
        net.record(e, variable, **(rest[0] if rest else {}))


def test_intervals_off_the_grid_and_constants_are_refused_before_the_run():
    for options in ({"start": 0.05 * ms}, {"every": 0.25 * ms}, {"stop": 1.01 * ms}):
        net, e = network(10)
        net.record(e, "v", **options)
        with pytest.raises(DescriptionError, match="multiple of dt"):
            ns.lower(net, 0.1 * ms)
    net, e = network(10)
    net.record(e, "g_L", every=1 * ms)
    with pytest.raises(DescriptionError, match="does not change"):
        ns.lower(net, 0.1 * ms)
