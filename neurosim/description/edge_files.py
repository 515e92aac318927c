"""Edges from SciPy's sparse matrices and from SONATA files, whatever is in the file.

A file is looked through once, a block at a time, when it is given; what a rank needs of it is read
when the network is lowered.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import h5py
import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError, EdgeFileError, UnknownNameError
from ..malformed import explained
from .names import MAX_SIZE
from .quantities import dimensions, scalar

_BLOCK = 1 << 18  # edges read at a time
_MS = DEFAULT_UNITS["ms"]
_IDS = ("source_node_id", "target_node_id")
_FORMAT = (
    "SONATA edges",
    "Needed: /edges/<population>/{source_node_id, target_node_id}, and for values "
    "/edges/<population>/0/{syn_weight, delay}.",
)
# SI symbols, as write_sonata_edges states them
_SYMBOLS = {"V": "volt", "A": "amp", "S": "siemens", "s": "second", "C": "coulomb", "F": "farad"}


@dataclass(frozen=True)
class EdgeList:
    """Edges as arrays: ``weight`` and ``delay`` are quantities, or None where there are none."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Any
    delay: Any


def sparse_edges(matrix: Any, unit: Any) -> tuple[EdgeList, tuple[int, int]]:
    """Return the stored entries of a matrix (rows: sources) as edges, and its shape."""
    if not hasattr(matrix, "tocoo"):
        matrix = np.asarray(matrix)
        if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
            raise DescriptionError(
                "Edges.from_sparse: give a sparse matrix of scipy, or a two-dimensional array of "
                f"numbers, not {matrix.dtype} of shape {matrix.shape}."
            )
        pre, post = np.nonzero(matrix)
        return EdgeList(pre, post, _with_unit(matrix[pre, post], unit), None), matrix.shape
    listed = matrix.tocoo()
    data = np.asarray(listed.data)
    if data.dtype.kind not in "biuf" or len(listed.shape) != 2:
        raise DescriptionError(
            f"Edges.from_sparse: the matrix holds {data.dtype} in {len(listed.shape)} dimensions; "
            "it must be real numbers in two."
        )
    pre, post = (np.asarray(c).astype(np.int64) for c in (listed.row, listed.col))
    n_pre, n_post = (int(n) for n in listed.shape)
    return EdgeList(pre, post, _with_unit(data, unit), None), (n_pre, n_post)


@dataclass(frozen=True, eq=False)
class EdgeColumn:
    """Something that a SONATA file holds of every edge of a population, read when asked for.

    Attributes
    ----------
    path, population : str
    name : str
        ``source_node_id``, ``target_node_id`` or an attribute.
    size : int
        Number of edges.
    scale : float
        Factor from the numbers of the file to SI; ids are integers as they are.
    dim : Dimension
    low, high, mean : float
    digest : str
        SHA-256 of the values.
    """

    path: str
    population: str
    name: str
    size: int
    scale: float = 1.0
    dim: Dimension = field(default=DIMENSIONLESS)
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    digest: str = ""

    @property
    def shape(self) -> tuple[int]:
        """(size,)."""
        return (self.size,)

    def min(self) -> float:
        """Return the smallest value; 0 for none."""
        return self.low

    def max(self) -> float:
        """Return the largest value; 0 for none."""
        return self.high

    def __getitem__(self, edges: NDArray[np.int64]) -> NDArray[Any]:
        """Return the values of some edges, (n,): int64 for ids, else float64 in SI units."""
        order = np.argsort(edges, kind="stable")
        ordered = edges[order]
        found = np.empty(edges.size, np.int64 if self.name in _IDS else np.float64)
        for start, values in self.blocks():
            first, last = np.searchsorted(ordered, [start, start + values.size])
            found[order[first:last]] = values[ordered[first:last] - start]
        return found

    def whole(self) -> NDArray[Any]:
        """Return all values."""
        return self[np.arange(self.size)]

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of the first edge and the values of each block.

        Raises
        ------
        EdgeFileError
            The file is gone, or is not as it was when it was given.
        """
        with _opened(self.path, self.population) as group:
            for start, values in _values(group, self.name, self.size, self.scale):
                if self.digest and (values.min() < self.low or values.max() > self.high):
                    raise EdgeFileError(
                        f"{self.path!r} has changed since it was given to the network. Describe "
                        "the network again."
                    )
                yield start, values

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        empty = not self.size
        return {
            "array": self.size,
            "mean": None if empty else self.mean,
            "min": None if empty else self.low,
            "max": None if empty else self.high,
        }


@dataclass(frozen=True)
class FileEdgeList:
    """The columns of a file's edges; ``weight`` and ``delay`` are None where there are none."""

    pre: EdgeColumn
    post: EdgeColumn
    weight: EdgeColumn | None
    delay: EdgeColumn | None


