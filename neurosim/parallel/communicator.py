"""What a simulation needs of the processes it runs on, and the case of one process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParallelError
from .share import Share


@dataclass(frozen=True)
class Messages:
    """How the native runtime reaches the other ranks.

    Attributes
    ----------
    kind : {"none", "mpi", "pretend"}
        "pretend": there are no other ranks; what they would send is drawn.
    handles : dict of str to int
        With "mpi": addresses of the library's functions (``MPI_Iallgather``, ...), the
        communicator (``comm``) and the type of a byte (``byte``) as C holds them.
    rate : float
        With "pretend": spikes of each neuron per second.
    """

    kind: str = "none"
    handles: dict[str, int] | None = None
    rate: float = 0.0


class Communicator(Protocol):
    """The ranks of one simulation. All but ``fail`` are called by every rank, in the same order."""

    @property
    def share(self) -> Share:
        """Which rank this is, of how many."""

    @property
    def messages(self) -> Messages:
        """How the native runtime exchanges spikes."""

    def sum(self, values: ArrayLike) -> NDArray:
        """Return the elementwise sum over ranks; int64 or float64, equal shapes."""

    def smallest(self, values: ArrayLike) -> NDArray:
        """Return the elementwise minimum over ranks; int64 or float64, equal shapes."""

    def largest(self, values: ArrayLike) -> NDArray:
        """Return the elementwise maximum over ranks; int64 or float64, equal shapes."""

    def gather(self, values: NDArray, root: int | None = None) -> list[NDArray]:
        """Return each rank's array; one dtype, first dimensions may differ.

        With a ``root`` that rank alone gets them; the others get empty arrays.
        """

    def broadcast(self, data: bytes, root: int = 0) -> bytes:
        """Return rank ``root``'s bytes on every rank."""

    def barrier(self) -> None:
        """Wait until every rank has come here."""

    def fail(self, message: str, code: int = 1) -> NoReturn:
        """Tell why, and end every rank's process with a code that is not 0."""


class Serial:
    """One process that owns everything."""

    share = Share()
    messages = Messages()

    def sum(self, values: ArrayLike) -> NDArray:
        """Return the values."""
        return np.array(values)

    def smallest(self, values: ArrayLike) -> NDArray:
        """Return the values."""
        return np.array(values)

    def largest(self, values: ArrayLike) -> NDArray:
        """Return the values."""
        return np.array(values)

    def gather(self, values: NDArray, root: int | None = None) -> list[NDArray]:
        """Return the values, of the only rank."""
        return [np.asarray(values)]

    def broadcast(self, data: bytes, root: int = 0) -> bytes:
        """Return the data."""
        return data

    def barrier(self) -> None:
        """Return at once."""

    def fail(self, message: str, code: int = 1) -> NoReturn:
        """Raise the message as an error."""
        raise ParallelError(message)
