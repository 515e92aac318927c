"""How commands open the recording they are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..recording import Recording


def opened(file: Path) -> Recording:
    """Open a recording whose data are needed; say if its run did not get to its end.

    Raises
    ------
    RecordingError
        It cannot be read, or its data are still in parts.
    """
    from ..recording import read  # noqa: PLC0415 - not for --help

    recording = read(file)
    recording.require_data()
    if not recording.complete:
        state = "not finished" if recording.status == "running" else recording.status
        click.echo(
            f"note: {file} holds 0 to {recording.stop_ms:g} ms of a run that is not complete "
            f"({state})",
            err=True,
        )
    return recording
