"""The synapses of a projection with a model of their own, as arrays in the order they are kept.

That order is (source, delay, target, index within the target): a spike finds its synapses side
by side, and what several synapses add to a target is added in the same order by every engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import streams
from . import program as p
from .draws import draw_values
from .edges import instantiate

Index = NDArray[np.int64]
WEIGHT = "w"


@dataclass(frozen=True)
class SynapseArrays:
    """Synapses of one projection; arrays are (n,), in the order in which engines keep them.

    Attributes
    ----------
    pre, post : int64
        Local to the populations.
    post_id, number : int64
        Network-wide id of the target; index of the synapse among those of its target.
    delay : int64
        Steps.
    values : dict of str to float64 array
        Of the variables that differ from synapse to synapse.
    order : int64
        Position of each synapse in target-major order.
    """

    pre: Index
    post: Index
    post_id: Index
    number: Index
    delay: Index
    values: dict[str, NDArray[np.float64]]
    order: Index


def synapse_arrays(program: p.Program, projection: p.ProjectionProgram) -> SynapseArrays:
    """Instantiate a projection that has a synapse model."""
    synapse = projection.synapse
    edges = instantiate(program, projection)
    ids = projection.post.global_ids_at(edges.post)
    number = np.arange(edges.post.size) - np.searchsorted(edges.post, edges.post, side="left")
    values = {}
    for variable in synapse.code.variables if synapse is not None else ():
        if variable.shared or synapse is None:
            continue
        given = synapse.values.get(variable.name)
        if given is None:
            values[variable.name] = edges.weight.astype(np.float64)
        elif isinstance(given, p.Draw):
            key = (program.seed, projection.index, variable.name)
            values[variable.name] = _drawn(given, key, ids, number)
    order = np.lexsort((number, edges.post, edges.delay, edges.pre))
    return SynapseArrays(
        pre=projection.pre.local_ids()[edges.pre][order],
        post=projection.post.local_ids()[edges.post][order],
        post_id=ids[order],
        number=number[order],
        delay=edges.delay[order],
        values={name: array[order] for name, array in values.items()},
        order=order,
    )


def _drawn(
    draw: p.Draw, key: tuple[int, int, str], ids: Index, number: Index
) -> NDArray[np.float64]:
    if draw.values is not None:
        return draw.values
    if draw.kind == "constant":
        return np.full(ids.size, draw.a)
    seed, projection, name = key
    named = (streams.name_id(name), 0, projection)
    word = streams.synaptic_words(seed, streams.Purpose.SYNAPTIC_VALUE, named, ids, number)
    return draw_values(draw, streams.uniform32(word[:, 0]))
