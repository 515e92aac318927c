"""Statements run for all synapses at intervals: their sums, their order, what they refuse."""

import ctypes
import math
import subprocess
from functools import partial

import numpy as np
import pytest
from brian2 import amp, ms, mV, nS, second
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from synapse_networks import KINDS

import neurosim as ns
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    EquationError,
    UnknownNameError,
    UnsupportedError,
)

ENGINES = ("native", "brian2")
STEP = 0.1 * ms


def network(synapse, size=12, *, weight=None, seed=5):
    """Silent neurons that differ in `a`, and one projection, "s", among them."""
    net = ns.Network(seed=seed)
    model = ns.NeuronModel("dv/dt = -v/tau : volt", threshold="v > 1*mV", reset="v = 0*mV",
                           parameters={"tau": ns.Uniform(5 * ms, 20 * ms)})  # fmt: skip
    cells = net.population("cells", size, model)
    if "w" in synapse.text.used | set(synapse.text.own):
        weight = ns.Uniform(-1 * mV, 2 * mV) if weight is None else weight
    net.project(
        cells, cells, ns.Bernoulli(0.5), "v", synapse=synapse, weight=weight,
        delay=ns.Uniform(0.5 * ms, 2 * ms), name="s",
    )  # fmt: skip
    return net


def values(net, engine, duration=STEP, names=("w",), threads=3):
    """Return the synapses and their variables after a run."""
    with ns.Simulation(net, dt=STEP, engine=engine, threads=threads, record=False) as sim:
        before = {name: sim.read("s", name) for name in names}
        tau = np.asarray(sim.read("cells", "tau"))
        sim.run(duration)
        return sim.synapses("s"), before, {name: sim.read("s", name) for name in names}, tau


class Vectors:
    """What NumPy makes of statements: every variable is a vector over the synapses."""

    def __init__(self, table, before, tau):
        self.source, self.target = table["source"], table["target"]
        self.w, self.x = before["w"].copy(), before["x"].copy()
        self.tau_pre, self.tau_post = tau[self.source], tau[self.target]

    def sum_post(self, values):
        return self._sum(self.target, values)

    def sum_pre(self, values):
        return self._sum(self.source, values)

    def _sum(self, of, values):
        values = np.broadcast_to(values, self.w.shape)
        return np.array([math.fsum(values[of == k]) for k in of])


def per_target(s):
    s.w *= 3e-3 / s.sum_post(abs(s.w))


def from_both_sides(s):
    s.x = s.x + s.sum_pre(s.tau_pre * s.w / 1e-3) - s.sum_post(s.tau_pre * s.tau_post)


def one_after_the_other(s):
    y = s.w * 2
    s.w = s.w + s.sum_pre(y) / s.sum_pre(1)
    s.x = s.w / 1e-3 + s.sum_post(s.w) / s.sum_post(abs(s.w))
    s.w = s.w - s.sum_post(s.x) * 1e-3


def within_each_other(s):
    inner = s.sum_pre(s.x + 1)
    s.w = s.w * (s.sum_post(s.w * inner) / s.sum_post(1)) / 1e-3


CODES = {
    per_target: "w *= 3*mV/sum_post(abs(w))",
    from_both_sides: "x += sum_pre(tau_pre*w/mV)/second - sum_post(tau_pre*tau_post)/second**2",
    one_after_the_other: """
        y = 2*w
        w += sum_pre(y)/sum_pre(1)
        x = w/mV + sum_post(w)/sum_post(abs(w)); w -= sum_post(x)*mV
        """,
    within_each_other: "w *= sum_post(w*sum_pre(x + 1))/sum_post(1)/mV",
}


