"""Carrying out one simulation for the command line: run it, then tell, tabulate and draw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError
from ..interrupts import RunInterrupted, exit_at_once
from ..memory import format_bytes
from ..parallel.leaving import is_first
from ..progress import Progress
from .output import print_json, print_lines, say
from .perform import EXIT_CHECK_FAILED, EXIT_INTERRUPTED, tell_checks
from .platform_options import account_of, tell_execution

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..platforms import Platform
    from ..recording import Recording
    from ..simulation import Simulation
    from ..summary import RunSummary


@dataclass(frozen=True)
class Request:
    """What the user typed, parsed."""

    name: str
    scale: float | None
    duration: float | None
    warmup: float | None
    dt: float | None
    seed: int | None
    engine: str | None
    threads: int
    precision: str
    exchange: str
    settings: dict[str, Any]
    output: Path | None
    record: bool
    as_json: bool
    quiet: bool
    checkpoint: Path | None = None
    platform: Platform | None = None


def provenance(found: Experiment, request: Request) -> dict[str, Any]:
    """Return what is kept with the recording."""
    return {
        "experiment": request.name,
        "scale": found.scale if request.scale is None else request.scale,
        "settings": {key: str(value) for key, value in request.settings.items()},
        "reference": found.reference,
    }


def carry_out(
    simulation: Simulation,
    found: Experiment,
    request: Request,
    progress: Progress,
    check: bool,
    advance: Callable[[Simulation], None],
) -> int:
    """Build a simulation, let ``advance`` run it, and report; return the exit code.

    On several ranks all take part, and the first reports.
    """
    with exit_at_once(EXIT_INTERRUPTED):
        simulation.prepare()
    code = 0
    try:
        with simulation:
            advance(simulation)
    except RunInterrupted as stop:
        code = EXIT_INTERRUPTED
        say(str(stop), to_stderr=True)
        if request.checkpoint is not None and request.checkpoint.exists():
            say(f"resume with: neurosim resume {request.checkpoint}", to_stderr=True)
    summary = simulation.summary()
    if not is_first():
        return code
    return _report(simulation, summary, found, request, progress, code, check)


def _report(
    simulation: Simulation,
    summary: RunSummary,
    found: Experiment,
    request: Request,
    progress: Progress,
    code: int,
    check: bool,
) -> int:
    """Print what there is to tell and draw the figures; return the exit code."""
    figures: list[str] = []
    results: dict[str, Any] = {}
    if request.record:
        progress.note(f"recording: {summary.recording}")
        recording = simulation.recording
        _tell_metrics(recording, found, request)
        if found.checks is not None and code == 0:
            results, passed = _check(recording, found, request)
            code = EXIT_CHECK_FAILED if check and not passed else 0
        figures = _draw(recording, found)
        for figure in figures:
            progress.note(f"figure: {figure}")
    tell_execution(simulation.execution, to_stderr=request.as_json)
    _tell_costs(summary, request)
    if request.as_json:
        values = {**summary.as_dict(), "figures": figures, **provenance(found, request)}
        values |= account_of(simulation)
        print_json(values | results)
    return code


def _check(
    recording: Recording, found: Experiment, request: Request
) -> tuple[dict[str, Any], bool]:
    """Print the checks, write them beside the recording; return them and whether all passed."""
    from ..results import Results  # noqa: PLC0415 - when there is something

    made = Results(checks=[] if found.checks is None else found.checks(recording))
    tell_checks(made, request.as_json)
    beside = Path(recording.path).with_suffix(".json")
    made.save(beside, provenance(found, request))
    return {"checks": made.as_dict()["checks"], "passed": made.passed}, made.passed


def _tell_costs(summary: RunSummary, request: Request) -> None:
    several = summary.ranks > 1
    lines = [
        f"{summary.n_neurons:,} neurons, {summary.n_synapses:,} synapses, "
        f"{summary.n_spikes:,} spikes; engine {summary.engine}, "
        + (f"{summary.ranks} ranks of {summary.threads}" if several else f"{summary.threads}")
        + f" threads, {summary.precision} precision",
        f"compile {summary.compile_s:.2f} s, build {summary.build_s:.2f} s, simulate "
        f"{summary.simulate_s:.2f} s (update {summary.update_s:.2f}, deliver "
        f"{summary.deliver_s:.2f}, record {summary.record_s:.2f}), peak memory "
        f"{format_bytes(summary.peak_rss_bytes)}" + (" of a rank" if several else ""),
    ]
    if several:
        lines.append(
            f"exchange {summary.exchange_s:.2f} s, {format_bytes(summary.exchange_bytes)} sent; "
            f"memory of all ranks {format_bytes(summary.total_rss_bytes)}"
        )
    if summary.real_time_factor is not None:
        lines.append(
            f"real-time factor {summary.real_time_factor:.3g} (wall-clock s per biological s)"
        )
    print_lines(lines, to_stderr=request.as_json)


def _tell_metrics(recording: Recording, found: Experiment, request: Request) -> None:
    from ..analysis.metrics import format_table  # noqa: PLC0415 - when there is something

    try:
        say(format_table(recording.metrics()), to_stderr=request.as_json)
    except AnalysisError as error:
        say(f"no metrics: {error}", to_stderr=True)
        return
    if found.summary is not None:
        print_lines(found.summary(recording), to_stderr=request.as_json)


def _draw(recording: Recording, found: Experiment) -> list[str]:
    """Draw the experiment's figures beside the recording; return their paths."""
    drawn: list[str] = []
    base = Path(recording.path)
    if found.figure is not None:
        from ..analysis.canvas import save  # noqa: PLC0415 - when there is something

        path = base.with_suffix(".png")
        try:
            save(found.figure(recording), path)
        except AnalysisError as error:
            say(f"no figure: {error}", to_stderr=True)
            return drawn
        return [str(path)]
    for kind in found.figures:
        path = base.with_suffix(".png") if not drawn else base.with_name(f"{base.stem}-{kind}.png")
        try:
            recording.plot(kind, path)
        except AnalysisError as error:
            say(f"no {kind} plot: {error}", to_stderr=True)
            continue
        drawn.append(str(path))
    return drawn
