"""Simulating for an experiment: as many networks as it needs, a recording of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .analysis.machine_text import used_of
from .errors import DescriptionError
from .platforms import Platform, get_platform
from .progress import Progress, Quiet

if TYPE_CHECKING:
    from .callbacks import Callback
    from .description.network import Network
    from .parallel.communicator import Communicator
    from .recording import Recording
    from .simulation import Simulation

_USUAL: Any = object()
_FILES = (".h5", ".hdf5", ".png", ".json", ".pdf", ".svg")


@dataclass
class Runs:
    """How an experiment simulates: given to its ``perform``.

    Attributes
    ----------
    scale : float
    seed : int
    duration, warmup : Quantity of time
        As the user typed them, else the experiment's.
    dt : Quantity of time
    quick : bool
        Whether the small version was asked for, which need not reproduce published numbers.
    engine : str or None
    threads : int
    precision : {"double", "single"}
    exchange : {"auto", "allgather", "targeted"}
    folder : Path or None
        Where recordings go, one file for each simulation; None: temporary files.
    facts : mapping
        JSON-able, kept with every recording.
    communicator : Communicator or None
        The ranks that simulate together; None: all that were launched together.
    simulations : dict of name to Simulation
        All that were made, in order.
    platform : Platform or str, optional
        The neuromorphic machine that every network is run as.
    """

    scale: float = 1.0
    seed: int = 1
    duration: Any = None
    warmup: Any = None
    dt: Any = None
    quick: bool = False
    engine: str | None = None
    threads: int = 0
    precision: Literal["double", "single"] = "double"
    exchange: Literal["auto", "allgather", "targeted"] = "auto"
    folder: Path | None = None
    progress: Progress = field(default_factory=Quiet)
    facts: Mapping[str, Any] = field(default_factory=dict)
    communicator: Communicator | None = None
    simulations: dict[str, Simulation] = field(default_factory=dict)
    platform: Platform | str | None = None

    def __post_init__(self) -> None:
        self.platform = get_platform(self.platform)
        if self.platform is not None:
            self.facts = {**self.facts, "platform": self.platform.name}

    def simulation(
        self,
        name: str,
        network: Network,
        *,
        dt: Any = None,
        engine: str | None = None,
        precision: Literal["double", "single"] | None = None,
        callbacks: Sequence[Callback] = (),
        threads: int = 0,
        platform: Platform | str | None = _USUAL,
    ) -> Simulation:
        """Return a Simulation to be run step by step, in a ``with`` block.

        Parameters
        ----------
        name : str
            Of the recording; a name is used once.
        network : Network
        dt, engine, precision
            Where this simulation differs from the others.
        callbacks : sequence of Callback
            Functions that read and write the network while it runs: a closed loop.
        threads : int
            For a network that is too small for more, unless the user asked for a number; 0: as
            many as there are.
        platform : Platform, str or None
            For an experiment that compares machines: the one of this simulation, None for none.
            Such an experiment refuses a platform of the user's.
        """
        from .description.names import check_name  # noqa: PLC0415 - needs Brian2, slow to import
        from .simulation import Simulation  # noqa: PLC0415 - needs Brian2, slow to import

        check_name(name, "simulation")
        if name in self.simulations:
            raise DescriptionError(
                f"the experiment simulates {name!r} twice; give each simulation its own name."
            )
        if platform is not _USUAL and self.platform is not None:
            raise DescriptionError(
                "this experiment chooses the machine of each of its simulations; leave --platform "
                "out."
            )
        made = Simulation(
            network,
            dt=self.dt if dt is None else dt,
            engine=self.engine if engine is None else engine,
            threads=self.threads or threads,
            precision=self.precision if precision is None else precision,
            exchange=self.exchange,
            output=None if self.folder is None else self.folder / f"{name}.h5",
            progress=self.progress,
            settings={**self.facts, "simulation": name},
            callbacks=callbacks,
            communicator=self.communicator,
            platform=self.platform if platform is _USUAL else platform,
        )
        self.simulations[name] = made
        if made.platform is not None and made.mapping is not None:
            self.progress.note(f"{name} on {made.platform.name}: {used_of(made.mapping)}")
        return made

    def simulate(
        self,
        name: str,
        network: Network,
        duration: Any = None,
        *,
        warmup: Any = None,
        **options: Any,
    ) -> Recording:
        """Simulate a network and return its recording.

        Parameters
        ----------
        name : str
            Of the recording; a name is used once.
        network : Network
        duration, warmup : Quantity of time, optional
            The experiment's unless given.
        **options
            As of :meth:`simulation`.
        """
        before = self.warmup if warmup is None else warmup
        with self.simulation(name, network, **options) as made:
            if before is not None and float(before) != 0:
                made.run(before, warmup=True)
            made.run(self.duration if duration is None else duration)
        return made.recording

    def recordings(self) -> dict[str, Recording]:
        """Return what was recorded so far, by name of the simulation."""
        return {name: made.recording for name, made in self.simulations.items() if made.finished}


def output_folder(output: str | os.PathLike[str] | None) -> Path | None:
    """Return the folder for an experiment's files, made if it is not there.

    Raises
    ------
    DescriptionError
        Its parent is not there, it is a file, or it is named like one.
    """
    if output is None:
        return None
    folder = Path(output)
    if folder.suffix.lower() in _FILES:
        raise DescriptionError(
            f"--output {os.fspath(output)!r} names a file; this experiment makes several, so give "
            "a folder, such as --output results."
        )
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise DescriptionError(
            f"the results cannot go to the folder {os.fspath(output)!r}: {error}. Give a folder "
            "that exists or can be created, such as --output brunel."
        ) from error
    return folder
