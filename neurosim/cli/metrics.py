"""``neurosim metrics``: the metrics of a recording, from the file alone."""

from __future__ import annotations

from pathlib import Path

import click

from .values import TimeType


@click.command("metrics")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", type=TimeType(), help="Start.  [end of the warm-up]")
@click.option("--to", "stop", type=TimeType(positive=True), help="Stop.  [end of the recording]")
@click.option(
    "--window", type=TimeType(positive=True), default="100ms", help="Of the sparsity.  [100ms]"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    file: Path, start: float | None, stop: float | None, window: float, as_json: bool
) -> None:
    """Rates, C_eff, sparsity and more of the recording FILE."""
    from ..analysis.metrics import format_table, metrics  # noqa: PLC0415 - not for --help

    result = metrics(file, milliseconds(start), milliseconds(stop), window * 1e3)
    click.echo(result.to_json() if as_json else format_table(result))


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds in ms, rounded to the picosecond so that 0.3 s is 300 ms."""
    return None if seconds is None else round(seconds * 1e3, 9)
