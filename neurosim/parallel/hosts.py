"""Which ranks are on the same computer, and which of those may use the same cores."""

from __future__ import annotations

import os
import socket
import zlib
from dataclasses import dataclass

import numpy as np

from ..cores import sensible_threads
from .communicator import Communicator


@dataclass(frozen=True)
class Neighbours:
    """How many ranks share something with this one, itself included.

    Attributes
    ----------
    on_host : int
        Ranks on the same computer, which share its memory.
    on_cores : int
        Of those, ranks that may run on exactly the same cores. A launcher that binds ranks gives
        each its own; most of those that do not bind let all run everywhere.
    """

    on_host: int = 1
    on_cores: int = 1


def neighbours(communicator: Communicator) -> Neighbours:
    """Return what this rank shares; called by every rank."""
    if communicator.share.whole:
        return Neighbours()
    own = np.array([[_number(socket.gethostname()), _number(_cores())]], np.int64)
    rows = np.concatenate(communicator.gather(own))
    host = rows[:, 0] == own[0, 0]
    return Neighbours(int(host.sum()), int((host & (rows[:, 1] == own[0, 1])).sum()))


def _cores() -> str:
    try:
        return repr(sorted(os.sched_getaffinity(0)))
    except AttributeError:  # not on macOS
        return "all"


def _number(text: str) -> int:
    return zlib.crc32(text.encode())


def fair_threads(threads: int, communicator: Communicator) -> int:
    """Return the threads of each rank; called by every rank.

    Parameters
    ----------
    threads : int
        As asked for; 0: the cores that a rank may use, divided among the ranks that share them.
    communicator : Communicator

    Returns
    -------
    int
        The same on every rank. 0 stays 0 for one rank.
    """
    if threads or communicator.share.whole:
        return threads
    own = sensible_threads() // neighbours(communicator).on_cores
    return int(communicator.smallest([max(own, 1)])[0])
