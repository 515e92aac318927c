"""Synapse models: equations per synapse, code run at spikes, sums written to the target."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..errors import DescriptionError, UnknownNameError
from .bounds import LEARNING, limits_of, read_bounds
from .distributions import Distribution
from .models import _check_method
from .quantities import dimensions, to_si
from .synapse_text import SynapseText, read
from .values import Given

WEIGHT = "w"
TARGET = "target_post"
_NAME = re.compile(r"[A-Za-z]\w{0,79}\Z")


class SynapseModel:
    r"""What a synapse does, in the language of Brian2's ``Synapses``.

    Parameters
    ----------
    equations : str, optional
        One per line: synaptic variables (``w : 1``, ``(constant)``, ``(shared)``), differential
        equations ``(event-driven)`` or ``(clock-driven)``, subexpressions, and sums over the
        synapses of a target, ``x_post = expression : unit (summed)``.
    on_pre, on_post : str or dict of str to str, optional
        Statements run for a synapse when a spike of its source, or of its target, arrives. A
        dict names several pathways; they run in its order.
    parameters : dict, optional
        Values of names that the code uses and never writes: a quantity, a distribution, an
        array with the rule ``Edges`` (one value per synapse), or an expression of variables
        of source and target such as ``"1*nS*exp(-(x_pre - x_post)**2/(2*s**2))"``.
    initial : dict, optional
        Values at t = 0 of synaptic variables, given in the same way; 0 where none is.
    method : str, optional
        Integrator of clock-driven equations; by default exact if linear, else Euler.
    events : str or dict of str to str, optional
        The event of the neurons that a pathway listens to, by its name (``"pre"``, ``"post"``
        or as named); ``"spike"`` by default.
    bounds : dict of str to (low, high), optional
        Of synaptic variables: after every write the variable is moved to the nearest value within.
        Each side is a quantity (which becomes the shared parameter ``w_low`` or ``w_high``), the
        name of a shared parameter or an expression of them, or None.
    learns : sequence of str, optional
        Variables that keep their values while learning is switched off: ``project(...,
        learning=False)``, ``sim.learning(projection, False)``.
    name : str, optional

    Notes
    -----
    ``learning`` is known by itself: a parameter that all synapses share, 1 or 0.
    ``v_pre`` and ``v_post`` are variables and parameters of source and target. ``target_post``
    stands for the variable given to ``Network.project``, and ``w`` for the weight given there;
    undeclared, ``w`` has the dimensions of that variable.

    Raises
    ------
    EquationError, DimensionError, ExpressionError, UnknownNameError, UnsupportedError

    Examples
    --------
    >>> gap = SynapseModel("w : siemens\nI_gap_post = w*(v_pre - v_post) : amp (summed)")
    """

    kind = "synapse model"
    sign: str | None = None

    def __init__(
        self,
        equations: str = "",
        *,
        on_pre: str | Mapping[str, str] | None = None,
        on_post: str | Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        method: str | None = None,
        events: str | Mapping[str, str] | None = None,
        bounds: Mapping[str, Any] | None = None,
        learns: Sequence[str] = (),
        name: str = "synapse",
    ) -> None:
        if not isinstance(name, str) or not _NAME.match(name):
            raise DescriptionError(f"{name!r} is not a valid model name; use letters, digits, '_'.")
        self.name = name
        where = self.where
        self.method = _check_method(method, where)
        self.parameters = _give_all(parameters, where, "parameter")
        self.initial = _give_all(initial, where, "initial value of")
        self.learns = _names(learns, f"{where}: learns")
        known = set(self.parameters) | {WEIGHT, LEARNING}
        given = read_bounds(bounds, where)
        self.text: SynapseText = read(
            equations, on_pre, on_post, events, known, given, frozenset(self.learns), where
        )
        self._check_given()

    @property
    def where(self) -> str:
        """What messages call the model."""
        return f"{self.kind} {self.name!r}"

    def __call__(self, **values: Any) -> Self:
        """Return the same model with other values for some parameters or initial values."""
        where = self.where
        variant = copy.copy(self)
        states = {k: v for k, v in values.items() if k in self.text.assigned or k in self.initial}
        others = {k: v for k, v in values.items() if k not in states}
        variant.initial = self.initial | _give_all(states, where, "initial value of")
        variant.parameters = self.parameters | _give_all(others, where, "parameter")
        for key, given in variant.parameters.items():
            before = self.parameters.get(key)
            if before is not None and before.dim != given.dim and not _is_text(given, before):
                raise DescriptionError(
                    f"{where}: parameter {key!r} has other dimensions than before; give it in the "
                    "same unit."
                )
        variant._check_given()
        return variant

    def _check_given(self) -> None:
        where = self.where
        text = self.text
        for name in self.learns:
            known = {*text.declared, *text.differential}
            if name != WEIGHT and name not in known:
                raise UnknownNameError("synaptic variable", name, known, f"{where}: learns")
        self._check_bounds()
        for key in (*self.parameters, *self.initial):
            if key == LEARNING:
                raise DescriptionError(
                    f"{where}: {LEARNING!r} is the switch of learning; give it as learning=... of "
                    "project()."
                )
            if key == WEIGHT:
                raise DescriptionError(
                    f"{where}: {WEIGHT!r} is the weight; give it as weight=... of project()."
                )
        for key in self.parameters:
            if key in text.assigned:
                raise DescriptionError(
                    f"{where}: {key!r} changes during a run; give its value at t = 0 as "
                    f"initial={{{key!r}: ...}}."
                )
            if key in text.computed:
                raise DescriptionError(
                    f"{where}: {key!r} is computed by the equations and cannot be a parameter."
                )
            if key not in text.declared and key not in text.used:
                known = {*text.used, *text.declared}
                raise UnknownNameError("parameter", key, known, f"{where} (nothing uses it)")
        for key in self.initial:
            if key not in text.declared and key not in text.differential:
                known = {*text.declared, *text.differential}
                raise UnknownNameError("synaptic variable", key, known, f"{where}: initial")

    def _check_bounds(self) -> None:
        """Refuse bounds in the wrong order, as far as their parameters have values."""
        text = self.text
        for name, bound in text.bounds.items():
            given = {**self.parameters, **bound.given}
            if all(isinstance(given.get(n), Given) for n in bound.names()):
                dims = [g.dim for g in given.values() if g in bound.given.values()]
                own = text.own.get(name)
                dim = own.dim if own is not None else next(iter(dims), DIMENSIONLESS)
                where = f"{self.where}{text.place(name)}"
                limits_of({name: bound}, given, {name: dim}, where, self.sign)

    def check_weight(self, weight: Any, dim: Dimension, where: str) -> None:
        """Refuse weights at t = 0 that the model does not allow; here all are."""

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the model."""
        bounds = {name: bound.describe() for name, bound in self.text.bounds.items()}
        return {
            "name": self.name,
            "equations": self.text.equations,
            "on_pre": {p.name: p.original for p in self.text.pathways if p.side == "pre"},
            "on_post": {p.name: p.original for p in self.text.pathways if p.side == "post"},
            "events": {p.name: p.event for p in self.text.pathways if p.event != "spike"},
            "method": self.method or "automatic",
            "parameters": {key: given.describe() for key, given in self.parameters.items()},
            "initial": {key: given.describe() for key, given in self.initial.items()},
            **({"bounds": bounds} if bounds else {}),
            **({"learns": list(self.learns)} if self.learns else {}),
        }

    def __repr__(self) -> str:
        parts = [f"{p.name}" for p in self.text.pathways] + list(self.text.summed)
        return f"SynapseModel({self.name!r}: {', '.join(parts) or 'no effect'})"


def _names(given: Any, what: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise DescriptionError(f"{what}: {name!r} is not the name of a variable.")
    return names


def _is_text(*given: Given) -> bool:
    return any(isinstance(g.content, str) for g in given)


def _give_all(values: Mapping[str, Any] | None, where: str, what: str) -> dict[str, Given]:
    """Take values as they are; expressions get their dimensions when a projection is made."""
    found = {}
    for key, value in (values or {}).items():
        place = f"{where}: {what} {key!r}"
        if not isinstance(key, str) or not key.isidentifier():
            raise DescriptionError(f"{where}: {key!r} is not the name of a variable.")
        found[key] = _give(value, place)
    return found


def _give(value: Any, what: str) -> Given:
    if isinstance(value, Given):
        return value
    if isinstance(value, str):
        return Given(" ".join(value.split()), DIMENSIONLESS)
    if isinstance(value, Distribution):
        return Given(value, value.dim)
    array = to_si(value, None, what)
    if array.ndim > 1:
        raise DescriptionError(f"{what} must be one value or a vector, not shape {array.shape}.")
    dim: Dimension = dimensions(value)
    return Given(float(array) if array.ndim == 0 else array, dim)
