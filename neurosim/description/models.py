"""Neuron models: equations with units, a threshold, a reset, and parameter values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Dimension, Quantity

from ..errors import DescriptionError, EquationError, UnknownNameError, UnsupportedError
from .distributions import Distribution
from .equations import Declared, ModelText, declare, expression_dimensions
from .functions import Callee, split_callees
from .quantities import SECOND, dimensions, require_dimensions, scalar
from .values import Given, give

METHODS = (
    "exact",
    "linear",
    "independent",
    "euler",
    "rk2",
    "rk4",
    "heun",
    "milstein",
    "exponential_euler",
)


class NeuronModel:
    """A neuron model in Brian2's equation language.

    Parameters
    ----------
    equations : str
        As for Brian2's ``NeuronGroup``: ``dv/dt = ... : volt (unless refractory)``,
        subexpressions and parameters, one per line.
    threshold : str, optional
        Condition on which a neuron spikes.
    reset : str, optional
        Statements run for neurons that spiked.
    refractory : str or Quantity, optional
        A duration, or a condition that keeps a neuron refractory while it holds.
    parameters : dict, optional
        Value of every name the equations use and do not define: a quantity, an array (one per
        neuron), an expression string, or a distribution; a TimedArray or Function for what they
        call.
    initial : dict, optional
        Values at t = 0 of state variables, for populations that do not give their own: as
        ``initial`` of ``Network.population``.
    events : dict of str to str, optional
        Conditions of events besides spikes, by name.
    on_event : dict of str to str, optional
        Statements run for neurons that had the event of that name, after the resets.
    method : str, optional
        Integrator; by default, as Brian2 chooses, the first that can: exact (linear equations),
        Euler (also with additive noise), Heun (multiplicative noise).
    name : str, optional

    Raises
    ------
    EquationError, DimensionError, ExpressionError, UnknownNameError, UnsupportedError

    Notes
    -----
    A model is immutable; calling it returns a variant with other parameter values.
    """

    def __init__(
        self,
        equations: str,
        *,
        threshold: str | None = None,
        reset: str | None = None,
        refractory: str | Quantity | None = None,
        parameters: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        events: Mapping[str, str] | None = None,
        on_event: Mapping[str, str] | None = None,
        method: str | None = None,
        name: str = "neuron",
    ) -> None:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w{0,79}", name):
            raise DescriptionError(f"{name!r} is not a valid model name; use letters, digits, '_'.")
        for label, code in (("threshold", threshold), ("reset", reset)):
            if code is not None and not isinstance(code, str):
                raise EquationError(
                    f"model {name!r}: {label} must be a string, not {type(code).__name__}."
                )
        self.method = _check_method(method, f"model {name!r}")
        self.text = ModelText(
            name=name,
            equations=equations,
            threshold=threshold or "",
            reset=reset or "",
            refractory=_refractory_text(refractory, f"model {name!r}"),
            events=_events(events or {}, on_event or {}, f"model {name!r}"),
        )
        values, self.callees = split_callees(dict(parameters or {}))
        self.parameters = _give_all(values, name)
        dims = {key: given.dim for key, given in self.parameters.items()}
        self.declared: Declared = declare(self.text, dims, self.callees)
        self._check_shared()
        self.initial = self.check_initial(initial or {}, f"model {name!r}", None)
        self._check_used()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.text.name

    @property
    def states(self) -> tuple[str, ...]:
        """Variables that synapses may act on: differential, or declared and not constant."""
        d = self.declared
        free = [n for n in d.declared if n not in d.constant | d.shared]
        return (*(n for n in d.differential if n not in d.shared), *free)

    def __call__(self, **parameters: Any) -> NeuronModel:
        """Return the same model with other values for some parameters."""
        known = set(self.parameters) | set(self.declared.declared) - self.declared.held.keys()
        parameters, callees = split_callees(parameters)
        self._check_callees(callees, parameters)
        for key in parameters:
            if key not in known:
                raise UnknownNameError("parameter", key, known, f"model {self.name!r}")
        variant = object.__new__(NeuronModel)
        variant.text, variant.method, variant.declared = self.text, self.method, self.declared
        expected = {k: self.declared.dims[k] for k in parameters}
        changed = _give_all(parameters, self.name, known=self.declared.dims, expected=expected)
        variant.parameters, variant.initial = self.parameters | changed, self.initial
        variant.callees = self.callees | callees
        variant._check_shared()
        return variant

    def _check_callees(self, callees: dict[str, Callee], values: Mapping[str, Any]) -> None:
        """Check functions that replace others: they must be called in the same way."""
        where = f"model {self.name!r}"
        for key in values:
            if key in self.callees:
                raise DescriptionError(
                    f"{where}: {key!r} is a function; give a TimedArray or Function for it."
                )
        for key, callee in callees.items():
            if key not in self.callees:
                raise UnknownNameError("function", key, self.callees, where)
            before = self.callees[key]
            require_dimensions(callee.dim, before.dim, f"{where}: {key!r}")
            if type(callee) is not type(before) or len(callee.arguments) != len(before.arguments):
                raise DescriptionError(
                    f"{where}: {key!r} is a {type(before).__name__} of {len(before.arguments)} "
                    f"arguments in the model, and a {type(callee).__name__} of "
                    f"{len(callee.arguments)} now. Declare another model."
                )

    def check_initial(
        self, initial: Mapping[str, Any], where: str, size: int | None
    ) -> dict[str, Given]:
        """Return checked values at t = 0 for a population of ``size`` (None: not known yet)."""
        found = {}
        shared = [n for n in self.declared.differential if n in self.declared.shared]
        for key, value in initial.items():
            if key in shared:
                _check_one_value(value, f"{where}: initial value of {key!r}")
            elif key not in self.states:
                if key in self.parameters:
                    raise DescriptionError(
                        f"{where}: {key!r} is a parameter. Give it with the model instead: "
                        f"{self.name}({key}=...)."
                    )
                raise UnknownNameError("state variable", key, self.states, f"{where}: initial")
            found[key] = give(
                value,
                f"{where}: initial value of {key!r}",
                known={k: d for k, d in self.declared.dims.items() if k != key},
                expected=self.declared.dims[key],
                size=size,
            )
        return found

    def _check_used(self) -> None:
        """Refuse parameters that nothing refers to: mostly misspelt names."""
        texts = [self.text.equations, self.text.threshold, self.text.reset, self.text.refractory]
        texts += [text for event in self.text.events for text in event[1:]]
        for given in (*self.parameters.values(), *self.initial.values()):
            texts.append(given.content if isinstance(given.content, str) else "")
        words = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
        for key in (*self.parameters, *self.callees):
            if key not in words:
                known = words & (self.declared.dims.keys() | self.parameters.keys())
                raise UnknownNameError(
                    "parameter", key, known, f"model {self.name!r} (nothing refers to it)"
                )

    def _check_shared(self) -> None:
        for key in self.declared.shared & self.parameters.keys():
            if self.parameters[key].per_neuron:
                raise DescriptionError(
                    f"model {self.name!r}: parameter {key!r} is declared shared, so it takes one "
                    "value for the whole population."
                )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the model and its parameters."""
        return {
            "name": self.name,
            "equations": "\n".join(
                line.strip() for line in self.text.equations.split("\n")
            ).strip(),
            "threshold": self.text.threshold,
            "reset": self.text.reset,
            "refractory": self.text.refractory,
            "method": self.method or "automatic",
            "parameters": {key: given.describe() for key, given in self.parameters.items()},
        } | self._describe_more()

    def _describe_more(self) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if self.text.events:
            more["events"] = {n: {"condition": c, "code": code} for n, c, code in self.text.events}
        if self.callees:
            more["functions"] = {key: callee.describe() for key, callee in self.callees.items()}
        return more

    def __repr__(self) -> str:
        return f"NeuronModel({self.name!r}, parameters: {', '.join(self.parameters) or 'none'})"


