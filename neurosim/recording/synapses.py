"""Reads what was recorded of synapses: only the samples that are asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError, RecordingError, UnknownNameError
from ..sonata_edges import new_edge_file, write_edge_population
from .synapse_layout import TABLE
from .synapse_reader import KINDS, ReportReader, SynapseReportInfo, opened_report
from .times import milliseconds

if TYPE_CHECKING:
    from .reader import Recording


@dataclass(frozen=True)
class SynapseSnapshot:
    """A variable of all synapses of a projection at one time.

    Attributes
    ----------
    time_ms : float
    values : (n_synapses,), in ``unit``
        By target, within a target in order of drawing, as ``Simulation.synapses``.
    unit : str
    source, target : (n_synapses,) int64
        Ids within their populations.
    delay_ms : (n_synapses,) float64
    """

    time_ms: float
    values: NDArray[np.floating]
    unit: str
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    delay_ms: NDArray[np.float64]


@dataclass(frozen=True)
class SynapseTrace:
    """A variable of chosen synapses over time.

    Attributes
    ----------
    times_ms : (n_samples,)
    values : (n_samples, n), in ``unit``
    unit : str
    positions : (n,) int64
        Which synapses, in the order of ``Simulation.synapses``.
    source, target : (n,) int64
        Ids within their populations.
    delay_ms : (n,) float64
    """

    times_ms: NDArray[np.float64]
    values: NDArray[np.floating]
    unit: str
    positions: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    delay_ms: NDArray[np.float64]


@dataclass(frozen=True)
class SynapseHistogram:
    """How a variable of all synapses of a projection is distributed, over time.

    Attributes
    ----------
    times_ms : (n_samples,)
    edges : (n_bins + 1,) float64, in ``unit``
        Bins have their lower end, the last one both.
    counts : (n_samples, n_bins) int64
    below, above : (n_samples,) int64
        Synapses outside the bins.
    unit : str
    """

    times_ms: NDArray[np.float64]
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    unit: str


class RecordedSynapses:
    """What was recorded of the synapses of a projection; ``recording.synapses("E->E")``.

    Nothing is read before it is asked for. Times are plain numbers in ms or quantities; values
    are in the unit that is told with them (mV, pA, nS, ms, or SI). ``recorder`` names one where
    several recorded the same; by default the first that fits.

    Attributes
    ----------
    projection : str
    reports : tuple of SynapseReportInfo
    """

    def __init__(self, recording: Recording, projection: str) -> None:
        self._recording, self.projection = recording, projection
        self.reports = tuple(r for r in recording.synapse_reports if r.projection == projection)

    def __repr__(self) -> str:
        told = ", ".join(f"{r.variable} ({r.kind})" for r in self.reports) or "nothing"
        return f"<synapses {self.projection!r} of {self._recording.path!r}: {told}>"

    @property
    def variables(self) -> tuple[str, ...]:
        """What was recorded."""
        return tuple(dict.fromkeys(report.variable for report in self.reports))

    def times_ms(self, variable: str = "w", *, recorder: str | None = None) -> NDArray[np.float64]:
        """Return when a variable was sampled."""
        report = self._report(variable, recorder, KINDS)
        with self._open(report) as reader:
            return self._recording.clock.time_ms(reader.steps)

    def values(
        self, variable: str = "w", time: Any = None, *, recorder: str | None = None
    ) -> NDArray[np.floating]:
        """Return a variable of all synapses; see :meth:`snapshot`."""
        report = self._report(variable, recorder, ("all",))
        with self._open(report) as reader:
            return reader.values(self._sample(reader, time))

    def unit(self, variable: str = "w", *, recorder: str | None = None) -> str:
        """Return the unit of a variable's values."""
        return self._report(variable, recorder, KINDS).unit

    def snapshot(
        self, variable: str = "w", time: Any = None, *, recorder: str | None = None
    ) -> SynapseSnapshot:
        """Return a variable of all synapses, and what they connect.

        Parameters
        ----------
        variable : str
        time : time, optional
            The last sample up to this time; by default the last of all.
        recorder : str, optional

        Raises
        ------
        UnknownNameError
            It was not recorded of all synapses.
        RecordingError
            There is no sample up to that time.
        """
        report = self._report(variable, recorder, ("all",))
        with self._open(report) as reader:
            sample = self._sample(reader, time)
            step = int(reader.steps[sample])
            source, target, delay = (
                reader.column(name, *reader.table_of(sample)) for name in TABLE.names or ()
            )
            values = reader.values(sample)
        if values.size != source.size:
            raise RecordingError(
                f"{self._recording.path!r} is damaged: {values.size} values of {variable!r} of "
                f"{source.size} synapses of {self.projection!r}"
            )
        clock = self._recording.clock
        return SynapseSnapshot(
            float(clock.time_ms(step)), values, report.unit, source, target, clock.time_ms(delay)
        )

    def save_weights(
        self,
        path: str | os.PathLike[str],
        variable: str = "w",
        time: Any = None,
        *,
        recorder: str | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write a snapshot as a SONATA edge file, as ``Simulation.save_weights`` does.

        Parameters
        ----------
        path : path
        variable, time, recorder
            As of :meth:`snapshot`.
        overwrite : bool
            Whether a file that exists is replaced.

        Raises
        ------
        EdgeFileError
            The file exists, or cannot be written.
        """
        found = self.snapshot(variable, time, recorder=recorder)
        known = self._recording.projections[self.projection]
        with new_edge_file(path, overwrite=overwrite) as edges:
            write_edge_population(
                edges.create_group(self.projection),
                (known.pre, known.post),
                (found.source, found.target),
                found.values,
                found.unit,
                found.delay_ms,
            )

    def trace(
        self,
        variable: str = "w",
        start: Any = None,
        stop: Any = None,
        *,
        recorder: str | None = None,
    ) -> SynapseTrace:
        """Return a variable of the chosen synapses in [start, stop), reading only that."""
        report = self._report(variable, recorder, ("chosen",))
        clock = self._recording.clock
        with self._open(report) as reader:
            times = clock.time_ms(reader.steps)
            first, last = _rows(times, start, stop)
            positions, source, target, delay = (
                reader.chosen(name) for name in ("positions", *(TABLE.names or ()))
            )
            values = reader.data[first:last]
        connect = (positions, source, target, clock.time_ms(delay))
        return SynapseTrace(times[first:last], values, report.unit, *connect)

    def histogram(
        self,
        variable: str = "w",
        bins: int | ArrayLike | None = None,
        start: Any = None,
        stop: Any = None,
        *,
        recorder: str | None = None,
    ) -> SynapseHistogram:
        """Return how a variable is distributed over time.

        Parameters
        ----------
        variable : str
        bins : int or (n_bins + 1,) array, optional
            Of values that were recorded of all synapses: how many bins between the smallest and
            the largest value, or the ends of bins. By default those of ``record_histogram``, or
            50 if it was not used.
        start, stop : time, optional
        recorder : str, optional
        """
        kinds = ("histogram", "all") if bins is None else ("all",)
        report = self._report(variable, recorder, kinds)
        with self._open(report) as reader:
            times = self._recording.clock.time_ms(reader.steps)
            first, last = _rows(times, start, stop)
            if report.kind == "histogram":
                edges, found = reader.edges(), reader.data[first:last].astype(np.int64)
            else:
                edges = _edges(reader, range(first, last), 50 if bins is None else bins)
                found = np.stack(
                    [np.zeros(edges.size + 1, np.int64)]
                    + [_counted(reader, k, edges) for k in range(first, last)]
                )[1:]
        return SynapseHistogram(
            times[first:last], edges, found[:, 1:-1], found[:, 0], found[:, -1], report.unit
        )

    def _report(
        self, variable: str, recorder: str | None, kinds: Sequence[str]
    ) -> SynapseReportInfo:
        for kind in kinds:
            for report in self.reports:
                named = variable in (report.variable, report.recorder)
                if named and report.kind == kind and recorder in (None, report.recorder):
                    return report
        known = [f"{r.variable} ({r.kind}, {r.recorder})" for r in self.reports]
        raise UnknownNameError(
            f"recorded variable of {' or '.join(kinds)} synapses"
            if len(kinds) < len(KINDS)
            else "recorded variable",
            variable,
            known,
            f"projection {self.projection!r} of {self._recording.path!r}",
        )

    def _open(self, report: SynapseReportInfo) -> AbstractContextManager[ReportReader]:
        self._recording.require_data()
        return opened_report(self._recording.path, report)

    def _sample(self, reader: ReportReader, time: Any) -> int:
        """Return the last sample up to a time."""
        limit = milliseconds(time, "time")
        times = self._recording.clock.time_ms(reader.steps)
        tolerance = self._recording.dt_ms * 1e-6
        n = times.size if limit is None else int(np.searchsorted(times, limit + tolerance))
        if not n:
            when = "" if limit is None else f" up to {limit:g} ms"
            raise RecordingError(
                f"{self._recording.path!r} has no sample of {reader.report.variable!r} of "
                f"{self.projection!r}{when}; the first would be at "
                f"{reader.report.start * self._recording.dt_ms:g} ms."
            )
        return n - 1


def _rows(times: NDArray[np.float64], start: Any, stop: Any) -> tuple[int, int]:
    """Return the samples in [start, stop)."""
    low, high = milliseconds(start, "start"), milliseconds(stop, "stop")
    first = 0 if low is None else int(np.searchsorted(times, low))
    return first, times.size if high is None else max(first, int(np.searchsorted(times, high)))


def _edges(reader: ReportReader, samples: range, bins: int | ArrayLike) -> NDArray[np.float64]:
    ends = np.asarray(bins, np.float64)
    if ends.ndim == 1 and ends.size > 1 and np.all(np.diff(ends) > 0):
        return ends
    if ends.ndim or not isinstance(bins, int | np.integer) or bins < 1:
        raise DescriptionError(f"bins is {bins!r}; give how many, or the ascending ends of bins.")
    low, high = np.inf, -np.inf
    for sample in samples:
        for block in reader.blocks(sample):
            low, high = min(low, float(block.min())), max(high, float(block.max()))
    if not low < high:
        low, high = (0.0, 1.0) if low > high else (low - 0.5, low + 0.5)
    return np.linspace(low, high, int(bins) + 1)


def _counted(reader: ReportReader, sample: int, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many values lie below, in each of, and above the bins."""
    found = np.zeros(edges.size + 1, np.int64)
    for block in reader.blocks(sample):
        place = np.searchsorted(edges, block, side="right")
        place[block == edges[-1]] = edges.size - 1
        found += np.bincount(place, minlength=edges.size + 1)
    return found
