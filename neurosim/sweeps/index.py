"""The folder of a sweep: recordings, and an index of the runs that is whole at every moment.

``index.json`` says what the sweep is and lists its runs. Whoever runs a point first makes the
file ``runs/run-0007.claim`` and, when done, ``runs/run-0007.json``; one process takes these over
into the index, which is written beside and renamed. So nothing that is done is ever lost, and
each point is run once, whichever processes share the folder.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._version import __version__
from ..errors import SweepError
from ..results import plain
from ..store import write_atomically
from .point_run import run_name
from .points import Point
from .values import identity, restored, stored

FORMAT = "neurosim-sweep-1"
LOCK = ".lock"
_INDEX = "index.json"
_WRITE_SHARE = 0.05  # of the time at most, unless a second has passed


class Index:
    """The runs of a sweep and its folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    what : mapping
        JSON-able: everything that all runs share. An index that is there must have the same.

    Raises
    ------
    SweepError
        The folder cannot be written, or holds something else.
    """

    def __init__(self, folder: Path, what: Mapping[str, Any]) -> None:
        self.folder = folder
        self.what = plain(dict(what))
        self.entries: dict[str, dict[str, Any]] = {}
        self._written_s = self._last = 0.0
        _make(folder)
        found = _read(folder) if (folder / _INDEX).exists() else None
        if found is None:
            _require_empty(folder)
            return
        for name in {**found["what"], **self.what}:
            value = found["what"].get(name)
            if self.what.get(name) != value:
                raise SweepError(
                    f"{folder} holds a sweep with {name} {_told(value)}, not "
                    f"{_told(self.what.get(name))}. Choose another output folder, or remove "
                    "this one."
                )
        self.entries = {_key(entry): entry for entry in found["runs"]}

    def add(self, points: Iterable[Point], again: bool = False) -> list[tuple[int, Point]]:
        """Number the points that are not in the index yet and return those to be run.

        Parameters
        ----------
        again : bool
            Those that failed are run again.
        """
        self._clear()
        number = max((entry["run"] for entry in self.entries.values()), default=0)
        todo = []
        for point in points:
            entry = self.entries.get(point.key)
            if entry is None:
                number += 1
                parameters = {k: stored(v) for k, v in point.parameters.items()}
                entry = {"run": number, "parameters": parameters, "seed": point.seed}
                entry["status"] = "waiting"
                self.entries[point.key] = entry
            if entry["status"] == "waiting" or (again and entry["status"] == "failed"):
                entry["status"] = "waiting"
                self._discard(entry["run"])
                todo.append((entry["run"], point))
        return todo

    def finished(self) -> list[dict[str, Any]]:
        """Return the entries of all runs that ended, by number."""
        ended = [e for e in self.entries.values() if e["status"] != "waiting"]
        return sorted(ended, key=lambda entry: int(entry["run"]))

    def absorb(self) -> list[dict[str, Any]]:
        """Take over the results of runs that ended since; return their entries."""
        by_number = {entry["run"]: entry for entry in self.entries.values()}
        found = []
        for path in _results(self.folder):
            result = _loaded(path)
            entry = by_number.get(result.pop("run", None))
            if entry is not None and entry["status"] == "waiting":
                entry.update(result)
                found.append(entry)
        if found and self._due():
            self.write("running")
        return found

    def _due(self) -> bool:
        waited = time.monotonic() - self._last
        return waited > 1.0 or self._written_s < _WRITE_SHARE * waited

    def write(self, status: str) -> None:
        """Write the index beside its place and rename it; then drop the results it holds.

        Parameters
        ----------
        status : {"running", "complete", "interrupted", "failed"}

        Raises
        ------
        SweepError
        """
        began = time.monotonic()
        runs = sorted(self.entries.values(), key=lambda entry: int(entry["run"]))
        content = {
            "format": FORMAT,
            "neurosim": __version__,
            "status": status,
            "what": self.what,
            "runs": runs,
        }
        text = json.dumps(plain(content), indent=1, allow_nan=False) + "\n"
        try:
            write_atomically(self.folder / _INDEX, text.encode())
            # claims stay while others may still come by and look for something to run
            suffixes = (".json",) if status == "running" else (".json", ".claim")
            for entry in runs:
                if entry["status"] != "waiting":
                    _remove(self.folder / "runs", run_name(entry["run"]), suffixes)
        except OSError as error:
            raise SweepError(
                f"the index of the sweep cannot be written to {self.folder}: {error}. Free some "
                "space; then the same command goes on."
            ) from error
        self._last = time.monotonic()
        self._written_s = self._last - began

    def _clear(self) -> None:
        """Take over what ended unseen; drop the claims of runs that were cut off."""
        self.absorb()
        for pattern in ("*.claim", "*.error"):
            for path in (self.folder / "runs").glob(pattern):
                path.unlink(missing_ok=True)

    def _discard(self, number: int) -> None:
        """Remove what an earlier attempt at a run left."""
        discard(self.folder, number)


def discard(folder: Path, number: int, free: bool = True) -> None:
    """Remove the files of a run that did not end, and its claim if it is to be run by others."""
    runs, name = folder / "runs", run_name(number)
    shutil.rmtree(runs / name, ignore_errors=True)
    _remove(runs, name, (".h5", ".json", ".claim") if free else (".h5", ".json"))


def claim(folder: Path, number: int, worker: str) -> bool:
    """Return whether a run is this worker's, which it then is for good."""
    path = folder / "runs" / f"{run_name(number)}.claim"
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(worker)
    except FileExistsError:
        return False
    except OSError as error:
        raise SweepError(f"{path} cannot be made: {error}.") from error
    return True


