"""That no rank waits for one that has left: who leaves says so, and who waits looks.

A rank that leaves (at the end of its script, by ``sys.exit`` or by an uncaught error) sends a
note to all others and stays until all have left. A rank that waits in a collective call for a
rank that has left answers the note; then the one that left tells why, and ends all processes.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import time
import traceback
import zlib
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn

import numpy as np

from .guardian import ends_knowingly
from .watcher import tell

_TAG = 71
_AWAITED = -1  # instead of an exit code: the sender waits for the receiver
_GRACE_S = 1.0  # for the other ranks to fail as well, which is then told once
_PATIENCE_S = 2.5  # for the rank in charge to end all
_POLL_S = 2e-3
_SLOW_POLL_S = 1e-2
INTERRUPTED = 130


@dataclass(frozen=True)
class _Note:
    """Why a rank left.

    Attributes
    ----------
    code : int
        Its exit code.
    digest : int
        Of the cause, to tell whether ranks fail in the same way.
    completed : int
        Collective calls that it completed: those it did its part in.
    """

    code: int
    digest: int
    completed: int


class Guard:
    """Watches over the ranks of a communicator.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    communicator : mpi4py.MPI.Intracomm
        On which nothing else travels.
    """

    def __init__(self, mpi: Any, communicator: Any) -> None:
        self._mpi, self._comm = mpi, communicator
        self.rank, self.n_ranks = communicator.Get_rank(), communicator.Get_size()
        self._process = os.getpid()
        self._entered = self._completed = 0
        self._left: dict[int, _Note] = {}
        self._waiting_for_me: set[int] = set()
        self._answered: dict[int, float] = {}
        self._sent: list[tuple[Any, Any]] = []
        self._exit_code = 0
        self._told = False
        self._exit = sys.exit

    def install(self) -> None:
        """Watch this process: its uncaught errors, its ``sys.exit`` and its end."""
        sys.excepthook = self._uncaught
        sys.exit = self._exiting
        atexit.register(ends_knowingly)  # called after the next, when all have left
        atexit.register(self._at_exit)

    def enter(self) -> None:
        """Say that a collective call begins."""
        self._entered += 1
        self._exit_code = 0  # a SystemExit was caught if the process goes on

    def leave(self) -> None:
        """Say that the collective call is complete."""
        self._completed = self._entered

    def check(self) -> None:
        """Look for ranks that have left without their part in the present collective call."""
        self._look(self._entered)

    def check_exchange(self) -> None:
        """Look for ranks that have left while compiled code waits for spikes; never raises."""
        try:
            self._look(self._entered + 1)
        except KeyboardInterrupt:
            self._leave_failing("interrupted", INTERRUPTED, "interrupted")
            self._abort(INTERRUPTED)

    def fail(self, message: str, code: int = 1) -> NoReturn:
        """Tell why, once for all ranks that fail with this message, and end every rank."""
        self._leave_failing(message, code, message)
        self._exit(code)

    def _look(self, needed: int) -> None:
        """Answer the notes of ranks that left with fewer completed calls than needed."""
        self._collect()
        missing = [rank for rank, note in self._left.items() if note.completed < needed]
        now = time.monotonic()
        for rank in missing:
            if rank not in self._answered:
                self._answered[rank] = now
                self._send(rank, _Note(_AWAITED, 0, 0))
        if missing and now - min(self._answered[rank] for rank in missing) > _PATIENCE_S:
            rank = self._in_charge(missing)
            self._write(f"waits for rank {rank}, which has left ({self._cause(rank)}).")
            self._abort(self._left[rank].code)

    def _cause(self, rank: int) -> str:
        code = self._left[rank].code
        return f"with exit code {code}" if code else "at the end of its script"

    def _in_charge(self, ranks: list[int]) -> int:
        """Return the rank that tells why all end: the first that failed, else the first."""
        return min(ranks, key=lambda rank: (self._left[rank].code == 0, rank))

    # what a rank does when it leaves

    def _uncaught(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """Stand in for ``sys.excepthook``."""
        if os.getpid() != self._process:
            sys.__excepthook__(kind, error, trace)
            return
        full = "".join(traceback.format_exception(kind, error, trace))
        short = "".join(traceback.format_exception_only(kind, error))
        code = INTERRUPTED if issubclass(kind, KeyboardInterrupt) else 1
        self._leave_failing(f"{short}{full}", code, short, alone=full)

    def _exiting(self, code: Any = None) -> NoReturn:
        """Stand in for ``sys.exit``: note the exit code, which nothing else tells at the end."""
        self._exit_code = 0 if code is None else code & 255 if isinstance(code, int) else 1
        self._exit(code)

    def _at_exit(self) -> None:
        if os.getpid() != self._process or self._told:
            return
        code = self._exit_code
        try:
            if code:
                self._leave_failing(f"left with exit code {code}", code, str(code), alone="")
            else:
                self._leave_in_peace()
        except KeyboardInterrupt:
            self._abort(INTERRUPTED)
        except self._mpi.Exception as error:
            self._write(f"cannot reach the other ranks at its end: {error}")
            self._abort(1)

    def _leave_in_peace(self) -> None:
        """Stay until all have left; end all if one waits for this rank instead."""
        own = self._post(_Note(0, 0, self._completed))
        while len(self._left) < self.n_ranks:
            self._collect()
            if self._waiting_for_me:
                self._end_all(
                    "came to the end of its script while "
                    f"{_ranks(self._waiting_for_me)} for it in a call that all ranks must make. "
                    "Make the same calls on every rank.",
                    own.code,
                )
            time.sleep(_SLOW_POLL_S)
        self._finish()

    def _leave_failing(self, text: str, code: int, cause: str, alone: str | None = None) -> None:
        """Tell why; return if all ranks are leaving, else end them.

        Parameters
        ----------
        text : str
            Told with the rank's number.
        code : int
        cause : str
            Equal on ranks that fail in the same way.
        alone : str, optional
            Told, without a number, if all ranks fail in the same way; else ``text``.
        """
        if self._told:
            return
        own = self._post(_Note(code, zlib.crc32(cause.encode()), self._completed))
        deadline = time.monotonic() + _GRACE_S
        while time.monotonic() < deadline and not self._all_accounted_for():
            time.sleep(_POLL_S)
        if len(self._left) < self.n_ranks:
            self._end_all(text, code)
        self._told = True
        if self._in_charge(list(self._left)) == self.rank:
            same = {(note.code, note.digest) for note in self._left.values()}
            if same == {(own.code, own.digest)}:
                _print(text if alone is None else alone)
            else:
                self._write(text)
        self._finish()

    def _all_accounted_for(self) -> bool:
        self._collect()
        return len(self._left.keys() | self._waiting_for_me) == self.n_ranks

    def _end_all(self, text: str, code: int) -> NoReturn:
        """Tell why and end all, unless that is for another rank, which then has some time."""
        if self._in_charge(list(self._left)) != self.rank:
            time.sleep(_PATIENCE_S)
        self._write(text)
        self._abort(code)

    def _abort(self, code: int) -> NoReturn:
        sys.stdout.flush()
        sys.stderr.flush()
        ends_knowingly()
        self._mpi.COMM_WORLD.Abort(code or 1)
        os._exit(code or 1)

    def _write(self, text: str) -> None:
        _print(f"rank {self.rank} of {self.n_ranks} ({socket.gethostname()}): {text}")

    # notes

    def _post(self, note: _Note) -> _Note:
        """Send a note to all others and return it."""
        self._left[self.rank] = note
        for rank in range(self.n_ranks):
            if rank != self.rank:
                self._send(rank, note)
        return note

    def _send(self, rank: int, note: _Note) -> None:
        words = np.array([note.code, note.digest, note.completed], np.int64)
        self._sent.append((words, self._comm.Isend([words, self._mpi.INT64_T], rank, _TAG)))

    def _collect(self) -> None:
        """Receive the notes that have come."""
        status = self._mpi.Status()
        words = np.empty(3, np.int64)
        while self._comm.Iprobe(self._mpi.ANY_SOURCE, _TAG, status):
            rank = status.Get_source()
            self._comm.Recv([words, self._mpi.INT64_T], rank, _TAG)
            if words[0] == _AWAITED:
                self._waiting_for_me.add(rank)
            else:
                self._left[rank] = _Note(*(int(word) for word in words))

    def _finish(self) -> None:
        """Complete what was sent, so that the library can be closed."""
        for _, request in self._sent:
            request.Wait()
        self._sent.clear()


def _ranks(ranks: set[int]) -> str:
    if len(ranks) == 1:
        return f"rank {min(ranks)} waits"
    *most, last = sorted(ranks)
    return f"ranks {', '.join(map(str, most))} and {last} wait"


def _print(text: str) -> None:
    """Write a text in one piece, so that those of several ranks do not mix."""
    if text:
        sys.stdout.flush()
        sys.stderr.flush()
        tell(text.rstrip("\n"))
