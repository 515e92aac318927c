"""Structural plasticity: synapses that come and go while the network runs, as described."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brian2.units.fundamentalunits import Dimension

from ..errors import DescriptionError, UnknownNameError
from .population import Population, PopulationView
from .projection import Amount, Projection, check_amount, check_delay
from .quantities import SECOND, scalar
from .rules import AllToAll
from .synapse_binding import BoundSynapse
from .synapse_operations import as_model
from .wiring import StructureChange, Wiring

_WEIGHT = "w"


class StructureRule:
    """What changes when a projection is restructured; subclass it, or give a function.

    Attributes
    ----------
    synaptic, of_sources, of_targets : tuple of str
        Variables that the rule reads of synapses, sources and targets. They are checked when it
        is given to ``Network.restructure``; other variables may be read as well.
    written : tuple of str
        Those of sources or targets that it writes.
    """

    synaptic: tuple[str, ...] = ()
    of_sources: tuple[str, ...] = ()
    of_targets: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def check(self, dims: Callable[[str, str], Dimension], where: str) -> None:
        """Refuse what does not fit the projection.

        Parameters
        ----------
        dims : callable
            From ("synapse", "pre" or "post", variable) to its dimensions; raises
            UnknownNameError.
        where : str
            Starts messages.
        """

    def change(self, now: Wiring) -> StructureChange:
        """Return what goes and what comes; a function of what ``now`` tells alone."""
        raise TypeError(f"{type(self).__name__} must say what changes: def change(self, now)")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule, SI units; it tells one rule from another."""
        return {"rule": type(self).__name__}


@dataclass(frozen=True, eq=False)
class FunctionRule(StructureRule):
    """A user's own function from :class:`Wiring` to :class:`StructureChange`."""

    function: Callable[[Wiring], StructureChange]

    def change(self, now: Wiring) -> StructureChange:
        """Return what the function says."""
        return self.function(now)

    def describe(self) -> dict[str, Any]:
        """Return the function's name."""
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        return {"rule": "function", "name": name}


