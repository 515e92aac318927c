"""Start a script on several ranks, with the mpiexec that belongs to this Python's mpi4py."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

from neurosim.parallel.launch import matching_mpiexec

# Open MPI refuses root and more ranks than cores unless told; others ignore these
TOLERANT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def mpiexec():
    """The path of mpiexec; skips the test where MPI is not installed."""
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip("mpi4py is not installed (pip install 'neurosim[mpi]')")
    found = matching_mpiexec()
    if found is None:
        pytest.skip("no mpiexec beside this Python or on the PATH (pip install 'neurosim[mpi]')")
    return found


def start(arguments, ranks, *, env=None, cwd=None, options=(), before=()):
    """A started ``mpiexec``; arguments are those of Python: a script, or -m neurosim ...

    ``options`` are mpiexec's; ``before`` is put before it.
    """
    python = [sys.executable, *map(str, arguments)]
    command = [*before, mpiexec(), *map(str, options), "-n", str(ranks), *python]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=os.environ | TOLERANT | {k: str(v) for k, v in (env or {}).items()},
        start_new_session=True,
    )


def finish(process, timeout=60):
    """Wait for what was started; fails the test, and ends all ranks, if it hangs."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        pytest.fail(f"still running after {timeout} s\nstdout: {out}\nstderr: {err}")
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    done.ended = time.time()
    return done


def launch(arguments, ranks, *, timeout=60, check=False, **how):
    """Run Python on ranks: ``launch([script, "x"], 2)``, ``launch(["-m", "neurosim", "list"], 2)``.

    Returns a CompletedProcess with stdout and stderr of all ranks, and when it ``ended``. With
    ``check``, an exit code that is not 0 fails the test with what was printed.
    """
    done = finish(start(arguments, ranks, **how), timeout)
    if check and done.returncode:
        pytest.fail(f"exit code {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}")
    return done


def seconds_after_failing(done):
    """How long ranks went on after the one that failed printed ``failing TIME``."""
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("failing ")]
    return done.ended - float(line.split()[1])


def messages(done):
    """The lines on stderr that name a rank as ours do."""
    return [line for line in done.stderr.splitlines() if line.startswith("rank ")]
