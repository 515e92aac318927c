"""Ctrl-C, kill -9 and a full disk: what was recorded stays readable."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurosim as ns

LONG = ("--duration", "100000s", "--threads", "1", "--json")


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.02)


def recorded_ms(path):
    return ns.read(path).stop_ms if path.exists() else 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_recording(tiny, start, number):
    path = tiny.parent / "tiny.h5"
    process = start("run", tiny, *LONG)
    wait_for(lambda: recorded_ms(path) > 1000)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    run = ns.read(path)
    assert run.status == "interrupted"
    assert not run.complete
    assert '"status": "interrupted"' in out.splitlines()[-1]
    assert f'"spikes_sha256": "{run.spikes_sha256()}"' in out
    assert (tiny.parent / "tiny.png").exists()


def test_second_ctrl_c_stops_at_once(tiny, start):
    path = tiny.parent / "tiny.h5"
    process = start("run", tiny, *LONG)
    wait_for(lambda: recorded_ms(path) > 1000)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert process.returncode == 130
    assert ns.read(path).stop_ms > 1000


def test_ctrl_c_during_a_long_build_ends_it():
    code = (
        "import hashlib\nfrom neurosim.interrupts import exit_at_once\n"
        "with exit_at_once(130):\n"
        "    print('now', flush=True)\n"
        # compiled code that takes minutes, lets the interpreter go and heeds no signal
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "now\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert time.monotonic() - began < 10


KILLER = """
import os, random, signal, sys, time
from neurosim.cli.main import main
import neurosim.simulation, neurosim.engines.native, neurosim.engines.reference
from neurosim.errors import RecordingError
folder, seed = sys.argv[1], int(sys.argv[2])
def recorded(path):
    try:
        return neurosim.read(path).stop_ms > 0
    except RecordingError:  # read while it grew
        return False
chosen = random.Random(seed)
for k in range(20):
    path = os.path.join(folder, f"{k}.h5")
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = open(os.devnull, "w")
        main(["run", os.path.join(folder, "tiny.py"), "--duration", "100000s", "--threads", "1",
              "--output", path])
    # a third of the moments are around the creation of the file, a third after the first flush
    until = time.monotonic() + 60
    while k % 3 and not os.path.exists(path) and time.monotonic() < until:
        time.sleep(0.002)
    while k % 3 == 1 and not recorded(path) and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(chosen.uniform(0, (0.6, 0.9, 1.2)[k % 3]))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_kill_9_at_20_random_moments(tiny, invoke):
    """Each file opens, every dataset reads, and holds the same as a run that was not killed."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed of the moments: {seed}")
    invoke("run", tiny, "--duration", "20s", "--quiet", "--output", "whole.h5")
    whole = ns.read("whole.h5")
    times, ids = whole.spikes("E")
    trace = whole.state("E", "v")
    subprocess.run(
        [sys.executable, "-c", KILLER, str(tiny.parent), str(seed)], check=True, timeout=300
    )
    lengths = []
    for path in sorted(tiny.parent.glob("[0-9]*.h5")):
        with h5py.File(path) as file:
            file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
        killed = ns.read(path)
        stop = min(killed.stop_ms, whole.stop_ms)
        lengths.append(killed.stop_ms)
        assert killed.status == "running"
        assert killed.n_synapses == 1000 or (killed.n_synapses is None and stop == 0)
        seen_times, seen_ids = killed.spikes("E", 0, stop)
        expected = times < stop
        np.testing.assert_array_equal(seen_times, times[expected])
        np.testing.assert_array_equal(seen_ids, ids[expected])
        seen = killed.state("E", "v", 0, stop)
        np.testing.assert_array_equal(seen.values, trace.values[trace.times_ms < stop])
    # moments before the file is there leave none
    assert len(lengths) >= 13
    assert sum(length > 0 for length in lengths) >= 5


def check_failed_write(process, path):
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: cannot write the recording")
    assert "Traceback" not in err
    run = ns.read(path)
    with h5py.File(path) as file:
        file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
    assert not run.complete


def test_full_disk(tiny, start, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("may not mount a small file system; the limit on file size is tested below")
    try:
        process = start("run", tiny, *LONG, "--output", folder / "run.h5")
        check_failed_write(process, folder / "run.h5")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_limit_on_file_size(tiny, start, tmp_path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    process = start("run", tiny, *LONG, "--output", tmp_path / "run.h5", preexec_fn=limit)
    check_failed_write(process, tmp_path / "run.h5")


def test_unwritable_folder(tiny, invoke, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write anywhere")
    done = invoke("run", tiny, "--output", Path(folder) / "run.h5")
    assert done.code == 1
    assert "folder" in done.err
