"""The spikes of several files in one order, with a bounded number of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import h5py
import numpy as np
from numpy.typing import NDArray

from ..parallel.share import Share
from . import guard
from .layout import PopulationLayout
from .reader import Recording
from .schema import SPIKE_CHUNK

_BUDGET = 64 << 20
_MOST_ROWS = 1 << 17
_ROW_BYTES = 32
_NONE = np.empty(0, np.int64)


class _Cursor:
    """The spikes of one population in one file, read a stretch at a time.

    Attributes
    ----------
    file : Recording
    last : int
        Step of the last spike that was read.
    exhausted : bool
        Whether all spikes before ``stop`` were read.
    """

    def __init__(
        self, file: Recording, population: PopulationLayout, start: int, stop: int, rows: int
    ) -> None:
        self.file, self._population = file, population
        self._start, self._stop, self._rows = start, stop, rows
        self._position = 0
        self._steps, self._ids = _NONE, _NONE
        self.last, self.exhausted = start, False

    def read(self, file: h5py.File) -> None:
        """Read on."""
        name = self._population.name
        times = guard.table(file, f"spikes/{name}/timestamps", "f")
        ids = guard.table(file, f"spikes/{name}/node_ids", "iu")
        # A killed run may have got further in one of the two.
        end = min(len(times), len(ids), self._position + self._rows)
        found = times[self._position : end]
        local = ids[self._position : end].astype(np.int64)
        guard.ascending(found, name)
        steps = self.file.clock.steps(found)
        self._check(steps, local)
        self.exhausted = end == min(len(times), len(ids))
        within = int(np.searchsorted(steps, self._stop))
        self.exhausted = self.exhausted or within < steps.size
        self._position = end
        self._steps = np.concatenate([self._steps, steps[:within]])
        self._ids = np.concatenate([self._ids, local[:within] + self._population.first_id])
        if self._steps.size:
            self.last = int(self._steps[-1])

    def _check(self, steps: NDArray[np.int64], ids: NDArray[np.int64]) -> None:
        if not steps.size:
            return
        if steps[0] < self.last:
            raise ValueError(f"the spike times of {self._population.name} start too early")
        if not 0 <= ids.min() <= ids.max() < self._population.size:
            raise ValueError(f"spikes of {self._population.name!r} have ids beyond its size")
        part = self.file.part
        if part.rank is not None:
            # rank 0 tells what sources emit, but events of neurons come from who owns them
            all_mine = self._population.kind == "source" and part.rank == 0
            if not (all_mine or Share(part.rank, part.n_ranks).mine(ids).all()):
                raise ValueError(f"spikes of {self._population.name!r} are not of this rank")

    def is_short(self) -> bool:
        """Whether to read on now, so that not too little is taken each time."""
        return not self.exhausted and 2 * self._steps.size < self._rows

    def take(self, before: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (steps, network-wide ids) of the spikes before a step, and let go of them."""
        n = int(np.searchsorted(self._steps, before))
        taken = self._steps[:n], self._ids[:n]
        self._steps, self._ids = self._steps[n:], self._ids[n:]
        return taken


def merged_spikes(
    files: Sequence[Recording], populations: Sequence[PopulationLayout], start: int, stop: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], int]]:
    """Yield (steps, network-wide ids, reached): spikes of [start, stop) by step, then id.

    Parameters
    ----------
    files : sequence of Recording
        No neuron is in two of them.
    populations : sequence of PopulationLayout
        Those whose spikes were recorded.
    start, stop : int
        Steps.

    Yields
    ------
    steps, ids : (n_spikes,) int64
    reached : int
        All spikes before this step have been yielded.

    Raises
    ------
    RecordingError
        A file is damaged; the message names it.
    """
    n_cursors = max(1, len(files) * len(populations))
    rows = int(np.clip(_BUDGET // _ROW_BYTES // n_cursors, SPIKE_CHUNK, _MOST_ROWS))
    cursors = [_Cursor(file, p, start, stop, rows) for file in files for p in populations]
    n_ids = max((p.first_id + p.size for p in populations), default=0)
    _read(cursors)
    reached = start
    while reached < stop:
        reading = [cursor for cursor in cursors if not cursor.exhausted]
        # Further spikes of the last step that was read may follow.
        reached = min((cursor.last for cursor in reading), default=stop)
        taken = [cursor.take(reached) for cursor in cursors]
        steps = np.concatenate([_NONE, *(part[0] for part in taken)])
        ids = np.concatenate([_NONE, *(part[1] for part in taken)])
        yield *_in_order(steps, ids, n_ids), reached
        _read([cursor for cursor in reading if cursor.last == reached or cursor.is_short()])


def _read(cursors: Sequence[_Cursor]) -> None:
    """Let cursors read on; those of one file, which follow one another, at once."""
    for path, of_file in groupby(cursors, lambda cursor: cursor.file.path):
        with guard.opened(path) as file:
            for cursor in of_file:
                cursor.read(file)


def _in_order(
    steps: NDArray[np.int64], ids: NDArray[np.int64], n_ids: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return spikes sorted by step, then id."""
    if not steps.size:
        return steps, ids
    first = int(steps.min())
    if (int(steps.max()) - first + 1) * n_ids < 1 << 62:
        keys = np.sort((steps - first) * n_ids + ids)
        return keys // n_ids + first, keys % n_ids
    order = np.lexsort((ids, steps))
    return steps[order], ids[order]
