"""Parts of ranks and pieces in time, merged: the same as one process records, or a typed error."""

import errno
import itertools
import json
import os
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from shard_samples import piece_of, ranks, serial, whole_layout

from neurosim.cli.main import cli
from neurosim.errors import RecordingError, RecordingWriteError
from neurosim.locks import held
from neurosim.recording import (
    PopulationLayout,
    ProjectionLayout,
    SpikeDigest,
    merge,
    ordered_file,
    read,
    spike_merge,
    state_merge,
    synapse_merge,
)
from neurosim.recording.shards import (
    earlier_pieces,
    folder_of,
    lock_of,
    piece_path,
    shard_path,
    start_piece,
)

STEPS = [0, 50, 130, 131, 300]
LAYOUT = whole_layout()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return serial(tmp_path_factory.mktemp("whole") / "run.h5", LAYOUT, STEPS)


def assert_same(path, expected):
    """Each dataset has the same bytes, of the same type and shape."""
    names = []
    with h5py.File(expected) as wanted, h5py.File(path) as found:

        def compare(name, item):
            if isinstance(item, h5py.Dataset):
                names.append(name)
                assert found[name].dtype == item.dtype, name
                assert found[name].shape == item.shape, name
                assert found[name][()].tobytes() == item[()].tobytes(), name
                assert found[name].chunks == item.chunks, name

        wanted.visititems(compare)
        n_found = []
        found.visititems(lambda n, item: n_found.append(n) if hasattr(item, "chunks") else None)
        assert len(n_found) == len(names)
    assert {"spikes/E/timestamps", "report/E.v/data", "neurosim/states/E.sum_v"} <= set(names)


def leftovers(path):
    return sorted(p.name for p in path.parent.iterdir() if p != path)


@pytest.mark.parametrize("n_ranks", [2, 3, 4, 5])
def test_ranks_become_what_one_process_records(tmp_path, whole, n_ranks):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, n_ranks)
    merged = merge.merge(path)
    assert_same(path, whole)
    run, one = read(path), read(whole)
    assert merged.spikes_sha256 == run.spikes_sha256() == one.spikes_sha256()
    assert run.summary["spikes_sha256"] == merged.spikes_sha256
    assert (run.complete, run.status, run.n_ranks, run.threads) == (True, "complete", n_ranks, 1)
    assert run.timings == one.timings or run.timings["simulate_s"] == 0.25
    assert run.n_synapses == one.n_synapses
    assert (run.warmup_ms, run.seed, run.stop_ms) == (one.warmup_ms, one.seed, one.stop_ms)
    assert leftovers(path) == []
    assert merge.merge(path) is None


def test_few_at_a_time_give_the_same(tmp_path, whole, monkeypatch):
    monkeypatch.setattr(spike_merge, "SPIKE_CHUNK", 5)
    monkeypatch.setattr(spike_merge, "_MOST_ROWS", 5)
    monkeypatch.setattr(state_merge, "_BLOCK_BYTES", 300)
    monkeypatch.setattr(synapse_merge, "_SOURCES", 7)
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 3)
    merge.merge(path)
    assert_same(path, whole)


def test_ranks_without_neurons_and_populations_that_are_not_recorded(tmp_path):
    lay = replace(
        LAYOUT,
        populations=(
            PopulationLayout("E", 0, 80, spikes=False),
            PopulationLayout("I", 80, 4),
            PopulationLayout("input", 84, 3, kind="source"),
        ),
        projections=(ProjectionLayout("I_E", "I", "E", 4, 80, "I_syn"),),
    )
    one = serial(tmp_path / "one.h5", lay, STEPS)
    path = tmp_path / "run.h5"
    ranks(path, lay, STEPS, 6)
    merge.merge(path)
    with h5py.File(one) as wanted, h5py.File(path) as found:
        assert "E" not in found["spikes"]
        for name in ("spikes/I/node_ids", "spikes/input/timestamps", "report/I.w/data"):
            assert found[name][()].tobytes() == wanted[name][()].tobytes()
    assert read(path).spikes_sha256() == read(path).summary["spikes_sha256"]


@pytest.mark.parametrize("further", [1, 2])
def test_pieces_in_time(tmp_path, whole, further):
    """One process, then 3 ranks, then 2, then one; each may get beyond where the next starts."""
    path = tmp_path / "run.h5"
    serial(path, LAYOUT, STEPS[: 1 + further])
    before = path.read_bytes()
    ranks(path, LAYOUT, STEPS[1 : 2 + further], 3, 50, finish=False)
    ranks(path, LAYOUT, STEPS[2 : 3 + further], 2, 130, finish=False)
    ranks(path, LAYOUT, STEPS[3:], 1, 131)
    assert piece_path(path, 0).read_bytes() == before
    merged = merge.merge(path)
    assert (merged.n_pieces, merged.n_ranks, merged.status) == (4, 1, "complete")
    assert_same(path, whole)
    assert merged.spikes_sha256 == read(path).spikes_sha256()
    told = json.loads(read(path).provenance["pieces"])
    assert [(p["from_ms"], p["n_ranks"]) for p in told] == [(0, 1), (5, 3), (13, 2), (13.1, 1)]


