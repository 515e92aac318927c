"""Bounds of synaptic variables, and the switch of learning: what becomes of every write."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..errors import DescriptionError, ExpressionError
from . import syntax
from .brian2_errors import UNIT_PREFIX
from .distributions import Distribution
from .quantities import dimensions, scalar, symbol
from .values import Given

LEARNING = "learning"
LOW, HIGH = "_low", "_high"  # of a variable w: the shared parameters w_low and w_high
_TOLERANCE = 1e-6  # of the larger bound: a value that single precision or a unit has rounded
_BINARY: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Bound:
    """The bounds of one variable as the user gave them.

    Attributes
    ----------
    low, high : str or None
        Expressions of shared parameters; None: there is none on that side.
    given : dict of str to Given
        Quantities among them, as the shared parameters ``w_low`` and ``w_high``.
    """

    low: str | None
    high: str | None
    given: Mapping[str, Given]

    def renamed(self, rewrite: Callable[[str], str]) -> Bound:
        """Return the same bounds with their expressions rewritten."""
        sides = [None if side is None else rewrite(side) for side in (self.low, self.high)]
        return Bound(sides[0], sides[1], self.given)

    def names(self) -> set[str]:
        """Return the shared parameters that the bounds are made of."""
        return _names(self.low, self.high)

    @property
    def none(self) -> bool:
        """Whether neither side is bounded."""
        return self.low is None and self.high is None

    def describe(self) -> list[str | None]:
        """Return (low, high) as text; quantities with their SI values."""
        values = {name: shown(_number(g), symbol(g.dim)) for name, g in self.given.items()}
        return [None if side is None else values.get(side, side) for side in (self.low, self.high)]


@dataclass(frozen=True)
class Limit:
    """The bounds of one variable of one projection, and their values at t = 0.

    Attributes
    ----------
    low, high : str or None
        Expressions of shared parameters.
    lowest, highest : float
        SI units; infinite where there is none.
    sign : {"excitatory", "inhibitory"} or None
        On which side of 0 they must be.
    """

    low: str | None
    high: str | None
    lowest: float = -math.inf
    highest: float = math.inf
    sign: str | None = None

    def clipped(self, name: str, code: str) -> str:
        """Return code whose value is within the bounds."""
        if self.low is None and self.high is None:
            return code
        return f"clip({code}, {self.low or name + LOW}, {self.high or name + HIGH})"

    def names(self) -> set[str]:
        """Return the shared parameters that the bounds are made of."""
        return _names(self.low, self.high)

    def now(self, shared: Callable[[str], float], unit: str, what: str) -> Limit:
        """Return the bounds as they are for the current values of shared parameters.

        Parameters
        ----------
        shared : callable
            From a parameter's name to its value, SI units.
        unit : str
        what : str
            Start of messages.

        Raises
        ------
        DescriptionError
            The lower bound is not below the upper one, or beyond 0 where a sign is declared.
        """
        low = -math.inf if self.low is None else bound_value(self.low, shared, what)
        high = math.inf if self.high is None else bound_value(self.high, shared, what)
        _check_order(low, high, unit, what)
        if (self.sign == "excitatory" and low < 0) or (self.sign == "inhibitory" and high > 0):
            raise DescriptionError(
                f"{what}: [{shown(low, unit)}, {shown(high, unit)}] lets weights that are "
                f"{self.sign} change sign. Give bounds on one side of 0."
            )
        return replace(self, lowest=low, highest=high)


def _names(*sides: str | None) -> set[str]:
    codes = [side for side in sides if side is not None]
    found = set().union(*(syntax.names(syntax.parse(code, "bounds"))[0] for code in codes))
    return {name for name in found if name.removeprefix(UNIT_PREFIX) not in DEFAULT_UNITS}


def read_bounds(bounds: Any, where: str) -> dict[str, Bound]:
    """Return the bounds of each variable as a user gave them.

    Parameters
    ----------
    bounds : dict of str to (low, high) or None
        A quantity, an expression of shared parameters, or None for each side.
    where : str

    Raises
    ------
    DescriptionError
        Not pairs, or the lower one above the upper one.
    """
    if bounds is None:
        return {}
    if not isinstance(bounds, Mapping):
        raise DescriptionError(
            f"{where}: bounds must be a dict such as {{'w': (0*nS, 'w_max')}}, not "
            f"{type(bounds).__name__}."
        )
    return {name: _bound(name, given, where) for name, given in bounds.items()}


def _bound(name: Any, given: Any, where: str) -> Bound:
    what = f"{where}: bounds of {name!r}"
    if not isinstance(name, str) or not name.isidentifier():
        raise DescriptionError(f"{where}: bounds: {name!r} is not the name of a variable.")
    if given is None:
        return Bound(None, None, {})
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise DescriptionError(
            f"{what} are {given!r}; give (low, high), each a quantity, the name of a shared "
            "parameter, or None, or say that there are none: None."
        )
    texts: list[str | None] = []
    values: dict[str, Given] = {}
    for side, ending in zip(given, (LOW, HIGH), strict=True):
        if side is None or isinstance(side, str):
            texts.append(None if side is None else " ".join(side.split()))
            continue
        number = scalar(side, None, f"{what}: {'low' if ending == LOW else 'high'}")
        values[name + ending] = Given(number, dimensions(side))
        texts.append(name + ending)
    found = Bound(texts[0], texts[1], values)
    if len(values) == 2:
        low, high = values.values()
        _check_order(_number(low), _number(high), symbol(low.dim), what)
    return found


def _number(given: Given) -> float:
    return float(given.content)  # type: ignore[arg-type]


def shown(value: float, unit: str) -> str:
    """Return a value in SI units as text with its unit."""
    return repr(value) if unit == "1" else f"{value!r} {unit}"


def _check_order(low: float, high: float, unit: str, what: str) -> None:
    if not low < high:
        raise DescriptionError(
            f"{what}: low ({shown(low, unit)}) must be below high ({shown(high, unit)})."
        )


def limits_of(
    bounds: Mapping[str, Bound],
    shared: Mapping[str, Given],
    dims: Mapping[str, Dimension],
    where: str,
    sign: str | None = None,
) -> dict[str, Limit]:
    """Return the bounds as numbers, from the values of shared parameters.

    ``sign`` is that of weights.

    Raises
    ------
    DescriptionError
        A bound that is no number at t = 0, the lower one above the upper one, or the wrong sign.
    """

    def value(name: str) -> float:
        given = shared.get(name)
        if given is None or not isinstance(given.content, float):
            why = "has no value" if given is None else "differs from synapse to synapse"
            raise DescriptionError(
                f"{where}: {name!r} {why}. A bound is a quantity, or made of parameters that all "
                f"synapses share: parameters={{{name!r}: one value}}."
            )
        return given.content

    found = {}
    for name, bound in bounds.items():
        if bound.none or name not in dims:
            continue
        what = f"{where}: bounds of {name!r}"
        limit = Limit(bound.low, bound.high, sign=sign if name == "w" else None)
        found[name] = limit.now(value, symbol(dims[name]), what)
    return found


def bound_value(code: str, shared: Callable[[str], float], what: str) -> float:
    """Return the value of an expression of numbers and shared parameters, SI units."""

    def value(node: ast.AST) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            unit = node.id.removeprefix(UNIT_PREFIX)
            known = unit != node.id and unit in DEFAULT_UNITS
            return float(DEFAULT_UNITS[unit]) if known else shared(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return -value(node.operand) if isinstance(node.op, ast.USub) else value(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return float(_BINARY[type(node.op)](value(node.left), value(node.right)))
        raise ExpressionError(
            f"{what}: {code!r} is not made of numbers and shared parameters with + - * / **."
        )

    try:
        return value(syntax.parse(code, what).body)
    except (ZeroDivisionError, OverflowError, TypeError) as error:
        raise ExpressionError(f"{what}: {code!r} has no value ({error}).") from error


def hidden_values(
    limits: Mapping[str, Limit], bounds: Mapping[str, Bound], dims: Mapping[str, Dimension]
) -> dict[str, Given]:
    """Return the shared parameters that bounds need and no text declares."""
    found: dict[str, Given] = {}
    for name, limit in limits.items():
        found |= bounds[name].given
        if limit.low is None:
            found[name + LOW] = Given(-math.inf, dims[name])
        if limit.high is None:
            found[name + HIGH] = Given(math.inf, dims[name])
    return found


def written(name: str, code: str, limits: Mapping[str, Limit], learns: frozenset[str]) -> str:
    """Return what a write of ``code`` to a synaptic variable becomes.

    Parameters
    ----------
    name : str
        The variable.
    code : str
        Its new value, in full.
    limits : dict of str to Limit
    learns : frozenset of str
        Variables that keep their value while ``learning`` is 0.
    """
    if name in limits:
        code = limits[name].clipped(name, code)
    if name in learns:
        return f"{LEARNING}*({code}) + (1 - {LEARNING})*{name}"
    return code


def full_right_hand_side(target: str, sign: str | None, code: str) -> str:
    """Return the new value of a variable that ``target sign= code`` writes."""
    return f"{target} {sign} ({code})" if sign else code


def check_value(value: Any, limit: Limit, unit: str, what: str) -> None:
    """Refuse a value at t = 0, or one written while running, that lies outside its bounds.

    Parameters
    ----------
    value : float, array, Distribution, or something with ``min()`` and ``max()``
        SI units; text is checked once it is evaluated.
    limit : Limit
    unit : str
    what : str
        What it is, the start of the message.

    Raises
    ------
    DescriptionError
    """
    found = extremes(value)
    if found is None:
        return
    low, high = found
    next_step = "Give values within the bounds, or other bounds."
    if isinstance(value, Distribution):
        next_step = "Give the distribution's low and high within the bounds."
    if low < limit.lowest - slack(limit) or high > limit.highest + slack(limit):
        worst = low if low < limit.lowest - slack(limit) else high
        raise DescriptionError(
            f"{what}: {shown(worst, unit)} is outside its bounds "
            f"[{shown(limit.lowest, unit)}, {shown(limit.highest, unit)}]. {next_step}"
        )


def extremes(value: Any) -> tuple[float, float] | None:
    """Return the smallest and largest of some values; None where they are not known, or none."""
    if isinstance(value, Distribution):
        return support(value)
    if isinstance(value, float):
        return value, value
    if not hasattr(value, "min") or getattr(value, "size", 1) == 0:
        return None
    return float(value.min()), float(value.max())


def slack(limit: Limit) -> float:
    """Return how far beyond a bound a value may be by rounding, SI units."""
    finite = [abs(side) for side in (limit.lowest, limit.highest) if math.isfinite(side)]
    return _TOLERANCE * max(finite, default=0.0)


def support(given: Distribution) -> tuple[float, float]:
    """Return the smallest and largest value that a distribution can give, SI units."""
    if given.kind == "uniform":
        return given.a, given.b
    if given.kind == "normal" and given.b == 0:
        return given.a, given.a
    low, high = (-math.inf, math.inf) if given.kind == "normal" else (0.0, math.inf)
    return (
        low if given.low is None else max(low, given.low),
        high if given.high is None else min(high, given.high),
    )


def learning_switch(on: bool) -> Given:
    """Return the value of the switch."""
    return Given(1.0 if on else 0.0, DIMENSIONLESS)
