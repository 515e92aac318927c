"""``neurosim run``: simulate an experiment, record it, tabulate and draw it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnalysisError, DescriptionError
from ..interrupts import RunInterrupted, exit_at_once
from ..memory import format_bytes
from ..parallel.leaving import is_first
from ..progress import Progress, choose_progress
from .dry_run import Ranks, tell_estimate, tell_plan
from .output import print_json, print_lines, say
from .perform import EXIT_CHECK_FAILED, EXIT_INTERRUPTED, perform, tell_checks
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..description.network import Network
    from ..experiment import Experiment
    from ..recording import Recording
    from ..simulation import Simulation
    from ..summary import RunSummary


@dataclass(frozen=True)
class _Request:
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


@click.command("run")
@click.argument("experiment")
@click.option("--scale", type=float, help="Size relative to the full network.")
@click.option("--duration", type=TimeType(positive=True), help="Time after the warm-up.  [1s]")
@click.option("--warmup", type=TimeType(), help="Simulated first, not counted.  [500ms]")
@click.option("--dt", type=TimeType(positive=True), help="Time step.  [0.1ms]")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Of every random number.  [1]")
@click.option("--engine", help="native or brian2.  [native where a C++ compiler is found]")
@click.option("--threads", type=click.IntRange(0), default=0, help="Per rank; 0: as many as fit.")
@click.option(
    "--precision", type=click.Choice(["double", "single"]), default="double", show_default=True
)
@click.option(
    "--exchange",
    type=click.Choice(["auto", "allgather", "targeted"]),
    default="auto",
    show_default=True,
    help="How ranks send spikes.",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--output", type=click.Path(path_type=Path), help="The recording.  [EXPERIMENT.h5]")
@click.option("--no-record", is_flag=True, help="Record nothing.")
@click.option("--quick", is_flag=True, help="The experiment's small version: seconds, not minutes.")
@click.option("--check", is_flag=True, help="Exit with 3 if a check fails.")
@click.option("--dry-run", is_flag=True, help="Estimate the memory and stop.")
@click.option("--ranks", type=click.IntRange(1), help="With --dry-run: plan for so many ranks.")
@click.option("--rank", type=click.IntRange(0), help="With --ranks: which one.  [0]")
@click.option("--rate", type=click.FloatRange(0, 1e4), help="With --ranks: mean rate, Hz.  [5]")
@click.option("--measure", is_flag=True, help="With --ranks: build and run that rank, alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as stdout's last line.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context,
    *,
    experiment: str,
    settings: tuple[str, ...],
    output: Path | None,
    no_record: bool,
    dry_run: bool,
    ranks: int | None,
    rank: int | None,
    rate: float | None,
    measure: bool,
    **typed: Any,
) -> None:
    """Simulate EXPERIMENT: a name from 'neurosim list', or a Python, YAML or TOML file.

    Under mpiexec or srun all processes simulate it together.
    """
    if no_record and output is not None:
        raise click.UsageError("--output and --no-record exclude each other.")
    planned = Ranks.typed(dry_run, ranks, rank, rate, measure)
    from ..experiment import load_experiment  # noqa: PLC0415 - imports Brian2

    name, found = load_experiment(experiment)
    parsed = parse_settings(settings)
    progress = choose_progress(typed["quiet"] or not is_first())
    if found.perform is not None:
        _no_dry_run(dry_run, name)
        folder = None if no_record else output or Path(name)
        context.exit(perform(found, name, parsed, typed, folder, progress))
    quick, check = typed.pop("quick"), typed.pop("check")
    request = _Request(
        name=name,
        settings=found.checked_settings(parsed, quick),
        output=None if no_record or dry_run else output or Path(f"{name}.h5"),
        record=not (no_record or dry_run),
        **(typed | _quick_values(found, typed) if quick else typed),
    )
    _check_output(request.output)
    if planned is not None:
        network, dt = _network(found, request), _dt(found, request)
        tell_plan(network, dt, planned, request)
        return
    simulation = _simulation(found, request, progress)
    if dry_run:
        tell_estimate(simulation, request)
        return
    context.exit(_run(simulation, found, request, progress, check))


def _no_dry_run(dry_run: bool, name: str) -> None:
    if dry_run:
        raise DescriptionError(
            f"{name} simulates several networks, one after the other, so --dry-run has no single "
            "estimate; each simulation checks the memory before it is built. Leave it out."
        )


def _quick_values(found: Experiment, typed: dict[str, Any]) -> dict[str, Any]:
    """Return scale and times of the quick version where the user typed none, in seconds."""
    times = {k: float(v) for k, v in found.times(quick=True).items()}
    small = times | {k: v for k, v in found.quick.items() if k == "scale"}
    return {k: v for k, v in small.items() if typed[k] is None}


def _check_output(output: Path | None) -> None:
    if output is not None and output.suffix.lower() == ".png":
        raise DescriptionError(
            f"--output {output} is the recording, an HDF5 file; the figure gets the same name "
            "with .png. Choose a name such as run.h5."
        )


def _simulation(found: Experiment, request: _Request, progress: Progress) -> Simulation:
    from ..simulation import Simulation  # noqa: PLC0415 - imports Brian2

    return Simulation(
        _network(found, request),
        dt=_dt(found, request),
        engine=request.engine,
        threads=request.threads,
        precision=request.precision,  # type: ignore[arg-type]
        exchange=request.exchange,  # type: ignore[arg-type]
        output=request.output,
        record=request.record,
        progress=progress,
        settings=_provenance(found, request),
    )


def _network(found: Experiment, request: _Request) -> Network:
    return found.network(request.scale, request.seed, request.settings)


def _dt(found: Experiment, request: _Request) -> Any:
    from ..units import second  # noqa: PLC0415 - imports Brian2

    return found.dt if request.dt is None else request.dt * second


def _provenance(found: Experiment, request: _Request) -> dict[str, Any]:
    return {
        "experiment": request.name,
        "scale": found.scale if request.scale is None else request.scale,
        "settings": {key: str(value) for key, value in request.settings.items()},
        "reference": found.reference,
    }


def _times(found: Experiment, request: _Request) -> tuple[Any, Any]:
    """Return the warm-up and the duration: as typed, else the experiment's, else 0.5 s and 1 s."""
    from ..units import second  # noqa: PLC0415 - imports Brian2

    warmup = 0.5 * second if found.warmup is None else found.warmup
    duration = 1.0 * second if found.duration is None else found.duration
    return (
        warmup if request.warmup is None else request.warmup * second,
        duration if request.duration is None else request.duration * second,
    )


