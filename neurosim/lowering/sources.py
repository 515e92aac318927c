"""Who connects to whom, rule by rule, for any subset of the targets.

The source of an edge, or the target where sources draw, is a function of (seed, projection,
neuron, index): see :mod:`neurosim.streams`. The twin in C++ is include/edges.hpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..elementary import log
from . import program as p
from .draws import scaled

_BLOCK = 1 << 19  # edges worked on at a time

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some edges of a projection, by target.

    Attributes
    ----------
    pre : (n,) int64 or None
        Sources; None where the first two words of the edge are still to draw them.
    post : (n,) int64
    k : (n,) int64
        Index of the edge's words in its target's stream.
    position : (n,) int64 or None
        Where the edge stands in the projection's list, for rules that list.
    words : (n, 4) uint32 or None
        The edge's words, where they are not of the target's stream.
    """

    pre: Index | None
    post: Index
    k: Index
    position: Index | None = None
    words: NDArray[np.uint32] | None = None


def connections(seed: int, projection: p.ProjectionProgram, targets: Index) -> Iterator[Part]:
    """Yield the edges of the targets (local, ascending) in blocks."""
    rule = projection.rule
    if isinstance(rule, p.MatchingSource):
        yield Part(targets, targets, np.zeros_like(targets))
    elif isinstance(rule, p.ListedEdges):
        yield _listed(rule, targets)
    elif isinstance(rule, p.RandomTargets):
        yield _random_targets(seed, projection, rule, targets)
    elif isinstance(rule, p.RandomSources):
        yield from _random_sources(seed, projection, rule, targets)
    else:
        yield from _pairwise(seed, projection, targets)


def random_sources(
    projection: p.ProjectionProgram, post: Index, words: NDArray[np.uint32]
) -> Index:
    """Return the sources that words draw with replacement for the targets ``post``."""
    rule, pre = projection.rule, projection.pre
    if getattr(rule, "autapses", True):
        return scaled(words[:, 0], words[:, 1], pre.size)
    own, candidates = _candidates(pre, projection.post.global_ids_at(post), autapses=False)
    found = scaled(words[:, 0], words[:, 1], candidates)
    return found + (found >= own)


def _candidates(side: p.Span, ids: Index, *, autapses: bool) -> tuple[Index, Index]:
    """Return where neurons stand among ``side`` (its size: nowhere) and how many may be drawn."""
    own = side.positions_of(ids)
    if autapses:
        return np.full_like(own, side.size), np.full_like(own, side.size)
    return own, side.size - (own < side.size).astype(np.int64)


def _random_sources(
    seed: int, projection: p.ProjectionProgram, rule: p.RandomSources, targets: Index
) -> Iterator[Part]:
    if rule.indegree.size > 1:
        degrees = rule.indegree[projection.post.own_place(projection.share, targets)]
    else:
        degrees = np.broadcast_to(rule.indegree, targets.size)
    for rows in blocks(np.arange(targets.size), degrees):
        block = targets[rows]
        if rule.multapses:
            post, k = _ragged(block, degrees[rows])
            yield Part(None, post, k)
            continue
        ids = projection.post.global_ids_at(block)
        own, candidates = _candidates(projection.pre, ids, autapses=rule.autapses)
        key = (seed, streams.Purpose.EDGES, projection.index)
        row, found, k = _distinct(key, ids, degrees[rows], candidates)
        yield Part(found + (found >= own[row]), block[row], k)


def _random_targets(
    seed: int, projection: p.ProjectionProgram, rule: p.RandomTargets, targets: Index
) -> Part:
    """Let every source draw its targets and keep those asked for."""
    key = (seed, streams.Purpose.TARGETS, projection.index)
    kept: list[tuple[Index, Index, NDArray[np.uint32]]] = []
    for block, degrees in _source_blocks(projection.pre.size, rule.outdegree):
        ids = projection.pre.global_ids_at(block)
        own, candidates = _candidates(projection.post, ids, autapses=rule.autapses)
        if rule.multapses:
            row, k = _ragged(np.arange(block.size), degrees)
            word = streams.words(*key, ids[row], k)
            found = scaled(word[:, 0], word[:, 1], candidates[row])
        else:
            row, found, k = _distinct(key, ids, degrees, candidates)
            word = streams.words(*key, ids[row], k)
        found = found + (found >= own[row])
        mine = _among(found, targets)
        kept.append((block[row[mine]], found[mine], word[mine]))
    if not kept:
        return Part(*(np.empty(0, np.int64),) * 3)
    pre, post, words = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = np.argsort(post, kind="stable")
    post = post[order]
    return Part(pre[order], post, ordinal(post), None, words[order])


def _source_blocks(n: int, outdegree: Index) -> Iterator[tuple[Index, Index]]:
    """Yield all sources and their numbers of targets in blocks of about _BLOCK edges."""
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        equal = outdegree.size == 1
        degrees = np.broadcast_to(outdegree if equal else outdegree[start:stop], stop - start)
        for rows in blocks(np.arange(stop - start), degrees):
            yield start + rows, degrees[rows]


