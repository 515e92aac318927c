"""What an entry of the catalogue of plasticity rules is: a rule's text and parameters as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError, UnknownNameError
from .rule_text import Code, codes, documentation, fill, filled, mentions

if TYPE_CHECKING:
    from ..description.synapses import SynapseModel

WEIGHT_UNIT = "weight"  # the unit of the variable that the synapses act on


@dataclass(frozen=True)
class RuleParameter:
    """A parameter of a rule.

    Attributes
    ----------
    name : str
    value : float or None
        Default, in ``unit``; None: the user must give one.
    unit : str
        Name of the unit (``"ms"``, ``"1"``); ``WEIGHT_UNIT``: that of the weights.
    symbol : str
        As in the reference.
    meaning : str
    source : str
        Where the default is from; empty: the entry's reference.
    """

    name: str
    value: float | None
    unit: str
    symbol: str
    meaning: str
    source: str = ""


@dataclass(frozen=True)
class Option:
    """One of the forms in which a rule comes.

    Attributes
    ----------
    summary : str
    fills : dict of str to str
        What stands in the rule's text for ``{name}``.
    parameters : tuple of RuleParameter
        Those that only this form has.
    defaults : dict of str to float
        Other default values of the rule's parameters, in their unit.
    bounds : dict of str to tuple
        In place of the rule's own.
    reference : str
    """

    summary: str
    fills: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[RuleParameter, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""


@dataclass(frozen=True)
class Choice:
    """A keyword of the rule that chooses between forms; the first option is the default."""

    name: str
    options: Mapping[str, Option]

    @property
    def default(self) -> str:
        """Return the name of the option used where none is chosen."""
        return next(iter(self.options))


@dataclass(frozen=True)
class Needed:
    """A variable of source or target that a rule reads or writes, besides ``target_post``.

    Attributes
    ----------
    name : str
        With its suffix: ``"v_post"``.
    unit : str
    meaning : str
        And who provides it.
    """

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class RuleEntry:
    """A plasticity rule of the catalogue.

    Text is in the language of Brian2's ``Synapses`` (docs/synapses.md). ``{name}`` in it is
    filled in by the options chosen; ``{weight}`` by the unit of the first parameter whose unit
    is ``WEIGHT_UNIT``, for ``w : {weight}``.

    Attributes
    ----------
    name, summary : str
    equations : str
    on_pre, on_post : str or dict of str to str
    parameters : tuple of RuleParameter
    reference : str
    weight : str
        What ``weight=`` of ``project`` is.
    initial : dict of str to (float, str) or str
        Values at t = 0 with their unit, or the parameter whose value it is; 0 where not named.
    bounds : dict of str to tuple or None
        (lowest, highest) of every learned variable: expressions of shared parameters, or None
        on a side without bound; None in place of the pair: no bounds at all.
    learns : tuple of str
        The variables that learning changes, and that stay as they are while it is off.
    eligibility : tuple of str
        Traces that must decay by themselves.
    choices : tuple of Choice
    sets : dict of tuple of str to dict of str to float
        Default values that belong to a combination of options, keyed by their names in the
        order of ``choices``.
    needs : tuple of Needed
    method : str or None
        Integrator of clock-driven equations, if not the automatic choice.
    events : dict of str to str
        The event that a pathway listens to, if not spikes.
    notes : str
        What a user should know: what differs from the reference, what could not be checked.
    """

    name: str
    summary: str
    equations: str
    on_pre: Code
    on_post: Code
    parameters: tuple[RuleParameter, ...]
    reference: str
    weight: str = "what a spike adds to the target's variable"
    initial: Mapping[str, tuple[float, str] | str] = field(default_factory=dict)
    bounds: Mapping[str, Any] = field(default_factory=dict)
    learns: tuple[str, ...] = ("w",)
    eligibility: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    sets: Mapping[tuple[str, ...], Mapping[str, float]] = field(default_factory=dict)
    needs: tuple[Needed, ...] = ()
    method: str | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of the parameters of the default form without a default value."""
        return tuple(p.name for p in self.chosen()[1].values() if p.value is None)

    def variants(self) -> list[dict[str, str]]:
        """Return every combination of options, as keywords."""
        names = [choice.name for choice in self.choices]
        every = product(*(choice.options for choice in self.choices))
        return [dict(zip(names, options, strict=True)) for options in every]

    def chosen(self, **choices: str) -> tuple[dict[str, Option], dict[str, RuleParameter]]:
        """Return the options chosen, and every parameter of that form with its default.

        Raises
        ------
        UnknownNameError
            An option that there is not.
        """
        options: dict[str, Option] = {}
        taken: list[str] = []
        for choice in self.choices:
            wanted = choices.get(choice.name, choice.default)
            if wanted not in choice.options:
                raise UnknownNameError(
                    choice.name, wanted, choice.options, f"rule {self.name!r}: {choice.name}"
                )
            options[choice.name] = choice.options[wanted]
            taken.append(wanted)
        parameters = {p.name: p for p in self.parameters}
        for option in options.values():
            parameters |= {p.name: p for p in option.parameters}
        values = {name: p.value for name, p in parameters.items()}
        for option in options.values():
            values |= {n: v for n, v in option.defaults.items() if n in values}
        values |= self.sets.get(tuple(taken), {})
        text = " ".join(self._texts(options))
        used = {
            name: RuleParameter(name, values[name], p.unit, p.symbol, p.meaning, p.source)
            for name, p in parameters.items()
            if mentions(text, name)
        }
        return options, used

    def _texts(self, options: Mapping[str, Option]) -> list[str]:
        fills = {name: text for option in options.values() for name, text in option.fills.items()}
        limits = [s for pair in self._bounds(options).values() if pair for s in pair if s]
        texts = [self.equations, *codes(self.on_pre), *codes(self.on_post)]
        return [*(filled(code, fills) for code in texts), *limits]

    def _bounds(self, options: Mapping[str, Option]) -> dict[str, Any]:
        bounds = dict(self.bounds)
        for option in options.values():
            bounds |= option.bounds
        return bounds

    def rule(
        self, *, name: str | None = None, sign: str | None = None, **values: Any
    ) -> SynapseModel:
        """Return the rule with these choices, parameters and values at t = 0.

        Parameters
        ----------
        name : str, optional
            In place of the entry's name.
        sign : {"excitatory", "inhibitory"}, optional
            Dale's law, which weights must then obey.
        **values
            Choices by name; parameters and initial values as quantities, or as whatever else a
            PlasticityRule takes for them.

        Raises
        ------
        UnknownNameError
            A keyword that is none of them.
        DescriptionError
            A required parameter is missing; and what PlasticityRule raises.
        """
        choices = {c.name: values.pop(c.name) for c in self.choices if c.name in values}
        options, parameters = self.chosen(**choices)
        where = f"rule {self.name!r}"
        for key in values:
            if key not in parameters and key not in self.initial:
                known = [*(c.name for c in self.choices), *parameters, *self.initial]
                raise UnknownNameError("parameter", key, known, where)
        missing = [n for n, p in parameters.items() if p.value is None and n not in values]
        if missing:
            meaning = "; ".join(f"{n}: {parameters[n].meaning}" for n in missing)
            raise DescriptionError(
                f"{where} needs {', '.join(missing)} ({meaning}). Give them as quantities: "
                f"{self.name}({', '.join(f'{n}=...' for n in missing)})."
            )
        return self._made(name or self.name, options, parameters, values, sign)

    def _made(
        self,
        name: str,
        options: Mapping[str, Option],
        parameters: Mapping[str, RuleParameter],
        values: Mapping[str, Any],
        sign: Any,
    ) -> SynapseModel:
        from ..description.plasticity_rule import PlasticityRule  # noqa: PLC0415 (Brian2)
        from ..description.synapses import SynapseModel  # noqa: PLC0415 (imports Brian2)

        fills = {key: text for option in options.values() for key, text in option.fills.items()}
        given = {n: values[n] if n in values else _default(p) for n, p in parameters.items()}
        scales = [n for n, p in parameters.items() if p.unit == WEIGHT_UNIT]
        bounds = self._bounds(options)
        if scales:
            scale = given[scales[0]]
            fills["weight"] = _unit_text(scale, f"rule {self.name!r}: {scales[0]!r}")
            bounds = _on_the_side_of(scale, bounds)
        initial = {n: values.get(n, _start(v, given)) for n, v in self.initial.items()}
        text: dict[str, Any] = {
            "equations": filled(self.equations, fills),
            "on_pre": fill(self.on_pre, fills),
            "on_post": fill(self.on_post, fills),
            "parameters": given,
            "initial": initial,
            "method": self.method,
            "events": dict(self.events) or None,
            "name": name,
        }
        if not self.learns:
            return SynapseModel(**text)
        return PlasticityRule(
            **text,
            bounds=bounds,
            learns=self.learns,
            eligibility=self.eligibility,
            sign=sign,
            source="; ".join([self.reference, *_references(options)]),
        )

    def documentation(self) -> str:
        """Return the entry as text: equations, pathways, choices, parameters, reference."""
        return documentation(self)


