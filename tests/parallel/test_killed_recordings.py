"""A rank is killed at a random moment: what all ranks had recorded becomes one recording."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import h5py
import pytest
from launch import finish, launch, start
from recorded_run import network

import neurosim as ns
from neurosim.errors import RecordingWriteError
from neurosim.recording import read
from neurosim.recording.merge import merge
from neurosim.recording.shards import folder_of, shard_path, steps_of
from neurosim.units import ms

SCRIPT = Path(__file__).with_name("recorded_run.py")
RANKS = 3


def wait_for_pids(path, process):
    """The process ids of the ranks, once all are recording."""
    names = [path.with_name(f"{path.name}.{rank}.pid") for rank in range(RANKS)]
    end = time.monotonic() + 60
    while not all(name.exists() and name.read_text() for name in names):
        if time.monotonic() > end or process.poll() is not None:
            process.kill()
            pytest.fail(f"the ranks did not start: {process.communicate()}")
        time.sleep(0.005)
    return [int(name.read_text()) for name in names]


def assert_same_data(path, expected):
    with h5py.File(path) as found, h5py.File(expected) as wanted:

        def compare(name, item):
            if isinstance(item, h5py.Dataset) and name != "neurosim/description":
                assert found[name][()].tobytes() == item[()].tobytes(), name

        wanted.visititems(compare)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in range(1, 20))]
)
def test_killed_at_a_random_moment(tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "run.h5"
    process = start([SCRIPT, path, 20_000], RANKS)
    pids = wait_for_pids(path, process)
    time.sleep(rng.uniform(0.0, 1.5))
    victim = rng.randrange(RANKS)
    os.kill(pids[victim], signal.SIGKILL)
    done = finish(process, timeout=30)
    assert done.returncode != 0
    assert folder_of(path).is_dir()
    reached = []
    for rank in range(RANKS):
        with h5py.File(shard_path(path, 0, rank)) as file:
            file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
            assert file["neurosim"].attrs["rank"] == rank
            reached.append(int(file["neurosim"].attrs["steps_recorded"]))
    merged = merge(path)
    run = read(path)
    assert steps_of(run) == min(reached)
    assert not run.complete
    assert merged.status.startswith("incomplete: the run ended without finishing")
    expected = tmp_path / "serial.h5"
    if run.stop_ms >= 1.0:
        with ns.Simulation(network(), output=expected, threads=1) as simulation:
            simulation.run(run.stop_ms * ms)
        assert_same_data(path, expected)
        assert run.spikes_sha256() == read(expected).spikes_sha256()
        run.metrics(0.0)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_ends_all_ranks_with_one_message(tmp_path, small_disk):
    path = small_disk / "run.h5"
    done = launch([SCRIPT, path, 20_000], RANKS, timeout=60)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("neurosim.errors.RecordingWriteError: rank ")
    assert done.stderr.count(last) == 1
    assert "No space left on device" in last
    assert f"neurosim merge {path}" in last
    with pytest.raises(RecordingWriteError, match="are kept; when there is space"):
        merge(path)
    elsewhere = tmp_path / "run.h5"
    shutil.copy(path, elsewhere)
    shutil.copytree(folder_of(path), folder_of(elsewhere))
    merge(elsewhere)
    run = read(elsewhere)
    assert run.stop_ms > 100
    expected = tmp_path / "serial.h5"
    with ns.Simulation(network(), output=expected, threads=1) as simulation:
        simulation.run(run.stop_ms * ms)
    assert_same_data(elsewhere, expected)


@pytest.mark.slow
def test_a_run_that_ends_leaves_one_file(tmp_path):
    path = tmp_path / "run.h5"
    launch([SCRIPT, path, 50], RANKS, check=True)
    assert not folder_of(path).exists()
    expected = tmp_path / "serial.h5"
    with ns.Simulation(network(), output=expected, threads=1) as simulation:
        simulation.run(1 * ms)
        simulation.run(50 * ms)
    assert_same_data(path, expected)
    assert (read(path).complete, read(path).n_ranks) == (True, RANKS)
