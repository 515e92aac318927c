"""Projections and Poisson inputs: what connects populations and drives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError, UnknownNameError
from .distributions import Distribution
from .edge_files import EdgeColumn
from .inputs import check_rate_wave
from .pairwise import PairExpression
from .population import Population, PopulationView
from .quantities import HERTZ, SECOND, require_dimensions, scalar, to_si
from .rules import ConnectionRule, Edges, Rule
from .synapse_binding import BoundSynapse
from .values import Given, give
from .waveforms import Waveform

Amount = float | NDArray[np.float64] | Distribution | PairExpression | EdgeColumn


@dataclass(eq=False)
class Projection:
    """Synapses from ``pre`` to ``post``; each adds its weight to ``variable`` of its target.

    ``weight`` and ``delay`` are SI floats, arrays (one per listed edge), distributions or
    expressions of the pair.
    With a ``synapse``, that model says what they do instead; ``pathway_delays`` (seconds) are
    those of pathways that do not share ``delay``. ``synapse`` changes as operations are declared;
    ``plain_of`` is a model that was given and does no more than synapses without one.
    """

    name: str
    pre: PopulationView
    post: PopulationView
    rule: Rule
    variable: str
    weight: Amount
    delay: Amount
    synapse: BoundSynapse | None = None
    pathway_delays: Mapping[str, float] = field(default_factory=dict)
    plain_of: BoundSynapse | None = None

    def __post_init__(self) -> None:
        for amount in (self.weight, self.delay):
            if isinstance(amount, PairExpression):
                amount.check(self.pre, self.post)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the projection, SI units."""
        account: dict[str, Any] = {}
        if self.synapse is not None:
            account["synapse"] = self.synapse.model.describe()
        if self.synapse is not None and self.synapse.operations:
            account["operations"] = [o.describe() for o in self.synapse.operations]
        if self.pathway_delays:
            account["pathway_delays"] = dict(self.pathway_delays)
        return account | {
            "name": self.name,
            "pre": self.pre.label,
            "post": self.post.label,
            "rule": self.rule.describe(),
            "variable": self.variable,
            "weight": _describe(self.weight),
            "delay": _describe(self.delay),
        }


@dataclass(frozen=True, eq=False)
class PoissonInput:
    """Background of ``indegree`` independent Poisson trains of ``rate`` per neuron of ``post``."""

    name: str
    post: PopulationView
    variable: str
    rate: Given | Waveform
    indegree: float
    weight: float

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the input, SI units."""
        return {
            "name": self.name,
            "post": self.post.label,
            "variable": self.variable,
            "rate": self.rate.describe(),
            "indegree": self.indegree,
            "weight": self.weight,
        }


def check_rule(rule: Any, pre: PopulationView, post: PopulationView, where: str) -> Rule:
    """Return the rule if it fits the two sides; DescriptionError otherwise."""
    if not isinstance(rule, ConnectionRule):
        known = ", ".join(sorted(kind.__name__ for kind in ConnectionRule.__subclasses__()))
        raise DescriptionError(f"{where}: {rule!r} is not a connection rule. Rules: {known}.")
    rule.check(pre, post, where)
    return rule


def check_variable(post: PopulationView, variable: Any, where: str) -> str:
    """Return the target variable if synapses may add to it."""
    if not isinstance(post.parent, Population):
        raise DescriptionError(f"{where}: {post.name!r} is a spike source and has no variables.")
    model = post.parent.model
    if variable not in model.states:
        raise UnknownNameError(
            "variable", variable, model.states, f"{where}: state variables of {post.name!r}"
        )
    return str(variable)


def check_weight(value: Any, post: PopulationView, variable: str, rule: Rule, where: str) -> Amount:
    """Return a weight as SI number, array or distribution, of the variable's dimensions."""
    model = post.parent.model
    return _amount(value, model.declared.dims[variable], rule, f"{where}: weight")


def check_amount(value: Any, dim: Dimension, rule: Rule, what: str) -> Amount:
    """Return an amount per synapse as SI number, array or distribution."""
    return _amount(value, dim, rule, what)


def check_delay(value: Any, rule: Rule, where: str) -> Amount:
    """Return a delay as SI number, array or distribution; none may be negative."""
    amount = _amount(value, SECOND, rule, f"{where}: delay")
    if isinstance(amount, PairExpression):
        return amount
    lowest: Any = amount
    if isinstance(amount, (np.ndarray, EdgeColumn)):
        lowest = float(amount.min()) if amount.size else 0.0
    if isinstance(lowest, float) and lowest < 0:
        raise DescriptionError(f"{where}: delay {lowest!r} s is negative; it must be 0 or more.")
    if isinstance(amount, Distribution) and amount.high is not None and amount.high <= 0:
        raise DescriptionError(f"{where}: the delay distribution allows no positive delay.")
    return amount


def check_rate(value: Any, post: PopulationView, where: str) -> Given | Waveform:
    """Return a rate of the neurons: number, array, expression, distribution or course."""
    if isinstance(value, Waveform):
        return check_rate_wave(value, post, f"{where}: rate")
    dims = post.parent.model.declared.dims
    given = give(value, f"{where}: rate", known=dims, expected=HERTZ, size=post.size)
    if not isinstance(given.content, (str, Distribution)) and np.min(given.content) < 0:
        raise DescriptionError(
            f"{where}: rate {float(np.min(given.content))!r} Hz is negative; it must be 0 or more."
        )
    return given


def check_indegree(value: Any, where: str) -> float:
    """Return an in-degree of 0 or more (it need not be whole: only rate * indegree matters)."""
    indegree = scalar(value, DIMENSIONLESS, f"{where}: indegree")
    if indegree < 0:
        raise DescriptionError(f"{where}: indegree is {indegree!r}; it must be 0 or more.")
    return indegree


def _amount(value: Any, dim: Any, rule: Rule, what: str) -> Amount:
    if isinstance(value, Distribution):
        require_dimensions(value.dim, dim, what)
        return value
    if isinstance(value, str):
        return PairExpression(" ".join(value.split()), dim, what)
    if isinstance(value, EdgeColumn) and isinstance(rule, Edges):
        require_dimensions(value.dim, dim, what)
        return value
    array = to_si(value, dim, what)
    if array.ndim == 0:
        return float(array)
    if not isinstance(rule, Edges):
        raise DescriptionError(
            f"{what} is an array, which only the rule Edges takes (one value per synapse). "
            "Give a quantity, a distribution or an expression of source and target."
        )
    if array.shape != (rule.size,):
        raise DescriptionError(
            f"{what} has shape {array.shape} for {rule.size} edges; give one per edge."
        )
    return array


def _describe(amount: Amount) -> Any:
    if isinstance(amount, (Distribution, PairExpression, EdgeColumn)):
        return amount.describe()
    if isinstance(amount, float):
        return amount
    return {
        "array": int(amount.size),
        "mean": float(amount.mean()) if amount.size else None,
        "min": float(amount.min()) if amount.size else None,
        "max": float(amount.max()) if amount.size else None,
    }