@pytest.mark.parametrize("rule", CODES, ids=lambda rule: rule.__name__)
def test_statements_are_numpys_on_vectors(rule):
    found = {}
    for engine in ENGINES:
        synapse = ns.SynapseModel(
            "w : volt\nx : 1", on_pre="v_post += w", initial={"x": ns.Uniform(0, 1)}
        )
        net = network(synapse)
        net.run_regularly("s", CODES[rule], 1 * second)
        table, before, found[engine], tau = values(net, engine, names=("w", "x"))
        expected = Vectors(table, before, tau)
        rule(expected)
        changed = {name for name in ("w", "x") if (getattr(expected, name) != before[name]).any()}
        assert changed
        for name in ("w", "x"):
            wanted = getattr(expected, name)
            np.testing.assert_allclose(found[engine][name], wanted, rtol=1e-12, atol=1e-16)


@st.composite
def statements(draw):
    """Statements on `w` and `x` with names of their own and sums, some within each other."""
    lines, own = [], []

    def expression(depth):
        kind = draw(st.sampled_from(("name", "name", "sum", "both")))
        if kind == "name" or depth == 0:
            return draw(st.sampled_from(["w", "x", "0.5", *own]))
        if kind == "sum":
            return f"sum_{draw(st.sampled_from(('pre', 'post')))}({expression(depth - 1)})"
        sign = draw(st.sampled_from("+-*"))
        return f"({expression(depth - 1)} {sign} {expression(depth - 1)})"

    for k in range(draw(st.integers(1, 6))):
        target = draw(st.sampled_from(("w", "x", f"y{k}")))
        lines.append((target, f"0.1*({expression(3)})"))
        own += [target] if target.startswith("y") else []
    return [*lines, ("w", "w*1")]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(statements())
def test_any_statements_in_stages_are_those_one_after_the_other(lines):
    rng = np.random.default_rng(1)
    of = {"pre": rng.integers(0, 3, 7), "post": rng.integers(0, 3, 7)}

    def add_up(side, values):
        totals = np.bincount(of[side], np.broadcast_to(values, 7), minlength=3)
        return totals[of[side]]

    known = {"w": rng.uniform(-1, 1, 7), "x": rng.uniform(-1, 1, 7)}
    expected, found = dict(known), dict(known)
    functions = {f"sum_{side}": partial(add_up, side) for side in of}
    for target, code in lines:
        expected[target] = eval(code, functions, expected)
    net = network(ns.SynapseModel("w : 1\nx : 1", on_pre="x = 0", initial={"x": 0}), weight=1)
    net.run_regularly("s", "\n".join(f"{target} = {code}" for target, code in lines))
    try:
        code = ns.lower(net, STEP).projections[0].synapse.code
    except EquationError:  # a name that stands for what has changed is refused
        reject()
    for stage in code.operations[0].stages:
        for summed in stage.sums:
            found[summed.name] = add_up(summed.side, eval(summed.code, {}, found))
        for line in stage.code.splitlines():
            target, _, text = line.partition(" = ")
            found[target] = eval(text, {}, found)
    for name in known:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)


def test_sums_over_a_source_are_exact_and_the_same_bits_in_both_engines():
    """1e16 + 1 - 1e16 is 1 in whatever order, and 0 where sums are rounded on the way."""
    n = 9
    pre, post = np.repeat([0, 1], n), np.tile(np.arange(n), 2)
    x = np.r_[1e16, 1.0, -1e16, np.zeros(n - 3), np.random.default_rng(2).uniform(-1, 1, n) / 3]
    results = []
    for engine, threads in (("brian2", 1), ("native", 1), ("native", 3), ("native", 4)):
        net = ns.Network(seed=1)
        model = ns.NeuronModel("dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0")
        cells = net.population("cells", n, model)
        synapse = ns.SynapseModel("x : 1\ny : 1", on_pre="v_post += x", initial={"x": x, "y": 0})
        net.project(cells, cells, ns.Edges(pre, post), synapse=synapse, name="s")
        net.run_regularly("s", "y = sum_pre(x)", 1 * second)
        with ns.Simulation(net, dt=STEP, engine=engine, threads=threads, record=False) as sim:
            sim.run(STEP)
            source, y = sim.synapses("s")["source"], sim.read("s", "y")
        assert (y[source == 0] == 1).all()
        assert (y[source == 1] == math.fsum(x[n:])).all()
        results.append(y)
    assert all(np.array_equal(results[0], other) for other in results[1:])


