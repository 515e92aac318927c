"""Expressions over pairs of neurons: who connects, and with which weight and delay.

Evaluated in blocks of targets, never for all pairs at once; what they make is listed edges, the
same for any number of threads and every engine. Delays are rounded to the nearest step, at least
one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..description.network import Network
from ..description.pairwise import PairExpression, Pairwise
from ..description.projection import Projection
from ..elementary import exp, expm1, log, log1p
from ..errors import DescriptionError
from ..parallel.share import Share
from . import program as p
from .draws import MAX_DELAY
from .edges import instantiate
from .expressions import RandomNumbers, evaluate, names_in
from .sides import Side, Value
from .sources import Index, ordinal

_BLOCK = 1 << 19  # pairs or edges worked on at a time
_SOURCES = 1 << 16  # of them, sources
_ROUNDING = 1e-12  # of 1: how far beyond [0, 1] a probability may be
# the same bits on every machine
_PORTABLE = {"exp": exp, "log": log, "expm1": expm1, "log1p": log1p}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """What expressions over the pairs of a projection may use, and its random streams."""

    pre: Side
    post: Side
    seed: int
    index: int
    where: str
    share: Share

    def evaluate(self, code: str, name: str, i: Index, j: Index, k: Index) -> Floats:
        """Return the value of an expression for pairs.

        Parameters
        ----------
        code : str
        name : str
            What it is for: keys its rand() and randn().
        i, j : int64 arrays that broadcast
            Sources and targets, indices in the spans.
        k : int64 array
            Index of the pair among those of its target, for rand() and randn().

        Raises
        ------
        DescriptionError
            If it is not finite somewhere.
        """
        used = names_in(code)
        known = {n: self._value(n, i, j) for n in used if self._knows(n)}
        what = f"{self.where}: {name}"
        random = _PairNumbers((self.seed, self.index), name, self.post.span.global_ids_at(j), k)
        shape = np.broadcast_shapes(i.shape, j.shape)
        value = np.asarray(evaluate(code, known, what, random, _PORTABLE), np.float64)
        value = np.broadcast_to(value, shape)
        bad = ~np.isfinite(value)
        if bad.any():
            raise self.refused(name, code, value, bad, i, j, "it must be finite")
        return value

    def refused(
        self, name: str, code: str, value: Floats, bad: NDArray, i: Index, j: Index, rule: str
    ) -> DescriptionError:
        """Return the error of a value that is not allowed, naming the first such pair."""
        place = np.unravel_index(int(np.argmax(bad)), bad.shape)
        source = int(np.broadcast_to(i, bad.shape)[place])
        target = int(np.broadcast_to(j, bad.shape)[place])
        return DescriptionError(
            f"{self.where}: {name} {code!r} is {float(value[place])!r} for source {source} and "
            f"target {target}; {rule}."
        )

    def _knows(self, name: str) -> bool:
        stem, _, side = name.rpartition("_")
        if name in ("i", "j", "N_pre", "N_post", "distance", "dx", "dy", "dz"):
            return True
        if side not in ("pre", "post"):
            return False
        return (self.pre if side == "pre" else self.post).knows(stem)

    def _value(self, name: str, i: Index, j: Index) -> Value:
        if name in ("i", "j"):
            return (i if name == "i" else j).astype(np.float64)
        if name in ("N_pre", "N_post"):
            return float((self.pre if name == "N_pre" else self.post).span.size)
        if name == "distance":
            axes = self.pre.placed.axes if self.pre.placed is not None else ""
            return np.sqrt(sum(self._difference(axis, i, j) ** 2 for axis in axes))
        if name in ("dx", "dy", "dz"):
            return self._difference(name[1], i, j)
        stem, _, side = name.rpartition("_")
        return self.pre.value(stem, i) if side == "pre" else self.post.value(stem, j)

    def _difference(self, axis: str, i: Index, j: Index) -> Floats:
        """Return target minus source along an axis, the shorter way round if it is periodic."""
        difference = np.asarray(self.post.value(axis, j) - self.pre.value(axis, i))
        placed = self.pre.placed
        period = placed.periods[placed.axes.index(axis)] if placed is not None else 0.0
        return difference - period * np.rint(difference / period) if period else difference


class _PairNumbers(RandomNumbers):
    """rand() and randn() of an expression over pairs: other numbers for every pair and call."""

    def __init__(self, key: tuple[int, int], name: str, ids: Index, k: Index) -> None:
        super().__init__(key[0], streams.Purpose.EDGE_VALUE, name, ids)
        self._seed, self._projection = key
        self._name, self._k = streams.name_id(name), k

    def rand(self) -> Floats:
        """Return uniform numbers in (0, 1) of the pairs' shape."""
        named = (self._name, self._calls, self._projection)
        self._calls += 1
        word = streams.synaptic_words(
            self._seed, streams.Purpose.EDGE_VALUE, named, self._ids, self._k
        )
        return np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)


def pairs_of(given: Projection, base: p.ProjectionProgram, program: p.Program) -> Pairs:
    """Return what expressions over the pairs of a projection may use."""
    return Pairs(
        Side(given.pre, base.pre, program),
        Side(given.post, base.post, program),
        program.seed,
        base.index,
        f"projection {given.name!r}",
        program.share,
    )


