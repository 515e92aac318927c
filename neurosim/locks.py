"""Waiting for another process: a lock on a file, which the system lifts when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where the holder is then always this process
    fcntl = None  # type: ignore[assignment]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.25


@contextmanager
def held(path: Path, wait_s: float) -> Iterator[bool]:
    """Hold the lock of a file within the block.

    Parameters
    ----------
    path : Path
        The file, made if it is not there and left there; its content does not matter.
    wait_s : float
        How long to wait for whoever holds it.

    Yields
    ------
    bool
        False: it is still held by somebody else. True: it is ours, or this file system has no
        locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        yield _taken(descriptor, wait_s)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, wait_s: float) -> bool:
    if fcntl is None:
        return True
    end, pause = time.monotonic() + wait_s, _FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        except OSError:  # some network file systems have no locks
            return True
        else:
            return True
