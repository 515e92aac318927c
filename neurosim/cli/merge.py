"""``neurosim merge``: one recording of what the ranks of a run recorded."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("merge")
@click.argument("output", type=click.Path(path_type=Path))
def command(output: Path) -> None:
    """Make one recording of the parts of OUTPUT, which a run left that was killed.

    A run on several ranks, or one that was resumed, records into the folder OUTPUT.parts and
    does this itself at its end. The recording reaches as far as all ranks got.
    """
    from ..recording.merge import merge  # noqa: PLC0415 - not for --help

    merged = merge(output)
    if merged is None:
        click.echo(f"{output} is one file already.")
        return
    pieces = f" and {merged.n_pieces} stretches of time" if merged.n_pieces > 1 else ""
    ranks = "1 rank" if merged.n_ranks == 1 else f"{merged.n_ranks} ranks"
    click.echo(f"{output}: 0 to {merged.stop_ms:g} ms, of {ranks}{pieces}: {merged.status}")
