"""What recorders of synapses become: variables to read, and an expression of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..description import syntax
from ..description.network import Network
from ..description.synapse_binding import BoundSynapse
from ..description.synapse_recorders import SynapseRecorder, with_model
from ..errors import DescriptionError, UnsupportedError
from .draws import on_grid
from .expressions import Value, evaluate, names_in
from .program import Program, SynapseReport


def with_synapse_recorders(network: Network, program: Program) -> Program:
    """Return the program with the reports of the network's recorders of synapses.

    Parameters
    ----------
    network : Network
    program : Program
        With its synapse models.

    Raises
    ------
    DescriptionError, UnsupportedError
        An interval off the grid of dt, or an expression of neurons' variables.
    """
    if not network.synapse_recorders:
        return program
    reports = tuple(_report(given, network, program) for given in network.synapse_recorders)
    return replace(program, synapse_reports=reports)


def _report(given: SynapseRecorder, network: Network, program: Program) -> SynapseReport:
    where = f"recorder {given.name!r}"
    projection = next(p for p in network.projections if p.name == given.projection)
    lowered = next(p for p in program.projections if p.name == given.projection)
    bound = with_model(projection, where)
    if given.kind == "chosen" and lowered.restructured:
        raise UnsupportedError(
            f"{where}: the synapses of {given.projection!r} come and go (restructure), so none can "
            "be followed by its position. Record all of them, every=..., or a histogram."
        )
    code = _resolved(given.variable, bound)
    known = {} if lowered.synapse is None else {v.name: v for v in lowered.synapse.code.variables}
    used = names_in(code) & known.keys()
    others = names_in(code) - known.keys() - syntax.UNITS - {*syntax.CONSTANTS, "t", "dt"}
    if others:
        raise UnsupportedError(
            f"{where}: {given.variable!r} uses {', '.join(map(repr, sorted(others)))}. Of synapses "
            "their own variables and parameters are recorded; record those of the neurons beside."
        )
    inputs = tuple(sorted(name for name in used if not known[name].shared))
    if not inputs:
        raise DescriptionError(
            f"{where}: {given.variable!r} is one value for all synapses; nothing differs from "
            "synapse to synapse."
        )
    report = SynapseReport(
        name=given.name,
        projection=given.projection,
        variable=given.variable,
        dimension=given.unit,
        kind=given.kind,
        every=_steps(given.every, program.dt, f"{where}: every", 1),
        start=_steps(given.start, program.dt, f"{where}: start", 0),
        stop=None if given.stop is None else _steps(given.stop, program.dt, f"{where}: stop", 0),
        inputs=inputs,
        shared=tuple(sorted(name for name in used if known[name].shared)),
        expression="" if code == inputs[0] else code,
        synapses=0 if given.synapses is None else given.synapses,
        bins=given.bins,
    )
    if report.expression:  # what evaluation refuses is refused before the run
        zeros = {name: np.zeros(1) for name in inputs}
        report_of_synapses(report, zeros, dict.fromkeys(report.shared, 0.0), np.zeros(1), 1.0)
    return report


def _steps(seconds: float | None, dt: float, what: str, default: int) -> int:
    if seconds is None:
        return default
    steps = on_grid(seconds, dt, what)
    if steps < default:
        raise DescriptionError(f"{what} is shorter than dt = {dt * 1e3:g} ms.")
    return steps


def _resolved(code: str, bound: BoundSynapse) -> str:
    """Return an expression with subexpressions replaced by what they are."""
    text = bound.model.text
    inner: dict[str, str] = {}
    for name in _ordered(bound):
        inner[name] = f"({syntax.rename(bound.equations[name], inner)})"
    return syntax.rename(code, inner) if names_in(code) & {*text.computed} else code


def _ordered(bound: BoundSynapse) -> list[str]:
    """Return the subexpressions, each after those that it uses."""
    left, found = list(bound.model.text.computed), []
    while left:
        ready = [n for n in left if not names_in(bound.equations[n]) & {*left} - {n}]
        found += ready
        left = [name for name in left if name not in ready]
        if not ready:  # each uses another; the equations were refused before
            return found
    return found


def report_of_synapses(
    report: SynapseReport,
    values: Mapping[str, NDArray[np.float64]],
    shared: Mapping[str, float],
    times: NDArray[np.float64],
    dt: float,
) -> NDArray[np.float64]:
    """Return what a report records of some synapses, SI units.

    Parameters
    ----------
    report : SynapseReport
    values : mapping of str to (..., n) array
        The report's inputs.
    shared : mapping of str to float
    times : (...) array
        Seconds.
    dt : float
    """
    first = values[report.inputs[0]]
    if not report.expression:
        return first
    known: dict[str, Value] = {**values, **shared, "t": times[..., None], "dt": dt}
    found = evaluate(report.expression, known, f"recorder {report.name!r}")
    return np.ascontiguousarray(np.broadcast_to(np.asarray(found, np.float64), first.shape))
