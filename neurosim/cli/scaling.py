"""``neurosim scaling``: how a network's cost falls with ranks and threads on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import print_json, print_lines, print_table, say
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..scaling.runs import Variant

# settings that keep in-degrees while the scale grows; else a neuron's work would grow with it
_INDEGREE = {"microcircuit": "indegree_scale"}


@click.command("scaling")
@click.argument("experiment", default="microcircuit")
@click.option(
    "--scale", type=float, help="Of the network; of that on one core, if it grows.  [0.1]"
)
@click.option("--duration", type=TimeType(positive=True), help="After 100ms of warm-up.  [1s]")
@click.option("--cores", help="Numbers of cores, such as 1,2,4.  [doubled up to this machine's]")
@click.option(
    "--kind",
    type=click.Choice(["strong", "weak", "both"]),
    default="both",
    show_default=True,
    help="The same network, one that grows with the cores, or both.",
)
@click.option("--runs", type=click.IntRange(1, 100), help="Of each; medians.  [3]")
@click.option("--exchange", type=click.Choice(["auto", "allgather", "targeted"]), default="auto")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="scaling.json",
    show_default=True,
    help="All numbers; the figure gets the same name with .png.",
)
@click.option("--quick", is_flag=True, help="A small network, short, once: to try the command.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as stdout's last line.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    experiment: str,
    scale: float | None,
    duration: float | None,
    cores: str | None,
    kind: str,
    runs: int | None,
    exchange: str,
    settings: tuple[str, ...],
    quick: bool,
    **told: Any,
) -> None:
    """Measure EXPERIMENT on more and more cores, as ranks and as threads, and fit a cost model.

    What exchanges cost is kept for 'neurosim run --dry-run --ranks', but for --quick.
    """
    from ..scaling import runs as jobs  # noqa: PLC0415 - not for --help

    mpiexec = jobs.require_launcher()
    _check_folder(told["output"])
    parse_settings(settings)
    size = scale if scale is not None else 0.05 if quick else 0.1
    seconds = duration if duration is not None else 0.2 if quick else 1.0
    words = [experiment, "--duration", f"{seconds!r}s", "--warmup", "100ms"]
    words += ["--exchange", exchange]
    for setting in settings:
        words += ["--set", setting]
    variants = _variants(experiment, size, _numbers(cores), kind, mpiexec is not None, settings)
    if mpiexec is None:
        say("only threads: ranks need mpi4py and mpiexec (pip install 'neurosim[mpi]')", True)
    rounds = runs if runs is not None else 1 if quick else 3
    rows = jobs.measure(
        variants,
        jobs.neurosim_run(*words),
        mpiexec,
        rounds,
        lambda text: None if told["quiet"] else say(text, True),
    )
    facts = {"experiment": experiment, "scale": size, "runs": rounds, "quick": quick}
    _tell(rows, facts, **told)


def _tell(
    rows: list[dict[str, Any]], facts: dict[str, Any], output: Path, as_json: bool, quiet: bool
) -> None:
    """Print, write and draw what was measured, and keep what exchanges cost."""
    from ..analysis.canvas import save  # noqa: PLC0415 - not for --help
    from ..scaling import report  # noqa: PLC0415 - not for --help
    from ..scaling.machine import store, stored  # noqa: PLC0415 - not for --help

    rows = report.with_efficiency(rows)
    model = report.fit(rows)
    print_table(report.table(rows, model), to_stderr=as_json)
    print_lines(["", *report.told(model)], to_stderr=as_json)
    costs = report.exchange_costs(rows, stored()[0])
    if costs is not None and not facts["quick"]:
        store(costs)
    modelled = [model.parts(row) for row in rows]
    result = {**facts, "rows": rows, "model": vars(model), "modelled": modelled}
    _write(output, result)
    figure = output.with_suffix(".png")
    save(report.draw(rows, model, f"{facts['experiment']}, scale {facts['scale']:g}"), figure)
    if not quiet:
        say(f"written: {output}, {figure}", to_stderr=True)
    if as_json:
        print_json(result)


def _numbers(typed: str | None) -> list[int]:
    """Return numbers of cores, ascending; 1 is always among them."""
    from ..cores import sensible_threads  # noqa: PLC0415 - not for --help

    if typed is None:
        most = sensible_threads()
        return sorted({1, most} | {2**k for k in range(most.bit_length()) if 2**k <= most})
    try:
        found = {int(word) for word in typed.split(",")}
    except ValueError as error:
        raise click.UsageError(f"--cores {typed!r}: give numbers such as 1,2,4.") from error
    if not all(1 <= n <= 4096 for n in found):
        raise click.UsageError(f"--cores {typed!r}: give numbers from 1 to 4096.")
    return sorted(found | {1})


def _variants(
    experiment: str,
    scale: float,
    cores: list[int],
    kind: str,
    ranks: bool,
    settings: tuple[str, ...],
) -> list[Variant]:
    from ..scaling.runs import Variant  # noqa: PLC0415 - not for --help

    shapes = [(1, 1)]
    for n in cores[1:]:
        shapes += [(n, 1)] if ranks else []
        shapes.append((1, n))
    found = []
    if kind != "weak":
        found += [Variant(r, t, ("--scale", repr(scale))) for r, t in shapes]
    if kind != "strong":
        fixed = _fixed_indegree(experiment, scale, settings)
        found += [
            Variant(r, t, ("--scale", repr(scale * r * t), *fixed), "weak") for r, t in shapes
        ]
    return found


def _fixed_indegree(experiment: str, scale: float, settings: tuple[str, ...]) -> tuple[str, ...]:
    name = _INDEGREE.get(experiment)
    if name is None or any(setting.split("=")[0].strip() == name for setting in settings):
        return ()
    return ("--set", f"{name}={scale!r}")


def _check_folder(output: Path) -> None:
    """Refuse what could not be written, before anything is run."""
    from ..errors import DescriptionError  # noqa: PLC0415 - not for --help

    if not output.parent.is_dir():
        raise DescriptionError(f"--output {output}: there is no folder {output.parent}; make it.")
    if output.suffix.lower() == ".png":
        raise DescriptionError(
            f"--output {output} is for the numbers, as JSON; the figure gets the same name with "
            ".png. Choose a name such as scaling.json."
        )


def _write(path: Path, result: dict[str, Any]) -> None:
    from ..errors import AnalysisError  # noqa: PLC0415 - not for --help

    try:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise AnalysisError(
            f"cannot write {str(path)!r}: {error}. Give a name in an existing folder with --output."
        ) from error
