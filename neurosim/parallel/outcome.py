"""What happened on one rank, made to happen on all: errors that would leave the others waiting."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from .. import errors
from ..errors import NeurosimError, ParallelError
from .communicator import Communicator

T = TypeVar("T")


def together(communicator: Communicator, action: Callable[[], T]) -> T:
    """Do something on every rank that may fail on some; then it fails on all.

    Parameters
    ----------
    communicator : Communicator
    action : callable
        Of this rank only: it must not communicate.

    Returns
    -------
    What ``action`` returns.

    Raises
    ------
    NeurosimError
        What the first rank that failed raised, named after it, on every rank.
    """
    if communicator.share.whole:
        return action()
    result, error = None, None
    try:
        result = action()
    except (NeurosimError, OSError, MemoryError) as raised:
        error = raised
    raise_everywhere(communicator, error)
    return result  # type: ignore[return-value]


def raise_everywhere(communicator: Communicator, error: BaseException | None) -> None:
    """Raise on every rank what the first rank that has an error gives; return if none has one."""
    share = communicator.share
    first = int(communicator.smallest([share.n_ranks if error is None else share.rank])[0])
    if first < share.n_ranks:
        raise everywhere(communicator, error, first)


def everywhere(communicator: Communicator, error: BaseException | None, rank: int) -> NeurosimError:
    """Return, on every rank, an error as the given rank has it."""
    told = [type(error).__name__, str(error)]
    name, text = json.loads(communicator.broadcast(json.dumps(told).encode(), rank))
    made = _error(name, f"rank {rank}: {text}")
    made.everywhere = True
    if error is not None and communicator.share.rank == rank:
        made.__cause__ = error
    return made


def _error(name: str, message: str) -> NeurosimError:
    """Return an error of the package's class of that name, or of the nearest that takes a text."""
    found = getattr(errors, name, None)
    if not (isinstance(found, type) and issubclass(found, NeurosimError)):
        return ParallelError(message if name == "ParallelError" else f"{message} ({name})")
    while "__init__" in vars(found):  # made of parts, not of a text
        found = found.__mro__[1]
    return found(message)
