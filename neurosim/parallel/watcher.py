"""A process beside each rank of a script, which tells when the rank has vanished.

MPICH's mpiexec, which ends all ranks when one fails, takes a rank that calls ``os._exit(0)`` for
one that has finished: on one computer it ends the others, silently and with 0; on several the
others wait for ever. The watcher holds the rank's connection to mpiexec open, and asks it to end
all when the rank is gone without having said so. Other launchers need none.

This file is also what the watcher runs: it imports nothing of the package.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

_ENDED_BY_OTHERS_S = 1.0  # in which mpiexec goes away if it ended the rank itself
_PASSED_ON_S = 1.0
_POLL_S = 0.05
_CONNECTION = "PMI_FD"
_HYDRA = "HYDI_CONTROL_FD"  # set by MPICH's mpiexec alone


def start_watcher(rank: int, n_ranks: int | None) -> int | None:
    """Start a watcher of this process.

    Returns
    -------
    int or None
        Where to write a byte to say that the process ends knowingly; None without a watcher.
    """
    import subprocess  # noqa: PLC0415 - not for one process

    connection = os.environ.get(_CONNECTION, "")
    if _HYDRA not in os.environ or not connection.isdigit():
        return None
    receiver, sender = os.pipe()
    name = f"rank {rank}" if n_ranks is None else f"rank {rank} of {n_ranks}"
    command = [sys.executable, "-I", "-S", __file__, str(receiver), connection, name]
    try:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(receiver, int(connection)),
            start_new_session=True,
        )
    except OSError:
        os.close(sender)
        return None
    finally:
        os.close(receiver)
    return sender


def tell(text: str) -> None:
    """Write a line to standard error, and give the launcher time to pass it on.

    What is on its way when all are ended is lost otherwise.
    """
    import fcntl  # noqa: PLC0415 - not for one process
    import termios  # noqa: PLC0415 - not for one process

    with suppress(OSError):
        os.write(2, f"{text}\n".encode())
        deadline = time.monotonic() + _PASSED_ON_S
        unread = b"1"
        while time.monotonic() < deadline and any(unread):
            time.sleep(_POLL_S)
            unread = fcntl.ioctl(2, termios.FIONREAD, bytes(4))  # of a pipe or socket
    time.sleep(_POLL_S)


def _watch(receiver: int, connection: int, name: str) -> None:
    """Wait for the rank's byte, or for its end without one."""
    if os.read(receiver, 1):
        return
    import select  # noqa: PLC0415 - not for one process
    import socket  # noqa: PLC0415 - not for one process

    hung_up = select.poll()
    hung_up.register(connection, select.POLLHUP)
    if hung_up.poll(_ENDED_BY_OTHERS_S * 1000):
        return
    tell(
        f"{name} ({socket.gethostname()}): the process vanished in the middle of its work (killed "
        "by a signal, or os._exit). All ranks are ended."
    )
    with suppress(OSError):
        os.write(connection, b"cmd=abort exitcode=1\n")


if __name__ == "__main__":
    _watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
