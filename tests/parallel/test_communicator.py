"""The communicator over MPI, its twin for one process, and who is found to be a rank."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from launch import launch

from neurosim import __version__
from neurosim.errors import ParallelError
from neurosim.parallel.communicator import Serial
from neurosim.parallel.installed import installed
from neurosim.parallel.launch import MARK, launched

HERE = Path(__file__).parent
SIZE = 3


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What three ranks wrote, and the finished launch."""
    folder = tmp_path_factory.mktemp("ranks")
    done = launch([HERE / "communicator_checks.py", folder], SIZE, check=True)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(SIZE)], done


def of_all(told, part):
    """One part of what was written, which must be equal on all ranks."""
    first, *others = [rank[part] for rank in told[0]]
    assert all(other == first for other in others)
    return first


def test_reductions(told):
    found = of_all(told, "reductions")
    assert found["sum"] == [[3, 3], [3 * 2**40, 0]]
    assert found["sum_shape"] == []
    in_order = np.zeros(3)
    for rank in range(SIZE):
        in_order += [0.1, 0.2, 1e16 * (-1) ** rank]
    assert found["sum_float"] == in_order.tolist()
    assert found["smallest"] == [0, -2]
    assert found["largest"] == [1.0, -1.5]
    assert found["largest_type"] == "int64"
    assert found["infinite"] == [-np.inf]
    assert "integers and floats" in found["refused"]


def test_gathering(told):
    found = of_all(told, "gathering")
    assert found["rows"] == [[], [[1, 1]], [[2, 2], [2, 2]]]
    assert found["rows_type"] == "float32"
    assert found["nothing"] == [[0, 3]] * SIZE
    assert found["flags"] == [[False], [True], [False]]
    assert found["records"] == [[0], [1], [2]]
    assert found["transposed"] == [[[0, 3], [1, 4], [2, 5]]] * SIZE
    assert found["assembled"] == list(range(7))
    assert "Python objects" in found["refused"]


def test_gathering_to_one_rank(told):
    first, second, third = (rank["to_one"] for rank in told[0])
    assert second == [[], [[1, 1]] * 2, [[2, 2]] * 4]
    assert first == third == [[], [], []]


def test_broadcasts(told):
    assert of_all(told, "broadcasts") == {"text": "from 1", "empty": "", "many": True}


def test_ranks_that_disagree_are_named(told):
    found = of_all(told, "agreements")
    assert "seed is 1 on ranks 0, 1 but 2 on rank 2" in found["differ"]
    assert "network" not in found["differ"].partition("Start")[0]
    assert "network is" in found["digests"]
    assert "rank 1" in found["digests"]


def test_what_compiled_code_gets(told):
    found = of_all(told, "library")
    assert found["kind"] == "mpi"
    assert {"comm", "byte", "idle", "MPI_Test", "MPI_Iallgather", "sizeof_request"} <= set(
        found["names"]
    )
    assert found["addresses"]
    assert found["same"]


def test_processes_that_a_rank_starts_are_alone(told):
    assert of_all(told, "library")["ranks_of_a_child"] == 1


def test_waiting_leaves_the_processor_to_others(told):
    assert max(rank["idle_processor"] for rank in told[0]) < 0.5  # of 1 s


def test_a_good_end_is_silent(told):
    assert told[1].stdout == told[1].stderr == ""


def test_one_process_answers_for_itself():
    alone = Serial()
    assert alone.share.whole
    assert alone.sum([1, 2]).tolist() == alone.largest([1, 2]).tolist() == [1, 2]
    assert alone.gather(np.arange(3))[0].tolist() == [0, 1, 2]
    assert alone.broadcast(b"x") == b"x"
    with pytest.raises(ParallelError, match="why"):
        alone.fail("why")


PROCESS = {MARK: str(os.getpid())}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"PMI_RANK": "1", "PMI_SIZE": "4"}, (1, 4)),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),
        ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "PMIX_RANK": "2"}, (2, 3)),
        ({"PMIX_RANK": "5"}, (5, None)),
        ({"PMIX_RANK": "1", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, (1, 2)),
        # a batch script has the job's number of tasks, but is not one of them
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"}, None),
        ({"PMI_RANK": "1", "PMI_SIZE": "4", "NEUROSIM_MPI": "off"}, None),
        ({"PMI_RANK": "1", "PMI_SIZE": "4", MARK: "1"}, None),
        ({"PMI_RANK": "1", "PMI_SIZE": "4", **PROCESS}, (1, 4)),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_who_was_launched(environment, found):
    launch_found = launched(environment)
    assert (launch_found and (launch_found.rank, launch_found.n_ranks)) == found


def alone_with(environment, code):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def mpich():
    """What launchers of others look like is known for the library of the test extra."""
    if not installed().library.startswith("MPICH"):
        pytest.skip("mpi4py's library here is not MPICH")


WORLD = "from neurosim.parallel.world import world; world()"


def test_strangers_are_refused_by_name(mpich):
    """Open MPI's launcher, MPICH's library: each process would run the whole simulation."""
    done = alone_with({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"}, WORLD)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "ParallelError: Open MPI's mpiexec started 4 processes" in last
    assert "mpiexec" in last.partition("Start with")[2]
    assert "NEUROSIM_MPI=off" in last


def test_processes_that_do_not_find_each_other_are_refused(mpich):
    """srun without the library's way of starting: each process is alone in its world."""
    done = alone_with({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "4"}, WORLD)
    assert done.returncode == 1
    assert "srun started 4 processes" in done.stderr
    assert "--mpi=pmi2" in done.stderr


def test_without_mpi4py_it_is_said_what_to_install():
    code = f"import sys; sys.modules['mpi4py'] = None; {WORLD}"
    done = alone_with({"PMI_RANK": "0", "PMI_SIZE": "2"}, code)
    assert done.returncode == 1
    assert "neurosim[mpi]" in done.stderr


def test_one_process_does_not_import_mpi4py():
    code = f"{WORLD}; import sys; print('mpi4py' in sys.modules)"
    assert alone_with({}, code).stdout == "False\n"


def test_what_needs_no_ranks_is_done_once_without_mpi(tmp_path):
    done = launch(["-X", "importtime", "-m", "neurosim", "--version"], 2, check=True)
    assert done.stdout == f"neurosim, version {__version__}\n"
    assert "mpi4py" not in done.stderr
    failed = launch(["-m", "neurosim", "info", tmp_path / "nothing.h5"], 2)
    assert failed.returncode == 1
    assert failed.stderr.count("error:") == 1
