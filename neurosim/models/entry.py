"""What a catalogue entry is: a model's equations and parameters as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
    method : str or None
        Integrator, if not the automatic choice.
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
    method: str | None = None
    initial: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _default(self) -> NeuronModel:
        from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)
        from ..description.quantities import named_unit  # noqa: PLC0415

        return NeuronModel(
            self.equations,
            threshold=self.threshold,
            reset=self.reset,
            refractory=self.refractory or None,
            parameters={p.name: p.value * named_unit(p.unit) for p in self.parameters},
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
            f"\nReference: {self.reference}\n"
        )
