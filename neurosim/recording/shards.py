"""Recordings in several files: names, how a stretch of a run starts, and what is there.

Beside the recording ``run.h5`` of a run on several ranks lies the folder ``run.h5.parts`` with

- ``piece-000.h5``: everything but data, as ``run.h5`` itself until the parts are merged,
- ``piece-000-rank-00000.h5`` and so on: what each rank recorded of its own neurons.

A resumed run adds a piece, which goes on where it was resumed; what earlier pieces hold from
there on does not count. A piece that one process recorded is a single file, with its data.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import RecordingError, RecordingWriteError
from ..parallel.share import Share
from .layout import Layout, Part
from .reader import Recording
from .writer import RecordingWriter

_PIECE = re.compile(r"piece-(\d{3,})\.h5")
_OURS = re.compile(
    r"lock|\.piece-\d{3,}\.new|\.?(signpost|piece-\d{3,}(-rank-\d{5,})?)\.h5(\.\d+\.new)?"
)


def folder_of(output: Path) -> Path:
    """Return the folder of the parts of a recording."""
    return output.with_name(output.name + ".parts")


def merging_path(output: Path) -> Path:
    """Return the file that becomes the recording when it is whole."""
    return output.with_name(output.name + ".merging")


def lock_of(output: Path) -> Path:
    """Return the file that whoever writes or merges the parts holds locked."""
    return folder_of(output) / "lock"


def piece_path(output: Path, piece: int) -> Path:
    """Return the file that describes a piece; where one process recorded it, with its data."""
    return folder_of(output) / f"piece-{piece:03d}.h5"


def shard_path(output: Path, piece: int, rank: int) -> Path:
    """Return the file of one rank."""
    return folder_of(output) / f"piece-{piece:03d}-rank-{rank:05d}.h5"


def shard_layout(layout: Layout, share: Share, words: tuple[int, ...]) -> Layout:
    """Return the layout of a rank's file.

    Parameters
    ----------
    layout : Layout
        Of the whole.
    share : Share
    words : tuple of int
        For each of ``layout.states`` in how many words a sum is stored; 0 if it is none.
    """
    states = tuple(
        replace(
            state,
            ids=np.asarray(state.ids)[share.mine(np.asarray(state.ids))],
            words=count,
            dtype="int64" if count else state.dtype,
        )
        for state, count in zip(layout.states, words, strict=True)
    )
    synapses = tuple(own.of_rank(share) for own in layout.synapses)
    told = layout.platform and replace(layout.platform, mapping={})
    return replace(
        layout, states=states, synapses=synapses, description={}, share=share, platform=told
    )


class Shard(Recording):
    """What one rank recorded; the network is described by the piece's header, not read again."""

    def _read_network(self, file: h5py.File) -> None:
        self.populations, self.projections, self.synapse_counts = {}, {}, {}
        self.reports = ()
        self.structures = ()
        self.synapse_reports = ()


@dataclass(frozen=True)
class Piece:
    """A stretch of a run in time.

    Attributes
    ----------
    header : Recording
        Its description; with the data if there are no shards.
    shards : tuple of Shard
        What each rank recorded.
    """

    header: Recording
    shards: tuple[Shard, ...]

    @property
    def files(self) -> tuple[Recording, ...]:
        """The files with data."""
        return self.shards or (self.header,)

    @property
    def first_step(self) -> int:
        """Where it starts."""
        return self.header.part.first_step

    @property
    def steps(self) -> int:
        """Up to which step every rank's data are there."""
        return min(map(steps_of, self.files))


def steps_of(recording: Recording) -> int:
    """Return up to which step a file's data reach."""
    return int(recording.clock.steps(recording.stop_ms))


def find_pieces(output: Path) -> list[Piece]:
    """Return the pieces of a recording in order of time, each checked.

    A last piece that none of its ranks has begun is left out.

    Raises
    ------
    RecordingError
        There are none; or a file is missing, damaged or of another run.
    """
    headers = find_headers(output)
    if len(headers) > 1 and headers[-1].part.data_elsewhere:
        part = headers[-1].part
        if not any(shard_path(output, part.piece, r).exists() for r in range(part.n_ranks)):
            headers.pop()
    return [load_piece(output, header) for header in headers]


def find_headers(output: Path) -> list[Recording]:
    """Return what describes each piece, in order of time."""
    folder = folder_of(output)
    numbers = []
    if folder.is_dir():
        numbers = sorted(int(m[1]) for m in map(_PIECE.fullmatch, os.listdir(folder)) if m)
    if not numbers:
        raise RecordingError(
            f"there are no parts of {str(output)!r}: the folder {str(folder)!r} is missing or has "
            "none. Give the name that the run was given as its output."
        )
    headers = [Recording(piece_path(output, number)) for number in range(numbers[-1] + 1)]
    for number, header in enumerate(headers):
        before = headers[number - 1] if number else None
        _check_piece(header, number, before)
    return headers


def _check_piece(header: Recording, number: int, before: Recording | None) -> None:
    part = header.part
    if before is None:
        follows = part.first_step == 0
    else:
        earlier = before.part
        same = part.continues == earlier.run_id and header.dt_ms == before.dt_ms
        follows = same and part.piece == number and part.first_step > earlier.first_step
    if not follows or part.rank is not None:
        raise RecordingError(
            f"{header.path!r} does not continue what is before it: it is of another run. Remove "
            "what does not belong into its folder."
        )


