"""Whatever happens to one rank, all end within 5 s, not with 0, and one message says why."""

import os
import signal
import time
from pathlib import Path

import pytest
from launch import finish, launch, messages, seconds_after_failing, start

HERE = Path(__file__).parent
RANKS = 3
WITHIN_S = 5


def failed(*arguments):
    """The finished launch of ``failing.py``, which must have failed in time."""
    done = launch([HERE / "failing.py", *arguments], RANKS)
    assert done.returncode != 0
    assert seconds_after_failing(done) < WITHIN_S
    return done


@pytest.mark.parametrize(
    ("how", "code", "cause"),
    [
        ("raise", 1, "ValueError: boom"),
        ("exit", 3, "left with exit code 3"),
        ("end", 1, "came to the end of its script while rank"),
        ("refuse", 4, "the disk is full"),
        ("busy", 3, "left with exit code 3"),
        ("two", 1, "ValueError: boom on 1"),
    ],
)
def test_a_rank_of_a_script_fails(how, code, cause):
    done = failed(how)
    assert done.returncode == code
    (told,) = messages(done)
    assert told.startswith(f"rank 1 of {RANKS} (")
    assert cause in told


def test_a_traceback_is_told_with_the_rank():
    done = failed("last")
    assert messages(done)[0].startswith(f"rank 0 of {RANKS}")
    assert done.stderr.count("Traceback") == 1
    assert 'failing.py", line' in done.stderr


def test_what_all_ranks_meet_is_told_once_as_by_one_process():
    done = launch([HERE / "failing.py", "all"], RANKS)
    assert done.returncode == 1
    assert messages(done) == []
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.splitlines()[-1] == "ValueError: boom"


def test_a_rank_of_a_script_vanishes():
    """Nobody is left to say why; MPICH's mpiexec alone would return 0."""
    done = failed("vanish")
    assert done.returncode == 1
    (told,) = messages(done)
    assert told.startswith(f"rank 1 of {RANKS} (")
    assert "vanished" in told


def test_a_rank_of_a_script_is_killed():
    """Told by whoever sees it first: the watcher, with the rank, or mpiexec, with the process."""
    done = failed("kill")
    assert [line.split(" (")[0] for line in messages(done)] == [f"rank 1 of {RANKS}"] or (
        "signal 9" in done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("how", "codes", "cause"),
    [
        ("vanish", {1}, "ended with exit code 0 in the middle of its work"),
        ("kill", {9, 137}, "killed by signal 9 (SIGKILL)"),
        ("exit", {3}, "left with exit code 3"),
    ],
)
def test_a_rank_of_a_command_fails(how, codes, cause):
    done = failed("--guarded", how)
    assert done.returncode in codes
    (told,) = messages(done)
    assert told.startswith(f"rank 1 of {RANKS} (")
    assert cause in told


def ready(process, ranks):
    """The processes that have told that they are ready."""
    lines = [process.stdout.readline().split() for _ in range(ranks)]
    return [int(number) for _, number in lines]


def parent(process):
    """The number of a process's parent."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def gone(process):
    """Whether a process is no longer there, or only as an entry."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
class TestParents:
    """The parent process of each rank of a command."""

    def test_signals_reach_the_ranks(self):
        process = start([HERE / "failing.py", "--guarded", "signal"], 2)
        for rank in ready(process, 2):
            os.kill(parent(rank), signal.SIGUSR1)
        done = finish(process, 15)
        assert done.returncode == 130
        assert done.stderr == ""

    def test_no_rank_outlives_its_parent(self):
        process = start([HERE / "failing.py", "--guarded", "signal"], 2)
        ranks = ready(process, 2)
        os.kill(parent(ranks[0]), signal.SIGKILL)
        assert finish(process, 15).returncode != 0
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline and not all(map(gone, ranks)):
            time.sleep(0.05)
        assert all(map(gone, ranks))
