"""The C struct of a projection (include/types.hpp), mirrored for ctypes, and what fills it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_double, c_int32, c_int64, c_uint32
from typing import Any

import numpy as np

from ...lowering.machine_program import Grid
from ...lowering.program import (
    AllSources,
    BernoulliSources,
    Draw,
    ListedEdges,
    MatchingSource,
    ProjectionProgram,
    RandomSources,
    RandomTargets,
)
from ...parallel.share import Share

_Doubles, _Int64s, _Words = POINTER(c_double), POINTER(c_int64), POINTER(c_uint32)
_RULES = {
    RandomSources: 0,
    BernoulliSources: 1,
    AllSources: 2,
    MatchingSource: 3,
    ListedEdges: 4,
    RandomTargets: 5,
}
_ROUNDINGS = ("even", "zero", "down")
_DRAWS = ("constant", "uniform", "normal", "lognormal", "exponential", "listed")


class ProjectionSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("index", c_int64),
        ("pre_first", c_int64),
        ("pre_size", c_int64),
        ("post_first", c_int64),
        ("post_size", c_int64),
        ("population", c_int32),
        ("array", c_int32),
        ("post_start", c_int64),
        ("pre_ids", _Int64s),
        ("post_members", _Int64s),
        ("expected", c_double),
        ("rule", c_int32),
        ("autapses", c_int32),
        ("multapses", c_int32),
        ("probability", c_double),
        ("log1m", c_double),
        ("offsets", _Int64s),
        ("degree", c_int64),
        ("n_edges", c_int64),
        ("sources", _Int64s),
        ("weight", c_int32),
        ("a", c_double),
        ("b", c_double),
        ("low_u", c_double),
        ("high_u", c_double),
        ("low", c_double),
        ("high", c_double),
        ("weights", _Doubles),
        ("factor", c_double),
        ("quantum", c_double),
        ("grid_low", c_double),
        ("grid_high", c_double),
        ("rounding", c_int32),
        ("absolute", c_int32),
        ("wraps", c_int32),
        ("delay_first", c_int32),
        ("n_thresholds", c_int32),
        ("thresholds", _Words),
        ("delays", _Int64s),
    )


def projection_spec(
    projection: ProjectionProgram, share: Share, place: tuple[int, int], keep: Callable[..., Any]
) -> ProjectionSpec:
    """Return a projection as the runtime reads it.

    Parameters
    ----------
    projection : ProjectionProgram
    share : Share
        Whose targets the projection lists.
    place : (int, int)
        Index of the targets' population, and of their variable in its storage (-1: the synapses
        have code of their own).
    keep : callable
        Makes an array of a type, keeps it alive and returns the pointer to it.
    """
    post, rule, weight, delay = (
        projection.post,
        projection.rule,
        projection.weight,
        projection.delay,
    )
    probability = getattr(rule, "probability", 1.0)
    spec = ProjectionSpec(
        index=projection.index,
        pre_first=projection.pre.first_id,
        pre_size=projection.pre.size,
        post_first=post.first_id,
        post_size=post.size,
        population=place[0],
        array=place[1],
        post_start=post.start,
        expected=projection.expected_synapses,
        rule=_RULES[type(rule)],
        autapses=int(getattr(rule, "autapses", True)),
        multapses=int(getattr(rule, "multapses", True)),
        probability=probability,
        log1m=float(np.log1p(-probability)) if probability < 1 else 0.0,
        weight=_DRAWS.index(weight.kind),
        a=weight.a,
        b=weight.b,
        low_u=weight.low_u,
        high_u=weight.high_u,
        low=weight.low,
        high=weight.high,
        delay_first=delay.first,
        n_thresholds=delay.thresholds.size,
        thresholds=keep(delay.thresholds, np.uint32, _Words),
    )
    _lists(spec, projection, share, keep)
    _grid(spec, weight)
    return spec


def _grid(spec: ProjectionSpec, weight: Draw) -> None:
    """Fill in the grid that drawn weights are put on; a constant is on it already."""
    grid = weight.grid or Grid()
    if weight.kind == "constant":
        spec.a, grid = weight.constant, Grid()
    spec.factor, spec.quantum = grid.factor, grid.quantum
    spec.grid_low, spec.grid_high = float(grid.low), float(grid.high)
    spec.rounding = _ROUNDINGS.index(grid.rounding)
    spec.absolute, spec.wraps = int(grid.absolute), int(grid.wraps)


def _lists(
    spec: ProjectionSpec, projection: ProjectionProgram, share: Share, keep: Callable[..., Any]
) -> None:
    """Point to what a projection holds per neuron or per edge."""
    post, rule, weight, delay = (
        projection.post,
        projection.rule,
        projection.weight,
        projection.delay,
    )
    if projection.pre.members is not None:
        spec.pre_ids = keep(projection.pre.global_ids(), np.int64, _Int64s)
    if post.members is not None:
        spec.post_members = keep(post.members, np.int64, _Int64s)
    counts = None
    if isinstance(rule, RandomSources):
        counts = rule.indegree
    elif isinstance(rule, RandomTargets):
        counts = rule.outdegree
    elif isinstance(rule, ListedEdges):
        own = post.own(share)
        counts = np.bincount(np.searchsorted(own, rule.post), minlength=own.size)
        spec.sources, spec.n_edges = keep(rule.pre, np.int64, _Int64s), rule.pre.size
    if counts is not None and counts.size == 1 and not isinstance(rule, ListedEdges):
        spec.degree = int(counts[0])
    elif counts is not None:
        spec.offsets = keep(np.concatenate([[0], np.cumsum(counts)]), np.int64, _Int64s)
    if weight.values is not None:
        spec.weights = keep(weight.values, np.float64, _Doubles)
    if delay.values is not None:
        spec.delays = keep(delay.values, np.int64, _Int64s)
