"""Edges from SciPy's sparse matrices and from SONATA files, whatever is in the file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from numpy.typing import NDArray

from ..errors import DescriptionError, EdgeFileError, UnknownNameError
from ..malformed import explained
from .names import MAX_SIZE

_MS = DEFAULT_UNITS["ms"]
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


def sonata_edges(path: str | os.PathLike[str], population: str | None, unit: Any) -> EdgeList:
    """Return the edges of a SONATA file; see ``Edges.from_sonata``."""
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise EdgeFileError(f"there is no edge file {name!r}; check the path.")
    with (
        explained(EdgeFileError, name, *_FORMAT),
        h5py.File(name, "r", locking="best-effort") as file,
    ):
        edges = _group(file, "edges")
        known = [key for key in edges if isinstance(edges.get(key, getlink=True), h5py.HardLink)]
        if population is None:
            if len(known) != 1:
                raise EdgeFileError(
                    f"{name!r} has {len(known)} edge populations "
                    f"({', '.join(sorted(map(repr, known)))}); name the one to read."
                )
            population = known[0]
        if population not in known:
            raise UnknownNameError("edge population", population, known, name)
        return _population(_group(edges, population), unit)


def _population(group: h5py.Group, unit: Any) -> EdgeList:
    pre = _ids(group, "source_node_id")
    post = _ids(group, "target_node_id")
    if pre.size != post.size:
        raise ValueError(f"{pre.size} source_node_id and {post.size} target_node_id")
    weight, symbol = _attribute(group, "syn_weight", pre.size)
    delay, _ = _attribute(group, "delay", pre.size)
    if unit is None and symbol is not None:
        unit = DEFAULT_UNITS.get(_SYMBOLS.get(symbol, symbol))
    return EdgeList(
        pre,
        post,
        None if weight is None else _with_unit(weight, unit),
        None if delay is None else delay * _MS,
    )


def _attribute(
    group: h5py.Group, name: str, n: int
) -> tuple[NDArray[np.float64] | None, str | None]:
    """Return an attribute of all edges and its unit; None if some edge does not have it."""
    if "edge_group_id" in group:
        which, place = _ids(group, "edge_group_id"), _ids(group, "edge_group_index")
    else:
        which, place = np.zeros(n, np.int64), np.arange(n)
    if which.size != n or place.size != n:
        raise ValueError(f"{n} edges, {which.size} edge_group_id, {place.size} edge_group_index")
    values, symbol = np.empty(n), None
    for number in np.unique(which) if n else [0]:
        if str(number) not in group or name not in _group(group, str(number)):
            return None, None
        data = _table(_group(group, str(number)), name, "fiu")
        symbol = _text(data, "units")
        mine = which == number
        if n and int(place[mine].max()) >= len(data):
            raise ValueError(f"edge_group_index beyond the {len(data)} values of {name}")
        values[mine] = data[()].astype(np.float64)[place[mine]]
    if not np.isfinite(values).all():
        raise ValueError(f"{name} is not finite for edge {int(np.argmin(np.isfinite(values)))}")
    return values, symbol


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


def _ids(group: h5py.Group, name: str) -> NDArray[np.int64]:
    values = _table(group, name, "iu")[()]
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
