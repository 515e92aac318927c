"""Stopped on three ranks, resumed on two with two threads each, then on one: nothing differs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from launch import TOLERANT, finish, launch, mpiexec

HERE = Path(__file__).parent
SCRIPT = HERE / "stop_and_go_on.py"
STOP = 801


def end_of(folder):
    return json.loads((folder / "end.json").read_text())


def alone(*arguments):
    command = [sys.executable, SCRIPT, *arguments]
    subprocess.run(list(map(str, command)), check=True, timeout=180)


def datasets(path):
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(note)
        found["digest"] = np.asarray(file["neurosim"].attrs["spikes_sha256"])
    return found


def assert_same(one, other):
    ours, theirs = end_of(one), end_of(other)
    assert ours["state"].keys() == theirs["state"].keys()
    assert [n for n in ours["state"] if ours["state"][n] != theirs["state"][n]] == []
    assert ours["spikes"] == theirs["spikes"]
    expected, found = datasets(one / "run.h5"), datasets(other / "run.h5")
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("precision", ["double", pytest.param("single", marks=pytest.mark.slow)])
def test_three_ranks_then_two_then_one(tmp_path, precision):
    mpiexec()
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    alone(whole, STOP, 1, precision)
    launch([SCRIPT, parts, 230, 1, precision], 3, timeout=120, check=True)
    launch([SCRIPT, parts, 402, 2, precision, "resume"], 2, timeout=120, check=True)
    alone(parts, STOP, 1, precision, "resume")
    assert_same(whole, parts)


RUN = ["run", "microcircuit", "--scale", "0.02", "--warmup", "20ms", "--duration", "80ms", "--json"]


def neurosim(arguments, ranks, cwd):
    return [*([mpiexec(), "-n", str(ranks)] if ranks else []), sys.executable, "-m", "neurosim",
            *arguments]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_job_is_resumed_on_other_ranks(tmp_path, number):
    """SIGTERM to mpiexec, as batch systems do; or every process killed at once."""
    environment = os.environ | TOLERANT
    serial = subprocess.run(
        neurosim([*RUN, "--output", "whole.h5", "--quiet"], 0, tmp_path),
        cwd=tmp_path, capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    process = subprocess.Popen(
        neurosim([*RUN, "--output", "run.h5", "--checkpoint-every-bio", "5ms"], 3, tmp_path),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    previous = tmp_path / "run.ckpt.previous.h5"
    until = time.monotonic() + 120
    while not previous.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    if number == signal.SIGTERM:
        process.send_signal(number)
    else:
        os.killpg(process.pid, number)
    done = finish(process, timeout=60)
    assert done.returncode != 0
    resumed = launch(
        ["-m", "neurosim", "resume", tmp_path / "run.ckpt.h5", "--threads", "2", "--json"],
        2, timeout=180, check=True, cwd=tmp_path,
    )  # fmt: skip
    digests = [
        json.loads(text.strip().splitlines()[-1])["spikes_sha256"]
        for text in (serial.stdout, resumed.stdout)
    ]
    assert digests[0] == digests[1]
    expected, found = datasets(tmp_path / "whole.h5"), datasets(tmp_path / "run.h5")
    for name, values in expected.items():
        if name != "neurosim/description":
            np.testing.assert_array_equal(found[name], values, err_msg=name)
