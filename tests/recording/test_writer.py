"""What a recording holds, and that other tools open it as it is."""

import json
import os
import struct
import time
from types import SimpleNamespace

import h5py
import libsonata
import numpy as np
import pytest
from recording_samples import DT_MS, chunk, layout, samples, write

from neurosim.errors import DescriptionError, NeurosimError, RecordingWriteError
from neurosim.recording import (
    Layout,
    PopulationLayout,
    RecordingWriter,
    SpikeDigest,
    StateLayout,
    read,
)
from neurosim.recording.clock import StepClock
from neurosim.recording.schema import summary_text


def test_spikes_come_back_by_population(tmp_path):
    lay, steps, ids = write(tmp_path / "run.h5")
    recording = read(tmp_path / "run.h5")
    for population in lay.populations:
        mine = (ids >= population.first_id) & (ids < population.first_id + population.size)
        times, local = recording.spikes(population.name)
        assert mine.sum() > 50
        assert np.array_equal(np.rint(times / DT_MS), steps[mine])
        assert np.array_equal(local, ids[mine] - population.first_id)


def test_libsonata_opens_spikes_and_reports(tmp_path):
    lay, steps, ids = write(tmp_path / "run.h5")
    reader = libsonata.SpikeReader(str(tmp_path / "run.h5"))
    assert sorted(reader.get_population_names()) == ["E", "I", "input"]
    assert str(reader["E"].sorting) == "by_time"
    found = reader["I"].get(tstart=10.0, tstop=20.0)
    inside = (steps >= 100) & (steps <= 200) & (ids >= 80) & (ids < 100)
    assert [int(i) for i, _ in found] == list(ids[inside] - 80)
    reports = libsonata.ElementReportReader(str(tmp_path / "run.h5"))
    assert sorted(reports.get_population_names()) == ["E.v", "E.v.2", "I.w"]
    report = reports["E.v"]
    assert report.times == (0.0, 200.0, 1.0)
    assert (report.time_units, report.data_units) == ("ms", "mV")
    data = np.array(report.get(node_ids=[4, 8]).data)
    assert data == pytest.approx(samples(lay.states[0], 0, 2000)[:, 1:3] * 1e3, rel=1e-6)
    assert reports["I.w"].get_node_ids() == [1, 3] or reports["I.w"].get_node_ids() == [3, 1]


def test_libsonata_opens_populations_without_spikes(tmp_path):
    write(tmp_path / "run.h5", n_chunks=0)
    reader = libsonata.SpikeReader(str(tmp_path / "run.h5"))
    assert reader["E"].get() == []