def test_a_resumed_run_drops_what_comes_later(tmp_path, whole):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, [0, 50, 130], 2, finish=False)
    ranks(path, LAYOUT, [50, 90], 3, 50, finish=False)
    part = ranks(path, LAYOUT, [50, 130, 131, 300], 2, 50)
    assert part.piece == 1
    merge.merge(path)
    assert_same(path, whole)


def test_a_merged_recording_is_continued(tmp_path, whole):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, [0, 50, 130], 3)
    merge.merge(path)
    ranks(path, LAYOUT, [130, 131, 300], 2, 130)
    assert not read(path).complete
    merge.merge(path)
    assert_same(path, whole)
    assert leftovers(path) == []


def test_what_cannot_be_continued(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(RecordingError, match=r"run\.h5.*is not there"):
        earlier_pieces(path, 50)
    serial(path, LAYOUT, [0, 50])
    with pytest.raises(RecordingError, match=r"ends at 5 ms, before the 13 ms.*earlier checkpoint"):
        earlier_pieces(path, 130)
    other = replace(LAYOUT, states=LAYOUT.states[:2])
    with pytest.raises(RecordingError, match="another network, or records something else"):
        ranks(path, other, [50, 130], 2, 50)
    assert read(path).complete


def test_a_new_run_replaces_the_parts(tmp_path, whole):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS[:2], 4, finish=False)
    ranks(path, LAYOUT, STEPS, 2)
    assert len(os.listdir(folder_of(path))) == 3
    merge.merge(path)
    assert_same(path, whole)


def test_ranks_that_were_killed_are_merged_as_far_as_all_got(tmp_path):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 3, finish=False, reach=[4, 2, 3])
    told = CliRunner().invoke(cli, ["info", str(path)])
    assert told.exit_code == 1
    assert f"up to 13 ms. When it has ended, run: neurosim merge {path}" in told.output
    merged = merge.merge(path)
    expected = serial(tmp_path / "one.h5", LAYOUT, STEPS[:3])
    assert_same(path, expected)
    run = read(path)
    assert merged.status == run.status
    assert run.status == (
        "incomplete: the run ended without finishing; all ranks got to 13 ms (rank 1 no further, "
        "rank 0 to 30 ms)"
    )
    assert run.stop_ms == 13.0
    assert not run.complete
    assert run.rates()["E"] > 0
    assert run.metrics().n_spikes > 0
    told = CliRunner().invoke(cli, ["metrics", str(path)])
    assert told.exit_code == 0
    assert "holds 0 to 13 ms of a run that is not complete" in told.output
    told = CliRunner().invoke(cli, ["info", str(path), "--json"])
    assert told.exit_code == 1
    assert "0 to 13 ms; to go on" in told.output


def test_nothing_was_recorded_yet(tmp_path):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 2, finish=False, reach=[0, 0])
    assert merge.merge(path).stop_ms == 0.0
    assert read(path).spikes("E")[0].size == 0


def damaged(path, what):
    content = path.read_bytes()
    if what == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif what == "text":
        path.write_text("no HDF5")
    elif what == "missing":
        path.unlink()
    else:
        with h5py.File(path, "r+") as file:
            if what == "ids":
                file["spikes/E/node_ids"][3] = 3  # of rank 0
            elif what == "order":
                file["spikes/E/timestamps"][3] = 29.0
            elif what == "columns":
                del file["neurosim/states/E.sum_v"]
                file["neurosim/states/E.sum_v"] = np.zeros((40, 4), np.int64)
            elif what == "samples":
                file["neurosim/states/I.w"].resize(5, axis=0)
            elif what == "rank":
                file["neurosim"].attrs["rank"] = np.int64(0)
            elif what == "sources":
                del file["neurosim/projections/E_I/outdegree"]
                file["neurosim/projections/E_I/outdegree"] = np.zeros(3, np.uint32)


@pytest.mark.parametrize(
    "what",
    ["truncated", "text", "missing", "ids", "order", "columns", "samples", "rank", "sources"],
)
def test_a_damaged_part_is_named_and_all_are_kept(tmp_path, what):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS[:3], 3)
    damaged(shard_path(path, 0, 1), what)
    before = sorted(os.listdir(folder_of(path)))
    with pytest.raises(RecordingError, match=r"piece-000-rank-00001\.h5"):
        merge.merge(path)
    assert [n for n in sorted(os.listdir(folder_of(path))) if n != "lock"] == before
    assert not read(path).complete
    assert leftovers(path) == ["run.h5.parts"]


