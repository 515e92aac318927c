"""What a recording holds of a program: its layout, and the samples of its reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .engines.base import Chunk
from .lowering.program import Program, ReportProgram
from .lowering.recorders import report_values
from .parallel import exact_sums, wide_sums
from .parallel.share import Share
from .recording import Layout, PopulationLayout, ProjectionLayout, StateLayout

_STORED_UNITS = {"V": ("mV", 1e3), "A": ("pA", 1e12), "S": ("nS", 1e9), "s": ("ms", 1e3)}
_BLOCK_BYTES = 1 << 20


class Reports:
    """Makes the samples of a program's reports of what an engine sampled, chunk by chunk.

    Parameters
    ----------
    program : Program
    share : Share
        Whose neurons the engine has. Of several ranks each has the samples of its own neurons,
        and the exact sum over them, which ranks add later.
    first_step : int
        Where the first chunk starts.
    """

    def __init__(self, program: Program, share: Share, first_step: int = 0) -> None:
        self._program, self._share = program, share
        self._taken = [
            program.state_recorders[_input(report)].n_samples(0, first_step)
            for report in program.reports
        ]
        self._own = [] if share.whole else [_own(report, share) for report in program.reports]

    @property
    def words(self) -> tuple[int, ...]:
        """In how many words a rank keeps each report's sums; 0 where it is none."""
        return tuple(map(_words, self._program.reports))

    def take(self, chunk: Chunk) -> list[NDArray]:
        """Return each report's samples in a chunk, SI units, (n_samples, width)."""
        found = []
        for index, report in enumerate(self._program.reports):
            if self._share.whole:
                taken = self._taken[index]
                values = report_values(report, chunk.states, taken, self._program.dt)
            else:
                values = self._part(index, chunk)
            self._taken[index] += len(values)
            found.append(values)
        return found

    def _part(self, index: int, chunk: Chunk) -> NDArray:
        """Return the samples, or words of the sums, of the neurons of this rank."""
        report, own = self._program.reports[index], self._own[index]
        sampled = chunk.states[_input(report)]
        if not report.expression:
            return chunk.sums[_input(report)] if report.reduce else sampled
        n = len(sampled)
        out: NDArray = np.empty((n, own.ids.size))
        if report.reduce:
            out = np.zeros((n, wide_sums.WORDS), np.int64)
        rows = max(1, _BLOCK_BYTES // (8 * max(1, own.ids.size)))
        for low in range(0, n if own.ids.size else 0, rows):
            states = [values[low : low + rows] for values in chunk.states]
            part = report_values(own, states, self._taken[index] + low, self._program.dt)
            out[low : low + rows] = wide_sums.row_words(part) if report.reduce else part
        return out


def _input(report: ReportProgram) -> int:
    return next(iter(report.inputs.values()))


def _words(report: ReportProgram) -> int:
    if not report.reduce:
        return 0
    return wide_sums.WORDS if report.expression else exact_sums.WORDS


def _own(report: ReportProgram, share: Share) -> ReportProgram:
    """Return a report of a rank's own neurons, not summed."""
    mine = share.mine(report.ids)
    constants = {
        name: value[mine] if isinstance(value, np.ndarray) and value.shape == mine.shape else value
        for name, value in report.constants.items()
    }
    return replace(report, ids=report.ids[mine], reduce="", constants=constants)


def layout_of(program: Program, settings: Mapping[str, Any], precision: str) -> Layout:
    """Return what a recording must know of a program.

    State variables are stored in the precision of the run, beside SONATA's single precision.
    """
    dtype: Literal["float32", "float64"] = "float32" if precision == "single" else "float64"
    neurons = {p.name: p for p in program.populations}
    populations = tuple(
        PopulationLayout(
            name=emitter.name,
            first_id=emitter.first_id,
            size=emitter.size,
            kind="neuron" if emitter.name in neurons else "source",
            model=neurons[emitter.name].code.name if emitter.name in neurons else "",
            spikes=emitter.name in program.spike_recorders,
        )
        for emitter in program.emitters()
    )
    projections = tuple(
        ProjectionLayout(
            name=p.name,
            pre=p.pre.population,
            post=p.post.population,
            n_pre=p.pre.size,
            n_post=p.post.size,
            variable=p.variable,
            pre_start=p.pre.start,
            post_start=p.post.start,
        )
        for p in program.projections
    )
    return Layout(
        populations=populations,
        projections=projections,
        states=tuple(_state_layout(report, dtype) for report in program.reports),
        description={**program.description, "run": dict(settings)},
        structures=tuple(structure.projection for structure in program.structures),
    )


def stored_unit(dimension: str) -> tuple[str, float]:
    """Return the unit in which values are stored, and what SI values are multiplied with."""
    return _STORED_UNITS.get(dimension, (dimension, 1.0))


def _state_layout(report: ReportProgram, dtype: Literal["float32", "float64"]) -> StateLayout:
    unit, scale = stored_unit(report.dimension)
    return StateLayout(
        name=report.name,
        population=report.population,
        variable=report.variable,
        unit=unit,
        ids=report.ids,
        every=report.every,
        scale=scale / report.ids.size if report.reduce == "mean" else scale,
        dtype=dtype,
        start=report.start,
        reduce=report.reduce,
    )
