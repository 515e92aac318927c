"""The recorded variables of several files side by side, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import h5py
import numpy as np
from numpy.typing import NDArray

from ..parallel import exact_sums, wide_sums
from ..parallel.share import Share
from . import guard
from .layout import StateLayout
from .reader import Recording
from .shards import Piece
from .state_store import exact_path

_BLOCK_BYTES = 4 << 20


def state_layouts(header: Recording) -> list[StateLayout]:
    """Return the recorders of a recording, in an order that names their reports the same again.

    Their scale is 1: what is stored is stored again as it is.
    """
    found = []
    with guard.opened(header.path) as file:
        # ``E.v``, then ``E.v.2``, ..., ``E.v.10``
        for report in sorted(header.reports, key=lambda r: (len(r.name), r.name)):
            data = _table(file, report.name, "f")
            ids = "reduced_ids" if report.reduce else "mapping/node_ids"
            found.append(
                StateLayout(
                    name=report.recorder,
                    population=report.population,
                    variable=report.variable,
                    unit=guard.text(data.attrs, "units"),
                    ids=guard.table(file[f"report/{report.name}"], ids, "iu")[()].astype(np.int64),
                    every=report.every,
                    dtype="float64" if exact_path(report.name) in file else "float32",
                    start=report.start,
                    reduce=report.reduce,  # type: ignore[arg-type]
                )
            )
    return found


def merged_samples(
    piece: Piece, report: str, state: StateLayout, stop: int
) -> Iterator[NDArray[np.float64]]:
    """Yield the samples of a report in a piece before the step ``stop``, as they are stored.

    Parameters
    ----------
    piece : Piece
    report : str
    state : StateLayout
        Of the whole, from :func:`state_layouts`.
    stop : int

    Yields
    ------
    (n_samples, width) float64

    Raises
    ------
    RecordingError
        A file is damaged; the message names it.
    """
    wanted = state.samples_before(stop) - state.samples_before(piece.first_step)
    holders = [file for file in piece.files if _holds(file, state)]
    counts = [_count(file, report, state, wanted) for file in holders]
    # A recorder may have an end of its own, so there may be fewer, but of all ranks as many.
    n = min(counts, default=0)
    if counts and max(counts) != n:
        short = holders[counts.index(n)]
        with guard.opened(short.path):
            raise ValueError(f"report {report!r} has {n} samples; other ranks have {max(counts)}")
    rows = max(1, _BLOCK_BYTES // (8 * state.width))
    for low in range(0, n, rows):
        high = min(low + rows, n)
        if state.reduce and piece.shards:
            yield _sums(holders, report, low, high)
        else:
            yield _side_by_side(holders, report, state, low, high)


def _holds(file: Recording, state: StateLayout) -> bool:
    return file.part.rank is None or bool(state.reduce) or _columns(file, state).size > 0


def _columns(file: Recording, state: StateLayout) -> NDArray[np.int64]:
    """Return the columns of the whole that a file has."""
    if file.part.rank is None:
        return np.arange(state.width)
    return np.flatnonzero(Share(file.part.rank, file.part.n_ranks).mine(state.ids))


def _table(file: h5py.File, report: str, kind: str) -> h5py.Dataset:
    """Return the stored values of a report."""
    exact = exact_path(report)
    if exact in file:
        return guard.table(file, exact, kind, 2)
    return guard.table(file, f"report/{report}/data", kind, 2)


def _count(file: Recording, report: str, state: StateLayout, wanted: int) -> int:
    """Return how many of the wanted samples a file has; refuse a table of another shape."""
    words = bool(state.reduce) and file.part.rank is not None
    with guard.opened(file.path) as content:
        table = _table(content, report, "i" if words else "f")
        known = (exact_sums.WORDS, wide_sums.WORDS) if words else (_columns(file, state).size,)
        if table.shape[1] not in known:
            raise ValueError(f"report {report!r} has {table.shape[1]} columns, not {known[-1]}")
        return max(0, min(wanted, len(table)))


def _side_by_side(
    files: list[Recording], report: str, state: StateLayout, low: int, high: int
) -> NDArray[np.float64]:
    out = np.empty((high - low, state.width))
    for file in files:
        with guard.opened(file.path) as content:
            out[:, _columns(file, state)] = _table(content, report, "f")[low:high]
    return out


def _sums(files: list[Recording], report: str, low: int, high: int) -> NDArray[np.float64]:
    """Return the sums over ranks, rounded once, then scaled as a single process does it."""
    words, scale = [], 1.0
    for file in files:
        with guard.opened(file.path) as content:
            words.append(_table(content, report, "i")[low:high].astype(np.int64))
            scale = guard.scalar(content[f"report/{report}"].attrs, "scale", "f")
            if words[-1].shape[1] != words[0].shape[1]:
                raise ValueError(f"report {report!r} has sums of another kind than other ranks")
    if words[0].shape[1] == wide_sums.WORDS:
        return (wide_sums.totals(words) * scale)[:, None]
    total = words[0]
    for others in words[1:]:
        total = exact_sums.add_words(total, others)
    return (exact_sums.exact_total(total) * scale)[:, None]