def test_parts_of_another_run(tmp_path):
    path, other = tmp_path / "run.h5", tmp_path / "other.h5"
    ranks(path, LAYOUT, STEPS[:3], 3)
    ranks(other, LAYOUT, STEPS[:3], 3)
    shutil.copy(shard_path(other, 0, 2), shard_path(path, 0, 2))
    with pytest.raises(RecordingError, match=r"rank-00002\.h5.*is of another run"):
        merge.merge(path)
    shutil.copy(piece_path(other, 0), piece_path(path, 1))
    with pytest.raises(RecordingError, match=r"piece-001\.h5.*does not continue"):
        merge.merge(path)


def test_there_is_nothing_to_merge(tmp_path, whole):
    with pytest.raises(RecordingError, match="neither a recording"):
        merge.merge(tmp_path / "none.h5")
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS[:2], 2)
    shutil.rmtree(folder_of(path))
    with pytest.raises(RecordingError, match=r"run\.h5\.parts.*is missing"):
        merge.merge(path)
    assert merge.merge(whole) is None


def test_full_disk_keeps_the_parts(tmp_path, whole, monkeypatch):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 2)
    real, room = os.pwrite, [150_000]

    def pwrite(descriptor, content, offset):
        room[0] -= len(content)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content, offset)

    with monkeypatch.context() as patch:
        patch.setattr(ordered_file.os, "pwrite", pwrite)
        with pytest.raises(RecordingWriteError, match=r"No space left.*are kept; when there"):
            merge.merge(path)
    assert leftovers(path) == ["run.h5.parts"]
    (tmp_path / "run.h5.merging").write_text("of a merge that was killed")
    (tmp_path / ".run.h5.merging.77.new").write_text("of another")
    merge.merge(path)
    assert_same(path, whole)
    assert leftovers(path) == []


def test_a_merge_killed_before_it_removed_the_parts(tmp_path, whole):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 2)
    shutil.copytree(folder_of(path), tmp_path / "kept")
    merge.merge(path)
    shutil.copytree(tmp_path / "kept", folder_of(path))
    assert merge.merge(path) is None
    assert not folder_of(path).exists()
    assert_same(path, whole)


def test_a_killed_start_loses_nothing(tmp_path, whole):
    """Killed after the description of a new piece was there and before its ranks began."""
    path = tmp_path / "run.h5"
    serial(path, LAYOUT, STEPS)
    start_piece(path, LAYOUT, {"dt_ms": 0.1, "seed": 7, "engine": "native"}, 2, 130)
    assert merge.merge(path).n_pieces == 1
    assert_same(path, whole)


def test_parts_that_are_being_written_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "_LOCK_WAIT_S", 0.0)
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS[:2], 2)
    with held(lock_of(path), 0.0), pytest.raises(RecordingError, match="still being written"):
        merge.merge(path)


def test_reading_what_is_in_parts(tmp_path):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS[:2], 2)
    run = read(path)
    assert run.populations == {p.name: p for p in LAYOUT.populations}
    for use in (
        lambda: run.spikes("E"),
        lambda: run.state("E", "v"),
        lambda: run.outdegree("E_I"),
        run.spikes_sha256,
        run.rates,
    ):
        with pytest.raises(RecordingError, match="neurosim merge"):
            use()
    for command in ("metrics", "plot", "export"):
        done = CliRunner().invoke(cli, [command, str(path)])
        assert "neurosim merge" in str(done.exception)
    with pytest.raises(RecordingError, match="rank 1 of 2"):
        read(shard_path(path, 0, 1))
    done = CliRunner().invoke(cli, ["merge", str(path)])
    assert done.output == f"{path}: 0 to 5 ms, of 2 ranks: complete\n"
    assert CliRunner().invoke(cli, ["merge", str(path)]).output == f"{path} is one file already.\n"
    assert "2 ranks of 1 thread\n" in CliRunner().invoke(cli, ["info", str(path)]).output


def test_the_digest_is_of_the_spikes_in_order(tmp_path):
    path = tmp_path / "run.h5"
    ranks(path, LAYOUT, STEPS, 3)
    digest = SpikeDigest()
    for first, last in itertools.pairwise(STEPS):
        chunk = piece_of(LAYOUT, first, last - first)
        digest.update(chunk.spike_steps, chunk.spike_ids)
    assert merge.merge(path).spikes_sha256 == digest.hexdigest()
