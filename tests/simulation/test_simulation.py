"""Simulations from Python: pieces, warm-up, state, errors, temporary recordings."""

import gc
import os
import signal
import threading

import numpy as np
import pytest

import neurosim as ns
from neurosim import pacing
from neurosim.errors import (
    DescriptionError,
    MemoryLimitError,
    NumericalError,
    RecordingWriteError,
    UnknownNameError,
)
from neurosim.interrupts import RunInterrupted
from neurosim.progress import Lines, Quiet
from neurosim.units import Hz, ms, mV, pA, second

LIF = """
dv/dt = (17*mV - v)/tau : volt (unless refractory)
tau : second
"""


def network(seed=1, n=60, weight=0.1 * mV):
    net = ns.Network(seed=seed)
    lif = ns.NeuronModel(
        LIF,
        threshold="v > 20*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"tau": 10 * ms},
    )
    cells = net.population("E", n, lif, initial={"v": "20*mV*rand()"})
    net.project(cells, cells, ns.FixedTotalNumber(10 * n), "v", weight=weight, delay=1.5 * ms)
    net.poisson(cells, "v", rate=8 * Hz, indegree=200, weight=0.4 * mV)
    net.record(cells[:3], "v", every=1 * ms)
    return net


def digest(net, *durations, warmup=None, **options):
    with ns.Simulation(net, **options) as sim:
        if warmup is not None:
            sim.run(warmup, warmup=True)
        for duration in durations:
            sim.run(duration)
    return sim.summary().spikes_sha256


def test_a_run_is_its_two_halves(engine):
    whole = digest(network(), 400 * ms, engine=engine)
    assert whole == digest(network(), 200 * ms, 200 * ms, engine=engine)
    assert whole == digest(network(), 300 * ms, warmup=100 * ms, engine=engine)
    assert whole != digest(network(), 200 * ms, engine=engine)
    assert whole != digest(network(seed=2), 400 * ms, engine=engine)


def test_chunks_leave_no_trace(engine, monkeypatch):
    whole = ns.simulate(network(), 300 * ms, engine=engine)
    monkeypatch.setattr(pacing.Pace, "next", lambda self, remaining: min(7, remaining))
    pieces = ns.simulate(network(), 300 * ms, engine=engine)
    assert whole.spikes_sha256() == pieces.spikes_sha256()
    ours, theirs = whole.state("E", "v"), pieces.state("E", "v")
    np.testing.assert_array_equal(ours.times_ms, theirs.times_ms)
    np.testing.assert_array_equal(ours.values, theirs.values)


def test_what_is_recorded_changes_nothing(engine):
    plain = network()
    plain.recorders.clear()
    assert digest(plain, 300 * ms, engine=engine) == digest(network(), 300 * ms, engine=engine)


def test_recording_has_warmup_counts_and_timings(engine, tmp_path):
    path = tmp_path / "run.h5"
    run = ns.simulate(network(), 200 * ms, warmup=100 * ms, engine=engine, output=path)
    assert run.path == str(path)
    assert run.complete
    assert (run.warmup_ms, run.stop_ms, run.duration_ms) == (100, 300, pytest.approx(200))
    assert run.n_synapses == run.outdegree("E->E").sum() == 600
    assert run.engine == engine
    assert run.timings["simulate_s"] > 0
    assert run.timings["warmup_s"] > 0
    trace = run.state("E", "v")
    assert trace.unit == "mV"
    np.testing.assert_allclose(trace.times_ms, np.arange(300))
    assert np.ptp(trace.values) > 1


def test_real_time_factor_leaves_out_the_warmup(engine):
    with ns.Simulation(network(), engine=engine) as sim:
        sim.run(200 * ms, warmup=True)
        assert sim.summary().real_time_factor is None
        sim.run(100 * ms)
    summary = sim.summary()
    assert summary.duration_ms == pytest.approx(100)
    assert summary.real_time_factor == pytest.approx(summary.simulate_s / 0.1)
    assert summary.update_s + summary.deliver_s <= summary.simulate_s * 1.01
    assert summary.warmup_s > 0


