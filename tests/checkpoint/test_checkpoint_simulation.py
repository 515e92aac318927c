"""Simulations that write checkpoints, are stopped, and go on: recordings, signals, callbacks."""

import os
import signal

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.checkpoint import opened, previous_of
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CheckpointError, CompilerNotFoundError, RecordingError, UnsupportedError
from neurosim.interrupts import RunInterrupted
from neurosim.units import Hz, ms, nS, second


@pytest.fixture(autouse=True)
def _native():
    try:
        find_compiler()
    except CompilerNotFoundError as error:
        pytest.skip(str(error))


def coba(seed=3, weight=6 * nS):
    """Conductance-based neurons, excitatory and inhibitory, with Poisson input."""
    model = ns.NeuronModel(
        """
        dv/dt = ((-60*mV - v) + ge*(0*mV - v)/(10*nS) + gi*(-80*mV - v)/(10*nS))/(20*ms)
            : volt (unless refractory)
        dge/dt = -ge/(5*ms) : siemens
        dgi/dt = -gi/(10*ms) : siemens
        """,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        name="coba",
    )
    net = ns.Network(seed=seed)
    e = net.population("E", 80, model, initial={"v": "-60*mV + 10*mV*rand()"})
    i = net.population("I", 20, model, initial={"v": "-60*mV + 10*mV*rand()"})
    rule, delay = ns.Bernoulli(0.1), ns.Uniform(0.5 * ms, 4 * ms)
    net.project(e, [e, i], rule, "ge", weight=weight, delay=delay)
    net.project(i, [e, i], rule, "gi", weight=67 * nS, delay=1.5 * ms)
    net.poisson(e, "ge", rate=300 * Hz, weight=6 * nS)
    net.record(e[:5], ["v", "ge"], every=0.7 * ms)
    net.record_mean(e, "v", every=5 * ms)
    return net


WARMUP, DURATION = 20 * ms, 60 * ms


def simulation(folder, **options):
    return ns.Simulation(coba(), dt=0.1 * ms, output=folder / "run.h5", **options)


