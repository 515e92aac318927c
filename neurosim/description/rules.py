"""Connection rules: who connects to whom, as rules that any process can apply to its neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS

from ..errors import DescriptionError
from .connection_rule import ConnectionRule, index_array, shared
from .listed_edges import Edges
from .names import check_count
from .quantities import scalar
from .views import PopulationView

__all__ = [
    "AllToAll", "Bernoulli", "ConnectionRule", "Edges", "FixedInDegree",
    "FixedOutDegree", "FixedTotalNumber", "OneToOne", "Rule", "index_array", "shared",
]  # fmt: skip

MAX_SYNAPSES = 2**40


@dataclass(frozen=True)
class FixedTotalNumber(ConnectionRule):
    """Exactly ``n`` synapses, the pair of each drawn uniformly.

    Parameters
    ----------
    n : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a pair may have several synapses; if not, every set of ``n`` pairs is equally
        likely.
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        count = check_count(self.n, "FixedTotalNumber: n", smallest=0, largest=MAX_SYNAPSES)
        object.__setattr__(self, "n", count)
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_total_number", "n": self.n} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough pairs."""
        pairs = pre.size * post.size - (0 if self.autapses else shared(pre, post))
        if self.n > (pairs if not self.multapses or not pairs else self.n):
            raise DescriptionError(
                f"{where}: FixedTotalNumber({self.n}) needs {self.n} pairs, but there are {pairs} "
                f"between {pre.label!r} and {post.label!r}. Lower n, or allow "
                f"{'multapses' if pairs else 'autapses'}."
            )


@dataclass(frozen=True)
class FixedInDegree(ConnectionRule):
    """Each target has exactly ``k`` synapses from sources drawn uniformly.

    Parameters
    ----------
    k : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a source may be drawn again; if not, every set of ``k`` sources is equally likely.
    """

    k: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", check_count(self.k, "FixedInDegree: k", smallest=0))
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_indegree", "k": self.k} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough sources for a target."""
        _check_degree(self, pre, shared(pre, post), where, "sources")


@dataclass(frozen=True)
class FixedOutDegree(ConnectionRule):
    """Each source has exactly ``k`` synapses to targets drawn uniformly.

    Parameters
    ----------
    k : int
    autapses : bool
        Whether a neuron may connect to itself.
    multapses : bool
        Whether a target may be drawn again; if not, every set of ``k`` targets is equally likely.
    """

    k: int
    autapses: bool = True
    multapses: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", check_count(self.k, "FixedOutDegree: k", smallest=0))
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "fixed_outdegree", "k": self.k} | _flags(self)

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if there are not enough targets for a source."""
        _check_degree(self, post, shared(pre, post), where, "targets")


@dataclass(frozen=True)
class Bernoulli(ConnectionRule):
    """Each pair is connected with probability ``p``, independently, at most once.

    ``autapses=False`` leaves out synapses of a neuron onto itself.
    """

    p: float
    autapses: bool = True

    def __post_init__(self) -> None:
        p = scalar(self.p, DIMENSIONLESS, "Bernoulli: p")
        if not 0 <= p <= 1:
            raise DescriptionError(f"Bernoulli: p is {p!r}; a probability lies in [0, 1].")
        object.__setattr__(self, "p", p)
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "bernoulli", "p": self.p, "autapses": self.autapses}


@dataclass(frozen=True)
class AllToAll(ConnectionRule):
    """Every source connects to every target once; ``autapses=False`` leaves out oneself."""

    autapses: bool = True

    def __post_init__(self) -> None:
        _check_flags(self)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "all_to_all", "autapses": self.autapses}


@dataclass(frozen=True)
class OneToOne(ConnectionRule):
    """Source i connects to target i; both sides must have the same size."""

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "one_to_one"}

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError unless both sides have the same size."""
        if pre.size != post.size:
            raise DescriptionError(
                f"{where}: OneToOne needs equal sizes, but {pre.label!r} has {pre.size} neurons "
                f"and {post.label!r} {post.size}. Take slices of equal size, or use Edges."
            )


Rule = ConnectionRule


def _check_degree(
    rule: FixedInDegree | FixedOutDegree, side: PopulationView, overlap: int, where: str, what: str
) -> None:
    """Raise DescriptionError unless every neuron can draw ``rule.k`` partners from ``side``."""
    own = 1 if overlap and not rule.autapses else 0
    candidates = side.size - own
    if rule.k > (candidates if not rule.multapses or not candidates else rule.k):
        raise DescriptionError(
            f"{where}: {type(rule).__name__}({rule.k}) needs {rule.k} {what}, but {side.label!r} "
            f"offers {candidates} of {side.size} neurons{' (not oneself)' if own else ''}. Lower "
            f"k, or allow {'multapses' if candidates else 'autapses'}."
        )


def _flags(rule: Any) -> dict[str, bool]:
    return {"autapses": bool(rule.autapses), "multapses": bool(rule.multapses)}


def _check_flags(rule: Any) -> None:
    for name in ("autapses", "multapses"):
        value = getattr(rule, name, True)
        if not isinstance(value, (bool, np.bool_)):
            raise DescriptionError(
                f"{type(rule).__name__}: {name} must be True or False, not {value!r}."
            )
