"""A network's synapses as a SONATA edge file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..description.network import Network
from ..errors import EdgeFileError
from . import program as p
from .edges import instantiate
from .lower import lower

_MAGIC = 0x0A7A


def write_sonata_edges(
    network: Network, path: str | os.PathLike[str], dt: Any, *, overwrite: bool = False
) -> None:
    """Write the synapses of a network, one SONATA edge population per projection.

    Ids are local to the node populations named by the attribute ``node_population``;
    ``0/syn_weight`` is in the SI unit of its attribute ``units``, ``0/delay`` in ms.

    Parameters
    ----------
    network : Network
    path : path
    dt : Quantity
        Time step, to which delays that are drawn are rounded.
    overwrite : bool
        Whether a file that exists is replaced.

    Raises
    ------
    EdgeFileError
        The file exists, or cannot be written.
    """
    program = lower(network, dt)
    target = Path(path)
    if target.exists() and not overwrite:
        raise EdgeFileError(f"{str(target)!r} exists; give overwrite=True to replace it.")
    partial = target.with_name(target.name + ".part")
    try:
        with h5py.File(partial, "w", libver=("earliest", "v110")) as file:
            file.attrs["magic"] = np.uint32(_MAGIC)
            file.attrs["version"] = np.array([0, 1], np.uint32)
            edges = file.create_group("edges")
            for projection in program.projections:
                _write(edges.create_group(projection.name), program, projection)
        partial.replace(target)
    except (OSError, RuntimeError) as cause:
        partial.unlink(missing_ok=True)
        raise EdgeFileError(f"{str(target)!r} cannot be written: {cause}") from cause


def _write(group: h5py.Group, program: p.Program, projection: p.ProjectionProgram) -> None:
    edges = instantiate(program, projection)
    n = edges.pre.size
    for name, span, index in (
        ("source_node_id", projection.pre, edges.pre),
        ("target_node_id", projection.post, edges.post),
    ):
        data = group.create_dataset(name, data=span.local_ids()[index].astype(np.uint64))
        data.attrs["node_population"] = np.bytes_(span.population)
    group["edge_type_id"] = np.zeros(n, np.int64)
    group["edge_group_id"] = np.zeros(n, np.uint64)
    group["edge_group_index"] = np.arange(n, dtype=np.uint64)
    weight = group.create_dataset("0/syn_weight", data=edges.weight)
    if projection.variable:
        code = program.population(projection.post.population).code
        weight.attrs["units"] = np.bytes_(code.variable(projection.variable).dimension)
    delay = group.create_dataset("0/delay", data=edges.delay * (program.dt * 1e3))
    delay.attrs["units"] = np.bytes_("ms")