def _run(
    simulation: Simulation,
    found: Experiment,
    request: _Request,
    progress: Progress,
    check: bool = False,
) -> int:
    """Simulate and report; return the exit code."""
    warmup, duration = _times(found, request)
    simulation.steps_of(duration)
    with exit_at_once(EXIT_INTERRUPTED):
        simulation.prepare()
    code = 0
    try:
        with simulation:
            if float(warmup) != 0:
                simulation.run(warmup, warmup=True)
            simulation.run(duration)
    except RunInterrupted as stop:
        code = EXIT_INTERRUPTED
        say(str(stop), to_stderr=True)
    summary = simulation.summary()
    if not is_first():
        return code
    return _report(simulation, summary, found, request, progress, code, check)


def _report(
    simulation: Simulation,
    summary: RunSummary,
    found: Experiment,
    request: _Request,
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
    _tell_costs(summary, request)
    if request.as_json:
        values = {**summary.as_dict(), "figures": figures, **_provenance(found, request)}
        print_json(values | results)
    return code


def _check(
    recording: Recording, found: Experiment, request: _Request
) -> tuple[dict[str, Any], bool]:
    """Print the checks, write them beside the recording; return them and whether all passed."""
    from ..results import Results  # noqa: PLC0415 - when there is something

    made = Results(checks=[] if found.checks is None else found.checks(recording))
    tell_checks(made, request.as_json)
    beside = Path(recording.path).with_suffix(".json")
    made.save(beside, _provenance(found, request))
    return {"checks": made.as_dict()["checks"], "passed": made.passed}, made.passed


def _tell_costs(summary: RunSummary, request: _Request) -> None:
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


def _tell_metrics(recording: Recording, found: Experiment, request: _Request) -> None:
    from ..analysis.metrics import format_table  # noqa: PLC0415 - when there is something

    try:
        click.echo(format_table(recording.metrics()), err=request.as_json)
    except AnalysisError as error:
        click.echo(f"no metrics: {error}", err=True)
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
        save(found.figure(recording), path)
        return [str(path)]
    for kind in found.figures:
        path = base.with_suffix(".png") if not drawn else base.with_name(f"{base.stem}-{kind}.png")
        try:
            recording.plot(kind, path)
        except AnalysisError as error:
            click.echo(f"no {kind} plot: {error}", err=True)
            continue
        drawn.append(str(path))
    return drawn
