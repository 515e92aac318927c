"""One rank of a recorded simulation fails: all end, told why, and the recording says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from launch import launch, messages, seconds_after_failing

SCRIPT = Path(__file__).with_name("failing_run.py")


def test_ranks_that_differ_do_not_start():
    done = launch([SCRIPT, "disagree", "unused"], 3, check=True)
    seed, parameter, size, version, nothing = done.stdout.splitlines()
    assert "seed is 3 on ranks 0, 2 but 4 on rank 1" in seed
    for told in (parameter, size):
        assert "network is " in told
        assert "on ranks 0, 2 but" in told
        assert "on rank 1. Start" in told
        assert "seed" not in told
    assert "version of neurosim" in version
    assert "0.0.1 on rank 1" in version
    assert nothing == "nothing"


@pytest.mark.parametrize(
    ("how", "code", "cause"),
    [
        # how these two end a script is tested faster without a simulation
        pytest.param("callback", 1, "rank 1 of 2", marks=pytest.mark.slow),
        pytest.param("exit", 3, "rank 1 of 2", marks=pytest.mark.slow),
        ("vanish", 1, "rank 1 of 2"),
        ("disk", 1, "rank 1: "),
    ],
)
def test_a_rank_fails_in_a_run(tmp_path, how, code, cause):
    path = tmp_path / "run.h5"
    done = launch([SCRIPT, how, path], 2)
    assert done.returncode == code
    if how != "disk":  # which fails some time later, when what was buffered is written
        assert seconds_after_failing(done) < 5
    assert done.stderr.count(cause) == 1
    assert done.stderr.count("Traceback") == (how in ("callback", "disk"))
    assert len(messages(done)) == (how != "disk")  # which all ranks are told of
    assert done.stderr.count("RecordingWriteError: rank 1: ") == (how == "disk")
    info = subprocess.run(
        [sys.executable, "-m", "neurosim", "info", path, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert info.returncode == 1
    assert "neurosim merge" in info.stdout + info.stderr
    assert json.loads(info.stdout.splitlines()[-1])
