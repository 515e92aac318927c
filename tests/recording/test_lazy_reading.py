"""Reading by population, time and neuron; sums; exports."""

import csv
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from brian2 import ms, mV, second
from recording_samples import DT_MS, write

from neurosim.errors import (
    DescriptionError,
    RecordingError,
    RecordingWriteError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.recording import Layout, PopulationLayout, RecordingWriter, StateLayout, read
from neurosim.recording.exports import spikes_to_csv, states_to_csv


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("lazy") / "run.h5"
    write(path)
    return read(path)


def test_a_population_knows_itself(recording):
    exc = recording["E"]
    assert (exc.name, exc.size, len(exc), exc.first_id, exc.model) == (
        "E", 80, 80, 0, "lif_curr_exp",
    )  # fmt: skip
    assert recording["I"].first_id == 80
    assert exc.variables == ("v", "v")
    with pytest.raises(UnknownNameError, match="Known: E, I, input"):
        recording["X"]


def test_spikes_of_a_stretch_and_of_some_neurons(recording):
    exc = recording["E"]
    times, ids = exc.spikes()
    inside = (times >= 20.0) & (times < 60.0)
    for start, stop in ((20, 60), (20.0, 60 * ms), (0.02 * second, 60)):
        found = exc.spikes(start, stop)
        assert np.array_equal(found[0], times[inside])
        assert np.array_equal(found[1], ids[inside])
    assert exc.n_spikes(20, 60) == inside.sum()
    some = exc.spikes(20, 60, ids=[7, 3])
    kept = inside & np.isin(ids, [3, 7])
    assert np.array_equal(some[0], times[kept])
    trains = exc.trains(20, 60, ids=[7, 3])
    assert np.array_equal(trains[0], times[inside & (ids == 7)])
    assert np.array_equal(trains[1], times[inside & (ids == 3)])
    assert len(exc.trains()) == 80
    blocks = list(recording.spike_blocks("E", 20.0, 60.0, 10))
    assert all(t.size <= 10 for t, _ in blocks)
    assert np.array_equal(np.concatenate([k for _, k in blocks]), ids[inside])


def test_population_rate_comes_from_the_spikes(recording):
    centres, rate = recording["E"].rate(bin=10 * ms)
    assert (centres[0], centres.size) == (55.0, 15)  # after the warm-up of 50 ms
    counts = rate * 80 * 0.01
    assert counts.sum() == pytest.approx(recording["E"].n_spikes(50, 200))
    with pytest.raises(DescriptionError, match="positive"):
        recording["E"].rate(bin=0 * ms)


@pytest.mark.parametrize("value", [3 * mV, [1, 2], "soon", float("nan")])
def test_times_that_are_none(recording, value):
    with pytest.raises(DescriptionError, match="such as 500"):
        recording["E"].spikes(start=value)


@pytest.mark.parametrize("ids", [[80], [-1], [0.5], [[1]]])
def test_ids_that_are_none(recording, ids):
    with pytest.raises(DescriptionError, match="integers from 0 to 79"):
        recording["E"].spikes(ids=ids)


def test_states_of_some_neurons_in_a_stretch(recording):
    whole = recording.state("E", "v", recorder="v_exact")
    part = recording.states("E", "v_exact", ids=[8, 0], start=10 * ms, stop=12 * ms)
    assert part.times_ms.tolist() == [10.0, 10.5, 11.0, 11.5]
    assert part.ids.tolist() == [8, 0]
    rows = np.searchsorted(whole.times_ms, part.times_ms)
    assert np.array_equal(part.values, whole.values[rows][:, [2, 0]])
    assert recording["I"].states("w", ids=[1]).values.shape == (2000, 1)
    assert recording["E"].states("v", ids=[]).values.shape == (200, 0)
    assert recording["E"].states("v", start=1e6).values.shape == (0, 10)
    with pytest.raises(UnknownNameError, match="recorded neuron 1"):
        recording["E"].states("v", ids=[1])
    with pytest.raises(DescriptionError, match="integers"):
        recording["E"].states("v", ids=[0.0])


def wide(path, n=2000, n_rows=4000):
    """Write a file of 64 MB of voltages: step * 1e-3 + id."""
    ids = np.arange(n)
    states = (StateLayout("v", "E", "v", "mV", ids, 1, 1.0, "float64"),)
    layout = Layout((PopulationLayout("E", 0, n),), (), states)
    none = np.empty(0, np.int64)
    with RecordingWriter(path, layout, DT_MS) as writer:
        for first in range(0, n_rows, 250):
            rows = np.arange(first, first + 250)[:, None] * 1e-3 + ids
            writer.append(
                SimpleNamespace(
                    first_step=first, n_steps=250, spike_steps=none, spike_ids=none, states=[rows]
                )
            )
        writer.finish({})
    return read(path)


def test_a_few_neurons_of_a_large_file_need_little_memory(tmp_path):
    exc = wide(tmp_path / "run.h5")["E"]
    tracemalloc.start()
    found = exc.states("v", ids=[1999, 5, 700])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found.values, np.arange(4000)[:, None] * 1e-3 + [1999.0, 5.0, 700.0])
    assert peak < 30e6


