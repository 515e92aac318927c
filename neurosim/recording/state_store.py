"""State variables on their way into HDF5: whole chunks, each copied once."""

from __future__ import annotations

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t
from numpy.typing import NDArray

from .layout import StateLayout
from .ordered_file import OrderedFile
from .texts import stored

_SMALLEST_CHUNK = 1 << 16
_LARGEST_CHUNK = 4 << 20
_ROWS = 64


def exact_path(report: str) -> str:
    """Return where the float64 values of a report are; SONATA readers refuse all but float32."""
    return f"neurosim/states/{report}"


def create_tables(file: h5py.File, report: str, state: StateLayout) -> None:
    """Create the dataset of a state recorder, ``report/NAME/data`` as SONATA wants it.

    Values in double precision are stored once, in the package's own group; the report is then a
    virtual dataset over them, which HDF5 converts to float32 as it is read.
    """
    if state.words:
        table = _create(file, exact_path(report), "<i8", state)
    elif state.dtype == "float32":
        table = _create(file, f"report/{report}/data", "<f4", state)
    else:
        exact = _create(file, exact_path(report), "<f8", state)
        exact.attrs["units"] = stored(state.unit)
        table = _create_view(file[f"report/{report}"], exact)
    table.attrs["units"] = stored(state.unit)


def _create(file: h5py.File, path: str, dtype: str, state: StateLayout) -> h5py.Dataset:
    size = state.width
    rows = rows_per_chunk(size * np.dtype(dtype).itemsize)
    return file.create_dataset(path, (0, size), dtype, maxshape=(None, size), chunks=(rows, size))


def rows_per_chunk(row_bytes: int) -> int:
    """Return how many rows a chunk should have."""
    # A chunk takes its full size on disk, so short rows get small ones.
    wanted = min(max(_ROWS * row_bytes, _SMALLEST_CHUNK), _LARGEST_CHUNK)
    return max(1, wanted // row_bytes)


def _create_view(group: h5py.Group, source: h5py.Dataset) -> h5py.Dataset:
    """Create ``data`` in ``group``: all rows of ``source``, however many there will be."""
    size = source.shape[1]
    spaces = [h5s.create_simple((0, size), (h5s.UNLIMITED, size)) for _ in range(2)]
    for space in spaces:
        space.select_hyperslab((0, 0), (h5s.UNLIMITED, 1), (1, size), (1, size))
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_virtual(spaces[0], b".", source.name.encode(), spaces[1])
    extent = h5s.create_simple((0, size), (h5s.UNLIMITED, size))
    return h5py.Dataset(h5d.create(group.id, b"data", h5t.IEEE_F32LE, extent, properties))


def state_store(file: h5py.File, ordered: OrderedFile, report: str, state: StateLayout) -> RowStore:
    """Return what appends the samples of a state recorder."""
    path = f"report/{report}/data" if state.dtype == "float32" else exact_path(report)
    return RowStore(file[path], ordered, None if state.words else state.scale)


class RowStore:
    """Appends samples, all of one width, to a dataset.

    A chunk is filled in memory and handed to HDF5 whole, without its chunk cache; a partly
    filled one is copied when asked for, and written again, at the same place, once full.

    Parameters
    ----------
    data : h5py.Dataset
        (n_samples, width), a chunk as wide as that.
    ordered : OrderedFile
    scale : float or None
        What samples are multiplied with; None: they are stored as they are.
    """

    def __init__(self, data: h5py.Dataset, ordered: OrderedFile, scale: float | None) -> None:
        self._data, self._ordered, self._scale = data, ordered, scale
        self._chunk = np.zeros(data.chunks, dtype=data.dtype)
        self._free: list[NDArray] = []
        self._first = self._filled = self._stored = 0

    @property
    def n_rows(self) -> int:
        """Samples appended so far."""
        return self._first + self._filled

    def append(self, samples: NDArray) -> None:
        """Take samples, (n_samples, width): float64 in SI units, or integers."""
        taken = 0
        while taken < len(samples):
            count = min(len(samples) - taken, len(self._chunk) - self._filled)
            room = self._chunk[self._filled : self._filled + count]
            given = samples[taken : taken + count]
            if self._scale is None:
                room[:] = given
            else:
                np.multiply(given, self._scale, out=room, casting="same_kind")
            self._filled += count
            taken += count
            if self._filled == len(self._chunk):
                with self._ordered.lent(self._chunk, self._free):
                    self.flush()
                self._first += self._filled
                self._filled = 0
                # the full one is on its way to disk
                self._chunk = self._free.pop() if self._free else np.empty_like(self._chunk)

    def flush(self) -> None:
        """Hand the chunk being filled to HDF5."""
        if self.n_rows > self._stored:
            self._data.id.set_extent((self.n_rows, self._chunk.shape[1]))
            self._chunk[self._filled :] = 0
            self._data.id.write_direct_chunk((self._first, 0), self._chunk)
            self._stored = self.n_rows
