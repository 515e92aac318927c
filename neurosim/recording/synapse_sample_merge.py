"""Samples of synapses of several files put together, some MB at a time.

A rank has the synapses onto its own neurons, by target; of all ranks together they are by target
again, and each target's are on one rank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import h5py
import numpy as np
from numpy.typing import NDArray

from ..parallel.share import Share
from . import guard
from .reader import Recording
from .shards import Piece
from .synapse_layout import TABLE, SynapseLayout, report_paths
from .synapse_reader import ReportReader, SynapseReportInfo, opened_report
from .synapse_store import SynapseStore

_BLOCK = 1 << 19  # synapses
_MOST_OPEN = 64  # files of a piece
_Read = Callable[[ReportReader, int, int], NDArray]


def synapse_layouts(header: Recording) -> tuple[SynapseLayout, ...]:
    """Return the recorders of synapses of a recording; what they stored is stored as it is."""
    found = []
    with guard.opened(header.path) as file:
        for report in header.synapse_reports:
            reader = ReportReader(file, report)
            positions, table = np.empty(0, np.int64), np.empty(0, TABLE)
            if report.kind == "chosen":
                positions = reader.chosen("positions")
                table = np.empty(positions.size, TABLE)
                for name in TABLE.names or ():
                    table[name] = reader.chosen(name)
            found.append(
                SynapseLayout(
                    name=report.recorder,
                    projection=report.projection,
                    variable=report.variable,
                    unit=report.unit,
                    kind=report.kind,  # type: ignore[arg-type]
                    every=report.every,
                    start=report.start,
                    dtype="float32" if reader.data.dtype == np.float32 else "float64",
                    positions=positions,
                    table=table,
                    edges=reader.edges() if report.kind == "histogram" else np.empty(0),
                    size=header.synapse_counts[report.projection] or _BLOCK,
                )
            )
    if report_paths(found) != [report.path for report in header.synapse_reports]:
        raise ValueError(f"the reports of synapses in {header.path!r} are not in their order")
    return tuple(found)


def merge_synapses(store: SynapseStore, pieces: Sequence[Piece], ends: Sequence[int]) -> None:
    """Store the samples of all pieces, each up to the step that its end says.

    The last piece's end counts: that is the sample taken where a run ended.

    Raises
    ------
    RecordingError
        A file is damaged; the message names it.
    """
    reports = pieces[0].header.synapse_reports
    if not reports:
        return
    with ExitStack() as files:
        stretches = [
            _Stretch(piece, end + (piece is pieces[-1]), files)
            for piece, end in zip(pieces, ends, strict=True)
        ]
        _merge(store, reports, stretches)


def _merge(
    store: SynapseStore, reports: Sequence[SynapseReportInfo], stretches: Sequence[_Stretch]
) -> None:
    tables: dict[str, list[int]] = {}
    for report in reports:
        if report.kind == "all" and report.projection not in tables:
            tables[report.projection] = _merge_tables(store, report, stretches)
    for index, report in enumerate(reports):
        for stretch in stretches:
            if report.kind == "all":
                for sample, step in enumerate(stretch.steps(report)):
                    plan = stretch.plan(report, sample=sample)
                    table = int(np.searchsorted(tables[report.projection], step, "right")) - 1
                    values = plan.blocks(partial(_values, sample))
                    store.add_values(index, int(step), values, table)
            else:
                for steps, rows in stretch.rows(report):
                    store.add_rows(index, steps, rows)


def _merge_tables(
    store: SynapseStore, report: SynapseReportInfo, stretches: Sequence[_Stretch]
) -> list[int]:
    """Store what the synapses of a projection connect; return from which steps."""
    known, steps = b"", []
    for stretch in stretches:
        for step in stretch.table_steps(report):
            plan = stretch.plan(report, step=step)
            digest = _digest(plan.blocks(_table))
            if known != digest:
                known = digest
                store.add_table(report.projection, step, plan.blocks(_table))
                steps.append(step)
    return steps


def _digest(blocks: Iterator[NDArray]) -> bytes:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block.tobytes())
    return digest.digest()


def _table(reader: ReportReader, low: int, high: int) -> NDArray:
    """Return rows of the tables, TABLE."""
    found = np.empty(high - low, TABLE)
    for name in TABLE.names or ():
        found[name] = reader.column(name, low, high)
    return found


def _values(sample: int, reader: ReportReader, low: int, high: int) -> NDArray:
    """Return values of a sample; rows count from the start of its table."""
    first, last = reader.bounds(sample)
    table = reader.table_of(sample)
    if last - first != table[1] - table[0]:
        raise ValueError(f"{reader.report.path!r} has values of another number of synapses")
    return reader.data[first + low - table[0] : first + high - table[0]]


@dataclass(frozen=True)
class _Plan:
    """How rows of several files become those of the whole.

    Attributes
    ----------
    stretch, report
        Whose rows they are.
    first : list of int
        The first row of each file.
    counts : list of arrays, or None
        Synapses of each of a rank's targets; None: there is one file, with everything.
    n : int
        Rows of the only file.
    """

    stretch: _Stretch
    report: SynapseReportInfo
    first: list[int]
    counts: list[NDArray[np.int64]] | None
    n: int

    def blocks(self, read: _Read) -> Iterator[NDArray]:
        """Yield what ``read`` gives of the rows of the whole, in order."""
        if self.counts is None:
            for low in range(0, self.n, _BLOCK):
                with self.stretch.opened(0, self.report) as reader:
                    high = min(low + _BLOCK, self.n)
                    block = read(reader, self.first[0] + low, self.first[0] + high)
                yield block
            return
        shares = [Share(rank, len(self.counts)) for rank in range(len(self.counts))]
        total = np.concatenate([[0], np.cumsum(shares[0].assemble(self.counts))])
        own = [np.concatenate([[0], np.cumsum(counts)]) for counts in self.counts]
        for low, high in _target_blocks(total):
            out = None
            for rank, share in enumerate(shares):
                a, b = share.count(low), share.count(high)
                first, last = int(own[rank][a]), int(own[rank][b])
                with self.stretch.opened(rank, self.report) as reader:
                    rows = read(reader, self.first[rank] + first, self.first[rank] + last)
                if out is None:
                    out = np.empty(int(total[high] - total[low]), rows.dtype)
                starts = total[share.ids(high)[a:]] - total[low] - (own[rank][a:b] - first)
                out[np.repeat(starts, self.counts[rank][a:b]) + np.arange(last - first)] = rows
            if out is not None:
                yield out


def _target_blocks(total: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of targets with about as many synapses, given where each one's start."""
    low, n = 0, total.size - 1
    while low < n:
        high = int(np.searchsorted(total, total[low] + _BLOCK, side="right")) - 1
        high = min(max(high, low + 1), n)
        if total[high] > total[low]:
            yield low, high
        low = high


