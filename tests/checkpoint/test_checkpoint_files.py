"""The file of a checkpoint: parts of ranks, a full disk, being killed, and when it is written."""

import errno
import io
import multiprocessing
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoint_samples import HEADER, read_all, snapshot_of, whole_state, write_on

from neurosim.checkpoint import (
    Checkpoints,
    blocks,
    files,
    latest_of,
    opened,
    previous_of,
    writer,
)
from neurosim.errors import CheckpointError, NeurosimError
from neurosim.parallel.communicator import Serial
from neurosim.parallel.share import Share


@pytest.mark.parametrize("n_ranks", [1, 3])
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_ranks_write_what_other_ranks_read(tmp_path, monkeypatch, n_ranks, block):
    monkeypatch.setattr(blocks, "BLOCK", block)
    for function in (blocks.neuron_blocks, blocks.synapse_blocks):
        monkeypatch.setattr(function, "__defaults__", (block,))
    monkeypatch.setattr("neurosim.checkpoint.reader.BLOCK", block)
    path = tmp_path / "run.ckpt.h5"
    assert write_on(path, n_ranks) == []
    whole = whole_state()
    for share in (Share(), Share(0, 4), Share(3, 4), Share(1, 2)):
        header, found = read_all(path, share)
        assert header == HEADER
        wanted = snapshot_of(whole, share)
        for name, values in found.items():
            expected = whole["spikes"] if name == "spikes" else wanted.arrays[name].read()
            np.testing.assert_array_equal(values, expected, err_msg=name)
            assert values.dtype == expected.dtype


def test_files_do_not_depend_on_the_ranks(tmp_path):
    for n_ranks in (1, 3):
        assert write_on(tmp_path / f"{n_ranks}.h5", n_ranks) == []
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "3.h5").read_bytes()


