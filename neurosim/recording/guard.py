"""Turns whatever a malformed HDF5 file provokes into one typed error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
from h5py import h5t
from numpy.typing import NDArray

from ..errors import NeurosimError, RecordingError
from ..malformed import MALFORMED


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open a recording for reading; any failure inside is a RecordingError.

    Raises
    ------
    RecordingError
        The file is missing, not HDF5, truncated, or its content is not what it should be.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise RecordingError(f"there is no recording {name!r}; check the path")
    with explained(name), h5py.File(name, "r", locking="best-effort") as file:
        yield file


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn any failure inside into a RecordingError that names a file."""
    try:
        yield
    except NeurosimError:
        raise
    except MALFORMED as cause:
        raise RecordingError(_explain(name, cause)) from cause


def _explain(name: str, cause: Exception) -> str:
    if isinstance(cause, PermissionError):
        return f"cannot read {name!r}: permission denied"
    text = str(cause)
    if "file signature not found" in text:
        return f"{name!r} is not an HDF5 file; a recording made by neurosim is needed"
    if "truncated" in text:
        return f"{name!r} is truncated: part of the file is missing. Copy it again or rerun"
    return f"{name!r} is damaged or not a recording of neurosim ({type(cause).__name__}: {text})"


def attribute(attributes: Any, key: str) -> Any:
    """Return an attribute that is a number or text of fixed width, as all of ours are.

    What has no fixed width lies in HDF5's global heap, and a damaged one can hold the library
    for ever.
    """
    kind = attributes.get_id(key).get_type()
    fixed = isinstance(kind, (h5t.TypeIntegerID, h5t.TypeFloatID, h5t.TypeEnumID))
    if not fixed and (not isinstance(kind, h5t.TypeStringID) or kind.is_variable_str()):
        raise TypeError(f"attribute {key!r} is neither a number nor text of fixed width")
    return attributes[key]


def scalar(attributes: Any, key: str, kinds: str) -> Any:
    """Return an attribute that must be one number of the given NumPy kinds ("iu", "f")."""
    value = np.asarray(attribute(attributes, key))
    if value.size != 1 or value.dtype.kind not in kinds:
        raise ValueError(f"attribute {key!r} is {value!r}, not a single number")
    return value.reshape(()).item()


def text(attributes: Any, key: str) -> str:
    """Return an attribute that must be text."""
    value = plain(attribute(attributes, key))
    if not isinstance(value, str):
        raise TypeError(f"attribute {key!r} is {value!r}, not text")
    return value


def plain(value: Any) -> Any:
    """Return an attribute's value as Python's own types; text must be valid Unicode."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        value.encode()  # h5py lets invalid bytes pass as lone surrogates
    return value.item() if isinstance(value, np.generic) else value


def json_object(content: str, what: str) -> dict[str, Any]:
    """Return a JSON object."""
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError(f"{what} is not a JSON object")
    return value


def table(parent: h5py.Group, path: str, kind: str, ndim: int = 1) -> h5py.Dataset:
    """Return a numeric dataset whose extent is backed by storage, so that it can be read."""
    data = parent[path]
    if not isinstance(data, h5py.Dataset) or data.ndim != ndim or data.dtype.kind not in kind:
        raise TypeError(f"{parent.name}/{path} is {data!r}, not a {ndim}-D numeric dataset")
    if data.is_virtual or data.external:
        raise ValueError(f"{parent.name}/{path} points to data elsewhere")
    filtered = data.id.get_create_plist().get_nfilters() > 0
    if data.chunks and not filtered and data.nbytes > data.id.get_storage_size():
        raise ValueError(f"{parent.name}/{path} claims more data than the file holds")
    return data


def count(value: int, what: str, low: int = 0) -> int:
    """Return a count read from a file, refusing what no network can have."""
    if not low <= value <= 1 << 40:
        raise ValueError(f"{what} is {value}")
    return value


def ascending(times: NDArray[np.float64], where: str) -> None:
    """Refuse spike times that are not finite and in order."""
    if times.size and not (np.all(np.diff(times) >= 0) and np.isfinite(times[[0, -1]]).all()):
        raise ValueError(f"the spike times of {where} are not in ascending order")
