"""``neurosim resume``: go on from a checkpoint as if the simulation had never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import CheckpointError
from ..parallel.leaving import is_first
from ..progress import Progress, choose_progress
from .carry_out import Request, carry_out
from .platform_options import platform_of
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..checkpoint import Header
    from ..experiment import Experiment
    from ..platforms import Platform
    from ..recipes import Recipe
    from ..simulation import Simulation


@click.command("resume")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--duration", type=TimeType(positive=True), help="From here on.  [what was planned and is left]"
)
@click.option("--threads", type=click.IntRange(0), default=0, help="Per rank; 0: as many as fit.")
@click.option(
    "--exchange",
    type=click.Choice(["auto", "allgather", "targeted"]),
    default="auto",
    show_default=True,
    help="How ranks send spikes.",
)
@click.option("--experiment", help="The Python file that was run, which must be named again.")
@click.option("--output", type=click.Path(path_type=Path), help="The recording, if it was moved.")
@click.option("--checkpoint-every", type=TimeType(positive=True), help="Wall-clock time.")
@click.option("--checkpoint-every-bio", type=TimeType(positive=True), help="Biological time.")
@click.option("--check", is_flag=True, help="Exit with 3 if a check fails.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as stdout's last line.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context,
    *,
    checkpoint: Path,
    duration: float | None,
    experiment: str | None,
    check: bool,
    **typed: Any,
) -> None:
    """Go on from CHECKPOINT, on any number of threads and, under mpiexec or srun, of ranks.

    The recording is continued in its file, and further checkpoints replace this one. Network,
    seed, time step and precision are the checkpoint's.
    """
    from ..checkpoint import latest_of, opened  # noqa: PLC0415 - imports Brian2
    from ..recipes import read_recipe  # noqa: PLC0415 - imports Brian2

    with opened(checkpoint) as saved:
        header, recording = saved.header, saved.recording
    recipe = read_recipe(header.recipe, str(checkpoint))
    found = recipe.make(experiment)
    progress = choose_progress(typed["quiet"] or not is_first())
    _check_plan(header, duration, checkpoint)
    output = typed.pop("output") or recording
    typed |= {"output": output, "checkpoint": latest_of(checkpoint)}
    request = _request(recipe, header, found, duration, typed)
    simulation = _simulation(found, request, header, checkpoint, typed, progress)

    def advance(made: Simulation) -> None:
        if duration is None:
            made.run_planned()
        else:
            _run_for(made, header, duration)

    context.exit(carry_out(simulation, found, request, progress, check, advance))


def _check_plan(header: Header, duration: float | None, checkpoint: Path) -> None:
    if duration is None and header.step >= header.end:
        raise CheckpointError(
            f"{checkpoint}: all {header.end * header.dt * 1e3:g} ms that were planned are "
            "simulated. Give --duration to go on."
        )


def _run_for(simulation: Simulation, header: Header, duration: float) -> None:
    """Simulate the rest of the warm-up, if there is one, and a duration typed anew."""
    from ..units import second  # noqa: PLC0415 - imports Brian2

    rest = max(0, header.warmup_end - header.step)
    simulation.plan(header.warmup_end * header.dt * second, duration * second)
    if rest:
        simulation.run(rest * header.dt * second, warmup=True)
    simulation.run(duration * second)


def _request(
    recipe: Recipe,
    header: Header,
    found: Experiment,
    duration: float | None,
    typed: dict[str, Any],
) -> Request:
    planned = (header.end - header.warmup_end) * header.dt
    return Request(
        name=recipe.name,
        scale=recipe.scale,
        duration=planned if duration is None else duration,
        warmup=header.warmup_end * header.dt,
        dt=header.dt,
        seed=recipe.seed,
        engine=header.engine,
        threads=typed["threads"],
        precision=header.precision,
        exchange=typed["exchange"],
        settings=found.checked_settings(parse_settings(recipe.settings), recipe.quick),
        output=typed["output"],
        record=typed["output"] is not None,
        checkpoint=typed["checkpoint"],
        as_json=typed["as_json"],
        quiet=typed["quiet"],
        platform=_platform(recipe),
    )


def _platform(recipe: Recipe) -> Platform | None:
    if not recipe.platform:
        return None
    return platform_of(recipe.platform, recipe.platform_set, recipe.allow)


def _simulation(
    found: Experiment,
    request: Request,
    header: Header,
    checkpoint: Path,
    typed: dict[str, Any],
    progress: Progress,
) -> Simulation:
    from ..simulation import Simulation  # noqa: PLC0415 - imports Brian2
    from ..units import second  # noqa: PLC0415 - imports Brian2

    wall, biological = (
        None if typed[name] is None else typed[name] * second
        for name in ("checkpoint_every", "checkpoint_every_bio")
    )
    return Simulation(
        found.network(request.scale, request.seed, request.settings),
        dt=header.dt * second,
        engine=header.engine,
        threads=request.threads,
        precision=header.precision,  # type: ignore[arg-type]
        exchange=request.exchange,  # type: ignore[arg-type]
        output=request.output,
        record=request.record,
        progress=progress,
        resume=checkpoint,
        checkpoint=request.checkpoint,
        checkpoint_every=wall,
        checkpoint_every_bio=biological,
        recipe=header.recipe,
        platform=request.platform,
    )
