"""Connection rules of the description to rules of the Program."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from ..description import rules
from ..description.pairwise import Pairwise
from ..parallel.share import Share
from . import program as p
from .degrees import Targets, hypergeometric_indegrees, multinomial_indegrees
from .listed import own_edges


@dataclass(frozen=True)
class Ends:
    """Source and target of a projection, what keys its random streams, whose targets are asked.

    ``edges`` are those of a list that end there (``listed.own_edges``), if they are known.
    """

    pre: p.Span
    post: p.Span
    seed: int
    index: int
    share: Share = field(default_factory=Share)
    edges: NDArray[np.int64] | None = None


@singledispatch
def lower_rule(rule: rules.ConnectionRule, ends: Ends) -> p.Rule:
    """Lower a rule between two spans: OneToOne unless registered for another below."""
    return p.MatchingSource()


@lower_rule.register
def _total_number(rule: rules.FixedTotalNumber, ends: Ends) -> p.Rule:
    less = None if rule.autapses else ends.pre
    equal = rule.autapses and rule.multapses
    targets = Targets(ends.post, 1 if equal else ends.pre.size, less, ends.share)
    shared_out = multinomial_indegrees if rule.multapses else hypergeometric_indegrees
    degrees = shared_out(ends.seed, ends.index, rule.n, targets)
    return p.RandomSources(degrees, bool(rule.autapses), bool(rule.multapses))


@lower_rule.register
def _indegree(rule: rules.FixedInDegree, ends: Ends) -> p.Rule:
    return p.RandomSources(np.full(1, rule.k), bool(rule.autapses), bool(rule.multapses))


@lower_rule.register
def _outdegree(rule: rules.FixedOutDegree, ends: Ends) -> p.Rule:
    return p.RandomTargets(np.full(1, rule.k), bool(rule.autapses), bool(rule.multapses))


@lower_rule.register
def _bernoulli(rule: rules.Bernoulli, ends: Ends) -> p.Rule:
    return p.BernoulliSources(rule.p, bool(rule.autapses))


@lower_rule.register
def _all_to_all(rule: rules.AllToAll, ends: Ends) -> p.Rule:
    return p.AllSources(bool(rule.autapses))


@lower_rule.register
def _pairwise(rule: Pairwise, ends: Ends) -> p.Rule:
    # stands in until the expressions are evaluated, in pairs.with_expressions
    return p.AllSources(bool(rule.autapses))


@lower_rule.register
def _edges(rule: rules.Edges, ends: Ends) -> p.Rule:
    own = own_edges(rule, ends.post, ends.share) if ends.edges is None else ends.edges
    pre, post = rule.columns
    return p.ListedEdges(pre[own], post[own])
