"""Synapses as arrays: the NumPy twin of what the native engine instantiates in C++.

Every number of edge k of target g is a function of (seed, projection, g, k), see
:mod:`neurosim.streams`: any subset of targets gives the same edges as the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..elementary import log
from . import program as p
from .draws import draw_values, scaled

_BLOCK = 1 << 19  # edges worked on at a time

Index = NDArray[np.int64]


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
    """Return the synapses of a projection.

    Parameters
    ----------
    program : Program
    projection : ProjectionProgram
    targets : (n,) int64, optional
        Local targets, ascending; all by default.

    Returns
    -------
    Edges
    """
    chosen = np.arange(projection.post.size) if targets is None else np.asarray(targets, np.int64)
    parts = [
        _complete(program.seed, projection, part)
        for part in _sources(program.seed, projection, chosen)
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


# (pre or None where it is still to be drawn, post, index within the target, position in a list)
Part = tuple[Index | None, Index, Index, Index | None]


def _complete(seed: int, projection: p.ProjectionProgram, part: Part) -> Edges:
    """Draw weights and delays, and sources where they are still to be drawn."""
    pre, post, k, position = part
    weight, delay = projection.weight, projection.delay
    drawn = pre is None or delay.thresholds.size or weight.kind not in ("constant", "listed")
    word = np.empty((post.size, 4), np.uint32)
    if drawn:
        ids = _global(projection.post, post)
        word = streams.words(seed, streams.Purpose.EDGES, projection.index, ids, k)
    if pre is None:
        pre = scaled(word[:, 0], word[:, 1], projection.pre.size)
    if delay.values is not None and position is not None:
        steps = delay.values[position]
    else:
        steps = delay.first + np.searchsorted(delay.thresholds, word[:, 2], side="right")
    if weight.values is not None and position is not None:
        values = weight.values[position]
    elif weight.kind == "constant":
        values = np.full(post.size, weight.a)
    else:
        values = draw_values(weight, streams.uniform32(word[:, 3]))
    dtype = np.float32 if projection.weight_bits == 32 else np.float64
    return Edges(pre, post, values.astype(dtype), steps.astype(np.int64))


def _sources(seed: int, projection: p.ProjectionProgram, targets: Index) -> Iterator[Part]:
    """Yield the edges of the targets in blocks."""
    rule = projection.rule
    if isinstance(rule, p.MatchingSource):
        yield targets, targets, np.zeros_like(targets), None
    elif isinstance(rule, p.ListedEdges):
        yield _listed(rule, targets)
    elif isinstance(rule, p.RandomSources):
        for block in _blocks(targets, rule.indegree[targets]):
            post, k = _ragged(block, rule.indegree[block])
            yield None, post, k, None
    else:
        yield from _pairwise(seed, projection, targets)


def _pairwise(seed: int, projection: p.ProjectionProgram, targets: Index) -> Iterator[Part]:
    rule, pre = projection.rule, projection.pre
    own = pre.positions_of(_global(projection.post, targets))
    keep_own = bool(rule.autapses)  # type: ignore[union-attr]
    candidates = pre.size - (0 if keep_own else (own < pre.size).astype(np.int64))
    candidates = np.broadcast_to(candidates, targets.shape)
    share = rule.probability if isinstance(rule, p.BernoulliSources) else 1.0
    if share == 0:
        return
    expected = np.full(targets.size, max(1, int(pre.size * share)), np.int64)
    for rows in _blocks(np.arange(targets.size), expected):
        if share == 1:
            which, found = _ragged(rows, candidates[rows])
            k = found
        else:
            which, found, k = _skips(
                seed, projection, targets[rows], candidates[rows], float(np.log1p(-share))
            )
            which = rows[which]
        if not keep_own:
            found = found + (found >= own[which])
        yield found, targets[which], k, None


def _skips(
    seed: int, projection: p.ProjectionProgram, targets: Index, candidates: Index, log_miss: float
) -> tuple[Index, Index, Index]:
    """Draw which candidates connect by the gaps between them, which are geometric.

    Returns
    -------
    row, candidate, k : (n,) int64, by row
    """
    rows = np.arange(targets.size)
    last = np.full(targets.size, -1, np.int64)
    start, found = 0, []
    mean = float(candidates.max(initial=0)) * -np.expm1(log_miss)
    width = int(mean + 4 * np.sqrt(mean) + 4)
    while rows.size:
        k = np.arange(start, start + width)
        ids = _global(projection.post, targets[rows])[:, None]
        word = streams.words(seed, streams.Purpose.EDGES, projection.index, ids, k)
        gap = np.floor(log(streams.uniform53(word[..., 0], word[..., 1])) / log_miss)
        limit = candidates[rows][:, None]
        step = 1 + np.minimum(gap, limit).astype(np.int64)
        position = last[rows][:, None] + np.cumsum(step, axis=1)
        inside = position < limit
        row, column = np.nonzero(inside)
        found.append((rows[row], position[row, column], k[column]))
        last[rows] = position[:, -1]
        rows = rows[inside[:, -1]]
        start += width
        width = max(8, width // 4)
    row, candidate, k = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((k, row))
    return row[order], candidate[order], k[order]


def _listed(rule: p.ListedEdges, targets: Index) -> Part:
    """Return the listed edges of the targets, in the order of the list."""
    first = np.searchsorted(rule.post, targets, side="left")
    counts = np.searchsorted(rule.post, targets, side="right") - first
    post, k = _ragged(targets, counts)
    position = np.repeat(first, counts) + k
    return rule.pre[position], post, k, position


def _global(span: p.Span, index: Index) -> Index:
    """Return the network-wide ids of neurons of a span."""
    if span.members is None:
        return index + span.first_id
    return span.members[index] + (span.first_id - span.start)


def _ragged(values: Index, counts: Index) -> tuple[Index, Index]:
    """Repeat each value ``counts`` times; return that and the index within each run."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(values, counts), np.arange(total) - np.repeat(ends - counts, counts)


def _blocks(values: Index, counts: Index) -> Iterator[Index]:
    """Split values so that the counts of a block sum to about _BLOCK."""
    if not values.size:
        return
    number = np.cumsum(counts) // _BLOCK
    yield from np.split(values, np.flatnonzero(np.diff(number)) + 1)
