"""A parent process for each rank of a command, which tells when the rank has vanished.

A launcher learns how a rank ended from its exit code alone: MPICH's ends all ranks, silently and
with 0, when one of them calls ``os._exit(0)``, and no launcher says which rank was killed. The
parent does nothing but wait, so it has its wits about it when the rank has lost its own.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress

from .launch import Launch
from .watcher import start_watcher, tell

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT")
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_DONE = b"d"
_PR_SET_PDEATHSIG = 1

_report: dict[int, int] = {}  # of a process: where it says that it ends knowingly


def guard_this_rank(launch: Launch) -> None:
    """Go on in a child process, while this one waits for it and then exits with its code.

    To be called before threads are started and before MPI is initialised. Where no process can
    be started, the rank goes on unguarded.
    """
    receiver, sender = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    try:
        child = os.fork()
    except OSError:
        os.close(receiver)
        os.close(sender)
        return
    if child:
        os.close(sender)
        os._exit(_watch(child, receiver, launch))
    os.close(receiver)
    # signals to the parent's group must not come twice
    os.setpgid(0, 0)
    _die_with_parent(parent)
    _report[os.getpid()] = sender
    atexit.register(ends_knowingly)  # the first to be registered is the last to be called


def watch_this_rank(rank: int, n_ranks: int, others: Iterable[int]) -> None:
    """See to it that a rank that is not guarded is watched instead, where that is needed.

    Parameters
    ----------
    rank, n_ranks : int
    others : iterable of int
        Processes of the other ranks on this computer.
    """
    if os.getpid() not in _report:
        sender = start_watcher(rank, n_ranks, others)
        if sender is not None:
            _report[os.getpid()] = sender


def ends_knowingly() -> None:
    """Say that this rank's end is not a surprise: it has finished, or told why it fails.

    Processes that a rank has forked say nothing.
    """
    if os.getpid() in _report:
        with suppress(OSError):
            os.write(_report[os.getpid()], _DONE)


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - not for one process

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _watch(child: int, receiver: int, launch: Launch) -> int:
    """Wait for the rank; return the exit code, after telling what the rank could not tell."""
    forwarded: set[int] = set()

    def forward(number: int, frame: object) -> None:
        forwarded.add(number)
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for name in _FORWARDED:
        signal.signal(getattr(signal, name), forward)
    status = os.waitpid(child, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    os.set_blocking(receiver, False)
    knowingly = False
    with suppress(BlockingIOError):
        knowingly = os.read(receiver, 1) == _DONE
    if knowingly or forwarded & _ENDING:
        return 128 - code if code < 0 else code
    _tell(_surprise(code), launch)
    _end_others(code)
    return 128 - code if code < 0 else code or 1


def _surprise(code: int) -> str:
    if code >= 0:
        return f"the process ended with exit code {code} in the middle of its work (os._exit)"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    hint = "; the system may have run out of memory" if -code == signal.SIGKILL else ""
    return f"the process was killed by signal {-code} ({name}){hint}"


def _tell(text: str, launch: Launch) -> None:
    import socket  # noqa: PLC0415 - not for one process

    of = "" if launch.n_ranks is None else f" of {launch.n_ranks}"
    tell(f"rank {launch.rank}{of} ({socket.gethostname()}): {text}. All ranks are ended.")


def _end_others(code: int) -> None:
    """Ask an MPICH launcher to end all ranks: it does nothing by itself before MPI is initialised.

    Others end all when a process exits with a code that is not 0.
    """
    with suppress(KeyError, ValueError, OSError):
        os.write(int(os.environ["PMI_FD"]), b"cmd=abort exitcode=%d\n" % (abs(code) or 1))
