"""The part of Simulation that writes checkpoints and goes on from one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ._version import __version__
from .callbacks import Schedule
from .description.network import Network
from .description.quantities import SECOND, quantity, scalar
from .engines.base import EngineOptions, Executable
from .errors import CheckpointError
from .joint import Account
from .output import Output
from .pacing import steps_of
from .progress import Progress
from .saving import Resumed, Saving, check_engine, digest_of, header_of
from .weight_files import WeightFiles


class Checkpointed(WeightFiles):
    """What a simulation has done and still plans, kept in checkpoints."""

    _network: Network
    _options: EngineOptions
    _progress: Progress
    _output: Output | None
    _recipe: Mapping[str, Any]
    _platform_text = ""  # name and settings of the machine, if it is run as one
    _saving: Saving | None = None
    _resumed: Resumed | None = None
    _schedule: Schedule
    _step = _n_spikes = 0
    _warmup_end = _end = 0  # of what is planned

    @property
    def engine(self) -> str:
        """Name of the engine in use."""
        raise TypeError("a Simulation is needed")

    def _facts(
        self, dt: Any, output: str | os.PathLike[str] | None, record: bool
    ) -> dict[str, Any]:
        """Return what must be the same on every rank."""
        return {
            "version of neurosim": __version__,
            "seed": self._network.seed,
            "network": digest_of(self._network),
            "platform": self._platform_text,
            "dt (s)": scalar(dt, SECOND, "dt"),
            "engine": self.engine,
            "precision": self._options.precision,
            "exchange": self._options.exchange,
            "record": record,
            "output": "" if output is None else os.path.abspath(output),
        }

    def plan(self, warmup: Any = None, duration: Any = None) -> None:
        """Say how long the simulation is going to be, for a checkpoint to go on until then.

        Parameters
        ----------
        warmup, duration : Quantity of time, optional
            From where the simulation is now; the duration counts after the warm-up.
        """
        before, after = (
            0 if time is None else steps_of(time, self.program.dt, what, smallest=0)
            for time, what in ((warmup, "the warm-up"), (duration, "the duration"))
        )
        self._warmup_end = self._step + before if before else self._warmup_end
        self._end = self._step + before + after

    def checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint now, between runs; on several ranks all call it.

        Raises
        ------
        CheckpointError
            It cannot be written.
        """
        self._write_checkpoint(self.prepare(), self._saver(path, listen=False))

    def _as_before(
        self, path: str | os.PathLike[str], dt: Any, engine: str | None, precision: Any
    ) -> tuple[Any, str, Any]:
        """Return dt, engine and precision as given, else as they were at a checkpoint."""
        header = self._ranks.together(lambda: header_of(path))
        return (
            quantity(header.dt, SECOND) if dt is None else dt,
            header.engine if engine is None else engine,
            header.precision if precision is None else precision,
        )

    def _go_on(self, path: str | os.PathLike[str], dt: Any) -> Resumed:
        """Take up what a checkpoint says; the state itself comes when the network is built."""
        check_engine(self.engine)
        given = {
            "dt": scalar(dt, SECOND, "dt"),
            "precision": self._options.precision,
            "engine": self.engine,
            "platform": self._platform_text,
        }
        resumed = Resumed(self._ranks, path, self._network, **given)
        self._step = resumed.header.step
        self._warmup_end, self._end = resumed.header.warmup_end, resumed.header.end
        self._n_spikes = resumed.header.n_spikes if self._ranks.share.rank == 0 else 0
        return resumed

    def _make_output(
        self, path: str | os.PathLike[str] | None, settings: Mapping[str, Any] | None
    ) -> Output:
        if self._resumed is not None:
            path = self._resumed.recording if path is None else path
        return Output(
            path,
            dict(settings or {}),
            communicator=self._ranks.communicator,
            continues=self._step,
        )

    def _saver(
        self,
        path: str | os.PathLike[str],
        every: Any = None,
        every_bio: Any = None,
        listen: bool = True,
    ) -> Saving:
        check_engine(self.engine)
        facts = {
            "seed": self.program.seed,
            "precision": self._options.precision,
            "engine": self.engine,
            "digest": digest_of(self._network),
            "platform": self._platform_text,
            "recipe": self._recipe,
        }
        return self._ranks.together(
            lambda: Saving(path, every, every_bio, self.program.dt, facts, listen)
        )

    def _save(self, executable: Executable, agreed: Account) -> None:
        """Write a checkpoint; if that fails the run goes on, and the next is tried in time."""
        try:
            self._write_checkpoint(executable)
        except CheckpointError as error:
            if agreed.interrupted:
                raise
            self._progress.note(f"no checkpoint: {error}")

    def _write_checkpoint(
        self, executable: Executable, saving: Saving | None = None, called: bool = False
    ) -> None:
        saving = self._saving if saving is None else saving
        if saving is None:
            return
        output = self._output
        if output is not None:
            self._ranks.together(output.flush)  # what was recorded must not be behind it
        saving.write(
            self._ranks,
            executable,
            None if output is None or output.is_temporary else output.path,
            self._schedule.waiting(),
            step=self._step,
            warmup_end=self._warmup_end,
            end=max(self._end, self._step),
            called=called,
            n_spikes=self._n_spikes,
        )
