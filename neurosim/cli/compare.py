"""``neurosim compare``: two recordings beside each other."""

from __future__ import annotations

from pathlib import Path

import click

from .metrics import milliseconds
from .plot import check_target
from .recordings import opened
from .values import TimeType


@click.command("compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--from", "start", type=TimeType(), help="Start.  [end of the longer warm-up]")
@click.option("--to", "stop", type=TimeType(positive=True), help="Stop.  [end of the shorter one]")
@click.option(
    "--window",
    type=TimeType(positive=True),
    default="2ms",
    help="Spikes at most so far apart coincide.  [2ms]",
)
@click.option(
    "--neurons",
    type=click.IntRange(min=2),
    default=200,
    help="Of each population, for distances and correlations.  [200]",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A figure: a .png, .pdf or .svg."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    a: Path,
    b: Path,
    start: float | None,
    stop: float | None,
    window: float,
    neurons: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Where the recordings A (the reference) and B part, and what of their activity differs.

    \b
    first difference  the first spike that only one of them has
    rate, CV, corr.   of neurons, of pairs: means, shift, Kolmogorov-Smirnov distance and p
    partners          share of spikes that the same neuron has in the other run
    Victor-Purpura, van Rossum
                      distances per spike: 0 the same; (others): between different neurons
    See docs/compare.md.
    """  # noqa: D301 - the backspace is click's sign for "leave these lines alone"
    from ..analysis.comparison import compare  # noqa: PLC0415 - not for --help

    if output is not None:
        for file in (a, b):
            check_target(output, file)
    found = compare(
        opened(a), opened(b), milliseconds(start), milliseconds(stop),
        window_ms=window * 1e3, max_neurons=neurons,
    )  # fmt: skip
    click.echo(found.to_json() if as_json else str(found))
    if output is not None:
        found.plot(output)
        click.echo(str(output), err=as_json)