@pytest.fixture(scope="module")
def wide_sum(tmp_path_factory):
    """The native engine's sum of doubles, of two parts."""
    folder = tmp_path_factory.mktemp("wide")
    include = (ns.__path__[0] + "/engines/native/include").replace("\\", "/")
    source = folder / "wide.cpp"
    source.write_text(
        f'#include "{include}/wide_sum.hpp"\n'
        'extern "C" double total(const double* x, int n, int every) {\n'
        "    neurosim::WideSum a, b;\n"
        "    for (int i = 0; i < n; ++i) (i % every ? a : b).add(x[i]);\n"
        "    a.add(b);\n    return a.value();\n}\n"
    )
    library = folder / "wide.so"
    command = [*find_compiler().command, "-O1", "-std=c++17", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(library), str(source)], check=True)
    function = ctypes.CDLL(str(library)).total
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.POINTER(ctypes.c_double), ctypes.c_int, ctypes.c_int]
    return lambda x, every=2: function((ctypes.c_double * len(x))(*x), len(x), every)


def test_wide_sums_round_once(wide_sum):
    rng = np.random.default_rng(3)
    for k in range(500):
        n = rng.integers(0, 40)
        x = rng.normal(size=n) * 10.0 ** rng.uniform(-14, 14, n)
        if k % 3 == 0:
            x = np.r_[x, -x, 1e-9]
        elif k % 3 == 1:
            x = np.ldexp(rng.integers(-5, 6, n).astype(float), rng.integers(-100, 50, n))
        assert wide_sum(x, int(rng.integers(1, 5))) == math.fsum(x)
    assert wide_sum([2.0**53, 1.0]) == 2.0**53  # a tie goes to the even one
    assert wide_sum([2.0**53, 3.0]) == 2.0**53 + 4
    assert math.isnan(wide_sum([1.0, math.inf]))
    assert math.isnan(wide_sum([1.0, 1e300]))


