"""What compiled code needs to call the MPI library that mpi4py has loaded."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

_FUNCTIONS = (
    "MPI_Iallgather",
    "MPI_Iallgatherv",
    "MPI_Iallreduce",
    "MPI_Ialltoall",
    "MPI_Ialltoallv",
    "MPI_Ibarrier",
    "MPI_Isend",
    "MPI_Irecv",
    "MPI_Test",
)


class Handles:
    """Addresses of the library's functions, and its objects as C holds them.

    Objects are integers of ``sizeof_handle`` bytes: 4 in MPICH's binary interface, a pointer's
    size in Open MPI's and in that of MPI 5.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    communicator : mpi4py.MPI.Intracomm
        Kept alive by this object.
    idle : callable
        Called without arguments by a compiled loop that has waited for a while; must not raise.
    """

    def __init__(self, mpi: Any, communicator: Any, idle: Callable[[], None]) -> None:
        self._mpi = mpi
        self._communicator = communicator
        # the extension module, which is linked with the library: symbols are found through it
        self._library = ctypes.CDLL(mpi.__file__)
        self._idle = ctypes.CFUNCTYPE(None)(idle)

    def as_dict(self) -> dict[str, int]:
        """Return name -> address, object or size in bytes.

        ``idle`` is the address of a ``void (*)(void)``.
        """
        mpi = self._mpi
        mask = (1 << 8 * mpi._sizeof(mpi.Comm)) - 1  # mpi4py extends the sign of an int
        return {
            **{name: _address(getattr(self._library, name)) for name in _FUNCTIONS},
            "idle": _address(self._idle),
            "comm": mpi._handleof(self._communicator) & mask,
            "byte": mpi._handleof(mpi.BYTE) & mask,
            "request_null": mpi._handleof(mpi.REQUEST_NULL) & mask,
            "sizeof_handle": mpi._sizeof(mpi.Comm),
            "sizeof_request": mpi._sizeof(mpi.Request),
            "sizeof_status": mpi._sizeof(mpi.Status),
        }


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    return 0 if address is None else address
