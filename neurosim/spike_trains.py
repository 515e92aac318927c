"""Spike trains as (times, ids): read from files, or made as pulse packets."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from brian2.units.fundamentalunits import Quantity
from numpy.typing import NDArray

from . import streams
from .description.names import MAX_SIZE, check_count
from .description.quantities import SECOND, scalar
from .elementary import ndtri
from .errors import DescriptionError, SpikeFileError, UnknownNameError
from .malformed import explained

_MAX_TEXT_BYTES = 1 << 32
_TIME_UNITS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("us", "microsecond", "microseconds"), 1e-6),
}
_TIME_COLUMNS = {"t", "time", "times", "timestamp", "timestamps", "spike_time", "spike_times"}
_ID_COLUMNS = {"i", "id", "ids", "gid", "gids", "neuron", "neuron_id", "node_id", "node_ids"}
_ID_COLUMNS |= {"sender", "senders", "unit", "unit_id", "index"}
_FORMATS = (
    "spike trains",
    "Allowed: SONATA spike files, HDF5 files with /units as in NWB, text with a time and an id on "
    "each line.",
)


class SpikeTrains(NamedTuple):
    """Spikes of some neurons; ``net.spike_source("input", *trains)`` emits them.

    Attributes
    ----------
    times : (n_spikes,) Quantity of time
    ids : (n_spikes,) int64
        Which neuron emits each of them, from 0.
    """

    times: Any
    ids: NDArray[np.int64]


def spike_trains(times_s: NDArray[np.float64], ids: NDArray[np.int64]) -> SpikeTrains:
    """Return spikes, in seconds, ordered by time and then by id."""
    order = np.lexsort((ids, times_s))
    return SpikeTrains(Quantity(times_s[order], dim=SECOND), ids[order].astype(np.int64))


def read_spikes(
    path: str | os.PathLike[str], population: str | None = None, *, unit: Any = None
) -> SpikeTrains:
    """Read spike trains from a file.

    Parameters
    ----------
    path : path
        One of: a SONATA spike file or a recording of this package
        (``/spikes/<population>/{timestamps, node_ids}``); a file in the manner of NWB
        (``/units/{spike_times, spike_times_index}``, unit k is neuron k); a text file with a
        time and an id on each line, separated by commas, blanks or tabs. A header line may name
        the columns (``timestamps node_ids``, ``sender time_ms``...) in any order; without one the
        time comes first. Lines that start with ``#`` are skipped.
    population : str, optional
        Which population of a SONATA file; needed if it has several.
    unit : Quantity, optional
        Unit of the times in a text file, 1 ms by default; HDF5 files state it, or use ms
        (SONATA) and s (NWB).

    Returns
    -------
    SpikeTrains

    Raises
    ------
    SpikeFileError
        No such file, neither of these formats, damaged, or with times or ids that no spike has.
    UnknownNameError
        The file has no such population.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise SpikeFileError(f"there is no spike file {name!r}; check the path.")
    seconds = None if unit is None else scalar(unit, SECOND, "read_spikes: unit")
    if seconds is not None and seconds <= 0:
        raise DescriptionError(f"read_spikes: unit is {seconds!r} s; give one such as 1*ms.")
    with explained(SpikeFileError, name, *_FORMATS):
        if h5py.is_hdf5(name):
            with h5py.File(name, "r", locking="best-effort") as file:
                times, ids = _read_hdf5(file, name, population, seconds)
        else:
            if population is not None:
                raise SpikeFileError(
                    f"{name!r} is a text file, which has no populations; leave population out."
                )
            times, ids = _read_text(Path(name), seconds)
        return spike_trains(*_checked(times, ids))