def with_expressions(network: Network, program: p.Program) -> p.Program:
    """Return a lowered network with edges listed where expressions decide on them.

    Parameters
    ----------
    network : Network
    program : Program
        With any rule in place of Pairwise, and any weight and delay for expressions.

    Raises
    ------
    DescriptionError
        Probabilities outside [0, 1], negative delays, values that are not finite.
    """
    if not any(_by_expression(given) for given in network.projections):
        return program
    made = [
        _listed(given, base, program) if _by_expression(given) else base
        for given, base in zip(network.projections, program.projections, strict=True)
    ]
    return replace(program, projections=tuple(made))


def _by_expression(given: Projection) -> bool:
    amounts = type(given.weight), type(given.delay)
    return isinstance(given.rule, Pairwise) or PairExpression in amounts


def _listed(
    given: Projection, base: p.ProjectionProgram, program: p.Program
) -> p.ProjectionProgram:
    pairs = pairs_of(given, base, program)
    if isinstance(given.rule, Pairwise):
        pre, post = connected(pairs, given.rule)
    else:
        drawn = instantiate(program, base)
        pre, post = drawn.pre, drawn.post
    listed = replace(base, rule=p.ListedEdges(pre, post))
    if isinstance(given.weight, PairExpression):
        values = edge_values(pairs, given.weight.code, "weight", pre, post)
        listed = replace(listed, weight=p.Draw("listed", values=values))
    if isinstance(given.delay, PairExpression):
        steps = delay_steps(pairs, given.delay.code, pre, post, program.dt)
        delay = p.DelayDraw(first=int(steps.min()) if steps.size else 1, values=steps)
        listed = replace(listed, delay=delay)
    return listed


def connected(pairs: Pairs, rule: Pairwise) -> tuple[Index, Index]:
    """Draw which sources a rule connects to the owned targets; both by target, then source."""
    own, n = pairs.post.span.own(pairs.share), pairs.pre.span.size
    found = [(np.empty(0, np.int64),) * 2]
    for start in range(0, n, _SOURCES):
        sources = np.arange(start, min(start + _SOURCES, n))[None, :]
        rows = _BLOCK // sources.size
        blocks = [own[first : first + rows] for first in range(0, own.size, rows)]
        found += [_connected(pairs, rule, sources, targets) for targets in blocks]
    pre, post = (np.concatenate(column) for column in zip(*found, strict=True))
    if n > _SOURCES:
        order = np.lexsort((pre, post))
        pre, post = pre[order], post[order]
    return pre, post


def _connected(pairs: Pairs, rule: Pairwise, sources: Index, targets: Index) -> tuple[Index, Index]:
    allowed, share = _shares(pairs, rule, sources, targets)
    row, column = np.nonzero(allowed & (share > 0))
    share, i = share[row, column], sources[0, column]
    certain = share >= 1
    ids = pairs.post.span.global_ids_at(targets[row[~certain]])
    word = streams.words(pairs.seed, streams.Purpose.EDGES, pairs.index, ids, i[~certain])
    keep = certain.copy()
    keep[~certain] = streams.uniform53(word[:, 0], word[:, 1]) < share[~certain]
    return i[keep], targets[row[keep]]


def _shares(
    pairs: Pairs, rule: Pairwise, i: Index, targets: Index
) -> tuple[NDArray[np.bool_], Floats]:
    """Return which pairs may be connected, and with which probability, (targets, sources)."""
    j = targets[:, None]
    shape = (targets.size, i.size)
    if rule.condition is None:
        allowed = np.ones(shape, bool)
    else:
        allowed = pairs.evaluate(rule.condition, "Pairwise: condition", i, j, i) != 0
    if not rule.autapses:
        own = pairs.pre.span.positions_of(pairs.post.span.global_ids_at(targets))
        allowed = allowed & (i != own[:, None])
    if not isinstance(rule.p, str):
        return allowed, np.broadcast_to(np.float64(rule.p), shape)
    share = pairs.evaluate(rule.p, "Pairwise: p", i, j, i)
    bad = (share < -_ROUNDING) | (share > 1 + _ROUNDING)
    if bad.any():
        hint = "a probability lies in [0, 1]: clip(p, 0, 1) bounds it"
        raise pairs.refused("Pairwise: p", rule.p, share, bad, i, j, hint)
    return allowed, share


def edge_values(pairs: Pairs, code: str, name: str, pre: Index, post: Index) -> Floats:
    """Return the value of an expression for every edge, (n_edges,); ``post`` ascending.

    ``name`` is what the value is for: a synaptic parameter, ``"weight"``... It keys the random
    numbers and starts messages.
    """
    k = ordinal(post)
    values = np.empty(post.size)
    for start in range(0, post.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        values[part] = pairs.evaluate(code, name, pre[part], post[part], k[part])
    return values


def delay_steps(pairs: Pairs, code: str, pre: Index, post: Index, dt: float) -> Index:
    """Return the delay of every edge in steps: rounded to the nearest, at least one."""
    seconds = edge_values(pairs, code, "delay", pre, post)
    for bad, rule in (
        (seconds < 0, "delays are not negative"),
        (seconds > MAX_DELAY * dt, f"delays are at most {MAX_DELAY} steps of dt"),
    ):
        if bad.any():
            raise pairs.refused("delay", code, seconds, bad, pre, post, rule)
    return np.maximum(np.floor(seconds / dt + 0.5).astype(np.int64), 1)
