"""Experiments that call Python functions while they run: with build, with perform, by command."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import Hz, ms, mV

STEPS_OF_CALLS = 100  # 10 ms at 0.1 ms

LOOP = '''
"""A thermostat: the input is cut off once the cells have fired."""
import neurosim as ns
from neurosim.units import Hz, ms, mV


def build(seed=1, n=20, most=10):
    net = ns.Network(seed=seed)
    cells = net.population("E", n, ns.models.lif_delta())
    source = net.poisson_population("source", n, rate=2000 * Hz)
    net.project(source, cells, ns.OneToOne(), "v", weight=3 * mV, delay=1 * ms)
    return net


def callbacks(network, most):
    total = 0

    def control(now):
        nonlocal total
        total += now.spikes("E")[1].size
        if total >= most:
            now.write("source", "rate", 0 * Hz)

    return [ns.Callback(control, every=10 * ms)]


experiment = ns.Experiment(
    build=build,
    callbacks=callbacks,
    duration=200 * ms,
    warmup=0 * ms,
    checks=lambda run: [
        ns.Check.near("spikes at the end", run.spikes("E", 100.0)[0].size, 0.0)
    ],
)
'''


@pytest.fixture
def loop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.py").write_text(LOOP)
    return ns.load_experiment("loop.py")[1]


def network(seed):
    net = ns.Network(seed=seed)
    cells = net.population("E", 5, ns.models.lif_delta())
    net.poisson(cells, "v", rate=2000 * Hz, weight=1 * mV)
    return net


def test_callbacks_of_a_built_network_close_the_loop(loop):
    """Every run starts with a new world, told the settings that it asks for."""
    first, again = (loop.run(threads=1).recordings["experiment"] for _ in range(2))
    assert first.spikes("E")[0].size > 10
    np.testing.assert_array_equal(first.spikes("E")[0], again.spikes("E")[0])
    late = loop.run(threads=1, settings={"most": 10_000}).recordings["experiment"]
    assert late.spikes("E", 100.0)[0].size > 50
    assert first.spikes("E", 100.0)[0].size == 0


def test_the_command_and_sweeps_close_the_loop(loop, invoke):
    done = invoke("run", "loop.py", "--threads", "1", "--check", "--json", "--quiet")
    assert done.code == 0, done.err
    assert done.json["passed"] is True
    assert invoke("run", "loop.py", "--set", "most=10000", "--check", "--quiet").code == 3
    found = ns.sweep(loop, {"most": [10, 10_000]}, measure=late_spikes, keep=False)
    assert [run.measures["late"] > 0 for run in found.runs] == [False, True]


def late_spikes(recording):
    return {"late": recording.spikes("E", 100.0)[0].size}


def test_a_loop_is_not_checkpointed_by_command(loop, invoke):
    done = invoke("run", "loop.py", "--checkpoint", "loop.ckpt.h5", "--quiet")
    assert done.code != 0
    assert "calls Python functions" in done.err


def test_performed_experiments_give_callbacks_to_simulate():
    steps = []
    called = [ns.Callback(lambda now: steps.append(now.step), every=10 * ms)]

    def perform(runs):
        runs.simulate("one", network(runs.seed), callbacks=called)
        with runs.simulation("two", network(runs.seed), callbacks=called) as made:
            made.run(20 * ms)
        return ns.Results()

    ns.Experiment(perform=perform, duration=30 * ms, warmup=10 * ms).run(threads=1)
    assert steps == [STEPS_OF_CALLS * k for k in (0, 1, 2, 3, 0, 1)]


def test_callbacks_with_perform_are_refused():
    with pytest.raises(DescriptionError, match=r"runs\.simulate\(name, network, callbacks"):
        ns.Experiment(perform=lambda runs: ns.Results(), callbacks=lambda network: [])


@pytest.mark.parametrize(("asked", "used"), [({}, 1), ({"threads": 2}, 2)])
def test_a_small_network_takes_the_threads_it_can_use_unless_told(asked, used):
    seen = []

    def perform(runs):
        with runs.simulation("one", network(runs.seed), threads=1) as made:
            made.run(1 * ms)
            seen.append(made.prepare().n_threads)
        return ns.Results()

    ns.Experiment(perform=perform, duration=1 * ms, warmup=0 * ms).run(**asked)
    assert seen == [used]
