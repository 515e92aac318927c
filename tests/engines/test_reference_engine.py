"""What is particular to the engine on Brian2's objects: it leaves Brian2 as it found it."""

from dataclasses import replace

import brian2
import numpy as np
import pytest
from brian2 import ms, mV
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from engine_oracle import Oracle
from engine_programs import CURRENT, DEFAULTS, DELTA, Builder

import neurosim as ns
from neurosim.engines.base import EngineOptions
from neurosim.engines.reference.names import brian2_names
from neurosim.errors import NeurosimError, UnsupportedError
from neurosim.lowering.program import NeuronCode, Variable


@pytest.fixture
def preferences():
    """Unusual values of what the engine sets, put back afterwards."""
    values = {
        "codegen.target": "cython",
        "core.default_float_dtype": brian2.float32,
        "codegen.loop_invariant_optimisations": False,
        "legacy.refractory_timing": True,
        "core.network.default_schedule": ["start", "resets", "synapses", "thresholds", "groups"],
    }
    before = {name: brian2.prefs[name] for name in values}
    for name, value in values.items():
        brian2.prefs[name] = value
    yield values
    for name, value in before.items():
        brian2.prefs[name] = value


def recurrent():
    builder = Builder(seed=3).source("in", 2, range(0, 90, 7), [0, 1] * 6 + [0])
    builder.population("n", 3, DELTA, drive=[0.5, 1.25, 1.5], t_ref=4e-4)
    builder.project("in", "n", "v", [(0, 0, 0.5, 3), (1, 1, 0.25, 0)])
    builder.project("n", "n", "v", [(1, 0, 0.25, 1), (2, 2, 0.5, 5)])
    return builder.record("n", "v", [0, 1, 2]).build()


def test_brian2s_settings_neither_matter_nor_change(start, brian2_engine, preferences):
    program = recurrent()
    expected = Oracle(program).run(100)
    default_dt = brian2.defaultclock.dt
    executable = start(brian2_engine, program)
    chunk = executable.advance(100)
    assert list(zip(chunk.spike_steps, chunk.spike_ids, strict=True)) == expected.spikes
    np.testing.assert_array_equal(chunk.states[0], expected.samples[0])
    assert {name: brian2.prefs[name] for name in preferences} == preferences
    assert brian2.defaultclock.dt == default_dt
    assert brian2.defaultclock.t == 0 * ms


def test_settings_are_restored_after_a_failed_build(brian2_engine, preferences):
    program = Builder().population("n", 1, DELTA, v=[1.0, 2.0]).build()
    executable = brian2_engine.compile(program, EngineOptions())
    with pytest.raises(ValueError, match="broadcast"):
        executable.build()
    assert {name: brian2.prefs[name] for name in preferences} == preferences


def test_a_users_own_brian2_network_runs_undisturbed(start, brian2_engine):
    group = brian2.NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler", codeobj_class=NumpyCodeObject)
    mine = start(brian2_engine, recurrent())
    mine.advance(5)
    network = brian2.Network(group)
    network.run(1 * ms, namespace={})
    mine.advance(5)
    assert group.v[0] == pytest.approx(1.0)
    assert mine.advance(1).first_step == 10


def test_another_device_is_refused(brian2_engine):
    executable = brian2_engine.compile(recurrent(), EngineOptions())
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        with pytest.raises(UnsupportedError, match=r"set_device\('runtime'\)"):
            executable.build()
    finally:
        brian2.set_device("runtime")


def test_names_that_brian2_keeps_for_itself(start, brian2_engine):
    code = NeuronCode(
        name="odd",
        equations="dv/dt = _pull*v/tau_post : 1\n_pull : 1 (constant)\ntau_post : second (shared)",
        variables=(
            Variable("v", "1", "state", shared=False),
            Variable("_pull", "1", "coefficient", shared=False),
            Variable("tau_post", "s", "parameter", shared=True),
        ),
        update="v = v + _pull",
        threshold="v >= 8*_pull",
        reset="v = v - 8*_pull",
        refractory_kind="none",
        refractory="",
        unless_refractory=(),
        method="hand",
    )
    names = brian2_names(code)
    assert names["v"] == "v"
    assert len({*names.values()}) == 3
    builder = Builder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DEFAULTS, "odd", {"v": 0.0, "_pull": 0.25, "tau_post": 1e-3})
        program = builder.population("n", 2, code).record("n", "v", [0]).build()
    chunk = start(brian2_engine, program).advance(20)
    assert chunk.spike_steps.tolist() == [7, 7, 15, 15]
    assert chunk.states[0][:3, 0].tolist() == [0.0, 0.25, 0.5]