@dataclass(frozen=True, eq=False)
class Restructuring:
    """A projection whose synapses come and go, and when.

    ``every`` and ``start`` are in seconds; ``weight`` and ``delay`` are of new synapses, SI
    units, None where they are drawn as the projection's.
    """

    projection: str
    rule: StructureRule
    every: float
    start: float | None
    weight: Amount | None
    delay: Amount | None

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account, SI units."""
        account = self.rule.describe() | {"projection": self.projection, "every": self.every}
        return account if self.start is None else account | {"start": self.start}


class NetworkStructure:
    """The part of Network that declares structural plasticity.

    Attributes
    ----------
    restructurings : list of Restructuring
    """

    projections: list[Projection]

    def __init__(self) -> None:
        super().__init__()
        self.restructurings: list[Restructuring] = []

    def restructured(self, projection: str) -> bool:
        """Return whether synapses of a projection come and go."""
        return any(given.projection == projection for given in self.restructurings)

    def restructure(
        self,
        projection: Projection | str,
        rule: StructureRule | Callable[[Wiring], StructureChange],
        *,
        every: Any,
        start: Any = None,
        weight: Any = None,
        delay: Any = None,
    ) -> Restructuring:
        """Let synapses of a projection come and go at intervals.

        Parameters
        ----------
        projection : Projection or str
            Or its name.
        rule : StructureRule or callable
            Such as ``ns.plasticity.rewire(...)`` or ``ns.plasticity.grow_and_prune(...)``, or a
            function from :class:`Wiring` to :class:`StructureChange`.
        every : Quantity of time
            A multiple of dt. The synapses change as the step starts, before anything else of it.
        start : Quantity of time, optional
            First time; ``every`` by default, so that a network is first simulated as built.
        weight, delay : Quantity or Distribution, optional
            Of new synapses; by default drawn as ``project`` was told. Delays must lie within the
            network's shortest and longest.

        Raises
        ------
        DescriptionError
            And its kinds, naming the projection.

        Notes
        -----
        A spike on its way reaches the synapses that are there when it arrives.
        """
        given = self._of_name(projection)
        where = f"restructuring of {given.name!r}"
        if self.restructured(given.name):
            raise DescriptionError(
                f"{where}: it has a rule already. Make one rule that does both, as a function."
            )
        # plain synapses are packed once and for all
        bound = as_model(given) if given.synapse is None else given.synapse
        made = Restructuring(
            projection=given.name,
            rule=_rule(rule, given, bound, where),
            every=_time(every, f"{where}: every", positive=True),
            start=None if start is None else _time(start, f"{where}: start", positive=False),
            weight=None if weight is None else _new_weight(bound, weight, where),
            delay=None if delay is None else check_delay(delay, AllToAll(), f"{where}: new"),
        )
        given.synapse = bound
        self.restructurings.append(made)
        return made

    def _of_name(self, projection: Any) -> Projection:
        name = getattr(projection, "name", projection)
        known = {p.name: p for p in self.projections}
        if name not in known:
            raise UnknownNameError("projection", name, known, "restructure")
        return known[name]


def _time(value: Any, what: str, *, positive: bool) -> float:
    seconds = scalar(value, SECOND, what)
    if seconds < 0 or (positive and seconds == 0):
        least = "> 0" if positive else "0 or more"
        raise DescriptionError(f"{what} is {value!r}; it must be {least}.")
    return seconds


def _rule(rule: Any, given: Projection, bound: BoundSynapse, where: str) -> StructureRule:
    if not isinstance(rule, StructureRule):
        if not callable(rule) or isinstance(rule, type):
            raise DescriptionError(
                f"{where}: {rule!r} is no rule. Give ns.plasticity.rewire(...), "
                "ns.plasticity.grow_and_prune(...), or a function of one argument."
            )
        _check_callable(rule, where)
        rule = FunctionRule(rule)

    def dims(side: str, variable: str) -> Dimension:
        return _dimensions(given, bound, side, variable, where)

    asked: Sequence[tuple[str, tuple[str, ...]]] = (
        ("synapse", rule.synaptic),
        ("pre", rule.of_sources),
        ("post", rule.of_targets),
    )
    for side, names in asked:
        for name in names:
            dims(side, name)
    rule.check(dims, where)
    return rule


def _check_callable(function: Callable[..., Any], where: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some of C's do not tell
        return
    try:
        signature.bind(None)
    except TypeError as error:
        raise DescriptionError(
            f"{where}: {function!r} cannot be called with one argument ({error}). A rule is a "
            "function of a ns.Wiring, or what ns.plasticity.rewire(...) returns."
        ) from error


def _dimensions(
    given: Projection, bound: BoundSynapse, side: str, variable: str, where: str
) -> Dimension:
    """Return the dimensions of a variable of synapses, sources or targets."""
    if side == "synapse":
        if variable not in bound.dims:
            raise UnknownNameError("synaptic variable", variable, bound.dims, where)
        return bound.dims[variable]
    neurons: PopulationView = given.pre if side == "pre" else given.post
    parent = neurons.parent
    if not isinstance(parent, Population):
        raise DescriptionError(
            f"{where} reads {variable!r} of {neurons.name!r}, a spike source, which has no "
            "variables."
        )
    declared = parent.model.declared.dims
    if variable not in declared:
        raise UnknownNameError("variable", variable, declared, f"{where}: {neurons.name!r}")
    return declared[variable]


def _new_weight(bound: BoundSynapse, weight: Any, where: str) -> Amount:
    if not bound.uses_weight:
        raise DescriptionError(f"{where}: weight is given, but its synapses have no 'w'.")
    return check_amount(weight, bound.dims[_WEIGHT], AllToAll(), f"{where}: new weight")