def _read_hdf5(
    file: h5py.File, name: str, population: str | None, unit: float | None
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if isinstance(file.get("spikes"), h5py.Group):
        return _read_sonata(file["spikes"], name, population, unit)
    if isinstance(file.get("units"), h5py.Group):
        if population is not None:
            raise SpikeFileError(f"{name!r} holds units, not populations; leave population out.")
        return _read_units(file["units"], unit)
    raise SpikeFileError(
        f"{name!r} is an HDF5 file without /spikes (SONATA) and without /units (NWB)."
    )


def _read_sonata(
    spikes: h5py.Group, name: str, population: str | None, unit: float | None
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    names = [key for key in spikes if isinstance(spikes.get(key), h5py.Group)]
    if population is None:
        if len(names) != 1:
            raise SpikeFileError(
                f"{name!r} has {len(names)} populations ({', '.join(names[:20])}); name one: "
                "read_spikes(path, population=...)."
            )
        population = names[0]
    if population not in names:
        raise UnknownNameError("population", population, names, repr(name))
    group = spikes[population]
    times, ids = _table(group, "timestamps", "fiu"), _table(group, "node_ids", "iu")
    stated = group["timestamps"].attrs.get("units", "ms")
    return times * _seconds_per(stated, unit), ids


def _read_units(units: h5py.Group, unit: float | None) -> tuple[NDArray[np.float64], NDArray[Any]]:
    times = _table(units, "spike_times", "fiu")
    ends = _table(units, "spike_times_index", "iu").astype(np.int64)
    counts = np.diff(ends, prepend=0)
    if ends.size and (counts.min() < 0 or ends[-1] != times.size):
        raise ValueError("/units/spike_times_index does not divide /units/spike_times")
    if not ends.size and times.size:
        raise ValueError("/units/spike_times_index is empty")
    stated = units["spike_times"].attrs.get("unit", "seconds")
    return times * _seconds_per(stated, unit), np.repeat(np.arange(ends.size), counts)


def _seconds_per(stated: Any, unit: float | None) -> float:
    if unit is not None:
        return unit
    text = stated.decode() if isinstance(stated, bytes) else str(stated)
    if text.strip().lower() not in _TIME_UNITS:
        raise ValueError(f"the times are in {text[:40]!r}; known are {', '.join(_TIME_UNITS)}")
    return _TIME_UNITS[text.strip().lower()]


def _table(group: h5py.Group, key: str, kinds: str) -> NDArray[Any]:
    data = group[key]
    if not isinstance(data, h5py.Dataset) or data.ndim != 1 or data.dtype.kind not in kinds:
        raise TypeError(f"{group.name}/{key} is not a list of numbers")
    compressed = data.id.get_create_plist().get_nfilters() > 0
    if data.chunks and not compressed and data.nbytes > data.id.get_storage_size():
        raise ValueError(f"{group.name}/{key} claims more data than the file holds")
    if compressed and data.nbytes > 2000 * data.id.get_storage_size():
        raise ValueError(f"{group.name}/{key} claims more data than its compressed form can hold")
    return np.asarray(data[()])


def _read_text(path: Path, unit: float | None) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if path.stat().st_size > _MAX_TEXT_BYTES:
        raise ValueError("the text is larger than 4 GiB; convert it to SONATA")
    columns, scale = (0, 1), 1e-3
    times: list[float] = []
    ids: list[float] = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(file, start=1):
            cells = _cells(line)
            if not cells:
                continue
            if not times and not _is_number(cells[0]):
                columns, scale = _header(cells, number)
                continue
            try:
                times.append(float(cells[columns[0]]))
                ids.append(float(cells[columns[1]]))
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"line {number} is {line.strip()[:60]!r}, not a time and an id"
                ) from error
    numbers = np.array(ids, np.float64)
    if numbers.size and not (np.isfinite(numbers) & (numbers == np.floor(numbers))).all():
        raise ValueError("an id is not a whole number")
    return np.array(times, np.float64) * (scale if unit is None else unit), numbers


def _cells(line: str) -> list[str]:
    text = line.strip()
    if not text or text.startswith("#"):
        return []
    for separator in ",;":
        if separator in text:
            return [cell.strip() for cell in next(csv.reader([text], delimiter=separator))]
    return text.split()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _header(cells: list[str], number: int) -> tuple[tuple[int, int], float]:
    """Return the columns of times and ids, and the unit of the times in seconds."""
    scale = 1e-3
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        base, _, suffix = cell.lower().rpartition("_")
        word = cell.lower()
        if base in _TIME_COLUMNS and suffix in _TIME_UNITS:
            scale, word = _TIME_UNITS[suffix], base
        for kind, known in (("time", _TIME_COLUMNS), ("id", _ID_COLUMNS)):
            if word in known:
                found.setdefault(kind, index)
    if len(found) != 2:
        raise ValueError(
            f"line {number} is {' '.join(cells)[:60]!r}: neither a time and an id nor a header "
            "such as 'time,id'"
        )
    return (found["time"], found["id"]), scale


def _checked(
    times: NDArray[np.float64], ids: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if times.size != ids.size:
        raise ValueError(f"{times.size} times and {ids.size} ids")
    if times.size and not (np.isfinite(times).all() and times.min() >= 0):
        raise ValueError("a spike time is negative or not finite")
    if ids.size and (ids.min() < 0 or ids.max() > MAX_SIZE):
        raise ValueError(f"an id is not from 0 to {MAX_SIZE}")
    return np.asarray(times, np.float64), ids.astype(np.int64)


def pulse_packet(
    n_spikes: int, sigma: Any, time: Any, *, seed: int = 0, size: int | None = None
) -> SpikeTrains:
    """Return a volley of spikes at normally distributed times, as of Diesmann et al. 1999.

    Parameters
    ----------
    n_spikes : int
        Activity ``a`` of the packet.
    sigma : Quantity of time
        Standard deviation of the times; 0 lets all spikes fall together.
    time : Quantity of time
        Centre of the packet; five ``sigma`` or more, for no spike may come before t = 0.
    seed : int
        The times are a function of it.
    size : int, optional
        Number of neurons, at least ``n_spikes``; the first ``n_spikes`` of them emit one spike
        each. By default ``n_spikes``.

    References
    ----------
    Diesmann, Gewaltig & Aertsen 1999, Nature 402:529, doi:10.1038/990101
    """
    count = check_count(n_spikes, "pulse_packet: n_spikes")
    check_count(count if size is None else size, "pulse_packet: size", smallest=count)
    spread = scalar(sigma, SECOND, "pulse_packet: sigma")
    centre = scalar(time, SECOND, "pulse_packet: time")
    if spread < 0:
        raise DescriptionError(f"pulse_packet: sigma is {spread!r} s; it must be 0 or more.")
    if centre < 5 * spread:
        raise DescriptionError(
            f"pulse_packet: the centre at {centre!r} s is less than five sigma ({spread!r} s) "
            "after t = 0, so that spikes might come before it. Give a later time."
        )
    ids = np.arange(count)
    times = centre + spread * ndtri(encoding_uniform(seed, "pulse packet", ids, 0))
    return spike_trains(np.maximum(times, 0.0), ids)


def encoding_uniform(
    seed: int, name: str, ids: NDArray[np.int64], index: Any
) -> NDArray[np.float64]:
    """Return a uniform number in (0, 1) for every (id, index) of the encoder ``name``."""
    word = streams.words(seed, streams.Purpose.ENCODING, streams.name_id(name), ids, index)
    return np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)
