"""Makes one recording of what ranks, or the pieces of a resumed run, recorded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError, RecordingError, RecordingWriteError
from ..locks import held
from . import guard, machine, schema
from .digest import SpikeDigest
from .layout import Layout
from .reader import Recording
from .shards import Piece, find_pieces, folder_of, lock_of, merging_path, remove_parts, steps_of
from .spike_merge import merged_spikes
from .state_merge import merged_samples, state_layouts
from .structure_merge import add_structure
from .synapse_merge import add_synapses
from .synapse_sample_merge import merge_synapses, synapse_layouts
from .writer import RecordingWriter

_PENDING_BYTES = 16 << 20
_LOCK_WAIT_S = 5.0
_LONGEST_TEXT = 4096


@dataclass(frozen=True)
class Merged:
    """What a merge made.

    Attributes
    ----------
    stop_ms : float
        The recording reaches up to here.
    n_ranks, n_pieces : int
        Of the last piece; pieces in time.
    status : str
        ``"complete"``, or why it is not.
    spikes_sha256 : str
    """

    stop_ms: float
    n_ranks: int
    n_pieces: int
    status: str
    spikes_sha256: str


@dataclass(frozen=True)
class _Stretch:
    """What the writer takes: spikes without samples, or samples of one report."""

    first_step: int
    n_steps: int
    spike_steps: NDArray[np.int64]
    spike_ids: NDArray[np.int64]
    states: list[NDArray[np.float64]]


def merge(output: str | os.PathLike[str]) -> Merged | None:
    """Make one recording of the parts that a run left, as after a crash.

    The recording reaches as far as all ranks got. The parts are removed once it is there under
    its name; whatever happens before leaves them as they are.

    Parameters
    ----------
    output : path
        What the run was given as its output.

    Returns
    -------
    Merged or None
        None: it is one file already.

    Raises
    ------
    RecordingError
        There are no parts, one is missing, damaged or of another run, or the run is going on.
    RecordingWriteError
        The recording cannot be written, for instance because the disk is full.
    """
    path = Path(output)
    if not folder_of(path).is_dir() and path.is_file():
        if Recording(path).part.data_elsewhere:
            raise RecordingError(
                f"the parts of {str(path)!r} are not there: the folder {str(folder_of(path))!r} is "
                "missing. Put it back beside the recording."
            )
        return None
    if not folder_of(path).is_dir():
        raise RecordingError(
            f"there is neither a recording {str(path)!r} nor a folder {str(folder_of(path))!r} "
            "with its parts; give the name that the run was given as its output."
        )
    with held(lock_of(path), _LOCK_WAIT_S) as ours:
        if not ours:
            raise RecordingError(
                f"the parts of {str(path)!r} are still being written or merged. Wait for the end "
                "of the run, which merges them itself."
            )
        if path.is_file() and not Recording(path).part.data_elsewhere:
            remove_parts(path)  # a merge that was killed when all but this was done
            return None
        return merge_parts(path)


def merge_parts(output: Path, summary: dict[str, Any] | None = None) -> Merged:
    """Merge the parts, whoever holds their lock; see :func:`merge`.

    Parameters
    ----------
    output : Path
    summary : dict, optional
        Of the run, instead of what rank 0 left.
    """
    merging = merging_path(output)
    for leftover in output.parent.glob(f".{_escaped(merging.name)}.*.new"):
        leftover.unlink(missing_ok=True)
    pieces = find_pieces(output)
    _check_gaps(pieces)
    status = _status(pieces[-1])
    layout = _layout(pieces[0].header)
    try:
        digest = _write(merging, layout, pieces, status, summary)
        _to_disk(merging)
        os.replace(merging, output)
    except OSError as error:
        merging.unlink(missing_ok=True)
        raise _not_written(output, pieces, error) from error
    except BaseException:
        merging.unlink(missing_ok=True)
        raise
    remove_parts(output)
    last = pieces[-1].header
    stop_ms = float(last.clock.time_ms(pieces[-1].steps))
    return Merged(stop_ms, last.n_ranks, len(pieces), status, digest)


def _not_written(output: Path, pieces: Sequence[Piece], error: OSError) -> RecordingWriteError:
    needed = sum(os.path.getsize(file.path) for piece in pieces for file in piece.files)
    why = os.strerror(error.errno) if error.errno else str(error)
    failure = RecordingWriteError(
        f"cannot make the recording {str(output)!r} of its parts: {why}. It needs about {needed} "
        f"bytes, {shutil.disk_usage(output.parent).free} are free. The parts in "
        f"{str(folder_of(output))!r} are kept; when there is space, 'neurosim merge {output}' "
        "makes the recording."
    )
    failure.errno = error.errno
    return failure


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _to_disk(path: Path) -> None:
    """Wait until a file is on the device: what it was made of is removed next."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_gaps(pieces: Sequence[Piece]) -> None:
    for piece, following in pairwise(pieces):
        if piece.steps < following.first_step:
            raise RecordingError(
                f"{piece.header.path!r} and the files of its ranks end before "
                f"{following.header.path!r} starts: a part is of another run. Put back the files "
                "of that run."
            )


def _status(piece: Piece) -> str:
    """Return whether what is merged is complete, or why not."""
    slowest = min(piece.files, key=steps_of)
    fastest = max(piece.files, key=steps_of)
    unfinished = [file for file in piece.files if file.status == "running"]
    if not unfinished and steps_of(slowest) == steps_of(fastest):
        return next((f.status for f in piece.files if not f.complete), piece.files[0].status)
    if not piece.shards:
        return f"incomplete: the run ended at {slowest.stop_ms:g} ms without finishing"
    found = f"incomplete: the run ended without finishing; all ranks got to {slowest.stop_ms:g} ms"
    if steps_of(slowest) == steps_of(fastest):
        return found
    return (
        f"{found} (rank {slowest.part.rank} no further, rank {fastest.part.rank} to "
        f"{fastest.stop_ms:g} ms)"
    )