def sonata_edges(path: str | os.PathLike[str], population: str | None, unit: Any) -> FileEdgeList:
    """Return the edges of a SONATA file; see ``Edges.from_sonata``."""
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise EdgeFileError(f"there is no edge file {name!r}; check the path.")
    if unit is not None:
        scalar(unit, None, "Edges.from_sonata: unit")
    with _opened(name, population) as group:
        chosen = group.name.rpartition("/")[2]
        n_pre, n_post = (len(_table(group, each, "iu")) for each in _IDS)
        if n_pre != n_post:
            raise ValueError(f"{n_pre} source_node_id and {n_post} target_node_id")
        pre, post = (EdgeColumn(name, chosen, each, n_pre) for each in _IDS)
        symbol, weighted = _attribute(group, "syn_weight", n_pre)
        _, delayed = _attribute(group, "delay", n_pre)
        if unit is None:
            unit = DEFAULT_UNITS.get(_SYMBOLS.get(symbol, symbol)) if symbol is not None else 1.0
        unit = 1.0 if unit is None else unit
        weight = EdgeColumn(name, chosen, "syn_weight", n_pre, float(unit), dimensions(unit))
        delay = EdgeColumn(name, chosen, "delay", n_pre, float(_MS), dimensions(_MS))
        return FileEdgeList(
            _looked_through(pre, group),
            _looked_through(post, group),
            _looked_through(weight, group) if weighted else None,
            _looked_through(delay, group) if delayed else None,
        )


@contextmanager
def _opened(path: str, population: str | None) -> Iterator[h5py.Group]:
    """Open a file's edge population: the named one, or the only one."""
    with (
        explained(EdgeFileError, path, *_FORMAT),
        h5py.File(path, "r", locking="best-effort") as file,
    ):
        edges = _group(file, "edges")
        known = [key for key in edges if isinstance(edges.get(key, getlink=True), h5py.HardLink)]
        if population is None:
            if len(known) != 1:
                raise EdgeFileError(
                    f"{path!r} has {len(known)} edge populations "
                    f"({', '.join(sorted(map(repr, known)))}); name the one to read."
                )
            population = known[0]
        if population not in known:
            raise UnknownNameError("edge population", population, known, path)
        yield _group(edges, population)


def _looked_through(column: EdgeColumn, group: h5py.Group) -> EdgeColumn:
    """Return the column with what its values are like; every value is checked."""
    low, high, total, digest = np.inf, -np.inf, 0.0, hashlib.sha256()
    for _, values in _values(group, column.name, column.size, column.scale):
        low, high = min(low, values.min()), max(high, values.max())
        total += float(values.sum())
        digest.update(values.tobytes())
    if not column.size:
        return replace(column, digest=digest.hexdigest())
    return replace(
        column,
        low=float(low),
        high=float(high),
        mean=total / column.size,
        digest=digest.hexdigest(),
    )