@pytest.fixture
def little_to_collect():
    """Leave all that is there already, which is much, out of the collector's rounds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_to_collect")
def test_temporary_recording_lasts_as_long_as_it_is_used(engine):
    run = ns.simulate(network(), 20 * ms, engine=engine)
    path = run.path
    gc.collect()
    assert os.path.exists(path)
    run.spikes("E")
    del run
    gc.collect()
    assert not os.path.exists(path)
    assert not os.path.exists(os.path.dirname(path))


def test_read_and_write_state(engine):
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 1*volt", reset="v = 0*mV")
    net.population("E", 3, model, initial={"v": "i*mV"})
    with ns.Simulation(net, engine=engine) as sim:
        np.testing.assert_allclose(sim.read("E", "v"), [0, 1e-3, 2e-3])
        sim.run(10 * ms)
        np.testing.assert_allclose(sim.read("E", "v"), np.array([0, 1e-3, 2e-3]) * np.exp(-1))
        sim.write("E", "v", 5e-3)
        sim.run(10 * ms)
        np.testing.assert_allclose(sim.read("E", "v"), 5e-3 * np.exp(-1))
        with pytest.raises(DescriptionError, match="finite"):
            sim.write("E", "v", [0.0, np.nan, 0.0])


def test_nan_stops_and_keeps_the_recording(engine, tmp_path):
    calm = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 1*volt", reset="v = 0*mV")
    wild = ns.NeuronModel(
        "dv/dt = -v/(10*ms) : volt\ndx/dt = (x*x/volt - x*x*x/volt**2)/ms : volt",
        threshold="v > 1*volt",
        reset="v = 0*mV",
        method="euler",
    )
    net = ns.Network(seed=1)
    net.population("calm", 5, calm)
    net.population("wild", 4, wild, initial={"x": "10*volt*int(i == 2)"})
    path = tmp_path / "run.h5"
    with (
        pytest.raises(NumericalError) as error,
        ns.Simulation(net, engine=engine, output=path) as sim,
    ):
        sim.run(1 * second)
    assert error.value.population == "wild"
    assert error.value.neuron == 2
    assert error.value.variable == "x"
    assert 0 < error.value.time_ms < 10
    run = ns.read(path)
    assert run.status.startswith("failed")
    assert run.stop_ms == pytest.approx(error.value.time_ms, abs=0.2)


def test_signal_stops_after_the_chunk_and_keeps_the_recording(engine, tmp_path):
    path = tmp_path / "run.h5"
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    sim = ns.Simulation(network(), engine=engine, output=path)
    with sim:
        sim.prepare()
        timer.start()
        with pytest.raises(RunInterrupted) as stop:
            sim.run(2000 * second)
    assert signal.getsignal(signal.SIGINT) is before
    run = ns.read(path)
    assert run.status == "interrupted"
    assert run.stop_ms == stop.value.time_ms
    assert run.spikes_sha256() == sim.summary().spikes_sha256


def test_too_little_memory_is_told_before_the_build(engine, monkeypatch):
    monkeypatch.setattr("neurosim.summary.available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match="available"):
        ns.simulate(network(), 10 * ms, engine=engine)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threads": -1}, DescriptionError),
        ({"threads": 1.5}, DescriptionError),
        ({"precision": "half"}, UnknownNameError),
        ({"engine": "cuda"}, UnknownNameError),
        ({"dt": 0 * ms}, DescriptionError),
        ({"dt": 1 * pA}, DescriptionError),
        ({"output": "/no/such/folder/run.h5"}, RecordingWriteError),
        ({"record": False}, DescriptionError),
    ],
)
def test_wrong_options(options, error):
    with pytest.raises(error):
        ns.simulate(network(), 10 * ms, **options)


@pytest.mark.parametrize("duration", [0 * ms, -1 * ms, 0.15 * ms, 10 * mV, 10, float("nan") * ms])
def test_wrong_durations(duration):
    with pytest.raises(DescriptionError):
        ns.simulate(network(), duration)


def test_order_of_calls():
    with ns.Simulation(network()) as sim:
        sim.run(1 * ms)
        with pytest.raises(DescriptionError, match="warm-up"):
            sim.run(1 * ms, warmup=True)
        with pytest.raises(DescriptionError, match="close"):
            _ = sim.recording
    with pytest.raises(DescriptionError, match="closed"):
        sim.run(1 * ms)
    assert sim.recording.stop_ms == 1


class Told(Quiet):
    def __init__(self):
        self.total = self.done = 0.0
        self.calls = 0

    def start(self, total_ms, what):
        self.total = total_ms

    def advance(self, ms):
        self.done += ms
        self.calls += 1


def test_progress_adds_up(engine):
    told = Told()
    ns.simulate(network(), 200 * ms, engine=engine, progress=told)
    assert told.done == pytest.approx(told.total) == pytest.approx(200)
    assert told.calls > 1


def test_lines_are_few(capsys, monkeypatch):
    clock = iter(np.arange(0, 100, 0.1))
    monkeypatch.setattr("neurosim.progress.time.monotonic", lambda: next(clock))
    lines = Lines(every_s=5.0)
    lines.start(100.0, "simulate")
    for _ in range(100):
        lines.advance(1.0)
    lines.stop()
    assert 2 <= len(capsys.readouterr().err.splitlines()) <= 4


def test_pace_follows_the_clock_and_the_memory():
    net = network()
    program = ns.lower(net, 0.1 * ms)
    pace = pacing.Pace(program)
    for _ in range(20):
        steps = pace.next(10**9)
        pace.took(steps, steps * 1e-4)
    assert 2000 <= pace.next(10**9) <= 8000
    assert pace.next(3) == 3
    pace.took(4000, 40.0)
    assert pace.next(10**9) <= 1000
