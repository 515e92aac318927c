"""Variables of synapses on their way into HDF5.

``/neurosim/synapses/PROJECTION/table`` has what the synapses connect, one table after another if
the run changes them; ``.../reports/NAME`` what a recorder leaves. Rows are written before the
numbers that refer to them (``ends``, ``steps``), so that a file that is cut off has whole samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

from .layout import Layout
from .ordered_file import OrderedFile
from .state_store import RowStore, rows_per_chunk
from .synapse_layout import TABLE, SynapseLayout, report_paths
from .texts import stored

ROOT = "neurosim/synapses"
_COUNT_CHUNK = 512
_SMALLEST_CHUNK, _LARGEST_CHUNK = 1 << 9, 1 << 18  # values
_EARLY_BYTES = 8 << 20
_COLUMNS = ("source", "target", "delay")


def create_synapses(file: h5py.File, layout: Layout) -> None:
    """Create the groups and datasets of the recorders of synapses; nothing if there are none."""
    for order, (path, own) in enumerate(
        zip(report_paths(layout.synapses), layout.synapses, strict=True)
    ):
        group = file.create_group(f"{ROOT}/{path}")
        for key in ("projection", "variable", "kind", "unit"):
            group.attrs[key] = stored(getattr(own, key))
        group.attrs["recorder"] = stored(own.name)
        for key, number in (("every", own.every), ("start", own.start), ("order", order)):
            group.attrs[key] = np.int64(number)
        _create(group, "steps", "<i8", _COUNT_CHUNK)
        if own.kind == "all":
            _create_all(file, group, own)
        elif own.width:
            _create_rows(group, own)


def _create_all(file: h5py.File, group: h5py.Group, own: SynapseLayout) -> None:
    chunk = int(np.clip(own.size, _SMALLEST_CHUNK, _LARGEST_CHUNK))
    for name in ("ends", "table"):
        _create(group, name, "<i8", _COUNT_CHUNK)
    _create(group, "values", "<f4" if own.dtype == "float32" else "<f8", chunk)
    path = f"{ROOT}/{own.projection}/table"
    if path not in file:
        table = file.create_group(path)
        for name in _COLUMNS:
            _create(table, name, "<u4", chunk)
        for name in ("steps", "ends"):
            _create(table, name, "<i8", 8)


def _create_rows(group: h5py.Group, own: SynapseLayout) -> None:
    kind = "<i8" if own.kind == "histogram" else "<f4" if own.dtype == "float32" else "<f8"
    name = "counts" if own.kind == "histogram" else "values"
    rows = rows_per_chunk(own.width * np.dtype(kind).itemsize)
    group.create_dataset(
        name, (0, own.width), kind, maxshape=(None, own.width), chunks=(rows, own.width)
    )
    if own.kind == "histogram":
        group["edges"] = np.asarray(own.edges, "<f8")
        return
    group["positions"] = np.asarray(own.positions, "<i8")
    for column in _COLUMNS:
        group[column] = own.table[column].astype("<u4")


def _create(group: h5py.Group, name: str, dtype: str, chunk: int) -> None:
    group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(chunk,))


class SynapseStore:
    """Appends what recorders of synapses sampled.

    Parameters
    ----------
    file, ordered
        The file, as HDF5 and as it is on disk.
    layout : Layout
    commit : callable
        Lets what HDF5 has been given go to the disk.
    """

    def __init__(
        self, file: h5py.File, ordered: OrderedFile, layout: Layout, commit: Callable[[], None]
    ) -> None:
        self._file, self._ordered, self._commit = file, ordered, commit
        self._layouts = layout.synapses
        self._groups = [file[f"{ROOT}/{path}"] for path in report_paths(layout.synapses)]
        self._rows: dict[int, RowStore] = {}
        for index, own in enumerate(self._layouts):
            if own.kind != "all" and own.width:
                histogram = own.kind == "histogram"
                data = self._groups[index]["counts" if histogram else "values"]
                self._rows[index] = RowStore(data, ordered, None if histogram else own.scale)

    def add_rows(self, index: int, steps: NDArray[np.int64], rows: NDArray) -> None:
        """Append samples of a recorder with as many numbers in each, (n_samples, width).

        Values of chosen synapses are in SI units; of a histogram the counts below, in, and above
        the bins.
        """
        if index in self._rows:
            self._rows[index].append(rows)
        extend(self._groups[index]["steps"], steps)

    def add_values(
        self, index: int, step: int, blocks: Iterable[NDArray], table: int | None = None
    ) -> None:
        """Append values of all synapses, SI units, given in blocks.

        ``table`` numbers the table that they follow; by default the last.
        """
        group, own = self._groups[index], self._layouts[index]
        for block in blocks:
            extend(group["values"], np.multiply(block, own.scale, dtype=np.float64))
            self._let_go()
        last = len(self._file[f"{ROOT}/{own.projection}/table/steps"]) - 1
        extend(group["ends"], np.array([len(group["values"])]))
        extend(group["table"], np.array([last if table is None else table]))
        extend(group["steps"], np.array([step]))

    def add_table(self, projection: str, step: int, blocks: Iterable[NDArray[np.void]]) -> None:
        """Append what the synapses of a projection connect from a step on, in blocks of TABLE."""
        group = self._file[f"{ROOT}/{projection}/table"]
        for block in blocks:
            for name in _COLUMNS:
                extend(group[name], block[name].astype("<u4"))
            self._let_go()
        extend(group["ends"], np.array([len(group["source"])]))
        extend(group["steps"], np.array([step]))

    def flush(self) -> None:
        """Hand everything to HDF5."""
        for store in self._rows.values():
            store.flush()

    def _let_go(self) -> None:
        if self._ordered.pending_bytes > _EARLY_BYTES:
            self._commit()


def in_blocks(rows: NDArray, most: int = 1 << 18) -> Sequence[NDArray]:
    """Return an array in pieces of at most so many rows."""
    return [rows[low : low + most] for low in range(0, len(rows), most)]


def extend(dataset: h5py.Dataset, rows: NDArray) -> None:
    if len(rows):
        old = len(dataset)
        dataset.resize(old + len(rows), axis=0)
        dataset[old:] = rows


__all__ = ["ROOT", "TABLE", "SynapseStore", "create_synapses", "in_blocks"]
