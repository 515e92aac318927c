"""Python callbacks: when they are called, what they may do, and how they end a run."""

import os
import signal

import numpy as np
import pytest
from brian2 import Hz, ms, mV, pA, pF

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError
from neurosim.interrupts import RunInterrupted

MODEL = ns.NeuronModel(
    "dv/dt = (-v + R*I)/tau : volt\nI : amp",
    threshold="v > 10*mV",
    reset="v = 0*mV",
    parameters={"tau": 10 * ms, "R": "0.1*volt/nA"},
)


def network(n=40, seed=3):
    net = ns.Network(seed=seed)
    p = net.population("p", n, MODEL, initial={"v": "5*mV*rand()"})
    net.writable(p, "I")
    net.project(p, p, ns.Bernoulli(0.1), "v", weight=0.2 * mV, delay=1 * ms)
    net.poisson(p, "v", rate=100 * Hz, weight=1 * mV)
    return net


def spikes(run):
    times, ids = run.spikes("p")
    return np.asarray(times), np.asarray(ids)


def test_called_at_the_start_of_every_multiple(engine):
    called = []
    with ns.Simulation(
        network(),
        engine=engine,
        callbacks=[ns.Callback(lambda now: called.append(now.step), 2 * ms)],
    ) as sim:
        sim.run(5 * ms, warmup=True)
        sim.run(3.1 * ms)
        sim.run(1.9 * ms)
    assert called == [0, 20, 40, 60, 80]


def test_start_shifts_the_calls(engine):
    called = []
    callback = ns.Callback(lambda now: called.append(float(now.t / ms)), 3 * ms, start=1.5 * ms)
    ns.simulate(network(), 8 * ms, engine=engine, callbacks=[callback])
    np.testing.assert_allclose(called, [1.5, 4.5, 7.5])


def test_a_written_input_acts_as_its_closed_form(engine):
    """v relaxes to R I from the step of the write on: exact for a linear equation."""
    quiet = ns.NeuronModel(
        "dv/dt = (-v + R*I)/tau : volt\nI : amp",
        parameters={"tau": 10 * ms, "R": "0.1*volt/nA"},
    )
    net = ns.Network(seed=1)
    p = net.population("p", 3, quiet)
    net.writable(p, "I")
    net.record(p, "v")

    def control(now):
        now.write("p", "I", [10e-12, 20e-12, 0.0] if now.step == 50 else 0.0)

    run = ns.simulate(net, 10 * ms, engine=engine, callbacks=[ns.Callback(control, 5 * ms)])
    trace = run.state("p", "v")
    k = np.arange(100)
    expected = np.where(k > 50, -np.expm1(-(k - 50) * 0.1 / 10), 0.0)[:, None] * [1.0, 2.0, 0.0]
    np.testing.assert_allclose(trace.values, expected, atol=1e-12)


def test_engines_threads_and_chunks_agree():
    """Feedback from spikes and state: the same spikes for engines, threads and stretches."""

    def control(now):
        steps, ids = now.spikes("p")
        assert ((steps >= now.step - 10) & (steps < now.step)).all()
        gain = np.bincount(ids, minlength=40)
        now.write("p", "I", (150.0 - 20 * gain + 1e3 * now.read("p", "v")) * pA)

    found = []
    for engine, threads, parts in (
        ("native", 1, [60]),
        ("native", 3, [60]),
        ("native", 2, [7, 30, 23]),
        ("brian2", 1, [60]),
    ):
        with ns.Simulation(
            network(), engine=engine, threads=threads, callbacks=[ns.Callback(control, 1 * ms)]
        ) as sim:
            for part in parts:
                sim.run(part * ms)
        found.append(spikes(sim.recording))
    assert found[0][0].size > 50
    for times, ids in found[1:]:
        np.testing.assert_array_equal(times, found[0][0])
        np.testing.assert_array_equal(ids, found[0][1])


def test_stop_ends_the_run_with_a_complete_recording(engine, tmp_path):
    def control(now):
        if now.step == 120:
            now.stop()

    run = ns.simulate(
        network(),
        100 * ms,
        engine=engine,
        callbacks=[ns.Callback(control, 1 * ms)],
        output=tmp_path / "run.h5",
    )
    assert run.stop_ms == pytest.approx(12.0)
    assert run.duration_ms == pytest.approx(12.0)
    assert run.complete


def test_stop_in_the_warm_up_ends_simulate(engine):
    run = ns.simulate(
        network(),
        50 * ms,
        warmup=10 * ms,
        engine=engine,
        callbacks=[ns.Callback(lambda now: now.stop(), 1 * ms, start=4 * ms)],
    )
    assert run.stop_ms == pytest.approx(4.0)


def test_an_exception_passes_and_the_recording_is_kept(engine, tmp_path):
    def control(now):
        if now.step == 200:
            raise RuntimeError("sensor failed")

    path = tmp_path / "run.h5"
    with pytest.raises(RuntimeError, match="sensor failed"):
        ns.simulate(
            network(),
            100 * ms,
            engine=engine,
            output=path,
            callbacks=[ns.Callback(control, 1 * ms)],
        )
    run = ns.read(path)
    assert not run.complete
    assert run.stop_ms == pytest.approx(20.0)
    whole = ns.simulate(network(), 20 * ms, engine=engine)
    np.testing.assert_array_equal(spikes(run)[0], spikes(whole)[0])


def test_ctrl_c_in_a_callback_stops_cleanly(tmp_path):
    def control(now):
        if now.step == 100:
            os.kill(os.getpid(), signal.SIGINT)

    path = tmp_path / "run.h5"
    with pytest.raises(RunInterrupted, match="10 ms"):
        ns.simulate(network(), 50 * ms, output=path, callbacks=[ns.Callback(control, 5 * ms)])
    assert ns.read(path).stop_ms == pytest.approx(10.0)


def test_what_is_refused(engine):
    for arguments, words in (
        ((3, 1 * ms), "cannot be called"),
        ((print, 0 * ms), "every"),
        ((print, 1 * mV), "unit"),
        ((print, 1 * ms, -1 * ms), "start"),
    ):
        with pytest.raises(DescriptionError, match=words):
            ns.Callback(*arguments)
    with pytest.raises(DescriptionError, match="multiple of dt"):
        ns.Simulation(network(), callbacks=[ns.Callback(print, 0.15 * ms)])
    with pytest.raises(DescriptionError, match="not a Callback"):
        ns.Simulation(network(), callbacks=[print])
    refused = (
        (lambda now: now.write("p", "I", 1 * pF), DimensionError),
        (lambda now: now.write("p", "I", np.nan), DescriptionError),
        (lambda now: now.write("p", "I", [1.0, 2.0]), DescriptionError),
        (lambda now: now.write("p", "tau", 1.0), DescriptionError),
        (lambda now: now.read("q", "I"), UnknownNameError),
        (lambda now: now.spikes("q"), UnknownNameError),
    )

    def try_all(now):
        for action, error in refused:
            with pytest.raises(error):
                action(now)
        told.append(now.step)

    told = []
    ns.simulate(network(), 1 * ms, engine=engine, callbacks=[ns.Callback(try_all, 1 * ms)])
    assert told == [0]
