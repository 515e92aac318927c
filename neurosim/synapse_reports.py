"""Samples of synapses for the recording, taken between two stretches of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from . import streams
from .engines.base import SYNAPSE, Chunk, Executable, SynapseWatch
from .errors import DescriptionError
from .lowering.program import Program, SynapseReport
from .lowering.synapse_recorders import report_of_synapses
from .parallel.communicator import Communicator
from .parallel.outcome import together
from .recorded import stored_unit
from .recording.synapse_layout import SynapseLayout
from .recording.synapse_store import SynapseStore, in_blocks


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Synapses of a recorder: positions in the whole, what they connect, and which are own."""

    positions: NDArray[np.int64]
    table: NDArray[np.void]
    own: NDArray[np.int64]


class SynapseReports:
    """What recorders of synapses sample, and when.

    Values are those at the start of a step. One more sample is taken where the run ends.

    Parameters
    ----------
    program : Program
    communicator : Communicator
        The ranks, each of which samples the synapses onto its own neurons; all make this together.
    executable : Executable
        Built.
    precision : {"double", "single"}
        In which values are stored.

    Attributes
    ----------
    layouts : tuple of SynapseLayout
        Of the whole network.

    Raises
    ------
    DescriptionError
        A synapse was chosen that does not exist.
    """

    def __init__(
        self,
        program: Program,
        communicator: Communicator,
        executable: Executable,
        precision: str,
    ) -> None:
        self._program, self._ranks, self._executable = program, communicator, executable
        self._reports = program.synapse_reports
        self._last = [-1] * len(self._reports)
        self._tables: dict[str, bytes] = {}  # what tells those recorded from others
        self._restructured = {p.name for p in program.projections if p.restructured}
        self._shared: dict[tuple[str, str], float] = {}  # as the stretch at hand began
        self._chosen = {k: self._choose(r) for k, r in enumerate(self._reports) if _is_chosen(r)}
        watches = [self._watches(index) for index in self._chosen]
        executable.watch_synapses([watch for own in watches for watch in own])
        dtype: Literal["float32", "float64"] = "float32" if precision == "single" else "float64"
        self.layouts = tuple(
            self._layout(report, self._chosen.get(index), dtype)
            for index, report in enumerate(self._reports)
        )

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before the next sample."""
        for report in self._reports:
            if _is_chosen(report) or (report.stop is not None and step >= report.stop):
                continue
            passed = step - report.start
            ahead = report.every - passed % report.every if passed >= 0 else -passed
            wanted = min(wanted, ahead)
        return wanted

    def take(self, step: int, store: SynapseStore, *, last: bool = False) -> None:
        """Sample what is due as ``step`` starts; ``last``: all that has not been, as a run ends."""
        read: dict[tuple[str, str], NDArray[np.float64]] = {}
        for index, report in enumerate(self._reports):
            for variable in report.shared:
                key = report.projection, variable
                self._shared[key] = self._executable.read_shared(*key)
            over = report.stop is not None and step >= report.stop
            due = report.due(step) and not _is_chosen(report)
            wanted = due or (last and step >= report.start and not over)
            if wanted and self._last[index] != step:
                self._last[index] = step
                self._store(index, step, self._values(index, step, read), store)

    def _store(
        self, index: int, step: int, values: NDArray[np.float64], store: SynapseStore
    ) -> None:
        report = self._reports[index]
        if report.kind == "all":
            self._store_table(report.projection, step, store)
            store.add_values(index, step, in_blocks(values))
        else:
            rows = counts(values, report) if report.kind == "histogram" else values
            store.add_rows(index, np.array([step]), rows[None, :])

    def _store_table(self, projection: str, step: int, store: SynapseStore) -> None:
        """Record what the synapses connect, unless it has not changed."""
        known = self._tables.get(projection)
        if known is None or projection in self._restructured:
            table = self._executable.synapse_table(projection)
            digest = hashlib.sha256(table.tobytes()).digest()
            if digest != known:
                store.add_table(projection, step, in_blocks(table))
                self._tables[projection] = digest

    def append(self, chunk: Chunk, store: SynapseStore) -> None:
        """Record what an engine sampled of chosen synapses in a stretch."""
        samples = iter(chunk.synapses)
        for index in self._chosen:
            report = self._reports[index]
            n = report.n_samples(chunk.first_step, chunk.n_steps)
            values = {name: next(samples)[:n] for name in report.inputs}
            before = report.n_samples(0, chunk.first_step)
            steps = report.start + (before + np.arange(n)) * report.every
            store.add_rows(index, steps, self._made(report, values, steps))

    def _values(
        self, index: int, step: int, read: dict[tuple[str, str], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return what a report records of the rank's synapses, SI units."""
        report, chosen = self._reports[index], self._chosen.get(index)
        for variable in report.inputs:
            key = report.projection, variable
            if key not in read:
                read[key] = self._executable.read_synapses(*key)
        which = slice(None) if chosen is None else chosen.own
        inputs = {name: read[report.projection, name][which] for name in report.inputs}
        return self._made(report, inputs, np.asarray(step))

    def _made(
        self, report: SynapseReport, inputs: dict[str, NDArray[np.float64]], steps: NDArray
    ) -> NDArray[np.float64]:
        """Return a report's values of its inputs at some steps."""
        shared = {name: self._shared[report.projection, name] for name in report.shared}
        dt = self._program.dt
        return report_of_synapses(report, inputs, shared, steps * dt, dt)

    def _watches(self, index: int) -> list[SynapseWatch]:
        """Return what the engine is to sample for a report of chosen synapses."""
        report, own = self._reports[index], self._chosen[index].own
        times = report.every, report.start, report.stop
        return [SynapseWatch(report.projection, name, own, *times) for name in report.inputs]

    def _layout(
        self, report: SynapseReport, chosen: _Chosen | None, dtype: Literal["float32", "float64"]
    ) -> SynapseLayout:
        unit, scale = stored_unit(report.dimension)
        low, high, n = report.bins or (0.0, 0.0, -1)
        nothing = np.empty(0, SYNAPSE)
        return SynapseLayout(
            name=report.name,
            projection=report.projection,
            variable=report.variable,
            unit=unit,
            kind=report.kind,
            every=report.every,
            start=report.start,
            scale=scale,
            dtype=dtype,
            positions=np.empty(0, np.int64) if chosen is None else chosen.positions,
            table=nothing if chosen is None else chosen.table,
            edges=np.linspace(low * scale, high * scale, n + 1),
            size=self._executable.synapse_count(report.projection),
        )

    def _choose(self, report: SynapseReport) -> _Chosen:
        """Return the chosen synapses; all ranks together."""
        program, share = self._program, self._ranks.share
        projection = next(p for p in program.projections if p.name == report.projection)
        size = program.population(projection.post.population).size
        table = self._executable.synapse_table(report.projection)
        own = np.bincount(share.position(table["target"]), minlength=share.count(size))
        per_target = share.assemble(self._ranks.gather(own))
        starts = np.concatenate([[0], np.cumsum(per_target)])
        positions = together(self._ranks, lambda: _positions(report, program, int(starts[-1])))
        target = np.searchsorted(starts, positions, side="right") - 1
        mine = share.mine(target)
        within = (positions - starts[target])[mine]
        first = np.concatenate([[0], np.cumsum(own)])[share.position(target[mine])]
        rows = np.stack(
            [np.flatnonzero(mine), *(table[first + within][name] for name in SYNAPSE.names or ())],
            axis=1,
        ).astype(np.int64)
        rows = np.concatenate(self._ranks.gather(rows))
        chosen = np.empty(positions.size, SYNAPSE)
        for column, name in enumerate(SYNAPSE.names or ()):
            chosen[name][rows[:, 0]] = rows[:, 1 + column]
        return _Chosen(positions, chosen, first + within)


