"""Edges that a user listed: which of them a rank owns, and what was listed with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..description.edge_files import EdgeColumn
from ..description.rules import Edges
from ..parallel.share import Share
from . import program as p
from .draws import listed_delays

Index = NDArray[np.int64]

_BLOCK = 1 << 20  # edges looked at at a time


def own_edges(rule: Edges, post: p.Span, share: Share) -> Index:
    """Return which edges of a list end at owned targets, by target, then in order of the list."""
    if share.whole:
        return np.argsort(rule.post, kind="stable")
    edges, targets = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start, block in rule.target_blocks(_BLOCK):
        mine = np.flatnonzero(share.mine(post.local_ids_at(block)))
        edges.append(start + mine)
        targets.append(block[mine])
    return np.concatenate(edges)[np.argsort(np.concatenate(targets), kind="stable")]


def listed_delay(
    seconds: NDArray[np.float64] | EdgeColumn, edges: Index, dt: float, what: str
) -> p.DelayDraw:
    """Return the delays of some of the listed edges; the bounds are those of the whole list."""
    if not seconds.size:
        return p.DelayDraw(first=0, values=np.empty(0, np.int64))
    steps = listed_delays(seconds[edges], edges, dt, what)
    first, last = np.rint(np.array([seconds.min(), seconds.max()]) / dt)
    return p.DelayDraw(first=int(first), values=steps, bounds=(int(first), int(last)))
