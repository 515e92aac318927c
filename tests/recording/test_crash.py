"""Real kills and full disks: the file opens, reads completely and holds what was flushed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from recording_samples import DT_MS, chunk, layout

from neurosim.recording import RecordingWriter, read

HERE = Path(__file__).parent

PRELUDE = f"""
import sys, time
sys.path.insert(0, {str(HERE)!r})
from recording_samples import DT_MS, chunk, layout
from neurosim.errors import RecordingWriteError
from neurosim.recording import RecordingWriter
lay = layout()
"""


def write_for_ever(path, out):
    """2 ms of simulated time per chunk and a flush about every 20 ms, told once it is done."""
    lay = layout()
    writer = RecordingWriter(path, lay, DT_MS, flush_interval_s=1e9)
    print(0, file=out, flush=True)
    k, flushed = 0, time.monotonic()
    while True:
        writer.append(chunk(lay, k * 20, 20, 6000))
        k += 1
        if time.monotonic() - flushed > 0.02:
            writer.flush()
            print(k, file=out, flush=True)
            flushed = time.monotonic()


def write_in_the_background(path, out):
    """Flushes by itself, in a thread, about every 5 ms."""
    lay = layout()
    writer = RecordingWriter(path, lay, DT_MS, flush_interval_s=0.005)
    print(0, file=out, flush=True)
    k = 0
    while True:
        writer.append(chunk(lay, k * 20, 20, 6000))
        k += 1


def killed(write, path, seconds):
    """What a forked process told before it was killed, so many seconds after it began."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        try:
            write(path, os.fdopen(sender, "w"))
        finally:
            os._exit(1)
    os.close(sender)
    with os.fdopen(receiver) as told:
        first = told.readline()
        try:
            time.sleep(seconds)
        finally:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert first == "0\n"
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        return [first, *told.read().split()]


def python(code, *arguments, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


def expected(lay, n_chunks):
    pieces = [chunk(lay, k * 20, 20, 6000) for k in range(n_chunks)]
    none = [np.empty(0, np.int64)]
    steps = np.concatenate(none + [p.spike_steps for p in pieces])
    ids = np.concatenate(none + [p.spike_ids for p in pieces])
    exact = np.concatenate([np.empty((0, 3)), *(p.states[1] for p in pieces)])
    return steps, ids, exact


def check(path, n_chunks):
    """Everything of the first ``n_chunks`` chunks is there, and every dataset reads."""
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
    recording = read(path)
    if recording.stop_ms:
        recording.metrics(0.0)
    lay = layout()
    steps, ids, exact = expected(lay, n_chunks)
    assert recording.stop_ms >= n_chunks * 2.0
    for population in lay.populations:
        times, local = recording.spikes(population.name)
        mine = (ids >= population.first_id) & (ids < population.first_id + population.size)
        assert times.size >= mine.sum()
        assert np.array_equal(np.rint(times[: mine.sum()] / 0.1), steps[mine])
        assert np.array_equal(local[: mine.sum()], ids[mine] - population.first_id)
    values = recording.state("E", "v", recorder="v_exact").values
    assert np.array_equal(values[: len(exact)], exact * 1e3)
    assert recording.status == "running"
    assert not recording.complete


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_moment(tmp_path, seed):
    told = killed(write_for_ever, tmp_path / "run.h5", random.Random(seed).uniform(0.0, 0.5))
    check(tmp_path / "run.h5", int(told[-1]))


@pytest.mark.parametrize("seed", range(8))
def test_killed_while_a_thread_writes(tmp_path, seed):
    seconds = random.Random(seed).uniform(0.1, 0.5)
    killed(write_in_the_background, tmp_path / "run.h5", seconds)
    # All that the file says it has is there.
    check(tmp_path / "run.h5", int(read(tmp_path / "run.h5").stop_ms / 2.0 + 0.5))


# Writes until the disk is full; the error ends the program the way a user's script would end.
FILLED = (
    PRELUDE
    + """
k = 0
with RecordingWriter(sys.argv[1], lay, DT_MS, flush_interval_s=1e9) as writer:
    while k < 3000:
        writer.append(chunk(lay, k * 20, 20, 6000))
        k += 1
        if k % 2 == 0:
            writer.flush()
            sys.stdout.write(f"{k}\\n"); sys.stdout.flush()
"""
)


def run_until_full(path, **kwargs):
    process = python(FILLED, path, **kwargs)
    announced, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors  # an exception; not a signal
    n_chunks = int((["0", *announced.split()])[-1])
    assert n_chunks > 0
    last = errors.strip().splitlines()[-1]
    assert last.startswith("neurosim.errors.RecordingWriteError: cannot write the recording")
    assert str(path) in last
    assert "bytes more are needed" in last
    assert "bytes are free" in last
    assert f"holds everything up to {n_chunks * 2:g} ms of simulated time" in last
    assert errors.count("RecordingWriteError") == 1  # one error, none on closing
    check(path, n_chunks)
    return last


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(small_disk):
    assert "No space left on device" in run_until_full(small_disk / "run.h5")


def test_disk_full_from_the_start(small_disk):
    (small_disk / "other").write_bytes(bytes((2 << 20) - 4096))
    process = python(FILLED, small_disk / "run.h5")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The file was not created" in errors
    assert os.listdir(small_disk) == ["other"]


def limit_file_size():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_file_size_limit(tmp_path):
    last = run_until_full(tmp_path / "run.h5", preexec_fn=limit_file_size)
    assert "File too large" in last


def test_program_that_forgets_to_close_ends_without_a_crash(tmp_path):
    code = (
        PRELUDE
        + """
writer = RecordingWriter(sys.argv[1], lay, DT_MS)
writer.append(chunk(lay, 0, 20, 600))
writer.flush()
writer.append(chunk(lay, 20, 20, 600))
"""
    )
    process = python(code, tmp_path / "run.h5")
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert read(tmp_path / "run.h5").stop_ms == 2.0
