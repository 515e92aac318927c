"""``neurosim run``: simulate an experiment, record it, tabulate and draw it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DescriptionError
from ..parallel.leaving import is_first
from ..progress import Progress, choose_progress
from .carry_out import Request, carry_out, provenance
from .dry_run import Ranks, tell_estimate, tell_plan
from .perform import perform
from .platform_options import platform_options, taken, tell_mapping
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..description.network import Network
    from ..experiment import Experiment
    from ..simulation import Simulation


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
@platform_options
@click.option("--output", type=click.Path(path_type=Path), help="The recording.  [EXPERIMENT.h5]")
@click.option("--no-record", is_flag=True, help="Record nothing.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="[the recording's, .ckpt.h5]")
@click.option("--checkpoint-every", type=TimeType(positive=True), help="Wall-clock time.")
@click.option("--checkpoint-every-bio", type=TimeType(positive=True), help="Biological time.")
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
    checkpoint: Path | None,
    checkpoint_every: float | None,
    checkpoint_every_bio: float | None,
    **typed: Any,
) -> None:
    """Simulate EXPERIMENT: a name from 'neurosim list', or a Python, YAML or TOML file.

    Under mpiexec or srun all processes simulate it together.
    """
    if no_record and output is not None:
        raise click.UsageError("--output and --no-record exclude each other.")
    planned = Ranks.typed(dry_run, ranks, rank, rate, measure)
    saves = _Saves(checkpoint, checkpoint_every, checkpoint_every_bio)
    from ..experiment import load_experiment  # noqa: PLC0415 - imports Brian2

    asked = {key: typed[key] for key in ("platform", "platform_set", "allow")}
    typed["platform"] = taken(typed)
    name, found = load_experiment(experiment)
    parsed = parse_settings(settings)
    progress = choose_progress(typed["quiet"] or not is_first())
    if found.perform is not None:
        _not_of_several(dry_run, saves.wanted, name)
        folder = None if no_record else output or Path(name)
        context.exit(perform(found, name, parsed, typed, folder, progress))
    if found.callbacks is not None and saves.wanted:
        raise _not_of_a_loop(name)
    quick, check = typed.pop("quick"), typed.pop("check")
    request = Request(
        name=name,
        settings=found.checked_settings(parsed, quick),
        output=None if no_record or dry_run else output or Path(f"{name}.h5"),
        record=not (no_record or dry_run),
        checkpoint=saves.beside(output or Path(f"{name}.h5")),
        **(typed | _quick_values(found, typed) if quick else typed),
    )
    _check_output(request.output)
    if planned is not None:
        _not_of_a_machine(request)
        tell_plan(_network(found, request), _dt(found, request), planned, request)
        return
    recipe = _recipe(experiment, request, settings, quick, asked) if saves.wanted else None
    simulation = _simulation(found, request, progress, saves, recipe)
    tell_mapping(simulation.mapping, to_stderr=request.as_json)
    if dry_run:
        tell_estimate(simulation, request)
        return
    _plan(simulation, found, request)
    context.exit(carry_out(simulation, found, request, progress, check, _all_planned))


@dataclass(frozen=True)
class _Saves:
    """Which checkpoints the user wants; times in s."""

    path: Path | None
    every: float | None
    every_bio: float | None

    @property
    def wanted(self) -> bool:
        """Whether there are to be any."""
        return (self.path, self.every, self.every_bio) != (None, None, None)

    def beside(self, recording: Path) -> Path | None:
        """Return where they go: as typed, else beside the recording."""
        if not self.wanted:
            return None
        return recording.with_suffix(".ckpt.h5") if self.path is None else self.path


def _plan(simulation: Simulation, found: Experiment, request: Request) -> None:
    warmup, duration = _times(found, request)
    simulation.steps_of(duration)
    simulation.plan(warmup, duration)


def _all_planned(simulation: Simulation) -> None:
    simulation.run_planned()


def _not_of_several(dry_run: bool, saves: bool, name: str) -> None:
    """Refuse what an experiment of several simulations cannot do."""
    if saves:
        raise DescriptionError(
            f"{name} simulates several networks, one after the other; checkpoints are of one. "
            "Leave --checkpoint and --checkpoint-every out."
        )
    if dry_run:
        raise DescriptionError(
            f"{name} simulates several networks, one after the other, so --dry-run has no single "
            "estimate; each simulation checks the memory before it is built. Leave it out."
        )


def _not_of_a_loop(name: str) -> DescriptionError:
    return DescriptionError(
        f"{name} calls Python functions while it runs, and what these remember is not in a "
        "checkpoint. Leave --checkpoint and --checkpoint-every out, or go on in Python: "
        "ns.Simulation(network, resume=..., callbacks=[...])."
    )


def _not_of_a_machine(request: Request) -> None:
    if request.platform is not None:
        raise DescriptionError(
            "--ranks plans what a simulation takes of this computer, whatever the machine; leave "
            "--platform out. What it takes of the machine is told by --dry-run without --ranks."
        )


def _quick_values(found: Experiment, typed: dict[str, Any]) -> dict[str, Any]:
    """Return scale and times of the quick version where the user typed none, in seconds."""
    from ..platforms import usual_step  # noqa: PLC0415 - imports Brian2

    times = {k: float(v) for k, v in found.times(quick=True).items()}
    small = times | {k: v for k, v in found.quick.items() if k == "scale"}
    if usual_step(typed["platform"], None) is not None:
        del small["dt"]
    return {k: v for k, v in small.items() if typed[k] is None}


def _check_output(output: Path | None) -> None:
    if output is not None and output.suffix.lower() == ".png":
        raise DescriptionError(
            f"--output {output} is the recording, an HDF5 file; the figure gets the same name "
            "with .png. Choose a name such as run.h5."
        )


def _recipe(
    experiment: str,
    request: Request,
    settings: tuple[str, ...],
    quick: bool,
    asked: dict[str, Any],
) -> dict[str, Any]:
    from ..recipes import recipe_of  # noqa: PLC0415 - imports Brian2

    scale, seed = request.scale, request.seed
    return recipe_of(experiment, scale=scale, seed=seed, settings=settings, quick=quick, **asked)


def _simulation(
    found: Experiment,
    request: Request,
    progress: Progress,
    saves: _Saves,
    recipe: dict[str, Any] | None,
) -> Simulation:
    from ..simulation import Simulation  # noqa: PLC0415 - imports Brian2
    from ..units import second  # noqa: PLC0415 - imports Brian2

    times = (saves.every, saves.every_bio)
    wall, biological = (None if time is None else time * second for time in times)

    network = _network(found, request)
    return Simulation(
        network,
        dt=_dt(found, request),
        engine=request.engine,
        threads=request.threads,
        precision=request.precision,  # type: ignore[arg-type]
        exchange=request.exchange,  # type: ignore[arg-type]
        output=request.output,
        record=request.record,
        progress=progress,
        settings=provenance(found, request),
        callbacks=found.callbacks_of(network, request.settings),
        checkpoint=request.checkpoint,
        checkpoint_every=wall,
        checkpoint_every_bio=biological,
        recipe=recipe,
        platform=request.platform,
    )


def _network(found: Experiment, request: Request) -> Network:
    return found.network(request.scale, request.seed, request.settings)


def _dt(found: Experiment, request: Request) -> Any:
    from ..platforms import usual_step  # noqa: PLC0415 - imports Brian2
    from ..units import second  # noqa: PLC0415 - imports Brian2

    typed = None if request.dt is None else request.dt * second
    return usual_step(request.platform, typed, found.dt)


def _times(found: Experiment, request: Request) -> tuple[Any, Any]:
    """Return the warm-up and the duration: as typed, else the experiment's, else 0.5 s and 1 s."""
    from ..units import second  # noqa: PLC0415 - imports Brian2

    warmup = 0.5 * second if found.warmup is None else found.warmup
    duration = 1.0 * second if found.duration is None else found.duration
    return (
        warmup if request.warmup is None else request.warmup * second,
        duration if request.duration is None else request.duration * second,
    )