@pytest.mark.parametrize("engine", ENGINES)
def test_event_driven_variables_are_brought_up_to_date_first(engine):
    """One spike arrives at 1 ms and one, at the target's end, at 3 ms; read at 4 ms and 6 ms."""
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : 1", threshold="v > 0.9", reset="v = 0")
    cell = net.population("cell", 1, model)
    source = net.spike_source("source", [1.0] * ms, [0], size=1)
    kick = net.spike_source("kick", [3.0] * ms, [0], size=1)
    net.project(kick, cell, ns.AllToAll(), "v", weight=1, delay=0 * ms)
    synapse = ns.SynapseModel(
        """
        da/dt = -a/(5*ms) : 1 (event-driven)
        db/dt = -b/(7*ms) : 1 (event-driven)
        n : 1
        seen : 1
        total : 1
        """,
        on_pre="a += 1",
        on_post="b += 1",
        initial={"n": 0, "seen": 0, "total": 0},
    )
    net.project(source, cell, ns.AllToAll(), synapse=synapse, delay=0 * ms, name="s")
    net.run_regularly(
        "s", "total += sum_post(a)*sum_pre(b); seen += a; n += 1", every=2 * ms, start=4 * ms
    )
    with ns.Simulation(net, dt=STEP, engine=engine, record=False) as sim:
        sim.run(7 * ms)
        n, seen, total = (sim.read("s", name)[0] for name in ("n", "seen", "total"))
        a, b = sim.read("s", "a")[0], sim.read("s", "b")[0]
    # the target's spike is one step after the kick that arrives at 3 ms
    at = np.array([4.0, 6.0])
    first, second_ = np.exp(-(at - 1) / 5), np.exp(-(at - 3.1) / 7)
    assert n == 2
    np.testing.assert_allclose(seen, first.sum(), rtol=1e-12)
    np.testing.assert_allclose(total, (first * second_).sum(), rtol=1e-12)
    np.testing.assert_allclose([a, b], [np.exp(-6 / 5), np.exp(-3.9 / 7)], rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_times_and_order(engine):
    """Operations run at start + k every, those declared first before the others."""
    synapse = ns.SynapseModel(
        "n : 1\nm : 1\nlast : second", on_pre="v_post += n*mV",
        initial={"n": 0, "m": 1, "last": -1 * second},
    )  # fmt: skip
    net = network(synapse)
    net.run_regularly("s", "n += 1")
    net.run_regularly("s", "m = 2*m + n; last = t", 0.3 * ms, start=0.2 * ms)
    net.run_regularly("s", "m = m + 1", 0.3 * ms, "end", start=0.2 * ms)
    _, _, after, _ = values(net, engine, 1.2 * ms, ("n", "m", "last"))
    m = 1
    for step in (2, 5, 8, 11):
        m = 2 * m + (step + 1) + 1
    assert (after["n"] == 12).all()
    assert (after["m"] == m).all()
    np.testing.assert_allclose(after["last"], 1.1e-3, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_operations_on_neurons_may_start_later(engine):
    net = ns.Network(seed=1)
    cells = net.population("cells", 3, ns.NeuronModel("dv/dt = -v/(10*ms) : 1\nn : 1"))
    net.run_regularly(cells, "n = n + 1", 0.3 * ms, start=0.2 * ms)
    with ns.Simulation(net, dt=STEP, engine=engine, record=False) as sim:
        sim.run(0.2 * ms)
        assert (sim.read("cells", "n") == 0).all()
        sim.run(0.4 * ms)
        assert (sim.read("cells", "n") == 2).all()


def test_random_numbers_differ_by_synapse_and_step_and_not_by_engine():
    found = {}
    for engine in ENGINES:
        synapse = ns.SynapseModel(
            "x : 1\ny : 1\nz : 1", on_pre="v_post += x*mV", initial={"x": 0, "y": 0, "z": 0}
        )
        net = network(synapse)
        net.run_regularly("s", "x = rand()", 1 * second)
        net.run_regularly("s", "y = rand(); z = randn()", 1 * second, start=0.1 * ms)
        _, _, found[engine], _ = values(net, engine, 0.3 * ms, ("x", "y", "z"))
    for name, drawn in found["native"].items():
        np.testing.assert_array_equal(drawn, found["brian2"][name])
        assert np.unique(drawn).size == drawn.size
    assert not set(found["native"]["x"]) & set(found["native"]["y"])
    # null: normal of mean 0 and variance 1; |mean| < 4.4 sd of a mean (p = 1e-5), seed fixed
    z = found["native"]["z"]
    assert abs(z.mean()) < 4.4 / np.sqrt(z.size)
    assert 0.5 < z.std() < 1.6


@pytest.mark.parametrize("engine", ENGINES)
def test_bounds_and_the_switch_of_learning_hold(engine):
    def after(learning):
        synapse = ns.SynapseModel(
            on_pre="v_post += w", bounds={"w": (0 * mV, 1 * mV)}, learns=("w",)
        )
        net = network(synapse, weight=ns.Uniform(0.2 * mV, 0.8 * mV))
        net.run_regularly("s", "w += 0.5*mV", 1 * second)
        with ns.Simulation(net, dt=STEP, engine=engine, record=False) as sim:
            before = sim.read("s", "w")
            if not learning:
                sim.learning("s", False)
            sim.run(STEP)
            return before, sim.read("s", "w")

    before, grown = after(True)
    np.testing.assert_allclose(grown, np.minimum(before + 0.5e-3, 1e-3), rtol=1e-12)
    assert (grown == 1e-3).any()
    before, kept = after(False)
    np.testing.assert_array_equal(kept, before)


def test_what_several_synapses_share_is_kept_apart_where_statements_use_it():
    """A trace that is the same for all synapses of a target is each synapse's own then."""
    model = "dA/dt = -A/(20*ms) : 1 (event-driven)\nw : volt"
    synapse = ns.SynapseModel(model, on_pre="v_post += w; w -= A*mV", on_post="A += 1")
    net = network(synapse)
    code = ns.lower(net, STEP).projections[0].synapse.code
    assert code.lifted == ("A",)
    net.run_regularly("s", "A = 0.5*A", 1 * ms)
    code = ns.lower(net, STEP).projections[0].synapse.code
    assert code.lifted == ()
    assert code.settling.variables == ("A",)


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_of_plain_synapses_may_change(engine):
    net = ns.Network(seed=2)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 10*mV", reset="v = 0*mV")
    cells = net.population("cells", 5, model)
    source = net.spike_source("source", [0.5, 1.5] * ms, [0, 0], size=1)
    made = net.project(source, cells, ns.AllToAll(), "v", weight=1 * mV, delay=0.1 * ms, name="p")
    net.run_regularly(made, "w *= 3", every=1 * second, start=1 * ms)
    with ns.Simulation(net, dt=STEP, engine=engine, record=False) as sim:
        sim.run(2 * ms)
        v, w = sim.read("cells", "v"), sim.read("p", "w")
    w0 = float(np.float32(1e-3))
    np.testing.assert_allclose(w, 3 * w0, rtol=1e-12)
    decay = np.exp(-np.array([13.0, 3.0]) * 0.01)
    np.testing.assert_allclose(v, w0 * (decay[0] + 3 * decay[1]), rtol=1e-9)


def test_parameters_of_an_operation_may_be_written_while_running():
    synapse = ns.SynapseModel("x : 1", on_pre="v_post += x*mV", initial={"x": 0})
    net = network(synapse)
    net.run_regularly("s", "x += gain", 0.1 * ms, parameters={"gain": 2})
    with ns.Simulation(net, dt=STEP, record=False) as sim:
        sim.run(0.2 * ms)
        sim.write("s", "gain", 5)
        sim.run(0.2 * ms)
        assert (sim.read("s", "x") == 14).all()


def test_stop_and_resume_give_the_same_bits(tmp_path):
    whole, parts = {}, {}
    with ns.Simulation(KINDS["statements"](), dt=STEP, threads=2, record=False) as sim:
        sim.run(30 * ms)
        whole = {key: sim.read(*key) for key in (("E->E", "w"), ("E->E", "x"), ("plain", "w"))}
    path = tmp_path / "half.ckpt.h5"
    with ns.Simulation(KINDS["statements"](), dt=STEP, threads=3, record=False) as sim:
        sim.run(13.2 * ms)
        sim.checkpoint(path)
    with ns.Simulation(KINDS["statements"](), dt=STEP, threads=1, record=False, resume=path) as sim:
        sim.run(16.8 * ms)
        parts = {key: sim.read(*key) for key in whole}
    for key, value in whole.items():
        np.testing.assert_array_equal(parts[key], value)


REFUSED = {
    "": (EquationError, "changes no synaptic variable"),
    "w *= 2\n# half\n\nw = 1": (DimensionError, r"line 4 \('w = 1'\): 'w'"),
    "v_post = 1*mV": (UnsupportedError, "v_post.*population"),
    "rate = w": (EquationError, "changes no synaptic variable"),
    "w = 3": (DimensionError, "'w'"),
    "w *= foo": (UnknownNameError, "foo"),
    "w *= sum_post(x": (DescriptionError, "not a"),
    "w *= sum_post(w, w)/mV": (EquationError, "one expression"),
    "w *= sum_past(w)": (DescriptionError, "sum_past"),
    "tau_s = 2*ms": (EquationError, "tau_s.*initial"),
    "y = 1; y = 2; w = w*y": (EquationError, "assigned twice"),
    "y += 1; w = w*y": (UnknownNameError, "y"),
    "w += i*mV": (UnknownNameError, "no index"),
    "mV = w": (EquationError, "reserved"),
    "y = x; x = 2; w *= sum_post(y)": (EquationError, "'y' is worked out before 'x'"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_by_name(code):
    synapse = ns.SynapseModel(
        "w : volt\nx : 1",
        on_pre="v_post += w*exp(-t/tau_s)",
        parameters={"tau_s": 20 * ms},
        initial={"x": 1},
    )
    net = network(synapse)
    kind, message = REFUSED[code]

    def declare():
        net.run_regularly("s", code)
        ns.lower(net, STEP)

    with pytest.raises(kind, match=message) as raised:
        declare()
    assert "'s'" in str(raised.value)


def test_refused_arguments():
    net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"))
    with pytest.raises(UnknownNameError, match="nothing uses it"):
        net.run_regularly("s", "w *= 2", parameters={"goal": 3})
    with pytest.raises(DescriptionError, match="already have 'w'"):
        net.run_regularly("s", "w *= 2", parameters={"w": 3})
    with pytest.raises(DescriptionError, match="one value"):
        net.run_regularly("s", "w *= k", parameters={"k": [1, 2, 3]})
    with pytest.raises(DescriptionError, match="start"):
        net.run_regularly("s", "w *= 2", start=-1 * ms)
    net.run_regularly("s", "w *= 2", 0.25 * ms)
    with pytest.raises(DescriptionError, match=r"s\.operation0.*every"):
        ns.lower(net, STEP)


# -- normalise -----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_normalise(engine):
    """The norm of each neuron's weights is as given; signs stay, and zeros."""
    normalise = ns.plasticity.normalise
    for per, norm, goal in (("target", 1, 3e-3), ("source", 1, 5e-3), ("target", 2, 1e-3)):
        net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"))
        normalise(net, "s", goal * 1000 * mV, per=per, norm=norm, every=1 * second)
        table, before, after, _ = values(net, engine)
        held = np.bincount(table[per], np.abs(after["w"]) ** norm) ** (1 / norm)
        np.testing.assert_allclose(held, goal, rtol=1e-12)
        assert (np.sign(after["w"]) == np.sign(before["w"])).all()
    net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"))
    normalise(net, "s", mean=0.5 * mV, every=1 * second)
    table, _, after, _ = values(net, engine)
    held = np.bincount(table["target"], np.abs(after["w"])) / np.bincount(table["target"])
    np.testing.assert_allclose(held, 0.5e-3, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_normalise_to_a_goal_of_the_neuron_and_leave_zeros(engine):
    net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"), weight=1 * mV)
    ns.plasticity.normalise(net, "s", "tau_post*volt/second", every=1 * second)
    table, _, after, tau = values(net, engine)
    np.testing.assert_allclose(np.bincount(table["target"], after["w"]), tau, rtol=1e-12)
    net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"), weight=0 * mV)
    ns.plasticity.normalise(net, "s", 1 * mV, every=1 * second)
    _, _, after, _ = values(net, engine)
    assert (after["w"] == 0).all()


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"total": -1 * mV}, "greater than 0"),
        ({"total": 1 * amp}, "normalise 's': the goal"),
        ({"total": 1 * mV, "variable": "x"}, "unknown synaptic variable 'x' in normalise 's'"),
        ({}, "either total or mean"),
        ({"total": 1 * mV, "mean": 1 * mV}, "either total or mean"),
        ({"total": 1 * mV, "per": "neuron"}, "'target' or 'source'"),
        ({"total": 1 * mV, "norm": 3}, "1 or 2"),
        ({"mean": 1 * mV, "norm": 2}, "norm 1"),
    ],
)
def test_normalise_refuses(given, match):
    net = network(ns.SynapseModel("w : volt", on_pre="v_post += w"))
    with pytest.raises(DescriptionError, match=match):
        ns.plasticity.normalise(net, "s", every=1 * ms, **given)
    with pytest.raises(DescriptionError, match="no such projection"):
        ns.plasticity.normalise(net, "other", 1 * nS, every=1 * ms)