def _is_chosen(report: SynapseReport) -> bool:
    return report.kind == "chosen"


def counts(values: NDArray[np.float64], report: SynapseReport) -> NDArray[np.int64]:
    """Return how many values lie below, in each of, and above a report's bins, (n + 2,).

    Bins have their lower end; the last one also its upper.
    """
    low, high, n = report.bins or (0.0, 1.0, 1)
    ends = np.linspace(low, high, n + 1)
    place = np.searchsorted(ends, values, side="right")
    place[values == ends[-1]] = n
    return np.bincount(place[~np.isnan(values)], minlength=n + 2)


def _positions(report: SynapseReport, program: Program, n: int) -> NDArray[np.int64]:
    """Return the chosen of ``n`` synapses."""
    where = f"recorder {report.name!r}: projection {report.projection!r} has {n} synapses"
    if isinstance(report.synapses, np.ndarray):
        largest = int(report.synapses.max(initial=-1))
        if largest >= n:
            raise DescriptionError(f"{where}; there is no number {largest}. Give 0 to {n - 1}.")
        return report.synapses
    if report.synapses > n:
        raise DescriptionError(f"{where}; {report.synapses} cannot be drawn. Ask for fewer.")
    index = next(p.index for p in program.projections if p.name == report.projection)
    return drawn(program.seed, index, report.synapses, n)


def drawn(seed: int, projection: int, n: int, of: int) -> NDArray[np.int64]:
    """Return ``n`` different numbers below ``of``, ascending: the first of a random stream."""
    found: NDArray[np.int64] = np.empty(0, np.int64)
    calls = 0
    while found.size < n:
        more = np.arange(calls, calls + 2 * n + 16)
        calls += more.size
        word = streams.words(seed, streams.Purpose.CHOSEN, projection, 0, more)
        both = np.concatenate([found, _below(word, of)])
        _, first = np.unique(both, return_index=True)
        found = both[np.sort(first)][:n]
    return np.sort(found)


def _below(word: NDArray[np.uint32], of: int) -> NDArray[np.int64]:
    """Return floor(of * w / 2^64), w being a word's first 64 bits."""
    pairs = word[:, :2].tolist()
    return np.array([((high << 32 | low) * of) >> 64 for high, low in pairs], np.int64)
