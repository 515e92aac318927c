"""What restructuring did to projections, as stored: a row for every time their synapses changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from . import guard

COLUMNS = ("step", "created", "deleted", "n_synapses")
_ROWS = 256  # of a chunk


class CountLike(Protocol):
    """What is stored of a restructuring (see ``neurosim.restructuring.StructureCount``)."""

    @property
    def projection(self) -> str:
        """Its name."""

    @property
    def step(self) -> int:
        """The first with the new synapses."""

    @property
    def created(self) -> int:
        """Synapses that came."""

    @property
    def deleted(self) -> int:
        """Synapses that went."""

    @property
    def n_synapses(self) -> int:
        """Synapses afterwards."""


def place(projection: str) -> str:
    """Return where a projection's rows are in a recording."""
    return f"neurosim/structure/{projection}"


def create(file: h5py.File, projections: Iterable[str]) -> None:
    """Create an empty table for each projection whose synapses come and go."""
    for projection in projections:
        table = file.create_dataset(
            place(projection),
            (0, len(COLUMNS)),
            "<i8",
            maxshape=(None, len(COLUMNS)),
            chunks=(_ROWS, len(COLUMNS)),
        )
        table.attrs["columns"] = ",".join(COLUMNS)


class StructureStore:
    """Adds rows to the tables of a file that is being written.

    Parameters
    ----------
    file : h5py.File
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self._rows: dict[str, list[tuple[int, ...]]] = {}

    def append(self, counts: Iterable[CountLike]) -> None:
        """Keep rows until the next flush."""
        for count in counts:
            row = tuple(int(getattr(count, column)) for column in COLUMNS)
            self._rows.setdefault(count.projection, []).append(row)

    def extend(self, projection: str, rows: NDArray[np.int64]) -> None:
        """Keep many rows, (n, 4), of one projection."""
        self._rows.setdefault(projection, []).extend(map(tuple, rows.tolist()))

    def flush(self) -> None:
        """Hand the rows to HDF5."""
        for projection, rows in self._rows.items():
            table = self._file[place(projection)]
            old = len(table)
            table.resize(old + len(rows), axis=0)
            table[old:] = np.array(rows, np.int64)
        self._rows.clear()


def names(file: h5py.File) -> tuple[str, ...]:
    """Return the projections of a file whose synapses come and go."""
    return tuple(file["neurosim/structure"]) if "neurosim/structure" in file else ()


def rows(file: h5py.File, projection: str) -> NDArray[np.int64]:
    """Return a projection's table, (n, 4) int64; ValueError or TypeError if it is damaged."""
    table = guard.table(file, place(projection), "i", 2)
    if table.shape[1] != len(COLUMNS):
        raise ValueError(f"{place(projection)} has {table.shape[1]} columns")
    found: NDArray[np.int64] = table[()].astype(np.int64)
    if (np.diff(found[:, 0]) <= 0).any() or (found < 0).any():
        raise ValueError(f"{place(projection)} is not in order of time, or has negative numbers")
    return found
