"""Connection by an expression of the pair: distance, positions, indices, parameters."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..errors import DescriptionError
from . import syntax
from .equations import expression_dimensions
from .population import Population
from .quantities import declaration, dimensions, require_dimensions, scalar, show
from .rules import ConnectionRule
from .space import AXES, METRE
from .views import PopulationView


@dataclass(frozen=True)
class Pairwise(ConnectionRule):
    """Each pair is connected at most once, with a probability that depends on the pair.

    Parameters
    ----------
    p : float or str
        Probability, a number or an expression such as ``"0.3*exp(-distance/(200*um))"``; values
        outside [0, 1] are refused.
    condition : str, optional
        Only pairs for which it holds can be connected: ``"i != j and distance < 1*mm"``.
    autapses : bool
        Whether a neuron may connect to itself.

    Notes
    -----
    Expressions may use ``i`` and ``j`` (indices of source and target among those given to
    ``project``), ``N_pre`` and ``N_post``, parameters and state variables at t = 0 with the suffix
    ``_pre`` or ``_post``, ``rand()`` and ``randn()``; and of populations with positions
    ``distance``, ``dx``, ``dy``, ``dz`` (target minus source) and ``x_pre``, ``x_post``, ...
    """

    p: float | str = 1.0
    condition: str | None = None
    autapses: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.p, str):
            p = scalar(self.p, DIMENSIONLESS, "Pairwise: p")
            if not 0 <= p <= 1:
                raise DescriptionError(f"Pairwise: p is {p!r}; a probability lies in [0, 1].")
            object.__setattr__(self, "p", p)
        if self.condition is not None and not isinstance(self.condition, str):
            raise DescriptionError(
                f"Pairwise: condition must be an expression, not {self.condition!r}."
            )
        if not isinstance(self.autapses, (bool, np.bool_)):
            raise DescriptionError(
                f"Pairwise: autapses must be True or False, not {self.autapses!r}."
            )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {
            "rule": "pairwise",
            "p": self.p,
            "condition": self.condition,
            "autapses": bool(self.autapses),
        }

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError unless both expressions fit the two sides."""
        if isinstance(self.p, str):
            check_pair_expression(self.p, DIMENSIONLESS, pre, post, f"{where}: Pairwise: p")
        if self.condition is not None:
            what = f"{where}: Pairwise: condition"
            check_pair_expression(self.condition, DIMENSIONLESS, pre, post, what)
            body = syntax.parse(self.condition, what).body
            if not _boolean(body):
                raise DescriptionError(
                    f"{what} {self.condition!r} is a number, not a comparison. Give it as p, or "
                    "compare it with something."
                )


@dataclass(frozen=True)
class PairExpression:
    """A weight or delay as an expression of source and target.

    ``dim`` are the dimensions it must have; ``what`` says what and where it is, for messages.
    """

    code: str
    dim: Dimension
    what: str

    def describe(self) -> dict[str, str]:
        """Return a JSON-able account."""
        return {"expression": self.code}

    def check(self, pre: PopulationView, post: PopulationView) -> None:
        """Raise a DescriptionError unless names and dimensions fit the two sides."""
        check_pair_expression(self.code, self.dim, pre, post, self.what)


def exponential(p0: Any, scale: Any) -> str:
    """Return the expression ``p0 exp(-distance / scale)``.

    Parameters
    ----------
    p0 : float or Quantity
        Value at distance 0: a probability, or a weight or delay.
    scale : Quantity, length
    """
    return f"{_literal(p0, 'exponential')}*exp(-distance/{_length(scale, 'exponential: scale')})"


def gaussian(p0: Any, scale: Any) -> str:
    """Return the expression ``p0 exp(-distance**2 / (2 scale**2))``; parameters as exponential."""
    length = _length(scale, "gaussian: scale")
    return f"{_literal(p0, 'gaussian')}*exp(-distance**2/(2*{length}**2))"


