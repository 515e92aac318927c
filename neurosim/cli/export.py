"""``neurosim export``: a recording in another format."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import DescriptionError
from .metrics import milliseconds
from .recordings import opened
from .values import TimeType


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["csv", "nix"]), default="csv", show_default=True
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Target.  [FILE.csv, .nix]")
@click.option("--from", "start", type=TimeType(), help="Start.  [beginning]")
@click.option("--to", "stop", type=TimeType(positive=True), help="Stop.  [end of the recording]")
def command(
    file: Path, kind: str, output: Path | None, start: float | None, stop: float | None
) -> None:
    """Write the recording FILE as CSV tables or as a NIX file (which needs neo and nixio).

    CSV: a table of all spikes, and one beside it for each recorded variable.
    """
    from ..recording.exports import export  # noqa: PLC0415 - not for --help

    target = output or file.with_suffix(f".{kind}")
    if target == file or not target.parent.is_dir():
        raise DescriptionError(
            f"-o {target}: choose another file than the recording, in an existing folder."
        )
    for path in export(opened(file), target, kind, milliseconds(start), milliseconds(stop)):
        click.echo(str(path))
