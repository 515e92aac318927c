"""Connection rules of the description to rules of the Program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from ..description import rules
from ..description.pairwise import Pairwise
from . import program as p
from .degrees import hypergeometric_indegrees, multinomial_indegrees


@dataclass(frozen=True)
class Ends:
    """Source and target of a projection, and what keys its random streams."""

    pre: p.Span
    post: p.Span
    seed: int
    index: int


@singledispatch
def lower_rule(rule: rules.ConnectionRule, ends: Ends) -> p.Rule:
    """Lower a rule between two spans: OneToOne unless registered for another below."""
    return p.MatchingSource()


@lower_rule.register
def _total_number(rule: rules.FixedTotalNumber, ends: Ends) -> p.Rule:
    ids = ends.post.global_ids()
    candidates = np.full(ends.post.size, ends.pre.size)
    if not rule.autapses:
        candidates -= ends.pre.positions_of(ids) < ends.pre.size
    key = (ends.seed, ends.index, rule.n, ids)
    if not rule.multapses:
        degrees = hypergeometric_indegrees(*key, candidates)
    else:
        degrees = multinomial_indegrees(*key, None if rule.autapses else candidates)
    return p.RandomSources(degrees, bool(rule.autapses), bool(rule.multapses))


@lower_rule.register
def _indegree(rule: rules.FixedInDegree, ends: Ends) -> p.Rule:
    degrees = np.full(ends.post.size, rule.k)
    return p.RandomSources(degrees, bool(rule.autapses), bool(rule.multapses))


@lower_rule.register
def _outdegree(rule: rules.FixedOutDegree, ends: Ends) -> p.Rule:
    degrees = np.full(ends.pre.size, rule.k)
    return p.RandomTargets(degrees, bool(rule.autapses), bool(rule.multapses))


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
    order = np.argsort(rule.post, kind="stable")
    return p.ListedEdges(rule.pre[order], rule.post[order])
