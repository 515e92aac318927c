"""What recorders become: variables that an engine samples, and expressions of their samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..description import syntax
from ..description.network import Network
from ..description.recorders import Recorder
from ..errors import DescriptionError
from ..parallel.wide_sums import row_sums
from .draws import on_grid
from .expressions import Value, evaluate, names_in
from .integrators import substitutions
from .program import PopulationProgram, Program, ReportProgram, StateRecorder

_BLOCK_BYTES = 1 << 20


def with_recorders(network: Network, program: Program) -> Program:
    """Return the program with what the network's recorders sample, and their reports.

    A variable is sampled as it is, its sum by the engine. For an expression the variables it is
    made of are sampled, and :func:`report_values` evaluates it chunk by chunk.
    """
    samplers: list[StateRecorder] = []
    reports = tuple(_report(given, program, samplers) for given in network.recorders)
    return dataclasses.replace(program, state_recorders=tuple(samplers), reports=reports)


def _report(given: Recorder, program: Program, samplers: list[StateRecorder]) -> ReportProgram:
    where = f"recorder {given.name!r}"
    population = program.population(given.neurons.name)
    sampled = _timing(given, program.dt, where)
    model = given.neurons.parent.model
    code = syntax.rename(given.variable, substitutions(model.declared))
    changing = {v.name for v in population.code.variables if not v.shared}
    if given.variable in changing:
        recorder = dataclasses.replace(sampled, variable=given.variable)
        if given.reduce:
            recorder = dataclasses.replace(recorder, reduce="sum")
        inputs, code = {given.variable: _index(recorder, samplers)}, ""
    else:
        used = sorted(names_in(code) & changing)
        inputs = {
            name: _index(dataclasses.replace(sampled, variable=name), samplers) for name in used
        }
    report = ReportProgram(
        name=given.name,
        population=population.name,
        variable=given.label,
        dimension=given.unit,
        ids=sampled.ids,
        every=sampled.every,
        start=sampled.start,
        reduce=given.reduce,
        inputs=inputs,
        expression=code,
        constants=_constants(population, code, sampled.ids),
    )
    if code and not inputs:
        raise DescriptionError(
            f"{where}: {given.variable!r} does not change during a run; read it from the model."
        )
    if code:  # what evaluation refuses is refused before the run
        _evaluate(
            report, {n: np.zeros((1, sampled.ids.size)) for n in inputs}, np.zeros((1, 1)), 1.0
        )
    return report


def _timing(given: Recorder, dt: float, where: str) -> StateRecorder:
    every = 1 if given.every is None else on_grid(given.every, dt, f"{where}: every")
    if every < 1:
        raise DescriptionError(f"{where}: every is shorter than dt = {dt * 1e3:g} ms.")
    start = 0 if given.start is None else on_grid(given.start, dt, f"{where}: start")
    stop = None if given.stop is None else on_grid(given.stop, dt, f"{where}: stop")
    ids = given.neurons.indices
    return StateRecorder(given.name, given.neurons.name, "", ids, every, start, stop)


def _index(wanted: StateRecorder, samplers: list[StateRecorder]) -> int:
    """Return the position of an equal sampler, added if there is none."""
    for index, known in enumerate(samplers):
        if _key(known) == _key(wanted) and np.array_equal(known.ids, wanted.ids):
            return index
    samplers.append(wanted)
    return len(samplers) - 1


def _key(r: StateRecorder) -> tuple[object, ...]:
    return r.population, r.variable, r.every, r.start, r.stop, r.reduce


def _constants(
    population: PopulationProgram, code: str, ids: NDArray[np.int64]
) -> dict[str, Value]:
    """Return the values that an expression uses and that a run does not change."""
    shared = {v.name for v in population.code.variables if v.shared}
    found: dict[str, Value] = {}
    for name in sorted(names_in(code) & shared):
        found[name] = population.values[name]
    return found | {"N": float(population.size), "i": ids.astype(np.float64)}


def report_values(
    report: ReportProgram,
    states: list[NDArray[np.float64]],
    first_sample: int,
    dt: float,
) -> NDArray[np.float64]:
    """Return the samples of a report in a chunk, SI units.

    Parameters
    ----------
    report : ReportProgram
    states : list of (n_samples, width) arrays
        ``Chunk.states``.
    first_sample : int
        Samples of this report in all earlier chunks.
    dt : float
        Seconds.

    Returns
    -------
    (n_samples, 1) if the report is reduced, else (n_samples, n_ids)
        The mean is left as a sum: the recording's scale divides it. Sums are rounded once, so
        that they do not depend on who adds which neurons.
    """
    given = {name: states[index] for name, index in report.inputs.items()}
    if not report.expression:
        return next(iter(given.values()))
    n = len(next(iter(given.values())))
    width = 1 if report.reduce else report.ids.size
    out = np.empty((n, width))
    steps = report.start + (first_sample + np.arange(n)) * report.every
    rows = max(1, _BLOCK_BYTES // (8 * report.ids.size))
    for low in range(0, n, rows):
        part = slice(low, min(low + rows, n))
        values = {name: array[part] for name, array in given.items()}
        times = np.asarray(steps[part] * dt, dtype=np.float64)[:, None]
        found = _evaluate(report, values, times, dt)
        out[part] = row_sums(found)[:, None] if report.reduce else found
    return out


def _evaluate(
    report: ReportProgram,
    values: Mapping[str, NDArray[np.float64]],
    times: NDArray[np.float64],
    dt: float,
) -> NDArray[np.float64]:
    known = {**report.constants, **values, "t": times, "dt": dt}
    found = evaluate(report.expression, known, f"recorder {report.name!r}")
    shape = (len(times), report.ids.size)
    return np.ascontiguousarray(np.broadcast_to(np.asarray(found, np.float64), shape))
