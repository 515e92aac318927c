"""What was recorded of synapses: read again, merged of ranks and pieces, whatever happened."""

import itertools
import json
import shutil

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from recording_samples import DT_MS
from synapse_samples import (
    ARGUMENTS,
    CHOSEN,
    LAYOUT,
    TABLES,
    due,
    ranks,
    record,
    rows,
    serial,
    table_at,
    values,
)

from neurosim.cli.main import cli
from neurosim.errors import RecordingError, UnknownNameError
from neurosim.parallel.share import Share
from neurosim.recording import (
    RecordingWriter,
    merge,
    ordered_file,
    read,
    synapse_sample_merge,
    synapse_store,
)
from neurosim.recording.merge import merge_parts

STEPS = [due(own, 0, 100, True) for own in LAYOUT.synapses]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return serial(tmp_path_factory.mktemp("synapses") / "run.h5")


def test_every_sample_is_read_again(whole):
    run = read(whole)
    own = run.synapses()
    assert own.projection == "E_I"
    assert own.variables == ("w", "x*2", "x")
    assert [r.kind for r in own.reports] == ["all", "chosen", "histogram", "all"]
    np.testing.assert_allclose(own.times_ms("w"), np.array(STEPS[0]) * DT_MS)
    for step in STEPS[0]:
        found = own.snapshot("w", step * DT_MS)
        assert found.time_ms == pytest.approx(step * DT_MS)
        assert found.unit == own.unit("w") == "nS"
        np.testing.assert_array_equal(found.values, values(step, 0) * 1e9)
        for name in ("source", "target"):
            np.testing.assert_array_equal(getattr(found, name), table_at(step)[name])
        np.testing.assert_allclose(found.delay_ms, table_at(step)["delay"] * DT_MS)
    for step in STEPS[3]:
        np.testing.assert_array_equal(own.values("x", step * DT_MS), values(step, 3))


def test_times_between_samples_and_beyond(whole):
    own = read(whole).synapses("E_I")
    np.testing.assert_array_equal(own.values("w", 1.95), values(10, 0) * 1e9)
    np.testing.assert_array_equal(own.values("w"), values(100, 0) * 1e9)
    np.testing.assert_array_equal(own.values("w", 1e6), values(100, 0) * 1e9)
    with pytest.raises(RecordingError, match=r"no sample of 'x'.*the first would be at 0.5 ms"):
        own.values("x", 0.4)
    with pytest.raises(UnknownNameError, match=r"'v'.*w \(all, p.w\)"):
        own.values("v")
    with pytest.raises(UnknownNameError, match="recorded projection"):
        read(whole).synapses("input_E")


def test_chosen_synapses(whole):
    found = read(whole).synapses().trace("w", start=1.0, stop=4.0)
    steps = [s for s in STEPS[1] if 10 <= s < 40]
    np.testing.assert_allclose(found.times_ms, np.array(steps) * DT_MS)
    expected = (rows(steps, 1, Share()) * 1e9).astype(np.float32)
    np.testing.assert_array_equal(found.values, expected)
    assert found.values.dtype == np.float32
    np.testing.assert_array_equal(found.positions, CHOSEN)
    np.testing.assert_array_equal(found.source, TABLES[0]["source"][CHOSEN])
    np.testing.assert_array_equal(found.target, TABLES[0]["target"][CHOSEN])


def test_histograms_recorded_and_made_of_values(whole):
    own = read(whole).synapses()
    found = own.histogram("x*2")
    counted = rows(STEPS[2], 2, Share())
    np.testing.assert_array_equal(found.counts, counted[:, 1:-1])
    np.testing.assert_array_equal(found.below, counted[:, 0])
    np.testing.assert_array_equal(found.above, counted[:, -1])
    np.testing.assert_allclose(found.edges, np.linspace(0, 1, 6))
    ends = np.array([2.0, 3.0, 5.0, 5.5])
    found = own.histogram("w", ends)
    expected = [np.histogram(values(s, 0) * 1e9, ends)[0] for s in STEPS[0]]
    np.testing.assert_array_equal(found.counts, expected)
    total = found.counts.sum(axis=1) + found.below + found.above
    np.testing.assert_array_equal(total, [len(table_at(s)) for s in STEPS[0]])
    assert own.histogram("w", 7).counts.sum() == total.sum()  # from the smallest to the largest


def test_the_commands_tell_and_draw_it(whole, tmp_path):
    told = CliRunner().invoke(cli, ["info", str(whole)]).output
    assert "recorded of synapses" in told
    rows = [line.split() for line in told.splitlines() if line.startswith("E_I ")]
    assert ["E_I", "w", "chosen", "0.3", "0.4"] in rows
    listed = json.loads(CliRunner().invoke(cli, ["info", str(whole), "--json"]).output)
    assert [r["kind"] for r in listed["synapse_reports"]] == ["all", "chosen", "histogram", "all"]
    target = tmp_path / "w.png"
    drawn = CliRunner().invoke(cli, ["plot", str(whole), "--kind", "weights", "-o", str(target)])
    assert drawn.exit_code == 0, drawn.output
    assert target.read_bytes()[:4] == b"\x89PNG"


def same(path, expected):
    with h5py.File(expected) as wanted, h5py.File(path) as found:
        names = []

        def compare(name, item):
            assert dict(item.attrs.items()) == dict(found[item.name].attrs.items())
            if isinstance(item, h5py.Dataset):
                names.append(name)
                assert found[item.name].dtype == item.dtype, name
                np.testing.assert_array_equal(found[item.name][()], item[()], err_msg=name)

        wanted["neurosim/synapses"].visititems(compare)
        listed = []
        found["neurosim/synapses"].visititems(lambda name, _: listed.append(name))
        assert len(names) > 15
        assert set(names) <= set(listed)


