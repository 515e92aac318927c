"""``neurosim run`` for experiments that simulate several networks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.machine_text import used_of
from ..interrupts import RunInterrupted
from ..progress import Progress
from .output import print_json, print_lines, say
from .platform_options import account_of

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..results import Results
    from ..runs import Runs

EXIT_INTERRUPTED = 130
EXIT_CHECK_FAILED = 3


def perform(
    found: Experiment,
    name: str,
    settings: dict[str, Any],
    typed: dict[str, Any],
    output: Path | None,
    progress: Progress,
) -> int:
    """Run all simulations of an experiment and report; return the exit code.

    ``typed`` holds the options of the command line; recordings, ``results.json`` and
    ``figure.png`` go to the folder ``output``.
    """
    from ..units import second  # noqa: PLC0415 - imports Brian2

    times = {k: typed[k] * second for k in ("duration", "warmup", "dt") if typed[k] is not None}
    names = ("scale", "seed", "engine", "threads", "precision", "exchange", "quick", "platform")
    options = {name: typed[name] for name in names}
    runs: list[Runs] = []
    try:
        results = found.run(
            name=name,
            settings=settings,
            output=output,
            progress=progress,
            started=runs.append,
            **times,
            **options,
        )
    except RunInterrupted as stop:
        say(str(stop), to_stderr=True)
        return EXIT_INTERRUPTED
    _tell(results, runs[0], output, progress, typed["as_json"])
    return EXIT_CHECK_FAILED if typed["check"] and not results.passed else 0


def _tell(
    results: Results, runs: Runs, output: Path | None, progress: Progress, as_json: bool
) -> None:
    figures = []
    if output is not None:
        progress.note(f"recordings and results: {output}")
        if results.figure is not None:
            figures.append(str(output / "figure.png"))
            progress.note(f"figure: {figures[0]}")
    print_lines(results.lines, to_stderr=as_json)
    tell_checks(results, as_json)
    summaries = {key: made.summary() for key, made in runs.simulations.items()}
    print_lines(_machines(runs, output), to_stderr=as_json)
    wall = sum(s.simulate_s + s.warmup_s for s in summaries.values())
    spikes = sum(s.n_spikes for s in summaries.values())
    print_lines(
        [
            f"{len(summaries)} simulations, {spikes:,} spikes; compile "
            f"{sum(s.compile_s for s in summaries.values()):.2f} s, build "
            f"{sum(s.build_s for s in summaries.values()):.2f} s, simulate {wall:.2f} s"
        ],
        to_stderr=as_json,
    )
    if as_json:
        simulations = {
            key: asdict(summary) | account_of(runs.simulations[key])
            for key, summary in summaries.items()
        }
        print_json(
            {
                **runs.facts,
                "seed": runs.seed,
                **results.as_dict(),
                "figures": figures,
                "simulations": simulations,
            }
        )


def _machines(runs: Runs, output: Path | None) -> list[str]:
    """Return a line for each simulation on a machine: what it used of it."""
    lines = []
    for key, made in runs.simulations.items():
        if made.platform is not None and made.mapping is not None:
            lines.append(f"{key} on {made.platform.name}: {used_of(made.mapping)}")
    if lines and output is not None:
        lines.append(f"mapping and execution: neurosim info {output}/NAME.h5")
    return lines


def tell_checks(results: Results, as_json: bool) -> None:
    """Print the table of checks."""
    if results.checks:
        print_lines(["", results.table(), ""], to_stderr=as_json)