def test_the_last_two_are_kept(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    for step in (10, 20, 30):
        assert write_on(path, 1, replace(HEADER, step=step)) == []
    assert previous_of(path).name == "run.ckpt.previous.h5"
    assert previous_of(previous_of(path)) == previous_of(path)
    assert read_all(path, Share())[0].step == 30
    assert read_all(previous_of(path), Share())[0].step == 20
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.ckpt.h5", "run.ckpt.previous.h5"]


@pytest.mark.parametrize(
    ("latest", "previous"),
    [
        ("run.ckpt.h5", "run.ckpt.previous.h5"),
        ("state", "state.previous"),
        ("a.b.c", "a.b.previous.c"),
    ],
)
def test_names_of_the_last_two(latest, previous):
    for name in (latest, previous):
        assert previous_of(Path("folder", name)) == Path("folder", previous)
        assert latest_of(Path("folder", name)) == Path("folder", latest)


def test_what_differs_is_named(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    with opened(path) as saved:
        saved.require(digest="ab" * 32, seed=2**64 - 1, dt=1e-4)
        with pytest.raises(CheckpointError, match=r"the seed is 3 and was 18446.*precision is sin"):
            saved.require(digest="ab" * 32, seed=3, precision="single")
        with pytest.raises(CheckpointError, match=r"the network is cdcdcdcdcdcd\.\.\. and was ab"):
            saved.require(digest="cd" * 32)
        with pytest.raises(CheckpointError, match=r"neurosim 1\.2"):
            saved.require(dt=2e-4)


def test_a_missing_file_names_the_previous_one(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with pytest.raises(CheckpointError, match="there is no checkpoint"), opened(path):
        pass
    write_on(path, 1)
    path.rename(previous_of(path))
    with pytest.raises(CheckpointError, match=r"resume .*previous\.h5"), opened(path):
        pass


# -- writing that fails ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_ranks", [1, 3])
@pytest.mark.parametrize("after", [0, 1, 5, 40])
def test_a_full_disk_keeps_the_one_before(tmp_path, monkeypatch, n_ranks, after):
    path = tmp_path / "run.ckpt.h5"
    assert write_on(path, n_ranks) == []
    left, real = [after], os.pwrite

    def pwrite(fd, data, offset):
        if threading.current_thread().name.startswith("Thread") and left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(fd, data, offset)

    monkeypatch.setattr(files.os, "pwrite", pwrite)
    errors = write_on(path, n_ranks, replace(HEADER, step=30))
    assert len(errors) == n_ranks
    for error in errors:
        assert isinstance(error, CheckpointError)
        assert "No space left on device" in str(error)
        assert "The checkpoint before it is kept" in str(error)
    monkeypatch.undo()
    assert read_all(path, Share())[0].step == 17
    assert [p.name for p in tmp_path.iterdir()] == ["run.ckpt.h5"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="not a folder that can be written"):
        Checkpoints(tmp_path / "none" / "run.ckpt.h5")


def _write_for_ever(path, ready):
    whole = snapshot_of(whole_state(), Share())
    for step in range(20, 10**9):
        writer.write(path, replace(HEADER, step=step), whole, Serial())
        ready.set()


def test_kill_9_while_writing_leaves_a_whole_one(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    context = multiprocessing.get_context("fork")
    rng = np.random.default_rng(4)
    for _ in range(8):
        ready = context.Event()
        child = context.Process(target=_write_for_ever, args=(path, ready))
        child.start()
        assert ready.wait(30)
        time.sleep(float(rng.uniform(0.0, 0.08)))
        child.kill()
        child.join()
        for kept in (path, previous_of(path)):
            header, found = read_all(kept, Share())
            assert header.step >= 17
            for name, values in whole_state().items():
                np.testing.assert_array_equal(found[name], values)
    assert {p.name for p in tmp_path.iterdir()} <= {
        "run.ckpt.h5",
        "run.ckpt.previous.h5",
        ".run.ckpt.h5.new",
        ".run.ckpt.previous.h5.link",
    }


@pytest.mark.parametrize("call", ["fsync", "link", "replace"])
def test_stopped_at_every_moment_of_the_replacement(tmp_path, monkeypatch, call):
    """Whatever call does not happen any more, a whole checkpoint is at its place."""
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    monkeypatch.setattr(files.os, call, _raise)
    errors = write_on(path, 1, replace(HEADER, step=30))
    monkeypatch.undo()
    kept = path if path.exists() else previous_of(path)
    assert read_all(kept, Share())[0].step in (17, 30)
    if call != "link":  # without links there is another way
        assert isinstance(errors[0], NeurosimError)
        assert read_all(path, Share())[0].step == 17


def _raise(*_):
    raise OSError(errno.EIO, "Input/output error")


def test_a_file_system_without_links(tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    monkeypatch.setattr(files.os, "link", _raise)
    assert write_on(path, 1, replace(HEADER, step=30)) == []
    assert read_all(path, Share())[0].step == 30
    assert read_all(previous_of(path), Share())[0].step == 17


# -- when ------------------------------------------------------------------------------------------


def test_biological_times_fall_exactly(tmp_path):
    plan = Checkpoints(tmp_path / "run.ckpt.h5", every_steps=100)
    plan.begin(0)
    assert plan.limit(0, 1000) == 100
    assert plan.limit(130, 1000) == 70
    assert plan.limit(130, 20) == 20
    assert [step for step in range(0, 301, 50) if plan.wanted(step)] == [100, 200, 300]


def test_wall_clock_times_and_requests(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("neurosim.checkpoint.schedule.time.monotonic", lambda: now[0])
    plan = Checkpoints(tmp_path / "run.ckpt.h5", every_s=60)
    plan.begin(0)
    assert plan.limit(3, 1000) == 1000
    assert not plan.wanted(10)
    now[0] = 60.0
    assert plan.wanted(10)
    plan.begin(10)
    assert not plan.wanted(20)
    plan.request()
    assert plan.wanted(20)
    assert not plan.wanted(10)  # there is one of this step


def test_a_recording_beside_the_checkpoint_moves_with_it(tmp_path):
    plan = Checkpoints(tmp_path / "run.ckpt.h5")
    assert plan.beside(tmp_path / "sub" / "run.h5") == os.path.join("sub", "run.h5")
    assert plan.beside("/somewhere/run.h5") == "/somewhere/run.h5"
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(path, moved)
    with opened(moved / path.name) as saved:
        assert saved.recording == moved / "run.h5"


def test_new_files_behave_as_files(tmp_path):
    file = files.NewFile(tmp_path / "a.h5")
    assert file.readable()
    assert file.writable()
    assert file.seekable()
    file.write(b"abcdef")
    file.seek(-2, io.SEEK_END)
    assert file.tell() == 4
    assert file.read(4) == b"ef\0\0"
    file.seek(0)
    file.truncate(2)
    assert file.read(3) == b"ab\0"
    file.close()
    assert list(tmp_path.iterdir()) == []