def _values(
    group: h5py.Group, name: str, n: int, scale: float
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the number of the first edge, and ids or an attribute's values, block by block."""
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        if name in _IDS:
            yield start, _ids(group, name, start, stop)
            continue
        which, place = _places(group, start, stop)
        values = np.empty(stop - start)
        for number in np.unique(which):
            mine = which == number
            data = _table(_group(group, str(number)), name, "fiu")
            if int(place[mine].max()) >= len(data):
                raise ValueError(f"edge_group_index beyond the {len(data)} values of {name}")
            values[mine] = _gathered(data, place[mine])
        if not np.isfinite(values).all():
            bad = start + int(np.argmin(np.isfinite(values)))
            raise ValueError(f"{name} is not finite for edge {bad}")
        yield start, values * scale


def _gathered(data: h5py.Dataset, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a dataset's values at some places, of which no more than a block is held."""
    values = np.empty(place.size)
    for start in range(int(place.min()), int(place.max()) + 1, _BLOCK):
        inside = (place >= start) & (place < start + _BLOCK)
        if inside.any():
            part = data[start : start + _BLOCK].astype(np.float64)
            values[inside] = part[place[inside] - start]
    return values


def _places(
    group: h5py.Group, start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return in which group of attributes, and where in it, those of some edges are."""
    if "edge_group_id" not in group:
        return np.zeros(stop - start, np.int64), np.arange(start, stop)
    return tuple(_ids(group, f"edge_group_{k}", start, stop) for k in ("id", "index"))  # type: ignore[return-value]


def _attribute(group: h5py.Group, name: str, n: int) -> tuple[str | None, bool]:
    """Return an attribute's unit, and whether all edges have it."""
    numbers = {0} if not n or "edge_group_id" not in group else set()
    if "edge_group_id" in group:
        sizes = [len(_table(group, f"edge_group_{k}", "iu")) for k in ("id", "index")]
        if sizes != [n, n]:
            raise ValueError(f"{n} edges, {sizes[0]} edge_group_id, {sizes[1]} edge_group_index")
        for start in range(0, n, _BLOCK):
            numbers |= set(_ids(group, "edge_group_id", start, min(start + _BLOCK, n)).tolist())
    symbol = None
    for number in sorted(numbers):
        if str(number) not in group or name not in _group(group, str(number)):
            return None, False
        symbol = _text(_table(_group(group, str(number)), name, "fiu"), "units")
    return symbol, True


def _text(data: h5py.Dataset, name: str) -> str | None:
    """Return an attribute that is text of fixed length; None if it is not.

    Text of variable length stands in a heap; if that is damaged, the HDF5 library crashes.
    """
    if name not in data.attrs:
        return None
    kind = data.attrs.get_id(name).get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str():
        return None
    value = data.attrs[name]
    return value.decode() if isinstance(value, bytes) else None


def _ids(group: h5py.Group, name: str, start: int, stop: int) -> NDArray[np.int64]:
    values = _table(group, name, "iu")[start:stop]
    if values.size != stop - start:
        raise ValueError(f"{name} ends before edge {stop}")
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < MAX_SIZE:
        raise ValueError(f"{name} holds numbers from {values.min()} to {values.max()}")
    return values.astype(np.int64)


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    if not isinstance(parent.get(name, getlink=True), h5py.HardLink):
        raise KeyError(f"no group {parent.name.rstrip('/')}/{name}")
    found = parent[name]
    if not isinstance(found, h5py.Group):
        raise TypeError(f"{parent.name}/{name} is not a group")
    return found


def _table(parent: h5py.Group, name: str, kinds: str) -> h5py.Dataset:
    """Return a vector whose extent is backed by storage, so that it can be read."""
    if not isinstance(parent.get(name, getlink=True), h5py.HardLink):
        raise KeyError(f"no dataset {parent.name}/{name}")
    data = parent[name]
    if not isinstance(data, h5py.Dataset) or data.ndim != 1 or data.dtype.kind not in kinds:
        raise TypeError(f"{parent.name}/{name} is {data!r}, not a vector of numbers")
    if data.is_virtual or data.external:
        raise ValueError(f"{parent.name}/{name} points to data elsewhere")
    if data.chunks:
        stored = data.id.get_num_chunks() * data.chunks[0]
    else:
        stored = data.id.get_storage_size() // data.dtype.itemsize
    if len(data) > stored:
        raise ValueError(f"{parent.name}/{name} claims more data than the file holds")
    return data


def _with_unit(values: NDArray[Any], unit: Any) -> Any:
    return values.astype(np.float64) * (1.0 if unit is None else unit)
