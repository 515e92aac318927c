"""A network's synapses as a SONATA edge file."""

from __future__ import annotations

import os
from typing import Any

import h5py

from ..description.network import Network
from ..sonata_edges import new_edge_file, write_edge_population
from . import program as p
from .edges import instantiate
from .lower import lower


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
    with new_edge_file(path, overwrite=overwrite) as edges:
        for projection in program.projections:
            _write(edges.create_group(projection.name), program, projection)


def _write(group: h5py.Group, program: p.Program, projection: p.ProjectionProgram) -> None:
    edges = instantiate(program, projection)
    pre, post = projection.pre, projection.post
    unit = ""
    if projection.variable:
        unit = program.population(post.population).code.variable(projection.variable).dimension
    write_edge_population(
        group,
        (pre.population, post.population),
        (pre.local_ids()[edges.pre], post.local_ids()[edges.post]),
        edges.weight,
        unit,
        edges.delay * (program.dt * 1e3),
    )
