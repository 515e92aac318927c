"""The ranks of one simulation, over MPI: typed buffers, and waits that notice a lost rank."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParallelError
from .communicator import Messages
from .guard import Guard
from .handles import Handles
from .share import Share

_SPINS = 200
_YIELDING_S = 2e-4
_NAP_S = 1e-3
_PATIENT_AFTER_S = 1.0
_LONG_NAP_S = 5e-3
CHECK_EVERY_S = 0.2
_BLOCK_BYTES = 1 << 28  # of a broadcast; MPI 3 counts in 32 bits


class MPICommunicator:
    """The ranks of an mpi4py communicator.

    Every wait is a test of a non-blocking operation in a loop that first spins, then yields,
    then naps: ranks may share a core. It looks for ranks that have left every 0.2 s.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``, initialised.
    communicator : mpi4py.MPI.Intracomm
        Duplicated, so that nothing else travels on it. Collective.
    """

    def __init__(self, mpi: Any, communicator: Any) -> None:
        self._mpi = mpi
        self._comm = communicator.Dup()
        self._spikes = communicator.Dup()
        self.share = Share(self._comm.Get_rank(), self._comm.Get_size())
        self.guard = Guard(mpi, communicator.Dup())

    @cached_property
    def messages(self) -> Messages:
        """The communicator of the spikes and the library's functions, as C holds them."""
        self._handles = Handles(self._mpi, self._spikes, self.guard.check_exchange)
        return Messages("mpi", self._handles.as_dict())

    def sum(self, values: ArrayLike) -> NDArray:
        """Return the elementwise sum over ranks; int64 or float64, equal shapes.

        Floats are added in order of the ranks, so that all ranks get the same bits.
        """
        own = _numbers(values)
        if own.dtype == np.int64:
            return self._reduce(own, self._mpi.SUM)
        parts = self.gather(own.reshape(1, -1))
        total = np.zeros(own.size)
        for part in parts:
            total += part[0]
        return total.reshape(own.shape)

    def smallest(self, values: ArrayLike) -> NDArray:
        """Return the elementwise minimum over ranks; int64 or float64, equal shapes."""
        return self._reduce(_numbers(values), self._mpi.MIN)

    def largest(self, values: ArrayLike) -> NDArray:
        """Return the elementwise maximum over ranks; int64 or float64, equal shapes."""
        return self._reduce(_numbers(values), self._mpi.MAX)

    def gather(self, values: NDArray, root: int | None = None) -> list[NDArray]:
        """Return each rank's array; one dtype, first dimensions may differ.

        With a ``root`` that rank alone gets them; the others get empty arrays.
        """
        own = np.atleast_1d(np.ascontiguousarray(values))
        if own.dtype.hasobject:
            raise ParallelError(
                f"ranks exchange arrays of numbers, not of Python objects (dtype {own.dtype}). "
                "Convert the array to a type of fixed size."
            )
        counts = self._counts(len(own))
        row_bytes = own.dtype.itemsize * int(np.prod(own.shape[1:], dtype=np.int64))
        here = root is None or root == self.share.rank
        kept = counts if here else np.zeros_like(counts)
        whole = np.empty((int(kept.sum()), *own.shape[1:]), own.dtype)
        if counts.sum() * row_bytes:
            row = self._mpi.BYTE.Create_contiguous(row_bytes).Commit()
            starts = np.cumsum(kept) - kept
            send = [_bytes(own), len(own), row]
            receive = [_bytes(whole), kept.tolist(), starts.tolist(), row] if here else None
            if root is None:
                self._wait(lambda: self._comm.Iallgatherv(send, receive))
            else:
                self._wait(lambda: self._comm.Igatherv(send, receive, root))
            row.Free()
        return np.split(whole, np.cumsum(kept)[:-1])

    def broadcast(self, data: bytes, root: int = 0) -> bytes:
        """Return rank ``root``'s bytes on every rank."""
        size = np.array([len(data)], np.int64)
        self._wait(lambda: self._comm.Ibcast([size, self._mpi.INT64_T], root))
        buffer = np.empty(int(size[0]), np.uint8)
        if self.share.rank == root:
            buffer[:] = np.frombuffer(data, np.uint8)
        for start in range(0, len(buffer), _BLOCK_BYTES):
            block = buffer[start : start + _BLOCK_BYTES]
            self._wait(lambda block=block: self._comm.Ibcast([block, self._mpi.BYTE], root))
        return buffer.tobytes()

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        self._wait(self._comm.Ibarrier)

    def fail(self, message: str, code: int = 1) -> NoReturn:
        """Tell why, and end every rank's process with a code that is not 0."""
        self.guard.fail(message, code)

    def _counts(self, count: int) -> NDArray[np.int64]:
        own, counts = np.array([count], np.int64), np.empty(self.share.n_ranks, np.int64)
        kind = self._mpi.INT64_T
        self._wait(lambda: self._comm.Iallgather([own, kind], [counts, kind]))
        return counts

    def _reduce(self, own: NDArray, operation: Any) -> NDArray:
        kind = self._mpi.INT64_T if own.dtype == np.int64 else self._mpi.DOUBLE
        result = np.empty_like(own)
        self._wait(lambda: self._comm.Iallreduce([own, kind], [result, kind], operation))
        return result

    def _wait(self, begin: Any) -> None:
        """Start an operation and return when it is complete."""
        self.guard.enter()
        try:
            self._until(begin())
        except self._mpi.Exception as error:
            self.guard.fail(f"the exchange with the other ranks broke: {error}")
        self.guard.leave()

    def _until(self, request: Any) -> None:
        for _ in range(_SPINS):
            if request.Test():
                return
        begun = checked = time.monotonic()
        waited = 0.0
        while not request.Test():
            time.sleep(_pause(waited))
            now = time.monotonic()
            waited = now - begun
            if now - checked >= CHECK_EVERY_S:
                self.guard.check()
                checked = now


def _pause(waited: float) -> float:
    """Return for how long to leave the core to others after waiting so long, both in s."""
    if waited < _YIELDING_S:
        return 0.0
    return min(waited / 4, _NAP_S if waited < _PATIENT_AFTER_S else _LONG_NAP_S)


def _numbers(values: ArrayLike) -> NDArray:
    """Return the values as int64 or float64, contiguous, of the same shape."""
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise ParallelError(f"ranks reduce integers and floats, not {given.dtype}. Convert it.")
    return np.array(given, np.float64 if given.dtype.kind == "f" else np.int64, order="C")


def _bytes(array: NDArray) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)
