"""``neurosim sweep``: one experiment at many parameters and seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DescriptionError
from ..progress import choose_progress
from .output import print_json, print_lines, print_table, say
from .platform_options import platform_options, taken
from .ranges import parse_over
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..sweeps import SweepResults

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
_MOST_ROWS, _MOST_MEASURES = 40, 8


@click.command("sweep")
@click.argument("experiment")
@click.option("--over", multiple=True, metavar="NAME=VALUES", help="What varies. Repeatable.")
@click.option("--seeds", default="1", metavar="COUNT|A,B,...", help="How many, or which.  [1]")
@click.option("--samples", type=click.IntRange(1), help="Draws from the distributions.")
@click.option("--sample-seed", type=click.IntRange(0, 2**64 - 1), default=1, help="Of the draws.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Processes.  [one for a core]")
@click.option("--scale", type=float, help="Size relative to the full network.")
@click.option("--duration", type=TimeType(positive=True), help="Time after the warm-up.")
@click.option("--warmup", type=TimeType(), help="Simulated first, not counted.")
@click.option("--dt", type=TimeType(positive=True), help="Time step.  [0.1ms]")
@click.option("--engine", help="native or brian2.")
@click.option("--threads", type=click.IntRange(0), default=0, help="Of each worker.")
@click.option(
    "--precision", type=click.Choice(["double", "single"]), default="double", show_default=True
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="For all runs.")
@platform_options
@click.option("--quick", is_flag=True, help="The experiment's small version.")
@click.option("--output", type=click.Path(path_type=Path), help="The folder.  [EXPERIMENT-sweep]")
@click.option("--no-recordings", is_flag=True, help="Keep the numbers, not the recordings.")
@click.option("--retry", is_flag=True, help="Run again what failed before.")
@click.option("--show", metavar="A,B,...", help="Columns of the table.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as stdout's last line.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context,
    *,
    experiment: str,
    over: tuple[str, ...],
    seeds: str,
    settings: tuple[str, ...],
    output: Path | None,
    no_recordings: bool,
    show: str | None,
    as_json: bool,
    quiet: bool,
    **typed: Any,
) -> None:
    """Simulate EXPERIMENT at many parameters and seeds, and keep an index of the runs.

    \b
    --over g=3,4,5                 these values
    --over eta=0.9:2.1:5           5 values from 0.9 to 2.1, equally spaced
    --over "tau=1ms:100ms:5:log"   likewise, with equal ratios
    --over "g=Uniform(3, 6)" --samples 20
                                   drawn from a distribution
    --over platform.weight_noise=0:0.5:6
                                   a setting of the --platform

    Several --over make all combinations. The same command goes on after an interruption. Under
    mpiexec the ranks share the runs.
    """  # noqa: D301 - the backspace is click's sign for "leave these lines alone"
    if not over and seeds.strip() in ("", "1"):
        raise click.UsageError("say what varies: --over NAME=VALUES, --seeds COUNT, or both.")
    from ..sweeps import SweepInterrupted, sweep  # noqa: PLC0415 - imports Brian2
    from ..units import second  # noqa: PLC0415 - imports Brian2

    typed["platform"] = taken(typed)
    times = ("duration", "warmup", "dt")
    given = {k: v * second if k in times and v is not None else v for k, v in typed.items()}
    try:
        results = sweep(
            experiment,
            parse_over(over),
            seeds=parse_seeds(seeds),
            settings=parse_settings(settings),
            output=output or Path(f"{Path(experiment).stem}-sweep"),
            keep=not no_recordings,
            progress=choose_progress(quiet),
            **given,
        )
    except SweepInterrupted as stop:
        say(str(stop), to_stderr=True)
        context.exit(EXIT_INTERRUPTED)
    _tell(results, show, as_json)
    context.exit(EXIT_FAILED if len(results.failed) == len(results) else 0)


def parse_seeds(text: str) -> int | list[int]:
    """Return how many seeds, or which where there is a comma."""
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise DescriptionError(
            f"--seeds {text!r}: give how many, such as 5, or which, such as 1,2,7."
        ) from error
    return numbers if "," in text else (numbers or [0])[0]


def _tell(results: SweepResults, show: str | None, as_json: bool) -> None:
    print_table(table_of(results, show), to_stderr=as_json)
    hidden = len(results) - _MOST_ROWS
    lines = [f"... and {hidden} more runs"] if hidden > 0 else []
    for run in results.failed[:_MOST_ROWS]:
        lines.append(f"run {run.number} failed: {run.message}")
    lines.append(f"{len(results)} runs, {len(results.failed)} failed; index and files: "
                 f"{results.folder}")  # fmt: skip
    print_lines(lines, to_stderr=as_json)
    if as_json:
        units = {name: unit.text for name, unit in results.units.items()}
        print_json({"folder": str(results.folder), "units": units, "runs": results.table()})


def table_of(results: SweepResults, show: str | None = None) -> list[list[str]]:
    """Return the rows of the table that is printed: parameters, seed, some measures."""
    from ..sweeps.plots import label  # noqa: PLC0415

    names = [*results.parameters, "seed"]
    names += show.split(",") if show else results.measures[:_MOST_MEASURES]
    columns = [results.column(name.strip()) for name in names]
    rows = [[label(results, name) for name in names]]
    for row in list(zip(*columns, strict=True))[:_MOST_ROWS]:
        rows.append([_cell(value) for value in row])
    return rows


def _cell(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