def load_piece(output: Path, header: Recording) -> Piece:
    """Return a piece with the files of its ranks, each checked."""
    part = header.part
    if not part.data_elsewhere:
        return Piece(header, ())
    shards = []
    for rank in range(part.n_ranks):
        shard = Shard(shard_path(output, part.piece, rank))
        wanted = replace(part, rank=rank, data_elsewhere=False)
        if shard.part != wanted or shard.dt_ms != header.dt_ms:
            raise RecordingError(
                f"{shard.path!r} is of another run than {header.path!r}: it is not what rank "
                f"{rank} of {part.n_ranks} recorded. Put back the file of that run."
            )
        shards.append(shard)
    return Piece(header, tuple(shards))


def account(recording: Recording) -> tuple[Any, ...]:
    """Return what all pieces of a run have in common."""
    reports = {report.name: report for report in recording.reports}
    common = (recording.dt_ms, recording.seed, recording.precision)
    of_synapses = recording.synapse_reports
    return (*common, recording.populations, recording.projections, reports, of_synapses)


def start_piece(
    output: Path, layout: Layout, arguments: Mapping[str, Any], n_ranks: int, continues: int
) -> Part:
    """Make the folder and describe a new piece in it; ``output`` then tells that it is running.

    Parameters
    ----------
    output : Path
    layout : Layout
        Of the whole.
    arguments : mapping
        Of ``RecordingWriter``.
    n_ranks : int
    continues : int
        The step at which the piece starts; before it, the data of what is there are kept. 0:
        whatever is there is replaced.

    Raises
    ------
    RecordingError
        There is no earlier recording, it ends before that step, or is of another network.
    RecordingWriteError
    """
    folder = folder_of(output)
    earlier = earlier_pieces(output, continues) if continues else []
    try:
        _make_room(output, earlier)
        part = Part(
            run_id=uuid.uuid4().hex,
            n_ranks=n_ranks,
            piece=len(earlier),
            first_step=continues,
            continues=earlier[-1].header.part.run_id if earlier else "",
            data_elsewhere=True,
        )
        signpost = folder / "signpost.h5"
        facts = part.attributes()
        if earlier:
            facts["warmup_ms"] = earlier[0].header.warmup_ms
        with RecordingWriter(signpost, layout, facts=facts, **arguments) as writer:
            writer.close("running")
        if earlier:
            _check_same(Recording(signpost), earlier[-1].header)
        if n_ranks > 1:
            shutil.copyfile(signpost, folder / f".piece-{part.piece:03d}.new")
            os.replace(folder / f".piece-{part.piece:03d}.new", piece_path(output, part.piece))
        os.replace(signpost, output)
    except RecordingWriteError:
        raise
    except OSError as error:
        raise RecordingWriteError(
            f"cannot make the parts of the recording {str(output)!r} in {str(folder)!r}: "
            f"{error.strerror or error}. Free some space, or choose another --output."
        ) from error
    return part


def earlier_pieces(output: Path, step: int) -> list[Piece]:
    """Return the pieces that hold what was before ``step``, for a run that is resumed there.

    Raises
    ------
    RecordingError
        There is no recording, or it ends before that step.
    """
    if output.is_file() and not Recording(output).part.data_elsewhere:
        kept = [Piece(Recording(output), ())]
    elif output.exists() or folder_of(output).is_dir():
        headers = [h for h in find_headers(output) if h.part.first_step < step]
        kept = [load_piece(output, header) for header in headers]
    else:
        raise RecordingError(
            f"the recording {str(output)!r}, which the resumed run continues, is not there. Put it "
            "back under this name, or start the run from the beginning."
        )
    if kept[-1].steps < step:
        clock = kept[-1].header.clock
        raise RecordingError(
            f"the recording {str(output)!r} ends at {float(clock.time_ms(kept[-1].steps)):g} ms, "
            f"before the {float(clock.time_ms(step)):g} ms from which the run is resumed, so a "
            "stretch would be missing. Resume from an earlier checkpoint."
        )
    return kept


def _make_room(output: Path, earlier: Sequence[Piece]) -> None:
    """Leave the earlier pieces in the folder of the parts, and nothing else of ours."""
    folder_of(output).mkdir(exist_ok=True)
    whole = bool(earlier) and Path(earlier[0].header.path) == output
    kept = {Path(header.path).name for p in earlier for header in (p.header, *p.shards)}
    for name in os.listdir(folder_of(output)):
        if _OURS.fullmatch(name) and name != "lock" and (whole or name not in kept):
            (folder_of(output) / name).unlink(missing_ok=True)
    if whole:  # a second name for the recording
        try:
            os.link(output, piece_path(output, 0))
        except OSError:  # not every file system has links; then it has only the new name
            os.replace(output, piece_path(output, 0))


def _check_same(new: Recording, old: Recording) -> None:
    if account(new) != account(old):
        raise RecordingError(
            f"{old.path!r} is a recording of another network, or records something else, so it "
            "cannot be continued. Choose another output."
        )


def remove_parts(output: Path) -> None:
    """Remove the parts of a recording, and their folder unless it holds something else."""
    folder = folder_of(output)
    if not folder.is_dir():
        return
    merging_path(output).unlink(missing_ok=True)
    for name in os.listdir(folder):
        if _OURS.fullmatch(name):
            (folder / name).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        return  # somebody put something else there
