"""What a catalogue entry is: a model's equations and parameters as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError

UNVERIFIED = "not checked against the paper"
_DIMENSIONS = {"pA": "amp", "nA": "amp", "mV/ms": "volt/second"}

if TYPE_CHECKING:
    from ..description.models import NeuronModel


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model.

    Attributes
    ----------
    name : str
    value : float
        Default, in ``unit``.
    unit : str
        Name of the unit (``"mV"``, ``"1"``).
    symbol : str
        As in the reference.
    meaning : str
    source : str
        Where the default is from; empty: the entry's reference.
    """

    name: str
    value: float
    unit: str
    symbol: str
    meaning: str
    source: str = ""


@dataclass(frozen=True)
class Input:
    """A variable that synapses of the model act on.

    Attributes
    ----------
    variable : str
    weight : float
        A typical weight, in ``unit``: a synapse adds it. Of the order that moves the potential
        by a tenth of a millivolt to a millivolt.
    unit : str
    signed : bool
        Whether inhibitory synapses act on the same variable, with negative weights.
    """

    variable: str
    weight: float
    unit: str
    signed: bool = True


@dataclass(frozen=True)
class Figure:
    """How to show a model: a step of current, and what to draw.

    Attributes
    ----------
    current : float
        ``I_e`` during the step, in the unit of that parameter; 0 before and after.
    variables : tuple of str
        Drawn one below the other.
    duration, onset, offset : float
        In ms.
    dt : float
        Time step in ms at which the model is accurate.
    """

    current: float
    variables: tuple[str, ...] = ("v",)
    duration: float = 400.0
    onset: float = 50.0
    offset: float = 350.0
    dt: float = 0.1


@dataclass(frozen=True)
class Entry:
    """A model of the catalogue.

    Attributes
    ----------
    name, summary : str
    equations, threshold, reset, refractory : str
        In Brian2's language.
    parameters : tuple of Parameter
    recordables : tuple of str
        State variables.
    reference : str
    figure : Figure
        The picture that shows the model.
    inputs : tuple of Input
        What synapses act on.
    method : str or None
        Integrator, if not the automatic choice.
    initial : dict of str to str
        Values at t = 0; 0 for variables not named.
    notes : str
        What a user should know: what differs from the reference, what could not be checked.
    stochastic : bool
        Whether the model draws random numbers while it runs.
    """

    name: str
    summary: str
    equations: str
    threshold: str
    reset: str
    refractory: str
    parameters: tuple[Parameter, ...]
    recordables: tuple[str, ...]
    reference: str
    figure: Figure
    inputs: tuple[Input, ...]
    method: str | None = None
    initial: dict[str, str] = field(default_factory=dict)
    notes: str = ""
    stochastic: bool = False

    @cached_property
    def _default(self) -> NeuronModel:
        return self._with_equations(self.equations, self.parameters)

    def coupled(self, **parameters: Any) -> NeuronModel:
        """Return the model with a further current ``I_gap`` beside ``I_e``, for gap junctions."""
        summed = re.sub(r"\bI_e\b", "(I_e + I_gap)", self.equations)
        dimension = _DIMENSIONS[self.parameter("I_e").unit]
        model = self._with_equations(f"{summed}\nI_gap : {dimension}", self.parameters)
        return model(**parameters) if parameters else model

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of that name; UnknownNameError if there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [p.name for p in self.parameters]
        raise UnknownNameError("parameter", name, known, f"model {self.name!r}")

    def _with_equations(self, equations: str, parameters: tuple[Parameter, ...]) -> NeuronModel:
        from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)
        from ..description.quantities import named_unit  # noqa: PLC0415

        return NeuronModel(
            equations,
            threshold=self.threshold,
            reset=self.reset,
            refractory=self.refractory or None,
            parameters={p.name: p.value * named_unit(p.unit) for p in parameters},
            method=self.method,
            initial=self.initial,
            name=self.name,
        )

    def model(self, **parameters: Any) -> NeuronModel:
        """Return the model, with other values for the parameters named."""
        return self._default(**parameters) if parameters else self._default

    def documentation(self) -> str:
        """Return the entry as text: equations, parameters, reference."""
        rows = [
            f"    {p.name:10s} {p.value:>10g} {p.unit:10s} {p.meaning}"
            + (f" [{p.source}]" if p.source else "")
            for p in self.parameters
        ]
        body = "\n".join(f"    {line.strip()}" for line in self.equations.strip().splitlines())
        return (
            f"{self.summary}\n\nEquations::\n\n{body}\n\n    threshold: {self.threshold}\n"
            f"    reset: {self.reset}\n    refractory: {self.refractory or 'none'}\n\n"
            "Parameters::\n\n"
            + "\n".join(rows)
            + f"\n\nRecordables: {', '.join(self.recordables)}."
            f"\nSynapses act on: {', '.join(i.variable for i in self.inputs)}."
            f"\nReference: {self.reference}\n" + (f"\n{self.notes}\n" if self.notes else "")
        )
