"""Reads recorded variables: only the samples and neurons that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError, UnknownNameError
from . import guard
from .clock import StepClock
from .network import Report
from .state_store import exact_path

_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class StateTrace:
    """A recorded variable.

    Attributes
    ----------
    times_ms : (n_samples,) ms
    values : (n_samples, n_ids), in ``unit``
        (n_samples, 1) for a sum or mean over neurons.
    ids : (n_ids,) int64
        Local ids; of the neurons summed, for a sum or mean.
    unit : str
    """

    times_ms: NDArray[np.float64]
    values: NDArray[np.floating]
    ids: NDArray[np.int64]
    unit: str


def find_report(
    reports: Sequence[Report], population: str, variable: str, recorder: str | None, where: str
) -> Report:
    """Return the report of a variable, or of the recorder called so."""
    for report in reports:
        named = variable in (report.variable, report.recorder)
        if report.population == population and named and recorder in (None, report.recorder):
            return report
    known = [f"{r.population}.{r.variable} ({r.recorder})" for r in reports]
    raise UnknownNameError("recorded state", f"{population}.{variable}", known, where)


class StateReader:
    """A report in an open file.

    Parameters
    ----------
    file : h5py.File
    report : Report
    clock : StepClock
    """

    def __init__(self, file: h5py.File, report: Report, clock: StepClock) -> None:
        group, exact = file[f"report/{report.name}"], exact_path(report.name)
        stored = (file, exact) if exact in file else (group, "data")
        self._data = guard.table(*stored, "f", 2)
        ids = "reduced_ids" if report.reduce else "mapping/node_ids"
        self.ids: NDArray[np.int64] = guard.table(group, ids, "iu")[()].astype(np.int64)
        if not report.reduce and self.ids.size != self._data.shape[1]:
            raise ValueError(f"report {report.name!r} has another number of ids than of columns")
        self.unit = guard.text(self._data.attrs, "units")
        self._report, self._clock = report, clock

    def times_ms(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the times of the samples [first, last)."""
        steps = self._report.start + np.arange(first, last) * self._report.every
        return self._clock.time_ms(steps)

    def rows(self, start_ms: float | None, stop_ms: float | None) -> tuple[int, int]:
        """Return the range of samples in [start_ms, stop_ms)."""
        n = len(self._data)
        first = 0 if start_ms is None else self._row(start_ms, n)
        return first, n if stop_ms is None else max(first, self._row(stop_ms, n))

    def _row(self, time_ms: float, n: int) -> int:
        """Return the first sample at ``time_ms`` or later."""
        step_ms = self._clock.dt_ms * self._report.every
        guess = int(np.clip((time_ms - self._clock.dt_ms * self._report.start) / step_ms, 0, n))
        low = max(0, guess - 2)
        near = self.times_ms(low, min(n, guess + 3))
        return low + int(np.searchsorted(near, time_ms))

    def columns(self, ids: ArrayLike | None) -> NDArray[np.int64] | None:
        """Return the columns of some local ids, None for all; refuse ids not recorded."""
        if ids is None:
            return None
        wanted = np.atleast_1d(np.asarray(ids))
        wanted = wanted if wanted.size else wanted.astype(np.int64)
        if self._report.reduce or wanted.dtype.kind not in "iu" or wanted.ndim != 1:
            raise DescriptionError(
                f"neurons {ids!r} of {self._report.variable!r} of {self._report.population!r} were "
                "asked for; give local ids as integers, and none for a sum or mean over neurons."
            )
        order = np.argsort(self.ids, kind="stable")
        place = np.minimum(np.searchsorted(self.ids[order], wanted), self.ids.size - 1)
        missing = wanted[self.ids[order][place] != wanted]
        if missing.size:
            raise UnknownNameError(
                "recorded neuron", int(missing[0]), map(str, self.ids[:20]),
                f"{self._report.variable!r} of {self._report.population!r} "
                f"({self.ids.size} neurons recorded)",
            )  # fmt: skip
        return order[place]

    def read(
        self, first: int, last: int, columns: NDArray[np.int64] | None
    ) -> NDArray[np.floating]:
        """Return the samples [first, last), (n_samples, n_columns)."""
        if columns is None:
            return self._data[first:last]
        out = np.empty((last - first, columns.size), self._data.dtype)
        if not columns.size:
            return out
        left, right = int(columns.min()), int(columns.max()) + 1
        step = max(1, _BLOCK_BYTES // (self._data.dtype.itemsize * (right - left)))
        for low in range(first, last, step):
            block = self._data[low : min(low + step, last), left:right]
            out[low - first : low - first + len(block)] = block[:, columns - left]
        return out

    def blocks(
        self, first: int, last: int, columns: NDArray[np.int64] | None
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.floating]]]:
        """Yield (times_ms, values) of [first, last), some MB at a time."""
        width = self._data.shape[1] if columns is None else max(1, columns.size)
        step = max(1, _BLOCK_BYTES // (self._data.dtype.itemsize * width))
        for low in range(first, last, step):
            high = min(low + step, last)
            yield self.times_ms(low, high), self.read(low, high, columns)