def _among(values: Index, chosen: Index) -> NDArray[np.bool_]:
    """Return which values are among the chosen ones, which are ascending."""
    if not chosen.size:
        return np.zeros(values.size, bool)
    place = np.searchsorted(chosen, values)
    return chosen[np.minimum(place, chosen.size - 1)] == values


def ordinal(post: Index) -> Index:
    """Return each edge's number within its target, (n_edges,); ``post`` is ascending."""
    if not post.size:
        return np.empty(0, np.int64)
    first = np.flatnonzero(np.diff(post, prepend=post[0] - 1))
    counts = np.diff(np.append(first, post.size))
    return np.arange(post.size) - np.repeat(first, counts)


def _distinct(
    key: tuple[int, streams.Purpose, int], ids: Index, counts: Index, candidates: Index
) -> tuple[Index, Index, Index]:
    """Draw ``counts`` of ``candidates`` numbers without replacement, for each neuron of ``ids``.

    Numbers are drawn with replacement and those drawn before are passed over, which leaves
    every set and every order equally likely. Where more than half is wanted, the numbers to
    leave out are drawn; those that stay are taken in ascending order.

    Returns
    -------
    row, number, k : (n,) int64, by row
        ``k`` is the index of the number's words.
    """
    inverted = 2 * counts > candidates
    wanted = np.where(inverted, candidates - counts, counts)
    found = [
        _first_distinct(key, rows, ids, wanted, candidates)
        for rows in blocks(np.arange(ids.size), 2 * wanted + 16)
    ]
    if not found:
        return (np.empty(0, np.int64),) * 3
    row, number, k = (np.concatenate(column) for column in zip(*found, strict=True))
    straight = ~inverted[row]
    parts = [(row[straight], number[straight], k[straight])]
    for rows in blocks(np.flatnonzero(inverted), candidates[inverted]):
        kept = np.arange(candidates[rows].max()) < candidates[rows][:, None]
        place = np.full(ids.size, -1)
        place[rows] = np.arange(rows.size)
        out = place[row] >= 0
        kept[place[row[out]], number[out]] = False
        which, value = np.nonzero(kept)
        parts.append((rows[which], value, value))
    row, number, k = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    return row[order], number[order], k[order]


def _first_distinct(
    key: tuple[int, streams.Purpose, int], rows: Index, ids: Index, wanted: Index, candidates: Index
) -> tuple[Index, Index, Index]:
    """Return (row, number, index of the draw) of the first ``wanted`` different numbers."""
    found = [(np.empty(0, np.int64),) * 3]
    rows = rows[wanted[rows] > 0]
    width = int(1.5 * wanted[rows].max(initial=0)) + 16
    while rows.size:
        word = streams.words(*key, ids[rows][:, None], np.arange(width))
        number = scaled(word[..., 0], word[..., 1], candidates[rows][:, None])
        order = np.argsort(number, axis=1, kind="stable")
        ranked = np.take_along_axis(number, order, axis=1)
        first = np.ones(number.shape, bool)
        np.put_along_axis(first, order[:, 1:], np.diff(ranked, axis=1) > 0, axis=1)
        so_far = np.cumsum(first, axis=1)
        limit = wanted[rows][:, None]
        enough = so_far[:, -1] >= limit[:, 0]
        row, k = np.nonzero(first & (so_far <= limit) & enough[:, None])
        found.append((rows[row], number[row, k], k))
        rows = rows[~enough]
        width *= 2
    row, number, k = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((k, row))
    return row[order], number[order], k[order]


def _pairwise(seed: int, projection: p.ProjectionProgram, targets: Index) -> Iterator[Part]:
    rule, pre = projection.rule, projection.pre
    keep_own = bool(rule.autapses)  # type: ignore[union-attr]
    own, candidates = _candidates(pre, projection.post.global_ids_at(targets), autapses=keep_own)
    share = rule.probability if isinstance(rule, p.BernoulliSources) else 1.0
    if share == 0:
        return
    expected = np.full(targets.size, max(1, int(pre.size * share)), np.int64)
    for rows in blocks(np.arange(targets.size), expected):
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
        yield Part(found, targets[which], k)


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
        ids = projection.post.global_ids_at(targets[rows])[:, None]
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
    return Part(rule.pre[position], post, k, position)


def _ragged(values: Index, counts: Index) -> tuple[Index, Index]:
    """Repeat each value ``counts`` times; return that and the index within each run."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(values, counts), np.arange(total) - np.repeat(ends - counts, counts)


def blocks(values: Index, counts: Index) -> Iterator[Index]:
    """Split values so that the counts of a block sum to about _BLOCK."""
    if not values.size:
        return
    number = np.cumsum(counts) // _BLOCK
    yield from np.split(values, np.flatnonzero(np.diff(number)) + 1)
