"""Where a simulation's recording goes: a file of the user's, or one that vanishes by itself."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .engines.base import Chunk, Executable
from .errors import RecordingError, RecordingWriteError
from .interrupts import signals_deferred
from .lowering.program import Program, ReportProgram
from .lowering.recorders import report_values
from .recording import (
    Layout,
    PopulationLayout,
    ProjectionLayout,
    Recording,
    RecordingWriter,
    SpikeDigest,
    StateLayout,
    read,
)

_STORED_UNITS = {"V": ("mV", 1e3), "A": ("pA", 1e12), "S": ("nS", 1e9), "s": ("ms", 1e3)}


class Output:
    """The recording of one simulation.

    Parameters
    ----------
    path : path or None
        None: a temporary file, removed when neither this object nor a Recording made from it
        is referenced any more.
    settings : mapping
        JSON-able facts kept beside the network's description.

    Raises
    ------
    RecordingWriteError
        The folder does not exist or cannot be written to, or the file is there and is not a
        recording of this package.
    """

    def __init__(self, path: str | os.PathLike[str] | None, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._folder: _VanishingFolder | None = None
        if path is None:
            self._folder = _VanishingFolder()
            path = self._folder.path / "recording.h5"
        self.path = Path(path)
        _check_replaceable(self.path)
        self._digest = SpikeDigest()
        self._program: Program | None = None
        self._samples: list[int] = []
        self._writer: RecordingWriter | None = None

    @property
    def spikes_sha256(self) -> str:
        """Digest of all spikes so far."""
        return self._digest.hexdigest()

    @property
    def is_open(self) -> bool:
        """Whether the file is being written."""
        return self._writer is not None

    def open(self, program: Program, executable: Executable, facts: Mapping[str, Any]) -> None:
        """Create the file, with the synapses of every projection.

        Parameters
        ----------
        facts : mapping
            ``engine``, ``precision`` and ``warmup_ms``.
        """
        layout = layout_of(program, self._settings, str(facts["precision"]))
        self._program, self._samples = program, [0] * len(program.reports)
        with signals_deferred():
            writer = RecordingWriter(
                self.path,
                layout,
                program.dt * 1e3,
                seed=program.seed,
                threads=executable.n_threads,
                compiler=executable.compiler,
                **facts,
            )
            self._writer = writer
            for projection in program.projections:
                writer.set_synapses(
                    projection.name,
                    executable.synapse_count(projection.name),
                    executable.outdegrees(projection.name),
                )
            writer.update(bytes_per_synapse=executable.bytes_per_synapse)
            writer.flush()

    def plan(self, duration_ms: float) -> None:
        """Note the length of the measured part that is now intended."""
        if self._writer is not None:
            self._writer.update(duration_ms=duration_ms)

    def append(self, chunk: Chunk) -> None:
        """Record a chunk."""
        if self._writer is None:
            raise RecordingWriteError(f"the recording {self.path} is not open.")
        with signals_deferred():
            self._digest.update(chunk.spike_steps, chunk.spike_ids)
            self._writer.append(replace(chunk, states=self._reported(chunk)))  # type: ignore[arg-type]

    def _reported(self, chunk: Chunk) -> list[NDArray[np.float64]]:
        """Return the samples of each report, made of those of the engine's recorders."""
        if self._program is None:
            return chunk.states
        found = []
        for index, report in enumerate(self._program.reports):
            taken = self._samples[index]
            found.append(report_values(report, chunk.states, taken, self._program.dt))
            self._samples[index] += len(found[-1])
        return found

    def finish(self, summary: Mapping[str, Any], status: str) -> None:
        """Put everything on disk and close the file."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with signals_deferred():
                writer.finish(summary, status)

    def abandon(self) -> None:
        """Close the file after an error of its own; what is on disk stays readable."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with signals_deferred():
                writer.close("failed: the recording could not be written")

    def reading(self) -> Recording:
        """Return the closed file as a Recording, which keeps a temporary file alive."""
        recording = read(self.path)
        if self._folder is not None:
            weakref.finalize(recording, _let_go, self._folder)
        return recording


class _VanishingFolder:
    """A temporary folder that is removed when the last reference to this object goes."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="neurosim-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _let_go(folder: _VanishingFolder) -> None:
    """Do nothing: holding this call's argument is what keeps the folder there."""


def _check_replaceable(path: Path) -> None:
    parent = path.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RecordingWriteError(
            f"the recording {path} cannot be created: {parent} is not a folder that can be "
            "written to. Make the folder, or choose another --output."
        )
    if not path.exists():
        return
    try:
        read(path)
    except (RecordingError, OSError) as error:
        raise RecordingWriteError(
            f"{path} exists and is not a recording of this package, so it is not replaced. "
            "Choose another output, or remove the file."
        ) from error


def layout_of(program: Program, settings: Mapping[str, Any], precision: str) -> Layout:
    """Return what a recording must know of a program.

    State variables are stored in the precision of the run, beside SONATA's single precision.
    """
    dtype: Literal["float32", "float64"] = "float32" if precision == "single" else "float64"
    neurons = {p.name: p for p in program.populations}
    populations = tuple(
        PopulationLayout(
            name=emitter.name,
            first_id=emitter.first_id,
            size=emitter.size,
            kind="neuron" if emitter.name in neurons else "source",
            model=neurons[emitter.name].code.name if emitter.name in neurons else "",
            spikes=emitter.name in program.spike_recorders,
        )
        for emitter in program.emitters()
    )
    projections = tuple(
        ProjectionLayout(
            name=p.name,
            pre=p.pre.population,
            post=p.post.population,
            n_pre=p.pre.size,
            n_post=p.post.size,
            variable=p.variable,
            pre_start=p.pre.start,
            post_start=p.post.start,
        )
        for p in program.projections
    )
    return Layout(
        populations=populations,
        projections=projections,
        states=tuple(_state_layout(report, dtype) for report in program.reports),
        description={**program.description, "run": dict(settings)},
    )


def _state_layout(report: ReportProgram, dtype: Literal["float32", "float64"]) -> StateLayout:
    unit, scale = _STORED_UNITS.get(report.dimension, (report.dimension, 1.0))
    return StateLayout(
        name=report.name,
        population=report.population,
        variable=report.variable,
        unit=unit,
        ids=report.ids,
        every=report.every,
        scale=scale / report.ids.size if report.reduce == "mean" else scale,
        dtype=dtype,
        start=report.start,
        reduce=report.reduce,
    )