class _Stretch:
    """What the files of a piece have of synapses before a step; ``files`` closes them."""

    def __init__(self, piece: Piece, end: int, files: ExitStack) -> None:
        self._piece, self._end, self._files = piece, end, files
        self._readers: dict[tuple[int, str], ReportReader] = {}
        self._open: dict[int, h5py.File] = {}
        self._plans: dict[str, tuple[tuple[tuple[int, int], ...], _Plan]] = {}

    @contextmanager
    def opened(self, file: int, report: SynapseReportInfo) -> Iterator[ReportReader]:
        """Give a file's report; what fails inside is a RecordingError that names the file."""
        path, key = self._piece.files[file].path, (file, report.path)
        if file >= _MOST_OPEN:
            with opened_report(path, report) as reader:
                yield reader
            return
        if file not in self._open:
            self._open[file] = self._files.enter_context(guard.opened(path))
        with guard.explained(path):
            if key not in self._readers:
                self._readers[key] = ReportReader(self._open[file], report)
            yield self._readers[key]

    def table_steps(self, report: SynapseReportInfo) -> list[int]:
        """Return the steps from which any file has another table."""
        found: set[int] = set()
        for file, _ in enumerate(self._piece.files):
            with self.opened(file, report) as reader:
                found |= {int(step) for step in reader.tables[0] if step < self._end}
        return sorted(found)

    def plan(self, report: SynapseReportInfo, step: int = 0, sample: int | None = None) -> _Plan:
        """Return how the rows of synapses, as they are at a step or sample, follow each other."""
        rows = []
        for file, _ in enumerate(self._piece.files):
            with self.opened(file, report) as reader:
                rows.append(reader.table_at(step) if sample is None else reader.table_of(sample))
        known = self._plans.get(report.projection)
        if known is not None and known[0] == tuple(rows):
            return _Plan(self, report, known[1].first, known[1].counts, known[1].n)
        counts = [self._counts(k, report, *own) for k, own in enumerate(rows)]
        first = [low for low, _ in rows]
        whole = not self._piece.shards
        made = _Plan(self, report, first, None if whole else counts, rows[0][1] - rows[0][0])
        self._plans[report.projection] = tuple(rows), made
        return made

    def _counts(
        self, file: int, report: SynapseReportInfo, low: int, high: int
    ) -> NDArray[np.int64]:
        """Return how many synapses each target of a rank has."""
        header = self._piece.header
        size = header.populations[header.projections[report.projection].post].size
        if not self._piece.shards:
            return np.empty(0, np.int64)
        share = Share(file, len(self._piece.shards))
        found = np.zeros(share.count(size), np.int64)
        with self.opened(file, report) as reader:
            for start in range(low, high, _BLOCK):
                targets = reader.column("target", start, min(start + _BLOCK, high))
                if not share.mine(targets).all() or np.any(np.diff(targets) < 0):
                    raise ValueError(f"the synapses of {report.projection!r} are not in order")
                found += np.bincount(share.position(targets), minlength=found.size)
        return found

    def steps(self, report: SynapseReportInfo) -> NDArray[np.int64]:
        """Return the steps of which all files have a sample."""
        found: NDArray[np.int64] | None = None
        for file, _ in enumerate(self._piece.files):
            with self.opened(file, report) as reader:
                own = reader.steps[reader.steps < self._end]
                n = own.size if found is None else min(own.size, found.size)
                if found is not None and not np.array_equal(own[:n], found[:n]):
                    raise ValueError(f"{report.path!r} was sampled at other steps by other ranks")
                found = own[:n]
        return np.empty(0, np.int64) if found is None else found

    def rows(self, report: SynapseReportInfo) -> Iterator[tuple[NDArray[np.int64], NDArray]]:
        """Yield (steps, rows) of a recorder with as many numbers in each sample."""
        steps = self.steps(report)
        with opened_report(self._piece.header.path, report) as whole:
            width = whole.data.shape[1]
            positions = whole.chosen("positions") if report.kind == "chosen" else None
            dtype = whole.data.dtype
        n = max(1, _BLOCK // width)
        for low in range(0, steps.size, n):
            high = min(low + n, steps.size)
            out = np.zeros((high - low, width), dtype)
            for file, _ in enumerate(self._piece.files):
                with self.opened(file, report) as reader:
                    if positions is None:
                        out += reader.data[low:high]
                    elif reader.data is not None:
                        out[:, _columns(positions, reader.chosen("positions"))] = reader.data[
                            low:high
                        ]
            yield steps[low:high], out


def _columns(whole: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where some chosen synapses are among all that were chosen."""
    order = np.argsort(whole, kind="stable")
    place = np.minimum(np.searchsorted(whole[order], own), whole.size - 1)
    if not np.array_equal(whole[order][place], own):
        raise ValueError("a rank has other synapses than those that were chosen")
    return order[place]