def box(p0: Any, radius: Any) -> str:
    """Return the expression that is ``p0`` up to distance ``radius`` and 0 beyond."""
    return f"{_literal(p0, 'box')}*int(distance <= {_length(radius, 'box: radius')})"


def check_pair_expression(
    code: str, expected: Dimension, pre: PopulationView, post: PopulationView, what: str
) -> None:
    """Check the names and dimensions of an expression over pairs.

    Raises
    ------
    ExpressionError, UnknownNameError, DimensionError
    """
    require_dimensions(pair_expression_dimensions(code, pre, post, what), expected, what)


def pair_expression_dimensions(
    code: str, pre: PopulationView, post: PopulationView, what: str
) -> Dimension:
    """Return the dimensions of an expression over pairs, its names checked.

    Raises
    ------
    ExpressionError, UnknownNameError, DimensionError
    """
    used, _ = syntax.names(syntax.parse(code, what))
    _check_space(used, pre, post, what)
    if "N" in used:
        raise DescriptionError(f"{what}: N is not known for a pair; use N_pre or N_post.")
    return expression_dimensions(code, pair_dimensions(pre, post), what)


def pair_dimensions(pre: PopulationView, post: PopulationView) -> dict[str, Dimension]:
    """Return the names that expressions over pairs may use, with their dimensions."""
    known = dict.fromkeys(("i", "j", "N_pre", "N_post"), DIMENSIONLESS)
    for side, neurons in (("pre", pre), ("post", post)):
        for name, dim in _values(neurons).items():
            known[f"{name}_{side}"] = dim
    if pre.parent.placed is not None and post.parent.placed is not None:
        axes = pre.parent.placed.axes
        known |= dict.fromkeys(("distance", *(f"d{axis}" for axis in axes)), METRE)
    return known


def _values(neurons: PopulationView) -> dict[str, Dimension]:
    parent, found = neurons.parent, {}
    if isinstance(parent, Population):
        model = parent.model
        found = {name: model.declared.dims[name] for name in (*model.states, *model.parameters)}
    if parent.placed is not None:
        found |= dict.fromkeys(parent.placed.axes, METRE)
    return found


def _check_space(used: set[str], pre: PopulationView, post: PopulationView, what: str) -> None:
    """Raise DescriptionError where an expression needs positions that are not there or differ."""
    for side, neurons in (("pre", pre), ("post", post)):
        parent = neurons.parent
        if isinstance(parent, Population) and parent.placed is not None:
            for axis in parent.placed.axes:
                if f"{axis}_{side}" in used and axis in parent.model.declared.dims:
                    raise DescriptionError(
                        f"{what}: {axis}_{side} is a position of {parent.name!r} and a variable of "
                        f"its model {parent.model.name!r}. Rename the variable."
                    )
    if not used & {"distance", *(f"d{axis}" for axis in AXES)}:
        return
    for neurons in (pre, post):
        if neurons.parent.placed is None:
            raise DescriptionError(
                f"{what} needs positions, which {neurons.name!r} does not have. Give them: "
                "net.population(..., positions=ns.UniformBox([1, 1]*mm))."
            )
    a, b = pre.parent.placed, post.parent.placed
    if a.axes != b.axes or a.periods != b.periods:
        raise DescriptionError(
            f"{what}: {pre.name!r} has the axes {a.axes} with periods {list(a.periods)} m, and "
            f"{post.name!r} {b.axes} with {list(b.periods)} m (0: open). They must be alike."
        )


def _boolean(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    return isinstance(node, (ast.Compare, ast.BoolOp))


def _literal(value: Any, what: str) -> str:
    """Return a number or quantity as text of an expression."""
    dim = dimensions(value)
    number = scalar(value, None, f"{what}: p0")
    return repr(number) if dim is DIMENSIONLESS else f"({number!r}*{declaration(dim)})"


def _length(value: Any, what: str) -> str:
    metres = scalar(value, METRE, what)
    if metres <= 0:
        raise DescriptionError(f"{what} is {show(metres, METRE)}; it must be positive.")
    return f"({metres!r}*metre)"
