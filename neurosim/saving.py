"""Checkpoints of a simulation while it runs, and going on from one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._version import __version__
from .checkpoint import Checkpoints, Header, opened
from .description.network import Network
from .description.quantities import SECOND, scalar
from .engines.base import Executable
from .errors import DescriptionError, UnsupportedError
from .joint import Ranks
from .pacing import steps_of

_ASK = getattr(signal, "SIGUSR1", None)


class Saving:
    """The checkpoints that a simulation writes.

    SIGUSR1 asks for one from when this is made until ``close``; in the main thread only.

    Parameters
    ----------
    path : path
    every, every_bio : Quantity of time, optional
        Wall-clock and biological time between them.
    dt : float
        Seconds.
    facts : mapping
        ``seed``, ``precision``, ``engine``, ``digest``, ``platform`` and ``recipe`` of the Header.
    listen : bool
        Whether SIGUSR1 asks for one.

    Raises
    ------
    DescriptionError, CheckpointError
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: Any,
        every_bio: Any,
        dt: float,
        facts: Mapping[str, Any],
        listen: bool = True,
    ) -> None:
        seconds = None if every is None else scalar(every, SECOND, "checkpoint_every")
        if seconds is not None and seconds <= 0:
            raise DescriptionError(f"checkpoint_every is {every!r}; it must be > 0.")
        steps = None if every_bio is None else steps_of(every_bio, dt, "checkpoint_every_bio")
        self._checkpoints = Checkpoints(path, seconds, steps)
        self._dt, self._facts = dt, facts
        self._began = False
        self._before: Any = None
        here = threading.current_thread() is threading.main_thread()
        self._listens = listen and here and _ASK is not None
        if self._listens and _ASK is not None:
            self._before = signal.signal(_ASK, lambda *_: self._checkpoints.request())

    def begin(self, step: int) -> None:
        """Note where the simulation starts to run; none is needed there."""
        if not self._began:
            self._began = True
            self._checkpoints.begin(step)

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before the next is due."""
        return self._checkpoints.limit(step, wanted)

    def wanted(self, step: int) -> bool:
        """Return whether this rank wants one before ``step``."""
        return self._checkpoints.wanted(step)

    def missing(self, step: int) -> bool:
        """Return whether the last one is not of this step; the same on every rank."""
        return self._checkpoints.last != step

    def write(
        self,
        ranks: Ranks,
        executable: Executable,
        recording: Path | None,
        heard: NDArray[np.int64],
        **progress: Any,
    ) -> None:
        """Write one; collective.

        Parameters
        ----------
        ranks : Ranks
        executable : Executable
        recording : Path or None
            Where the simulation's recording is, if it lasts.
        heard : (n, 2) int64
            Step and id of the rank's spikes that callbacks have yet to be told of.
        **progress
            ``step``, ``warmup_end``, ``end`` and ``called`` of the Header; ``n_spikes`` of this
            rank.

        Raises
        ------
        CheckpointError
            It cannot be written; those before it are kept.
        """
        progress["n_spikes"] = int(ranks.total([progress["n_spikes"]])[0])
        kept = "" if recording is None else self._checkpoints.beside(recording)
        header = Header(dt=self._dt, version=__version__, recording=kept, **self._facts, **progress)
        self._checkpoints.write(executable, ranks.communicator, header, heard)

    def close(self) -> None:
        """Let SIGUSR1 act as before."""
        if self._listens and _ASK is not None:
            signal.signal(_ASK, signal.SIG_DFL if self._before is None else self._before)
            self._listens = False


class Resumed:
    """A checkpoint that a simulation goes on from.

    Parameters
    ----------
    ranks : Ranks
    path : path
    network : Network
    **given
        ``dt``, ``precision`` and ``engine`` of the simulation.

    Attributes
    ----------
    header : Header
    recording : Path or None
        What the simulation was recorded to.

    Raises
    ------
    CheckpointError
        It cannot be read, or is of another simulation.
    """

    def __init__(
        self, ranks: Ranks, path: str | os.PathLike[str], network: Network, **given: Any
    ) -> None:
        self._path = path

        def look() -> tuple[Header, Path | None]:
            with opened(path) as saved:
                saved.require(digest=digest_of(network), seed=network.seed, **given)
                return saved.header, saved.recording

        self.header, self.recording = ranks.together(look)

    def restore(self, ranks: Ranks, executable: Executable) -> NDArray[np.int64]:
        """Put the state into a network that has just been built; return ``heard`` of all ranks."""

        def put() -> NDArray[np.int64]:
            with opened(self._path) as saved:
                executable.restore(saved.snapshot(ranks.share))
                return saved.heard()

        return ranks.together(put)


def header_of(path: str | os.PathLike[str]) -> Header:
    """Return what a checkpoint says of itself; CheckpointError if it cannot be read."""
    with opened(path) as saved:
        return saved.header


def digest_of(network: Network) -> str:
    """Return what tells one network from another."""
    from .lowering.digest import network_digest  # noqa: PLC0415 - reads every value of it

    return network_digest(network)


def check_engine(engine: str) -> None:
    """Raise UnsupportedError unless an engine can write and read checkpoints."""
    if engine != "native":
        raise UnsupportedError(
            f"engine {engine!r} writes and reads no checkpoints; use engine 'native'."
        )
