"""Synapses that come and go on the native engine: who hears which spike; the same bits always."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from structure_networks import STDP
from structure_runs import NAMES, run

import neurosim as ns
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.units import ms, mV

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

SLOW = pytest.mark.slow
RUNS = Path(__file__).with_name("structure_runs.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("alone")


@pytest.fixture(scope="module")
def alone(folder):
    """What one thread of one process finds."""
    return run(folder)


@pytest.mark.usefixtures("alone")
def test_something_happens(folder):
    recorded = ns.read(folder / "run.h5")
    for name in NAMES:
        trace = recorded.structure(name)
        assert trace.created.sum() > 20, name
        assert trace.deleted.sum() > 5, name
    assert len(set(recorded.structure("E-I").n_synapses)) > 5


@pytest.mark.parametrize("threads", [2, pytest.param(3, marks=SLOW), pytest.param(4, marks=SLOW)])
def test_threads_do_not_show(alone, threads, tmp_path):
    assert run(tmp_path, threads) == alone


@pytest.mark.parametrize("stop", [49, 55, pytest.param(140, marks=SLOW)])
def test_stopped_and_resumed(alone, stop, tmp_path):
    """Before, at (55 is a multiple of 11 and of 5) and between restructurings; on more threads."""
    assert run(tmp_path, stop=stop, resume_threads=2) == alone


@pytest.mark.parametrize(
    ("ranks", "threads", "exchange", "stop"),
    [
        (2, 1, "targeted", 110),
        pytest.param(3, 1, "allgather", 77, marks=SLOW),
        pytest.param(4, 1, "auto", 154, marks=SLOW),
        pytest.param(2, 2, "targeted", 33, marks=SLOW),
    ],
)
def test_ranks_do_not_show(alone, ranks, threads, exchange, stop, tmp_path):
    """Stopped and resumed as well: the recording is made of two pieces of several ranks."""
    launch([RUNS, tmp_path, threads, exchange, stop], ranks, timeout=540, check=True)
    assert json.loads((tmp_path / "found.json").read_text()) == alone


def learning(seed=5):
    """STDP with pathways of all kinds, delays from 0 to 5 ms, a spike source, and noise."""
    net = ns.Network(seed=seed)
    model = ns.NeuronModel(
        "dv/dt = (15.6*mV - v)/(10*ms) : volt (unless refractory)",
        threshold="v > 15*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        initial={"v": "15*mV*rand()"},
    )
    e = net.population("E", 30, model)
    rng = np.random.default_rng(2)
    given = net.spike_source(
        "in", times=rng.choice(600, 200, replace=False) * 0.1 * ms, ids=rng.integers(0, 9, 200)
    )
    rule = ns.SynapseModel(
        STDP,
        on_pre="v_post += w*int(rand() < 0.7); x += 0.1; w = clip(w + y*mV, 0*mV, 2*mV)",
        on_post={"post": "y -= 0.1; w = clip(w + x*mV, 0*mV, 2*mV)", "late": "w -= 0.01*w"},
        parameters={"c": ns.Uniform(0, 1)},
    )
    for name, source in (("E-E", e), ("in-E", given)):
        net.project(
            source,
            e,
            ns.FixedInDegree(5),
            "v",
            synapse=rule,
            weight=ns.Uniform(0 * mV, 1 * mV),
            delay=ns.Uniform(0.1 * ms, 5 * ms),
            delay_post={"post": 0 * ms, "late": 3.1 * ms},
            name=name,
        )
        net.restructure(name, nothing, every=1 * ms)
    # what its synapses learn at the target's spikes is put off until the source's next one
    late = ns.SynapseModel(
        "w : volt",
        on_pre="v_post += w; w = clip(w + 0.1*mV, 0*mV, 1*mV)",
        on_post="w = 0.6*w",
    )
    given = {"weight": ns.Uniform(0 * mV, 1 * mV), "delay": ns.Uniform(0.1 * ms, 5 * ms)}
    net.project(
        e, e, ns.FixedInDegree(7), "v", synapse=late, delay_post=1 * ms, name="late", **given
    )
    net.restructure("late", nothing, every=1 * ms)
    return net


def nothing(now):
    return ns.StructureChange()


@pytest.mark.parametrize("precision", ["double", pytest.param("single", marks=SLOW)])
def test_the_same_synapses_laid_out_again_are_the_same(precision):
    """Replaced by themselves every few steps: no spike, value or trace differs in a bit."""
    program = ns.lower(learning(), 0.1 * ms)
    found = []
    for replacing in (False, True):
        options = EngineOptions(threads=2, precision=precision)
        with get_engine("native").compile(program, options) as executable:
            executable.build()
            spikes = []
            for n_steps in (1, 7, 2, 13, 100, 5, 72, 200, 200):
                chunk = executable.advance(n_steps)
                spikes.append(np.stack([chunk.spike_steps, chunk.spike_ids]))
                for structure in program.structures if replacing else ():
                    name = structure.projection
                    table = executable.synapse_table(name)
                    none = dict.fromkeys(structure.variables, np.empty(0))
                    executable.replace_synapses(name, table, np.arange(table.size), none)
            arrays = {
                name: array.read()
                for name, array in executable.snapshot().arrays.items()
                if "pending" not in name
            }
            found.append((np.concatenate(spikes, axis=1), arrays))
    assert found[0][0].shape[1] > 300
    np.testing.assert_equal(found[1], found[0])


class Coming(ns.StructureRule):
    """Synapses of one source and target each, there in stretches of time of one's own."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.n, self.rng = n, rng
        self.source = rng.integers(0, 8, n)
        self.delay = rng.integers(3, 40, n)
        self.present = [(0, np.zeros(n, bool))]

    def change(self, now):
        before = self.present[-1][1]
        after = before ^ (self.rng.random(self.n) < 0.15)
        self.present.append((now.step, after))
        came = np.flatnonzero(after & ~before)
        return ns.StructureChange(
            (before & ~after)[now.target], self.source[came], came, delay=self.delay[came]
        )

    def heard(self, steps, delays, k):
        """Of events at ``steps``, how many arrive while synapse k is there."""
        arrival = steps + delays
        at = np.searchsorted([step for step, _ in self.present], arrival, side="right") - 1
        return sum(bool(self.present[index][1][k]) for index in at)


