"""``neurosim metrics``: the metrics of a recording, from the file alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .recordings import opened
from .values import TimeType

_ALL = "all"


@click.command("metrics")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", type=TimeType(), help="Start.  [end of the warm-up]")
@click.option("--to", "stop", type=TimeType(positive=True), help="Stop.  [end of the recording]")
@click.option(
    "--window",
    type=TimeType(positive=True),
    default="100ms",
    help="Of the sparsity S, Fano factor and sparsenesses.  [100ms]",
)
@click.option(
    "--platforms",
    metavar="NAMES",
    help="Price the run on neuromorphic machines, without running it again: 'all', or names "
    "with commas between.",
)
@click.option(
    "--inferences",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Equal tasks in the run, for the price of one; with --platforms.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    file: Path,
    start: float | None,
    stop: float | None,
    window: float,
    platforms: str | None,
    inferences: int,
    as_json: bool,
) -> None:
    """Rates, irregularity, coordination, sparseness, C_eff and more of the recording FILE.

    \b
    rate (Hz)     spikes per neuron and second, silent neurons included
    CV, CV2, LV, LvR
                  irregularity of inter-spike intervals: 1 Poisson, 0 a clock
    Fano          variance / mean of a neuron's spike counts in the window
    correlation   mean Pearson correlation of pairs, counts in 2 ms
    synchrony     variance / mean of the population's count in 3 ms: 1 independent
    peak (Hz)     largest power of the population rate above 5 Hz
    Treves-Rolls  <r>^2 / <r^2> of the rates: 1 equal, 1/n one neuron does it all
    population, lifetime
                  sparseness of counts across neurons, across windows: 0 dense, 1 sparse
    C_eff, S, M_syn, T_s
                  the survey's: see docs/analysis.md

    With --platforms: time, energy, and T_s, E_s, EDP, L, P_inf, M_syn, S, C_eff on each machine,
    with how sure each number is: see docs/costs.md.
    """  # noqa: D301 - the backspace is click's sign for "leave these lines alone"
    from ..analysis.metrics import format_table, metrics  # noqa: PLC0415 - not for --help

    if platforms is None and inferences != 1:
        raise click.UsageError("--inferences goes with --platforms: add --platforms all.")
    recording, stretch = opened(file), (milliseconds(start), milliseconds(stop))
    result = metrics(recording, *stretch, window * 1e3)
    if platforms is None:
        click.echo(result.to_json() if as_json else format_table(result))
        return
    from ..pricing import price  # noqa: PLC0415 - imports Brian2

    named = [name.strip() for name in platforms.split(",")]
    chosen = _ALL if _ALL in named else named
    prices = price(recording, chosen, *stretch, window * 1e3, inferences)
    if as_json:
        both = {**json.loads(result.to_json()), "platforms": prices.as_dict()}
        click.echo(json.dumps(both, allow_nan=False))
    else:
        click.echo(f"{format_table(result)}\n\nplatforms\n{prices.table()}")


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds in ms, rounded to the picosecond so that 0.3 s is 300 ms."""
    return None if seconds is None else round(seconds * 1e3, 9)