def _layout(header: Recording) -> Layout:
    try:
        return Layout(
            populations=tuple(header.populations.values()),
            projections=tuple(header.projections.values()),
            states=tuple(state_layouts(header)),
            synapses=synapse_layouts(header),
            description=header.description,
            structures=header.structures,
            platform=_platform(header),
        )
    except DescriptionError as error:
        raise RecordingError(f"{header.path!r} is damaged: {error}") from error


def _platform(header: Recording) -> machine.PlatformLayout | None:
    with guard.opened(header.path) as file:
        return machine.layout_of(file)


def _facts(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return the attributes that tell where the recording comes from."""
    first, last = pieces[0].header, pieces[-1].header
    changing = {*schema.NUMBERS, *schema.TEXT_WIDTHS, "schema_version", "n_neurons"}
    own = {"rank", "piece", "first_step", "continues", "data_elsewhere"}
    facts = {k: v for k, v in last.provenance.items() if k not in changing | own}
    facts |= {k: first.provenance[k] for k in ("start_time", "warmup_ms")}
    hosts = {str(f.provenance.get("host", "")): None for p in pieces for f in p.files}
    if len(hosts) > 1:
        facts["hosts"] = ", ".join(hosts)[:_LONGEST_TEXT]
    if len(pieces) > 1:
        told = [
            {
                "from_ms": float(p.header.clock.time_ms(p.first_step)),
                "n_ranks": p.header.n_ranks,
                "threads": p.files[0].threads,
                "host": p.header.provenance.get("host", ""),
                "start_time": p.header.provenance.get("start_time", ""),
            }
            for p in pieces
        ]
        facts["pieces"] = json.dumps(told)[:_LONGEST_TEXT]
    return facts


def _write(
    path: Path,
    layout: Layout,
    pieces: Sequence[Piece],
    status: str,
    summary: dict[str, Any] | None,
) -> str:
    """Write the merged recording; return the digest of its spikes."""
    last, stop = pieces[-1], pieces[-1].steps
    teller = last.files[0]
    header = last.header
    with RecordingWriter(
        path,
        layout,
        header.dt_ms,
        max_pending_bytes=_PENDING_BYTES,
        facts={**_facts(pieces), "seed": header.seed},
        collected={},
    ) as writer:
        add_synapses(writer, pieces[0])
        add_structure(writer, pieces, stop)
        digest = SpikeDigest()
        ends = [*(piece.first_step for piece in pieces[1:]), stop]
        for piece, end in zip(pieces, ends, strict=True):
            for stretch in _spikes(piece, layout, end):
                digest.update(stretch.spike_steps, stretch.spike_ids)
                writer.append(stretch)
        names = layout.report_names()
        for index, (name, state) in enumerate(zip(names, layout.states, strict=True)):
            for piece, end in zip(pieces, ends, strict=True):
                for samples in merged_samples(piece, name, state, end):
                    writer.append(_samples(layout, index, samples, stop))
        merge_synapses(writer.synapses, pieces, ends)
        _add_execution(writer, teller)
        found = _found(teller)
        writer.update(**found)
        told = _checked_summary(teller, found) if summary is None else dict(summary)
        writer.finish(told | {"spikes_sha256": digest.hexdigest(), "status": status}, status)
    return digest.hexdigest()


def _add_execution(writer: RecordingWriter, teller: Recording) -> None:
    """Store what the last stretch of the run took on a machine, as every rank knows."""
    told = teller.platform
    if told is not None and told.execution:
        writer.machine.finish(told.execution, told.load, told.load_every_ms)


def _found(file: Recording) -> dict[str, Any]:
    """Return the attributes of a file that were found out during the run."""
    with guard.opened(file.path) as content:
        attributes = content["neurosim"].attrs
        numbers = ("duration_ms", "bytes_per_synapse", "real_time_factor")
        return {
            **{key: guard.scalar(attributes, key, "f") for key in numbers},
            "threads": file.threads,
            "compiler": guard.text(attributes, "compiler"),
            **file.timings,
        }


def _checked_summary(file: Recording, found: dict[str, Any]) -> dict[str, Any]:
    """Return a file's summary; what is also an attribute is what the attribute says."""
    checked = dict(file.summary)
    if "timings" in checked:
        checked["timings"] = file.timings
    for key in {*schema.NUMBERS, *schema.TEXT_WIDTHS, *schema.TIMINGS} & checked.keys():
        if checked[key] is not None:
            checked[key] = found.get(key)
    return checked


def _spikes(piece: Piece, layout: Layout, stop: int) -> Iterator[_Stretch]:
    recorded = [p for p in layout.populations if p.spikes]
    nothing = [np.empty((0, state.width)) for state in layout.states]
    first = piece.first_step
    for steps, ids, reached in merged_spikes(piece.files, recorded, first, stop):
        yield _Stretch(first, reached - first, steps, ids, nothing)
        first = reached


def _samples(layout: Layout, index: int, samples: NDArray[np.float64], stop: int) -> _Stretch:
    none = np.empty(0, np.int64)
    states = [np.empty((0, state.width)) for state in layout.states]
    states[index] = samples
    return _Stretch(stop, 0, none, none, states)
