"""A process beside each rank of a script, which tells when the rank has vanished.

MPICH's mpiexec, which ends all ranks when one fails, takes a rank that calls ``os._exit(0)`` for
one that has finished, ends the others silently and returns 0. The watcher holds the rank's
connection to mpiexec open, and asks it to end all when the rank is gone without having said so
while others on the computer are alive: if they are gone too, somebody ended all of them.
Other launchers need none.

This file is also what the watcher runs: it imports nothing of the package.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

_PASSED_ON_S = 1.0
_POLL_S = 0.05
_OBEYED_WITHIN_S = 2.0
_CONNECTION = "PMI_FD"
_PROCESSES = "/proc"
_FLAGS, _STARTED = 6, 19  # where they stand among the facts of a process
_EXITING = 4  # among its flags
_KILLED = 1 << (signal.SIGKILL - 1)  # among its pending signals
_HYDRA = "HYDI_CONTROL_FD"  # set by MPICH's mpiexec alone


def start_watcher(rank: int, n_ranks: int, others: Iterable[int]) -> int | None:
    """Start a watcher of this process.

    Parameters
    ----------
    rank, n_ranks : int
    others : iterable of int
        Processes of the other ranks on this computer.

    Returns
    -------
    int or None
        Where to write a byte to say that the process ends knowingly; None without a watcher.
    """
    import subprocess  # noqa: PLC0415 - not for one process

    connection = os.environ.get(_CONNECTION, "")
    known = os.path.exists(f"{_PROCESSES}/self/stat")
    if not known or _HYDRA not in os.environ or not connection.isdigit():
        return None
    receiver, sender = os.pipe()
    command = [sys.executable, "-I", "-S", __file__, str(receiver), connection]
    command.append(f"rank {rank} of {n_ranks}")
    # with the time of their start, since numbers of processes are used again
    command += [f"{other}:{facts[_STARTED]}" for other in others if (facts := _facts(other))]
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


def _watch(receiver: int, connection: int, name: str, others: list[tuple[int, int]]) -> None:
    """Wait for the rank's byte, or for its end without one."""
    import socket  # noqa: PLC0415 - not for one process

    if os.read(receiver, 1):
        return
    left = [other for other in others if _alive(*other)]
    if not left:
        return
    tell(
        f"{name} ({socket.gethostname()}): the process vanished in the middle of its work (killed "
        "by a signal, or os._exit). All ranks are ended."
    )
    with suppress(OSError):
        os.write(connection, b"cmd=abort exitcode=1\n")
    time.sleep(_OBEYED_WITHIN_S)
    for process, started in left:
        if _alive(process, started):
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _alive(process: int, started: int) -> bool:
    """Return whether a process is there, and neither killed nor about to go."""
    facts = _facts(process)
    try:
        with open(f"{_PROCESSES}/{process}/status") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return False
    if facts is None or int(facts[_STARTED]) != started or facts[0] in "ZX":
        return False
    killed = (int(lines["SigPnd"], 16) | int(lines["ShdPnd"], 16)) & _KILLED
    return not int(facts[_FLAGS]) & _EXITING and not killed


def _facts(process: int) -> list[str] | None:
    """Return what the system tells of a process from its state on, or None if it is gone."""
    try:
        with open(f"{_PROCESSES}/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


if __name__ == "__main__":
    _watch(
        int(sys.argv[1]),
        int(sys.argv[2]),
        sys.argv[3],
        [(int(text.split(":")[0]), int(text.split(":")[1])) for text in sys.argv[4:]],
    )
