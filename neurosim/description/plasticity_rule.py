"""Plasticity rules: synapse models with obligations, refused by name and line where they fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sympy
from brian2.core.namespace import DEFAULT_UNITS
from brian2.parsing.sympytools import str_to_sympy
from brian2.units.fundamentalunits import Dimension

from ..errors import DescriptionError, EquationError, UnknownNameError
from . import syntax
from .bounds import extremes
from .brian2_errors import UNIT_PREFIX
from .quantities import show
from .synapses import WEIGHT, SynapseModel, _names

Sign = Literal["excitatory", "inhibitory"]
_SIGNS = ("excitatory", "inhibitory")


class PlasticityRule(SynapseModel):
    r"""A synapse model that learns, checked for what a rule must not lack.

    Parameters
    ----------
    equations, on_pre, on_post, parameters, initial, method, events, name
        See :class:`SynapseModel`.
    bounds : dict of str to (low, high) or None
        Of every variable that the rule learns: a quantity, a shared parameter or an expression of
        them, or None, for each side. ``bounds={"w": None}`` says that there are none.
    learns : sequence of str
        What the rule changes; ``sim.learning(projection, False)`` holds it.
    eligibility : sequence of str
        Variables that remember that a synapse may have earned a reward; they must decay.
    sign : {"excitatory", "inhibitory"}, optional
        Dale's law: weights are never below, or never above, 0.
    source : str
        The publication.

    Raises
    ------
    DescriptionError, EquationError, UnknownNameError
        Naming the rule and the line: a learnt variable without bounds, bounds or weights on the
        wrong side of 0, an eligibility trace that does not decay, an event-driven equation that is
        not linear; and what SynapseModel raises.

    Examples
    --------
    >>> rule = PlasticityRule(
    ...     "dc/dt = -c/tau_c : 1 (event-driven)",
    ...     on_pre="target_post += w; c += 1",
    ...     on_post="w += eta*c*w_max",
    ...     parameters={"tau_c": 1*second, "eta": 0.01, "w_max": 1*mV},
    ...     bounds={"w": (0*mV, "w_max")},
    ...     eligibility=["c"],
    ... )  # doctest: +SKIP
    """

    kind = "plasticity rule"

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
        learns: Sequence[str] = (WEIGHT,),
        eligibility: Sequence[str] = (),
        sign: Sign | None = None,
        source: str = "",
        name: str = "rule",
    ) -> None:
        where = f"{self.kind} {name!r}"
        if sign is not None and sign not in _SIGNS:
            raise DescriptionError(
                f"{where}: sign is {sign!r}; it is 'excitatory', 'inhibitory' or None."
            )
        if not isinstance(source, str):
            raise DescriptionError(f"{where}: source is {source!r}; it is a text.")
        self.sign, self.source = sign, source
        self.eligibility = _names(eligibility, f"{where}: eligibility")
        super().__init__(
            equations,
            on_pre=on_pre,
            on_post=on_post,
            parameters=parameters,
            initial=initial,
            method=method,
            events=events,
            bounds=bounds,
            learns=learns,
            name=name,
        )

    def _check_given(self) -> None:
        super()._check_given()
        self._check_learnt()
        equations = _Differential(self)
        equations.check_linear()
        for name in self.eligibility:
            equations.check_decay(name)

    def _check_learnt(self) -> None:
        if not self.learns:
            raise DescriptionError(
                f"{self.where}: learns is empty. Name what the rule changes, such as learns=['w'], "
                "or make it a SynapseModel."
            )
        for name in self.learns:
            if name not in self.text.bounds:
                raise DescriptionError(
                    f"{self.where}{self.text.place(name)}: {name!r} is learnt and has no bounds."
                    f" Give them, bounds={{{name!r}: (low, high)}}, or say that there are none: "
                    f"bounds={{{name!r}: None}}."
                )

    def _check_bounds(self) -> None:
        bound = self.text.bounds.get(WEIGHT)
        side = None if bound is None else bound.low if self.sign == "excitatory" else bound.high
        if self.sign is not None and side is None:
            word = "lower" if self.sign == "excitatory" else "upper"
            raise DescriptionError(
                f"{self.where}{self.text.place(WEIGHT)}: weights are {self.sign}, but nothing "
                f"keeps 'w' on its side of 0. Give bounds of 'w' with a {word} one."
            )
        super()._check_bounds()

    def check_weight(self, weight: Any, dim: Dimension, where: str) -> None:
        """Refuse weights at t = 0 on the wrong side of 0 where a sign is declared."""
        found = extremes(weight)  # values of an expression are checked against the bounds
        if self.sign is None or found is None:
            return
        low, high = found
        if low < 0 if self.sign == "excitatory" else high > 0:
            raise DescriptionError(
                f"{where}: {self.where}: weights are {self.sign}, but weight="
                f"{show(low if self.sign == 'excitatory' else high, dim)} is among those given. "
                "Give weights on one side of 0, or leave sign out."
            )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return super().describe() | {
            "eligibility": list(self.eligibility),
            "sign": self.sign,
            "source": self.source,
        }

    def __repr__(self) -> str:
        learnt = ", ".join(self.learns)
        return f"PlasticityRule({self.name!r}: learns {learnt})"


class _Differential:
    """The right-hand sides of a rule's differential equations as expressions of SymPy."""

    def __init__(self, rule: PlasticityRule) -> None:
        self.rule, self.text = rule, rule.text
        self._computed: dict[str, str] = {}
        for _ in self.text.computed:  # each round resolves one more level
            for name in self.text.computed:
                code = syntax.rename(self.text.own[name].code, self._computed)
                self._computed[name] = f"({code})"

    def _right(self, name: str) -> sympy.Expr:
        code = syntax.rename(self.text.own[name].code, self._computed)
        return str_to_sympy(code)

    def _symbol(self, name: str) -> sympy.Symbol:
        return sympy.Symbol(name, real=True)

    def check_linear(self) -> None:
        """Refuse event-driven equations that are not linear with constant coefficients."""
        own = self.text.own
        event = [n for n in self.text.differential if "event-driven" in own[n].flags]
        among = {self._symbol(name) for name in event}
        for name in event:
            right = self._right(name)
            slopes = [sympy.diff(right, symbol) for symbol in among]
            bent = [s for slope in slopes for s in slope.free_symbols & among]
            if bent or any(slope.has(sympy.Derivative, sympy.Subs) for slope in slopes):
                raise self._not_solved(name, "it is not linear")
            if any(symbol.name == "t" for symbol in right.free_symbols):
                raise self._not_solved(name, "it depends on the time t")

    def _not_solved(self, name: str, why: str) -> EquationError:
        return EquationError(
            f"{self.rule.where}{_at(self.text.own[name].line)}: {name!r} is event-driven, but "
            f"{why}: it cannot be solved from one spike to the next. Mark it '(clock-driven)'."
        )

    def check_decay(self, name: str) -> None:
        """Refuse an eligibility trace that keeps or increases its value by itself."""
        where, own = self.rule.where, self.text.own
        if name not in own:
            raise UnknownNameError("synaptic variable", name, own, f"{where}: eligibility")
        at = f"{where}{_at(own[name].line)}"
        example = f"'d{name}/dt = -{name}/tau : unit (event-driven)'"
        if name not in self.text.differential:
            raise EquationError(
                f"{at}: {name!r} is an eligibility trace, so it must decay; it has no differential "
                f"equation. Give one: {example}."
            )
        slope = sympy.diff(self._right(name), self._symbol(name))
        if slope == 0:
            raise EquationError(
                f"{at}: {name!r} is an eligibility trace, but it does not decay: its equation does "
                f"not depend on it. Write {example}."
            )
        value = self._value(slope)
        if value is not None and not value < 0:
            raise EquationError(
                f"{at}: {name!r} is an eligibility trace, but it does not decay: its rate of "
                f"change is {value:g}/s times itself with these parameters. Write {example}."
            )

    def _value(self, slope: sympy.Expr) -> float | None:
        """Return the number that an expression of parameters is; None if it is not one number."""
        known = {n: g.content for n, g in self.rule.parameters.items()}
        numbers = {n: c for n, c in known.items() if isinstance(c, float)}
        words = [s.name for s in slope.free_symbols if s.name.startswith(UNIT_PREFIX)]
        units = {word: float(DEFAULT_UNITS[word.removeprefix(UNIT_PREFIX)]) for word in words}
        found = slope.subs({self._symbol(n): v for n, v in (units | numbers).items()})
        return float(found) if found.is_number and found.is_real else None


def _at(line: str) -> str:
    return f", {line}" if line else ""


__all__ = ["PlasticityRule", "Sign"]