PIECES = [
    [(2, 0, 40), (1, 40, 70), (5, 70, 100)],
    [(1, 0, 55), (4, 55, 100)],
    [(2, 0, 30), (2, 30, 30), (3, 30, 100)],
]


@pytest.mark.parametrize(
    ("pieces", "block", "most"),
    [*((pieces, 1 << 19, 64) for pieces in PIECES), (PIECES[0], 20, 1)],
    ids=str,
)
def test_parts_become_what_one_process_records(whole, tmp_path, monkeypatch, pieces, block, most):
    monkeypatch.setattr(synapse_sample_merge, "_BLOCK", block)
    monkeypatch.setattr(synapse_sample_merge, "_MOST_OPEN", most)
    output = tmp_path / "run.h5"
    starts = [*(first for _, first, _ in pieces[1:]), None]
    for (n_ranks, first, stop), following in zip(pieces, starts, strict=True):
        if first == stop:
            continue
        # a run that is resumed had gone on for a while, and sampled where it was stopped
        end = stop if following is None else stop + 9
        ranks(output, n_ranks, first, end, last=True)
    merge_parts(output, {})
    same(output, whole)
    assert read(output).complete


def test_ranks_that_were_killed_at_different_times(whole, tmp_path):
    output = ranks(tmp_path / "run.h5", 3, 0, 100, reach=[72, 61, 90])
    assert merge.merge(output).stop_ms == pytest.approx(6.1)
    own = read(output).synapses()
    np.testing.assert_allclose(own.times_ms("w"), np.arange(0, 62, 10) * DT_MS)
    for step in range(0, 62, 10):
        np.testing.assert_array_equal(own.values("w", step * DT_MS), values(step, 0) * 1e9)
    counted = rows([0, 15, 30, 45, 60], 2, Share())
    np.testing.assert_array_equal(own.histogram("x*2").counts, counted[:, 1:-1])


def test_a_part_of_another_network_is_named(tmp_path):
    output = ranks(tmp_path / "run.h5", 2, 0, 40)
    shard = next(output.with_name("run.h5.parts").glob("*00001.h5"))
    with h5py.File(shard, "r+") as file:
        file["neurosim/synapses/E_I/table/target"][3] = 2  # of the other rank
    with pytest.raises(RecordingError, match=r"00001.h5.*not in order"):
        merge_parts(output, {})
    assert shard.exists()


def test_the_file_is_valid_after_every_write(tmp_path, monkeypatch):
    """Whatever has been written when a process dies, whole samples are read, and the right ones."""
    path, seen = tmp_path / "run.h5", []
    write_at = ordered_file.OrderedFile._write_at

    def watched(self, offset, content):
        write_at(self, offset, content)
        if path.exists():
            own = read(path).synapses()
            own.trace("w"), own.histogram("x*2")
            times = own.times_ms("w")
            seen.append(times.size)
            for time in times[-1:]:
                found = own.snapshot("w", time)
                step = round(time / DT_MS)
                np.testing.assert_array_equal(found.values, values(step, 0) * 1e9)
                np.testing.assert_array_equal(found.source, table_at(step)["source"])

    monkeypatch.setattr(ordered_file.OrderedFile, "_write_at", watched)
    monkeypatch.setattr(synapse_store, "_EARLY_BYTES", 0)  # parts of a sample go to the disk alone
    with RecordingWriter(path, LAYOUT, **ARGUMENTS) as writer:
        known = None
        for step in range(0, 72, 24):
            known = record(writer, step, step + 24, known=known)
            writer.flush()
        writer.finish({})
    assert seen == sorted(seen)
    assert len(seen) > 60
    assert seen[-1] == 8


OBJECTS = ["table", "table/source", "table/ends", "table/steps", "reports", "reports/w/values",
           "reports/w/ends", "reports/w/steps", "reports/w.2/positions", "reports/w.2/delay",
           "reports/expression/edges", "reports/expression/counts"]  # fmt: skip


def use(path, times=()):
    own = read(path).synapses("E_I")
    for time in times:
        own.snapshot("w", time)
    for variable in ("w", "x"):
        own.snapshot(variable)
        own.histogram(variable, 3)
    own.trace()
    own.histogram("x*2")


def test_the_good_file_is_good(whole):
    use(whole, np.arange(0, 11))


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("instead", ["nothing", "table"])
def test_damaged_files_are_refused(whole, tmp_path, name, instead):
    path = tmp_path / "bad.h5"
    shutil.copyfile(whole, path)
    with h5py.File(path, "r+") as file:
        group = file["neurosim/synapses/E_I"]
        del group[name]
        if instead != "nothing":
            group[name] = np.zeros((2, 3, 4))
    with pytest.raises(RecordingError):
        use(path)


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [("reports/w/ends", 2, 0), ("reports/w/ends", 0, -3), ("reports/w/steps", 1, 500),
     ("table/ends", 0, 3), ("reports/w/table", 0, 1), ("reports/w/table", 0, -1),
     ("reports/expression/edges", 1, 2.0)],
)  # fmt: skip
def test_numbers_that_contradict_each_other(whole, tmp_path, name, row, value):
    path = tmp_path / "bad.h5"
    shutil.copyfile(whole, path)
    with h5py.File(path, "r+") as file:
        file[f"neurosim/synapses/E_I/{name}"][row] = value
    with pytest.raises(RecordingError):
        use(path, np.arange(0, 11))


def test_random_bytes_changed(whole, tmp_path):
    """A damaged file is read or refused by name, never anything else."""
    rng, content = np.random.default_rng(4), whole.read_bytes()
    path = tmp_path / "bad.h5"
    for k in itertools.count():
        if k == 15:
            break
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 40):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            use(path)
        except (RecordingError, UnknownNameError):
            continue