def _start(value: tuple[float, str] | str, parameters: Mapping[str, Any]) -> Any:
    return parameters[value] if isinstance(value, str) else _times_unit(*value)


def _times_unit(value: float, unit: str) -> Any:
    from ..description.quantities import named_unit  # noqa: PLC0415 (imports Brian2)

    return value * named_unit(unit)


def _references(options: Mapping[str, Option]) -> list[str]:
    return [option.reference for option in options.values() if option.reference]


def _on_the_side_of(scale: Any, bounds: dict[str, Any]) -> dict[str, Any]:
    """Return bounds for weights on the scale's side of 0: those of negative ones are swapped."""
    import numpy as np  # noqa: PLC0415 (rules are listed without it)

    from ..description.distributions import Distribution  # noqa: PLC0415 (imports Brian2)

    if isinstance(scale, Distribution) or not np.all(np.asarray(scale) < 0):
        return bounds
    return {name: pair and (pair[1], pair[0]) for name, pair in bounds.items()}


def _unit_text(value: Any, what: str) -> str:
    """Return the unit of a parameter in which the weights are counted, as equations name it."""
    from ..description.distributions import Distribution  # noqa: PLC0415 (imports Brian2)
    from ..description.quantities import declaration, dimensions  # noqa: PLC0415

    if isinstance(value, str):
        raise DescriptionError(
            f"{what} is the expression {value!r}; the weights get their unit from it, so give a "
            "quantity such as 1*nS, or a distribution."
        )
    dim = value.dim if isinstance(value, Distribution) else dimensions(value)
    return str(declaration(dim))


def _default(parameter: RuleParameter) -> Any:
    return _times_unit(parameter.value or 0.0, parameter.unit)