def test_noise_without_a_stream_is_refused(brian2_engine):
    noisy = ns.lower.__module__  # lowering refuses noise itself; an engine must not rely on it
    assert noisy
    code = CURRENT.__class__(
        **{**vars(CURRENT), "update": CURRENT.update + "\nv = v + 0.1*randn()"}
    )
    program = Builder().population("n", 1, code).build()
    with pytest.raises(UnsupportedError, match="population 'n' draws randn"):
        brian2_engine.compile(program, EngineOptions())


def test_every_unmet_need_is_named(brian2_engine):
    code = replace(CURRENT, threshold="v > rand()")
    program = Builder().population("a", 1, code).population("b", 1, code).build()
    with pytest.raises(UnsupportedError, match=r"'single'.*'a'.*'b'"):
        brian2_engine.compile(program, EngineOptions(1, "single"))


def test_sources_beyond_brian2s_counter_are_refused(start, brian2_engine):
    program = Builder().source("in", 1, [2**31], [0]).population("n", 1, DELTA).build()
    with pytest.raises(UnsupportedError, match=r"2\*\*31"):
        start(brian2_engine, program)


def test_a_source_spikes_once_a_step(start, brian2_engine):
    program = Builder().source("in", 1, [3, 3], [0, 0]).population("n", 1, DELTA).build()
    with pytest.raises(UnsupportedError, match="more than once"):
        start(brian2_engine, program)


def test_nothing_breaks_beyond_32_bits_of_steps(start, brian2_engine):
    builder = Builder().population("n", 2, CURRENT, drive=[0.0, 1.5])
    builder.poisson("n", "I", 0.25, [(0, [2**31])]).record("n", "I", [0, 1], every=3)
    program = builder.build()
    executable = start(brian2_engine, program)
    far = 2**33 + 1
    clock = executable._clock
    clock.variables["timestep"].get_value()[0] = far
    clock.variables["t"].get_value()[0] = far * program.dt
    chunk = executable.advance(60)
    late = Oracle(program)
    late.step = far
    late.run(60)
    assert chunk.first_step == far
    assert list(zip(chunk.spike_steps, chunk.spike_ids, strict=True)) == late.spikes
    assert len(late.spikes) > 3
    np.testing.assert_allclose(chunk.states[0], late.samples[0], rtol=1e-12)


def test_advance_before_build_is_refused(brian2_engine):
    executable = brian2_engine.compile(recurrent(), EngineOptions())
    with pytest.raises(NeurosimError, match=r"build\(\)"):
        executable.advance(1)


def test_memory_estimate_covers_the_synapses(brian2_engine):
    net = ns.Network(seed=1)
    n = net.population("n", 100, ns.models.lif_curr_exp())
    few = brian2_engine.estimate_bytes(ns.lower(net, 0.1 * ms), EngineOptions())
    net.project(n, n, ns.Bernoulli(0.5), "I_syn", weight=0 * mV / (1e3 * brian2.Mohm), delay=1 * ms)
    many = brian2_engine.estimate_bytes(ns.lower(net, 0.1 * ms), EngineOptions())
    assert 5000 * 30 < many - few < 5000 * 200


def test_source_that_never_spikes_is_a_valid_presynaptic_population(start, brian2_engine):
    quiet = replace(CURRENT, threshold="", reset="")
    builder = Builder().population("n", 2, quiet).project("n", "n", "I", [(0, 1, 1.0, 1)])
    assert start(brian2_engine, builder.build()).advance(20).spike_ids.size == 0
