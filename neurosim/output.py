"""Where a simulation's recording goes: a file of the user's, or one that vanishes by itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engines.base import Chunk, Executable
from .errors import ParallelError, RecordingError, RecordingWriteError
from .interrupts import signals_deferred
from .locks import held
from .lowering.program import Program
from .output_files import VanishingFolder, check_replaceable, let_go, soon
from .parallel.communicator import Communicator, Serial
from .parallel.outcome import together
from .recorded import Reports, layout_of
from .recording import (
    Layout,
    Part,
    PlatformLayout,
    Recording,
    RecordingWriter,
    SpikeDigest,
    read,
)
from .recording.merge import merge_parts
from .recording.shards import (
    earlier_pieces,
    folder_of,
    lock_of,
    piece_path,
    remove_parts,
    shard_layout,
    shard_path,
    start_piece,
)
from .restructuring import StructureCount
from .synapse_reports import SynapseReports


class Output:
    """The recording of one simulation.

    Of several ranks each records its own neurons into a file of its own, and so does a process
    that goes on with an earlier recording; :meth:`finish` makes one recording of them. Until
    then the file at ``path`` says that the run is going on.

    Parameters
    ----------
    path : path or None
        None: a temporary file, removed when neither this object nor a Recording made from it
        is referenced any more.
    settings : mapping
        JSON-able facts kept beside the network's description.
    communicator : Communicator, optional
        The ranks that record together. Making, opening and finishing an output is done by all
        of them; the other methods are a rank's own affair.
    continues : int, optional
        The step from which a resumed run goes on with the recording at ``path``.

    Attributes
    ----------
    path : Path
    is_temporary : bool
        Whether the file vanishes by itself.

    Raises
    ------
    RecordingWriteError
        The folder does not exist or cannot be written to, or the file is there and is not a
        recording of this package.
    RecordingError
        There is no recording to go on with, or it ends too early.
    ParallelError
        A rank does not see the folder.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        settings: Mapping[str, Any],
        *,
        communicator: Communicator | None = None,
        continues: int | None = None,
    ) -> None:
        self._settings = settings
        self._ranks = Serial() if communicator is None else communicator
        self._continues = continues or 0
        self._folder: VanishingFolder | None = None
        self.is_temporary = path is None
        self.path = self._temporary() if path is None else Path(path)
        together(self._ranks, self._check_path)
        self._digest = SpikeDigest()
        self._recorded: np.ndarray | None = None
        self._reports: Reports | None = None
        self._writer: RecordingWriter | None = None
        self._synapses: SynapseReports | None = None
        self._lock = ExitStack()
        self._merged_sha256: str | None = None

    @property
    def _first(self) -> bool:
        return self._ranks.share.rank == 0

    @property
    def _in_parts(self) -> bool:
        return self._continues > 0 or not self._ranks.share.whole

    @property
    def spikes_sha256(self) -> str | None:
        """Digest of all recorded spikes so far; in parts it is known once they are merged."""
        return self._merged_sha256 if self._in_parts else self._digest.hexdigest()

    @property
    def is_open(self) -> bool:
        """Whether the file is being written."""
        return self._writer is not None

    def open(
        self,
        program: Program,
        executable: Executable,
        facts: Mapping[str, Any],
        platform: PlatformLayout | None = None,
    ) -> None:
        """Create the file, with the synapses of every projection.

        Parameters
        ----------
        facts : mapping
            ``engine``, ``precision`` and ``warmup_ms``; the last is that of the recording which
            is continued, if there is one.
        platform : PlatformLayout, optional
            The machine that the network is run as.
        """
        precision = str(facts["precision"])
        layout = replace(layout_of(program, self._settings, precision), platform=platform)
        if program.synapse_reports:
            self._synapses = SynapseReports(program, self._ranks, executable, precision)
            layout = replace(layout, synapses=self._synapses.layouts)
        self._reports = Reports(program, self._ranks.share, self._continues)
        self._recorded = _recorded_starts(layout)
        arguments = {
            "dt_ms": program.dt * 1e3,
            "seed": program.seed,
            "threads": executable.n_threads,
            "compiler": executable.compiler,
            **facts,
        }
        try:
            part = self._start(layout, arguments) if self._in_parts else None
            together(self._ranks, lambda: self._create(layout, arguments, part, executable))
        except BaseException:
            self._lock.close()
            raise

    def _start(self, layout: Layout, arguments: Mapping[str, Any]) -> Part:
        """Let rank 0 describe the new piece of the recording; return it."""
        n_ranks = self._ranks.share.n_ranks

        def start() -> Part | None:
            if not self._first:
                return None
            self._take_lock()
            return start_piece(self.path, layout, arguments, n_ranks, self._continues)

        part = together(self._ranks, start)
        told = json.dumps(None if part is None else asdict(part)).encode()
        return Part(**json.loads(self._ranks.broadcast(told)))

    def _take_lock(self) -> None:
        """Keep others from writing or merging these parts; the system lifts it when we die."""
        try:
            folder_of(self.path).mkdir(exist_ok=True)
        except OSError as error:
            raise RecordingWriteError(
                f"cannot make the folder {folder_of(self.path)}: {error.strerror}. Choose another "
                "output."
            ) from error
        if not self._lock.enter_context(held(lock_of(self.path), 0.0)):
            raise RecordingWriteError(
                f"another run is writing the recording {self.path}, or its parts are being merged. "
                "Wait for its end, or choose another output."
            )

    def _create(
        self,
        layout: Layout,
        arguments: Mapping[str, Any],
        part: Part | None,
        executable: Executable,
    ) -> None:
        with signals_deferred():
            writer = self._own_writer(layout, arguments, part)
            self._writer = writer
            for projection in layout.projections:
                writer.set_synapses(
                    projection.name,
                    executable.synapse_count(projection.name),
                    executable.outdegrees(projection.name),
                )
            writer.update(bytes_per_synapse=executable.bytes_per_synapse)
            writer.flush()

    def _own_writer(
        self, layout: Layout, arguments: Mapping[str, Any], part: Part | None
    ) -> RecordingWriter:
        if part is None:
            writer = RecordingWriter(self.path, layout, **arguments)
            remove_parts(self.path)  # of what was replaced
            return writer
        share = self._ranks.share
        if share.whole:
            path, own = piece_path(self.path, part.piece), replace(part, data_elsewhere=False)
            facts = own.attributes()
            return RecordingWriter(
                path, layout, first_step=part.first_step, facts=facts, **arguments
            )
        self._check_visible(part)
        words = () if self._reports is None else self._reports.words
        own = replace(part, rank=share.rank, data_elsewhere=False)
        return RecordingWriter(
            shard_path(self.path, part.piece, share.rank),
            shard_layout(layout, share, words),
            first_step=part.first_step,
            facts=own.attributes(),
            collected={"host": socket.gethostname()},
            **arguments,
        )

    def _check_visible(self, part: Part) -> None:
        """Refuse a rank that does not see what rank 0 wrote."""
        header = piece_path(self.path, part.piece)
        if not soon(lambda: header.exists() and Recording(header).part == part):
            raise ParallelError(
                f"this rank does not see {header}, which rank 0 wrote. Give an output on a file "
                "system that all hosts share, under the same name on each."
            )

    def plan(self, duration_ms: float) -> None:
        """Note the length of the measured part that is now intended."""
        if self._writer is not None:
            self._writer.update(duration_ms=duration_ms)

    def append(self, chunk: Chunk) -> None:
        """Record a chunk; of several ranks, the own neurons' part of it."""
        if self._writer is None or self._reports is None:
            raise RecordingWriteError(f"the recording {self.path} is not open.")
        with self._writing():
            if not self._in_parts:
                self._update_digest(chunk)
            self._writer.append(replace(chunk, states=self._reports.take(chunk)))
            if self._synapses is not None:
                self._synapses.append(chunk, self._writer.synapses)

    def _update_digest(self, chunk: Chunk) -> None:
        steps, ids = chunk.spike_steps, chunk.spike_ids
        if self._recorded is not None:
            kept = np.searchsorted(self._recorded, ids, side="right") % 2 == 1
            steps, ids = steps[kept], ids[kept]
        self._digest.update(steps, ids)

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before synapses are sampled."""
        return wanted if self._synapses is None else self._synapses.limit(step, wanted)

    def sample(self, step: int, *, last: bool = False) -> None:
        """Record synapses as ``step`` starts, those of a rank; ``last``: as the run ends."""
        if self._synapses is not None and self._writer is not None:
            with self._writing():
                self._synapses.take(step, self._writer.synapses, last=last)

    def restructured(self, counts: Sequence[StructureCount]) -> None:
        """Record how many of a rank's synapses came and went."""
        if self._writer is not None:
            self._writer.structure.append(counts)

    def flush(self) -> None:
        """Put everything appended so far on disk, and return once it is there."""
        if self._writer is not None:
            with self._writing():
                self._writer.flush()

    def executed(self, report: Mapping[str, Any], load: NDArray, load_every_ms: float) -> None:
        """Record what the run took on a machine, as every rank knows it."""
        if self._writer is not None:
            with self._writing():
                self._writer.machine.finish(report, load, load_every_ms)

    def finish(self, summary: Mapping[str, Any], status: str) -> None:
        """Put everything on disk, make one file of the parts, and close it."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with self._lock:
            together(self._ranks, lambda: self._finish(writer, summary, status))
            if self._in_parts:
                merged = together(self._ranks, lambda: self._merge(summary))
                self._merged_sha256 = self._ranks.broadcast(merged.encode()).decode()
                together(self._ranks, self._keep_temporary)

    def _finish(self, writer: RecordingWriter, summary: Mapping[str, Any], status: str) -> None:
        with self._writing():
            writer.finish(summary, status)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold signals back; say of what cannot be written what becomes of the other parts."""
        with signals_deferred():
            try:
                yield
            except RecordingWriteError as error:
                if not self._in_parts:
                    raise
                raise RecordingWriteError(
                    f"{error} What all ranks have becomes one recording with 'neurosim merge "
                    f"{self.path}'."
                ) from error

    def _merge(self, summary: Mapping[str, Any]) -> str:
        return merge_parts(self.path, dict(summary)).spikes_sha256 if self._first else ""

    def abandon(self) -> None:
        """Close the file after an error; what is on disk stays readable."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with signals_deferred():
                writer.close("failed: the recording could not be written")
        self._lock.close()

    def reading(self) -> Recording:
        """Return the closed file as a Recording, which keeps a temporary file alive."""
        recording = read(self.path)
        if self._folder is not None:
            weakref.finalize(recording, let_go, self._folder)
        return recording

    def _temporary(self) -> Path:
        """Return a temporary file's path, of rank 0 for all ranks."""
        if self._continues:
            raise RecordingError(
                "a resumed run goes on with the recording of the run before; give its name as the "
                "output."
            )
        if self._first:
            self._folder = VanishingFolder()
        told = b"" if self._folder is None else os.fsencode(self._folder.path)
        folder = Path(os.fsdecode(self._ranks.broadcast(told)))

        def look() -> None:
            if not soon(folder.exists):
                raise ParallelError(
                    f"this rank does not see the temporary folder {folder} of rank 0, since it is "
                    "on another host. Give an output on a file system that all hosts share."
                )

        together(self._ranks, look)
        return folder / "recording.h5"

    def _keep_temporary(self) -> None:
        """Keep the merged file as long as this rank needs it, whatever rank 0 does with it."""
        if self.is_temporary and not self._first:
            own = VanishingFolder(self.path.parent.parent)
            kept = own.path / self.path.name
            try:
                os.link(self.path, kept)
            except OSError:  # not every file system has links
                shutil.copyfile(self.path, kept)
            self._folder, self.path = own, kept

    def _check_path(self) -> None:
        if not self._first:
            return
        check_replaceable(self.path)
        if self._continues:
            earlier_pieces(self.path, self._continues)


def _recorded_starts(layout: Layout) -> np.ndarray | None:
    """Return the ids at which recorded populations start and end in turn; None if all are."""
    if all(p.spikes for p in layout.populations):
        return None
    bounds: list[int] = []
    for population in layout.populations:
        if population.spikes == (len(bounds) % 2 == 0):
            bounds.append(population.first_id)
    return np.array(bounds, np.int64)
