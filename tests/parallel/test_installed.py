"""What ``neurosim doctor`` tells about MPI."""

import pytest

from neurosim import doctor
from neurosim.parallel import installed as module
from neurosim.parallel.installed import Installed, installed


@pytest.mark.parametrize(
    ("found", "ok", "detail", "advice"),
    [
        (Installed(), False, "not installed", "neurosim[mpi]"),
        (Installed("4.1.2"), False, "no MPI library", "pip install mpich"),
        (Installed("4.1.2", "MPICH 5.0.2"), False, "no mpiexec", "srun"),
        (
            Installed("4.1.2", "MPICH 5.0.2", "/usr/bin/mpiexec", "Open MPI"),
            False,
            "/usr/bin/mpiexec is Open MPI's",
            "with the mpiexec of MPICH 5.0.2",
        ),
        (
            Installed("4.1.2", "Open MPI 5.0.11", "/opt/mpiexec", "Open MPI"),
            True,
            "start with /opt/mpiexec -n 4 neurosim run",
            "",
        ),
        # a launcher that does not tell whose it is may be the right one
        (Installed("4.1.2", "MPICH 4.2.0", "/opt/mpiexec"), True, "with MPICH 4.2.0", ""),
    ],
)
def test_the_doctor_tells_how_to_start_ranks(monkeypatch, found, ok, detail, advice):
    monkeypatch.setattr(doctor, "installed", lambda: found)
    check = {check.name: check for check in doctor.diagnose()}["mpi4py"]
    assert (check.ok, check.required) == (ok, False)
    assert detail in check.detail
    assert advice in check.advice
    assert bool(check.advice) != ok


def test_what_is_here_is_found():
    pytest.importorskip("mpi4py")
    found = installed()
    assert found.mpi4py.startswith("4.")
    assert found.library.startswith(("MPICH", "Open MPI", "Intel", "MVAPICH"))
    assert found.fits


@pytest.mark.parametrize("command", [["/no/such/mpiexec"], ["false"]])
def test_a_command_that_fails_tells_nothing(command):
    assert module._output(command) == ""
