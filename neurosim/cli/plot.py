"""``neurosim plot``: a figure of a recording."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import DescriptionError
from .metrics import milliseconds
from .recordings import opened
from .values import TimeType

KINDS = (
    "raster", "rates", "isi", "cv", "fano", "sparseness", "synchrony", "correlation",
    "autocorrelogram", "crosscorrelogram", "spectrum", "trace", "lfp", "structure",
    "weights", "load",
)  # fmt: skip
_SUFFIXES = (".png", ".pdf", ".svg")


@click.command("plot")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), default="raster", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A .png, .pdf or .svg.  [FILE.png]"
)
@click.option("--from", "start", type=TimeType(), help="Start.  [end of the warm-up]")
@click.option("--to", "stop", type=TimeType(positive=True), help="Stop.  [end of the recording]")
def command(
    file: Path, kind: str, output: Path | None, start: float | None, stop: float | None
) -> None:
    """Draw the recording FILE."""
    target = output or file.with_suffix(".png")
    check_target(target, file)
    opened(file).plot(kind, target, start_ms=milliseconds(start), stop_ms=milliseconds(stop))
    click.echo(str(target))


def check_target(target: Path, file: Path) -> None:
    """Raise DescriptionError unless a figure can go to ``target``."""
    if target.suffix.lower() not in _SUFFIXES or target == file:
        raise DescriptionError(
            f"-o {target}: a figure is a picture; choose a name that ends in .png, .pdf or .svg."
        )
    if not target.parent.is_dir():
        raise DescriptionError(f"-o {target}: the folder {target.parent} does not exist.")
