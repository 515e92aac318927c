"""Where recorders of synapses left their samples in a file, and reading them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from . import guard
from .synapse_layout import TABLE
from .synapse_store import ROOT

KINDS = ("all", "chosen", "histogram")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class SynapseReportInfo:
    """Where a recorder of synapses left its samples: ``path`` in the file, and what they are."""

    path: str
    projection: str
    variable: str
    recorder: str
    kind: str
    unit: str
    every: int
    start: int
    order: int


def synapse_reports(own: h5py.Group, known: Sequence[str]) -> Iterator[SynapseReportInfo]:
    """Yield what recorders of synapses left, in order of their declaration.

    Parameters
    ----------
    own : h5py.Group
        ``/neurosim``.
    known : sequence of str
        The projections of the recording.
    """
    if "synapses" not in own:
        return
    found = []
    for projection, parent in own["synapses"].items():
        for name, group in parent["reports"].items():
            words: dict[str, Any] = {
                key: guard.text(group.attrs, key)
                for key in ("projection", "variable", "recorder", "kind", "unit")
            }
            if words["projection"] not in known or words["kind"] not in KINDS:
                raise ValueError(f"report {name!r} of synapses: {words}")
            numbers = {key: guard.scalar(group.attrs, key, "iu") for key in ("start", "order")}
            every = guard.count(guard.scalar(group.attrs, "every", "iu"), f"interval of {name}", 1)
            path = f"{guard.plain(projection)}/reports/{guard.plain(name)}"
            found.append(SynapseReportInfo(path, **words, every=every, **numbers))
    yield from sorted(found, key=lambda report: report.order)


@contextmanager
def opened_report(path: str, report: SynapseReportInfo) -> Iterator[ReportReader]:
    """Open a file and a report in it; what fails inside is a RecordingError that names the file."""
    with guard.opened(path) as file:
        yield ReportReader(file, report)


class ReportReader:
    """A report of synapses in an open file; only samples that are whole count.

    Attributes
    ----------
    steps : (n_samples,) int64
    data : h5py.Dataset or None
        Values or counts; None in the file of a rank that has none of the chosen synapses.
    """

    def __init__(self, file: h5py.File, report: SynapseReportInfo) -> None:
        self._group = file[f"{ROOT}/{report.path}"]
        self._table = file.get(f"{ROOT}/{report.projection}/table")
        self.report = report
        steps = guard.table(self._group, "steps", "i")
        if report.kind == "all":
            self.data = guard.table(self._group, "values", "f")
            self._ends = _ends(self._group, len(self.data), len(steps))
            self._which = guard.table(self._group, "table", "i")[()].astype(np.int64)
            # a file that was cut off may have a sample, but not yet what it refers to
            n_tables = len(self.tables[0])
            n = min(len(self._ends) - 1, self._which.size)
            n = int(np.argmax(np.append(self._which[:n] >= n_tables, True)))
        elif report.kind == "histogram" or "values" in self._group:
            histogram = report.kind == "histogram"
            self.data = guard.table(
                self._group, "counts" if histogram else "values", "i" if histogram else "f", 2
            )
            n = min(len(steps), len(self.data))
        else:
            self.data = None
            n = len(steps)
        self.steps: NDArray[np.int64] = steps[:n].astype(np.int64)
        if self.steps.size and (self.steps[0] < 0 or np.any(np.diff(self.steps) <= 0)):
            raise ValueError(f"the steps of {report.path!r} are not in ascending order")

    def bounds(self, sample: int) -> tuple[int, int]:
        """Return the rows of a sample of all synapses."""
        return int(self._ends[sample]), int(self._ends[sample + 1])

    def values(self, sample: int) -> NDArray[np.floating]:
        """Return a sample of all synapses."""
        low, high = self.bounds(sample)
        return self.data[low:high]

    def blocks(self, sample: int) -> Iterator[NDArray[np.floating]]:
        """Yield a sample of all synapses in pieces."""
        low, high = self.bounds(sample)
        for at in range(low, high, _BLOCK):
            yield self.data[at : min(at + _BLOCK, high)]

    @cached_property
    def tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From which steps tables hold, (n,), and where they start and end, (n + 1,)."""
        if self._table is None:
            raise ValueError(f"{self.report.path!r} lacks its table of synapses")
        steps = guard.table(self._table, "steps", "i")
        rows = min(len(guard.table(self._table, name, "u")) for name in TABLE.names or ())
        ends = _ends(self._table, rows, len(steps))
        return steps[: len(ends) - 1].astype(np.int64), ends

    def table_of(self, sample: int) -> tuple[int, int]:
        """Return the rows of the table that a sample follows."""
        return self._rows(int(self._which[sample]))

    def table_at(self, step: int) -> tuple[int, int]:
        """Return the rows of the table that holds at a step."""
        return self._rows(int(np.searchsorted(self.tables[0], step, side="right")) - 1)

    def _rows(self, which: int) -> tuple[int, int]:
        ends = self.tables[1]
        if not 0 <= which < len(ends) - 1:
            raise ValueError(f"{self.report.path!r} refers to a table of synapses it does not have")
        return int(ends[which]), int(ends[which + 1])

    def column(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        """Return some rows of a column of the tables."""
        return self._table[name][low:high].astype(np.int64)

    def chosen(self, name: str) -> NDArray[np.int64]:
        """Return ``positions``, ``source``, ``target`` or ``delay`` of chosen synapses."""
        found = guard.table(self._group, name, "iu")[()].astype(np.int64)
        if len(found) != self.data.shape[1]:
            raise ValueError(f"{self.report.path!r} has another number of {name} than of columns")
        return found

    def edges(self) -> NDArray[np.float64]:
        """Return the ends of a histogram's bins."""
        found = guard.table(self._group, "edges", "f")[()]
        if found.size + 1 != self.data.shape[1] or not np.all(np.diff(found) > 0):
            raise ValueError(f"the bins of {self.report.path!r} are damaged")
        return found


def _ends(group: h5py.Group, rows: int, most: int) -> NDArray[np.int64]:
    """Return where samples start and end, (n + 1,), of those that are whole."""
    ends = np.concatenate([[0], guard.table(group, "ends", "i")[:most].astype(np.int64)])
    if np.any(np.diff(ends) < 0):
        raise ValueError(f"the ends in {group.name!r} are not in ascending order")
    return ends[ends <= rows]
