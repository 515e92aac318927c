"""The synapses of a network in lists, before each has its place on the wafer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...lowering.edges import instantiate
from ...lowering.program import DelayDraw, Draw, ListedEdges, ProjectionProgram
from ...lowering.synapse_program import SynapseProgram
from ..draft import Draft

Index = NDArray[np.int64]


@dataclass(eq=False)
class Listed:
    """The synapses of one projection onto the neurons that a rank owns, by target.

    Attributes
    ----------
    projection : ProjectionProgram
    pre, post : (n,) int64
        Positions in the projection's spans.
    source, target : (n,) int64
        Network-wide ids.
    index : (n,) int64
        Of a synapse among those of its target.
    weight : (n,) float64
        SI units.
    delay : (n,) int64
        Steps.
    kept : (n,) bool
        Those that have a place.
    lost : dict of str to int
        Others, by the reason, on this rank.
    transmitted : float
        What a first spike transmits of the weight.
    """

    projection: ProjectionProgram
    pre: Index
    post: Index
    source: Index
    target: Index
    index: Index
    weight: NDArray[np.float64]
    delay: Index
    kept: NDArray[np.bool_]
    lost: dict[str, int] = field(default_factory=dict)
    transmitted: float = 1.0

    def lose(self, gone: NDArray[np.bool_], why: str) -> None:
        """Take places away from synapses, those that still had one counted."""
        self.lost[why] = self.lost.get(why, 0) + int((gone & self.kept).sum())
        self.kept &= ~gone


def listed(draft: Draft, projection: ProjectionProgram) -> Listed:
    """List the synapses of a projection."""
    found = instantiate(draft.program, replace(projection, weight_bits=64, synapse=None))
    counts = np.bincount(found.post, minlength=projection.post.size)
    starts = np.cumsum(counts) - counts
    return Listed(
        projection,
        found.pre,
        found.post,
        projection.pre.global_ids_at(found.pre),
        projection.post.global_ids_at(found.post),
        np.arange(found.post.size, dtype=np.int64) - starts[found.post],
        found.weight.astype(np.float64),
        found.delay,
        np.ones(found.post.size, bool),
    )


def as_projection(draft: Draft, synapses: Listed) -> ProjectionProgram:
    """Return the projection that has the synapses with a place, and their weights."""
    kept = synapses.kept
    given = synapses.projection
    bounds = (given.delay.smallest, given.delay.largest) if given.delay.known else None
    if given.delay.values is not None:
        bounds = given.delay.bounds
    synapse = given.synapse
    if synapse is not None:
        values = {
            name: replace(v, values=v.values[kept])
            if isinstance(v, Draw) and v.values is not None
            else v
            for name, v in synapse.values.items()
        }
        synapse = _with_own_weights(replace(synapse, values=values))
    total = int(draft.ranks.sum(np.array([kept.sum()], np.int64))[0])
    return replace(
        given,
        rule=ListedEdges(synapses.pre[kept], synapses.post[kept]),
        weight=Draw("listed", values=synapses.weight[kept]),
        delay=DelayDraw(given.delay.first, values=synapses.delay[kept], bounds=bounds),
        synapse=synapse,
        total=total,
    )


def _with_own_weights(synapse: SynapseProgram) -> SynapseProgram:
    """Return a synapse model whose weight may differ from synapse to synapse."""
    if "w" not in synapse.values:
        return synapse
    code = synapse.code
    variables = tuple(replace(v, shared=False) if v.name == "w" else v for v in code.variables)
    lines = [
        line.replace("(shared, constant)", "(constant)").replace(" (shared)", " (constant)")
        if line.split(":")[0].strip() == "w"
        else line
        for line in code.declarations.splitlines()
    ]
    own = replace(code, variables=variables, declarations="\n".join(lines))
    values = {name: value for name, value in synapse.values.items() if name != "w"}
    return replace(synapse, code=own, values=values)
