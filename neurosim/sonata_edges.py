"""Writing SONATA edge files, for whoever has synapses to write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from .errors import EdgeFileError

_MAGIC = 0x0A7A


@contextmanager
def new_edge_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[h5py.Group]:
    """Give the group ``/edges`` of a new file, which is there under its name once it is whole.

    Raises
    ------
    EdgeFileError
        The file exists, or cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise EdgeFileError(f"{str(target)!r} exists; give overwrite=True to replace it.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with h5py.File(partial, "w", libver=("earliest", "v110")) as file:
            file.attrs["magic"] = np.uint32(_MAGIC)
            file.attrs["version"] = np.array([0, 1], np.uint32)
            yield file.create_group("edges")
        partial.replace(target)
    except (OSError, RuntimeError) as cause:
        raise EdgeFileError(f"{str(target)!r} cannot be written: {cause}") from cause
    finally:
        partial.unlink(missing_ok=True)


def write_edge_population(
    group: h5py.Group,
    nodes: tuple[str, str],
    ids: tuple[NDArray, NDArray],
    weight: NDArray,
    unit: str,
    delay_ms: NDArray,
) -> None:
    """Write edges as a SONATA edge population.

    Parameters
    ----------
    group : h5py.Group
        Named as the population.
    nodes : (str, str)
        Node populations of sources and targets.
    ids : two (n_edges,) int arrays
        Sources and targets within them.
    weight : (n_edges,) array
    unit : str
        Of the weights; "" for none.
    delay_ms : (n_edges,) array
    """
    n = len(weight)
    for name, population, own in zip(("source_node_id", "target_node_id"), nodes, ids, strict=True):
        data = group.create_dataset(name, data=own.astype(np.uint64))
        data.attrs["node_population"] = np.bytes_(population)
    group["edge_type_id"] = np.zeros(n, np.int64)
    group["edge_group_id"] = np.zeros(n, np.uint64)
    group["edge_group_index"] = np.arange(n, dtype=np.uint64)
    stored = group.create_dataset("0/syn_weight", data=weight)
    if unit:
        stored.attrs["units"] = np.bytes_(unit)
    delay = group.create_dataset("0/delay", data=delay_ms)
    delay.attrs["units"] = np.bytes_("ms")
