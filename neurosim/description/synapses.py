"""Synapse models: equations per synapse, code run at spikes, sums written to the target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..errors import DescriptionError, UnknownNameError
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
    name : str, optional

    Notes
    -----
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
        name: str = "synapse",
    ) -> None:
        if not isinstance(name, str) or not _NAME.match(name):
            raise DescriptionError(f"{name!r} is not a valid model name; use letters, digits, '_'.")
        where = f"synapse model {name!r}"
        self.name = name
        self.method = _check_method(method, where)
        self.parameters = _give_all(parameters, where, "parameter")
        self.initial = _give_all(initial, where, "initial value of")
        known = set(self.parameters) | {WEIGHT}
        self.text: SynapseText = read(equations, on_pre, on_post, events, known, where)
        self._check_given()

    def __call__(self, **values: Any) -> SynapseModel:
        """Return the same model with other values for some parameters or initial values."""
        where = f"synapse model {self.name!r}"
        variant = object.__new__(SynapseModel)
        variant.name, variant.method, variant.text = self.name, self.method, self.text
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
        where = f"synapse model {self.name!r}"
        text = self.text
        for key in (*self.parameters, *self.initial):
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
                known: set[str] = {*text.used, *text.declared}
                raise UnknownNameError("parameter", key, known, f"{where} (nothing uses it)")
        for key in self.initial:
            if key not in text.declared and key not in text.differential:
                known = {*text.declared, *text.differential}
                raise UnknownNameError("synaptic variable", key, known, f"{where}: initial")

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the model."""
        return {
            "name": self.name,
            "equations": self.text.equations,
            "on_pre": {p.name: p.original for p in self.text.pathways if p.side == "pre"},
            "on_post": {p.name: p.original for p in self.text.pathways if p.side == "post"},
            "events": {p.name: p.event for p in self.text.pathways if p.event != "spike"},
            "method": self.method or "automatic",
            "parameters": {key: given.describe() for key, given in self.parameters.items()},
            "initial": {key: given.describe() for key, given in self.initial.items()},
        }

    def __repr__(self) -> str:
        parts = [f"{p.name}" for p in self.text.pathways] + list(self.text.summed)
        return f"SynapseModel({self.name!r}: {', '.join(parts) or 'no effect'})"


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
