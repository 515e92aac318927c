"""What a sweep found: its runs, as a table and as figures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AnalysisError, UnsupportedError
from .index import read_index
from .measures import standard_measures
from .points import Point
from .target import Measure
from .values import Unit, common_unit, identity, restored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Attributes
    ----------
    number : int
        Of its files.
    parameters : dict
    seed : int or None
    status : {"complete", "failed", "waiting"}
    message : str or None
        Why it failed.
    measures : dict of str to float
    path : Path or None
        The recording, or the folder of an experiment's recordings; None where none was kept.
    spikes : dict of str to str
        ``spikes_sha256`` of each simulation.
    wall_s : float
    """

    number: int
    parameters: dict[str, Any]
    seed: int | None
    status: str
    message: str | None = None
    measures: dict[str, float] = field(default_factory=dict)
    path: Path | None = None
    spikes: dict[str, str] = field(default_factory=dict)
    wall_s: float = math.nan

    def recording(self) -> Recording:
        """Return the recording.

        Raises
        ------
        AnalysisError
            None was kept, or there are several.
        """
        from ..recording import read  # noqa: PLC0415 - h5py, only where a file is read

        if self.path is None:
            raise AnalysisError(f"run {self.number} of the sweep kept no recording")
        if self.path.is_dir():
            names = ", ".join(sorted(p.name for p in self.path.glob("*.h5")))
            raise AnalysisError(f"run {self.number} has several recordings in {self.path}: {names}")
        return read(self.path)


class SweepResults:
    """The runs of a sweep, in the order of its points; made by ``ns.sweep``, ``ns.read_sweep``.

    Parameters
    ----------
    folder : Path
    runs : sequence of SweepRun
    held : object
        Kept as long as this object: what removes a temporary folder.

    Attributes
    ----------
    folder : Path
    runs : tuple of SweepRun
    parameters : tuple of str
        What was varied.
    units : dict of str to Unit
        In which the table has the parameters.
    """

    def __init__(self, folder: Path, runs: Sequence[SweepRun], held: object = None) -> None:
        self.folder, self.runs, self._held = folder, tuple(runs), held
        names = dict.fromkeys(name for run in self.runs for name in run.parameters)
        self.parameters = tuple(names)
        self.units: dict[str, Unit] = {
            name: common_unit([run.parameters.get(name) for run in self.runs]) for name in names
        }

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def failed(self) -> list[SweepRun]:
        """The runs that failed, each with its message."""
        return [run for run in self.runs if run.status == "failed"]

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(dict.fromkeys(name for run in self.runs for name in run.measures))

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each run: parameters, seed, measures, status, wall time, run.

        Quantities are numbers in the unit that :attr:`units` tells; a measure that a run lacks
        is NaN.
        """
        rows = []
        for run in self.runs:
            row = {n: self.units[n].number(run.parameters.get(n)) for n in self.parameters}
            row["seed"] = run.seed
            row |= {name: run.measures.get(name, math.nan) for name in self.measures}
            rows.append(row | {"status": run.status, "wall_s": run.wall_s, "run": run.number})
        return rows

    def array(self) -> NDArray[Any]:
        """Return the table as a structured array, (n_runs,)."""
        rows = self.table()
        columns = {name: np.array([row[name] for row in rows]) for name in (rows or [{}])[0]}
        found = np.empty(len(rows), dtype=[(n, c.dtype, c.shape[1:]) for n, c in columns.items()])
        for name, column in columns.items():
            found[name] = column
        return found

    def frame(self) -> Any:
        """Return the table as a pandas DataFrame.

        Raises
        ------
        UnsupportedError
            pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise UnsupportedError(
                "frame() needs pandas, which is not installed: pip install pandas. table() and "
                "array() have the same."
            ) from error
        return pandas.DataFrame(self.table())

    def column(self, name: str) -> list[Any]:
        """Return a parameter, a measure, ``seed``, ``status``, ``wall_s`` or ``run`` of all runs.

        Raises
        ------
        AnalysisError
            There is no such column; the message lists those that are.
        """
        rows = self.table()
        if rows and name not in rows[0]:
            raise AnalysisError(f"there is no column {name!r}; there are: {', '.join(rows[0])}")
        return [row[name] for row in rows]

    def measure(self, function: Measure = standard_measures) -> SweepResults:
        """Return the same runs with other measures, taken from the recordings that were kept.

        Parameters
        ----------
        function : callable
            Given a Recording, returns a dict of numbers.
        """
        from dataclasses import replace  # noqa: PLC0415

        runs = [
            replace(run, measures=dict(function(run.recording())))
            if run.status == "complete"
            else run
            for run in self.runs
        ]
        return SweepResults(self.folder, runs, self._held)

    def plot(
        self, x: str, y: str, z: str | None = None, path: str | os.PathLike[str] | None = None
    ) -> Figure:
        """Draw a measure over one parameter or over two.

        Parameters
        ----------
        x : str
            A parameter.
        y : str
            A measure, with one line for each combination of the other parameters: mean and
            standard deviation over seeds. With ``z``, another parameter.
        z : str, optional
            A measure, drawn as the colour of the plane of x and y, mean over all else.
        path : path, optional
            Where to save the figure.

        Raises
        ------
        AnalysisError
            There is no such column or nothing to draw.
        """
        from .plots import lines, plane  # noqa: PLC0415 - matplotlib

        return lines(self, x, y, path) if z is None else plane(self, x, y, z, path)

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"<SweepResults: {len(self)} runs over {', '.join(self.parameters)}{failed}>"


def read_sweep(
    folder: str | os.PathLike[str],
    points: Sequence[Point] | None = None,
    held: object = None,
) -> SweepResults:
    """Return the runs of a sweep's folder, also while it is going on.

    Parameters
    ----------
    folder : path
    points : sequence of Point, optional
        Those wanted, in this order; all in the order of their numbers otherwise.
    held : object
        Kept as long as the results.

    Raises
    ------
    SweepError
        The folder has no index, or it is damaged.
    """
    base = Path(folder)
    runs = {}
    for entry in read_index(base)["runs"]:
        run = _run_of(entry, base)
        runs[identity(run.parameters, run.seed)] = run
    wanted = list(runs) if points is None else [point.key for point in points]
    return SweepResults(base, [runs[key] for key in wanted], held)


def _run_of(entry: dict[str, Any], base: Path) -> SweepRun:
    recording = entry.get("recording")
    measures = {k: math.nan if v is None else v for k, v in entry.get("measures", {}).items()}
    return SweepRun(
        number=int(entry["run"]),
        parameters={name: restored(value) for name, value in entry["parameters"].items()},
        seed=entry["seed"],
        status=str(entry["status"]),
        message=entry.get("message"),
        measures=measures,
        path=None if recording is None else base / str(recording),
        spikes=dict(entry.get("spikes", {})),
        wall_s=float(entry.get("wall_s", math.nan)),
    )
