"""Synapses as arrays: the NumPy twin of what the native engine instantiates in C++.

Every number of edge k of target g is a function of (seed, projection, g, k), see
:mod:`neurosim.streams`: any subset of targets gives the same edges as the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import streams
from . import program as p
from .draws import draw_values
from .sources import Index, Part, connections, random_sources


@dataclass(frozen=True)
class Edges:
    """Synapses of a projection, by target, within a target in order of their index.

    Attributes
    ----------
    pre, post : (n_edges,) int64
        Local to the projection's spans.
    weight : (n_edges,) float32 or float64
        SI units, in the precision every engine stores them in.
    delay : (n_edges,) int64
        Steps.
    """

    pre: Index
    post: Index
    weight: NDArray[np.floating]
    delay: Index


def instantiate(
    program: p.Program, projection: p.ProjectionProgram, targets: Index | None = None
) -> Edges:
    """Return the synapses of a projection onto targets that the program's share owns.

    Parameters
    ----------
    program : Program
    projection : ProjectionProgram
    targets : (n,) int64, optional
        Owned targets, positions in the span, ascending; all of them by default.

    Returns
    -------
    Edges
    """
    owned = projection.post.own(projection.share) if targets is None else targets
    chosen = np.asarray(owned, np.int64)
    parts = [
        _complete(program.seed, projection, part)
        for part in connections(program.seed, projection, chosen)
    ]
    dtype = np.float32 if projection.weight_bits == 32 else np.float64
    empty = Edges(*(np.empty(0, np.int64),) * 2, np.empty(0, dtype), np.empty(0, np.int64))
    parts = parts or [empty]
    return Edges(
        np.concatenate([e.pre for e in parts]),
        np.concatenate([e.post for e in parts]),
        np.concatenate([e.weight for e in parts]).astype(dtype),
        np.concatenate([e.delay for e in parts]),
    )


def _complete(seed: int, projection: p.ProjectionProgram, part: Part) -> Edges:
    """Draw weights and delays, and sources where they are still to be drawn."""
    weight, delay, pre = projection.weight, projection.delay, part.pre
    drawn = pre is None or delay.thresholds.size or weight.kind not in ("constant", "listed")
    word = np.empty((part.post.size, 4), np.uint32) if part.words is None else part.words
    if drawn and part.words is None:
        ids = projection.post.global_ids_at(part.post)
        word = streams.words(seed, streams.Purpose.EDGES, projection.index, ids, part.k)
    if pre is None:
        pre = random_sources(projection, part.post, word)
    if delay.values is not None and part.position is not None:
        steps = delay.values[part.position]
    else:
        steps = delay.first + np.searchsorted(delay.thresholds, word[:, 2], side="right")
    if weight.values is not None and part.position is not None:
        values = weight.gridded(weight.values[part.position])
    elif weight.kind == "constant":
        values = np.full(part.post.size, weight.constant)
    else:
        values = draw_values(weight, streams.uniform32(word[:, 3]))
    dtype = np.float32 if projection.weight_bits == 32 else np.float64
    return Edges(pre, part.post, values.astype(dtype), steps.astype(np.int64))