def claimed_by(folder: Path, worker: str) -> list[int]:
    """Return the numbers of the runs that a worker began and did not end."""
    found = []
    for path in (folder / "runs").glob("run-*.claim"):
        try:
            mine = path.read_text(encoding="utf-8") == worker
        except OSError:  # taken over by the index meanwhile
            continue
        if mine and not path.with_suffix(".json").exists():
            found.append(int(path.stem.removeprefix("run-")))
    return found


def put(folder: Path, number: int, entry: Mapping[str, Any]) -> None:
    """Leave the result of a run for the index."""
    path = folder / "runs" / f"{run_name(number)}.json"
    text = json.dumps(plain({"run": number, **entry}), allow_nan=False)
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise SweepError(
            f"the result of {run_name(number)} cannot be written: {error}. Free some space; then "
            "the same command goes on."
        ) from error


def read_index(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a folder's index, with runs that ended but are not in it yet.

    Raises
    ------
    SweepError
        There is none, or it is not an index of this package.
    """
    path = Path(folder)
    content = _read(path)
    results = {r.pop("run", None): r for r in map(_loaded, _results(path))}
    for entry in content["runs"]:
        if entry["status"] == "waiting":
            entry.update(results.get(entry["run"], {}))
    return content


def _results(folder: Path) -> list[Path]:
    return sorted((folder / "runs").glob("run-*.json"))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / _INDEX
    content = _loaded(path)
    if content.get("format") != FORMAT:
        raise SweepError(
            f"{path} is not the index of a sweep that this version reads ({FORMAT}); it says "
            f"{content.get('format')!r}."
        )
    runs = content.get("runs")
    names = {"run", "parameters", "seed", "status"}
    if not isinstance(content.get("what"), dict) or not isinstance(runs, list):
        raise SweepError(f"{path} lacks the runs of the sweep; it was changed or is damaged.")
    for entry in runs:
        if not isinstance(entry, dict) or not names <= set(entry):
            raise SweepError(f"{path} has a run without {', '.join(sorted(names))}.")
    return content


def _loaded(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SweepError(f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise SweepError(f"{path} does not hold a JSON object.")
    return content


def _make(folder: Path) -> None:
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SweepError(
            f"the sweep cannot go to the folder {folder}: {error}. Give one that exists or can be "
            "made."
        ) from error


def _require_empty(folder: Path) -> None:
    others = sorted(p.name for p in folder.iterdir() if p.name not in ("runs", LOCK))
    if others or any((folder / "runs").iterdir()):
        raise SweepError(
            f"{folder} is not empty ({', '.join(others[:3]) or 'runs'}) and holds no sweep. Give a "
            "folder of its own."
        )


def _key(entry: Mapping[str, Any]) -> str:
    parameters = {name: restored(value) for name, value in entry["parameters"].items()}
    return identity(parameters, entry["seed"])


def _told(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _remove(runs: Path, name: str, suffixes: tuple[str, ...]) -> None:
    for suffix in suffixes:
        (runs / f"{name}{suffix}").unlink(missing_ok=True)