@pytest.mark.parametrize(("shortest", "threads"), [(1, 1), (1, 3), (3, 2)])
def test_a_synapse_transmits_what_arrives_while_it_is_there(shortest, threads, tmp_path):
    """Every synapse counts the spikes of its source (delays of its own) and of its target.

    With another projection's delay of 1 step spikes are entered soon, without it after 3 steps:
    both before and after the changes that happen in between.
    """
    n, n_steps = 60, 1200
    rng = np.random.default_rng(9)
    when, who = np.nonzero(rng.random((n_steps, 8)) < 0.03)
    net = ns.Network(seed=1)
    sources = net.spike_source("in", times=when * 0.1 * ms, ids=who, size=8)
    counter = ns.NeuronModel(
        "n : 1\nlate : 1\ndv/dt = 1/ms : 1", threshold="v > theta", reset="v = 0",
        parameters={"theta": np.linspace(0.7, 3, n)}, initial={"v": "rand()"},
    )  # fmt: skip
    targets = net.population("E", n, counter)
    both = ns.SynapseModel(on_pre="n_post += 1", on_post="late_post += 1")
    none = ns.Edges([0], [0])
    net.project(
        sources, targets, none, synapse=both, delay=[3.9] * ms, delay_post=1.7 * ms, name="own"
    )
    silent = net.spike_source("silent", times=[] * ms, ids=[], size=1)
    net.project(silent, targets, ns.AllToAll(), "n", weight=1, delay=shortest * 0.1 * ms)
    rule = Coming(n, 4)
    rule.present[0][1][0] = True
    rule.source[0], rule.delay[0] = 0, 39
    net.restructure("own", rule, every=0.7 * ms)
    output = tmp_path / "run.h5"
    with ns.Simulation(net, dt=0.1 * ms, threads=threads, output=output) as sim:
        sim.run(n_steps // 2 * 0.1 * ms)
        sim.run(n_steps // 2 * 0.1 * ms)
        counted, late = sim.read("E", "n"), sim.read("E", "late")
    assert sim.program.smallest_delay == shortest
    times, ids = ns.read(output).spikes("E")
    own = np.rint(times / 0.1).astype(int)
    for k in range(n):
        steps = when[who == rule.source[k]]
        steps = steps[steps + rule.delay[k] < n_steps]
        assert counted[k] == rule.heard(steps, rule.delay[k], k)
        steps = own[(ids == k) & (own + 17 < n_steps)]
        assert late[k] == rule.heard(steps, 17, k)
    assert counted.sum() > 500
    assert late.sum() > 500


def test_new_synapses_start_as_at_the_beginning():
    """Weights and parameters are drawn anew, traces start from their initial values then."""
    net = ns.Network(seed=3)
    e = net.population("E", 500, ns.NeuronModel("v : volt", threshold="v > 1*volt", reset="v = v"))
    model = ns.SynapseModel(
        STDP, on_pre="v_post += 0*w*c; x += 1", on_post="y -= 1; w = w", initial={"x": 0.5},
        parameters={"c": ns.Normal(3, 0.5)},
    )  # fmt: skip
    given = {"weight": ns.Uniform(1 * mV, 2 * mV), "delay": ns.Uniform(1 * ms, 3 * ms)}
    net.project(e, e, ns.FixedInDegree(10), synapse=model, name="E-E", **given)

    def half(now):
        gone = np.arange(now.n_synapses) % 2 == 0
        return ns.StructureChange(gone, now.source[gone], now.target[gone], values={"y": 0.25})

    net.restructure("E-E", half, every=10 * ms, weight=ns.Uniform(5 * mV, 6 * mV))
    with ns.Simulation(net, dt=0.1 * ms, record=False) as sim:
        sim.run(14 * ms)
        table = sim.synapses("E-E")
        w, c, x, y = (sim.read("E-E", name) for name in ("w", "c", "x", "y"))
    new = w > 4e-3
    assert (new.reshape(500, 10).sum(1) == 5).all()
    assert (new.reshape(500, 10)[:, 5:]).all()  # the newest come last
    np.testing.assert_allclose(x, np.where(new, 0.5 * np.exp(-0.2), 0.5 * np.exp(-0.7)))
    np.testing.assert_allclose(y, np.where(new, 0.25 * np.exp(-4 / 25), 0))
    # null: drawn from the distributions, and independent of what was there; levels 1e-4, seed 3
    assert stats.kstest(w[new], stats.uniform(5e-3, 1e-3).cdf).pvalue > 1e-4
    assert stats.kstest(c[new], stats.norm(3, 0.5).cdf).pvalue > 1e-4
    assert stats.pearsonr(w[new], c[new]).pvalue > 1e-4
    assert stats.pearsonr(c[new], c[~new]).pvalue > 1e-4
    counts = np.bincount(table["delay"][new], minlength=31)[11:30]  # half a step at the ends
    assert stats.chisquare(counts).pvalue > 1e-4


def test_operations_and_recorders_see_the_synapses_that_are_there(tmp_path):
    """Weights are normalised right after each rewiring: sums are right for the new ones, too."""
    net = ns.Network(seed=2)
    e = net.population("E", 30, ns.NeuronModel("v : volt", threshold="v > 1*volt", reset="v = v"))
    net.project(e, e, ns.FixedInDegree(7), "v", weight=ns.Uniform(0 * mV, 1 * mV), delay=1 * ms,
                name="E-E")  # fmt: skip
    ns.plasticity.normalise(net, "E-E", total=2 * mV, per="target", every=1 * ms)
    net.restructure("E-E", ns.plasticity.rewire(weakest=2), every=3 * ms)
    net.record("E-E", "w", every=3 * ms)
    output = tmp_path / "run.h5"
    with ns.Simulation(net, dt=0.1 * ms, threads=2, output=output) as sim:
        sim.run(30.1 * ms)  # the last step begins with a rewiring, then a normalisation
        table, w = sim.synapses("E-E"), sim.read("E-E", "w")
        outdegrees = sim.prepare().outdegrees("E-E")
    recorded = ns.read(output)
    assert recorded.structure("E-E").created[1:].tolist() == [60] * 10
    np.testing.assert_array_equal(np.bincount(table["source"], minlength=30), outdegrees)
    np.testing.assert_allclose(np.bincount(table["target"], w), 2e-3, rtol=1e-6)
    seen = recorded.synapses("E-E").snapshot("w", 30 * ms)
    np.testing.assert_array_equal(seen.target, table["target"])
    np.testing.assert_array_equal(seen.source, table["source"])
    assert np.abs(np.bincount(seen.target, seen.values) - 2.0).max() > 0.01  # before it, in mV
