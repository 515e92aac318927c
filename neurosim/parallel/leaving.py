"""How a command begins and ends among ranks; imports nothing big where there is one process."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from ..errors import ParallelError
from .guardian import ends_knowingly
from .launch import launched

if TYPE_CHECKING:
    from .communicator import Communicator

_joined: list[Communicator] = []


def join() -> None:
    """Meet the other ranks, if a launcher started several; later calls do nothing.

    From here on the end of one is noticed by the others. If they cannot meet, nothing happens:
    :func:`~neurosim.parallel.world.world` says why to those who need the ranks.
    """
    if _joined or launched() is None:
        return
    from .world import world  # noqa: PLC0415 - imports NumPy

    with suppress(ParallelError):
        _joined.append(world())


def is_first() -> bool:
    """Return whether this process is the one that tells what is the same on all ranks."""
    launch = launched()
    if _joined:
        return _joined[0].share.rank == 0
    return launch is None or launch.rank == 0


def agreed(code: int) -> int:
    """Return the largest of the ranks' exit codes, once all ranks have come here."""
    return int(_joined[0].largest([code])[0]) if _joined else code


def leave(message: str, code: int) -> NoReturn:
    """Tell why, and exit; among ranks, end all of them and tell equal messages once."""
    if _joined and not _joined[0].share.whole:
        _joined[0].fail(message, code)
    if is_first():
        print(message, file=sys.stderr)
    ends_knowingly()
    sys.exit(code)