def test_sonata_attributes_as_the_guide_says(tmp_path):
    write(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file.attrs["magic"].dtype == np.uint32
        assert list(file.attrs["version"]) == [0, 1]
        spikes = file["spikes/E"]
        assert h5py.check_enum_dtype(spikes.attrs.get_id("sorting").dtype)["by_time"] == 2
        assert spikes["timestamps"].attrs["units"] == "ms"
        assert spikes["timestamps"].dtype == "<f8"
        assert spikes["node_ids"].dtype == "<u8"
        assert spikes["timestamps"].compression is None
        assert file["report/E.v/data"].dtype == "<f4"
        assert file["report/E.v/mapping/time"].attrs["units"] == "ms"


def test_states_keep_steps_ids_and_precision(tmp_path):
    lay, _, _ = write(tmp_path / "run.h5")
    recording = read(tmp_path / "run.h5")
    rough = recording.state("E", "v")
    exact = recording.state("E", "v", recorder="v_exact")
    assert rough.values.dtype == np.float32
    assert np.array_equal(rough.times_ms, np.arange(200) * 1.0)
    assert np.array_equal(exact.values, samples(lay.states[1], 0, 2000) * 1e3)
    assert np.array_equal(exact.times_ms, np.arange(400) / 2)
    part = recording.state("I", "w", 10.0, 20.0)
    assert part.unit == "pA"
    assert list(part.ids) == [3, 1]
    assert np.array_equal(part.times_ms, np.arange(100, 200) / 10)
    assert part.values == pytest.approx(samples(lay.states[2], 100, 100) * 1e12, rel=1e-6)


@pytest.mark.parametrize("dt_ms", [0.1, 0.05, 0.025, 0.2, 1.0, 1 / 3, 0.0001, 2**-5, 0.07])
def test_times_are_the_doubles_nearest_to_the_decimal_and_go_back(dt_ms):
    clock = StepClock(dt_ms)
    steps = np.unique(np.concatenate([np.arange(3000), 10 ** np.arange(10), 10**9 + np.arange(99)]))
    times = clock.time_ms(steps)
    assert np.array_equal(clock.steps(times), steps)
    assert np.array_equal(np.rint(times / dt_ms), steps)
    if dt_ms == 0.1:
        # The literal is the double nearest to the decimal.
        assert all(
            time == float(f"{s // 10}.{s % 10}") for s, time in zip(steps, times, strict=True)
        )
    assert np.all(np.diff(times) > 0)


def test_time_of_step_3_does_not_drift():
    assert StepClock(0.1).time_ms(3) == 0.3 != 3 * 0.1


def test_digest_is_of_pairs_as_little_endian_int64(tmp_path):
    import hashlib

    _, steps, ids = write(tmp_path / "run.h5")
    expected = hashlib.sha256()
    for step, i in zip(steps.tolist(), ids.tolist(), strict=True):
        expected.update(struct.pack("<qq", step, i))
    digest = SpikeDigest()
    for part in np.array_split(np.arange(steps.size), 7):
        digest.update(steps[part], ids[part])
    assert digest.hexdigest() == expected.hexdigest()
    assert read(tmp_path / "run.h5").spikes_sha256() == expected.hexdigest()


def test_digest_from_the_file_in_stretches_is_the_same(tmp_path, monkeypatch):
    from neurosim.recording import reader

    write(tmp_path / "run.h5")
    whole = read(tmp_path / "run.h5").spikes_sha256()
    monkeypatch.setattr(reader, "_BLOCK", 500)
    assert read(tmp_path / "run.h5").spikes_sha256() == whole


def test_no_spikes_have_the_digest_of_nothing(tmp_path):
    write(tmp_path / "run.h5", n_chunks=0)
    assert read(tmp_path / "run.h5").spikes_sha256() == SpikeDigest().hexdigest()


def test_provenance_and_network(tmp_path):
    lay, _, _ = write(tmp_path / "run.h5")
    recording = read(tmp_path / "run.h5")
    assert recording.complete
    assert recording.status == "complete"
    assert list(recording.populations) == ["E", "I", "input"]
    assert list(recording.neurons) == ["E", "I"]
    assert recording.populations["I"].first_id == 80
    assert recording.populations["I"].n == 20
    assert recording.n_neurons == 100
    assert recording.projections["E_I"] == lay.projections[0]
    assert recording.synapse_counts == {"E_I": 80 * 79 // 2, "input_E": 10}
    assert recording.n_synapses == 3170
    assert np.array_equal(recording.outdegree("E_I"), np.arange(80))
    assert recording.description == {"network": "test", "long": "x" * 100_000}
    assert (recording.seed, recording.engine, recording.threads) == (7, "native", 2)
    assert (recording.dt_ms, recording.warmup_ms, recording.stop_ms) == (0.1, 50.0, 200.0)
    assert recording.duration_ms == 150.0
    assert recording.timings["simulate_s"] == 0.25
    assert recording.bytes_per_synapse == 8.0
    assert recording.summary["peak_rss_bytes"] == 12
    for key in ("host", "os", "python_version", "numpy_version", "h5py_version", "start_time"):
        assert recording.provenance[key], key
    assert recording.provenance["end_time"].endswith("+00:00")


def test_everything_known_is_in_the_file_before_the_first_step(tmp_path):
    writer = RecordingWriter(tmp_path / "run.h5", layout(), DT_MS, seed=2**64 - 1, engine="native")
    recording = read(tmp_path / "run.h5")
    assert recording.status == "running"
    assert not recording.complete
    assert recording.seed == 2**64 - 1
    assert recording.n_synapses is None
    assert recording.description["network"] == "test"
    writer.close()
    assert read(tmp_path / "run.h5").status == "interrupted"


def test_flush_puts_spikes_states_and_counts_on_disk(tmp_path):
    lay = layout()
    with RecordingWriter(tmp_path / "run.h5", lay, DT_MS, flush_interval_s=1e9) as writer:
        outdegree = np.ones(80, np.uint32)
        writer.set_synapses("E_I", 80, outdegree)
        writer.append(chunk(lay, 0, 1000, 3000))
        assert read(tmp_path / "run.h5").n_spikes("E") == 0
        writer.flush()
        recording = read(tmp_path / "run.h5")
        assert recording.n_spikes("E") > 1000
        assert recording.stop_ms == 100.0
        assert recording.synapse_counts == {"E_I": 80, "input_E": None}
        assert len(recording.state("E", "v").values) == 100
        reports = libsonata.ElementReportReader(str(tmp_path / "run.h5"))
        assert reports["E.v"].times == (0.0, 100.0, 1.0)


def reaches(path, stop_ms):
    """Whether the file holds so much within a while: a thread writes it."""
    deadline = time.monotonic() + 20
    while read(path).stop_ms < stop_ms:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_flush_comes_by_time_and_by_size(tmp_path):
    lay = layout()
    with RecordingWriter(tmp_path / "time.h5", lay, DT_MS, flush_interval_s=0.02) as writer:
        writer.append(chunk(lay, 0, 10, 30))
        time.sleep(0.03)
        writer.append(chunk(lay, 10, 10, 30))
        assert reaches(tmp_path / "time.h5", 2.0)
    with RecordingWriter(
        tmp_path / "size.h5", lay, DT_MS, flush_interval_s=1e9, max_pending_bytes=100_000
    ) as writer:
        for k in range(30):
            writer.append(chunk(lay, k * 1000, 1000, 3000))
            assert writer._ordered.pending_bytes < 1_000_000
        assert reaches(tmp_path / "size.h5", 2000)


def test_leaving_by_an_error_says_so_in_the_file(tmp_path):
    def run():
        lay = layout()
        with RecordingWriter(tmp_path / "run.h5", lay, DT_MS) as writer:
            writer.append(chunk(lay, 0, 100, 300))
            raise ZeroDivisionError("in the model")

    with pytest.raises(ZeroDivisionError):
        run()
    recording = read(tmp_path / "run.h5")
    assert recording.status == "failed: ZeroDivisionError: in the model"
    assert not recording.complete
    assert recording.n_spikes("E") > 100


def test_ctrl_c_keeps_what_was_recorded(tmp_path):
    def run():
        lay = layout()
        with RecordingWriter(tmp_path / "run.h5", lay, DT_MS) as writer:
            writer.append(chunk(lay, 0, 100, 300))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    recording = read(tmp_path / "run.h5")
    assert recording.status == "interrupted"
    assert recording.stop_ms == 10.0


def test_a_finished_recording_takes_no_more(tmp_path):
    lay = layout()
    writer = RecordingWriter(tmp_path / "run.h5", lay, DT_MS)
    writer.finish({})
    with pytest.raises(RecordingWriteError, match="closed"):
        writer.append(chunk(lay, 0, 100, 300))
    writer.close()


def test_only_named_populations_are_recorded(tmp_path):
    lay = Layout((PopulationLayout("E", 0, 80, spikes=False), PopulationLayout("I", 80, 25)))
    write(tmp_path / "run.h5", lay)
    recording = read(tmp_path / "run.h5")
    assert recording.n_spikes("I") > 0
    with pytest.raises(NeurosimError, match="not recorded"):
        recording.spikes("E")
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file["spikes"]) == ["I"]


def test_wide_states(tmp_path):
    ids = np.arange(40_000)
    lay = Layout(
        (PopulationLayout("E", 0, 50_000),), (), (StateLayout("v", "E", "v", "mV", ids, 1, 1.0),)
    )
    write(tmp_path / "run.h5", lay, n_chunks=4, n_steps=3)
    values = read(tmp_path / "run.h5").state("E", "v").values
    assert values.shape == (12, 40_000)
    np.testing.assert_allclose(values, samples(lay.states[0], 0, 12), rtol=1e-6)


def test_exact_values_are_stored_once_and_seen_twice(tmp_path):
    ids = np.arange(3000)
    states = (StateLayout("v", "E", "v", "mV", ids, 1, 1e3, "float64"),)
    lay = Layout((PopulationLayout("E", 0, 3000),), (), states)
    write(tmp_path / "run.h5", lay, n_chunks=7, n_steps=13)  # 91 rows, chunks of 43
    exact = samples(states[0], 0, 91) * 1e3
    assert np.array_equal(read(tmp_path / "run.h5").state("E", "v").values, exact)
    with h5py.File(tmp_path / "run.h5") as file:
        view = file["report/E.v/data"]
        assert view.is_virtual
        assert view.dtype == np.float32
        assert np.array_equal(view[()], exact.astype(np.float32))
    report = libsonata.SomaReportReader(str(tmp_path / "run.h5"))["E.v"].get()
    assert np.array_equal(np.array(report.data), exact.astype(np.float32))
    assert (tmp_path / "run.h5").stat().st_size < 1.6 * exact.nbytes


def test_memory_is_not_used_again_before_it_is_on_disk(tmp_path, monkeypatch):
    real = os.pwrite

    def slow(fd, data, offset):
        time.sleep(0.01)
        return real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", slow)
    ids = np.arange(16_384)  # 32 rows fill a chunk of 4 MB
    states = (StateLayout("v", "E", "v", "mV", ids, 1, 1.0, "float64"),)
    lay = Layout((PopulationLayout("E", 0, ids.size),), (), states)
    none = np.empty(0, np.int64)
    with RecordingWriter(tmp_path / "run.h5", lay, DT_MS) as writer:
        for first in range(0, 400, 20):
            rows = np.arange(first, first + 20)[:, None] + ids * 1e-6
            writer.append(
                SimpleNamespace(
                    first_step=first, n_steps=20, spike_steps=none, spike_ids=none, states=[rows]
                )
            )
            rows[:] = np.nan  # the engine may use its own memory again, too
        writer.finish({})
    values = read(tmp_path / "run.h5").state("E", "v").values
    assert np.array_equal(values, np.arange(400)[:, None] + ids * 1e-6)


def test_a_recorder_that_starts_late(tmp_path):
    states = (StateLayout("v", "E", "v", "mV", np.arange(4), 5, 1e3, "float64", start=12),)
    lay = Layout((PopulationLayout("E", 0, 4),), (), states)
    path = tmp_path / "run.h5"
    with RecordingWriter(path, lay, DT_MS) as writer:
        piece = chunk(lay, 0, 30, 10)
        piece.states = [np.arange(12, 30, 5)[:, None] * 1e-3 + np.zeros(4)]
        writer.append(piece)
        writer.finish({})
    trace = read(path).state("E", "v")
    assert trace.times_ms.tolist() == [1.2, 1.7, 2.2, 2.7]
    assert trace.values[:, 0].tolist() == pytest.approx([12.0, 17.0, 22.0, 27.0])
    assert libsonata.ElementReportReader(str(path))["E.v"].times == pytest.approx((1.2, 3.2, 0.5))


def test_synapse_counts_that_disagree_are_refused(tmp_path):
    with (
        RecordingWriter(tmp_path / "run.h5", layout(), DT_MS) as writer,
        pytest.raises(NeurosimError, match="add up to 80"),
    ):
        writer.set_synapses("E_I", 81, np.ones(80, np.uint32))


@pytest.mark.parametrize("name", ["", "a/b", ".", "a\0b"])
def test_names_that_hdf5_would_take_for_paths_are_refused(name):
    with pytest.raises(DescriptionError, match="cannot be used"):
        Layout((PopulationLayout(name, 0, 5),))


def test_layouts_that_contradict_themselves_are_refused():
    with pytest.raises(DescriptionError, match="unique"):
        Layout((PopulationLayout("E", 0, 5), PopulationLayout("E", 5, 5)))
    with pytest.raises(DescriptionError, match="ids must follow"):
        Layout((PopulationLayout("E", 0, 5), PopulationLayout("I", 6, 5)))
    with pytest.raises(DescriptionError, match="outside 0 to 4"):
        Layout(
            (PopulationLayout("E", 0, 5),), (), (StateLayout("v", "E", "v", "mV", np.array([5])),)
        )


def test_unknown_attributes_are_refused(tmp_path):
    with (
        RecordingWriter(tmp_path / "run.h5", layout(), DT_MS) as writer,
        pytest.raises(TypeError, match="speed"),
    ):
        writer.update(speed=3)


def test_summary_too_long_for_its_place_stays_json():
    text = summary_text({"a": 1, "b": "x" * 20_000, "c": [1, 2]})
    assert json.loads(text) == {"a": 1, "c": [1, 2]}


def test_neo_block_has_every_train_and_signal(tmp_path):
    pytest.importorskip("neo")
    _, steps, ids = write(tmp_path / "run.h5")
    recording = read(tmp_path / "run.h5")
    segment = recording.to_neo().segments[0]
    assert len(segment.spiketrains) == 105
    train = segment.spiketrains[83]
    assert train.annotations["population"] == "I"
    assert train.annotations["source_index"] == 3
    assert np.array_equal(np.rint(train.rescale("ms").magnitude / DT_MS), steps[ids == 83])
    assert float(train.t_stop.rescale("ms")) == 200.0
    signal = next(s for s in segment.analogsignals if s.name == "E.v")
    assert signal.shape == (200, 10)
    assert str(signal.units.dimensionality) == "mV"
    assert float(signal.sampling_period.rescale("ms")) == 1.0


def test_neo_missing_is_a_clear_error(tmp_path, monkeypatch):
    import sys

    write(tmp_path / "run.h5", n_chunks=1)
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(NeurosimError, match="pip install neo"):
        read(tmp_path / "run.h5").to_neo()