def summed(path):
    ids = np.arange(3, 8)
    states = (
        StateLayout("E.sum(v)", "E", "sum(v)", "mV", ids, 2, 1e3, "float64", 4, "sum"),
        StateLayout("mean", "E", "mean(v)", "mV", ids, 2, 1e3 / 5, "float32", 0, "mean"),
        StateLayout("E-lfp_exc", "E", "sum(abs(a))", "pA", ids, 1, 1e12, "float64", 0, "sum"),
        StateLayout("E-lfp_inh", "E", "sum(abs(b))", "pA", ids, 1, 1e12, "float64", 0, "sum"),
    )
    layout = Layout((PopulationLayout("E", 0, 10),), (), states)
    none = np.empty(0, np.int64)
    column = np.arange(100.0)[:, None]
    with RecordingWriter(path, layout, DT_MS) as writer:
        writer.append(
            SimpleNamespace(
                first_step=0, n_steps=100, spike_steps=none, spike_ids=none,
                states=[column[:48] * 1e-3, column[:50] * 1e-3, column * 1e-12, column * 1e-12],
            )
        )  # fmt: skip
        writer.finish({})
    return read(path)


def test_sums_and_means_are_one_column(tmp_path):
    found = summed(tmp_path / "run.h5")
    assert [r.name for r in found.reports] == [
        "E.mean_v", "E.sum_expression", "E.sum_expression.2", "E.sum_v",
    ]  # fmt: skip
    total = found.states("E", "sum(v)", start=1)
    assert total.times_ms[:3].tolist() == [1.0, 1.2, 1.4]
    assert total.values[:, 0].tolist() == pytest.approx(list(range(3, 48)))
    assert total.ids.tolist() == [3, 4, 5, 6, 7]
    assert found["E"].states("mean").values[5, 0] == pytest.approx(1.0)
    with pytest.raises(DescriptionError, match="none for a sum"):
        found.states("E", "sum(v)", ids=[3])
    import libsonata

    report = libsonata.ElementReportReader(str(tmp_path / "run.h5"))["E.sum_v"].get()
    assert np.array(report.data).shape == (48, 1)


def test_lfp(tmp_path, recording):
    times, lfp = summed(tmp_path / "run.h5")["E"].lfp(weight=0.0, delay_ms=0.5)
    assert times.size == 100
    expected = np.maximum(np.arange(100.0) - 5, 0)
    assert lfp == pytest.approx((expected - expected.mean()) / expected.std())
    with pytest.raises(RecordingError, match="record_lfp"):
        recording["E"].lfp()


def test_data_elsewhere_is_refused(tmp_path, recording):
    path = tmp_path / "bad.h5"
    path.write_bytes(Path(recording.path).read_bytes())
    with h5py.File(path, "r+") as file:
        del file["spikes/E/timestamps"]
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (10,))
        file["spikes/E"].create_virtual_dataset("timestamps", layout)
    with pytest.raises(RecordingError, match="elsewhere"):
        read(path).spikes("E")


def table(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_csv(tmp_path, recording):
    files = recording.export(tmp_path / "out.csv", "csv", 10 * ms, 15)
    assert [f.name for f in files] == [
        "out.csv", "out.E.v.csv", "out.E.v.2.csv", "out.I.w.csv",
    ]  # fmt: skip
    rows = table(files[0])
    assert rows[0] == ["time_ms", "population", "id"]
    for name in ("E", "I", "input"):
        times, ids = recording.spikes(name, 10.0, 15.0)
        mine = [(float(t), int(k)) for t, p, k in rows[1:] if p == name]
        assert mine == list(zip(times.tolist(), ids.tolist(), strict=True))
    rows = table(files[2])
    trace = recording.states("E", "v_exact", start=10, stop=15)
    assert rows[0] == ["time_ms", "v[0] (mV)", "v[4] (mV)", "v[8] (mV)"]
    numbers = np.array(rows[1:], dtype=float)
    assert np.array_equal(numbers[:, 0], trace.times_ms)
    assert np.array_equal(numbers[:, 1:], trace.values)
    only = spikes_to_csv(recording, tmp_path / "i.csv", populations=["I"])
    assert len(table(only)) == 1 + recording.n_spikes("I")
    one = states_to_csv(recording, tmp_path / "v.csv", "E", "v", ids=[4])
    assert table(one)[0] == ["time_ms", "v[4] (mV)"]


def test_csv_quotes_what_needs_it(tmp_path):
    path = tmp_path / "run.h5"
    state = StateLayout("x", 'a,"b"', "clip(v, 0, 1)", "1", np.arange(1), 1)
    write(path, Layout((PopulationLayout('a,"b"', 0, 3),), (), (state,)), n_chunks=1)
    files = read(path).export(tmp_path / "o.csv", "csv")
    assert table(files[1])[0][1] == "clip(v, 0, 1)[0] (1)"
    assert table(files[0])[1][1] == 'a,"b"'


def test_nix_comes_back_through_neo(tmp_path, recording):
    pytest.importorskip("nixio")
    from neo.io import NixIO

    (path,) = recording.export(tmp_path / "out.nix", "nix", 0, 30)
    with NixIO(str(path), "ro") as file:
        segment = file.read_block().segments[0]
    trains = [t for t in segment.spiketrains if t.annotations["population"] == "E"]
    assert len(trains) == 80
    for train in trains:
        index = train.annotations["source_index"]
        times, ids = recording.spikes("E", 0.0, 30.0)
        assert np.allclose(train.rescale("ms").magnitude, times[ids == index], rtol=0, atol=1e-9)
    signal = next(s for s in segment.analogsignals if s.name == "I.w")
    assert np.array_equal(signal.magnitude, recording.states("I", "w", stop=30).values)


def test_what_is_missing_for_nix_is_named(tmp_path, recording, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nixio", None)
    with pytest.raises(UnsupportedError, match="pip install neo nixio"):
        recording.export(tmp_path / "out.nix", "nix")


def test_exports_that_cannot_be(tmp_path, recording):
    with pytest.raises(UnknownNameError, match="csv, nix"):
        recording.export(tmp_path / "x", "mat")
    with pytest.raises(RecordingWriteError, match="existing folder"):
        recording.export(tmp_path / "no" / "x.csv", "csv")
    assert not list(tmp_path.iterdir())
