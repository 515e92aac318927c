"""When a simulation writes checkpoints."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..engines.base import Executable, Snapshot, StateArray
from ..errors import CheckpointError
from ..parallel.communicator import Communicator
from . import writer
from .schema import HEARD, Header


class Checkpoints:
    """The checkpoints of one simulation.

    Parameters
    ----------
    path : path
    every_s : float, optional
        Seconds of wall-clock time between them.
    every_steps : int, optional
        Steps between them: they are written at the multiples of this many.

    Attributes
    ----------
    path : Path
    last : int
        The step of the last one written; -1: none yet.

    Raises
    ------
    CheckpointError
        The folder is not there or cannot be written to.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_s: float | None = None,
        every_steps: int | None = None,
    ) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir() or not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise CheckpointError(
                f"the checkpoint {str(self.path)!r} cannot be written: {self.path.parent} is not "
                "a folder that can be written to. Make the folder, or give another --checkpoint."
            )
        self._every_s, self._every_steps = every_s, every_steps
        self._requested = False
        self._since = time.monotonic()
        self.last = -1

    def request(self) -> None:
        """Ask for one at the end of the chunk at hand; a signal handler may call this."""
        self._requested = True

    def begin(self, step: int) -> None:
        """Start to count, at a step of which there is a checkpoint or that needs none."""
        self._since, self.last = time.monotonic(), step

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before the next one is due."""
        if self._every_steps is None:
            return wanted
        return min(wanted, self._every_steps - step % self._every_steps)

    def wanted(self, step: int) -> bool:
        """Return whether this rank wants one before ``step``; any rank's wish counts for all."""
        if step == self.last:
            return False
        if self._requested or (self._every_steps is not None and step % self._every_steps == 0):
            return True
        return self._every_s is not None and time.monotonic() - self._since >= self._every_s

    def beside(self, path: str | os.PathLike[str]) -> str:
        """Return a path as it is kept in the checkpoint: from its folder, where it is below."""
        found, folder = Path(path).resolve(), self.path.parent.resolve()
        return str(found.relative_to(folder) if found.is_relative_to(folder) else found)

    def write(
        self,
        executable: Executable,
        communicator: Communicator,
        header: Header,
        heard: NDArray[np.int64] | None = None,
    ) -> None:
        """Write one; collective. Whoever asked for it has it then, whether it succeeded or not.

        Parameters
        ----------
        executable : Executable
        communicator : Communicator
        header : Header
        heard : (n, 2) int64, optional
            Step and id of the rank's spikes that callbacks have yet to be told of.

        Raises
        ------
        CheckpointError
            It cannot be written; those before it are kept.
        """
        self._requested = False
        try:
            taken = executable.snapshot()
            spikes = np.empty((0, 2), np.int64) if heard is None else heard
            arrays = {**taken.arrays, HEARD: StateArray("events", "<i8", lambda: spikes)}
            writer.write(self.path, header, Snapshot(taken.step, arrays), communicator)
        finally:
            # the next attempt comes an interval later, so that a full disk does not stop the run
            self.begin(header.step)
