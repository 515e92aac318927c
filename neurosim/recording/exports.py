"""Recordings in other formats: CSV tables, and NIX files through Neo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RecordingWriteError, UnknownNameError, UnsupportedError
from . import guard
from .states import StateReader, find_report

if TYPE_CHECKING:
    from .reader import Recording

FORMATS = ("csv", "nix")
_SPIKES_AT_ONCE = 500_000


def export(
    recording: Recording,
    path: str | os.PathLike[str],
    format: str,
    start_ms: float | None = None,
    stop_ms: float | None = None,
) -> list[Path]:
    """Write a recording in another format.

    Parameters
    ----------
    recording : Recording
    path : path
        ``nix``: the file. ``csv``: of the spikes; each recorded variable goes into a file of its
        own beside it, ``NAME.E.v.csv`` for ``NAME.csv``.
    format : {"csv", "nix"}
    start_ms, stop_ms : float, optional

    Returns
    -------
    list of Path
        The files written. Files that are there are replaced.

    Raises
    ------
    UnknownNameError, UnsupportedError, RecordingWriteError
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS, "export")
    if format == "nix":
        return [to_nix(recording, path, start_ms, stop_ms)]
    first = Path(path)
    written = [spikes_to_csv(recording, first, start_ms, stop_ms)]
    for report in recording.reports:
        beside = first.with_name(f"{first.stem}.{report.name}{first.suffix or '.csv'}")
        times = start_ms, stop_ms
        written.append(
            states_to_csv(
                recording, beside, report.population, report.variable, *times, report.recorder
            )
        )
    return written


def spikes_to_csv(
    recording: Recording,
    path: str | os.PathLike[str],
    start_ms: float | None = None,
    stop_ms: float | None = None,
    populations: Sequence[str] | None = None,
) -> Path:
    """Write spikes as a table ``time_ms,population,id``, sorted by time within a population.

    Parameters
    ----------
    recording : Recording
    path : path
    start_ms, stop_ms : float, optional
    populations : sequence of str, optional
        By default all whose spikes were recorded.
    """
    recorded = [p.name for p in recording.populations.values() if p.spikes]
    with _table(path) as file:
        file.write("time_ms,population,id\n")
        for name in recorded if populations is None else populations:
            for times, ids in recording.spike_blocks(name, start_ms, stop_ms, _SPIKES_AT_ONCE):
                label = _cell(name)
                pairs = zip(times.tolist(), ids.tolist(), strict=True)
                file.writelines(f"{time!r},{label},{k}\n" for time, k in pairs)
    return Path(path)


def states_to_csv(
    recording: Recording,
    path: str | os.PathLike[str],
    population: str,
    variable: str,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    recorder: str | None = None,
    ids: ArrayLike | None = None,
) -> Path:
    """Write a recorded variable as a table: ``time_ms``, then a column for each neuron.

    Columns are called ``v[3] (mV)`` after variable, local id and unit; a sum or mean over neurons
    has one column.
    """
    report = find_report(recording.reports, population, variable, recorder, recording.path)
    with guard.opened(recording.path) as source, _table(path) as file:
        reader = StateReader(source, report, recording.clock)
        columns = reader.columns(ids)
        names = _column_names(report.variable, reader, columns, bool(report.reduce))
        file.write(",".join(["time_ms", *map(_cell, names)]) + "\n")
        for times, values in reader.blocks(*reader.rows(start_ms, stop_ms), columns):
            rows = zip(times.tolist(), values.astype(np.float64).tolist(), strict=True)
            file.writelines(f"{time!r},{','.join(map(repr, row))}\n" for time, row in rows)
    return Path(path)


def to_nix(
    recording: Recording,
    path: str | os.PathLike[str],
    start_ms: float | None = None,
    stop_ms: float | None = None,
) -> Path:
    """Write a NIX file with one block, as :func:`neurosim.recording.neo_export.to_neo` makes it.

    Raises
    ------
    UnsupportedError
        The packages ``neo`` and ``nixio`` are not installed.
    RecordingWriteError
    """
    try:
        import nixio  # type: ignore[import-untyped] # noqa: F401, PLC0415
        from neo.io import NixIO  # noqa: PLC0415
    except ImportError as cause:
        raise UnsupportedError(
            "a NIX file needs the packages neo and nixio, of which one is not installed: "
            "pip install neo nixio; or export to csv"
        ) from cause
    from .neo_export import to_neo  # noqa: PLC0415

    block = to_neo(recording, start_ms, stop_ms)
    target = Path(path)
    if not target.parent.is_dir():
        raise RecordingWriteError(f"cannot write {str(target)!r}: its folder does not exist")
    try:
        with NixIO(str(target), "ow") as file:
            file.write_block(block)
    except OSError as cause:
        raise RecordingWriteError(f"cannot write {str(target)!r}: {cause}") from cause
    return target


def _column_names(
    variable: str, reader: StateReader, columns: NDArray[np.int64] | None, reduced: bool
) -> Iterable[str]:
    if reduced:
        return [f"{variable} ({reader.unit})"]
    ids = reader.ids if columns is None else reader.ids[columns]
    return [f"{variable}[{k}] ({reader.unit})" for k in ids]


def _cell(text: str) -> str:
    """Quote a text where CSV needs it."""
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


@contextmanager
def _table(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Open a text file that appears, whole, when all is written."""
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with open(unfinished, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(unfinished, target)
    except OSError as cause:
        raise RecordingWriteError(
            f"cannot write {str(target)!r}: {cause.strerror or cause}. Give a file name in an "
            "existing folder with enough space"
        ) from cause
    finally:
        unfinished.unlink(missing_ok=True)