def _check_method(method: str | None, where: str) -> str | None:
    if method is None:
        return None
    if isinstance(method, str) and method.lower().startswith("gsl"):
        raise UnsupportedError(
            f"{where}: GSL integrators are not supported. Use 'rk4', or 'exponential_euler' for "
            "stiff gating equations, with a smaller dt."
        )
    if not isinstance(method, str) or method.lower() not in METHODS:
        raise UnknownNameError("integration method", method, METHODS, where)
    return method.lower()


def _events(
    events: Mapping[str, str], on_event: Mapping[str, str], where: str
) -> tuple[tuple[str, str, str], ...]:
    """Check the names and types of events; return (name, condition, code) of each."""
    for name in on_event:
        if name not in events:
            hint = " (give what is done on a spike as reset=)" if name == "spike" else ""
            raise UnknownNameError("event", name, events, f"{where}: on_event{hint}")
    for name, text in (*events.items(), *on_event.items()):
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w{0,79}", name):
            raise DescriptionError(f"{where}: {name!r} is not a name for an event.")
        if name in ("spike", "spikes"):
            raise DescriptionError(f"{where}: the event 'spike' is given by threshold= and reset=.")
        if not isinstance(text, str) or not text.strip():
            raise EquationError(f"{where}: event {name!r} must be a string such as 'v > V_b'.")
    return tuple((name, text, on_event.get(name, "")) for name, text in events.items())