def datasets(path):
    """Every dataset of a recording that says what was simulated."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(note)
        for name in ("spikes_sha256", "status", "steps_recorded", "duration_ms", "warmup_ms"):
            found[name] = np.asarray(file["neurosim"].attrs[name])
    return found


def assert_same_recording(one, other):
    ours, theirs = datasets(one), datasets(other)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(theirs[name], values, err_msg=name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    with simulation(folder, threads=1) as sim:
        sim.run(WARMUP, warmup=True)
        sim.run(DURATION)
    assert sim.summary().n_spikes > 100
    return folder


def interrupted(folder, at, number=signal.SIGTERM, **options):
    """Run until a callback at a time sends a signal; return whether that ended the run."""
    callback = ns.Callback(lambda now: os.kill(os.getpid(), number), 1 * second, start=at)
    try:
        with simulation(folder, callbacks=[callback], **options) as sim:
            sim.plan(WARMUP, DURATION)
            sim.run_planned()
    except RunInterrupted:
        return True
    return False


@pytest.mark.parametrize("at", [13.3 * ms, 20 * ms, 51.7 * ms])
def test_stopped_by_sigterm_and_resumed(whole, tmp_path, at):
    path = tmp_path / "run.ckpt.h5"
    assert interrupted(tmp_path, at, threads=1, checkpoint=path)
    with opened(path) as saved:
        assert saved.header.step * 0.1 >= float(at / ms) - 1e-9
        assert saved.header.recording == "run.h5"
        assert (saved.header.warmup_end, saved.header.end) == (200, 800)
    with ns.Simulation(coba(), dt=0.1 * ms, threads=2, resume=path) as sim:
        sim.run_planned()
    assert sim.summary().status == "complete"
    assert_same_recording(whole / "run.h5", tmp_path / "run.h5")


def test_resumed_twice_from_biological_times(whole, tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with simulation(tmp_path, checkpoint=path, checkpoint_every_bio=7 * ms) as sim:
        sim.plan(WARMUP, DURATION)
        sim.run(WARMUP, warmup=True)
        sim.run(18 * ms)
    with opened(path) as saved, opened(previous_of(path)) as previous:
        assert (saved.header.step, previous.header.step) == (350, 280)
    with simulation(tmp_path, resume=path, checkpoint=path, threads=3) as sim:
        sim.run(10 * ms)
        sim.checkpoint(path)
    with simulation(tmp_path, resume=path) as sim:
        sim.run_planned()
    assert_same_recording(whole / "run.h5", tmp_path / "run.h5")


def test_the_previous_one_resumes_as_well(whole, tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with simulation(tmp_path, checkpoint=path, checkpoint_every_bio=7 * ms) as sim:
        sim.plan(WARMUP, DURATION)
        sim.run_planned()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"resume .*run\.ckpt\.previous\.h5"):
        simulation(tmp_path, resume=path)
    with simulation(tmp_path, resume=previous_of(path)) as sim:
        sim.run_planned()
    assert_same_recording(whole / "run.h5", tmp_path / "run.h5")


def test_sigusr1_writes_and_goes_on(whole, tmp_path):
    path = tmp_path / "run.ckpt.h5"
    assert not interrupted(tmp_path, 31 * ms, signal.SIGUSR1, checkpoint=path)
    with opened(path) as saved:
        assert 310 <= saved.header.step < 800
    assert_same_recording(whole / "run.h5", tmp_path / "run.h5")
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_wall_clock_time(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with simulation(tmp_path, checkpoint=path, checkpoint_every=1e-6 * second) as sim:
        sim.run(1 * ms)
        assert path.exists()


def test_without_a_recording(whole, tmp_path):
    """Nothing is recorded before or after: the state goes on all the same."""
    path = tmp_path / "run.ckpt.h5"
    with ns.Simulation(coba(), dt=0.1 * ms, record=False) as sim:
        sim.run(33.3 * ms)
        sim.checkpoint(path)
    with ns.Simulation(coba(), dt=0.1 * ms, record=False, resume=path) as sim:
        sim.run(46.7 * ms)
        found = sim.read("E", "v"), sim.summary().n_spikes
    with ns.Simulation(coba(), dt=0.1 * ms, record=False) as sim:
        sim.run(80 * ms)
        np.testing.assert_array_equal(sim.read("E", "v"), found[0])
        assert sim.summary().n_spikes == found[1]


def test_a_recording_that_is_gone_is_named(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with simulation(tmp_path) as sim:
        sim.run(5 * ms)
        sim.checkpoint(path)
    (tmp_path / "run.h5").unlink()
    with pytest.raises(RecordingError, match=r"run\.h5"), simulation(tmp_path, resume=path) as sim:
        sim.run(1 * ms)


def test_another_simulation_is_refused(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with simulation(tmp_path) as sim:
        sim.run(5 * ms)
        sim.checkpoint(path)
    other = {"dt": 0.1 * ms, "resume": path, "record": False}
    for network, changes, told in (
        (coba(seed=4), {}, "the seed is 4 and was 3"),
        (coba(weight=7 * nS), {}, "the network is"),
        (coba(), {"dt": 0.2 * ms}, "the time step"),
        (coba(), {"precision": "single"}, "the precision is single and was double"),
    ):
        with pytest.raises(CheckpointError, match=told):
            ns.Simulation(network, **(other | changes))
    with pytest.raises(UnsupportedError, match="native"):
        ns.Simulation(coba(), engine="brian2", **other)
    with pytest.raises(UnsupportedError, match="native"):
        ns.Simulation(coba(), engine="brian2", checkpoint=path)


def told(every, calls):
    """A callback that notes when it is called, what it sees, and changes the network."""

    def control(now):
        steps, ids = now.spikes("E")
        calls.append((now.step, steps.tolist(), ids.tolist()))
        now.write("I", "ge", now.read("I", "ge") + 0.1e-9 * len(ids))

    return ns.Callback(control, every)


def test_callbacks_are_told_the_same(tmp_path):
    def run(duration, calls, **options):
        callbacks = [told(3 * ms, calls), told(7.1 * ms, calls)]
        with simulation(tmp_path, callbacks=callbacks, **options) as sim:
            sim.run(duration)
            sim.checkpoint(path)

    path = tmp_path / "run.ckpt.h5"
    once, parts = [], []
    run(40 * ms, once)
    run(19 * ms, parts)
    run(2 * ms, parts, resume=path)  # ends where the first of them is due
    run(1 * ms, parts, resume=path)
    run(18 * ms, parts, resume=path)
    assert parts == once


def test_a_stop_in_a_callback_does_not_call_it_again(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    calls = []

    def stop(now):
        calls.append(now.step)
        os.kill(os.getpid(), signal.SIGTERM)

    with (
        pytest.raises(RunInterrupted),
        simulation(
            tmp_path, callbacks=[ns.Callback(stop, 1 * second, start=10 * ms)], checkpoint=path
        ) as sim,
    ):
        sim.run(30 * ms)
    with opened(path) as saved:
        assert saved.header.called
        assert saved.header.step == 100
    again = ns.Callback(lambda now: calls.append(now.step), 5 * ms, start=10 * ms)
    with simulation(tmp_path, resume=path, callbacks=[again]) as sim:
        sim.run(10 * ms)
    assert calls == [100, 150]