def _check_one_value(value: Any, what: str) -> None:
    content = value.content if isinstance(value, Given) else value
    if isinstance(content, (str, Distribution)) or np.ndim(content) > 0:
        raise DescriptionError(f"{what}: it is shared by all neurons; give one number.")


def _refractory_text(refractory: Any, where: str) -> str:
    if refractory is None or refractory is False:
        return ""
    if isinstance(refractory, str):
        return refractory
    value = scalar(refractory, SECOND, f"{where}: refractory")
    if value < 0:
        raise DescriptionError(f"{where}: the refractory period is {value!r} s; it must be >= 0.")
    return f"{value!r}*second"


def _give_all(
    parameters: Mapping[str, Any],
    model: str,
    known: dict[str, Dimension] | None = None,
    expected: dict[str, Dimension] | None = None,
) -> dict[str, Given]:
    """Check parameter values; expressions may use the other parameters."""
    dims = dict(known or {})
    pending: dict[str, str] = {}
    for key, value in parameters.items():
        if not isinstance(key, str) or not key.isidentifier():
            raise DescriptionError(f"model {model!r}: {key!r} is not a parameter name.")
        content = value.content if isinstance(value, Given) else value
        if isinstance(content, str):
            pending[key] = content
        elif isinstance(content, Distribution):
            dims[key] = content.dim
        else:
            dims[key] = value.dim if isinstance(value, Given) else dimensions(value)
    while pending and known is None:
        ready = {}
        for key, code in pending.items():
            others = {name: dim for name, dim in dims.items() if name != key}
            if not _mentions(code, pending.keys()):
                ready[key] = expression_dimensions(code, others, _place(model, key))
        if not ready:
            raise DescriptionError(
                f"model {model!r}: the parameter expressions {', '.join(sorted(pending))} refer to "
                "each other in a circle."
            )
        dims |= ready
        pending = {key: code for key, code in pending.items() if key not in ready}
    return {
        key: give(
            value,
            _place(model, key),
            known={name: dim for name, dim in dims.items() if name != key},
            expected=(expected or {}).get(key),
        )
        for key, value in parameters.items()
    }


def _mentions(code: str, names: Any) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code) for name in names)


def _place(model: str, key: str) -> str:
    return f"model {model!r}: parameter {key!r}"
